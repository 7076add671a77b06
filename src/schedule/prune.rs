//! Removing what is removable.

use super::change::{Change, Decision};
use super::refusal::{Allowed, Guard, RefusalId, ScheduleError};
use super::{guard_clock, leaves_a_key};
use crate::base::time::NumericDate;
use crate::keyset::{Key, KeySet, Material, Phase};

/// Removes the keys whose `exp` has passed, and never the current one.
pub fn prune(keys: &KeySet, now: NumericDate, allowed: &Allowed) -> Result<Decision, ScheduleError> {
    let mut guard = Guard::new(allowed);
    guard_clock(&mut guard, keys, now);
    let past = |key: &&Key| matches!(key.phase(now), Phase::Removable { .. });
    for key in keys.keys() {
        key.needed("exp", &key.exp)?;
    }
    if !keys.keys().iter().any(|key| past(&key)) {
        return Ok(Decision::default());
    }
    let current = keys.current()?;
    let removable: Vec<&Key> =
        candidates(keys, current)?.into_iter().map(|(key, _)| key).filter(past).collect();
    let mut decision = Decision::default();
    if let Some(current) = current.filter(past) {
        decision.notes.push(format!(
            "{} is past its time but still the current key, so it stays. `rotate` puts a new one in its place",
            current.name()
        ));
    }
    let shared = keys.shared_kids();
    for key in keys.keys().iter().filter(past) {
        if key.kid.value().is_some_and(|kid| shared.contains(kid)) {
            decision.notes.push(format!(
                "@{} stays: another key has the same kid, {}, and the service uses the first of them. `remove @{}` \
                 removes this one",
                key.number(),
                key.name(),
                key.number() - removable.iter().filter(|gone| gone.index < key.index).count()
            ));
        }
    }
    if removable.is_empty() {
        return Ok(decision);
    }
    if !leaves_a_key(keys, &removable, now, false) {
        guard
            .refuse(RefusalId::LastKey, "no key would be left, and every token would be rejected".to_owned());
    }
    guard.finish()?;
    decision.changes = removable.iter().map(|key| Change::Remove { index: key.index }).collect();
    Ok(decision)
}

/// The keys that go once their `exp` has come: not the current one, and none whose kid stands twice, since the service
/// would then use the other.
pub(super) fn candidates<'k>(
    keys: &'k KeySet,
    current: Option<&Key>,
) -> Result<Vec<(&'k Key, NumericDate)>, ScheduleError> {
    let shared = keys.shared_kids();
    let mut candidates = Vec::new();
    for key in keys.keys() {
        let Some(exp) = key.needed("exp", &key.exp)? else { continue };
        let kept = current.is_some_and(|current| current.index == key.index)
            || matches!(key.material, Material::Unusable(_))
            || key.kid.value().is_some_and(|kid| shared.contains(kid));
        if !kept {
            candidates.push((key, exp));
        }
    }
    Ok(candidates)
}
