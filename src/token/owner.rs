//! Which key a secret belongs to.

use super::writing::{self, Writing};
use crate::keyset::{Key, KeySet, Secret};

/// A key, and how its secret was written.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'k> {
    /// The key.
    pub key: &'k Key,
    /// How.
    pub writing: Writing,
}

/// The first key that a secret belongs to, whichever way it is written. Compares in constant time.
#[must_use]
pub fn owner_of<'k>(keys: &'k KeySet, written: &Secret) -> Option<Owner<'k>> {
    let mut matches = Vec::new();
    for key in keys.keys() {
        let ways = key.secret().map(writing::of).unwrap_or_default();
        for (rank, (writing, secret)) in ways.iter().enumerate() {
            if secret.same_key(written) {
                matches.push((rank, Owner { key, writing: *writing }));
            }
        }
    }
    // A key's own bytes count before another's with a line break.
    matches.into_iter().min_by_key(|(rank, _)| *rank).map(|(_, owner)| owner)
}
