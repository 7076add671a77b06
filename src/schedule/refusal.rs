//! What is refused as unsafe, and how to say that it is meant.

use crate::base::text::Named;
use crate::base::time::NumericDate;
use crate::keyset::{Fault, Undecidable};

/// The name of a refusal, as `--allow` takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
#[value(rename_all = "kebab-case")]
pub enum RefusalId {
    /// A key that may still verify tokens would go
    LiveKey,
    /// No key would be left
    LastKey,
    /// The key that signs would go without another in its place
    CurrentKey,
    /// A key would go before the last token signed with it has expired
    ShortOverlap,
    /// A key would sign before every replica knows it
    BeforeNbf,
    /// A key would sign that a running service doesn't know
    NotLive,
    /// A key would be replaced by one that is not newer
    OlderKey,
    /// An imported secret is that of another key already
    SameSecret,
    /// The secret can be guessed
    WeakSecret,
    /// A chosen kid, beside a key without kid, may reject tokens that carry it
    Wildcard,
    /// This machine's clock is behind a key's `iat`
    Clock,
    /// Users log in with keys from elsewhere
    OtherLogin,
    /// A file that is there would be replaced
    Overwrite,
}

impl RefusalId {
    /// The id.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LiveKey => "live-key",
            Self::LastKey => "last-key",
            Self::CurrentKey => "current-key",
            Self::ShortOverlap => "short-overlap",
            Self::BeforeNbf => "before-nbf",
            Self::NotLive => "not-live",
            Self::OlderKey => "older-key",
            Self::SameSecret => "same-secret",
            Self::WeakSecret => "weak-secret",
            Self::Wildcard => "wildcard",
            Self::Clock => "clock",
            Self::OtherLogin => "other-login",
            Self::Overwrite => "overwrite",
        }
    }
}

/// Something refused, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which rule.
    pub id: RefusalId,
    /// What would happen, in this case.
    pub reason: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.id.name(), self.reason)
    }
}

/// What is done although it would be refused.
pub type Allowed = [RefusalId];

/// Why there is no decision.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Unsafe.
    #[error("{}", refused(.0))]
    Refused(Vec<Refusal>),
    /// A member that can't be read decides.
    #[error(transparent)]
    Undecidable(#[from] Undecidable),
    /// No key has that name.
    #[error("there is no key `{}` in this file. {}", Named(name), in_words(.known))]
    UnknownKey {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Several keys have that kid.
    #[error(
        "the kid `{name}` stands {} times: {}. Say which one by its number; the service uses the first",
        .numbers.len(),
        crate::base::text::list(.numbers)
    )]
    AmbiguousKid {
        /// The kid.
        name: String,
        /// Their numbers.
        numbers: Vec<String>,
    },
    /// A new key's kid is there already.
    #[error(
        "the kid `{0}` is in this file already. Leave `--kid` out to get a fresh one: a kid used twice hides the \
         second key from the service"
    )]
    KidTaken(String),
    /// The secret that is to be revoked would come back.
    #[error("this is the secret of {0}, which is to be revoked. Import another, or let the tool make one")]
    SecretRevoked(String),
    /// Nothing to rotate away from.
    #[error("there is no shared secret to revoke in this file")]
    NothingToRevoke,
    /// A rotation is under way.
    #[error(
        "{key} is waiting to be promoted, from {nbf} on. `promote {key}` finishes that rotation; `remove {key} --allow live-key` gives it up, if nobody signs with it"
    )]
    StandbyWaits {
        /// The key, as an argument.
        key: String,
        /// From when.
        nbf: NumericDate,
    },
    /// No key waits.
    #[error("no key waits to be promoted. `rotate --standby` adds one; `promote KEY` takes another key")]
    NoStandby,
    /// More than one waits.
    #[error("several keys wait to be promoted: {}. Say which one", crate::base::text::list(.0))]
    SeveralStandbys(Vec<String>),
    /// A standby key stands behind a current one.
    #[error("there is no current key for a new one to follow. `rotate` without `--standby` makes the first")]
    NothingToFollow,
    /// Tokens are not signed with it.
    #[error("{0} is a public key: it verifies tokens signed elsewhere, and can't be the one to sign with")]
    NotSymmetric(String),
    /// The service uses the first key of a kid.
    #[error(
        "the kid {0} stands more than once, so moving this key would change which of them the service uses. Give it a kid of its own first"
    )]
    SharedKid(String),
    /// HS256 comes first, whatever the order.
    #[error(
        "{0} would not be the current key in first place: PowerSync's tools sign with the first HS256 key, and this one has another algorithm"
    )]
    NotCurrentByAlg(String),
    /// A public key has none.
    #[error("{0} is a public key: it has no secret")]
    NoSecret(String),
    /// A secret of no bytes.
    #[error(
        "the secret of {0} is empty as the service reads it, so anyone can sign with it, and a variable without a value \
         can't hold it. Put another key in its place"
    )]
    EmptySecret(String),
    /// A secret whose value is needed.
    #[error(
        "the secret of {key} is the value of {variable}, which is not known here. Name the file that has it: \
         `--env-file PATH`, or set the variable for this run"
    )]
    ValueUnknown {
        /// The key.
        key: String,
        /// The variable.
        variable: String,
    },
    /// The current key would count as newer than the one that is to take its place.
    #[error(
        "--assume-age: {current} would count as made at {assumed}, and {waiting}, which waits to take its place, was made \
         at {made}. A key is never promoted over a newer one, so that rotation would be given up. Assume a greater age"
    )]
    AssumedNewer {
        /// The current key.
        current: String,
        /// Its assumed `iat`.
        assumed: NumericDate,
        /// The key that waits.
        waiting: String,
        /// Its `iat`.
        made: NumericDate,
    },
    /// A key that stops the service has no schedule.
    #[error("the service does not start with {key}: {why}. Mend it, or `remove` it")]
    Unusable {
        /// The key.
        key: String,
        /// What is wrong with it.
        why: Fault,
    },
}

fn refused(refusals: &[Refusal]) -> String {
    let reasons: Vec<String> = refusals.iter().map(|refusal| format!("refused as {refusal}")).collect();
    let ids: Vec<String> = refusals.iter().map(|refusal| format!("--allow {}", refusal.id.name())).collect();
    format!("{}. If you mean it, add `{}`", reasons.join(".\n       "), ids.join(" "))
}

fn in_words(keys: &[String]) -> String {
    match keys {
        [] => "It has none at all".to_owned(),
        some => format!("It has {}", crate::base::text::list(some)),
    }
}

/// Collects refusals, so that all are shown at once.
pub(super) struct Guard<'a> {
    allowed: &'a Allowed,
    refusals: Vec<Refusal>,
}

impl<'a> Guard<'a> {
    pub(super) fn new(allowed: &'a Allowed) -> Self {
        Self { allowed, refusals: Vec::new() }
    }

    /// Refuses, unless that is allowed.
    pub(super) fn refuse(&mut self, id: RefusalId, reason: String) {
        if !self.allowed.contains(&id) && !self.refusals.iter().any(|other| other.id == id) {
            self.refusals.push(Refusal { id, reason });
        }
    }

    pub(super) fn finish(self) -> Result<(), ScheduleError> {
        if self.refusals.is_empty() { Ok(()) } else { Err(ScheduleError::Refused(self.refusals)) }
    }
}
