//! `remove`: keys go at once.

use crate::base::time::Seconds;
use crate::keyset::KeyName;
use crate::session::arguments::DropArgs;
use crate::session::arguments::Ending;
use crate::session::arguments::token_ttl;
use crate::session::arguments::{DestinationArgs, Global, Times};
use crate::schedule;
use crate::session::Error;
use crate::session::World;
use crate::session::change::Run;
use crate::session::destination::Finder;
use crate::session::drop_env::DropEnv;
use crate::session::{Answer, policy, source, values};

/// Remove keys at once
///
/// For a leaked secret. Tokens signed with it fail once every replica has restarted, and until then the secret
/// still lets people in. Refused for keys that may still verify tokens unless `--allow live-key` is given.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which keys: a kid, or @N for the Nth of the file
    #[arg(value_name = "KEY", required = true)]
    pub keys: Vec<KeyName>,
    /// The longest life of your backend's tokens, at most 24h [default: 24h]
    #[arg(long, value_name = "DURATION", value_parser = token_ttl, allow_hyphen_values = true)]
    pub token_ttl: Option<Seconds>,
    /// What becomes of variables.
    #[command(flatten)]
    pub variables: DropArgs,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let source = source::one(global, world)?;
    let times = Times { token_ttl: args.token_ttl, ..Times::default() };
    let rules = policy::rules(&times, &source, world)?;
    let destination =
        DestinationArgs { env_file: args.variables.env_file.clone(), ..DestinationArgs::default() };
    let finder = Finder::new(&source, &destination, rules.env_file, world);
    let names = args.variables.drop_env.as_deref();
    let run = Run {
        global,
        source: &source,
        ending: &args.ending,
        policy: &rules.policy,
        values: &values::known_so_far(finder.told().as_ref(), world)?,
        decide: &|_, keys, now| Ok(schedule::remove(keys, &args.keys, now, &args.ending.allow)?.into()),
        beside: None,
        drop_env: names.map(|names| DropEnv { finder: &finder, names, later: None }),
        redactor: None,
        on_cloud: true,
        nothing: "Nothing to do.",
        flags: Vec::new(),
    };
    run.run(world)
}
