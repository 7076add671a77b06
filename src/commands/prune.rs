//! `prune`: what is removable goes.

use super::ask::{self, Asked};
use super::change::Run;
use super::{Answer, policy, source};
use crate::World;
use crate::cli::{Global, Prune, Times};
use crate::error::{Error, Source};
use crate::lifecycle::{self, Policy};
use crate::report::paint::error_line;

pub(super) fn run(global: &Global, args: &Prune, world: &mut World<'_>) -> Result<Answer, Error> {
    let sources = source::several(&args.paths, global, world)?;
    let mut answers = Vec::new();
    ask::check_alone(&args.probe.urls, &sources)?;
    for source in &sources {
        answers.push(one(global, args, source, world));
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

fn one(global: &Global, args: &Prune, source: &Source, world: &mut World<'_>) -> Result<Answer, Error> {
    let policy = policy::found(&Times::default(), source, world)?;
    let asked = Asked::new(global, &args.probe, &policy.probe, world)?;
    let run = Run {
        global,
        source,
        ending: &args.ending,
        policy: &Policy::default(),
        decide: &|keys, now| {
            let decision = lifecycle::prune(keys, now, &args.ending.allow)?;
            match &asked {
                Some(asked) => asked.removals(decision, keys),
                None => Ok(decision),
            }
        },
        values: asked.as_ref().map(|asked| &asked.values),
        nothing: &format!("{}: nothing to remove.", source.name()),
        flags: String::new(),
    };
    run.run(world)
}
