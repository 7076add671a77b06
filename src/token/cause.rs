//! Why a token is rejected, and what to do about it.

use serde::Serialize;

use super::js::number_text;
use super::rejection::Malformed;
use super::undetermined::UnseenKey;
use super::writing::{Mistake, Writing};
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Printable, count, list};
use crate::base::time::{NumericDate, Seconds};

/// Clocks of servers that differ by more set off other alarms.
const CLOCK_SKEW: f64 = 900.0;

/// The most likely reason for a rejection.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Cause {
    /// It is no token, or its header isn't one that the service accepts.
    Form(FormCause),
    /// Its claims.
    Claims(ClaimsCause),
    /// Who signed it.
    Signer(SignerCause),
}

impl Cause {
    /// What is wrong.
    #[must_use]
    pub fn message(&self) -> Sentence {
        match self {
            Self::Form(cause) => cause.message(),
            Self::Claims(cause) => cause.message(),
            Self::Signer(cause) => cause.message(),
        }
    }

    /// What to do.
    #[must_use]
    pub fn advice(&self) -> Sentence {
        match self {
            Self::Form(cause) => cause.advice(),
            Self::Claims(cause) => cause.advice(),
            Self::Signer(cause) => cause.advice(),
        }
    }
}

macro_rules! from {
    ($($part:ident($of:ident)),+) => {
        $(impl From<$of> for Cause {
            fn from(cause: $of) -> Self {
                Self::$part(cause)
            }
        })+
    };
}
from!(Form(FormCause), Claims(ClaimsCause), Signer(SignerCause));

/// It is no token, or its header isn't one that the service accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are named for what they hold")]
pub enum FormCause {
    /// No token, or white space in it.
    NoToken,
    /// It is no JWT.
    Malformed { what: Malformed },
    /// `crit` names an extension that the service doesn't know.
    Extension { name: String },
    /// `alg` is `none`.
    Unsigned,
    /// `alg` in lower case.
    AlgorithmCase { alg: String },
    /// An `alg` that the service accepts with no key.
    AlgorithmUnknown { alg: String },
    /// Quotation marks around the token.
    Quoted,
    /// A character that is in no token, which the service skips when it reads the parts, but not when it verifies them.
    StrayCharacter { character: char, position: usize },
}

/// What is wrong with the claims. Times are in seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are named for what they hold")]
pub enum ClaimsCause {
    /// `parameters` is no JSON object.
    Parameters,
    /// Times in milliseconds: all of them, or `nbf` alone.
    Milliseconds { claim: Option<&'static str> },
    /// More than 24 hours from `iat` to `exp`.
    TooLong { seconds: f64 },
    /// `exp` is past.
    Expired { exp: f64, seconds_ago: f64, before_iat: bool },
    /// A required claim is not there.
    ClaimMissing { claim: &'static str },
    /// A claim that must be text.
    ClaimNotText { claim: &'static str },
    /// A claim that must be a number.
    ClaimNotANumber { claim: &'static str },
    /// `nbf` is ahead.
    NotYetValid { seconds_ahead: f64 },
    /// No `aud`.
    AudienceMissing { audiences: Vec<String> },
    /// `aud` differs a little from an audience of the config.
    AudienceNear { aud: String, nearest: String, characters: usize, audiences: Vec<String> },
    /// `aud` is another.
    AudienceOther { audiences: Vec<String> },
}

/// Who signed it, and with what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are named for what they hold")]
pub enum SignerCause {
    /// A key that verifies nothing.
    UselessKey { key: String },
    /// The named key has another algorithm.
    KeyAlgorithm { key: String, alg: String, takes: String, secret_is_right: bool },
    /// Another private key than the named one's signed it.
    OtherPrivateKey { key: String },
    /// A secret of nobody signed it.
    OtherSecret {
        key: String,
        #[serde(skip)]
        argument: String,
        not_tried: Vec<UnseenKey>,
    },
    /// No kid, and no key without a kid verifies it.
    NoKid { current: Option<String>, not_tried: Vec<UnseenKey> },
    /// The kid of a key of the earlier config.
    RemovedKid { key: String, current: Option<String> },
    /// A kid of no key.
    UnknownKid {
        kid: String,
        nearest: Option<String>,
        current: Option<String>,
        not_tried: Vec<UnseenKey>,
        compared: bool,
    },
    /// A key of the earlier config signed it.
    SignedByRemoved { key: String, writing: Writing },
    /// A key of the config signed it, in a wrong way.
    SignedWrong { key: String, writing: Writing },
    /// A key of the config signed it, and its header says otherwise.
    SignedByOther { key: String, key_has_kid: bool, writing: Writing, header: HeaderKid },
}

/// What a header says of the key, where that isn't the one that signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeaderKid {
    /// It names this key.
    Names(String),
    /// It has a kid that no key has.
    Unknown(String),
    /// It has no kid.
    Missing,
}

fn not_tried(unseen: &[UnseenKey]) -> String {
    if unseen.is_empty() {
        return String::new();
    }
    format!(". Not tried, because not known here: {}", UnseenKey::names(unseen))
}

/// A span in words, or in the largest unit where it is long.
fn span_text(span: f64) -> String {
    match whole(span) {
        Some(seconds) if seconds.abs() < 366 * 86400 => Seconds::new(seconds).to_string(),
        _ => "more than a year".to_owned(),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be within what is exact")]
fn whole(number: f64) -> Option<i64> {
    (number.abs() < 9e15).then_some(number as i64)
}

impl FormCause {
    fn message(&self) -> Sentence {
        match self {
            Self::NoToken => sentence!("there is no token, or it contains white space"),
            Self::Malformed { what } => what.message(),
            Self::Extension { name } => sentence!(
                "its header requires an extension (`crit`: {}) that the service doesn't know",
                Printable(name)
            ),
            Self::Unsigned => sentence!("it isn't signed at all"),
            Self::AlgorithmCase { alg } => {
                sentence!("`alg` in its header is {}, and the name is case-sensitive", Printable(alg))
            }
            Self::AlgorithmUnknown { alg } => {
                sentence!("the service doesn't accept {} with any key", Printable(alg))
            }
            Self::Quoted => sentence!("it is quoted, and the quotation marks are taken as part of it"),
            Self::StrayCharacter { character, position } => sentence!(
                "it contains `{}`, at position {position}, which no token does",
                Printable(&character.to_string())
            ),
        }
    }

    fn advice(&self) -> Sentence {
        match self {
            Self::NoToken => sentence!(
                "send the header `Authorization: Bearer TOKEN`, or `Token TOKEN`, with one space and the token in one piece"
            ),
            Self::Malformed { what } => what.advice(),
            Self::Extension { .. } => sentence!("remove `crit` from the header"),
            Self::Unsigned => sentence!("sign it with a key of the config"),
            Self::AlgorithmCase { alg } => sentence!("write it as {}", alg.to_ascii_uppercase()),
            Self::AlgorithmUnknown { .. } => sentence!(
                "sign with HS256, HS384 or HS512 and the secret of the config, or with RS256, ES256 or EdDSA and a key pair"
            ),
            Self::Quoted | Self::StrayCharacter { .. } => {
                sentence!("pass on the token alone, from `eyJ` to its last letter")
            }
        }
    }
}

const MISLEADING: &str = "; the service's message is misleading";

impl ClaimsCause {
    fn message(&self) -> Sentence {
        match self {
            Self::Parameters => sentence!("`parameters` isn't a JSON object"),
            Self::Milliseconds { claim: None } => {
                sentence!("its times are in milliseconds, and JWTs use seconds")
            }
            Self::Milliseconds { claim: Some(claim) } => {
                sentence!("`{claim}` is in milliseconds, and JWTs use seconds{MISLEADING}")
            }
            Self::TooLong { seconds } => sentence!(
                "from `iat` to `exp` it lives {}, and the service accepts 24 hours at most",
                span_text(*seconds)
            ),
            Self::Expired { exp, seconds_ago, before_iat } => {
                let order = if *before_iat { ", and its `exp` is earlier than its `iat`" } else { "" };
                match whole(*exp).and_then(NumericDate::new) {
                    Some(at) => sentence!("it expired at {at}, {} ago{order}", span_text(*seconds_ago)),
                    None => sentence!("its `exp` is {}, which is long past{order}", number_text(*exp)),
                }
            }
            Self::ClaimMissing { claim } => sentence!("it has no `{claim}`"),
            Self::ClaimNotText { claim } => sentence!("`{claim}` isn't text{MISLEADING}"),
            Self::ClaimNotANumber { claim } => sentence!("`{claim}` isn't a number{MISLEADING}"),
            Self::NotYetValid { seconds_ahead } => sentence!(
                "because of its `nbf`, it isn't valid for another {}{MISLEADING}",
                span_text(*seconds_ahead)
            ),
            Self::AudienceMissing { .. } => sentence!("it has no `aud`"),
            Self::AudienceNear { aud, nearest, characters, .. } => sentence!(
                "its `aud` `{}` differs from the config's `{}` {}",
                Printable(aud),
                Printable(nearest),
                if aud.eq_ignore_ascii_case(nearest) {
                    "in upper and lower case".to_owned()
                } else {
                    format!("by {}", count(*characters, "character"))
                }
            ),
            Self::AudienceOther { audiences } if audiences.is_empty() => {
                sentence!("no `aud` is right as long as the config has no audience")
            }
            Self::AudienceOther { .. } => sentence!("its `aud` is none of the config's audiences"),
        }
    }

    fn advice(&self) -> Sentence {
        match self {
            Self::Parameters => sentence!("write it as {{\"name\": value}}, or leave it out"),
            Self::Milliseconds { .. } => sentence!("give seconds: Math.floor(Date.now() / 1000)"),
            Self::TooLong { .. } => sentence!(
                "let the backend create it for 24 hours or less; clients ask for a new one by themselves"
            ),
            Self::Expired { before_iat: true, .. } => {
                sentence!("set `exp` to `iat` plus its lifetime, in seconds")
            }
            Self::Expired { seconds_ago, .. } if *seconds_ago < CLOCK_SKEW => sentence!(
                "if the backend has just created it, its clock is slow, or the lifetime is too short; otherwise ask for a new one"
            ),
            Self::Expired { .. } => sentence!(
                "ask the backend for a new one. If it has just created it, check its clock and time zone"
            ),
            Self::ClaimMissing { claim } => sentence!("add `{claim}`: {}", meaning(claim)),
            Self::ClaimNotText { claim } => {
                sentence!("write `{claim}` as text, in quotes: {}", meaning(claim))
            }
            Self::ClaimNotANumber { claim } => sentence!("write it as a number: {}", meaning(claim)),
            Self::NotYetValid { seconds_ahead } if *seconds_ahead < CLOCK_SKEW => sentence!(
                "if it was meant to be valid at once, the backend's clock is ahead: correct it, or leave `nbf` out"
            ),
            Self::NotYetValid { .. } => sentence!("wait, or leave `nbf` out"),
            Self::AudienceMissing { audiences }
            | Self::AudienceNear { audiences, .. }
            | Self::AudienceOther { audiences } => audience_advice(audiences),
        }
    }
}

impl SignerCause {
    fn message(&self) -> Sentence {
        match self {
            Self::KeyAlgorithm { key, alg, takes, secret_is_right } => sentence!(
                "its `alg` is {alg}, and {key} accepts {takes} only{}",
                if *secret_is_right { ". The secret is right" } else { "" }
            ),
            Self::UselessKey { key } => {
                sentence!("{key} can't verify any token with this `alg`, whoever signs it")
            }
            Self::OtherPrivateKey { key } => {
                sentence!("it names {key}, but was signed with another private key")
            }
            Self::OtherSecret { key, not_tried: unseen, .. } => sentence!(
                "it names {key}, but was signed with another secret, which matches no key of this config in any common \
                 encoding{}",
                not_tried(unseen)
            ),
            Self::NoKid { not_tried: unseen, .. } => sentence!(
                "its header has no `kid`, and no key without a kid verifies it{}",
                not_tried(unseen)
            ),
            Self::RemovedKid { key, .. } => sentence!("its kid, {key}, is that of a key that was removed"),
            Self::UnknownKid { kid, nearest, not_tried: unseen, .. } => sentence!(
                "no key of this config has its kid, {}{}{}",
                Printable(kid),
                nearest.as_ref().map_or_else(String::new, |near| format!("; the config has {near}")),
                not_tried(unseen)
            ),
            Self::SignedByRemoved { key, writing } => sentence!(
                "it was signed with {key}, which was removed from the config{}",
                writing.mistake().map_or("", |_| ", in another encoding")
            ),
            Self::SignedWrong { key, writing } => sentence!(
                "it was signed with the secret of {key}, but {}",
                writing.mistake().map_or(sentence!("with its own bytes"), Mistake::message)
            ),
            Self::SignedByOther { key, writing, header, .. } => {
                let mistake =
                    writing.mistake().map_or_else(String::new, |it| format!("{}, and ", it.message()));
                let header = match header {
                    HeaderKid::Names(other) => format!("its header names {other}"),
                    HeaderKid::Unknown(kid) => {
                        format!("its header has the kid {}, which no key has", Printable(kid))
                    }
                    HeaderKid::Missing => "its header has no kid".to_owned(),
                };
                sentence!("it was signed with the secret of {key}, but {mistake}{header}")
            }
        }
    }

    fn advice(&self) -> Sentence {
        match self {
            Self::KeyAlgorithm { takes, .. } => sentence!("sign with {takes}"),
            Self::UselessKey { .. } => sentence!(
                "replace the key in the config: RSA needs 2048 bits or more; ES256 goes with P-256, ES384 with P-384, ES512 \
                 with P-521"
            ),
            Self::OtherPrivateKey { .. } => {
                sentence!("sign with the private key that belongs to it, or name the key that signs")
            }
            Self::OtherSecret { key, argument, .. } => {
                sentence!("give the backend the secret of {key}: `powersync-jwks export {argument}`")
            }
            Self::NoKid { current, .. }
            | Self::RemovedKid { current, .. }
            | Self::UnknownKid { current, compared: true, .. } => kid_advice(current.as_deref()),
            Self::UnknownKid { current, .. } => sentence!(
                "{}. If the key was removed, an earlier config can tell: `powersync-jwks verify --against OLD`",
                kid_advice(current.as_deref())
            ),
            Self::SignedWrong { writing, .. } => {
                writing.mistake().map_or(sentence!("sign again"), Mistake::advice)
            }
            Self::SignedByOther { key, key_has_kid, writing, .. } => {
                let mistake = writing.mistake().map_or_else(String::new, |it| format!("{}; ", it.advice()));
                if *key_has_kid {
                    sentence!(
                        "{mistake}kid and secret go together: put the kid {key} into the header, or sign with the secret of \
                         the kid that is there"
                    )
                } else {
                    sentence!("{mistake}leave the kid out of the header")
                }
            }
            Self::SignedByRemoved { .. } => {
                sentence!("give the backend the current kid and secret: `powersync-jwks export`")
            }
        }
    }
}

fn meaning(claim: &str) -> &'static str {
    match claim {
        "sub" => "the user's id",
        "iat" => "the moment of signing, in seconds since 1970",
        "exp" => "the end of its lifetime, in seconds since 1970",
        _ => "the moment from which it is valid, in seconds since 1970",
    }
}

fn kid_advice(current: Option<&str>) -> Sentence {
    match current {
        Some(current) => sentence!(
            "sign with the current key, {current}, and put its kid into the header: `powersync-jwks export`"
        ),
        None => sentence!("sign with a key of the config, and put its kid into the header"),
    }
}

fn audience_advice(audiences: &[String]) -> Sentence {
    let shown: Vec<String> = audiences.iter().map(|own| format!("`{}`", Printable(own))).collect();
    match shown.as_slice() {
        [] => sentence!(
            "the config has no audience, so the service rejects every token: add one, such as `audience: ['powersync-dev']` \
             under `client_auth`, and sign with it"
        ),
        [one] => sentence!("set `aud` to {one}, the audience of the config"),
        several => sentence!("set `aud` to one of the config's audiences: {}", list(several)),
    }
}

impl Malformed {
    fn message(self) -> Sentence {
        match self {
            Self::Parts(5) => sentence!(
                "it has five parts: it is an encrypted token (JWE), which the service doesn't accept"
            ),
            Self::Parts(1) => {
                sentence!("it contains no dots, and a JWT has three parts with dots between: it isn't a JWT")
            }
            Self::Parts(parts) => sentence!(
                "it has {}, with dots between, and a JWT has three: it was cut off, or isn't a JWT",
                count(parts, "part")
            ),
            Self::Header => sentence!("its first part isn't base64url of a JSON object"),
            Self::Payload => sentence!("its second part isn't base64url of a JSON object"),
            Self::Alg => sentence!("its header has no `alg`"),
            Self::Crit => {
                sentence!("`crit` in its header isn't a list of names of other members that are there")
            }
            Self::Unencoded => sentence!("its header says that the payload isn't base64url (`b64`: false)"),
        }
    }

    fn advice(self) -> Sentence {
        match self {
            Self::Parts(5) => sentence!("sign the token instead of encrypting it"),
            Self::Crit => sentence!("remove `crit` from the header"),
            Self::Unencoded => sentence!("remove `b64` and `crit` from the header"),
            _ => sentence!("let the backend create it with a JWT library, and pass it on in one piece"),
        }
    }
}
