//! Configs that a change moved to another file: each is compared with where it was.

use std::collections::HashSet;

use super::arguments::Global;
use super::shared;
use super::sides::Sides;
use super::source::Source;
use crate::config::Input;
use crate::keyset::Fingerprint;
use crate::store::Snapshot;

/// What tells whether two configs are for the same users: their keys and the addresses of others.
type Doors = HashSet<(String, Option<Fingerprint>)>;

/// Joins a config that is gone with the new one that shares most of its keys, if any does.
pub(crate) fn joined(sides: Vec<Sides>, global: &Global) -> Vec<Sides> {
    let (gone, stayed): (Vec<Sides>, Vec<Sides>) = sides.into_iter().partition(|side| side.new.is_none());
    let mut fresh: Vec<(Option<Doors>, Sides)> = Vec::new();
    for side in stayed {
        let is_new = side.old.is_none() && !gone.is_empty();
        let doors = is_new.then(|| doors(&side.source, global, side.new.as_ref(), side.input_new));
        fresh.push((doors, side));
    }
    let mut left = Vec::new();
    for side in gone {
        let was = doors(&side.source, global, side.old.as_ref(), side.input_old);
        let shared =
            |doors: &Option<Doors>| doors.as_ref().map_or(0, |doors| doors.intersection(&was).count());
        let best = fresh.iter_mut().filter(|(doors, _)| shared(doors) > 0);
        // Of several that share as much, the first.
        match best.rev().max_by_key(|(doors, _)| shared(doors)) {
            Some((doors, new)) => {
                *doors = None;
                new.from = format!("{}, there {}", side.from, side.name);
                (new.old, new.input_old) = (side.old, side.input_old);
                // Else a branch could choose the policy it is judged by, among those of the base.
                new.policy = side.policy;
                new.moved_from = Some(side.name);
            }
            None => left.push(side),
        }
    }
    left.extend(fresh.into_iter().map(|(_, side)| side));
    left.sort_by(|one, two| one.name.cmp(&two.name));
    left
}

/// `input`: how it is read where it isn't wrapped.
fn doors(source: &Source, global: &Global, text: Option<&Snapshot>, input: Input) -> Doors {
    let none = HashSet::new;
    let Some(keys) = text.and_then(|text| shared::keys(source, global, text, input)) else { return none() };
    let of_file = keys.keys().iter().map(|key| (key.name(), key.fingerprint()));
    of_file.chain(keys.logins.uris().map(|uri| (uri.address(), None))).collect()
}
