//! A token in its three parts (RFC 7515, section 3.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::js::{Object, decode_text};
use super::rejection::{Malformed, Rejection};
use super::undetermined::Stop;
use crate::keyset::decode_as_service;

/// The algorithms the service takes.
const ALGORITHMS: [&str; 10] =
    ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "EdDSA", "ES256", "ES384", "ES512"];

/// Base64url as the service reads it. What is written as it should be, nearly all, needs no look at each character.
fn decode(part: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(part).unwrap_or_else(|_| decode_as_service(part).to_vec())
}

/// A token, taken apart.
pub(super) struct Jws<'t> {
    /// What is signed: header and payload as they are written, and the dot between.
    pub(super) signed: &'t str,
    /// The header's JSON.
    pub(super) header: String,
    payload: &'t str,
    /// The signature's bytes.
    pub(super) signature: Vec<u8>,
}

impl<'t> Jws<'t> {
    /// Takes a token apart. Base64url is read as the service reads it: what is no part of it is skipped.
    pub(super) fn split(token: &'t str) -> Result<Self, Rejection> {
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Rejection::Malformed(Malformed::Parts(token.split('.').count())));
        };
        Ok(Self {
            signed: &token[..header.len() + 1 + payload.len()],
            header: decode_text(&decode(header)),
            payload,
            signature: decode(signature),
        })
    }

    /// The payload's JSON.
    pub(super) fn payload(&self) -> String {
        decode_text(&decode(self.payload))
    }

    /// Its parts, or why it has none.
    pub(super) fn header(&self) -> Result<Header<'_>, Stop> {
        let malformed = |what| Stop::from(Rejection::Malformed(what));
        let object = Object::parse(&self.header)?.ok_or(malformed(Malformed::Header))?;
        let encoded = encoded(&object)?;
        let alg = object.get("alg").and_then(|alg| alg.text()).filter(|alg| !alg.is_empty());
        let alg = alg.ok_or(malformed(Malformed::Alg))?.to_owned();
        if !ALGORITHMS.contains(&alg.as_str()) {
            return Err(Rejection::AlgNotAllowed(alg).into());
        }
        Ok(Header { alg, encoded, object })
    }
}

/// A header.
pub(super) struct Header<'j> {
    pub(super) alg: String,
    /// Whether the payload is base64url: not, where `crit` says so (RFC 7797).
    pub(super) encoded: bool,
    pub(super) object: Object<'j>,
}

/// Checks `crit` (RFC 7515, section 4.1.11), and tells whether the payload is base64url.
fn encoded(header: &Object<'_>) -> Result<bool, Stop> {
    let malformed = || Stop::from(Rejection::Malformed(Malformed::Crit));
    let Some(crit) = header.get("crit") else { return Ok(true) };
    let names = crit.items().ok_or_else(malformed)?;
    let names: Option<Vec<&str>> =
        names.iter().map(|name| name.text().filter(|name| !name.is_empty())).collect();
    let names = names.filter(|names| !names.is_empty()).ok_or_else(malformed)?;
    for name in &names {
        if *name != "b64" {
            return Err(Rejection::Extension((*name).to_owned()).into());
        }
        if header.get("b64").is_none() {
            return Err(malformed());
        }
    }
    header.get("b64").and_then(|b64| b64.bool()).ok_or_else(malformed)
}

/// The claims of a token as its JSON, unverified. Nothing where there is no JSON object.
#[must_use]
pub fn claims_of(token: &str) -> Option<String> {
    let claims = Jws::split(token).ok()?.payload();
    let is_object = Object::parse(&claims).ok()?.is_some();
    is_object.then_some(claims)
}
