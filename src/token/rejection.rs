//! Why the service rejects a token: its code, its message, and what was found.

use std::fmt;

use serde::Serialize;

use super::js::number_text;
use super::place::KeyPlace;
use crate::base::time::Seconds;

/// With a longer token, the headers of a request are over Node's 16 KiB, whatever else is in them.
pub(crate) const MOST_BYTES: usize = 16_310;
/// With a longer one, they may be: clients send other headers, too.
pub(crate) const SAFE_BYTES: usize = 12 * 1024;

/// A code of the service's answer, with status 401; or the status alone, where the answer has no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// `PSYNC_S2101`: everything that has no code of its own.
    S2101,
    /// `PSYNC_S2103`: the token is over.
    S2103,
    /// `PSYNC_S2104`: it lives too long.
    S2104,
    /// `PSYNC_S2105`: it is for someone else.
    S2105,
    /// `PSYNC_S2106`: there is no token.
    S2106,
    /// `PSYNC_S2204`: keys from elsewhere could not be fetched.
    S2204,
    /// The service fails.
    Http500,
    /// Node refuses the request before the service sees it.
    Http431,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::S2101 => "PSYNC_S2101",
            Self::S2103 => "PSYNC_S2103",
            Self::S2104 => "PSYNC_S2104",
            Self::S2105 => "PSYNC_S2105",
            Self::S2106 => "PSYNC_S2106",
            Self::S2204 => "PSYNC_S2204",
            Self::Http500 => "HTTP 500",
            Self::Http431 => "HTTP 431",
        })
    }
}

/// In what way a token is no JWT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Malformed {
    /// Not three parts with dots between; how many there are.
    Parts(usize),
    /// The header is no JSON object.
    Header,
    /// `crit` is no list of names, or names a member that isn't there.
    Crit,
    /// `alg` is missing, empty or no text.
    Alg,
    /// The payload is no JSON object.
    Payload,
    /// The header says that the payload is not base64url (`b64: false`).
    Unencoded,
}

/// What is wrong with a claim.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ClaimFault {
    /// It is not there.
    Missing,
    /// It must be a number.
    NotANumber,
    /// `nbf` is that many seconds ahead.
    Early(f64),
}

/// Why the service rejects a token. Its text is the service's message, word for word.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Rejection {
    /// No token at all, or white space in it.
    NoToken,
    /// It is no JWT.
    Malformed(Malformed),
    /// `crit` of the header asks for an extension the service doesn't know.
    Extension(String),
    /// `alg` is none the service takes.
    AlgNotAllowed(String),
    /// No key has its kid, and none without a kid verifies it.
    NoKey,
    /// The key that its kid names has another algorithm.
    Algorithm {
        /// That of the token.
        alg: String,
        /// The key.
        key: KeyPlace,
    },
    /// The key can't verify anything: too short, or on another curve than its `alg`.
    UselessKey {
        /// The service's message.
        message: String,
        /// The key.
        key: KeyPlace,
    },
    /// The key that its kid names did not sign it.
    Signature {
        /// The key.
        key: KeyPlace,
    },
    /// A claim that has to be there isn't, or is not what it should be.
    Claim {
        /// `sub`, `iat`, `exp` or `nbf`.
        name: &'static str,
        /// In what way.
        fault: ClaimFault,
    },
    /// It is over.
    Expired {
        /// `exp`, in seconds since 1970.
        exp: f64,
    },
    /// No `aud`.
    AudienceMissing {
        /// The only audience that the key takes, where that is not one of the config's.
        only: Option<&'static str>,
    },
    /// `aud` is none of the config's.
    Audience {
        /// `aud`, as JSON.
        aud: String,
        /// The only audience that the key takes, where that is not one of the config's.
        only: Option<&'static str>,
    },
    /// From `iat` to `exp` is too long.
    Lifetime {
        /// How many seconds.
        seconds: f64,
        /// How many there may be.
        most: Seconds,
    },
    /// `parameters` is no object.
    Parameters,
    /// No key fits, and the keys of a login could not be fetched.
    SetFails {
        /// The service's message.
        message: &'static str,
        /// Where from.
        from: String,
    },
    /// A `kid` that JavaScript can't make a text of.
    KidBreaks,
    /// `sub` with a NUL character.
    SubBreaks,
    /// The headers of the request are too long for Node.
    TooLarge {
        /// How long the token is.
        bytes: usize,
    },
}

impl Rejection {
    /// The key that it is about, if it is about one.
    #[must_use]
    pub(crate) fn key(&self) -> Option<KeyPlace> {
        match self {
            Self::Algorithm { key, .. } | Self::UselessKey { key, .. } | Self::Signature { key } => {
                Some(*key)
            }
            _ => None,
        }
    }

    /// The code of the service's answer.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Expired { .. } => Code::S2103,
            Self::Lifetime { .. } => Code::S2104,
            Self::AudienceMissing { .. } | Self::Audience { .. } => Code::S2105,
            Self::NoToken => Code::S2106,
            Self::SetFails { .. } => Code::S2204,
            Self::KidBreaks | Self::SubBreaks => Code::Http500,
            Self::TooLarge { .. } => Code::Http431,
            _ => Code::S2101,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoToken => f.write_str("Authentication required"),
            Self::Malformed(_) => f.write_str("Token is not a well-formed JWT. Check the token format."),
            Self::Extension(name) => write!(f, "Extension Header Parameter \"{name}\" is not recognized"),
            Self::AlgNotAllowed(_) => f.write_str("\"alg\" (Algorithm) Header Parameter not allowed"),
            Self::NoKey => f.write_str(
                "Could not find an appropriate key in the keystore. The key is missing or no key matched the token KID",
            ),
            Self::Algorithm { alg, .. } => write!(f, "Unexpected token algorithm {alg}"),
            Self::UselessKey { message, .. } => f.write_str(message),
            Self::Signature { .. } => f.write_str("signature verification failed"),
            Self::Claim { name, .. } => write!(f, "JWT payload is missing a required claim \"{name}\""),
            Self::Expired { .. } => f.write_str("JWT has expired"),
            Self::AudienceMissing { .. } => f.write_str("JWT payload is missing a required claim \"aud\""),
            Self::Audience { aud, .. } => write!(f, "Unexpected \"aud\" claim value: {aud}"),
            Self::Lifetime { seconds, most } => write!(
                f,
                "Token must expire in a maximum of {} seconds, got {}s",
                most.get(),
                number_text(*seconds)
            ),
            Self::SetFails { message, .. } => f.write_str(message),
            Self::KidBreaks | Self::SubBreaks => f.write_str("Internal Server Error"),
            Self::TooLarge { .. } => f.write_str("Request Header Fields Too Large"),
            Self::Parameters => f.write_str("Payload parameters must be an object"),
        }
    }
}
