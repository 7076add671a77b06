//! What a change means for each key, found by comparing the keys before with the keys after.

use std::collections::{HashMap, HashSet};

use super::logins::login_events;
use crate::base::time::NumericDate;
use crate::keyset::{Key, KeySet, Kid, Likeness, Material, Member, Stage, State};

/// What happened to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It got an `exp`, or another one.
    Retired {
        /// From when it may be removed.
        exp: NumericDate,
    },
    /// It lost its `exp`.
    Unretired,
    /// The same kid, another secret.
    ReKeyed,
    /// It is the current key now, in another's place.
    Promoted,
    /// Anything else about it.
    Changed,
}

impl EventKind {
    /// The word for it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Retired { .. } => "retired",
            Self::Unretired => "un-retired",
            Self::ReKeyed => "re-keyed",
            Self::Promoted => "promoted",
            Self::Changed => "changed",
        }
    }
}

/// One thing that happened, with its line for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEvent {
    /// What.
    pub kind: EventKind,
    /// The key, as people name it.
    pub key: String,
    /// In plain words, beginning with `+`, `-`, `~` or `!`.
    pub text: String,
}

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
    let signing = old_current.map(|key| after[key.index].unwrap_or(key).name());
    let new_current = new.current().ok().flatten();
    let (was_hidden, is_hidden) = (old.shadowed(), new.shadowed());
    let mut events = Vec::new();
    for (key, _) in new.keys().iter().zip(&before).filter(|(_, before)| before.is_none()) {
        let text = if is_hidden.contains(&key.index) {
            hidden(key)
        } else {
            added(key, new.state_of(key, new_current, now), signing.as_deref())
        };
        events.push(event(EventKind::Added, key, text));
    }
    if let (Some(was), Some(is)) = (old_current, new_current)
        && let Some(before) = before[is.index]
        && before.index != was.index
        // On Cloud, no key is signed with by its place.
        && !new.is_cloud
    {
        let text = format!(
            "~ promoted {}: it is the current key now; your backend signs with {} until you deploy the new kid and secret \
             to it",
            is.name(),
            signing.unwrap_or_default()
        );
        events.push(event(EventKind::Promoted, is, text));
    }
    for (before, after) in old.keys().iter().zip(&after) {
        let promoted = new_current.is_some_and(|current| after.is_some_and(|key| key.index == current.index))
            && old_current.is_some_and(|current| current.index != before.index);
        let Some(after) = after else { continue };
        // What verified no token before and verifies none now is the same to everyone.
        let told_apart = !(was_hidden.contains(&before.index) && is_hidden.contains(&after.index));
        let other = told_apart.then(|| other_key(before, after)).flatten();
        // A promotion says what becomes of the dates.
        let told = if promoted || other.is_some() { other } else { changed(before, after, told_apart) };
        events.extend(told.map(|(kind, text)| event(kind, after, text)));
    }
    for (key, _) in old.keys().iter().zip(&after).filter(|(_, after)| after.is_none()) {
        events.push(event(EventKind::Removed, key, format!("- removed {} ({})", key.name(), key.describe())));
    }
    events.extend(login_events(old, new));
    events
}

/// For each key of the old set, the place of what it is in the new one, if it is still there.
#[must_use]
pub fn counterparts(old: &KeySet, new: &KeySet) -> Vec<Option<usize>> {
    let mut all = vec![None; old.keys().len()];
    for (index, before) in origins(old, new).into_iter().enumerate() {
        if let Some(before) = before {
            all[before.index] = Some(index);
        }
    }
    all
}

fn event(kind: EventKind, key: &Key, text: String) -> KeyEvent {
    KeyEvent { kind, key: key.name(), text }
}

fn added(key: &Key, state: State, signing: Option<&str>) -> String {
    if let Material::Unusable(fault) = &key.material {
        return format!("! added {}: the service does not start with it: {fault}", key.name());
    }
    let what = format!("+ added {} ({}), {state}", key.name(), key.describe());
    match signing {
        Some(old) if matches!(state, State::Current(_)) => {
            format!("{what}; your backend signs with {old} until you deploy the new kid and secret to it")
        }
        Some(old) if state.stage() == Stage::Standby => {
            let nbf = key.nbf.value().map_or_else(String::new, |nbf| format!(", to be promoted from {nbf}"));
            format!("{what}{nbf}; {old} stays the current key")
        }
        Some(old) if key.is_symmetric() => format!("{what} beside the current key {old}"),
        _ => what,
    }
}

/// A key that the service never tries.
fn hidden(key: &Key) -> String {
    let (number, name) = (key.number(), key.name());
    format!(
        "+ added @{number} ({}), which never verifies a token: a key before it has the same kid, {name}",
        key.describe()
    )
}

/// What became of a key that is the same. `told_apart`: whether it matters which secret it has.
fn changed(before: &Key, after: &Key, told_apart: bool) -> Option<(EventKind, String)> {
    let name = after.name();
    if told_apart && before.variable() != after.variable() {
        let place = after.variable().map_or_else(
            || format!("from {} into the config, in clear", before.variable().unwrap_or_default()),
            |variable| format!("into {variable}"),
        );
        let text = format!("~ moved the secret of {name} {place}: it is the same key");
        return Some((EventKind::Changed, text));
    }
    match (&before.exp, &after.exp) {
        (one, two) if one == two => (before.nbf != after.nbf || before.iat != after.iat)
            .then(|| (EventKind::Changed, format!("~ changed {name}: its dates"))),
        (Member::Value(_), Member::Value(exp)) => Some((
            EventKind::Retired { exp: *exp },
            format!("~ retiring {name}: may now be removed from {exp}"),
        )),
        (_, Member::Value(exp)) => {
            Some((EventKind::Retired { exp: *exp }, format!("~ retiring {name}: may be removed from {exp}")))
        }
        (_, Member::Absent) => Some((EventKind::Unretired, format!("~ un-retired {name}: it stays"))),
        _ => Some((EventKind::Changed, format!("~ changed {name}"))),
    }
}

/// What it means that the same kid verifies with something else, or may.
fn other_key(before: &Key, after: &Key) -> Option<(EventKind, String)> {
    let name = after.name();
    match (&before.material, &after.material) {
        (Material::Unusable(_), Material::Unusable(_)) => None,
        (Material::Unusable(_), _) => {
            Some((EventKind::Changed, format!("~ changed {name}: the service starts with it now")))
        }
        (_, Material::Unusable(fault)) => Some((
            EventKind::Changed,
            format!("! changed {name}: the service does not start with it: {fault}"),
        )),
        _ if after.verifies_what(before) == Some(false) => {
            let what = match (before.hmac_alg(), after.hmac_alg()) {
                (Some(one), Some(two)) if one != two => format!("{two} in place of {one}"),
                (Some(_), Some(_)) => "another secret".to_owned(),
                _ => "another key".to_owned(),
            };
            Some((
                EventKind::ReKeyed,
                format!("! re-keyed {name}: same kid, {what}; its tokens fail at the restart"),
            ))
        }
        // The same key, or nothing to tell it by.
        _ if after.verifies_what(before) == Some(true) || before.variable() == after.variable() => None,
        _ => {
            let text = match (before.variable(), after.variable()) {
                (Some(one), Some(two)) => {
                    format!("~ changed {name}: its secret is read from {two} in place of {one}")
                }
                (_, Some(two)) => format!("~ changed {name}: its secret moved into the variable {two}"),
                (Some(one), _) => {
                    format!("! changed {name}: its secret was in {one}, and stands in the file now")
                }
                (None, None) => return None,
            };
            Some((EventKind::Changed, text))
        }
    }
}

/// Whether both are the same key, as far as can be seen.
fn same_secret(before: &Key, after: &Key) -> bool {
    let by_name = before.variable().is_some() && before.variable() == after.variable();
    let alike = || before.likeness().is_some() && before.likeness() == after.likeness();
    match (&before.material, &after.material) {
        (Material::Unusable(_), Material::Unusable(_)) => alike(),
        _ => after.verifies_what(before).unwrap_or(by_name),
    }
}

/// For each key of the new set, the one of the old set that it was: by kid, and where there is none, by secret.
fn origins<'k, 'n>(old: &'k KeySet, new: &'n KeySet) -> Vec<Option<&'k Key>> {
    let mut unclaimed: HashMap<Option<&Kid>, Vec<&Key>> = HashMap::new();
    for key in old.keys() {
        unclaimed.entry(key.kid.value()).or_default().push(key);
    }
    let mut seen = HashSet::new();
    let was = |key: &'n Key| claim(unclaimed.get_mut(&key.kid.value())?, key, &mut seen);
    let mut origins: Vec<Option<&Key>> = new.keys().iter().map(was).collect();
    claim_mended(old, new, &mut origins);
    origins
}

/// Takes what a key was out of the old keys of its kid.
fn claim<'k, 'n>(
    candidates: &mut Vec<&'k Key>,
    key: &'n Key,
    seen: &mut HashSet<&'n Kid>,
) -> Option<&'k Key> {
    let kid = key.kid.value();
    // The service takes the first of a kid: what tokens of that kid are verified with is that key, whatever stands behind.
    let is_first = kid.is_some_and(|kid| seen.insert(kid));
    let same = || candidates.iter().position(|old| same_secret(old, key) && old.kid == key.kid);
    let first = (!candidates.is_empty() && kid.is_some()).then_some(0);
    let at = if is_first { first } else { same().or(first) };
    at.map(|at| candidates.remove(at))
}

/// Entries that the service doesn't start with, or starts with now: a kid that can't be read names none of them.
fn claim_mended<'k>(old: &'k KeySet, new: &KeySet, origins: &mut [Option<&'k Key>]) {
    let is_broken = |key: &Key| matches!(key.material, Material::Unusable(_)) && key.kid.value().is_none();
    if !old.keys().iter().chain(new.keys()).any(is_broken) {
        return;
    }
    let claimed: HashSet<usize> = origins.iter().flatten().map(|key| key.index).collect();
    let mut left: HashMap<Likeness, Vec<&Key>> = HashMap::new();
    for key in old.keys().iter().filter(|key| !claimed.contains(&key.index)) {
        if let Some(likeness) = key.likeness() {
            left.entry(likeness).or_default().push(key);
        }
    }
    for (key, origin) in new.keys().iter().zip(origins).filter(|(_, origin)| origin.is_none()) {
        let Some(alike) = key.likeness().and_then(|likeness| left.get_mut(&likeness)) else { continue };
        let at = alike.iter().position(|old| is_broken(old) || is_broken(key));
        *origin = at.map(|at| alike.remove(at));
    }
}
