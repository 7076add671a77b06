//! `redact`: a config as it may be shown.

use crate::cli::{Global, Redact};
use crate::redact::Redactor;
use crate::session::Error;
use crate::session::World;
use crate::session::{Answer, source};

pub(super) fn run(global: &Global, args: &Redact, world: &mut World<'_>) -> Result<Answer, Error> {
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
