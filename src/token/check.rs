//! What a key verifies with, prepared once.

use ring::hmac;

use super::hmac_algorithm;
use super::jws::Jws;
use super::public::SignatureCheck;
use super::undetermined::Unverifiable;
use crate::keyset::{FetchedKey, HmacAlg, Key, Login, Material, Member, PublicKey};

/// What a key verifies with.
pub(super) enum KeyCheck {
    Hmac(HmacAlg, hmac::Key),
    Public(PublicKey),
    Fetched(FetchedKey),
    /// It can't be used here: why.
    Unknown(Unverifiable),
}

impl KeyCheck {
    /// A key of the file.
    pub(super) fn of(key: &Key) -> Self {
        match &key.material {
            Material::Symmetric { alg: Member::Value(alg), .. } => match (key.secret(), key.variable()) {
                (Some(secret), _) => Self::hmac(*alg, secret.bytes()),
                (None, variable) => Self::Unknown(Unverifiable::Variable {
                    what: "secret",
                    variable: variable.unwrap_or_default().to_owned(),
                }),
            },
            Material::Symmetric { alg: Member::Variable(name), .. } => {
                Self::Unknown(Unverifiable::Variable { what: "`alg`", variable: name.clone() })
            }
            Material::Public(public) => Self::Public(public.clone()),
            Material::Symmetric { .. } | Material::Unusable(_) => Self::Unknown(Unverifiable::Unreadable),
        }
    }

    /// The text of `supabase_jwt_secret`, if this login is that.
    pub(super) fn of_supabase(login: &Login) -> Option<Self> {
        let Login::SupabaseSecret(secret) = login else { return None };
        Some(match (secret.text(), secret.variable()) {
            (Some(text), _) => Self::hmac(HmacAlg::Hs256, text.as_bytes()),
            (None, variable) => Self::Unknown(Unverifiable::Variable {
                what: "text",
                variable: variable.unwrap_or_default().to_owned(),
            }),
        })
    }

    fn hmac(alg: HmacAlg, secret: &[u8]) -> Self {
        Self::Hmac(alg, hmac::Key::new(hmac_algorithm(alg), secret))
    }

    /// Whether it takes tokens of this algorithm, or why that can't be determined.
    pub(super) fn takes(&self, alg: &str) -> Result<bool, Unverifiable> {
        match self {
            Self::Hmac(own, _) => Ok(own.name() == alg),
            Self::Public(key) => key.takes(alg).ok_or(Unverifiable::Variables("`alg`")),
            Self::Fetched(key) => Ok(key.takes(alg)),
            Self::Unknown(why) => Err(why.clone()),
        }
    }

    pub(super) fn verify(&self, alg: &str, jws: &Jws<'_>) -> SignatureCheck {
        let signed = jws.signed.as_bytes();
        match self {
            Self::Hmac(_, key) if hmac::verify(key, signed, &jws.signature).is_ok() => SignatureCheck::Good,
            Self::Hmac(..) => SignatureCheck::Bad,
            Self::Public(key) => key.verify(alg, signed, &jws.signature),
            Self::Fetched(FetchedKey { key, .. }) => match misused(key, alg) {
                Some(message) => SignatureCheck::Useless(message),
                None => key.verify(alg, signed, &jws.signature),
            },
            Self::Unknown(why) => SignatureCheck::NotChecked(why.clone()),
        }
    }
}

/// What `jose` says of a key whose `alg` doesn't fit its type. The schema of the config keeps such keys out of the file.
fn misused(key: &PublicKey, alg: &str) -> Option<String> {
    let needed = match alg {
        "EdDSA" => "ed25519 or ed448",
        _ if alg.starts_with("RS") => "rsa",
        _ if alg.starts_with("ES") => "ec",
        _ => {
            let what = "KeyObject or CryptoKey instances for symmetric algorithms must be of type \"secret\"";
            return Some(what.to_owned());
        }
    };
    let fits = match (key.kty, key.crv.as_deref()) {
        ("RSA", _) => needed == "rsa",
        ("EC", _) => needed == "ec",
        (_, crv) => needed.starts_with("ed") && matches!(crv, Some("Ed25519" | "Ed448")),
    };
    (!fits).then(|| format!("Invalid key for this operation, its asymmetricKeyType must be {needed}"))
}
