//! Rules about a change of a config, one a file.

pub(super) mod audience_removed;
pub(super) mod before_nbf;
pub(super) mod current_key_removed;
pub(super) mod kid_added;
pub(super) mod last_key_removed;
pub(super) mod login_removed;
pub(super) mod new_variable;
pub(super) mod overlap_cut;
pub(super) mod re_keyed;
pub(super) mod removed_early;
pub(super) mod secret_exposed;
pub(super) mod wildcard;

use std::collections::{HashMap, HashSet};

use super::finding::Found;
use super::rule::LookAtConfig;
use super::subject::{Subject, verifying};
use crate::base::time::NumericDate;
use crate::keyset::{Key, KeySet, Kid, counterparts};
use crate::schedule::is_over;

/// A config before and after a change. Both are judged at the same moment, under the policy of the new one.
pub struct Comparison<'a> {
    /// Before.
    pub(super) old: &'a Subject<'a>,
    /// After.
    pub(super) new: &'a Subject<'a>,
    /// For each old key, the place of what it is in the new config, if it is still there under its kid.
    counterparts: Vec<Option<usize>>,
    /// The old keys that verified tokens, by place.
    verified: HashSet<usize>,
    /// The new keys that verify tokens, by kid.
    exact: HashMap<&'a Kid, &'a Key>,
    /// The new keys whose secret is known, by it.
    by_secret: HashMap<[u8; 32], Vec<&'a Key>>,
    /// The new keys that can't be found by a secret: public ones, and those whose secret or algorithm isn't known.
    others: Vec<&'a Key>,
}

impl<'a> Comparison<'a> {
    /// Prepares to compare.
    #[must_use]
    pub fn new(old: &'a Subject<'a>, new: &'a Subject<'a>) -> Self {
        let mut comparison = Self {
            old,
            new,
            counterparts: counterparts(old.keys, new.keys),
            verified: verifying(old.keys).map(|key| key.index).collect(),
            exact: verifying(new.keys).filter_map(|key| Some((key.kid.value()?, key))).collect(),
            by_secret: HashMap::new(),
            others: Vec::new(),
        };
        for key in verifying(new.keys) {
            match key.secret().filter(|_| key.hmac_alg().is_some()) {
                Some(secret) => comparison.by_secret.entry(secret.fingerprint()).or_default().push(key),
                None => comparison.others.push(key),
            }
        }
        comparison
    }

    /// Each key of the old config with what it is in the new one, if it is still there under its kid.
    fn pairs(&self) -> impl Iterator<Item = (&'a Key, Option<&'a Key>)> {
        let (old, new) = (self.old.keys.keys(), self.new.keys.keys());
        old.iter().zip(&self.counterparts).map(|(key, index)| (key, index.map(|index| &new[index])))
    }

    /// Keys that are gone.
    pub(super) fn removed(&self) -> impl Iterator<Item = &'a Key> {
        self.pairs().filter(|(_, new)| new.is_none()).map(|(old, _)| old)
    }

    /// Keys that are new.
    pub(super) fn added(&self) -> impl Iterator<Item = &'a Key> {
        let stayed: HashSet<usize> = self.counterparts.iter().copied().flatten().collect();
        self.new.keys.keys().iter().filter(move |key| !stayed.contains(&key.index))
    }

    /// What a rule finds in the new config and didn't find in the old one. A config that is gone has no faults.
    pub(super) fn only_new(&self, look: LookAtConfig) -> Vec<Found> {
        let is_gone = self.new.doc().members(self.new.doc().root()).is_none_or(<[_]>::is_empty);
        if is_gone {
            return Vec::new();
        }
        let mut found = look(self.new);
        if !found.is_empty() {
            let before = look(self.old);
            let known: HashSet<(Option<usize>, &str)> = before.iter().map(Found::subject).collect();
            found.retain(|one| {
                let (entry, text) = one.subject();
                let before =
                    entry.map(|index| self.counterparts.iter().position(|after| *after == Some(index)));
                !before.map_or_else(
                    || known.contains(&(None, text)),
                    |at| at.is_some_and(|at| known.contains(&(Some(at), ""))),
                )
            });
        }
        found
    }

    /// What a key of the new config was in the old one.
    pub(super) fn origin(&self, key: &Key) -> Option<&'a Key> {
        let at = self.counterparts.iter().position(|index| *index == Some(key.index))?;
        self.old.keys.keys().get(at)
    }

    /// Whether tokens may be about that were verified with this key of the old config.
    fn had_tokens(&self, key: &Key) -> bool {
        self.verified.contains(&key.index) && !is_over(self.old.keys, key, self.now())
    }

    /// The variables that the old config didn't read.
    #[must_use]
    pub fn new_variables(&self) -> Vec<String> {
        let known = self.old.variables();
        self.new.variables().into_keys().filter(|name| !known.contains_key(name)).map(str::to_owned).collect()
    }

    fn now(&self) -> NumericDate {
        self.new.now
    }

    /// Whether the tokens that were verified with this key still are: an exact kid decides alone, else any key without
    /// one may (the service's rule). `None`: it depends on the values of variables.
    fn still_verified(&self, old: &Key) -> Option<bool> {
        if let Some(exact) = old.kid.value().and_then(|kid| self.exact.get(kid)) {
            return exact.verifies_what(old);
        }
        let known: Vec<Option<bool>> =
            self.candidates(old).filter(|key| key.is_wildcard()).map(|key| key.verifies_what(old)).collect();
        if known.contains(&Some(true)) { Some(true) } else { (!known.contains(&None)).then_some(false) }
    }

    /// The key of the new config with the secret of one that is gone.
    fn heir(&self, old: &Key) -> Option<&'a Key> {
        self.candidates(old).find(|key| key.verifies_what(old) == Some(true))
    }

    /// The new keys that may verify what an old one verified. Where the old secret isn't known, any may.
    fn candidates(&self, old: &Key) -> impl Iterator<Item = &'a Key> {
        let same = old.secret().and_then(|secret| self.by_secret.get(&secret.fingerprint()));
        let any = (old.is_symmetric() && old.secret().is_none()).then(|| self.by_secret.values().flatten());
        same.into_iter().flatten().chain(any.into_iter().flatten()).chain(&self.others).copied()
    }

    /// From when this key could have gone: its own date, else the overlap from now on.
    fn needed_until(&self, key: &Key) -> NumericDate {
        key.exp
            .value()
            .copied()
            .filter(|exp| *exp > self.now())
            .unwrap_or(self.now() + self.new.policy.overlap())
    }
}

/// The secrets that stand in both configs and can't be compared, since they are in variables: for each the key and the
/// variable.
#[must_use]
pub fn not_compared(comparison: &Comparison<'_>) -> Vec<String> {
    let unseen = |key: &Key| key.variable().filter(|_| key.secret().is_none()).map(str::to_owned);
    let mut told = Vec::new();
    for (old, new) in comparison.pairs() {
        let Some(new) = new else { continue };
        let what = match (unseen(old), unseen(new)) {
            (None, None) => continue,
            (Some(was), Some(is)) if was == is => format!("`!env {is}`"),
            (Some(was), Some(is)) => format!("`!env {was}` became `!env {is}`"),
            (None, Some(is)) => format!("it stood in the file, and is `!env {is}` now"),
            (Some(was), None) => format!("it was `!env {was}`, and stands in the file now"),
        };
        told.push(format!("secret not compared: kid {}, {what}", kid_of(new)));
    }
    told
}

fn kid_of(key: &Key) -> String {
    key.kid.value().map_or_else(|| format!("(none, @{})", key.number()), ToString::to_string)
}

/// Whether some key of a set verifies tokens.
fn has_keys(keys: &KeySet) -> bool {
    verifying(keys).next().is_some()
}
