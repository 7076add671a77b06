//! `prune`: what is removable goes.

use std::path::PathBuf;

use crate::base::sentence::{Sentence, sentence};
use crate::keyset::{Key, KeyName, KeySet};
use crate::schedule::{self, Change, Outcome};
use crate::session::arguments::{DropArgs, Ending, FormatArgs, Global, PolicyArgs, ProbeArgs};
use crate::session::ask::{self, Asked};
use crate::session::change::{self, Mode};
use crate::session::operation::{Cloud, Decided, Failing, Idle, Operation, Task};
use crate::session::{Answer, Error, Source, Usage, World, drop_env, policy, source, values};
use crate::store;

/// Remove the keys whose time is over
///
/// Removes what `status` calls removable, and never the current key. Nothing to remove is fine: exit 0.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Configs to prune, in place of `-c`
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Remove only these of them: a kid, or @N for the Nth of the file
    #[arg(long, value_name = "KEY")]
    pub key: Vec<KeyName>,
    /// What becomes of variables.
    #[command(flatten)]
    pub variables: DropArgs,
    /// Whether the service still knows what is removed.
    #[command(flatten)]
    pub probe: ProbeArgs,
    /// The policy file.
    #[command(flatten)]
    pub policy: PolicyArgs,
    /// How it is reported.
    #[command(flatten)]
    pub output: FormatArgs,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    check_no_keys(&args.paths, world)?;
    let sources = source::several(&args.paths, global, world)?;
    ask::check_alone(&args.probe.urls, &sources)?;
    let tasks = change::tasks(sources, |source| task(global, args, source, world));
    let operation = Operation { cloud: if args.variables.drop_env.is_some() { Cloud::Accepts } else { Cloud::Refuses }, idle: Idle::Removal, failing: Failing::Apart, ..Operation::new("prune", global, &args.ending, &args.output) };
    change::run_in(Mode::of(&args.ending), &operation, tasks, world)
}

fn task<'a, 'w: 'a>(
    global: &Global,
    args: &'a Args,
    source: &Source,
    world: &mut World<'w>,
) -> Result<Task<'a>, Error> {
    let rules = policy::rules(&args.policy.times(), source, world)?;
    let finder = drop_env::finder(&args.variables, source, rules.env_file.clone(), world);
    let values = values::so_far(finder.flag().as_ref(), rules.env_file, source, world)?;
    let origins = rules.origins;
    let asked = Asked::new(global, &args.probe, (&rules.probe, Mode::of(&args.ending)), &values, world)?;
    Ok(Task {
        source: source.clone(),
        policy: rules.policy,
        values,
        decide: Box::new(move |seen| {
            let outcome = schedule::prune(seen.keys, seen.now, &args.ending.allow)?;
            let (outcome, mut notes) = only(outcome, seen.keys, &args.key);
            if let Some(asked) = &asked {
                notes.extend(asked.removals(&outcome, seen.keys)?);
            }
            // Whatever else keeps a decision from being made is another command's matter.
            let after = schedule::apply(seen.keys, &outcome.changes, seen.now);
            let mut waits = schedule::waits(&after, seen.policy, &origins, seen.now).unwrap_or_default();
            waits.retain(|wait| wait.event == schedule::Event::Removal);
            Ok(Decided { notes, waits, ..outcome.into() })
        }),
        drop_env: drop_env::asked_for(&args.variables, finder),
    })
}

/// Removes the named keys only, if some are named, and says which of them stay.
fn only(outcome: Outcome, keys: &KeySet, names: &[KeyName]) -> (Outcome, Vec<Sentence>) {
    if names.is_empty() {
        return (outcome, Vec::new());
    }
    let meant: Vec<&Key> = names.iter().flat_map(|name| keys.named(name)).collect();
    let mut changes = outcome.changes;
    let removes = |change: &Change, key: &Key| matches!(change, Change::Remove { index } if *index == key.index);
    changes.retain(|change| meant.iter().any(|key| removes(change, key)));
    let stays = meant.iter().filter(|key| !changes.iter().any(|change| removes(change, key)));
    let notes = stays.map(|key| sentence!("{} is not removable, so it stays", key.name())).collect();
    let outcome = outcome.effect.filter(|_| !changes.is_empty()).map(|effect| Outcome::new(effect, changes));
    (outcome.unwrap_or_default(), notes)
}

/// A kid in the place of a path is told how keys are named.
fn check_no_keys(paths: &[PathBuf], world: &World<'_>) -> Result<(), Error> {
    let is_key = |path: &&PathBuf| {
        path.components().count() == 1 && !store::may_be_config(path) && !store::exists(&world.path(path))
    };
    let Some(key) = paths.iter().find(|path| path.as_os_str() != "-" && is_key(path)) else { return Ok(()) };
    Err(Usage::KeyAsPath(key.display().to_string()).into())
}
