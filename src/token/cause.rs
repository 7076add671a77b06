//! Why a token is rejected, and what to do about it.

use serde::Serialize;

use super::js::number_text;
use super::rejection::Malformed;
use super::signer_cause::SignerCause;
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
    /// What is wrong, and what to do.
    fn words(&self) -> (Sentence, Sentence) {
        match self {
            Self::Form(cause) => cause.words(),
            Self::Claims(cause) => cause.words(),
            Self::Signer(cause) => cause.words(),
        }
    }

    /// What is wrong.
    #[must_use]
    pub fn message(&self) -> Sentence {
        self.words().0
    }

    /// What to do.
    #[must_use]
    pub fn advice(&self) -> Sentence {
        self.words().1
    }
}

/// It is no token, or its header isn't one that the service accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names say it, and the words below")]
pub enum FormCause {
    NoToken,
    Malformed { what: Malformed },
    Extension { name: String },
    Unsigned,
    AlgorithmCase { alg: String },
    AlgorithmUnknown { alg: String },
    Quoted,
    StrayCharacter { character: char, position: usize },
    KidBreaks,
    TooLarge { bytes: usize },
    CutHeader,
    CutPayload,
    CutSignature { has: usize, of: usize },
}

/// What is wrong with the claims. Times are in seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names say it, and the words below")]
pub enum ClaimsCause {
    Parameters,
    Milliseconds {
        claim: Option<&'static str>,
    },
    TooLong {
        seconds: f64,
        #[serde(skip)]
        most: Seconds,
    },
    Expired {
        exp: f64,
        seconds_ago: f64,
    },
    ExpiredBeforeIat {
        exp: f64,
        seconds_ago: f64,
    },
    ClaimMissing {
        claim: &'static str,
    },
    ClaimNotANumber {
        claim: &'static str,
    },
    NotYetValid {
        seconds_ahead: f64,
    },
    AudienceMissing {
        audiences: Vec<String>,
    },
    AudienceNear {
        aud: String,
        nearest: String,
        characters: usize,
        audiences: Vec<String>,
    },
    AudienceOther {
        audiences: Vec<String>,
    },
    SubBreaks,
}

impl FormCause {
    fn words(&self) -> (Sentence, Sentence) {
        match self {
            Self::NoToken => (
                sentence!("there is no token, or it contains white space"),
                sentence!(
                    "send the header `Authorization: Bearer TOKEN`, or `Token TOKEN`, with one space and the token in one piece"
                ),
            ),
            Self::Malformed { what } => what.words(),
            Self::Extension { name } => (
                sentence!(
                    "its header requires an extension (`crit`: {}) that the service doesn't know",
                    Printable(name)
                ),
                sentence!("remove `crit` from the header"),
            ),
            Self::Unsigned => {
                (sentence!("it isn't signed at all"), sentence!("sign it with a key of the config"))
            }
            Self::AlgorithmCase { alg } => (
                sentence!("`alg` in its header is {}, and the name is case-sensitive", Printable(alg)),
                sentence!("write it as {}", alg.to_ascii_uppercase()),
            ),
            Self::AlgorithmUnknown { alg } => (
                sentence!("the service doesn't accept {} with any key", Printable(alg)),
                sentence!(
                    "sign with HS256, HS384 or HS512 and the secret of the config, or with RS256, ES256 or EdDSA and a key pair"
                ),
            ),
            Self::Quoted => {
                (sentence!("it is quoted, and the quotation marks are taken as part of it"), alone())
            }
            Self::KidBreaks => (
                sentence!(
                    "`kid` in its header is an object with a `toString` of its own, with which the service fails"
                ),
                sentence!("write the kid as text, in quotes"),
            ),
            Self::TooLarge { bytes } => (
                sentence!(
                    "it has {bytes} bytes, and Node rejects requests whose headers are over 16 KiB, before the service sees \
                     them"
                ),
                sentence!("put less into its claims"),
            ),
            Self::CutHeader => {
                (sentence!("it was cut off: its header ends in the middle of JSON"), in_one_piece())
            }
            Self::CutPayload => (
                sentence!("it was cut off: its payload ends in the middle of JSON, and nothing follows"),
                in_one_piece(),
            ),
            Self::CutSignature { has, of } => {
                (sentence!("it was cut off: its signature has {has} of {of} characters"), in_one_piece())
            }
            Self::StrayCharacter { character, position } => {
                let character = character.to_string();
                let shown = Printable(&character);
                (sentence!("it contains `{shown}`, at position {position}, which no token does"), alone())
            }
        }
    }
}

fn in_one_piece() -> Sentence {
    sentence!("pass on all of it: logs, terminals and forms cut long lines")
}

fn alone() -> Sentence {
    sentence!("pass on the token alone, from `eyJ` to its last letter")
}

impl Malformed {
    fn words(self) -> (Sentence, Sentence) {
        let again = || sentence!("let the backend create it with a JWT library, and pass it on in one piece");
        match self {
            Self::Parts(5) => (
                sentence!(
                    "it has five parts: it is an encrypted token (JWE), which the service doesn't accept"
                ),
                sentence!("sign the token instead of encrypting it"),
            ),
            Self::Parts(1) => (
                sentence!("it contains no dots, and a JWT has three parts with dots between: it isn't a JWT"),
                again(),
            ),
            Self::Parts(parts) => {
                let parts = count(parts, "part");
                let why = sentence!(
                    "it has {parts}, with dots between, and a JWT has three: it was cut off, or isn't a JWT"
                );
                (why, again())
            }
            Self::Header => (sentence!("its first part isn't base64url of a JSON object"), again()),
            Self::Payload => (sentence!("its second part isn't base64url of a JSON object"), again()),
            Self::Alg => (sentence!("its header has no `alg`"), again()),
            Self::Crit => (
                sentence!("`crit` in its header isn't a list of names of other members that are there"),
                sentence!("remove `crit` from the header"),
            ),
            Self::Unencoded => (
                sentence!("its header says that the payload isn't base64url (`b64`: false)"),
                sentence!("remove `b64` and `crit` from the header"),
            ),
        }
    }
}

impl ClaimsCause {
    fn words(&self) -> (Sentence, Sentence) {
        const MISLEADING: &str = "; the service's message is misleading";
        match self {
            Self::Parameters => (
                sentence!("`parameters` isn't a JSON object"),
                sentence!("write it as {{\"name\": value}}, or leave it out"),
            ),
            Self::Milliseconds { claim } => {
                let why = match claim {
                    None => sentence!("its times are in milliseconds, and JWTs use seconds"),
                    Some(claim) => {
                        sentence!("`{claim}` is in milliseconds, and JWTs use seconds{MISLEADING}")
                    }
                };
                (why, sentence!("give seconds: Math.floor(Date.now() / 1000)"))
            }
            Self::TooLong { seconds, most } => (
                sentence!(
                    "from `iat` to `exp` it lives {}, and the service accepts {} at most",
                    span(*seconds),
                    lifetime(*most)
                ),
                sentence!(
                    "let the backend create it for {} or less; clients ask for a new one by themselves",
                    lifetime(*most)
                ),
            ),
            Self::Expired { exp, seconds_ago } => (expired(*exp, *seconds_ago), renewal(*seconds_ago)),
            Self::ExpiredBeforeIat { exp, seconds_ago } => (
                sentence!("{}, and its `exp` is earlier than its `iat`", expired(*exp, *seconds_ago)),
                sentence!("set `exp` to `iat` plus its lifetime, in seconds"),
            ),
            Self::ClaimMissing { claim } => {
                (sentence!("it has no `{claim}`"), sentence!("add `{claim}`: {}", meaning(claim)))
            }
            Self::SubBreaks => (
                sentence!("`sub` contains a NUL character, with which the service fails"),
                sentence!("leave it out: `sub` is {}", meaning("sub")),
            ),
            Self::ClaimNotANumber { claim } => (
                sentence!("`{claim}` isn't a number{MISLEADING}"),
                sentence!("write it as a number: {}", meaning(claim)),
            ),
            Self::NotYetValid { seconds_ahead: ahead } => (
                sentence!("because of its `nbf`, it isn't valid for another {}{MISLEADING}", span(*ahead)),
                patience(*ahead),
            ),
            Self::AudienceMissing { audiences }
            | Self::AudienceNear { audiences, .. }
            | Self::AudienceOther { audiences } => (self.on_audience(), audience_advice(audiences)),
        }
    }

    fn on_audience(&self) -> Sentence {
        match self {
            Self::AudienceNear { aud, nearest, characters, .. } => {
                let how = if aud.eq_ignore_ascii_case(nearest) {
                    "in upper and lower case".to_owned()
                } else {
                    format!("by {}", count(*characters, "character"))
                };
                let (aud, nearest) = (Printable(aud), Printable(nearest));
                sentence!("its `aud` `{aud}` differs from the config's `{nearest}` {how}")
            }
            Self::AudienceOther { audiences } if audiences.is_empty() => {
                sentence!("no `aud` is right as long as the config has no audience")
            }
            Self::AudienceOther { .. } => sentence!("its `aud` is none of the config's audiences"),
            _ => sentence!("it has no `aud`"),
        }
    }
}

/// How long a token may live.
fn lifetime(most: Seconds) -> String {
    if most == Seconds::hours(24) { "24 hours".to_owned() } else { most.to_string() }
}

/// A span in words, or in the largest unit where it is long.
fn span(seconds: f64) -> String {
    match whole(seconds) {
        Some(seconds) if seconds.abs() < 366 * 86400 => Seconds::new(seconds).to_string(),
        _ => "more than a year".to_owned(),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be within what is exact")]
fn whole(number: f64) -> Option<i64> {
    (number.abs() < 9e15).then_some(number as i64)
}

fn expired(exp: f64, seconds_ago: f64) -> Sentence {
    match whole(exp).and_then(NumericDate::new) {
        Some(at) => sentence!("it expired at {at}, {} ago", span(seconds_ago), at = at.to_the_minute()),
        None => sentence!("its `exp` is {}, which is long past", number_text(exp)),
    }
}

fn renewal(seconds_ago: f64) -> Sentence {
    if seconds_ago < CLOCK_SKEW {
        sentence!(
            "if the backend has just created it, its clock is slow, or the lifetime is too short; otherwise ask for a new one"
        )
    } else {
        sentence!("ask the backend for a new one. If it has just created it, check its clock and time zone")
    }
}

fn patience(seconds_ahead: f64) -> Sentence {
    if seconds_ahead < CLOCK_SKEW {
        sentence!(
            "if it was meant to be valid at once, the backend's clock is ahead: correct it, or leave `nbf` out"
        )
    } else {
        sentence!("wait, or leave `nbf` out")
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
