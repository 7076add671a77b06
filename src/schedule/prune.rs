//! Removing what is removable.

use super::guard::{Guard, leaves_a_key};
use super::leaving::leaving;
use super::outcome::{Note, Outcome};
use super::refusal::{Allowed, Hazard, RefusalId, ScheduleError};
use super::remove::removal;
use crate::base::time::NumericDate;
use crate::keyset::{Key, KeySet, Material, Phase};

/// What `prune` may refuse.
pub const PRUNE_REFUSALS: &[RefusalId] = &[RefusalId::LastKey, RefusalId::Clock];

/// Removes the keys whose `exp` has passed: the current one only where it was retired on purpose, since another way in
/// works.
pub fn prune(keys: &KeySet, now: NumericDate, allowed: &Allowed) -> Result<Outcome, ScheduleError> {
    let kept = if leaving(keys, now).is_some() { None } else { keys.current()? };
    prune_but(keys, kept, now, allowed)
}

/// The same, without this key.
pub(super) fn prune_but(
    keys: &KeySet,
    kept: Option<&Key>,
    now: NumericDate,
    allowed: &Allowed,
) -> Result<Outcome, ScheduleError> {
    let mut guard = Guard::new(PRUNE_REFUSALS, allowed);
    guard.clock(keys, now);
    let past = |key: &&Key| matches!(key.phase(now), Phase::Removable { .. });
    for key in keys.keys() {
        key.needed("exp", &key.exp)?;
    }
    if !keys.keys().iter().any(|key| past(&key)) {
        return Ok(Outcome::default());
    }
    let removable: Vec<&Key> = candidates(keys, kept)?.into_iter().map(|(key, _)| key).filter(past).collect();
    let mut notes = Vec::new();
    if let Some(current) = kept.filter(past).filter(|_| leaving(keys, now).is_none()) {
        let before = removable.iter().filter(|gone| gone.index < current.index).count();
        notes.push(Note::CurrentPastEnd { key: current.reference_at(current.number() - before) });
    }
    for key in keys.keys().iter().filter(past) {
        if keys.shares_kid(key) {
            let number = key.number();
            let then = number - removable.partition_point(|gone| gone.index < key.index);
            notes.push(Note::SharedKid { number, kid: key.reference(), then });
        }
    }
    if removable.is_empty() {
        return Ok(Outcome { notes, ..Outcome::default() });
    }
    if !leaves_a_key(keys, &removable, |key| key.phase(now).verifies()) {
        guard.refuse(Hazard::NoKeyLeft);
    }
    guard.finish()?;
    Ok(Outcome { notes, ..removal(keys, &removable, now) })
}

/// The keys that go once their `exp` has come: not the current one, and none whose kid is duplicated, since the service
/// would then use the other.
pub(super) fn candidates<'k>(
    keys: &'k KeySet,
    current: Option<&Key>,
) -> Result<Vec<(&'k Key, NumericDate)>, ScheduleError> {
    let mut candidates = Vec::new();
    for key in keys.keys() {
        let Some(exp) = key.needed("exp", &key.exp)? else { continue };
        let kept = current.is_some_and(|current| current.index == key.index)
            || matches!(key.material, Material::Unusable(_))
            || keys.shares_kid(key);
        if !kept {
            candidates.push((key, exp));
        }
    }
    Ok(candidates)
}
