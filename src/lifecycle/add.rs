//! Adding a key.

use super::change::{Change, Decision, NewKey};
use super::refusal::{Allowed, Guard, LifecycleError, RefusalId};
use super::{guard_clock, guard_other_login};
use crate::keyset::{Key, KeySet};
use crate::time::NumericDate;

/// Appends a key.
pub fn add(
    keys: &KeySet,
    new: NewKey,
    now: NumericDate,
    allowed: &Allowed,
) -> Result<Decision, LifecycleError> {
    let mut guard = Guard::new(allowed);
    guard_new_key(&mut guard, keys, &new)?;
    guard_clock(&mut guard, keys, now);
    guard.finish()?;
    Ok(Decision {
        changes: vec![Change::Add { key: new, at: keys.keys().len(), nbf: None }],
        notes: Vec::new(),
    })
}

/// What speaks against a new key, wherever it goes.
pub(super) fn guard_new_key(
    guard: &mut Guard<'_>,
    keys: &KeySet,
    new: &NewKey,
) -> Result<(), LifecycleError> {
    if keys.keys().iter().any(|key| key.kid.value() == Some(&new.kid)) {
        return Err(LifecycleError::KidTaken(new.kid.to_string()));
    }
    guard_other_login(guard, keys);
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
