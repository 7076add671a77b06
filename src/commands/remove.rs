//! `remove`: keys go at once.

use super::change::Run;
use super::{Answer, policy, source};
use crate::World;
use crate::cli::{Global, Remove, Times};
use crate::error::Error;
use crate::lifecycle;

pub(super) fn run(global: &Global, args: &Remove, world: &mut World<'_>) -> Result<Answer, Error> {
    let source = source::one(global, world)?;
    let times = Times { token_ttl: args.token_ttl, ..Times::default() };
    let policy = policy::of(&times, &source, world)?;
    let run = Run {
        global,
        source: &source,
        ending: &args.ending,
        policy: &policy,
        decide: &|keys, now| Ok(lifecycle::remove(keys, &args.keys, now, &args.ending.allow)?),
        values: None,
        nothing: "Nothing to do.",
        flags: String::new(),
    };
    run.run(world)
}
