//! `rotate`: a new key in the first place, the outgoing one on its way out.

use crate::base::time::Seconds;
use crate::keyset::{HmacAlg, Key};
use crate::schedule::{self, RotateOptions, ScheduleError, Terms};
use crate::session::arguments::{Ending, FormatArgs, Global, NewKeyArgs, Times};
use crate::session::change;
use crate::session::new_key::KeySource;
use crate::session::operation::{Cloud, Decided, Operation, Task};
use crate::session::{Answer, Error, World, policy, source, values};

/// Put a fresh key first and retire the one in use
///
/// The outgoing key stays until no token signed with it can be valid any more: the time to deploy, plus the time
/// until every backend signs with the new key, plus the life of a token, plus 60 s (the service's tolerance) and
/// 5 min (clocks differ). By default that is 5 days and 6 minutes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "One step is for a config on one machine. Where it is kept in git, has its secrets in variables, or is read by\nseveral replicas, two steps are safer: `rotate --standby`, deploy, and `promote` when its time has come.\n\nExamples:\n  powersync-jwks rotate --dry-run            look first\n  powersync-jwks rotate --standby            the new key waits until every replica knows it\n  powersync-jwks rotate --token-ttl 1h --deploy-within 30m --rollout 30m\n  powersync-jwks rotate --revoke             the secret leaked, or is a placeholder"
)]
pub(crate) struct Args {
    /// In two steps: add the new key behind the current one, and let it wait [default wait: deploy within]
    #[arg(long, value_name = "DURATION", num_args = 0..=1, conflicts_with_all = ["all", "revoke"])]
    #[allow(clippy::option_option, reason = "not given, given, given with a value: as clap has it")]
    pub standby: Option<Option<Seconds>>,
    /// Retire the other accepted keys, too
    #[arg(long)]
    pub all: bool,
    /// Remove the outgoing key in the same write: its secret leaked, or is a placeholder
    #[arg(long)]
    pub revoke: bool,
    /// The new key.
    #[command(flatten)]
    pub new: NewKeyArgs,
    /// How long things take.
    #[command(flatten)]
    pub times: Times,
    /// How it is reported.
    #[command(flatten)]
    pub output: FormatArgs,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let sources = source::all(global, world)?;
    args.new.check_alone(&sources)?;
    let options = RotateOptions { all: args.all, revoke: args.revoke };
    let mut tasks = Vec::new();
    for source in sources {
        let rules = policy::rules(&args.times, &source, world)?;
        let mut new = KeySource::new(&args.new, &rules, &source, world)?.offering(&args.ending, world);
        tasks.push(Task {
            policy: rules.policy,
            values: values::so_far(new.env_file().as_ref(), rules.env_file, &source, world)?,
            source,
            decide: Box::new(move |seen| {
                let current = seen.keys.current().map_err(ScheduleError::from)?;
                let alg = current.and_then(Key::hmac_alg).unwrap_or(HmacAlg::Hs256);
                let (key, set) = new.key(seen, alg)?;
                let terms = Terms { policy: seen.policy, now: seen.now, allowed: &args.ending.allow };
                let outcome = match args.standby {
                    Some(wait) => schedule::standby(seen.keys, key, wait, &terms),
                    None => schedule::rotate(seen.keys, key, options, &terms),
                }?;
                Ok(Decided { set, ..outcome.into() })
            }),
            drop_env: None,
        });
    }
    let operation = Operation { cloud: Cloud::Refuses, flags: policy::flags(&args.times), ..Operation::new("rotate", global, &args.ending, &args.output) };
    change::run(&operation, tasks, world)
}
