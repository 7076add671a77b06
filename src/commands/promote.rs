//! `promote`: the second step of a rotation.

use crate::cli::{Global, Promote};
use crate::schedule;
use crate::session::Error;
use crate::session::World;
use crate::session::ask::Asked;
use crate::session::change::Run;
use crate::session::{Answer, policy, source, values};

pub(super) fn run(global: &Global, args: &Promote, world: &mut World<'_>) -> Result<Answer, Error> {
    let source = source::one(global, world)?;
    let rules = policy::rules(&args.times, &source, world)?;
    let policy = rules.policy;
    let file = args.env_file.clone().or(rules.env_file);
    let asked = Asked::new(global, &args.probe, &rules.probe, file.as_deref(), world)?;
    let known = values::known(None, world)?;
    let run = Run {
        global,
        source: &source,
        ending: &args.ending,
        policy: &policy,
        values: asked.as_ref().map_or(&known, |asked| &asked.values),
        decide: &|_, keys, now| {
            let decision = schedule::promote(keys, args.key.as_ref(), &policy, now, &args.ending.allow)?;
            match &asked {
                Some(asked) => asked.promotion(decision, keys, &args.ending.allow),
                None => Ok(decision),
            }
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
