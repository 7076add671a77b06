//! `promote`: the second step of a rotation.

use super::ask::Asked;
use super::change::Run;
use super::{Answer, policy, source};
use crate::World;
use crate::cli::{Global, Promote};
use crate::error::Error;
use crate::lifecycle;

pub(super) fn run(global: &Global, args: &Promote, world: &mut World<'_>) -> Result<Answer, Error> {
    let source = source::one(global, world)?;
    let found = policy::found(&args.times, &source, world)?;
    let policy = found.policy;
    let asked = Asked::new(global, &args.probe, &found.probe, world)?;
    let run = Run {
        global,
        source: &source,
        ending: &args.ending,
        policy: &policy,
        decide: &|keys, now| {
            let decision = lifecycle::promote(keys, args.key.as_ref(), &policy, now, &args.ending.allow)?;
            match &asked {
                Some(asked) => asked.promotion(decision, keys, &args.ending.allow),
                None => Ok(decision),
            }
        },
        values: asked.as_ref().map(|asked| &asked.values),
        nothing: "Nothing to do.",
        flags: policy::flags(&args.times),
    };
    run.run(world)
}
