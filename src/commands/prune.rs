//! `prune`: what is removable goes.

use super::change::Run;
use super::{Answer, source};
use crate::World;
use crate::cli::{Global, Prune};
use crate::error::Error;
use crate::lifecycle::{self, Policy};
use crate::report::paint::error_line;

pub(super) fn run(global: &Global, args: &Prune, world: &mut World<'_>) -> Result<Answer, Error> {
    let sources = source::several(&args.paths, global, world)?;
    let mut answers = Vec::new();
    for source in &sources {
        let name = source.name();
        let run = Run {
            global,
            source,
            ending: &args.ending,
            policy: &Policy::default(),
            decide: &|_, keys, now| Ok(lifecycle::prune(keys, now, &args.ending.allow)?),
            nothing: &format!("{name}: nothing to remove."),
            flags: String::new(),
        };
        answers.push(run.run(world));
    }
    if answers.len() == 1 {
        return answers.remove(0);
    }
    let failed = answers.iter().filter(|answer| answer.is_err()).count();
    let no = answers.iter().any(|answer| matches!(answer, Ok(Answer::No)));
    for error in answers.into_iter().filter_map(Result::err) {
        writeln!(world.stderr, "{}", error_line(&error))?;
    }
    match failed {
        0 if no => Ok(Answer::No),
        0 => Ok(Answer::Done),
        failed => Err(Error::Some { failed, all: sources.len() }),
    }
}
