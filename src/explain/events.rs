//! What a change means for each key, found by comparing the keys before with the keys after.

use super::change::KeyChange;
use super::event::{EventKind, KeyEvent, Place, Replaced, Topic};
use super::logins::login_events;
use crate::base::time::NumericDate;
use crate::keyset::{Key, KeyRef, KeySet, Material, Member, Phase, origins};

/// What a change of the list means: additions first, then what happened to the keys that were there.
#[must_use]
pub fn events(old: &KeySet, new: &KeySet, now: NumericDate) -> Vec<KeyEvent> {
    let before = origins(old, new);
    let mut after: Vec<Option<&Key>> = vec![None; old.keys().len()];
    for (key, before) in new.keys().iter().zip(&before) {
        if let Some(before) = before {
            after[before.index] = Some(key);
        }
    }
    let old_current = old.current().ok().flatten();
    // Named as it is after the change, where it is still there: without a kid, its number has moved.
    let signing = old_current.map(|key| after[key.index].unwrap_or(key).reference());
    let is = new.current().ok().flatten();
    let mut events = Vec::new();
    for (key, _) in new.keys().iter().zip(&before).filter(|(_, before)| before.is_none()) {
        let kind = if new.is_shadowed(key) {
            EventKind::AddedHidden { number: key.number(), what: key.describe() }
        } else {
            added(key, (new, is), now, signing.as_ref())
        };
        events.push(event(key, kind));
    }
    let promoted = is.filter(|is| {
        let before = before[is.index].map(|key| key.index);
        before.is_some() && old_current.is_some_and(|was| before != Some(was.index))
    });
    // On Cloud, no key is signed with by its place.
    if let Some((key, signing)) = promoted.filter(|_| !new.is_cloud).zip(signing) {
        let was_leaving = before[key.index].is_some_and(|before| before.exp.value().is_some());
        let other_stays = old_current.is_some_and(|was| after[was.index].is_some());
        let kind = if was_leaving && other_stays {
            EventKind::RolledBack { signing }
        } else {
            EventKind::Promoted { signing }
        };
        events.push(event(key, kind));
    }
    for (before, after) in old.keys().iter().zip(&after) {
        let Some(after) = after else { continue };
        // What verified no token before and verifies none now is the same to everyone.
        let told_apart = !(old.is_shadowed(before) && new.is_shadowed(after));
        let other = told_apart.then(|| other_key(before, after)).flatten();
        let moved = || told_apart.then(|| moved(before, after)).flatten();
        // A promotion says what becomes of the dates.
        let is_promoted = promoted.is_some_and(|key| key.index == after.index);
        let told =
            other.or_else(|| if is_promoted { None } else { moved().or_else(|| dates(before, after)) });
        events.extend(told.map(|kind| event(after, kind)));
    }
    for (key, _) in old.keys().iter().zip(&after).filter(|(_, after)| after.is_none()) {
        events.push(event(key, EventKind::Removed { what: key.describe(), since: over(key, now) }));
    }
    events.extend(login_events(old, new));
    events
}

fn event(key: &Key, kind: EventKind) -> KeyEvent {
    KeyEvent { key: Topic::Key(key.reference()), kind }
}

/// Since when a key could be removed, if that is over.
fn over(key: &Key, now: NumericDate) -> Option<NumericDate> {
    match key.phase(now) {
        Phase::Removable { exp } => Some(exp),
        _ => None,
    }
}

fn added(
    key: &Key,
    (keys, current): (&KeySet, Option<&Key>),
    now: NumericDate,
    signing: Option<&KeyRef>,
) -> EventKind {
    if let Material::Unusable(fault) = key.material {
        return EventKind::AddedUnusable(fault);
    }
    let place = match (signing.cloned(), key.phase(now)) {
        (Some(signing), _) if current.is_some_and(|current| current.index == key.index) => {
            Place::Current { signing }
        }
        (Some(current), Phase::Standby { nbf }) => Place::Standby { current, not_before: Some(nbf) },
        (Some(current), _) if key.is_symmetric() => Place::Beside { current },
        _ => Place::Alone,
    };
    let state = keys.state_of(key, current, now);
    EventKind::Added { what: key.describe(), state, place }
}

/// A key that is the same, and whose secret is kept elsewhere.
fn moved(before: &Key, after: &Key) -> Option<EventKind> {
    let change = match (before.variable(), after.variable()) {
        (old, new) if old == new => return None,
        (_, Some(variable)) => KeyChange::MovedInto(variable.to_owned()),
        (old, None) => KeyChange::MovedFrom(old.unwrap_or_default().to_owned()),
    };
    Some(EventKind::Changed(change))
}

/// What became of the dates of a key that is the same.
fn dates(before: &Key, after: &Key) -> Option<EventKind> {
    Some(match (&before.exp, &after.exp) {
        (one, two) if one == two => {
            let is_same = before.nbf == after.nbf && before.iat == after.iat;
            return (!is_same).then_some(EventKind::Changed(KeyChange::Dates));
        }
        (before, Member::Value(exp)) => EventKind::Retired { exp: *exp, before: before.value().copied() },
        (_, Member::Absent) => EventKind::Unretired,
        _ => EventKind::Changed(KeyChange::Unreadable),
    })
}

/// What it means that the same kid verifies with something else, or may.
fn other_key(before: &Key, after: &Key) -> Option<EventKind> {
    let change = match (&before.material, &after.material) {
        (Material::Unusable(_), Material::Unusable(_)) => return None,
        (Material::Unusable(_), _) => KeyChange::Fixed,
        (_, Material::Unusable(fault)) => KeyChange::Broken(*fault),
        _ => match after.verifies_what(before) {
            Some(true) => return None,
            Some(false) => {
                return Some(EventKind::ReKeyed(match (before.hmac_alg(), after.hmac_alg()) {
                    (Some(old), Some(new)) if old != new => Replaced::Alg { new, old },
                    (Some(_), Some(_)) => Replaced::Secret,
                    _ => Replaced::Key,
                }));
            }
            None => match (before.variable(), after.variable()) {
                // Nothing to tell it by.
                (old, new) if old == new => return None,
                (Some(old), Some(new)) => KeyChange::ReadFrom { new: new.to_owned(), old: old.to_owned() },
                (_, Some(new)) => KeyChange::IntoVariable(new.to_owned()),
                (old, None) => KeyChange::IntoFile(old.unwrap_or_default().to_owned()),
            },
        },
    };
    Some(EventKind::Changed(change))
}
