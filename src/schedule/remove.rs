//! Removing keys at once.

use super::apply::apply;
use super::change::{Change, Decision};
use super::refusal::{Allowed, Guard, RefusalId, ScheduleError};
use super::{guard_clock, leaves_a_key, resolve, same_secret};
use crate::base::time::NumericDate;
use crate::keyset::{Key, KeyName, KeySet, Phase};

/// Removes the named keys. Refused for keys that may still verify tokens.
pub fn remove(
    keys: &KeySet,
    names: &[KeyName],
    now: NumericDate,
    allowed: &Allowed,
) -> Result<Decision, ScheduleError> {
    let found = resolve(keys, names)?;
    let mut guard = Guard::new(allowed);
    guard_clock(&mut guard, keys, now);
    let live: Vec<String> =
        found.iter().filter(|key| is_live(keys, key, now)).map(|key| key.name()).collect();
    if !live.is_empty() {
        let current = keys.current()?.map(|key| key.index);
        let leaves_current = found.iter().any(|key| current == Some(key.index));
        let replace = if leaves_current {
            ", and for the key in use `rotate --revoke` puts a new one in its place"
        } else {
            ""
        };
        let how = if keys.is_cloud {
            "with the next deploy. Once your backend has left it, the last of them has expired after a day; a leaked secret \
             is the reason not to wait"
                .to_owned()
        } else {
            format!(
                "at the restart. `retire` first and `prune` later is the safe way; a leaked secret is the reason not to \
                 wait{replace}"
            )
        };
        let (it, verb) = if live.len() == 1 { ("it", "verifies") } else { ("them", "verify") };
        guard.refuse(
            RefusalId::LiveKey,
            format!(
                "{} still {verb} tokens; whoever holds one signed with {it} would be locked out {how}",
                crate::base::text::list(&live)
            ),
        );
    }
    if !leaves_a_key(keys, &found, now, false) {
        guard
            .refuse(RefusalId::LastKey, "no key would be left, and every token would be rejected".to_owned());
    } else if let Some(current) = keys.current()?
        && found.iter().any(|key| key.index == current.index)
        && !has_successor(keys, &found, now)
    {
        guard.refuse(
            RefusalId::CurrentKey,
            format!(
                "{} is the current key, and no other could take its place. {}",
                current.name(),
                if keys.is_cloud {
                    "`add` another first"
                } else {
                    "`rotate --revoke` replaces and removes it in one write"
                }
            ),
        );
    }
    guard.finish()?;
    let changes = found.iter().map(|key| Change::Remove { index: key.index }).collect();
    Ok(Decision { changes, notes: what_stays(keys, &found), ..Decision::default() })
}

/// Keys that stay and matter to someone who removes a leaked secret.
fn what_stays(keys: &KeySet, gone: &[&Key]) -> Vec<String> {
    let stays = |key: &&Key| !gone.iter().any(|other| other.index == key.index);
    let mut notes = Vec::new();
    for key in gone {
        for same in same_secret(keys, key).into_iter().filter(stays) {
            notes.push(format!(
                "{} has the same secret as {} and goes on verifying",
                same.name(),
                key.name()
            ));
        }
        let first_is_gone =
            |other: &&Key| other.index > key.index && key.kid.value().is_some() && other.kid == key.kid;
        for woken in keys.keys().iter().filter(stays).filter(first_is_gone) {
            notes.push(format!(
                "@{} has the same kid, {}, and begins to verify now",
                woken.number(),
                key.name()
            ));
        }
    }
    notes
}

/// Whether tokens may be verified with a key: not if the service doesn't start with it, nor if a key before it has
/// the same kid.
#[must_use]
pub fn is_live(keys: &KeySet, key: &Key, now: NumericDate) -> bool {
    let is_shadowed = || {
        key.kid.value().is_some_and(|kid| {
            keys.keys().iter().any(|other| other.index < key.index && other.kid.value() == Some(kid))
        })
    };
    !is_over(keys, key, now) && !is_shadowed()
}

/// Whether a key's time is over, or never began.
pub(crate) fn is_over(keys: &KeySet, key: &Key, now: NumericDate) -> bool {
    match key.phase(now) {
        Phase::Unusable => true,
        // Whatever its date says, the current key is the one that is signed with.
        Phase::Removable { .. } => !keys.is_current(key),
        _ => false,
    }
}

/// Whether the key that would become current may be signed with.
fn has_successor(keys: &KeySet, gone: &[&Key], now: NumericDate) -> bool {
    let changes: Vec<Change> = gone.iter().map(|key| Change::Remove { index: key.index }).collect();
    let left = apply(keys, &changes, now);
    left.current().ok().flatten().is_some_and(|key| match key.phase(now) {
        Phase::Accepted => true,
        Phase::Standby { nbf } => nbf <= now,
        _ => false,
    })
}
