//! Removing what is removable.

use super::change::{Change, Decision};
use super::refusal::{Allowed, Guard, LifecycleError, RefusalId};
use super::{guard_clock, leaves_a_key};
use crate::keyset::{Key, KeySet, Phase};
use crate::time::NumericDate;

/// Removes the keys whose `exp` has passed, and never the current one.
pub fn prune(keys: &KeySet, now: NumericDate, allowed: &Allowed) -> Result<Decision, LifecycleError> {
    let mut guard = Guard::new(allowed);
    guard_clock(&mut guard, keys, now);
    let mut removable: Vec<&Key> = Vec::new();
    for key in keys.keys() {
        key.needed("exp", &key.exp)?;
        if matches!(key.phase(now), Phase::Removable { .. }) {
            removable.push(key);
        }
    }
    let mut decision = Decision::default();
    if removable.is_empty() {
        return Ok(decision);
    }
    if let Some(current) =
        keys.current()?.filter(|current| removable.iter().any(|key| key.index == current.index))
    {
        decision.notes.push(format!(
            "{} is past its time but still the current key, so it stays. `rotate` puts a new one in its place",
            current.name()
        ));
        removable.retain(|key| key.index != current.index);
    }
    let shared_kids = keys.shared_kids();
    removable.retain(|key| {
        let shared = key.kid.value().is_some_and(|kid| shared_kids.contains(kid));
        if shared {
            decision.notes.push(format!(
                "@{} stays: another key has the same kid, {}, and the service uses the first of them. `remove @{}` \
                 removes this one",
                key.number(),
                key.name(),
                key.number()
            ));
        }
        !shared
    });
    if !removable.is_empty() && !leaves_a_key(keys, &removable, now, false) {
        guard
            .refuse(RefusalId::LastKey, "no key would be left, and every token would be rejected".to_owned());
    }
    guard.finish()?;
    decision.changes = removable.iter().map(|key| Change::Remove { index: key.index }).collect();
    Ok(decision)
}
