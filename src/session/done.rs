//! What changes of a key set come to, in the terms of the next steps.

use std::collections::HashSet;

use crate::base::time::NumericDate;
use crate::explain::Done;
use crate::keyset::{Key, KeySet};
use crate::schedule::{Change, is_live};

/// What was done, in the terms of the next steps.
pub(crate) fn done<'k>(changes: &[Change], old: &'k KeySet, new: &'k KeySet, now: NumericDate) -> Done<'k> {
    let current = old.current().ok().flatten();
    let removed: HashSet<usize> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Remove { index } => Some(*index),
            _ => None,
        })
        .collect();
    let added = changes.iter().find_map(|change| match change {
        Change::Add { key, at, nbf } => {
            let new_key = new.keys().iter().find(|other| other.kid.value() == Some(&key.kid))?;
            Some((new_key, *at, *nbf))
        }
        _ => None,
    });
    if let Some((key, at, nbf)) = added {
        return match (nbf, current) {
            (Some(nbf), _) => Done::Waits { new: key, nbf, current },
            (None, Some(gone)) if at == 0 && removed.contains(&gone.index) => {
                Done::Revoked { new: key, gone }
            }
            // The new key stands before it now.
            (None, was) if at == 0 => {
                Done::Rotated { new: key, outgoing: was.and_then(|was| new.keys().get(was.index + 1)) }
            }
            (None, _) => Done::Added { new: key, current: new.is_current(key) },
        };
    }
    if let Some(index) = changes.iter().find_map(|change| match change {
        Change::Promote { index } => Some(*index),
        _ => None,
    }) && let Some(key) = new.keys().first()
    {
        // What stood before the promoted key stands one place further back now.
        let moved = |was: &Key| was.index + usize::from(was.index < index);
        return Done::Promoted { key, outgoing: current.and_then(|was| new.keys().get(moved(was))) };
    }
    if let Some(index) = changes.iter().find_map(|change| match change {
        Change::MoveSecret { index, .. } => Some(*index),
        _ => None,
    }) && let Some(key) = new.keys().get(index)
    {
        return Done::Moved(key);
    }
    let latest = changes.iter().filter_map(|change| match change {
        Change::Retire { exp, .. } => Some(*exp),
        _ => None,
    });
    if let Some(exp) = latest.max() {
        return Done::Retired(exp);
    }
    if changes.iter().any(|change| matches!(change, Change::Unretire { .. })) {
        return Done::Unretired;
    }
    if changes.iter().all(|change| matches!(change, Change::Respell { .. })) {
        return Done::Respelled;
    }
    if changes.iter().all(|change| matches!(change, Change::Assume { .. })) {
        return Done::Noted;
    }
    let gone = |key: &Key| removed.contains(&key.index);
    Done::Removed {
        live: old.keys().iter().any(|key| gone(key) && is_live(old, key, now)),
        // On Cloud, no key is signed with by its place.
        successor: current
            .filter(|was| gone(was) && !old.is_cloud)
            .and_then(|_| new.current().ok().flatten()),
    }
}
