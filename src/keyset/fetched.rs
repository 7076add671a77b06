//! A set of keys from elsewhere (RFC 7517, section 5), as the service reads what is behind a `jwks_uri`.

use super::curve;
use super::key::{PublicKey, PublicNumbers};
use super::read::modulus_bits;
use super::secret::decode_as_service;
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::Printable;
use crate::config::{Document, Input, NodeId, Scalar};

/// A set of keys from elsewhere.
#[derive(Clone, Debug, Default)]
pub struct FetchedSet {
    /// The keys that verify tokens.
    pub keys: Vec<FetchedKey>,
    /// Entries that the service passes over.
    pub skipped: Vec<SkippedEntry>,
}

/// A set that was looked at.
#[derive(Clone, Debug)]
pub struct NamedSet {
    /// Where it is from, for people.
    pub name: String,
    /// What is in it.
    pub set: Result<FetchedSet, InvalidSet>,
}

/// A public key of a set.
#[derive(Clone, Debug)]
pub struct FetchedKey {
    /// Its place in the set, from 1.
    pub number: usize,
    /// `kid`; without one, tokens of any kid are tried with it.
    pub kid: Option<String>,
    /// What it verifies with.
    pub key: PublicKey,
}

/// An entry that the service passes over.
#[derive(Clone, Debug)]
pub struct SkippedEntry {
    /// Its place in the set, from 1.
    pub number: usize,
    /// `kid`
    pub kid: Option<String>,
    /// Why.
    pub why: Skipped,
}

/// Why an entry is passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// `kty: oct`: a shared secret is never taken from elsewhere.
    SharedSecret,
    /// A type of key that the service doesn't know.
    Kty,
    /// `use` is this, and not `sig`.
    Use(String),
    /// `key_ops` has no `verify`.
    KeyOps,
}

/// Why the service takes nothing from a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidSet {
    /// No JSON.
    NotJson,
    /// A JSON document, but no object with a list of objects under `keys`.
    NotASet,
    /// One entry can't be imported, and the whole set fails.
    Entry {
        /// Its place in the set, from 1.
        number: usize,
        /// What is wrong with it.
        why: ImportFault,
    },
}

/// Why an entry can't be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportFault {
    /// It is `null`.
    Null,
    /// A member that has to be text isn't there, or is something else.
    NotText(&'static str),
    /// A curve that Node doesn't know.
    Curve,
    /// The point isn't on its curve, or of the wrong length.
    Point,
    /// `oth`: more than two primes.
    Oth,
}

impl Skipped {
    /// Why.
    #[must_use]
    pub fn message(&self) -> Sentence {
        match self {
            Self::SharedSecret => {
                sentence!("it is a shared secret (`kty: oct`), which is never taken from a URL")
            }
            Self::Kty => sentence!("its `kty` is none of RSA, EC and OKP"),
            Self::Use(what) => sentence!("its `use` is `{}`, not `sig`", Printable(what)),
            Self::KeyOps => sentence!("its `key_ops` don't include `verify`"),
        }
    }
}

impl InvalidSet {
    /// What is wrong.
    #[must_use]
    pub fn message(&self) -> Sentence {
        match self {
            Self::NotJson => sentence!("it is not JSON"),
            Self::NotASet => sentence!("it is no JSON object with a list of objects under `keys`"),
            Self::Entry { number, why } => {
                sentence!("its entry {number} can't be imported: {}", why.message())
            }
        }
    }

    /// The service's message, word for word.
    #[must_use]
    pub(crate) fn of_service(&self) -> &'static str {
        match self {
            Self::NotASet => "Invalid JWKS response",
            Self::NotJson | Self::Entry { .. } => "JWKS request failed",
        }
    }
}

impl ImportFault {
    fn message(self) -> Sentence {
        match self {
            Self::Null => sentence!("it is null"),
            Self::NotText(member) => sentence!("`{member}` is missing, or is not text"),
            Self::Curve => sentence!("`crv` is a curve that the service doesn't know"),
            Self::Point => sentence!("its point is not on the curve `crv` names"),
            Self::Oth => sentence!("`oth` (more than two primes) is not supported"),
        }
    }
}

impl FetchedSet {
    /// Reads what an address answers.
    pub fn read(text: &str) -> Result<Self, InvalidSet> {
        let doc = Document::read(text, Input::Json).map_err(|_| InvalidSet::NotJson)?;
        let keys = doc.member(doc.root(), "keys").and_then(|(_, keys)| doc.items(keys));
        let keys = keys.ok_or(InvalidSet::NotASet)?;
        let is_null = |id: NodeId| doc.scalar(id) == Some(Scalar::Null);
        if keys.iter().any(|id| doc.members(*id).is_none() && !is_null(*id)) {
            return Err(InvalidSet::NotASet);
        }
        let mut set = Self::default();
        for (index, id) in keys.iter().enumerate() {
            let number = index + 1;
            let failed = |why| InvalidSet::Entry { number, why };
            if is_null(*id) {
                return Err(failed(ImportFault::Null));
            }
            let entry = Entry { doc: &doc, id: *id };
            let kid = entry.kid();
            if let Some(why) = entry.skipped() {
                set.skipped.push(SkippedEntry { number, kid, why });
            } else {
                let key = entry.import().map_err(failed)?;
                set.keys.push(FetchedKey { number, kid, key });
            }
        }
        Ok(set)
    }
}

impl FetchedKey {
    /// Whether a token of any of these algorithms fits: the service has no other with which it tries this key.
    #[must_use]
    pub(crate) fn takes(&self, alg: &str) -> bool {
        match (self.key.alg.as_deref(), self.key.kty) {
            (Some(own), _) => own == alg,
            (None, "RSA") => ["RS256", "RS384", "RS512"].contains(&alg),
            (None, "EC") => ["ES256", "ES384", "ES512"].contains(&alg),
            (None, _) => alg == "EdDSA",
        }
    }

    /// As people name it: by kid, or by its place in the set.
    #[must_use]
    pub(crate) fn name(&self) -> String {
        self.kid.as_deref().map_or_else(|| format!("entry {}", self.number), |kid| Printable(kid).to_string())
    }
}

struct Entry<'d> {
    doc: &'d Document<'d>,
    id: NodeId,
}

impl Entry<'_> {
    fn scalar(&self, name: &str) -> Option<Scalar<'_>> {
        self.doc.scalar(self.doc.member(self.id, name)?.1)
    }

    fn text(&self, name: &str) -> Option<&str> {
        match self.scalar(name) {
            Some(Scalar::String(text)) => Some(text),
            _ => None,
        }
    }

    /// A kid that is a number equals the text of it, as JavaScript compares them.
    fn kid(&self) -> Option<String> {
        match self.scalar("kid")? {
            Scalar::String(text) => Some(text.to_owned()),
            Scalar::Integer(number) => Some(number.to_string()),
            _ => None,
        }
    }

    fn skipped(&self) -> Option<Skipped> {
        match self.text("kty") {
            Some("RSA" | "EC" | "OKP") => {}
            Some("oct") => return Some(Skipped::SharedSecret),
            _ => return Some(Skipped::Kty),
        }
        if let Some(other) = self.text("use").filter(|what| *what != "sig") {
            return Some(Skipped::Use(other.to_owned()));
        }
        let ops = self.doc.member(self.id, "key_ops").and_then(|(_, ops)| self.doc.items(ops));
        let verifies = |ops: &[NodeId]| ops.iter().any(|op| self.doc.string(*op) == Some("verify"));
        ops.filter(|ops| !verifies(ops)).map(|_| Skipped::KeyOps)
    }

    fn import(&self) -> Result<PublicKey, ImportFault> {
        let text = |name| self.text(name).ok_or(ImportFault::NotText(name));
        let bytes = |name| text(name).map(|text| decode_as_service(text).to_vec());
        let private = self.has_private_half()?;
        let (kty, numbers) = match self.text("kty") {
            Some("RSA") => {
                if self.doc.member(self.id, "oth").is_some() {
                    return Err(ImportFault::Oth);
                }
                ("RSA", PublicNumbers::Rsa { n: bytes("n")?, e: bytes("e")? })
            }
            Some("EC") => {
                let (crv, x, y) = (text("crv")?, bytes("x")?, bytes("y")?);
                match crv {
                    "P-256" | "P-384" | "P-521" if !curve::holds(crv, &x, &y) => {
                        return Err(ImportFault::Point);
                    }
                    "P-256" | "P-384" | "P-521" | "secp256k1" => {}
                    _ => return Err(ImportFault::Curve),
                }
                ("EC", PublicNumbers::Ec { x, y })
            }
            _ => {
                let (crv, x) = (text("crv")?, bytes("x")?);
                let length = match crv {
                    "Ed25519" | "X25519" => 32,
                    "Ed448" => 57,
                    "X448" => 56,
                    _ => return Err(ImportFault::Curve),
                };
                if x.len() != length {
                    return Err(ImportFault::Point);
                }
                ("OKP", PublicNumbers::Okp { x })
            }
        };
        let crv = self.text("crv").filter(|_| kty != "RSA").map(str::to_owned);
        let bits = match &numbers {
            PublicNumbers::Rsa { n, .. } => modulus_bits(n),
            _ => None,
        };
        // One that isn't text equals no token's.
        let alg = match self.scalar("alg") {
            Some(Scalar::String("") | Scalar::Null | Scalar::Bool(false) | Scalar::Integer(0)) => None,
            Some(Scalar::String(alg)) => Some(alg.to_owned()),
            Some(_) => Some(String::new()),
            None => self.doc.member(self.id, "alg").map(|_| String::new()),
        };
        Ok(PublicKey { kty, alg, crv, bits, private, numbers: Some(numbers) })
    }

    /// Whether the private half is in it, as `d`. Of RSA, all of it has to be there then.
    fn has_private_half(&self) -> Result<bool, ImportFault> {
        match (self.doc.member(self.id, "d"), self.scalar("d")) {
            (None, _) | (_, Some(Scalar::String("") | Scalar::Null | Scalar::Bool(false))) => {
                return Ok(false);
            }
            (_, Some(Scalar::String(_))) => {}
            _ => return Err(ImportFault::NotText("d")),
        }
        let rest: &[&'static str] =
            if self.text("kty") == Some("RSA") { &["p", "q", "dp", "dq", "qi"] } else { &[] };
        match rest.iter().find(|name| self.text(name).is_none()) {
            Some(name) => Err(ImportFault::NotText(name)),
            None => Ok(true),
        }
    }
}
