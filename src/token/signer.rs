//! Minting.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde::Serialize;

use super::hmac_algorithm;
use crate::base::text::Named;
use crate::base::time::NumericDate;
use crate::keyset::{
    HmacAlg, Key, KeyName, KeySet, Material, Member, NotStarting, Phase, Secret, Undecidable,
};

/// Signs tokens with one key. Made once and then used, from any thread.
pub struct Signer {
    key: hmac::Key,
    /// The encoded header, with the dot behind it.
    header: String,
    /// The key's place in the file, from 0.
    index: usize,
    audiences: Vec<String>,
}

/// Why a key can't sign, or why the service would reject what it signs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotSign {
    /// The service does not start.
    #[error(transparent)]
    NotStarting(#[from] NotStarting),
    /// Which key is current can't be determined.
    #[error(transparent)]
    Undecidable(#[from] Undecidable),
    /// No symmetric key.
    #[error("there is no symmetric key (`kty: oct`) to sign with. `powersync-jwks add` makes one")]
    NoKey,
    /// No key of this name.
    #[error("there is no key {}. `powersync-jwks status` lists them", Named(&.0.to_string()))]
    Unknown(KeyName),
    /// RSA, EC, OKP.
    #[error("{0} is a public key ({1}): it verifies tokens that are signed elsewhere, with its private half")]
    Public(String, String),
    /// Another key answers to its kid.
    #[error("{0} verifies nothing: {1} before it has the same kid, and the service takes the first")]
    Shadowed(String, String),
    /// `kid: ''`
    #[error("{0} verifies nothing: its kid is empty, and the service matches no token to that")]
    EmptyKid(String),
    /// Retiring or removable.
    #[error(
        "{key} is {state}, and nobody should sign with it any more: what it signs is rejected once it is removed. Sign with \
         the current key, or take its retirement back: `powersync-jwks retire --undo {argument}`"
    )]
    Leaving {
        /// The key.
        key: String,
        /// In which state.
        state: &'static str,
        /// The key, as an argument.
        argument: String,
    },
    /// A member whose value is not known.
    #[error(
        "`{member}` of {key} is in the variable {variable}, whose value is not known here. Set it in the environment, or name \
         the file that defines it: `--env-file PATH`"
    )]
    Variable {
        /// The key.
        key: String,
        /// Which member.
        member: &'static str,
        /// The variable.
        variable: String,
    },
    /// No audience in the config.
    #[error(
        "the config has no audience, so the service would answer every token with PSYNC_S2105 Unexpected \"aud\" claim value. \
         Add one to it, such as `audience: ['powersync-dev']` under `client_auth`"
    )]
    NoAudience,
}

/// Claims that can't be written as JSON.
#[derive(Debug, thiserror::Error)]
#[error("the claims can't be written as JSON: {0}")]
pub struct SignError(#[from] serde_json::Error);

#[derive(Serialize)]
struct JoseHeader<'k> {
    alg: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'k str>,
    typ: &'static str,
}

impl Signer {
    /// Prepares a key: the named one, else the current one. Fails where the service would reject what it signs, and for a
    /// key that is on its way out at that moment.
    pub fn new(keys: &KeySet, name: Option<&KeyName>, now: NumericDate) -> Result<Self, CannotSign> {
        keys.check_start()?;
        let key = match name {
            None => keys.current()?.ok_or(CannotSign::NoKey)?,
            // Where a kid is duplicated, the service takes the first.
            Some(name) => *keys.named(name).first().ok_or_else(|| CannotSign::Unknown(name.clone()))?,
        };
        let unknown = |member, variable: &str| CannotSign::Variable {
            key: key.name(),
            member,
            variable: variable.to_owned(),
        };
        let alg = match &key.material {
            Material::Symmetric { alg: Member::Value(alg), .. } => *alg,
            Material::Symmetric { alg: Member::Variable(name), .. } => return Err(unknown("alg", name)),
            _ => return Err(CannotSign::Public(key.name(), key.describe())),
        };
        let kid = match &key.kid {
            Member::Value(kid) => Some(kid),
            Member::Absent => None,
            Member::Variable(name) => return Err(unknown("kid", name)),
            Member::Unreadable(_) => return Err(CannotSign::EmptyKid(key.name())),
        };
        let earlier = &keys.keys()[..key.index];
        if let Some(first) = kid.and_then(|kid| earlier.iter().find(|key| key.kid.value() == Some(kid))) {
            return Err(CannotSign::Shadowed(at(key), at(first)));
        }
        check_phase(key, now)?;
        let secret = key.secret().ok_or_else(|| unknown("k", key.variable().unwrap_or_default()))?;
        if keys.audiences.is_empty() && !keys.is_cloud {
            return Err(CannotSign::NoAudience);
        }
        let audiences = keys.audiences.iter().filter_map(Member::value).cloned().collect();
        let signer = Self::of_secret(alg, kid.map(crate::keyset::Kid::as_str), secret);
        Ok(Self { index: key.index, audiences, ..signer })
    }

    /// Signs under any kid with any secret: to ask a service, not to be let in.
    pub(crate) fn of_secret(alg: HmacAlg, kid: Option<&str>, secret: &Secret) -> Self {
        let header = JoseHeader { alg: alg.name(), kid, typ: "JWT" };
        // A struct of texts: its JSON can't fail.
        let json = serde_json::to_vec(&header).unwrap_or_default();
        Self {
            key: hmac::Key::new(hmac_algorithm(alg), secret.bytes()),
            header: URL_SAFE_NO_PAD.encode(json) + ".",
            index: 0,
            audiences: Vec::new(),
        }
    }

    /// The key's place in the file, from 0.
    #[must_use]
    pub(crate) fn key(&self) -> usize {
        self.index
    }

    /// The audiences of the config, as far as they are known.
    #[must_use]
    pub(crate) fn audiences(&self) -> &[String] {
        &self.audiences
    }

    /// Signs claims ([`Claims`](super::Claims), or a type of your own) and returns the token.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, SignError> {
        let mut payload = Vec::with_capacity(512);
        serde_json::to_writer(&mut payload, claims)?;
        let mut token = Vec::with_capacity(self.header.len() + (payload.len() + 64).div_ceil(3) * 4 + 2);
        token.extend_from_slice(self.header.as_bytes());
        append(&mut token, &payload);
        let tag = hmac::sign(&self.key, &token);
        token.push(b'.');
        append(&mut token, tag.as_ref());
        Ok(String::from_utf8(token).unwrap_or_default())
    }
}

/// Appends base64url without padding.
fn append(token: &mut Vec<u8>, bytes: &[u8]) {
    let start = token.len();
    token.resize(start + bytes.len().div_ceil(3) * 4, 0);
    // The room is that of base64 with padding, so it is enough.
    let length = URL_SAFE_NO_PAD.encode_slice(bytes, &mut token[start..]).unwrap_or_default();
    token.truncate(start + length);
}

/// A key by its place: its kid is duplicated.
fn at(key: &Key) -> String {
    format!("@{}", key.number())
}

fn check_phase(key: &Key, now: NumericDate) -> Result<(), CannotSign> {
    let state = match key.phase(now) {
        Phase::Retiring { .. } => "retiring",
        Phase::Removable { .. } => "removable",
        Phase::Unknown => {
            // One of them can't be read, else the phase were known.
            key.needed("exp", &key.exp)?;
            key.needed("nbf", &key.nbf)?;
            return Ok(());
        }
        Phase::Standby { .. } | Phase::Accepted | Phase::Unusable => return Ok(()),
    };
    Err(CannotSign::Leaving { key: key.name(), state, argument: key.argument() })
}
