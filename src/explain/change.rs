//! What is different about a key that stays, or about another way in.

use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Printable, list};
use crate::keyset::Fault;

/// A change of a key that is the same, or may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyChange {
    Dates,
    /// The same secret, written in another way.
    Respelled,
    /// Members that change nothing about what it verifies.
    Members(Vec<String>),
    /// Members with which it may verify other tokens than before: that isn't known here.
    Unsure(Vec<String>),
    /// `exp`, in a way that can't be read here.
    Unreadable,
    /// Its secret moved into this variable.
    MovedInto(String),
    /// Its secret moved from this variable into the file.
    MovedFrom(String),
    /// The service starts with it now.
    Fixed,
    /// The service no longer starts with it.
    Broken(Fault),
    /// Its secret is read from another variable, whose value may be another.
    ReadFrom {
        new: String,
        old: String,
    },
    /// Its secret is in this variable now; whether it is the same isn't known.
    IntoVariable(String),
    /// Its secret is in the file now, and was in this variable; whether it is the same isn't known.
    IntoFile(String),
}

/// A change of `jwks_uri` or of a Supabase setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LoginChange {
    /// It is new: its addresses, where it has some.
    Added(Vec<String>),
    /// It is gone.
    Removed(Vec<String>),
    Replaced {
        new: Vec<String>,
        old: Vec<String>,
    },
    /// Another secret.
    OtherSecret,
    /// Another place; whether the secret is the same isn't known.
    Moved {
        new: String,
        old: String,
    },
}

impl KeyChange {
    pub(super) fn message(&self, key: &str) -> Sentence {
        match self {
            Self::Dates => sentence!("changed {key}: its dates"),
            Self::Respelled => sentence!("changed {key}: the same secret, spelled differently"),
            Self::Members(names) => {
                sentence!("changed {key}: {}; it verifies the same tokens", quoted(names))
            }
            Self::Unsure(names) => {
                sentence!(
                    "changed {key}: {}; whether it verifies the same tokens can't be seen here",
                    quoted(names)
                )
            }
            Self::Unreadable => sentence!("changed {key}"),
            Self::MovedInto(variable) => {
                sentence!("moved the secret of {key} into {variable}: it is the same key")
            }
            Self::MovedFrom(variable) => sentence!(
                "moved the secret of {key} from {variable} into the config, in plaintext: it is the same key"
            ),
            Self::Fixed => sentence!("changed {key}: the service starts with it now"),
            Self::Broken(fault) => sentence!("changed {key}: the service does not start with it: {fault}"),
            Self::ReadFrom { new, old } => {
                sentence!("changed {key}: its secret is read from {new} in place of {old}")
            }
            Self::IntoVariable(variable) => {
                sentence!("changed {key}: its secret moved into the variable {variable}")
            }
            Self::IntoFile(variable) => {
                sentence!("changed {key}: its secret was in {variable}, and is in the file now")
            }
        }
    }
}

impl LoginChange {
    pub(super) fn message(&self, member: &str, word: &str) -> Sentence {
        match self {
            Self::Added(all) | Self::Removed(all) if all.is_empty() => sentence!("{word} `{member}`"),
            Self::Added(all) | Self::Removed(all) => sentence!("{word} `{member}`: {}", list(all)),
            Self::Replaced { new, old } => {
                sentence!("{word} `{member}`: {} in place of {}", list(new), list(old))
            }
            Self::OtherSecret => sentence!("{word} `{member}`: another secret"),
            Self::Moved { new, old } => sentence!("{word} `{member}`: it is in {new} now, and was in {old}"),
        }
    }
}

pub(super) fn quoted(names: &[String]) -> String {
    list(&names.iter().map(|name| format!("`{}`", Printable(name))).collect::<Vec<_>>())
}
