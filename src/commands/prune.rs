//! `prune`: what is removable goes.

use super::ask::{self, Asked};
use super::change::Run;
use super::destination::Finder;
use super::drop_env::DropEnv;
use super::{Answer, policy, source, values};
use crate::World;
use crate::cli::{DestinationArgs, DropArgs, Global, Prune, Times};
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
    let DropArgs { drop_env, env_file } = &args.variables;
    let rules = policy::rules(&Times::default(), source, world)?;
    let file = env_file.clone().or_else(|| rules.env_file.clone());
    let asked = Asked::new(global, &args.probe, &rules.probe, file.as_deref(), world)?;
    let destination = DestinationArgs { env_file: env_file.clone(), ..DestinationArgs::default() };
    let finder = Finder::new(source, &destination, rules.env_file, world);
    let so_far = values::known_so_far(finder.told().as_ref(), world)?;
    let run = Run {
        global,
        source,
        ending: &args.ending,
        policy: &Policy::default(),
        values: asked.as_ref().map_or(&so_far, |asked| &asked.values),
        decide: &|_, keys, now| {
            let decision = lifecycle::prune(keys, now, &args.ending.allow)?;
            match &asked {
                Some(asked) => asked.removals(decision, keys),
                None => Ok(decision),
            }
        },
        beside: None,
        drop_env: drop_env.as_deref().map(|names| DropEnv { finder: &finder, names }),
        on_cloud: drop_env.is_some(),
        nothing: &format!("{}: nothing to remove.", source.name()),
        flags: String::new(),
    };
    run.run(world)
}
