//! `remove`: keys go at once.

use crate::cli::{DestinationArgs, Global, Remove, Times};
use crate::schedule;
use crate::session::Error;
use crate::session::World;
use crate::session::change::Run;
use crate::session::destination::Finder;
use crate::session::drop_env::DropEnv;
use crate::session::{Answer, policy, source, values};

pub(super) fn run(global: &Global, args: &Remove, world: &mut World<'_>) -> Result<Answer, Error> {
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
        decide: &|_, keys, now| Ok(schedule::remove(keys, &args.keys, now, &args.ending.allow)?),
        beside: None,
        drop_env: names.map(|names| DropEnv { finder: &finder, names, later: None }),
        redactor: None,
        on_cloud: true,
        nothing: "Nothing to do.",
        flags: String::new(),
    };
    run.run(world)
}
