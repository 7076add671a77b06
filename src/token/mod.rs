//! Tokens: minting them, and verifying them as the service does, with its order of checks, codes and messages.
//!
//! ```
//! use powersync_jwks::config::{Config, Input};
//! use powersync_jwks::keyset::KeySet;
//! use powersync_jwks::time::{NumericDate, Seconds};
//! use powersync_jwks::token::{Claims, Signer, Verdict, Verifier};
//!
//! let config = "storage: {type: mongodb}\nclient_auth:\n  audience: [app]\n  jwks:\n    keys:\n      \
//!               - {kty: oct, alg: HS256, kid: prod-1, k: c2VjcmV0LW9mLXRoZS1leGFtcGxlLXdpdGgtMzItYg}";
//! let keys = KeySet::read(&Config::parse_str(config, Input::Yaml)?);
//! let now = NumericDate::new(1_795_426_260).unwrap();
//!
//! let signer = Signer::new(&keys, None, now)?;
//! let claims = Claims::new("user-1", now, Seconds::hours(1))?.with_audience(vec!["app".to_owned()]);
//! let token = signer.sign(&claims)?;
//!
//! let verifier = Verifier::new(&keys)?;
//! assert!(matches!(verifier.verify(&token, now), Verdict::Accepted(_)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cause;
mod check;
mod claims;
pub(crate) mod found;
mod js;
pub(crate) mod jws;
pub(crate) mod nearest;
pub(crate) mod owner;
mod place;
mod public;
mod rejection;
mod signer;
mod signer_cause;
mod undetermined;
mod verifier;
mod writing;

pub use cause::{Cause, ClaimsCause, FormCause};
pub use claims::{Claims, InvalidClaims, read_claims};
pub(crate) use jws::claims_of;
pub(crate) use nearest::nearest_cause;
pub use owner::Owner;
pub(crate) use owner::{Ownership, SecretInput, ownership};
pub use place::{Behind, KeyPlace};
pub(crate) use rejection::SAFE_BYTES;
pub use rejection::{ClaimFault, Code, Malformed, Rejection};
pub use signer::{CannotSign, SignError, Signer};
pub use signer_cause::{HeaderKid, SignerCause};
pub use undetermined::{Undetermined, UnknownAudience, UnseenKey, Unverifiable};
pub use verifier::{Accepted, Verdict, Verifier};
pub use writing::{Form, Trailing, Writing};

use crate::keyset::HmacAlg;

fn hmac_algorithm(alg: HmacAlg) -> ring::hmac::Algorithm {
    match alg {
        HmacAlg::Hs256 => ring::hmac::HMAC_SHA256,
        HmacAlg::Hs384 => ring::hmac::HMAC_SHA384,
        HmacAlg::Hs512 => ring::hmac::HMAC_SHA512,
    }
}

/// Whole seconds as the numbers JavaScript reckons with.
#[expect(clippy::cast_precision_loss, reason = "a moment up to the year 9999 has 38 bits")]
fn seconds(seconds: i64) -> f64 {
    seconds as f64
}
