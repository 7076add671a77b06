//! Removing keys at once.

use super::apply::apply;
use super::change::Change;
use super::guard::{Guard, leaves_a_key};
use super::leaving::{leaves, leaving};
use super::outcome::{After, Effect, Note, Outcome};
use super::refusal::{Advice, Allowed, Hazard, RefusalId, ScheduleError};
use super::resolve::{resolve_all, same_secret};
use crate::base::time::NumericDate;
use crate::keyset::{Key, KeyName, KeyRef, KeySet, Phase};

/// What `remove` may refuse.
pub const REMOVE_REFUSALS: &[RefusalId] =
    &[RefusalId::LiveKey, RefusalId::LastKey, RefusalId::CurrentKey, RefusalId::Clock];

/// Removes the named keys. Refused for keys that may still verify tokens.
pub fn remove(
    keys: &KeySet,
    names: &[KeyName],
    now: NumericDate,
    allowed: &Allowed,
) -> Result<Outcome, ScheduleError> {
    let found = resolve_all(keys, names)?;
    let mut guard = Guard::new(REMOVE_REFUSALS, allowed);
    guard.clock(keys, now);
    let live: Vec<KeyRef> =
        found.iter().filter(|key| is_live(keys, key, now)).map(|key| key.reference()).collect();
    let leaves_none = !leaves_a_key(keys, &found, |key| key.phase(now).verifies());
    let current = keys.current()?.filter(|current| found.iter().any(|key| key.index == current.index));
    let advice = match current {
        _ if keys.is_cloud => Advice::Cloud,
        Some(_) => Advice::Replace,
        None => Advice::Retire,
    };
    if !live.is_empty() {
        guard.refuse(Hazard::KeysStillVerify { keys: live, advice });
    }
    if leaves_none {
        guard.refuse(Hazard::NoKeyLeft);
    } else if let Some(key) = current.filter(|_| !has_successor(keys, &found, now))
        && leaves(keys, &found, now).is_none()
    {
        guard.refuse(Hazard::CurrentRemoved { key: key.reference(), advice });
    }
    guard.finish()?;
    Ok(Outcome { notes: what_stays(keys, &found), ..removal(keys, &found, now) })
}

/// The changes that remove keys.
pub(super) fn removal(keys: &KeySet, gone: &[&Key], now: NumericDate) -> Outcome {
    let changes = removals(gone);
    let after = apply(keys, &changes, now);
    let leaves_current = gone.iter().any(|key| keys.is_current(key));
    // On Cloud, no key is signed with by its place.
    let successor = after.current().ok().flatten().filter(|_| leaves_current && !keys.is_cloud);
    let live = gone.iter().any(|key| is_live(keys, key, now));
    let successor = successor.map(|key| After(key.index));
    Outcome::new(Effect::Removed { live, successor }, changes)
}

fn removals(gone: &[&Key]) -> Vec<Change> {
    gone.iter().map(|key| Change::Remove { index: key.index }).collect()
}

/// Keys that stay and matter to someone who removes a leaked secret.
fn what_stays(keys: &KeySet, gone: &[&Key]) -> Vec<Note> {
    let stays = |key: &&Key| !gone.iter().any(|other| other.index == key.index);
    let mut notes = Vec::new();
    for key in gone {
        let gone = key.reference();
        for same in same_secret(keys, key).into_iter().filter(stays) {
            notes.push(Note::SameSecretStays { stays: same.reference(), gone: gone.clone() });
        }
        let first_is_gone =
            |other: &&Key| other.index > key.index && key.kid.value().is_some() && other.kid == key.kid;
        for woken in keys.keys().iter().filter(stays).filter(first_is_gone) {
            notes.push(Note::BeginsToVerify { number: woken.number(), kid: gone.clone() });
        }
    }
    notes
}

/// Whether tokens may be verified with a key: not if the service doesn't start with it, nor if a key before it has
/// the same kid.
#[must_use]
pub(crate) fn is_live(keys: &KeySet, key: &Key, now: NumericDate) -> bool {
    !is_over(keys, key, now) && !keys.is_shadowed(key)
}

/// Whether a key's time is over, or never began.
pub(crate) fn is_over(keys: &KeySet, key: &Key, now: NumericDate) -> bool {
    match key.phase(now) {
        Phase::Unusable => true,
        // Whatever its date says, the current key is the one that is signed with.
        Phase::Removable { .. } => !keys.is_current(key) || leaving(keys, now).is_some(),
        _ => false,
    }
}

/// Whether the key that would become current may be signed with.
fn has_successor(keys: &KeySet, gone: &[&Key], now: NumericDate) -> bool {
    let left = apply(keys, &removals(gone), now);
    left.current().ok().flatten().is_some_and(|key| match key.phase(now) {
        Phase::Accepted => true,
        Phase::Standby { nbf } => nbf <= now,
        _ => false,
    })
}
