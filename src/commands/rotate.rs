//! `rotate`: a new key in the first place, the outgoing one on its way out.

use crate::cli::{Global, Rotate};
use crate::keyset::{HmacAlg, Key};
use crate::schedule::{self, RotateOptions, ScheduleError};
use crate::session::Error;
use crate::session::World;
use crate::session::change::Run;
use crate::session::new_key::KeySource;
use crate::session::{Answer, policy, source};

pub(super) fn run(global: &Global, args: &Rotate, world: &mut World<'_>) -> Result<Answer, Error> {
    let source = source::one(global, world)?;
    let rules = policy::rules(&args.times, &source, world)?;
    let policy = &rules.policy;
    let new = KeySource::new(&args.new, &rules, &source, world)?;
    let options = RotateOptions { all: args.all, revoke: args.revoke };
    let run = Run {
        global,
        source: &source,
        ending: &args.ending,
        policy,
        values: new.values(),
        decide: &|config, keys, now| {
            let current = keys.current().map_err(ScheduleError::from)?;
            let alg = current.and_then(Key::hmac_alg).unwrap_or(HmacAlg::Hs256);
            let key = new.key(config, keys, alg, now)?;
            let allowed = &args.ending.allow;
            let decided = match args.standby {
                Some(wait) => schedule::standby(keys, key, policy, now, wait, allowed),
                None => schedule::rotate(keys, key, policy, now, options, allowed),
            };
            Ok(decided?)
        },
        beside: Some(new.beside()),
        drop_env: None,
        redactor: None,
        on_cloud: false,
        nothing: "Nothing to do.",
        flags: policy::flags(&args.times),
    };
    run.run(world)
}
