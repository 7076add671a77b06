//! The second step of a rotation: a key that every replica knows takes the first place.

use super::change::{Change, Decision};
use super::policy::{CLOCKS_DIFFER, Policy};
use super::refusal::{Allowed, Guard, RefusalId, ScheduleError};
use super::rotate::{guard_overlap, retire_outgoing};
use super::{guard_clock, resolve};
use crate::base::time::NumericDate;
use crate::keyset::{HmacAlg, Key, KeyName, KeySet, Material, Phase};

/// Moves a key to the first place and retires the one that was current, counted from now. Without a name, the
/// standby key; several need one.
pub fn promote(
    keys: &KeySet,
    name: Option<&KeyName>,
    policy: &Policy,
    now: NumericDate,
    allowed: &Allowed,
) -> Result<Decision, ScheduleError> {
    let mut guard = Guard::new(allowed);
    guard_clock(&mut guard, keys, now);
    guard_overlap(&mut guard, policy);
    let key = match name {
        Some(name) => resolve(keys, std::slice::from_ref(name))?.first().copied(),
        None => only_standby(keys, now)?,
    };
    let Some(key) = key else { return Err(ScheduleError::NoStandby) };
    let current = keys.current()?;
    if current.is_some_and(|current| current.index == key.index) {
        let note = format!("{} is the current key already", key.name());
        return Ok(Decision { notes: vec![note], ..Decision::default() });
    }
    guard_key(&mut guard, keys, key, current, policy, now)?;
    guard.finish()?;
    Ok(Decision { changes: promotion(key, current, policy, now)?, ..Decision::default() })
}

/// The changes that promote a key.
pub(super) fn promotion(
    key: &Key,
    current: Option<&Key>,
    policy: &Policy,
    now: NumericDate,
) -> Result<Vec<Change>, ScheduleError> {
    let outgoing = current.map(|current| retire_outgoing(current, policy, now)).transpose()?.flatten();
    Ok([Change::Promote { index: key.index }].into_iter().chain(outgoing).collect())
}

fn only_standby(keys: &KeySet, now: NumericDate) -> Result<Option<&Key>, ScheduleError> {
    let waiting = standbys(keys, now)?;
    match waiting.as_slice() {
        [] => Ok(None),
        [(key, _)] => Ok(Some(key)),
        several => {
            Err(ScheduleError::SeveralStandbys(several.iter().map(|(key, _)| key.argument()).collect()))
        }
    }
}

/// The keys that wait to be promoted, and from when they may be, the earliest first.
pub(super) fn standbys(keys: &KeySet, now: NumericDate) -> Result<Vec<(&Key, NumericDate)>, ScheduleError> {
    let current = keys.current()?;
    let mut waiting = Vec::new();
    for key in keys.keys().iter().filter(|key| key.is_symmetric() && !key.nbf.is_absent()) {
        key.needed("exp", &key.exp)?;
        key.needed("nbf", &key.nbf)?;
        if let Phase::Standby { nbf } = key.phase(now)
            && current.is_none_or(|current| current.index != key.index)
        {
            waiting.push((key, nbf));
        }
    }
    waiting.sort_by_key(|(key, nbf)| (*nbf, key.index));
    Ok(waiting)
}

/// What speaks against promoting a key.
fn guard_key(
    guard: &mut Guard<'_>,
    keys: &KeySet,
    key: &Key,
    current: Option<&Key>,
    policy: &Policy,
    now: NumericDate,
) -> Result<(), ScheduleError> {
    let name = key.name();
    match key.material {
        Material::Unusable(why) => return Err(ScheduleError::Unusable { key: name, why }),
        Material::Public(_) => return Err(ScheduleError::NotSymmetric(name)),
        Material::Symmetric { .. } => {}
    }
    if key.kid.value().is_some_and(|kid| keys.shared_kids().contains(kid)) {
        return Err(ScheduleError::SharedKid(name));
    }
    if !becomes_current(keys, key) {
        return Err(ScheduleError::NotCurrentByAlg(name));
    }
    if let Some(nbf) = key.needed("nbf", &key.nbf)?.filter(|nbf| *nbf > now) {
        guard.refuse(
            RefusalId::BeforeNbf,
            format!(
                "{name} is not to be promoted before {nbf}: a replica that hasn't restarted since it was added doesn't \
                 know it, and would reject its tokens"
            ),
        );
    }
    let made = key.needed("iat", &key.iat)?;
    let known_from = made.map(|made| made + policy.deploy_within + CLOCKS_DIFFER);
    if let Some(from) = known_from.filter(|from| key.nbf.is_absent() && *from > now) {
        guard.refuse(
            RefusalId::BeforeNbf,
            format!(
                "{name} was added so lately that a replica may not know it yet, and would reject its tokens. From {from} \
                 every replica should"
            ),
        );
    }
    if let Some(current) = current
        && !is_newer(key, current)
    {
        guard.refuse(
            RefusalId::OlderKey,
            format!(
                "{name} is not newer than the current key, {}, by their `iat`. Going back to an older key is for \
                 emergencies",
                current.name()
            ),
        );
    }
    Ok(())
}

/// Whether its `iat` is later than the other's. A current key without one is older than any that has one; of a key
/// without one it can't be told.
pub(super) fn is_newer(key: &Key, current: &Key) -> bool {
    match (key.iat.value(), current.iat.value()) {
        (Some(one), Some(two)) => one > two,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// The first HS256 key is current, wherever it stands: a key of another algorithm can't take its place.
pub(super) fn becomes_current(keys: &KeySet, key: &Key) -> bool {
    key.hmac_alg() == Some(HmacAlg::Hs256)
        || !keys.keys().iter().any(|other| other.hmac_alg() == Some(HmacAlg::Hs256))
}

/// Why a waiting key is never promoted by itself, if it isn't.
#[must_use]
pub fn never_promoted(keys: &KeySet, key: &Key, current: &Key) -> Option<String> {
    let name = key.name();
    if key.kid.value().is_some_and(|kid| keys.shared_kids().contains(kid)) {
        Some(format!("{name} waits, but its kid stands twice, so it is never promoted by itself"))
    } else if !becomes_current(keys, key) {
        Some(format!(
            "{name} waits, but its algorithm is another than HS256, so it is never promoted by itself"
        ))
    } else if !is_newer(key, current) {
        let current = current.name();
        Some(format!(
            "{name} waits, but it is not newer than {current} by its `iat`, so it is never promoted by itself"
        ))
    } else {
        None
    }
}
