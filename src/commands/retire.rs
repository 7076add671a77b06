//! `retire`: keys get an end, or lose it again.

use crate::base::time::Seconds;
use crate::keyset::KeyName;
use crate::schedule::{self, Terms, When};
use crate::session::values::EnvFileArg;
use crate::session::arguments::{At, Ending, FormatArgs, Global, Times};
use crate::session::{Answer, Error, Usage, World, change, policy, source, values};
use crate::session::operation::{Cloud, Operation, Task};

/// Mark keys to be removed later; --undo takes it back
///
/// A retired key goes on verifying. `prune` removes it once its time is over.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  powersync-jwks retire prod-1               after the overlap\n  powersync-jwks retire prod-1 --in 30d\n  powersync-jwks retire --undo prod-1\n  powersync-jwks retire @2                   the second key of the file"
)]
pub(crate) struct Args {
    /// Which keys: a kid, or @N for the Nth of the file
    #[arg(value_name = "KEY", required = true)]
    pub keys: Vec<KeyName>,
    /// Take it back: the keys stay
    #[arg(long, conflicts_with = "within")]
    pub undo: bool,
    /// From when they may be removed
    #[arg(long, value_name = "DATE")]
    pub at: Vec<At>,
    /// After which time they may be removed [default: the overlap, 5 days and 6 minutes]
    #[arg(long = "in", id = "within", value_name = "DURATION", allow_hyphen_values = true)]
    pub within: Option<Seconds>,
    /// How long things take.
    #[command(flatten)]
    pub times: Times,
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
    let at = At::date(&args.at);
    if args.undo && at.is_some() {
        return Err(Usage::UndoWithDate.into());
    }
    let when = match (at, args.within) {
        (Some(_), Some(_)) => {
            return Err(Usage::TwoDates.into());
        }
        (Some(date), None) => When::At(date),
        (None, Some(span)) => When::In(span),
        (None, None) => When::Overlap,
    };
    let task = Task {
        policy: policy::of(&args.times, &source, world)?,
        values: values::of_config(args.values.path(), &source, world)?,
        source,
        decide: Box::new(|seen| {
            let terms = Terms { policy: seen.policy, now: seen.now, allowed: &args.ending.allow };
            let outcome = if args.undo {
                schedule::unretire(seen.keys, &args.keys, seen.now, terms.allowed)
            } else {
                schedule::retire(seen.keys, &args.keys, when, &terms)
            };
            Ok(outcome?.into())
        }),
        drop_env: None,
    };
    let operation = Operation { cloud: Cloud::Refuses, flags: policy::flags(&args.times), ..Operation::new("retire", global, &args.ending, &args.output) };
    change::run(&operation, vec![task], world)
}
