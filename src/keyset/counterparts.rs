//! Which key of an edited config is which key of the old one.

use std::collections::{HashMap, HashSet};

use super::{Fingerprint, Key, KeySet, Kid, Material};

/// For each key of the old set, the place of what it is in the new one, if it is still there.
pub(crate) fn counterparts(old: &KeySet, new: &KeySet) -> Vec<Option<usize>> {
    let mut all = vec![None; old.keys().len()];
    for (index, before) in origins(old, new).into_iter().enumerate() {
        if let Some(before) = before {
            all[before.index] = Some(index);
        }
    }
    all
}

/// For each key of the new set, the one of the old set that it was: by kid, and where there is none, by secret.
pub(crate) fn origins<'k, 'n>(old: &'k KeySet, new: &'n KeySet) -> Vec<Option<&'k Key>> {
    let mut unclaimed: HashMap<Option<&Kid>, Vec<&Key>> = HashMap::new();
    for key in old.keys() {
        unclaimed.entry(key.kid.value()).or_default().push(key);
    }
    let mut seen = HashSet::new();
    let was = |key: &'n Key| claim(unclaimed.get_mut(&key.kid.value())?, key, &mut seen);
    let mut origins: Vec<Option<&Key>> = new.keys().iter().map(was).collect();
    claim_fixed(old, new, &mut origins);
    origins
}

/// Takes what a key was out of the old keys of its kid.
fn claim<'k, 'n>(
    candidates: &mut Vec<&'k Key>,
    key: &'n Key,
    seen: &mut HashSet<&'n Kid>,
) -> Option<&'k Key> {
    let kid = key.kid.value();
    // The service takes the first of a kid: what tokens of that kid are verified with is that key, whatever follows.
    let is_first = kid.is_some_and(|kid| seen.insert(kid));
    let same = || candidates.iter().position(|old| same_secret(old, key) && old.kid == key.kid);
    let first = (!candidates.is_empty() && kid.is_some()).then_some(0);
    let at = if is_first { first } else { same().or(first) };
    at.map(|at| candidates.remove(at))
}

/// Entries that the service doesn't start with, or starts with now: a kid that can't be read names none of them.
fn claim_fixed<'k>(old: &'k KeySet, new: &KeySet, origins: &mut [Option<&'k Key>]) {
    let is_broken = |key: &Key| matches!(key.material, Material::Unusable(_)) && key.kid.value().is_none();
    if !old.keys().iter().chain(new.keys()).any(is_broken) {
        return;
    }
    let claimed: HashSet<usize> = origins.iter().flatten().map(|key| key.index).collect();
    let mut left: HashMap<Fingerprint, Vec<&Key>> = HashMap::new();
    for key in old.keys().iter().filter(|key| !claimed.contains(&key.index)) {
        if let Some(fingerprint) = key.fingerprint() {
            left.entry(fingerprint).or_default().push(key);
        }
    }
    for (key, origin) in new.keys().iter().zip(origins).filter(|(_, origin)| origin.is_none()) {
        let Some(alike) = key.fingerprint().and_then(|fingerprint| left.get_mut(&fingerprint)) else {
            continue;
        };
        let at = alike.iter().position(|old| is_broken(old) || is_broken(key));
        *origin = at.map(|at| alike.remove(at));
    }
}

/// Whether both are the same key, as far as can be seen.
fn same_secret(before: &Key, after: &Key) -> bool {
    let by_name = before.variable().is_some() && before.variable() == after.variable();
    let alike = || before.fingerprint().is_some() && before.fingerprint() == after.fingerprint();
    match (&before.material, &after.material) {
        (Material::Unusable(_), Material::Unusable(_)) => alike(),
        _ => after.verifies_what(before).unwrap_or(by_name),
    }
}
