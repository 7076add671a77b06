//! `rollback`: a rotation is taken back.

use crate::keyset::{Key, KeyName};
use crate::schedule::{self, Terms};
use crate::session::values::EnvFileArg;
use crate::session::arguments::{Ending, FormatArgs, Global, ProbeArgs, Times};
use crate::session::ask::Asked;
use crate::session::change::Mode;
use crate::session::{Answer, Error, World, change, policy, source, values};
use crate::session::operation::{Cloud, Decided, Operation, Task};

/// Take a rotation back: drop the key that waits, or go back to the key before
///
/// While a standby key waits, it is dropped. Otherwise the retiring key with the latest `exp` takes the first place
/// again and loses its `exp`. The key that it replaces is retired, counted from now, and never removed: tokens signed
/// with it stay valid, whether no backend has switched yet, some have, or all.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  powersync-jwks rollback --dry-run          look first\n  powersync-jwks rollback                    a deploy of the new key went wrong\n  powersync-jwks rollback prod-1             to this one of several retiring keys\n  powersync-jwks rollback prod-1 --probe https://sync.example.com    its `exp` has passed: is it still live?"
)]
pub(crate) struct Args {
    /// Which key goes, or comes back: a kid, or @N [default: the one that waits, else the one retired last]
    #[arg(value_name = "KEY")]
    pub key: Option<KeyName>,
    /// How long things take.
    #[command(flatten)]
    pub times: Times,
    /// Whether every replica still knows the key that comes back.
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
    let source = source::one(global, world)?;
    let rules = policy::rules(&args.times, &source, world)?;
    let values = values::of_config(args.values.path(), &source, world)?;
    let asked = Asked::new(global, &args.probe, (&rules.probe, Mode::of(&args.ending)), &values, world)?;
    let task = Task {
        source,
        policy: rules.policy,
        values,
        decide: Box::new(move |seen| {
            let terms = Terms { policy: seen.policy, now: seen.now, allowed: &args.ending.allow };
            let Some(asked) = &asked else {
                return Ok(schedule::rollback::<Error>(seen.keys, args.key.as_ref(), &terms, None)?.into());
            };
            let live = |key: &Key| asked.liveness(seen.keys, key);
            let outcome = schedule::rollback(seen.keys, args.key.as_ref(), &terms, Some(&live))?;
            let live_at = asked.live_at(&outcome, terms.allowed);
            Ok(Decided { live_at, ..outcome.into() })
        }),
        drop_env: None,
    };
    let operation = Operation { cloud: Cloud::Refuses, flags: policy::flags(&args.times), ..Operation::new("rollback", global, &args.ending, &args.output) };
    change::run(&operation, vec![task], world)
}
