//! Adding a key.

use super::change::{Change, Decision, NewKey};
use super::refusal::{Allowed, Guard, RefusalId, ScheduleError};
use super::{guard_clock, guard_other_login};
use crate::base::time::NumericDate;
use crate::keyset::{HmacAlg, Key, KeySet};

/// Appends a key.
pub fn add(
    keys: &KeySet,
    new: NewKey,
    now: NumericDate,
    allowed: &Allowed,
) -> Result<Decision, ScheduleError> {
    let mut guard = Guard::new(allowed);
    guard_new_key(&mut guard, keys, &new)?;
    guard_clock(&mut guard, keys, now);
    if let Some(current) = keys.current().ok().flatten()
        && current.hmac_alg() != Some(HmacAlg::Hs256)
        && new.alg == HmacAlg::Hs256
    {
        guard.refuse(
            RefusalId::CurrentKey,
            format!(
                "as the first HS256 key it would be the current one in place of {}, before any replica knows it. Leave \
                 `--alg` out, or rotate",
                current.name()
            ),
        );
    }
    guard.finish()?;
    let new = new.after(keys.current().ok().flatten(), now);
    Ok(Decision {
        changes: vec![Change::Add { key: new, at: keys.keys().len(), nbf: None }],
        ..Decision::default()
    })
}

/// Whether a key has the secret that was imported for a new one.
pub(super) fn has_secret(key: &Key, new: &NewKey) -> bool {
    new.secret_is_imported && key.secret().is_some_and(|secret| secret.same_key(&new.secret))
}

/// What speaks against a new key, wherever it goes.
pub(super) fn guard_new_key(guard: &mut Guard<'_>, keys: &KeySet, new: &NewKey) -> Result<(), ScheduleError> {
    if keys.keys().iter().any(|key| key.kid.value() == Some(&new.kid)) {
        return Err(ScheduleError::KidTaken(new.kid.to_string()));
    }
    guard_other_login(guard, keys);
    if let Some(same) = keys.keys().iter().find(|key| has_secret(key, new)) {
        guard.refuse(
            RefusalId::SameSecret,
            format!("this is the secret of {}: whoever has it has both keys, and retiring one takes it from nobody", same.name()),
        );
    }
    if let Some(why) = new.weakness() {
        guard.refuse(RefusalId::WeakSecret, format!("this secret is too weak to sign tokens with: {why}"));
    }
    if new.kid_is_chosen && keys.keys().iter().any(Key::is_wildcard) {
        guard.refuse(
            RefusalId::Wildcard,
            format!(
                "a key without kid verifies tokens of any kid until a key has exactly that kid. Tokens that carry \
                 `{}` today would be rejected. Leave `--kid` out to get a fresh one",
                new.kid
            ),
        );
    }
    Ok(())
}
