//! `add`: a key at the end of the list.

use super::change::Run;
use super::new_key::KeySource;
use super::{Answer, policy, source};
use crate::World;
use crate::cli::{Add, Global, Times};
use crate::error::Error;
use crate::keyset::{HmacAlg, Key};
use crate::lifecycle::{self, LifecycleError};

pub(super) fn run(global: &Global, args: &Add, world: &mut World<'_>) -> Result<Answer, Error> {
    let source = source::one(global, world)?;
    let policy = policy::of(&Times::default(), &source, world)?;
    let new = KeySource::new(&args.new, &policy, &source, world)?;
    let run = Run {
        global,
        source: &source,
        ending: &args.ending,
        policy: &policy,
        decide: &|keys, now| {
            let alg = if let Some(alg) = args.alg {
                alg
            } else {
                let current = keys.current().map_err(LifecycleError::from)?;
                current.and_then(Key::hmac_alg).unwrap_or(HmacAlg::Hs256)
            };
            let key = new.key(keys, alg, now)?;
            Ok(lifecycle::add(keys, key, now, &args.ending.allow)?)
        },
        values: None,
        nothing: "Nothing to do.",
        flags: String::new(),
    };
    run.run(world)
}
