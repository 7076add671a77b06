//! Adding a key.

use super::apply::apply;
use super::change::{Change, NewKey};
use super::guard::Guard;
use super::leaving::leaving;
use super::outcome::{After, Effect, Note, Outcome};
use super::refusal::{Allowed, Hazard, RefusalId, ScheduleError};
use crate::base::time::NumericDate;
use crate::keyset::{HmacAlg, Key, KeySet, strength};

/// What `add` may refuse.
pub const ADD_REFUSALS: &[RefusalId] = {
    use RefusalId::{Clock, CurrentKey, OtherLogin, SameSecret, WeakSecret, Wildcard};
    &[CurrentKey, SameSecret, WeakSecret, Wildcard, Clock, OtherLogin]
};

/// Appends a key.
pub fn add(
    keys: &KeySet,
    new: NewKey,
    now: NumericDate,
    allowed: &Allowed,
) -> Result<Outcome, ScheduleError> {
    let mut guard = Guard::new(ADD_REFUSALS, allowed);
    guard_new_key(&mut guard, keys, &new, now)?;
    guard.clock(keys, now);
    let current = keys.current().ok().flatten();
    if let Some(current) = current
        && current.hmac_alg() != Some(HmacAlg::Hs256)
        && new.alg == HmacAlg::Hs256
    {
        guard.refuse(Hazard::CurrentDisplaced { key: current.reference() });
    }
    guard.finish()?;
    let at = keys.keys().len();
    let notes = if new.kid.is_none() { vec![Note::AddsWildcard] } else { Vec::new() };
    let changes = vec![Change::Add { key: new.after(current, now), at, nbf: None }];
    let after = apply(keys, &changes, now);
    let current = after.keys().last().is_some_and(|key| after.is_current(key));
    Ok(Outcome { notes, ..Outcome::new(Effect::Added { new: After(at), current }, changes) })
}

/// Whether a key has the secret that was imported for a new one.
pub(super) fn has_secret(key: &Key, new: &NewKey) -> bool {
    new.secret_is_imported && key.secret().is_some_and(|secret| secret.same_key(&new.secret))
}

/// What speaks against a new key, wherever it goes.
pub(super) fn guard_new_key(
    guard: &mut Guard<'_>,
    keys: &KeySet,
    new: &NewKey,
    now: NumericDate,
) -> Result<(), ScheduleError> {
    if let Some(kid) =
        new.kid.as_ref().filter(|kid| keys.keys().iter().any(|key| key.kid.value() == Some(*kid)))
    {
        return Err(ScheduleError::KidTaken(kid.clone()));
    }
    // A config whose users get their keys from elsewhere isn't given a second way in by accident.
    if !keys.keys().iter().any(Key::is_symmetric)
        && (keys.meant_login().is_some() || keys.keys().iter().any(Key::is_public))
    {
        guard.refuse(Hazard::OtherLogin { member: keys.meant_login() });
    } else if !keys.keys().iter().any(Key::is_symmetric)
        && let Some(key) = keys.keys().iter().find(|key| key.is_behind_variables())
    {
        guard.refuse(Hazard::UnknownLogin { key: key.reference() });
    }
    if let Some(leaving) = leaving(keys, now) {
        guard.refuse(Hazard::Leaving(leaving));
    }
    if let Some(same) = keys.keys().iter().find(|key| has_secret(key, new)) {
        guard.refuse(Hazard::SameSecret { key: same.reference() });
    }
    let bits = strength::bits(&new.secret);
    if let Some(weakness) = strength::weakness(&new.secret) {
        guard.refuse(Hazard::WeakSecret(weakness));
    } else if bits < new.alg.hash_length() * 8 {
        guard.refuse(Hazard::ShortSecret { bits, alg: new.alg });
    }
    if let Some(kid) = new.kid.as_ref().filter(|_| new.kid_is_chosen)
        && keys.keys().iter().any(Key::is_wildcard)
    {
        guard.refuse(Hazard::Wildcard { kid: kid.clone() });
    }
    Ok(())
}
