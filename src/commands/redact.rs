//! `redact`: a config as it may be shown.

use std::path::PathBuf;
use crate::session::arguments::Global;
use crate::redact::Redactor;
use crate::session::{Answer, Error, Source, World, source};

/// Print a config without its secrets
///
/// For logs, bug reports and `git diff`: equal secrets get the same number within one output. A
/// file that can't be read as a config is not printed at all.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "In git, so that `git diff` shows no secret:\n  echo 'powersync.yaml diff=powersync' >> .gitattributes\n  git config diff.powersync.textconv 'powersync-jwks redact --textconv'"
)]
pub(crate) struct Args {
    /// The config, in place of `-c`; `-` is stdin
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// For git: a file that can't be read becomes a line that says why, and the exit code is 0
    #[arg(long)]
    pub textconv: bool,
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let paths: Vec<_> = args.path.iter().cloned().collect();
    let shown = source::several(&paths, global, world)
        .and_then(|sources| sources.iter().map(|source| redacted(source, global, world)).collect::<Result<Vec<_>, _>>());
    match shown {
        Ok(texts) => {
            for text in texts {
                world.stdout.write_all(text.as_bytes())?;
            }
        }
        // A diff of other files goes on.
        Err(error) if args.textconv => writeln!(world.stdout, "(not shown: {error})")?,
        Err(error) => return Err(error),
    }
    Ok(Answer::Done)
}

fn redacted(source: &Source, global: &Global, world: &mut World<'_>) -> Result<String, Error> {
    let bytes = source.read(world)?;
    let opened = source.unwrap(global, &bytes)?;
    let config = opened.config()?;
    let mut redactor = Redactor::default();
    let marked = redactor.mark(&config);
    Ok(redactor.show(&marked))
}
