//! `remove`: keys go at once.

use super::change::Run;
use super::{Answer, source};
use crate::World;
use crate::cli::{Global, Remove};
use crate::error::Error;
use crate::lifecycle::{self, Policy};

pub(super) fn run(global: &Global, args: &Remove, world: &mut World<'_>) -> Result<Answer, Error> {
    let source = source::one(global, world)?;
    let name = source.name();
    let default = Policy::default();
    let policy = Policy { token_ttl: args.token_ttl.unwrap_or(default.token_ttl), ..default };
    let run = Run {
        global,
        source: &source,
        ending: &args.ending,
        policy: &policy,
        decide: &|keys, now| {
            lifecycle::remove(keys, &args.keys, now, &args.ending.allow).map_err(Error::lifecycle(&name))
        },
        nothing: "Nothing to do.",
    };
    run.run(world)
}
