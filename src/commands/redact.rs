//! `redact`: a config as it may be shown.

use std::path::PathBuf;
use crate::session::arguments::{Global};
use crate::redact::Redactor;
use crate::session::Error;
use crate::session::World;
use crate::session::{Answer, source};

/// Print a config without its secrets
///
/// For logs, bug reports and `git diff`: equal secrets get the same number within one output. A
/// file that can't be read as a config is not printed at all.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "In git, so that `git diff` shows no secret:\n  echo 'powersync.yaml diff=powersync' >> .gitattributes\n  git config diff.powersync.textconv 'powersync-jwks redact'"
)]
pub(crate) struct Args {
    /// The config, in place of `-c`; `-` is stdin
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let paths: Vec<_> = args.path.iter().cloned().collect();
    for source in source::several(&paths, global, world)? {
        let bytes = source.read(world)?;
        let opened = source.unwrap(global, &bytes)?;
        let config = opened.config()?;
        let mut redactor = Redactor::default();
        let marked = redactor.mark(&config);
        world.stdout.write_all(redactor.show(&marked).as_bytes())?;
    }
    Ok(Answer::Done)
}
