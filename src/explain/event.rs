//! What happens to a key in a change, and the words for it.

use std::fmt;

use super::change::{KeyChange, LoginChange, quoted};
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Printable, list};
use crate::base::time::NumericDate;
use crate::keyset::{Fault, HmacAlg, Key, KeyRef};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEvent {
    pub(crate) key: Topic,
    pub(crate) kind: EventKind,
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    Key(KeyRef),
    /// A member of the config.
    Member(String),
}

impl Topic {
    /// For people.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Key(key) => key.in_words(),
            Self::Member(name) => name.clone(),
        }
    }
}

/// For programs: keys by their kid, or `@N`.
impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => key.fmt(f),
            Self::Member(name) => f.write_str(name),
        }
    }
}

/// A setting that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The names that lead to it, with dots between.
    pub(crate) path: String,
    pub(crate) old: Option<SettingValue>,
    pub(crate) new: Option<SettingValue>,
}

/// The value of a setting, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SettingValue {
    Shown(String),
    Hidden,
}

/// What of a text differs that the service doesn't read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    Comments,
    /// White space, quotes, or the syntax.
    Layout,
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
        /// Since when it could be removed, if that is over.
        since: Option<NumericDate>,
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
        signing: KeyRef,
    },
    /// It was on its way out, and is the current key again.
    RolledBack {
        signing: KeyRef,
    },
    Changed(KeyChange),
    /// A login source other than the keys of the file.
    Login(LoginChange),
    /// What tokens may be for.
    Audience {
        added: Vec<String>,
        removed: Vec<String>,
    },
    /// Keys have changed places, and the current key is the same.
    Reordered {
        current: Option<String>,
    },
    /// Settings that nothing here judges; `inside`: of `client_auth`.
    Settings {
        inside: bool,
        changes: Vec<Setting>,
    },
    /// Nothing that the service reads.
    Text(Text),
}

/// Where a new key comes, beside the one that was current.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// There was none, or it is no matter.
    Alone,
    Current {
        signing: KeyRef,
    },
    /// Behind it, to take its place later.
    Standby {
        current: KeyRef,
        not_before: Option<NumericDate>,
    },
    Beside {
        current: KeyRef,
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
            Self::Changed(_)
            | Self::Login(_)
            | Self::Audience { .. }
            | Self::Reordered { .. }
            | Self::Settings { .. }
            | Self::Text(_) => "changed",
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
            Self::Text(_) | Self::Changed(KeyChange::Respelled) => Sign::Same,
            _ => Sign::Changed,
        }
    }
}

impl KeyEvent {
    /// In words, without the sign.
    pub(crate) fn message(&self, now: NumericDate) -> Sentence {
        let key = &self.key.in_words();
        match &self.kind {
            EventKind::Added { what, state, place } => {
                let any = if self.is_wildcard() { ACCEPTS_ANY } else { "" };
                sentence!("added {key} ({what}), {state}{}{any}", place.message(now))
            }
            EventKind::AddedUnusable(fault) => {
                sentence!("added {key}: the service does not start with it: {fault}")
            }
            EventKind::AddedHidden { number, what } => sentence!(
                "added a key ({what}, number {number} in the list) which never verifies a token: one before it has the \
                 same kid, {key}"
            ),
            EventKind::Removed { what, since: Some(since) } => {
                sentence!("removed {key} ({what}): its overlap is over, since {}", since.for_people(now))
            }
            EventKind::Removed { what, since: None } => sentence!("removed {key} ({what})"),
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
                sentence!(
                    "promoted {key}: it is the current key now; {}",
                    until_deployed(&signing.in_words())
                )
            }
            EventKind::RolledBack { signing } => {
                let signing = signing.in_words();
                sentence!(
                    "rolled back to {key}: it is the current key again; a backend that was given {signing} signs with that \
                     until you give it {key} again"
                )
            }
            EventKind::Changed(change) => change.message(key),
            EventKind::Login(change) => change.message(key, self.kind.name()),
            EventKind::Audience { added, removed } => audience(added, removed),
            EventKind::Reordered { current: Some(key) } => {
                sentence!("changed the order of the keys; the current key is still {key}")
            }
            EventKind::Reordered { current: None } => sentence!("changed the order of the keys"),
            EventKind::Settings { inside, changes } => settings(*inside, changes),
            EventKind::Text(Text::Comments) => sentence!("changed comments only: the service reads the same"),
            EventKind::Text(Text::Layout) => {
                sentence!(
                    "changed the layout only (white space, quotes or syntax): the service reads the same"
                )
            }
        }
    }

    /// Whether it is about this key.
    pub(super) fn is_of(&self, key: &Key) -> bool {
        matches!(&self.key, Topic::Key(about) if *about == key.reference())
    }

    /// Whether it is about a key that accepts tokens with any kid.
    fn is_wildcard(&self) -> bool {
        matches!(&self.key, Topic::Key(key) if key.is_wildcard())
    }

    /// In a few words, for a first line.
    pub(crate) fn brief(&self, now: NumericDate) -> Sentence {
        let key = self.key.in_words();
        match &self.kind {
            EventKind::Added { place: Place::Standby { not_before: Some(nbf), .. }, .. } => {
                sentence!("{key} is added, to be promoted from {}", nbf.for_people(now))
            }
            EventKind::Added { .. } | EventKind::AddedUnusable(_) => sentence!("{key} is added"),
            EventKind::AddedHidden { .. } => sentence!("a second {key} is added, which verifies nothing"),
            EventKind::Removed { since: Some(since), .. } => {
                sentence!("{key} is removed, whose overlap ended {}", since.for_people(now))
            }
            EventKind::Removed { since: None, .. } => {
                sentence!("{key} is removed, and no valid token needs it")
            }
            EventKind::Retired { exp, .. } => {
                sentence!("{key} keeps working until it is pruned, not before {}", exp.for_people(now))
            }
            EventKind::Unretired => sentence!("{key} stays"),
            EventKind::Promoted { .. } => sentence!("{key} is promoted"),
            EventKind::RolledBack { .. } => sentence!("{key} is the current key again"),
            EventKind::ReKeyed(_) => sentence!("{key} is re-keyed"),
            EventKind::Changed(KeyChange::Respelled) => {
                sentence!("{key} has the same secret, spelled differently")
            }
            EventKind::Changed(KeyChange::MovedInto(variable)) => {
                sentence!("the secret of {key} moves into {variable}, and stays the same")
            }
            EventKind::Changed(KeyChange::Fixed) => sentence!("the service starts with {key} now"),
            EventKind::Changed(KeyChange::Members(names)) => {
                let verb = if names.len() == 1 { "changes" } else { "change" };
                sentence!("{} of {key} {verb}, and it verifies the same tokens", quoted(names))
            }
            EventKind::Text(Text::Comments) => sentence!("comments only"),
            EventKind::Text(Text::Layout) => sentence!("layout only (white space, quotes or syntax)"),
            EventKind::Reordered { .. } => sentence!("keys change places behind the current one"),
            EventKind::Audience { added, removed } if removed.is_empty() && !added.is_empty() => {
                sentence!("the audience {} is added", list(added))
            }
            EventKind::Login(LoginChange::Added(_)) => sentence!("`{key}` is added"),
            EventKind::Login(LoginChange::Removed(_)) => sentence!("`{key}` is removed"),
            EventKind::Login(_) => sentence!("`{key}` changes"),
            _ => self.message(now),
        }
    }

    /// Hides the values of settings that are secret elsewhere in the file.
    pub(crate) fn hide_values(&mut self, is_secret: impl Fn(&str) -> bool) {
        let EventKind::Settings { changes, .. } = &mut self.kind else { return };
        let values = changes.iter_mut().flat_map(|one| [&mut one.old, &mut one.new]).flatten();
        for value in values {
            if matches!(value, SettingValue::Shown(text) if is_secret(text)) {
                *value = SettingValue::Hidden;
            }
        }
    }

    /// Whether it changes what tokens are verified with.
    pub(crate) fn is_about_keys(&self) -> bool {
        !matches!(self.kind, EventKind::Settings { .. } | EventKind::Text(_))
    }
}

const ACCEPTS_ANY: &str = ": it accepts tokens with any kid that no other key has, and those without one";

fn audience(added: &[String], removed: &[String]) -> Sentence {
    let accepted =
        |all: &[String]| sentence!("added the audience {}: tokens for it are accepted, too", list(all));
    match (added, removed) {
        ([], []) => sentence!("wrote the list of audiences in another way: they are the same"),
        (added, []) => accepted(added),
        ([], removed) => sentence!("removed the audience {}", list(removed)),
        (added, removed) => sentence!("changed the audience: {} in place of {}", list(added), list(removed)),
    }
}

/// How many settings are named.
const NAMED: usize = 5;

fn settings(inside: bool, changes: &[Setting]) -> Sentence {
    let named: Vec<String> = changes.iter().take(NAMED).map(|one| one.message().to_string()).collect();
    let more = match changes.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let place = if inside { "in `client_auth`" } else { "outside of `client_auth`" };
    sentence!("{place}: {}{more} (not judged)", named.join(", "))
}

impl Setting {
    fn message(&self) -> Sentence {
        use SettingValue::{Hidden, Shown};
        let path = Printable(&self.path);
        match (&self.old, &self.new) {
            (Some(Shown(old)), Some(Shown(new))) => sentence!("`{path}` {old} → {new}"),
            (None, Some(Shown(new))) => sentence!("`{path}` added: {new}"),
            (Some(Shown(old)), None) => sentence!("`{path}` removed (was {old})"),
            (None, Some(Hidden)) => sentence!("`{path}` added"),
            (Some(Hidden), None) => sentence!("`{path}` removed"),
            _ => sentence!("`{path}` changed"),
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
            Self::Current { signing } => sentence!("; {}", until_deployed(&signing.in_words())),
            Self::Standby { current, not_before: Some(nbf) } => {
                let current = current.in_words();
                sentence!(", to be promoted from {}; {current} stays the current key", nbf.for_people(now))
            }
            Self::Standby { current, not_before: None } => {
                sentence!("; {} stays the current key", current.in_words())
            }
            Self::Beside { current } => sentence!(" beside the current key, {}", current.in_words()),
        }
    }
}

impl Replaced {
    pub(super) fn message(self) -> Sentence {
        match self {
            Self::Alg { new, old } => sentence!("{new} in place of {old}"),
            Self::Secret => sentence!("another secret"),
            Self::Key => sentence!("another key"),
        }
    }
}
