//! `promote`: the second step of a rotation.

use crate::keyset::KeyName;
use crate::schedule::{self, Terms};
use crate::session::values::EnvFileArg;
use crate::session::arguments::{Ending, FormatArgs, Global, ProbeArgs, Times};
use crate::session::ask::{self, Asked};
use crate::session::change::Mode;
use crate::session::{Answer, Error, World, change, policy, source, values};
use crate::session::operation::{Cloud, Operation, Task};

/// Let a standby key take the first place
///
/// The second step of a rotation, once every replica knows the new key. The key that was current is retired,
/// counted from now.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which key: a kid, or @N [default: the standby key]
    #[arg(value_name = "KEY")]
    pub key: Option<KeyName>,
    /// How long things take.
    #[command(flatten)]
    pub times: Times,
    /// Whether every replica knows the key.
    #[command(flatten)]
    pub probe: ProbeArgs,
    /// Where the values of variables come from.
    #[command(flatten)]
    pub values: EnvFileArg,
    /// How it is reported.
    #[command(flatten)]
    pub output: FormatArgs,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let sources = source::all(global, world)?;
    ask::check_alone(&args.probe.urls, &sources)?;
    let mut tasks = Vec::new();
    for source in sources {
        let rules = policy::rules(&args.times, &source, world)?;
    let values = values::of_config(args.values.path(), &source, world)?;
    let asked = Asked::new(global, &args.probe, (&rules.probe, Mode::of(&args.ending)), &values, world)?;
        tasks.push(Task {
            source,
            policy: rules.policy,
            values,
            decide: Box::new(move |seen| {
                let terms = Terms { policy: seen.policy, now: seen.now, allowed: &args.ending.allow };
                let outcome = schedule::promote(seen.keys, args.key.as_ref(), &terms)?;
                match &asked {
                    Some(asked) => asked.promotion(outcome, seen.keys, terms.allowed),
                    None => Ok(outcome.into()),
                }
            }),
            drop_env: None,
        });
    }
    let operation = Operation { cloud: Cloud::Refuses, flags: policy::flags(&args.times), ..Operation::new("promote", global, &args.ending, &args.output) };
    change::run(&operation, tasks, world)
}
