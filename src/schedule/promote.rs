//! The second step of a rotation: a key that every replica knows takes the first place.

use super::change::Change;
use super::guard::{Guard, Terms};
use super::live::{AskLive, Liveness};
use super::outcome::{After, Effect, Note, Outcome};
use super::refusal::{Allowed, Hazard, RefusalId, ScheduleError};
use super::resolve::resolve;
use super::retire::outgoing;
use super::waiting::{becomes_current, is_newer, standbys};
use crate::keyset::{Key, KeyName, KeySet, Material};

/// What `promote` may refuse.
pub const PROMOTE_REFUSALS: &[RefusalId] = {
    use RefusalId::{BeforeNbf, Clock, NotLive, OlderKey, ShortOverlap};
    &[ShortOverlap, BeforeNbf, NotLive, OlderKey, Clock]
};

/// Moves a key to the first place and retires the one that was current, counted from now. Without a name, the
/// standby key; several need one.
pub fn promote(keys: &KeySet, name: Option<&KeyName>, terms: &Terms<'_>) -> Result<Outcome, ScheduleError> {
    let mut guard = Guard::new(PROMOTE_REFUSALS, terms.allowed);
    guard.clock(keys, terms.now);
    guard.overlap(terms.policy);
    let key = match name {
        Some(name) => resolve(keys, name)?,
        None => only_standby(keys, terms)?,
    };
    let current = keys.current()?;
    if current.is_some_and(|current| current.index == key.index) {
        return Ok(Outcome::nothing(Note::AlreadyCurrent { key: key.reference() }));
    }
    check(keys, key)?;
    guard_key(&mut guard, key, current, terms)?;
    guard.finish()?;
    promotion(key, current, terms)
}

/// The changes that promote a key.
pub(super) fn promotion(
    key: &Key,
    current: Option<&Key>,
    terms: &Terms<'_>,
) -> Result<Outcome, ScheduleError> {
    let retired = current.map(|current| outgoing(current, terms)).transpose()?.flatten();
    let changes = [Change::Promote { index: key.index }].into_iter().chain(retired).collect();
    // What was before the promoted key moves one place back.
    let moved = |was: &Key| After(was.index + usize::from(was.index < key.index));
    Ok(Outcome::new(Effect::Promoted { key: After(0), outgoing: current.map(moved) }, changes))
}

fn only_standby<'k>(keys: &'k KeySet, terms: &Terms<'_>) -> Result<&'k Key, ScheduleError> {
    match standbys(keys, terms.now)?.as_slice() {
        [] => Err(ScheduleError::NoStandby),
        [(key, _)] => Ok(key),
        several => {
            Err(ScheduleError::SeveralStandbys(several.iter().map(|(key, _)| key.reference()).collect()))
        }
    }
}

/// Whether a key can be the current one at all.
pub(super) fn check(keys: &KeySet, key: &Key) -> Result<(), ScheduleError> {
    let name = key.reference();
    match key.material {
        Material::Unusable(why) => return Err(ScheduleError::Unusable(name, why)),
        Material::Public(_) => return Err(ScheduleError::NotSymmetric(name)),
        Material::Symmetric { .. } => {}
    }
    if keys.shares_kid(key) {
        return Err(ScheduleError::SharedKid(name));
    }
    if becomes_current(keys, key) { Ok(()) } else { Err(ScheduleError::NotCurrentByAlg(name)) }
}

/// What speaks against promoting a key.
fn guard_key(
    guard: &mut Guard<'_>,
    key: &Key,
    current: Option<&Key>,
    terms: &Terms<'_>,
) -> Result<(), ScheduleError> {
    guard_known(guard, key, terms)?;
    if let Some(current) = current.filter(|current| !is_newer(key, current)) {
        guard.refuse(Hazard::OlderKey { key: key.reference(), current: current.reference() });
    }
    Ok(())
}

/// What speaks against signing with a key: a replica may not know it yet.
pub(super) fn guard_known(guard: &mut Guard<'_>, key: &Key, terms: &Terms<'_>) -> Result<(), ScheduleError> {
    if let Some(nbf) = key.needed("nbf", &key.nbf)?.filter(|nbf| *nbf > terms.now) {
        guard.refuse(Hazard::BeforeNbf { key: key.reference(), nbf });
    }
    guard.is_known(key, key.needed("iat", &key.iat)?, terms);
    Ok(())
}

/// Refuses a promotion of a key that running services don't know. They are asked only if there is one.
pub fn guard_live<E: From<ScheduleError>>(
    outcome: &Outcome,
    keys: &KeySet,
    live: &AskLive<'_, E>,
    allowed: &Allowed,
) -> Result<(), E> {
    let promoted = outcome.promoted().and_then(|index| keys.keys().get(index));
    let Some(key) = promoted.filter(|_| !allowed.contains(&RefusalId::NotLive)) else { return Ok(()) };
    let mut guard = Guard::new(PROMOTE_REFUSALS, allowed);
    if let Liveness::NotLive(at) = live(key)? {
        guard.refuse(Hazard::NotLive { key: key.reference(), at });
    }
    Ok(guard.finish()?)
}
