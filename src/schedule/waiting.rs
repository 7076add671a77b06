//! Keys that wait to be promoted.

use crate::base::sentence::{Sentence, sentence};
use crate::base::time::NumericDate;
use crate::keyset::{HmacAlg, Key, KeyRef, KeySet, Phase, Undecidable};

/// The keys that wait to be promoted, and from when they may be, the earliest first.
pub(super) fn standbys(keys: &KeySet, now: NumericDate) -> Result<Vec<(&Key, NumericDate)>, Undecidable> {
    let current = keys.current()?;
    let mut waiting = Vec::new();
    for key in keys.keys().iter().filter(|key| key.is_symmetric() && !key.nbf.is_absent()) {
        key.needed("exp", &key.exp)?;
        key.needed("nbf", &key.nbf)?;
        if let Phase::Standby { nbf } = key.phase(now)
            && current.is_none_or(|current| current.index != key.index)
        {
            waiting.push((key, nbf));
        }
    }
    waiting.sort_by_key(|(key, nbf)| (*nbf, key.index));
    Ok(waiting)
}

/// Those of them with which a rotation is under way: one that is never promoted by itself holds nothing up.
pub(super) fn under_way(keys: &KeySet, now: NumericDate) -> Result<Vec<(&Key, NumericDate)>, Undecidable> {
    let Some(current) = keys.current()? else { return Ok(Vec::new()) };
    let mut waiting = standbys(keys, now)?;
    waiting.retain(|(key, _)| never_promoted(keys, key, current).is_none());
    Ok(waiting)
}

/// Why a waiting key is never promoted by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NeverPromoted {
    /// Its kid is duplicated.
    SharedKid(KeyRef),
    /// A key with HS256 stays the current one, whatever the order.
    NotHs256(KeyRef),
    /// It isn't newer than the current key, the second one.
    NotNewer(KeyRef, KeyRef),
}

impl NeverPromoted {
    pub(crate) fn message(&self) -> Sentence {
        match self {
            Self::SharedKid(key) => {
                sentence!("{key} waits, but its kid is duplicated, so it is never promoted by itself")
            }
            Self::NotHs256(key) => {
                sentence!("{key} waits, but its algorithm isn't HS256, so it is never promoted by itself")
            }
            Self::NotNewer(key, current) => sentence!(
                "{key} waits, but it is not newer than {current} by its `iat`, so it is never promoted by itself"
            ),
        }
    }
}

/// Why a waiting key is never promoted by itself, if it isn't.
#[must_use]
pub(crate) fn never_promoted(keys: &KeySet, key: &Key, current: &Key) -> Option<NeverPromoted> {
    if keys.shares_kid(key) {
        Some(NeverPromoted::SharedKid(key.reference()))
    } else if !becomes_current(keys, key) {
        Some(NeverPromoted::NotHs256(key.reference()))
    } else if !is_newer(key, current) {
        Some(NeverPromoted::NotNewer(key.reference(), current.reference()))
    } else {
        None
    }
}

/// Whether its `iat` is later than the other's. A current key without one is older than any that has one; of a key
/// without one that is unknown.
pub(super) fn is_newer(key: &Key, current: &Key) -> bool {
    match (key.iat.value(), current.iat.value()) {
        (Some(one), Some(two)) => one > two,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// The first HS256 key is current, wherever it is: a key of another algorithm can't take its place.
pub(super) fn becomes_current(keys: &KeySet, key: &Key) -> bool {
    key.hmac_alg() == Some(HmacAlg::Hs256) || !keys.has_hs256()
}
