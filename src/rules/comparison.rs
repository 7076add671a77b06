//! What rules about a change look at.

use std::collections::{HashMap, HashSet};

use super::inspected::{Inspected, verifying};
use crate::base::sentence::{Sentence, sentence};
use crate::base::time::NumericDate;
use crate::explain::{LockOut, Whose};
use crate::keyset::{
    Key, KeySet, Kid, Material, ObstacleKind, PublicKey, PublicNumbers, Startability, counterparts,
};
use crate::schedule::is_over;

/// A config before and after a change. Both are judged at the same moment, under the policy of the new one.
pub(crate) struct ConfigDiff<'a> {
    /// Before.
    pub(super) old: &'a Inspected<'a>,
    /// After.
    pub(super) new: &'a Inspected<'a>,
    /// For each old key, the place of what it is in the new config, if it is still there under its kid.
    counterparts: Vec<Option<usize>>,
    /// For each new key, the place of what it was in the old config, if it was there.
    origins: Vec<Option<usize>>,
    /// The old keys that verified tokens, by place.
    verified: HashSet<usize>,
    /// The new keys that verify tokens, by kid.
    exact: HashMap<&'a Kid, &'a Key>,
    candidates: Candidates<'a>,
}

impl<'a> ConfigDiff<'a> {
    /// Prepares to compare.
    #[must_use]
    pub(crate) fn new(old: &'a Inspected<'a>, new: &'a Inspected<'a>) -> Self {
        let counterparts = counterparts(old.keys, new.keys);
        let mut origins = vec![None; new.keys.keys().len()];
        for (before, after) in counterparts.iter().enumerate() {
            if let Some(after) = after {
                origins[*after] = Some(before);
            }
        }
        Self {
            old,
            new,
            counterparts,
            origins,
            verified: verifying(old.keys).map(|key| key.index).collect(),
            exact: verifying(new.keys).filter_map(|key| Some((key.kid.value()?, key))).collect(),
            candidates: Candidates::of(new.keys),
        }
    }

    /// The old config and the new one.
    #[must_use]
    pub(crate) fn sides(&self) -> (&'a Inspected<'a>, &'a Inspected<'a>) {
        (self.old, self.new)
    }

    /// Each key of the old config with what it is in the new one, if it is still there under its kid.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&'a Key, Option<&'a Key>)> {
        let (old, new) = (self.old.keys.keys(), self.new.keys.keys());
        old.iter().zip(&self.counterparts).map(|(key, index)| (key, index.map(|index| &new[index])))
    }

    /// Keys that are gone.
    pub(super) fn removed(&self) -> impl Iterator<Item = &'a Key> {
        self.pairs().filter(|(_, new)| new.is_none()).map(|(old, _)| old)
    }

    /// Keys that are new.
    pub(super) fn added(&self) -> impl Iterator<Item = &'a Key> {
        self.new.keys.keys().iter().filter(|key| self.origins[key.index].is_none())
    }

    /// Whether there is no new config: what is gone has no faults.
    pub(crate) fn is_deleted(&self) -> bool {
        self.new.doc().members(self.new.doc().root()).is_none_or(<[_]>::is_empty)
    }

    /// Whether there is no old config: what is there is new.
    #[must_use]
    pub(crate) fn is_new(&self) -> bool {
        self.old.doc().members(self.old.doc().root()).is_none_or(<[_]>::is_empty)
    }

    /// Whether the service doesn't start with the new config: with one of its keys, or for another reason that the old one
    /// didn't have.
    #[must_use]
    pub(crate) fn breaks_the_start(&self) -> bool {
        let Startability::Fails(new) = self.new.keys.startability() else { return false };
        let old = self.old.keys.check_start().err().map_or(Vec::new(), |old| old.0);
        let old: HashSet<&ObstacleKind> = old.iter().map(|before| &before.kind).collect();
        let is_new = |kind: &ObstacleKind| matches!(kind, ObstacleKind::Key { .. }) || !old.contains(kind);
        !self.is_deleted() && new.0.iter().any(|obstacle| is_new(&obstacle.kind))
    }

    /// The place in the old config of the key at this place in the new one.
    pub(super) fn place_before(&self, entry: usize) -> Option<usize> {
        self.origins.get(entry).copied().flatten()
    }

    /// The place in the new config of the key at this place in the old one.
    pub(super) fn place_after(&self, entry: usize) -> Option<usize> {
        self.counterparts.get(entry).copied().flatten()
    }

    /// What a key of the new config was in the old one.
    pub(super) fn origin(&self, key: &Key) -> Option<&'a Key> {
        self.old.keys.keys().get(self.place_before(key.index)?)
    }

    /// Whether tokens may be about that were verified with this key of the old config.
    pub(super) fn had_tokens(&self, key: &Key) -> bool {
        self.verified.contains(&key.index) && !is_over(self.old.keys, key, self.now())
    }

    /// The variables that the old config didn't read.
    #[must_use]
    pub(crate) fn new_variables(&self) -> Vec<String> {
        let known = self.old.variables();
        self.new.variables().into_keys().filter(|name| !known.contains_key(name)).map(str::to_owned).collect()
    }

    /// Tokens that are rejected from the next restart on, if they were signed before.
    pub(super) fn lock_out(&self, whose: Whose) -> LockOut {
        let until = Some(self.now() + self.new.policy.least_overlap());
        LockOut { until, ..LockOut::now(whose) }
    }

    pub(super) fn now(&self) -> NumericDate {
        self.new.now
    }

    /// Whether the tokens that were verified with this key still are: an exact kid decides alone, else any key without
    /// one may (the service's rule). `None`: it depends on the values of variables.
    pub(super) fn still_verified(&self, old: &Key) -> Option<bool> {
        if let Some(exact) = old.kid.value().and_then(|kid| self.exact.get(kid)) {
            return exact.verifies_what(old);
        }
        let known: Vec<Option<bool>> = self
            .candidates
            .may_verify(old)
            .filter(|key| key.is_wildcard())
            .map(|key| key.verifies_what(old))
            .collect();
        if known.contains(&Some(true)) { Some(true) } else { (!known.contains(&None)).then_some(false) }
    }

    /// The key of the new config with the secret of one that is gone.
    pub(super) fn successor(&self, old: &Key) -> Option<&'a Key> {
        self.candidates.may_verify(old).find(|key| key.verifies_what(old) == Some(true))
    }

    /// From when this key could have gone: its own date, else the overlap from now on.
    pub(super) fn needed_until(&self, key: &Key) -> NumericDate {
        key.exp
            .value()
            .copied()
            .filter(|exp| *exp > self.now())
            .unwrap_or(self.now() + self.new.policy.overlap())
    }
}

/// The keys that verify tokens, by what they verify with: of those that are the same to all others, the first.
#[derive(Default)]
struct Candidates<'a> {
    by_secret: HashMap<[u8; 32], Vec<&'a Key>>,
    by_numbers: HashMap<&'a PublicNumbers, Vec<&'a Key>>,
    /// With a secret or numbers that are known: for keys whose own isn't.
    any: Vec<&'a Key>,
    /// With a secret or numbers that aren't known.
    unknown: Vec<&'a Key>,
}

impl<'a> Candidates<'a> {
    fn of(keys: &'a KeySet) -> Self {
        let mut all = Self::default();
        for key in verifying(keys) {
            match (&key.material, key.secret()) {
                (_, Some(secret)) => {
                    push_other(all.by_secret.entry(secret.fingerprint()).or_default(), key);
                    push_other(&mut all.any, key);
                }
                (Material::Public(PublicKey { numbers: Some(numbers), .. }), _) => {
                    push_other(all.by_numbers.entry(numbers).or_default(), key);
                    push_other(&mut all.any, key);
                }
                _ => push_other(&mut all.unknown, key),
            }
        }
        all
    }

    /// The keys that may verify what this one verified. Where its secret isn't known, any may.
    fn may_verify(&self, old: &Key) -> impl Iterator<Item = &'a Key> {
        let same = match (&old.material, old.secret()) {
            (_, Some(secret)) => self.by_secret.get(&secret.fingerprint()),
            (Material::Public(PublicKey { numbers: Some(numbers), .. }), _) => self.by_numbers.get(numbers),
            _ => Some(&self.any),
        };
        same.into_iter().flatten().chain(&self.unknown).copied()
    }
}

/// Adds a key, unless one is there that is the same but for what it is listed by.
fn push_other<'a>(keys: &mut Vec<&'a Key>, key: &'a Key) {
    let kind = |key: &Key| (key.is_wildcard(), key.is_symmetric(), key.alg_text());
    if !keys.iter().any(|other| kind(other) == kind(key)) {
        keys.push(key);
    }
}

/// A secret that is in both configs and can't be compared, since it is in a variable.
pub(crate) struct NotCompared {
    /// The key: its kid, or its number where it has none.
    key: Result<String, usize>,
    /// The variable before, where it was in one.
    was: Option<String>,
    /// The variable now, where it is in one.
    is: Option<String>,
}

impl NotCompared {
    /// For people.
    #[must_use]
    pub(crate) fn message(&self) -> Sentence {
        let kid = match &self.key {
            Ok(kid) => kid.clone(),
            Err(number) => format!("(none, @{number})"),
        };
        let head = format!("secret not compared: kid {kid}");
        match (&self.was, &self.is) {
            (Some(was), Some(is)) if was != is => sentence!("{head}, `!env {was}` became `!env {is}`"),
            (None, Some(is)) => sentence!("{head}, it was in the file and is now `!env {is}`"),
            (Some(was), None) => sentence!("{head}, it was `!env {was}` and is now in the file"),
            (was, _) => sentence!("{head}, `!env {}`", was.as_deref().unwrap_or_default()),
        }
    }
}

/// The secrets that can't be compared.
#[must_use]
pub(crate) fn not_compared(comparison: &ConfigDiff<'_>) -> Vec<NotCompared> {
    let unseen = |key: &Key| key.variable().filter(|_| key.secret().is_none()).map(str::to_owned);
    let both = comparison.pairs().filter_map(|(old, new)| {
        let (new, was) = (new?, unseen(old));
        let is = unseen(new);
        (was.is_some() || is.is_some()).then(|| NotCompared {
            key: new.kid.value().map(ToString::to_string).ok_or(new.number()),
            was,
            is,
        })
    });
    both.collect()
}

/// Whether some key of a set verifies tokens.
pub(super) fn has_keys(keys: &KeySet) -> bool {
    verifying(keys).next().is_some()
}
