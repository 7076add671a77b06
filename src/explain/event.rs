//! What happens to a key in a change, and the words for it.

use crate::base::sentence::{Sentence, sentence};
use crate::base::text::list;
use crate::base::time::NumericDate;
use crate::keyset::{Fault, HmacAlg};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEvent {
    /// The key, as people name it; of a login source, the member of the config.
    pub(crate) key: String,
    pub(crate) kind: EventKind,
}

/// What happened to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EventKind {
    Added {
        what: String,
        state: crate::keyset::State,
        place: Place,
    },
    /// It is new, and the service does not start with it.
    AddedUnusable(Fault),
    /// It is new, and the service never tries it: a key before it has the same kid.
    AddedHidden {
        number: usize,
        what: String,
    },
    Removed {
        what: String,
    },
    /// It got an `exp`; `before`: in place of another.
    Retired {
        exp: NumericDate,
        before: Option<NumericDate>,
    },
    Unretired,
    /// The same kid verifies with something else.
    ReKeyed(Replaced),
    /// It is the current key now; the backend signs with the other until it is given this one.
    Promoted {
        signing: String,
    },
    /// It was on its way out, and is the current key again.
    RolledBack {
        signing: String,
    },
    Changed(KeyChange),
    /// A login source other than the keys of the file.
    Login(LoginChange),
}

/// Where a new key comes, beside the one that was current.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// There was none, or it is no matter.
    Alone,
    Current {
        signing: String,
    },
    /// Behind it, to take its place later.
    Standby {
        current: String,
        not_before: Option<NumericDate>,
    },
    Beside {
        current: String,
    },
}

/// What the same kid verifies with, in place of what it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replaced {
    Alg {
        new: HmacAlg,
        old: HmacAlg,
    },
    Secret,
    /// A key of another kind, or another public key.
    Key,
}

/// A change of a key that is the same, or may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyChange {
    Dates,
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

/// What a line about a key begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    Added,
    Removed,
    Changed,
    Danger,
    Same,
    /// It can't be told.
    Unknown,
}

impl Sign {
    /// The character.
    pub(crate) fn char(self) -> char {
        match self {
            Self::Added => '+',
            Self::Removed => '-',
            Self::Changed => '~',
            Self::Danger => '!',
            Self::Same => '=',
            Self::Unknown => '?',
        }
    }
}

impl EventKind {
    /// The word for it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Added { .. }
            | Self::AddedUnusable(_)
            | Self::AddedHidden { .. }
            | Self::Login(LoginChange::Added(_)) => "added",
            Self::Removed { .. } | Self::Login(LoginChange::Removed(_)) => "removed",
            Self::Retired { .. } => "retired",
            Self::Unretired => "un-retired",
            Self::ReKeyed(_) => "re-keyed",
            Self::Promoted { .. } => "promoted",
            Self::RolledBack { .. } => "rolled-back",
            Self::Changed(_) | Self::Login(_) => "changed",
        }
    }

    /// What its line begins with.
    pub(crate) fn sign(&self) -> Sign {
        match self {
            Self::AddedUnusable(_)
            | Self::ReKeyed(_)
            | Self::Changed(KeyChange::Broken(_) | KeyChange::IntoFile(_)) => Sign::Danger,
            Self::Added { .. } | Self::AddedHidden { .. } | Self::Login(LoginChange::Added(_)) => Sign::Added,
            Self::Removed { .. } | Self::Login(LoginChange::Removed(_)) => Sign::Removed,
            _ => Sign::Changed,
        }
    }
}

impl KeyEvent {
    /// In words, without the sign.
    pub(crate) fn message(&self, now: NumericDate) -> Sentence {
        let key = &self.key;
        match &self.kind {
            EventKind::Added { what, state, place } => {
                sentence!("added {key} ({what}), {state}{}", place.message(now))
            }
            EventKind::AddedUnusable(fault) => {
                sentence!("added {key}: the service does not start with it: {fault}")
            }
            EventKind::AddedHidden { number, what } => sentence!(
                "added @{number} ({what}), which never verifies a token: a key before it has the same kid, {key}"
            ),
            EventKind::Removed { what } => sentence!("removed {key} ({what})"),
            EventKind::Retired { exp, before } => {
                let again = if before.is_some() { "now " } else { "" };
                sentence!("retiring {key}: may {again}be removed from {}", exp.for_people(now))
            }
            EventKind::Unretired => sentence!("un-retired {key}: it stays"),
            EventKind::ReKeyed(replaced) => {
                sentence!(
                    "re-keyed {key}: same kid, {}; its tokens fail after the next restart",
                    replaced.message()
                )
            }
            EventKind::Promoted { signing } => {
                sentence!("promoted {key}: it is the current key now; {}", until_deployed(signing))
            }
            EventKind::RolledBack { signing } => sentence!(
                "rolled back to {key}: it is the current key again; a backend that was given {signing} signs with that until \
                 you give it {key} again"
            ),
            EventKind::Changed(change) => change.message(key),
            EventKind::Login(change) => change.message(key, self.kind.name()),
        }
    }
}

fn until_deployed(signing: &str) -> Sentence {
    sentence!("your backend signs with {signing} until you deploy the new kid and secret to it")
}

impl Place {
    fn message(&self, now: NumericDate) -> Sentence {
        match self {
            Self::Alone => sentence!(""),
            Self::Current { signing } => sentence!("; {}", until_deployed(signing)),
            Self::Standby { current, not_before: Some(nbf) } => {
                sentence!(", to be promoted from {}; {current} stays the current key", nbf.for_people(now))
            }
            Self::Standby { current, not_before: None } => sentence!("; {current} stays the current key"),
            Self::Beside { current } => sentence!(" beside the current key {current}"),
        }
    }
}

impl Replaced {
    fn message(self) -> Sentence {
        match self {
            Self::Alg { new, old } => sentence!("{new} in place of {old}"),
            Self::Secret => sentence!("another secret"),
            Self::Key => sentence!("another key"),
        }
    }
}

impl KeyChange {
    fn message(&self, key: &str) -> Sentence {
        match self {
            Self::Dates => sentence!("changed {key}: its dates"),
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
    fn message(&self, member: &str, word: &str) -> Sentence {
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
