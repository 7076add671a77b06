//! Signatures of RSA, EC and OKP keys, as far as `ring` verifies them.

use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaPublicKeyComponents, UnparsedPublicKey,
    VerificationAlgorithm,
};

use super::undetermined::Unverifiable;
use crate::keyset::{PublicKey, PublicNumbers};

/// What came of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SignatureCheck {
    Good,
    Bad,
    /// The service can't use the key for this: its message.
    Useless(String),
    /// It can't be checked here: why.
    NotChecked(Unverifiable),
}

impl PublicKey {
    /// Whether the service takes tokens of this algorithm for it. `None`: that can't be determined.
    pub(super) fn takes(&self, alg: &str) -> Option<bool> {
        match (&self.alg, self.kty) {
            (Some(own), _) => Some(own == alg),
            (None, "RSA") => Some(alg.starts_with("RS")),
            (None, _) => None,
        }
    }

    /// Checks a signature with an algorithm that the key takes.
    pub(super) fn verify(&self, alg: &str, signed: &[u8], signature: &[u8]) -> SignatureCheck {
        let variable = || SignatureCheck::NotChecked(Unverifiable::Variables("public key"));
        match &self.numbers {
            Some(PublicNumbers::Rsa { n, e }) => rsa(alg, self.bits.unwrap_or(0), n, e, signed, signature),
            Some(PublicNumbers::Ec { x, y }) => {
                let Some(crv) = &self.crv else { return variable() };
                ec(alg, crv, x, y, signed, signature)
            }
            Some(PublicNumbers::Okp { x }) => match self.crv.as_deref() {
                Some("Ed25519") => with(&ED25519, x, signed, signature),
                Some(crv) => SignatureCheck::NotChecked(Unverifiable::Unsupported(crv.to_owned())),
                None => variable(),
            },
            None => variable(),
        }
    }
}

fn rsa(alg: &str, bits: usize, n: &[u8], e: &[u8], signed: &[u8], signature: &[u8]) -> SignatureCheck {
    if bits < 2048 {
        return SignatureCheck::Useless(format!(
            "{alg} requires key modulusLength to be 2048 bits or larger"
        ));
    }
    let (n, e) = (without_zeros(n), without_zeros(e));
    // What `ring` takes: up to 8192 bits, and an odd exponent from 3 of up to 33 bits.
    let exponent = e.iter().try_fold(0_u64, |sum, byte| sum.checked_mul(256)?.checked_add(u64::from(*byte)));
    if bits > 8192 || exponent.is_none_or(|e| e % 2 == 0 || !(3..1 << 33).contains(&e)) {
        return SignatureCheck::NotChecked(Unverifiable::RsaSize);
    }
    let parameters = match alg {
        "RS256" => &RSA_PKCS1_2048_8192_SHA256,
        "RS384" => &RSA_PKCS1_2048_8192_SHA384,
        _ => &RSA_PKCS1_2048_8192_SHA512,
    };
    let key = RsaPublicKeyComponents { n, e };
    if key.verify(parameters, signed, signature).is_ok() { SignatureCheck::Good } else { SignatureCheck::Bad }
}

fn ec(alg: &str, crv: &str, x: &[u8], y: &[u8], signed: &[u8], signature: &[u8]) -> SignatureCheck {
    let (needed, size, algorithm): (_, usize, Option<&'static dyn VerificationAlgorithm>) = match alg {
        "ES256" => ("P-256", 32, Some(&ECDSA_P256_SHA256_FIXED)),
        "ES384" => ("P-384", 48, Some(&ECDSA_P384_SHA384_FIXED)),
        _ => ("P-521", 66, None),
    };
    if crv != needed {
        let message = format!("Invalid key curve for the algorithm, its curve must be {needed}, got {crv}");
        return SignatureCheck::Useless(message);
    }
    let Some(algorithm) = algorithm else {
        return SignatureCheck::NotChecked(Unverifiable::Unsupported(alg.to_owned()));
    };
    // The point as SEC 1, section 2.3.3 writes it. Both numbers fit: the point was found to lie on the curve.
    let mut point = vec![4];
    for number in [x, y] {
        let number = without_zeros(number);
        point.resize(point.len() + size.saturating_sub(number.len()), 0);
        point.extend_from_slice(number);
    }
    with(algorithm, &point, signed, signature)
}

fn with(
    algorithm: &'static dyn VerificationAlgorithm,
    key: &[u8],
    signed: &[u8],
    signature: &[u8],
) -> SignatureCheck {
    let good = UnparsedPublicKey::new(algorithm, key).verify(signed, signature).is_ok();
    if good { SignatureCheck::Good } else { SignatureCheck::Bad }
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    &number[start..]
}
