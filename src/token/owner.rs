//! Which key a secret belongs to.

use zeroize::Zeroizing;

use super::undetermined::{Undetermined, UnseenKey};
use super::writing::{self, Trailing, Writing};
use crate::base::sentence::Sentence;
use crate::keyset::{Key, KeySet, Secret};

/// A key, and how its secret was written.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'k> {
    /// The key.
    pub key: &'k Key,
    /// How.
    pub writing: Writing,
}

/// Whose secret it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ownership<'k> {
    /// That of a key of the config.
    Key(Owner<'k>),
    /// That of a key of an earlier config.
    Removed(Owner<'k>),
    /// That of no key.
    Nobody,
}

/// Where a secret comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecretInput {
    /// A file or a pipe, which ends in a newline that is not part of it.
    File,
    /// A variable, which has nothing behind it.
    Variable,
}

impl Owner<'_> {
    /// How the secret is written.
    #[must_use]
    pub(crate) fn message(&self) -> Sentence {
        self.writing.words().0
    }

    /// What a backend has to do with it.
    #[must_use]
    pub(crate) fn advice(&self) -> Sentence {
        self.writing.words().1
    }
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
    // A key's own bytes count before another's with a newline.
    matches.into_iter().min_by_key(|(rank, _)| *rank).map(|(_, owner)| owner)
}

/// Whose secret it is: one of a config's keys, or of the earlier config's. Of a file, only what is before its last newline
/// is asked about.
pub(crate) fn ownership<'k>(
    keys: &'k KeySet,
    removed: Option<&'k KeySet>,
    secret: &Secret,
    input: SecretInput,
) -> Result<Ownership<'k>, Undetermined> {
    let is_file = input == SecretInput::File;
    let end = secret.bytes().iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |at| at + 1);
    let trimmed = Secret::new(Zeroizing::new(secret.bytes()[..end].to_vec()));
    let owner = |keys| {
        let whole =
            owner_of(keys, secret).filter(|owner| !is_file || owner.writing.trailing == Trailing::None);
        whole.or_else(|| owner_of(keys, &trimmed).filter(|_| is_file))
    };
    if let Some(owner) = owner(keys) {
        return Ok(Ownership::Key(owner));
    }
    if let Some(owner) = removed.and_then(owner) {
        return Ok(Ownership::Removed(owner));
    }
    let unseen = UnseenKey::all(keys);
    if unseen.is_empty() { Ok(Ownership::Nobody) } else { Err(Undetermined::Owner(unseen)) }
}
