//! One key.

use std::fmt;

use super::fault::{Fault, FaultKind};
use super::kid::{KeyRef, Kid};
use super::member::Member;
use super::secret::Secret;
use crate::base::time::NumericDate;

/// The HMAC algorithms the service takes (RFC 7518, section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum HmacAlg {
    /// HMAC with SHA-256
    #[value(name = "HS256")]
    Hs256,
    /// HMAC with SHA-384
    #[value(name = "HS384")]
    Hs384,
    /// HMAC with SHA-512
    #[value(name = "HS512")]
    Hs512,
}

impl HmacAlg {
    /// By its name in `alg`; case counts, as for the service.
    #[must_use]
    pub(crate) fn read(name: &str) -> Option<Self> {
        match name {
            "HS256" => Some(Self::Hs256),
            "HS384" => Some(Self::Hs384),
            "HS512" => Some(Self::Hs512),
            _ => None,
        }
    }

    /// Its name in `alg`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
        }
    }

    /// The length of its hash in bytes: the least a secret should have (RFC 7518, section 3.2).
    #[must_use]
    pub fn hash_length(self) -> usize {
        match self {
            Self::Hs256 => 32,
            Self::Hs384 => 48,
            Self::Hs512 => 64,
        }
    }
}

impl fmt::Display for HmacAlg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A secret that is known here.
#[derive(Clone, Debug)]
pub struct Known {
    /// The bytes as the service decodes them.
    pub secret: Secret,
    /// Whether they can be guessed.
    pub weakness: Option<super::strength::Weakness>,
}

/// Where a symmetric key's secret is.
#[derive(Clone, Debug)]
pub enum SecretSource {
    /// In the file.
    Inline(Known),
    /// In a variable.
    Variable {
        /// Its name.
        name: String,
        /// Its value, where it is known here.
        known: Option<Known>,
    },
}

/// The numbers of a public key, big-endian, as the service decodes them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PublicNumbers {
    /// Modulus and exponent (RFC 7518, section 6.3.1).
    Rsa {
        /// The modulus.
        n: Vec<u8>,
        /// The exponent.
        e: Vec<u8>,
    },
    /// A point (RFC 7518, section 6.2.1).
    Ec {
        /// Its x.
        x: Vec<u8>,
        /// Its y.
        y: Vec<u8>,
    },
    /// An Edwards point (RFC 8037, section 2).
    Okp {
        /// As it is encoded.
        x: Vec<u8>,
    },
}

/// A key that verifies tokens signed elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// `RSA`, `EC` or `OKP`.
    pub kty: &'static str,
    /// `alg`, where it is there and readable.
    pub alg: Option<String>,
    /// `crv`, likewise.
    pub crv: Option<String>,
    /// The strength of its numbers in bits, where that can be told.
    pub bits: Option<usize>,
    /// Whether private members are beside the public ones, although the service strips them.
    pub private: bool,
    /// Its numbers, unless they are in variables.
    pub numbers: Option<PublicNumbers>,
}

/// What a key verifies with.
#[derive(Clone, Debug)]
pub enum Material {
    /// `kty: oct`
    Symmetric {
        /// Which algorithm; a variable where the file doesn't tell.
        alg: Member<HmacAlg>,
        /// Where the secret is.
        secret: SecretSource,
    },
    /// `kty: RSA`, `EC` or `OKP`
    Public(PublicKey),
    /// An entry the service doesn't start with: why.
    Unusable(Fault),
}

/// What tells an entry from others when its kid doesn't: never to be shown, since it could be tried against.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint(pub(super) [u8; 32]);

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(…)")
    }
}

impl Fingerprint {
    /// By the text that identifies the key: the name of a variable, the numbers of a public key.
    pub(super) fn of_text(text: &str) -> Self {
        Self(Secret::new(zeroize::Zeroizing::new(text.as_bytes().to_vec())).fingerprint())
    }

    pub(super) fn of_variable(name: &str) -> Self {
        Self::of_text(&format!("!env {name}"))
    }
}

/// An entry of `client_auth.jwks.keys`.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its place in the file, from 0.
    pub index: usize,
    /// The line of the file it begins on, from 1.
    pub line: usize,
    /// `kid`
    pub kid: Member<Kid>,
    /// What it verifies with.
    pub material: Material,
    /// `iat`: when it was made.
    pub iat: Member<NumericDate>,
    /// `nbf`: not to be promoted before.
    pub nbf: Member<NumericDate>,
    /// `exp`: not to be removed before.
    pub exp: Member<NumericDate>,
    /// Of an entry the service doesn't start with: what is in it all the same.
    pub(crate) fingerprint: Option<Fingerprint>,
}

impl Key {
    /// Its place in the file, from 1, as `@N` names it.
    #[must_use]
    pub fn number(&self) -> usize {
        self.index + 1
    }

    /// Its name, to be kept apart from it.
    #[must_use]
    pub(crate) fn reference(&self) -> KeyRef {
        self.reference_at(self.number())
    }

    /// The same, once it has this number.
    #[must_use]
    pub(crate) fn reference_at(&self, number: usize) -> KeyRef {
        KeyRef::new(&self.kid, number)
    }

    /// As people name it: by kid, or `@N` where it has none that can be read.
    #[must_use]
    pub fn name(&self) -> String {
        self.reference().to_string()
    }

    /// As a person who doesn't know `@N` reads it.
    #[must_use]
    pub(crate) fn in_words(&self) -> String {
        self.reference().in_words()
    }

    /// Its name as an argument of a command.
    #[must_use]
    pub fn argument(&self) -> String {
        self.reference().argument()
    }

    /// Whether its kid can be an argument of a command without quotes: else commands name it by its number.
    #[must_use]
    pub(crate) fn has_plain_kid(&self) -> bool {
        self.reference().plain_kid().is_some()
    }

    /// Whether a shared secret signs and verifies.
    #[must_use]
    pub fn is_symmetric(&self) -> bool {
        matches!(self.material, Material::Symmetric { .. })
    }

    /// Whether it verifies tokens signed elsewhere.
    #[must_use]
    pub fn is_public(&self) -> bool {
        matches!(self.material, Material::Public(_))
    }

    /// Whether variables hold what would tell whether it is one: its type, or a secret in one that the service doesn't take.
    #[must_use]
    pub(crate) fn is_behind_variables(&self) -> bool {
        matches!(self.material, Material::Unusable(fault) if fault == Fault::KTY_VARIABLE || fault.kind == FaultKind::EnvName)
    }

    /// Whether tokens of any kid may be verified with it: it has none.
    #[must_use]
    pub(crate) fn is_wildcard(&self) -> bool {
        self.kid.is_absent()
    }

    /// What tells it from others, whatever its kid.
    pub(crate) fn fingerprint(&self) -> Option<Fingerprint> {
        let by_secret = || self.secret().map(|secret| Fingerprint(secret.fingerprint()));
        self.fingerprint.or_else(|| self.variable().map(Fingerprint::of_variable)).or_else(by_secret)
    }

    /// The HMAC algorithm, where it is one and known.
    #[must_use]
    pub(crate) fn hmac_alg(&self) -> Option<HmacAlg> {
        match &self.material {
            Material::Symmetric { alg, .. } => alg.value().copied(),
            _ => None,
        }
    }

    /// The secret and what is known of it, in the file or in a variable whose value is known.
    fn known(&self) -> Option<&Known> {
        match &self.material {
            Material::Symmetric { secret: SecretSource::Inline(known), .. } => Some(known),
            Material::Symmetric { secret: SecretSource::Variable { known, .. }, .. } => known.as_ref(),
            _ => None,
        }
    }

    /// The secret, where it is known: in the file, or in a variable whose value is.
    #[must_use]
    pub fn secret(&self) -> Option<&Secret> {
        self.known().map(|known| &known.secret)
    }

    /// Why the secret can be guessed, if it can.
    #[must_use]
    pub fn weakness(&self) -> Option<super::strength::Weakness> {
        self.known().and_then(|known| known.weakness)
    }

    /// The variable that holds the secret, if one does.
    #[must_use]
    pub fn variable(&self) -> Option<&str> {
        match &self.material {
            Material::Symmetric { secret: SecretSource::Variable { name, .. }, .. } => Some(name),
            _ => None,
        }
    }

    /// Whether this key verifies what the other signed or verified, whatever their kids. `None`: that depends on the
    /// values of variables.
    #[must_use]
    pub fn verifies_what(&self, other: &Self) -> Option<bool> {
        match (&self.material, &other.material) {
            (Material::Symmetric { alg: one, .. }, Material::Symmetric { alg: two, .. }) => {
                if one.value().zip(two.value()).is_some_and(|(one, two)| one != two) {
                    return Some(false);
                }
                let (one, two) = (self.secret()?, other.secret()?);
                Some(one.same_key(two))
            }
            (Material::Public(one), Material::Public(two)) => {
                let (a, b) = (one.numbers.as_ref()?, two.numbers.as_ref()?);
                Some(a == b && one.crv == two.crv && (one.alg.is_none() || one.alg == two.alg))
            }
            _ => Some(false),
        }
    }

    /// `HS256`, `RSA 2048`: algorithm and strength for a message.
    #[must_use]
    pub(crate) fn describe(&self) -> String {
        let alg = self.alg_text();
        match self.bits() {
            Some(bits) => format!("{alg}, {bits} bits"),
            None => alg,
        }
    }

    /// `HS256`, `RS256`, `EC P-256`: the algorithm, or what is known of it.
    #[must_use]
    pub(crate) fn alg_text(&self) -> String {
        match &self.material {
            Material::Symmetric { alg: Member::Value(alg), .. } => alg.to_string(),
            Material::Symmetric { alg: Member::Variable(name), .. } => format!("!env {name}"),
            Material::Symmetric { .. } | Material::Unusable(_) => "?".to_owned(),
            Material::Public(key) => match (&key.alg, &key.crv) {
                (Some(alg), _) => alg.clone(),
                (None, Some(crv)) => crv.clone(),
                (None, None) => key.kty.to_owned(),
            },
        }
    }

    /// Its strength in bits, where that can be told.
    #[must_use]
    pub fn bits(&self) -> Option<usize> {
        match &self.material {
            Material::Symmetric { .. } => self.secret().map(super::strength::bits),
            Material::Public(key) => key.bits,
            Material::Unusable(_) => None,
        }
    }
}
