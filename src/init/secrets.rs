//! What is generated for a new config.

use zeroize::Zeroizing;

use crate::base::random::{Random, RandomError};
use crate::base::time::NumericDate;
use crate::keyset::{HmacAlg, Kid, Secret};

/// The names of a new key.
#[derive(Clone, Debug)]
pub(crate) struct FirstKey {
    /// Its id.
    pub kid: Kid,
    /// When it was made.
    pub made: NumericDate,
}

/// The texts of all generated secrets. Not `Debug`.
pub(crate) struct Secrets {
    /// The `k` of the first key: 256 bits, base64url.
    pub key: Zeroizing<String>,
    /// The token for the admin API.
    pub token: Zeroizing<String>,
    /// The password of the storage database that Compose runs.
    pub storage_password: Zeroizing<String>,
}

impl Secrets {
    /// Fresh ones.
    pub(crate) fn fresh(random: &dyn Random) -> Result<Self, RandomError> {
        Ok(Self {
            key: fresh_text(HmacAlg::Hs256.hash_length(), random)?,
            token: fresh_text(32, random)?,
            storage_password: fresh_text(32, random)?,
        })
    }

    /// What people see in their place.
    #[must_use]
    pub(crate) fn shown() -> Self {
        let numbered = |number: u8| Zeroizing::new(format!("‹secret {number}›"));
        Self { key: numbered(1), token: numbered(2), storage_password: numbered(3) }
    }
}

/// That many random bytes as base64url: letters, digits, `-` and `_`, which need no quotes anywhere.
pub(super) fn fresh_text(length: usize, random: &dyn Random) -> Result<Zeroizing<String>, RandomError> {
    Ok(Secret::fresh(length, random)?.to_base64url())
}
