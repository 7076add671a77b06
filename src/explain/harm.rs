//! What a finding means for whoever merges: the grounds of a verdict.

use std::collections::HashSet;

use crate::base::sentence::{Sentence, sentence};
use crate::base::text::list;
use crate::base::time::NumericDate;

/// What follows where nothing is done about a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Harm {
    /// The service does not start with the file.
    NoStart(NoStart),
    /// Someone gets in who should not.
    LetsIn { by: Way, keys: Vec<String> },
    /// Valid tokens are rejected.
    LocksOut(LockOut),
    /// Nothing, once this is done.
    First(Deed),
    /// Nothing.
    None,
}

/// Who refuses the file, and because of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoStart {
    /// The service: because of these places.
    Service(Vec<String>),
    /// Cloud's schema: because of these.
    Cloud(Vec<String>),
    /// The service may read it differently, or not at all.
    Unreadable,
}

/// How someone gets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The secret is empty.
    Empty,
    /// The secret can be guessed, or looked up.
    Guess,
    /// The secret is in the file.
    Copy,
    /// The secret is the one of another key, which was to be replaced.
    OldSecret,
    /// What the service fetches can be changed on its way.
    Traffic,
}

/// Whose tokens are rejected, from when, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LockOut {
    pub(crate) whose: Whose,
    pub(crate) from: From,
    /// When the last of those that were signed before would have expired.
    pub(crate) until: Option<NumericDate>,
    /// Until when new tokens are rejected, too.
    pub(crate) logins: Option<Cure>,
}

/// Whose tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Of these keys.
    Keys(Vec<String>),
    /// For these audiences.
    Audiences(Vec<String>),
    /// Signed with the keys at these addresses.
    Addresses(Vec<String>),
    Supabase,
    Everyone,
}

/// What does it: the merge, or a later step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    /// The next restart.
    Restart,
    /// The removal of the key, which is allowed from then on.
    Removal(NumericDate),
    /// The promotion of the key, which is allowed from then on.
    Promotion(NumericDate),
}

/// With what new tokens are accepted again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cure {
    /// The backend has this key, which is new.
    HasKey(String),
    /// The backend signs with this key, which was there before.
    SignsWith(String),
    /// The backend's tokens carry this kid.
    SendsKid(String),
    /// Whoever still signs with the key signs with another.
    OtherKey,
    /// The backend has what the kid verifies with now.
    NewSecret(String),
    /// The backend's tokens are for one of these audiences.
    Audience(Vec<String>),
    /// There is a key again.
    AnyKey,
    /// Those users get tokens from elsewhere.
    Elsewhere,
    /// Every replica knows the key.
    Known,
}

/// What has to be done before, or checked, for a change to be safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Variables are set on every replica.
    SetVariables { names: Vec<String>, is_cloud: bool },
    /// A variable holds what was elsewhere before.
    SameValue { name: String, what: String },
    /// All keys at these addresses are at others, too.
    SameKeys { old: Vec<String>, new: Vec<String> },
    /// Whoever controls the keys there may sign in as anyone.
    Trust(String),
    /// One thing takes the place of another, and is the same.
    SameAs { new: String, old: String },
    /// Nobody was given this key to sign with.
    NotGiven(String),
    /// No token carries this kid.
    NoToken { kid: String },
    /// The service reads its config from this file.
    Told { config: String },
    /// What the finding of this rule says.
    Fix { rule: &'static str },
}

impl Harm {
    /// Whether it is an error.
    pub(crate) fn is_grave(&self) -> bool {
        matches!(self, Self::NoStart(_) | Self::LetsIn { .. } | Self::LocksOut(_))
    }
}

impl NoStart {
    pub(super) fn joined(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Service(one), Self::Service(two)) => Some(Self::Service(both(one, two))),
            (Self::Cloud(one), Self::Cloud(two)) => Some(Self::Cloud(both(one, two))),
            (one, two) => (one == two).then(|| one.clone()),
        }
    }

    pub(super) fn message(&self) -> Sentence {
        let because = |places: &[String]| match places {
            [] => String::new(),
            places => format!(", because of {}", list(places)),
        };
        match self {
            Self::Service(places) => {
                sentence!("The service does not start with this file{}", because(places))
            }
            Self::Cloud(places) => sentence!("PowerSync Cloud does not take this file{}", because(places)),
            Self::Unreadable => sentence!("This file can't be read the way the service has to read it"),
        }
    }
}

/// The names of both, each once.
pub(super) fn both(one: &[String], two: &[String]) -> Vec<String> {
    let known: HashSet<&String> = one.iter().collect();
    let more = two.iter().filter(|name| !known.contains(name));
    one.iter().chain(more).cloned().collect()
}

impl Way {
    /// Who gets in.
    pub(super) fn message(self, keys: &[String]) -> Sentence {
        let secrets = if keys.len() == 1 { "secret" } else { "secrets" };
        let keys = list(keys);
        match self {
            Self::Empty => sentence!("anyone, with the empty secret of {keys}"),
            Self::Guess => sentence!("whoever guesses or looks up the {secrets} of {keys}"),
            Self::Copy => sentence!("whoever has a copy of this file, with the {secrets} of {keys}"),
            Self::OldSecret => sentence!("whoever has the old secret: {keys} still uses it"),
            Self::Traffic => {
                sentence!(
                    "whoever can change the traffic between the service and {keys}: it is not encrypted"
                )
            }
        }
    }
}

impl Whose {
    pub(super) fn message(&self) -> Sentence {
        match self {
            Self::Keys(keys) => sentence!("users of {}", list(keys)),
            Self::Audiences(all) => sentence!("users whose tokens are for {}", list(all)),
            Self::Addresses(all) => sentence!("users of the keys at {}", list(all)),
            Self::Supabase => sentence!("users of Supabase"),
            Self::Everyone => sentence!("every user"),
        }
    }

    /// The same for programs: names of keys, audiences or addresses.
    pub(super) fn names(&self) -> Vec<String> {
        match self {
            Self::Keys(all) | Self::Audiences(all) | Self::Addresses(all) => all.clone(),
            Self::Supabase => vec!["supabase".to_owned()],
            Self::Everyone => vec!["everyone".to_owned()],
        }
    }

    /// Both, where they are of one kind.
    pub(super) fn joined(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Keys(one), Self::Keys(two)) => Some(Self::Keys(both(one, two))),
            (Self::Audiences(one), Self::Audiences(two)) => Some(Self::Audiences(both(one, two))),
            (Self::Addresses(one), Self::Addresses(two)) => Some(Self::Addresses(both(one, two))),
            (one, two) => (one == two).then(|| one.clone()),
        }
    }
}

impl LockOut {
    /// In which order they are told: all users, those whose new logins fail, too, and what only a later step does.
    pub(super) fn order(&self) -> (bool, bool, bool) {
        let is_later = self.from != From::Restart;
        let is_passing = matches!(self.logins, None | Some(Cure::OtherKey));
        (self.whose != Whose::Everyone, is_later, is_passing)
    }

    /// From the next restart on.
    pub(crate) fn now(whose: Whose) -> Self {
        Self { whose, from: From::Restart, until: None, logins: None }
    }

    /// Both in one, where they differ in nothing but whose tokens they reject and until when.
    pub(super) fn joined(&self, other: &Self) -> Option<Self> {
        let is_alike = self.from == other.from && self.logins == other.logins;
        let whose = is_alike.then(|| self.whose.joined(&other.whose))??;
        Some(Self { whose, until: self.until.max(other.until), ..self.clone() })
    }

    pub(super) fn message(&self, now: NumericDate) -> Sentence {
        let whose = self.whose.message();
        let date = |date: NumericDate| date.for_people(now);
        match (self.from, self.until, &self.logins) {
            (From::Removal(at), ..) => sentence!(
                "{whose} once that key is removed, which is allowed from {}; merging alone rejects no token",
                date(at)
            ),
            (From::Promotion(at), ..) => sentence!(
                "{whose} on replicas that have not restarted, once that key is promoted, which is allowed from {}; \
                 merging alone rejects no token",
                date(at)
            ),
            (From::Restart, Some(until), Some(cure)) => {
                sentence!("{whose} until {}, and {}", date(until), cure.message())
            }
            (From::Restart, Some(until), None) => sentence!("{whose} until {}", date(until)),
            (From::Restart, None, Some(Cure::AnyKey)) => sentence!("{whose} until there is a key again"),
            (From::Restart, None, Some(Cure::Audience(all))) if all.is_empty() => {
                sentence!("{whose} until there is an audience")
            }
            (From::Restart, None, Some(cure)) => sentence!("{whose}: {}", cure.message()),
            (From::Restart, None, None) => sentence!("{whose} until this is fixed"),
        }
    }
}

impl Cure {
    fn message(&self) -> Sentence {
        match self {
            Self::HasKey(key) => sentence!("every new login until the backend has {key}"),
            Self::SignsWith(key) => sentence!("every new login until the backend signs with {key}"),
            Self::SendsKid(kid) => {
                sentence!("every new login until the backend's tokens carry the kid {kid}")
            }
            Self::OtherKey => sentence!("every new login that is still signed with it"),
            Self::NewSecret(key) => {
                sentence!("every new login until the service and the backend both have the new {key}")
            }
            Self::Audience(all) if all.is_empty() => sentence!("every new login until there is an audience"),
            Self::Audience(all) => {
                sentence!("every new login until the backend's tokens are for {}", list(all))
            }
            Self::AnyKey => sentence!("every new login until there is a key again"),
            Self::Elsewhere => sentence!("every new login from there"),
            Self::Known => sentence!("new logins on every replica that has not restarted since it was added"),
        }
    }
}

impl Deed {
    /// What has to be so.
    pub(super) fn message(&self) -> Sentence {
        match self {
            Self::SetVariables { names, is_cloud } => {
                let verb = if names.len() == 1 { "is" } else { "are" };
                let place =
                    if *is_cloud { "where you deploy from" } else { "on every replica before it restarts" };
                sentence!("{} {verb} set {place}", list(names))
            }
            Self::SameValue { name, what } => {
                sentence!("{name} holds {what} on every replica before it restarts, the same as before")
            }
            Self::SameKeys { old, new } => {
                sentence!("every key that is at {} is also at {}", list(old), list(new))
            }
            Self::Trust(keys) => {
                sentence!("you know who controls {keys} (whoever does can sign in as anyone)")
            }
            Self::SameAs { new, old } => sentence!("{new} is the same as {old}"),
            Self::NotGiven(key) => sentence!("you know that nobody was given {key} to sign with"),
            Self::NoToken { kid } => sentence!("you know that no token carries the kid {kid} yet"),
            Self::Told { config } => sentence!("the service is told that its config is {config}"),
            Self::Fix { rule } => sentence!("`{rule}` below is fixed"),
        }
    }
}
