//! What can't be determined from a config alone.

use std::fmt;

use serde::Serialize;

use super::js::TooDeep;
use super::rejection::Rejection;
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Printable, list};
use crate::keyset::{Key, KeySet};

/// What can't be determined from here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are keys, variables and members, by their names")]
pub enum Undetermined {
    /// Nested JSON, deeper than is read here.
    TooDeep,
    /// The kid of a key is in a variable.
    Kid { key: String, variable: String },
    /// No key of the file has the kid, and the service has keys from elsewhere, too.
    OtherKeys { unseen: Vec<String>, issuer: Option<String> },
    /// The key of its kid can't be used here.
    Key { key: String, why: Unverifiable },
    /// A key without kid can't be used here.
    Wildcard { key: String, why: Unverifiable },
    /// Its audience is none that is known here.
    Audience(UnknownAudience),
    /// A secret that matches no key, as far as they are known here.
    Owner(Vec<UnseenKey>),
}

/// Why a key verifies nothing here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are variables and members, by their names")]
pub enum Unverifiable {
    /// Its secret, or its `alg`, is in a variable.
    Variable { what: &'static str, variable: String },
    /// Members of a public key are in variables.
    Variables(&'static str),
    /// It can't be read.
    Unreadable,
    /// An algorithm or a curve that isn't supported here.
    Unsupported(String),
    /// An RSA key of another size or exponent.
    RsaSize,
}

/// Why an audience may be right that isn't known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnknownAudience {
    /// One is in a variable.
    Variable(String),
    /// Cloud takes the URL of the instance.
    Cloud,
}

/// Who the token says it is from.
pub(super) fn says_issuer(issuer: Option<&str>) -> String {
    issuer.map_or_else(String::new, |issuer| {
        format!(". The token says that it is from `{}`", Printable(issuer))
    })
}

fn in_variable(what: impl fmt::Display, name: &str) -> Sentence {
    sentence!(
        "{what} is in the variable {name}, whose value is not known here. Set it in the environment, or name the file that \
         defines it: `--env-file PATH`"
    )
}

impl Undetermined {
    /// Why.
    #[must_use]
    pub fn message(&self) -> Sentence {
        match self {
            Self::TooDeep => {
                sentence!("its JSON is nested more than 256 levels deep, which is the most that is read here")
            }
            Self::Kid { key, variable } => in_variable(format_args!("the kid of {key}"), variable),
            Self::OtherKeys { unseen, issuer } => sentence!(
                "no key that is known here verifies it, and the service also trusts {}, which are not seen \
                 here{}. `--fetch` asks there, and `--jwks FILE` reads a copy",
                list(unseen),
                says_issuer(issuer.as_deref())
            ),
            Self::Key { key, why } => sentence!("its key is {key}, and {}", why.message()),
            Self::Wildcard { key, why } => {
                sentence!("it may be signed with {key}, which has no kid, and {}", why.message())
            }
            Self::Audience(UnknownAudience::Variable(name)) => sentence!(
                "its `aud` is none that is known here, but {}",
                in_variable("an audience of the config", name)
            ),
            Self::Audience(UnknownAudience::Cloud) => sentence!(
                "its `aud` is none that is known here, but PowerSync Cloud also accepts the URL of the instance as audience"
            ),
            Self::Owner(unseen) => sentence!(
                "it is the secret of no key that is known here, and these are not known: {}. Set the variable, or use `--env-file`",
                UnseenKey::names(unseen)
            ),
        }
    }
}

impl Unverifiable {
    fn message(&self) -> Sentence {
        match self {
            Self::Variable { what, variable } => in_variable(format_args!("its {what}"), variable),
            Self::Variables(what) => sentence!("its {what} is in a variable whose value is not known here"),
            Self::Unreadable => sentence!("it can't be read here"),
            Self::Unsupported(what) => sentence!("{what} signatures are not checked here"),
            Self::RsaSize => sentence!("RSA keys of this size or exponent are not checked here"),
        }
    }
}

/// Anything but accepted.
pub(super) enum Stop {
    Rejected(Rejection),
    Undetermined(Undetermined),
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<Undetermined> for Stop {
    fn from(unknown: Undetermined) -> Self {
        Self::Undetermined(unknown)
    }
}

impl From<TooDeep> for Stop {
    fn from(_: TooDeep) -> Self {
        Self::Undetermined(Undetermined::TooDeep)
    }
}

/// A symmetric key whose secret is in a variable that is not known here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnseenKey {
    /// The key.
    pub key: String,
    /// The variable.
    pub variable: String,
}

impl UnseenKey {
    pub(super) fn all(keys: &KeySet) -> Vec<Self> {
        let unseen =
            |key: &Key| Self { key: key.name(), variable: key.variable().unwrap_or("a variable").to_owned() };
        keys.unseen().map(unseen).collect()
    }

    /// That these were not tried, to be put behind a sentence.
    pub(super) fn not_tried(unseen: &[Self]) -> String {
        if unseen.is_empty() {
            return String::new();
        }
        format!(". Not tried, because not known here: {}", Self::names(unseen))
    }

    pub(super) fn names(unseen: &[Self]) -> String {
        list(&unseen.iter().map(|Self { key, variable }| format!("{key} ({variable})")).collect::<Vec<_>>())
    }
}
