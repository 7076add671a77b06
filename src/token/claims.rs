//! The claims of a token to be minted.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Map, Value};

use super::js::Object;
use crate::base::text::{Printable, list};
use crate::base::time::{NumericDate, Seconds};
use crate::schedule::MAX_TOKEN_TTL;

/// What a token says (RFC 7519, section 4): who, when, for whom, and whatever else the sync rules read.
#[derive(Clone, PartialEq)]
pub struct Claims {
    subject: String,
    issued_at: NumericDate,
    expires_at: NumericDate,
    audience: Vec<String>,
    more: Map<String, Value>,
}

/// What is said of a user is nobody else's.
impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Claims(…)")
    }
}

/// Claims that the service would reject, or that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidClaims {
    /// More than 24 h.
    #[error(
        "the token would live longer than 24h, which the service rejects: PSYNC_S2104 Token must expire in a maximum of \
         86400 seconds, got {0}s"
    )]
    Lifetime(i64),
    /// No time at all.
    #[error("the token must live at least a second")]
    NoLifetime,
    /// A claim that has a place of its own.
    #[error("`{0}` can't be given as a claim: {1}")]
    Reserved(&'static str, &'static str),
    /// A claim that is there already.
    #[error("the claim `{0}` is given twice")]
    Twice(String),
    /// `parameters` that the service rejects.
    #[error(
        "`parameters` must be a JSON object, else the service rejects the token: PSYNC_S2101 Payload parameters must be an object"
    )]
    Parameters,
    /// `nbf` of another type.
    #[error("`nbf` must be a number of seconds since 1970")]
    NotBefore,
    /// Claims that are no object.
    #[error("the claims must be a JSON object, such as {{\"role\": \"admin\"}}")]
    NotAnObject,
}

const RESERVED: [(&str, &str); 4] = [
    ("sub", "it is the subject, `--sub`"),
    ("iat", "it is the moment of signing"),
    ("exp", "it follows from the life of the token, `--ttl`"),
    ("aud", "it is the audience, `--aud`"),
];

impl Claims {
    /// The claims every token needs: for this user, from now on, for that long.
    pub fn new(subject: impl Into<String>, now: NumericDate, ttl: Seconds) -> Result<Self, InvalidClaims> {
        if ttl > MAX_TOKEN_TTL {
            return Err(InvalidClaims::Lifetime(ttl.get()));
        }
        if ttl.get() < 1 {
            return Err(InvalidClaims::NoLifetime);
        }
        Ok(Self {
            subject: subject.into(),
            issued_at: now,
            expires_at: now + ttl,
            audience: Vec::new(),
            more: Map::new(),
        })
    }

    /// For whom: at least one has to be an audience of the config.
    #[must_use]
    pub fn with_audience(mut self, audience: Vec<String>) -> Self {
        self.audience = audience;
        self
    }

    /// Adds a claim.
    pub fn add(&mut self, name: &str, value: Value) -> Result<(), InvalidClaims> {
        if let Some((name, why)) = RESERVED.iter().find(|(reserved, _)| *reserved == name) {
            return Err(InvalidClaims::Reserved(name, why));
        }
        if self.more.contains_key(name) {
            return Err(InvalidClaims::Twice(Printable(name).to_string()));
        }
        match (name, &value) {
            ("parameters", value) if !value.is_object() && !value.is_null() => Err(InvalidClaims::Parameters),
            ("nbf", value) if !value.is_number() => Err(InvalidClaims::NotBefore),
            _ => {
                self.more.insert(name.to_owned(), value);
                Ok(())
            }
        }
    }
}

/// Reads claims from JSON. Fails where one is duplicated: which of them is meant can't be determined.
pub fn read_claims(json: &str) -> Result<Map<String, Value>, InvalidClaims> {
    let read: Result<Map<String, Value>, _> = serde_json::from_str(json);
    let object = Object::parse(json).ok().flatten();
    let (Ok(claims), Some(object)) = (read, object) else { return Err(InvalidClaims::NotAnObject) };
    let repeated: Vec<String> = object.repeated().iter().map(|name| Printable(name).to_string()).collect();
    if repeated.is_empty() { Ok(claims) } else { Err(InvalidClaims::Twice(list(&repeated))) }
}

impl Serialize for Claims {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("sub", &self.subject)?;
        map.serialize_entry("iat", &self.issued_at.seconds())?;
        map.serialize_entry("exp", &self.expires_at.seconds())?;
        match self.audience.as_slice() {
            [] => {}
            [one] => map.serialize_entry("aud", one)?,
            several => map.serialize_entry("aud", several)?,
        }
        for (name, value) in &self.more {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
