//! `remove`: keys go at once.

use crate::base::time::Seconds;
use crate::keyset::KeyName;
use crate::schedule;
use crate::session::arguments::{DropArgs, Ending, FormatArgs, Global, PolicyArgs, Times, token_ttl};
use crate::session::{Answer, Error, World, change, drop_env, policy, source, values};
use crate::session::operation::{Operation, Task};

/// Remove keys at once
///
/// For a leaked secret. Tokens signed with it fail once every replica has restarted, and until then the secret
/// still lets people in. Refused for keys that may still verify tokens unless `--allow live-key` is given.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which keys: a kid, or @N for the Nth of the file
    #[arg(value_name = "KEY", required = true)]
    pub keys: Vec<KeyName>,
    /// The longest life of your backend's tokens, at most 24h [default: 24h]
    #[arg(long, value_name = "DURATION", value_parser = token_ttl, allow_hyphen_values = true)]
    pub token_ttl: Option<Seconds>,
    /// What becomes of variables.
    #[command(flatten)]
    pub variables: DropArgs,
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
    let source = source::one(global, world)?;
    let times = Times { token_ttl: args.token_ttl, ..args.policy.times() };
    let rules = policy::rules(&times, &source, world)?;
    let finder = drop_env::finder(&args.variables, &source, rules.env_file.clone(), world);
    let values = values::so_far(finder.flag().as_ref(), rules.env_file, &source, world)?;
    let task = Task {
        source,
        policy: rules.policy,
        values,
        decide: Box::new(|seen| {
            Ok(schedule::remove(seen.keys, &args.keys, seen.now, &args.ending.allow)?.into())
        }),
        drop_env: drop_env::asked_for(&args.variables, finder),
    };
    let operation = Operation::new("remove", global, &args.ending, &args.output);
    change::run(&operation, vec![task], world)
}
