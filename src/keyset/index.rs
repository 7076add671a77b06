//! What is asked of the keys again and again, worked out once.

use std::collections::HashMap;

use super::key::{HmacAlg, Key, Material};
use super::state::Undecidable;

/// Answers for each key, by its place.
#[derive(Clone, Debug)]
pub(super) struct Index {
    /// The current key.
    pub(super) current: Result<Option<usize>, Undecidable>,
    /// Whether some key's algorithm is HS256.
    pub(super) has_hs256: bool,
    /// How many keys have no kid.
    pub(super) wildcards: usize,
    /// The first key with the kid of this one.
    pub(super) first: Vec<usize>,
    /// Whether another key has its kid.
    pub(super) shared: Vec<bool>,
}

impl Index {
    pub(super) fn of(keys: &[Key]) -> Self {
        let (mut first, mut shared) = (Vec::with_capacity(keys.len()), vec![false; keys.len()]);
        let mut seen = HashMap::with_capacity(keys.len());
        for (index, key) in keys.iter().enumerate() {
            let before = key.kid.value().map_or(index, |kid| *seen.entry(kid).or_insert(index));
            if before < index {
                (shared[before], shared[index]) = (true, true);
            }
            first.push(before);
        }
        let has_hs256 = keys.iter().any(|key| key.hmac_alg() == Some(HmacAlg::Hs256));
        let wildcards = keys.iter().filter(|key| key.is_wildcard()).count();
        Self { current: current(keys), has_hs256, wildcards, first, shared }
    }
}

/// The first key with HS256; where there is none, the first HMAC key.
fn current(keys: &[Key]) -> Result<Option<usize>, Undecidable> {
    let mut first = None;
    for (index, key) in keys.iter().enumerate() {
        let Material::Symmetric { alg, .. } = &key.material else { continue };
        match key.needed("alg", alg)? {
            Some(HmacAlg::Hs256) => return Ok(Some(index)),
            _ => first = first.or(Some(index)),
        }
    }
    Ok(first)
}
