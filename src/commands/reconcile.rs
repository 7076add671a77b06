//! `reconcile`: what is due by the schedule, for one config or many.

use std::path::PathBuf;

use crate::base::time::Seconds;
use crate::keyset::Key;
use crate::schedule::{self, Change, Liveness, NewKey, Terms, Waiting};
use crate::session::arguments::{
    Ending, Format, FormatArgs, Global, NewKeyArgs, ProbeArgs, ScheduleArgs, SecretArgs,
};
use crate::session::ask::{self, Asked};
use crate::session::change::{self, Mode};
use crate::session::new_key::KeySource;
use crate::session::facts::Facts;
use crate::session::operation::{Cloud, Decided, Failing, Idle, Operation, Outlook, Task};
use crate::session::{Answer, Error, Source, Usage, World, policy, source, values};

/// Do what the schedule says is due: put this on a timer
///
/// Per config the first that applies: promote a standby key whose time has come, add a new one where the current
/// key is older than `rotate_every`, remove what is removable. Nothing due is fine. Runs that were missed do no
/// harm: times are counted from what was really done.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  powersync-jwks reconcile --yes                       from a timer\n  powersync-jwks reconcile --check instances/*.yaml    an alarm: exit 1 when something is due"
)]
pub(crate) struct Args {
    /// Configs to bring up to date, in place of `-c`
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Write nothing; exit 1 when something is due
    #[arg(long, conflicts_with = "yes")]
    pub check: bool,
    /// How old to take a current key without `iat` to be; written down once
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub assume_age: Option<Seconds>,
    /// How it is reported.
    #[command(flatten)]
    pub output: FormatArgs,
    /// Where a new secret goes.
    #[command(flatten)]
    pub secret: SecretArgs,
    /// The schedule.
    #[command(flatten)]
    pub schedule: ScheduleArgs,
    /// Whether every replica knows a key before it is promoted.
    #[command(flatten)]
    pub probe: ProbeArgs,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let sources = source::several(&args.paths, global, world)?;
    ask::check_alone(&args.probe.urls, &sources)?;
    let fresh = NewKeyArgs { secret: args.secret.clone(), ..NewKeyArgs::default() };
    fresh.check_alone(&sources)?;
    if fresh.is_for_one() && args.output.format == Format::Json {
        return Err(Usage::SecretBesideReport.into());
    }
    let tasks = change::tasks(sources, |source| task(global, args, &fresh, source, world));
    let operation = Operation { cloud: Cloud::Refuses, idle: Idle::Due, failing: Failing::Apart, flags: policy::flags(&args.schedule.times), ..Operation::new("reconcile", global, &args.ending, &args.output) };
    change::run_in(mode(args), &operation, tasks, world)
}

fn mode(args: &Args) -> Mode {
    if args.check { Mode::Check } else { Mode::of(&args.ending) }
}

fn task<'a, 'w: 'a>(
    global: &Global,
    args: &'a Args,
    fresh: &'a NewKeyArgs,
    source: &Source,
    world: &mut World<'w>,
) -> Result<Task<'a>, Error> {
    let rules = policy::of_schedule(&args.schedule, source, world)?;
    let mut new = KeySource::new(fresh, &rules, source, world)?.offering(&args.ending, world);
    let values = values::so_far(new.env_file().as_ref(), rules.env_file, source, world)?;
    let asked = Asked::new(global, &args.probe, (&rules.probe, mode(args)), &values, world)?;
    let origins = rules.origins;
    Ok(Task {
        source: source.clone(),
        policy: rules.policy,
        values,
        decide: Box::new(move |seen| {
            let decided = decide(args, &mut new, asked.as_ref(), seen)?;
            let after = schedule::apply(seen.keys, &decided.outcome.changes, seen.now);
            let waits = schedule::waits(&after, seen.policy, &origins, seen.now)?;
            Ok(Decided { waits, ..decided })
        }),
        drop_env: None,
    })
}

/// The decision of the schedule, and what the table shows of it.
fn decide(
    args: &Args,
    new: &mut KeySource<'_>,
    asked: Option<&Asked<'_>>,
    seen: &Facts<'_>,
) -> Result<Decided, Error> {
    let (keys, now) = (seen.keys, seen.now);
    let terms = Terms { policy: seen.policy, now, allowed: &args.ending.allow };
    let live = |key: &Key| match asked {
        Some(asked) => asked.liveness(keys, key),
        None => Ok::<_, Error>(Liveness::Live),
    };
    // A look needs no key, nor a place for its secret.
    let make = |alg| Ok(schedule::stand_in(keys, alg, now));
    let (due, outcome) = schedule::reconcile(keys, args.assume_age, &terms, &make, &live)?;
    let mut decided = Decided::from(outcome);
    for change in decided.outcome.changes.iter_mut().filter(|_| !args.check) {
        if let Change::Add { key, .. } = change {
            let (fresh, secret) = new.key(seen, key.alg)?;
            (*key, decided.set) = (NewKey { iat: key.iat, ..fresh }, secret);
        }
    }
    if let Some(asked) = asked {
        decided.live_at = asked.live_at(&decided.outcome, terms.allowed);
        decided.notes = asked.removals(&decided.outcome, keys)?;
    }
    let after = schedule::apply(keys, &decided.outcome.changes, now);
    let next = schedule::next_due(&after, seen.policy, now)?;
    let current = after.current().ok().flatten().map(Key::name);
    let waiting = decided.outcome.waiting.as_ref().map(Waiting::reason);
    Ok(Decided { outlook: Some(Outlook { current, due, next, waiting }), ..decided })
}
