//! Leaving shared secrets: users log in in another way, and the last secret goes without another in its place.

use crate::base::sentence::{Sentence, sentence};
use crate::base::text::list;
use crate::base::time::NumericDate;
use crate::keyset::{Key, KeyRef, KeySet, Login};

/// The last shared secret on its way out, and what users log in with instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// The key that is current.
    pub(crate) key: KeyRef,
    /// The ways in that are left, as people name them.
    pub(crate) ways: Vec<String>,
}

impl Leaving {
    /// Why no new secret is made then.
    pub(super) fn refusal(&self) -> Sentence {
        sentence!(
            "{}, the last shared secret, was retired, and users log in with {}: a new one would keep the second way in. If \
             shared secrets are to go, leave it to `prune`; if they are to stay, first `retire --undo {}`",
            self.key,
            list(&self.ways),
            self.key.argument()
        )
    }
}

/// The ways in that need no shared secret, without the keys that go: none, where something keeps the service from
/// starting, or where every token of theirs is rejected.
fn other_ways(keys: &KeySet, gone: &[&Key], now: NumericDate) -> Vec<String> {
    if keys.check_start().is_err() {
        return Vec::new();
    }
    let is_left = |key: &&Key| !gone.iter().any(|other| other.index == key.index);
    let has_audience = keys.audience == crate::config::Audience::Set;
    let public = keys
        .keys()
        .iter()
        .filter(is_left)
        .filter(|key| key.is_public() && key.phase(now).stays() && has_audience);
    let public = public.map(|key| format!("the public key {}", key.name()));
    keys.logins.working(keys.audience).map(Login::name).chain(public).collect()
}

/// What leaves if these keys go: the current key, where no other shared secret stays and another way in works.
pub(super) fn leaves(keys: &KeySet, gone: &[&Key], now: NumericDate) -> Option<Leaving> {
    let current = keys.current().ok().flatten()?;
    let goes = |key: &Key| gone.iter().any(|other| other.index == key.index);
    let another = keys.keys().iter().any(|key| key.is_symmetric() && !goes(key) && key.phase(now).stays());
    if !goes(current) || another {
        return None;
    }
    let ways = other_ways(keys, gone, now);
    (!ways.is_empty()).then(|| Leaving { key: current.reference(), ways })
}

/// Whether the last shared secret is on its way out already, on purpose: another way in works.
#[must_use]
pub fn leaving(keys: &KeySet, now: NumericDate) -> Option<Leaving> {
    let going: Vec<&Key> =
        keys.keys().iter().filter(|key| key.is_symmetric() && key.exp.value().is_some()).collect();
    if keys.is_cloud { None } else { leaves(keys, &going, now) }
}
