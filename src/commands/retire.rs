//! `retire`: keys get an end, or lose it again.

use crate::cli::{Global, Retire};
use crate::schedule::{self, When};
use crate::session::Error;
use crate::session::World;
use crate::session::change::Run;
use crate::session::{Answer, policy, source, values};

pub(super) fn run(global: &Global, args: &Retire, world: &mut World<'_>) -> Result<Answer, Error> {
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
            let allowed = &args.ending.allow;
            let decided = if args.undo {
                schedule::unretire(keys, &args.keys, now, allowed)
            } else {
                schedule::retire(keys, &args.keys, when, &policy, now, allowed)
            };
            Ok(decided?)
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
