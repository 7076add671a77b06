//! Changes carried out on a key set in memory, to look ahead without a file.

use super::change::{Change, NewKey, SecretForm};
use crate::base::time::NumericDate;
use crate::keyset::{Key, KeySet, Known, Material, Member, Secret, SecretSource, strength};

/// The key set as the file would read after these changes, made now.
#[must_use]
pub fn apply(keys: &KeySet, changes: &[Change], now: NumericDate) -> KeySet {
    apply_traced(keys, changes, now).0
}

/// The same, and where each key was before; `None` for a new one.
pub(super) fn apply_traced(
    keys: &KeySet,
    changes: &[Change],
    now: NumericDate,
) -> (KeySet, Vec<Option<usize>>) {
    let mut all: Vec<Option<Traced>> =
        keys.keys().iter().map(|key| Some((Some(key.index), key.clone()))).collect();
    let (mut added, mut first) = (None, None);
    for change in changes {
        match change {
            // Another way to write the same key.
            Change::Rewrite { .. } => {}
            Change::Add { key, at, nbf } => added = Some((*at, (None, new_key(key, *nbf, now)))),
            Change::Retire { index, exp } => edit(&mut all, *index, |key| key.exp = Member::Value(*exp)),
            Change::Assume { index, iat } => edit(&mut all, *index, |key| key.iat = Member::Value(*iat)),
            Change::Unretire { index } => edit(&mut all, *index, unschedule),
            Change::MoveSecret { index, to, k } => {
                let known = Known {
                    secret: Secret::decode_as_service(&k.0),
                    weakness: strength::weakness_of_k(&k.0),
                };
                edit(&mut all, *index, |key| {
                    if let Material::Symmetric { secret, .. } = &mut key.material {
                        *secret = source(to, known);
                    }
                });
            }
            Change::Promote { index } => {
                edit(&mut all, *index, unschedule);
                first = Some(*index);
            }
            Change::Remove { index } => all[*index] = None,
        }
    }
    let first = first.and_then(|index| all[index].take());
    if let Some((at, key)) = added {
        all.insert(at.min(all.len()), Some(key));
    }
    let (origins, all) = first.into_iter().chain(all.into_iter().flatten()).unzip();
    (keys.with_keys(all), origins)
}

/// A key, and where it was before.
type Traced = (Option<usize>, Key);

fn edit(all: &mut [Option<Traced>], index: usize, change: impl FnOnce(&mut Key)) {
    if let Some((_, key)) = all[index].as_mut() {
        change(key);
    }
}

fn unschedule(key: &mut Key) {
    key.nbf = Member::Absent;
    key.exp = Member::Absent;
}

fn source(form: &SecretForm, known: Known) -> SecretSource {
    match form.variable() {
        None => SecretSource::Inline(known),
        Some(name) => SecretSource::Variable { name: name.to_owned(), known: Some(known) },
    }
}

fn new_key(key: &NewKey, nbf: Option<NumericDate>, now: NumericDate) -> Key {
    let known = Known { secret: key.secret.clone(), weakness: strength::weakness(&key.secret) };
    let secret = source(&key.form, known);
    Key {
        index: 0,
        line: 0,
        kid: key.kid.clone().map_or(Member::Absent, Member::Value),
        material: Material::Symmetric { alg: Member::Value(key.alg), secret },
        iat: Member::Value(key.iat.unwrap_or(now)),
        nbf: nbf.map_or(Member::Absent, Member::Value),
        exp: Member::Absent,
        fingerprint: None,
    }
}
