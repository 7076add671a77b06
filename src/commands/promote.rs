//! `promote`: the second step of a rotation.

use super::change::Run;
use super::{Answer, policy, source, values};
use crate::World;
use crate::cli::{Global, Promote};
use crate::error::Error;
use crate::lifecycle;

pub(super) fn run(global: &Global, args: &Promote, world: &mut World<'_>) -> Result<Answer, Error> {
    let source = source::one(global, world)?;
    let policy = policy::of(&args.times, &source, world)?;
    let run = Run {
        global,
        source: &source,
        ending: &args.ending,
        policy: &policy,
        values: &values::known(None, world)?,
        decide: &|_, keys, now| {
            Ok(lifecycle::promote(keys, args.key.as_ref(), &policy, now, &args.ending.allow)?)
        },
        beside: None,
        drop_env: None,
        on_cloud: false,
        nothing: "Nothing to do.",
        flags: policy::flags(&args.times),
    };
    run.run(world)
}
