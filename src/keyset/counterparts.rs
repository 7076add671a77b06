//! Which key of an edited config is which key of the old one.

use std::collections::{HashMap, HashSet, VecDeque};

use super::{Fingerprint, HmacAlg, Key, KeySet, Kid, Material, Member, PublicNumbers, Secret};

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
pub(crate) fn origins<'k>(old: &'k KeySet, new: &'k KeySet) -> Vec<Option<&'k Key>> {
    let mut groups: HashMap<&Member<Kid>, Group<'_>> = HashMap::new();
    for key in old.keys() {
        groups.entry(&key.kid).or_default().keys.push(Some(key));
    }
    // The service takes the first of a kid: what tokens of that kid are verified with is that key, whatever follows.
    let was = |key: &'k Key| {
        let group = groups.get_mut(&key.kid)?;
        match key.kid.value() {
            None => group.claim_same(key),
            Some(_) if new.is_shadowed(key) => group.claim_same(key).or_else(|| group.claim_first()),
            Some(_) => group.claim_first(),
        }
    };
    let mut origins: Vec<Option<&Key>> = new.keys().iter().map(was).collect();
    claim_fixed(old, new, &mut origins);
    origins
}

/// The old keys of one kid.
#[derive(Default)]
struct Group<'k> {
    /// Those that no new key is yet.
    keys: Vec<Option<&'k Key>>,
    /// How many at the start are taken.
    taken: usize,
    /// Where the keys are that have something in common.
    places: Option<HashMap<Mark<'k>, VecDeque<usize>>>,
}

/// What a key may be found by.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Mark<'k> {
    Secret([u8; 32], Option<HmacAlg>),
    /// A variable whose value isn't known.
    Unknown(&'k str, Option<HmacAlg>),
    Variable(&'k str, Option<HmacAlg>),
    Numbers(&'k PublicNumbers),
    Fingerprint(Fingerprint),
}

const ALGS: [Option<HmacAlg>; 4] = [None, Some(HmacAlg::Hs256), Some(HmacAlg::Hs384), Some(HmacAlg::Hs512)];

impl<'k> Mark<'k> {
    /// What others find this key by.
    fn of(key: &'k Key) -> Vec<Self> {
        let alg = key.hmac_alg();
        match &key.material {
            Material::Symmetric { .. } => {
                let secret = key.secret().map(|secret| Self::Secret(secret.fingerprint(), alg));
                let unknown = key.variable().filter(|_| secret.is_none());
                let variable = key.variable().map(|name| Self::Variable(name, alg));
                secret
                    .into_iter()
                    .chain(variable)
                    .chain(unknown.map(|name| Self::Unknown(name, alg)))
                    .collect()
            }
            Material::Public(key) => key.numbers.iter().map(Self::Numbers).collect(),
            Material::Unusable(_) => key.fingerprint().map(Self::Fingerprint).into_iter().collect(),
        }
    }

    /// What it finds others by that are the same: those of the same algorithm, or of one that isn't known.
    fn sought(key: &'k Key) -> Vec<Self> {
        let alg = key.hmac_alg();
        let fits = |other: &Option<HmacAlg>| alg.is_none() || other.is_none() || *other == alg;
        let algs = ALGS.into_iter().filter(fits);
        match (&key.material, key.secret().map(Secret::fingerprint), key.variable()) {
            (Material::Symmetric { .. }, None, Some(name)) => {
                algs.map(|alg| Self::Variable(name, alg)).collect()
            }
            (Material::Symmetric { .. }, Some(secret), name) => {
                let unknown = move |alg| name.map(|name| Self::Unknown(name, alg));
                algs.flat_map(|alg| [Some(Self::Secret(secret, alg)), unknown(alg)]).flatten().collect()
            }
            _ => Self::of(key),
        }
    }
}

impl<'k> Group<'k> {
    /// The first that is left.
    fn claim_first(&mut self) -> Option<&'k Key> {
        while self.keys.get(self.taken).is_some_and(Option::is_none) {
            self.taken += 1;
        }
        self.keys.get_mut(self.taken)?.take()
    }

    /// The first that is left and the same.
    fn claim_same(&mut self, key: &'k Key) -> Option<&'k Key> {
        let keys = &self.keys;
        let places = self.places.get_or_insert_with(|| {
            let mut places: HashMap<Mark<'k>, VecDeque<usize>> = HashMap::new();
            for (place, key) in keys.iter().enumerate() {
                for mark in key.iter().flat_map(|key| Mark::of(key)) {
                    places.entry(mark).or_default().push_back(place);
                }
            }
            places
        });
        let first = |mark| {
            let places: &mut VecDeque<usize> = places.get_mut(&mark)?;
            while places.front().is_some_and(|place| keys[*place].is_none()) {
                places.pop_front();
            }
            let is_same = |place: &usize| keys[*place].is_some_and(|old| same_secret(old, key));
            places.iter().copied().find(is_same)
        };
        let place = Mark::sought(key).into_iter().filter_map(first).min()?;
        self.keys[place].take()
    }
}

/// Entries that the service doesn't start with, or starts with now: a kid that can't be read names none of them.
fn claim_fixed<'k>(old: &'k KeySet, new: &KeySet, origins: &mut [Option<&'k Key>]) {
    let is_broken = |key: &Key| matches!(key.material, Material::Unusable(_)) && key.kid.value().is_none();
    if !old.keys().iter().chain(new.keys()).any(is_broken) {
        return;
    }
    let claimed: HashSet<usize> = origins.iter().flatten().map(|key| key.index).collect();
    let mut left: HashMap<(Fingerprint, bool), VecDeque<&Key>> = HashMap::new();
    for key in old.keys().iter().filter(|key| !claimed.contains(&key.index)) {
        if let Some(fingerprint) = key.fingerprint() {
            left.entry((fingerprint, is_broken(key))).or_default().push_back(key);
        }
    }
    for (key, origin) in new.keys().iter().zip(origins).filter(|(_, origin)| origin.is_none()) {
        let Some(fingerprint) = key.fingerprint() else { continue };
        let first = |broken| Some((left.get(&(fingerprint, broken))?.front()?.index, broken));
        let sound = if is_broken(key) { first(false) } else { None };
        let Some((_, broken)) = first(true).into_iter().chain(sound).min() else { continue };
        *origin = left.get_mut(&(fingerprint, broken)).and_then(VecDeque::pop_front);
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
