//! Which keys are meant.

use super::refusal::ScheduleError;
use crate::keyset::{Key, KeyName, KeySet};

/// The key that a name stands for. A kid that is duplicated names no key.
pub(super) fn resolve<'k>(keys: &'k KeySet, name: &KeyName) -> Result<&'k Key, ScheduleError> {
    match keys.named(name).as_slice() {
        [key] => Ok(key),
        [] => {
            let known = keys.keys().iter().map(Key::reference).collect();
            Err(ScheduleError::UnknownKey(name.clone(), known))
        }
        several => {
            let numbers = several.iter().map(|key| key.number()).collect();
            Err(ScheduleError::AmbiguousKid(name.clone(), numbers))
        }
    }
}

/// The keys that names stand for, each once, in the order of the file.
pub(super) fn resolve_all<'k>(keys: &'k KeySet, names: &[KeyName]) -> Result<Vec<&'k Key>, ScheduleError> {
    let mut found = names.iter().map(|name| resolve(keys, name)).collect::<Result<Vec<_>, _>>()?;
    found.sort_by_key(|key| key.index);
    found.dedup_by_key(|key| key.index);
    Ok(found)
}

/// The other keys of the file with the same secret, or the same variable: who has one has all.
pub(super) fn same_secret<'k>(keys: &'k KeySet, key: &Key) -> Vec<&'k Key> {
    let same = |other: &&Key| {
        let secrets = other.secret().zip(key.secret()).is_some_and(|(a, b)| a.same_key(b));
        let variables = other.variable().is_some_and(|name| key.variable() == Some(name));
        other.index != key.index && (secrets || variables)
    };
    keys.keys().iter().filter(same).collect()
}
