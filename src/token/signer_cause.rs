//! Who signed a rejected token, and with what.

use serde::Serialize;

use super::undetermined::UnseenKey;
use super::writing::{Mistake, Writing};
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::Printable;

const EARLIER: &str =
    ". If the key was removed, an earlier config can tell: `powersync-jwks verify --against OLD`";

/// Who signed it, and with what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names say it, and the words below")]
pub enum SignerCause {
    UselessKey {
        key: String,
    },
    KeyAlgorithm {
        key: String,
        alg: String,
        takes: String,
        secret_is_right: bool,
    },
    OtherPrivateKey {
        key: String,
    },
    OtherSecret {
        key: String,
        #[serde(skip)]
        argument: String,
        not_tried: Vec<UnseenKey>,
    },
    NoKid {
        current: Option<String>,
        not_tried: Vec<UnseenKey>,
    },
    RemovedKid {
        key: String,
        current: Option<String>,
    },
    UnknownKid {
        kid: String,
        nearest: Option<String>,
        current: Option<String>,
        not_tried: Vec<UnseenKey>,
        compared: bool,
    },
    SignedByRemoved {
        key: String,
        writing: Writing,
    },
    SignedWrong {
        key: String,
        writing: Writing,
    },
    SignedByOther {
        key: String,
        kid: Option<String>,
        writing: Writing,
        header: HeaderKid,
    },
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

impl SignerCause {
    pub(super) fn words(&self) -> (Sentence, Sentence) {
        let export = || sentence!("give the backend the current kid and secret: `powersync-jwks export`");
        match self {
            Self::UselessKey { key } => (
                sentence!("{key} can't verify any token with this `alg`, whoever signs it"),
                sentence!(
                    "replace the key in the config: RSA needs 2048 bits or more; ES256 goes with P-256, ES384 with P-384, \
                     ES512 with P-521"
                ),
            ),
            Self::KeyAlgorithm { key, alg, takes, secret_is_right } => {
                let right = if *secret_is_right { ". The secret is right" } else { "" };
                let why = sentence!("its `alg` is {alg}, and {key} accepts {takes} only{right}");
                (why, sentence!("sign with {takes}"))
            }
            Self::OtherPrivateKey { key } => (
                sentence!("it names {key}, but was signed with another private key"),
                sentence!("sign with the private key that belongs to it, or name the key that signs"),
            ),
            Self::OtherSecret { key, argument, not_tried } => (
                sentence!(
                    "it names {key}, but was signed with another secret, which matches no key of this config in any common \
                     encoding{}",
                    UnseenKey::not_tried(not_tried)
                ),
                sentence!("give the backend the secret of {key}: `powersync-jwks export {argument}`"),
            ),
            Self::NoKid { current, not_tried } => {
                let not_tried = UnseenKey::not_tried(not_tried);
                let why =
                    sentence!("its header has no `kid`, and no key without a kid verifies it{not_tried}");
                (why, kid_advice(current.as_ref()))
            }
            Self::RemovedKid { key, current } => {
                (sentence!("its kid, {key}, is that of a key that was removed"), kid_advice(current.as_ref()))
            }
            Self::UnknownKid { kid, nearest, current, not_tried, compared } => {
                let near =
                    nearest.as_ref().map_or_else(String::new, |near| format!("; the config has {near}"));
                let (kid, not_tried) = (Printable(kid), UnseenKey::not_tried(not_tried));
                let earlier = if *compared { "" } else { EARLIER };
                let advice = kid_advice(current.as_ref());
                (
                    sentence!("no key of this config has its kid, {kid}{near}{not_tried}"),
                    sentence!("{advice}{earlier}"),
                )
            }
            Self::SignedByRemoved { key, writing } => {
                let how = writing.mistake().map_or("", |_| ", in another encoding");
                (sentence!("it was signed with {key}, which was removed from the config{how}"), export())
            }
            Self::SignedWrong { key, writing } => {
                let mistake = writing.mistake().map(Mistake::words);
                let (how, advice) = mistake.unwrap_or_else(|| (sentence!("with its own bytes"), export()));
                (sentence!("it was signed with the secret of {key}, but {how}"), advice)
            }
            Self::SignedByOther { key, kid, writing, header } => {
                signed_by_other(key, kid.as_ref(), *writing, header)
            }
        }
    }
}

fn signed_by_other(
    key: &str,
    kid: Option<&String>,
    writing: Writing,
    header: &HeaderKid,
) -> (Sentence, Sentence) {
    let mistake = writing.mistake().map(Mistake::words);
    let (how, todo) =
        mistake.map(|(how, todo)| (format!("{how}, and "), format!("{todo}; "))).unwrap_or_default();
    let advice = match kid {
        Some(kid) => sentence!(
            "{todo}kid and secret go together: put the kid {kid} into the header, or sign with the secret of the kid that is \
             there"
        ),
        None => sentence!("{todo}leave the kid out of the header"),
    };
    (sentence!("it was signed with the secret of {key}, but {how}{}", header.message()), advice)
}

impl HeaderKid {
    fn message(&self) -> Sentence {
        match self {
            Self::Names(other) => sentence!("its header names {other}"),
            Self::Unknown(kid) => sentence!("its header has the kid {}, which no key has", Printable(kid)),
            Self::Missing => sentence!("its header has no kid"),
        }
    }
}

fn kid_advice(current: Option<&String>) -> Sentence {
    match current {
        Some(current) => sentence!(
            "sign with the current key, {current}, and put its kid into the header: `powersync-jwks export`"
        ),
        None => sentence!("sign with a key of the config, and put its kid into the header"),
    }
}
