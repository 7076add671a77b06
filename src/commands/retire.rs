//! `retire`: keys get an end, or lose it again.

use crate::base::time::NumericDate;
use crate::base::time::Seconds;
use crate::keyset::KeyName;
use crate::session::arguments::Ending;
use crate::session::arguments::Times;
use crate::session::arguments::{Global};
use crate::schedule::{self, Terms, When};
use crate::session::Error;
use crate::session::World;
use crate::session::change::Run;
use crate::session::{Answer, policy, source, values};

/// Mark keys to be removed later; --undo takes it back
///
/// A retired key goes on verifying. `prune` removes it once its time is over.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  powersync-jwks retire prod-1               after the overlap\n  powersync-jwks retire prod-1 --in 30d\n  powersync-jwks retire --undo prod-1\n  powersync-jwks retire @2                   the second key of the file"
)]
pub struct Args {
    /// Which keys: a kid, or @N for the Nth of the file
    #[arg(value_name = "KEY", required = true)]
    pub keys: Vec<KeyName>,
    /// Take it back: the keys stay
    #[arg(long, conflicts_with_all = ["at", "within"])]
    pub undo: bool,
    /// From when they may be removed
    #[arg(long, value_name = "DATE", conflicts_with = "within")]
    pub at: Option<NumericDate>,
    /// After which time they may be removed [default: the overlap, 5 days and 6 minutes]
    #[arg(long = "in", id = "within", value_name = "DURATION", allow_hyphen_values = true)]
    pub within: Option<Seconds>,
    /// How long things take.
    #[command(flatten)]
    pub times: Times,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let source = source::one(global, world)?;
    let policy = policy::of(&args.times, &source, world)?;
    let when = match (args.at, args.within) {
        (Some(date), _) => When::At(date),
        (None, Some(span)) => When::In(span),
        (None, None) => When::Overlap,
    };
    let run = Run {
        global,
        source: &source,
        ending: &args.ending,
        policy: &policy,
        values: &values::known(None, world)?,
        decide: &|_, keys, now| {
            let terms = Terms { policy: &policy, now, allowed: &args.ending.allow };
            let outcome = if args.undo {
                schedule::unretire(keys, &args.keys, now, terms.allowed)
            } else {
                schedule::retire(keys, &args.keys, when, &terms)
            };
            Ok(outcome?.into())
        },
        beside: None,
        drop_env: None,
        redactor: None,
        on_cloud: false,
        nothing: "Nothing to do.",
        flags: policy::flags(&args.times),
    };
    run.run(world)
}
