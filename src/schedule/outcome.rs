//! What was decided.

use super::change::Change;
use super::leaving::Leaving;
use super::live::{NotLiveAt, not_known};
use super::waiting::NeverPromoted;
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::list;
use crate::base::time::{NumericDate, Seconds};
use crate::keyset::KeyRef;

/// A decision: nothing is to be done where there are no changes.
#[derive(Clone, Default)]
pub struct Outcome {
    /// The changes.
    pub changes: Vec<Change>,
    /// What they amount to.
    pub(crate) effect: Option<Effect>,
    /// What was left alone, and why. Keys have the names that they have after the change.
    pub(crate) notes: Vec<Note>,
    /// What would be due, but has to wait.
    pub(crate) waiting: Option<Waiting>,
}

/// The place of a key before the change, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Before(pub(crate) usize);

/// The place of a key after the change, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct After(pub(crate) usize);

/// What the changes amount to, with the keys it is about. An outgoing key was current and is retiring now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Rotated { new: After, outgoing: Option<After> },
    Revoked { new: After, gone: Before },
    Waits { new: After, nbf: NumericDate, current: Before },
    Promoted { key: After, outgoing: Option<After> },
    // The key that was current before is again, and the one in its place is retiring now.
    RolledBack { key: After, outgoing: Option<After> },
    // A key that waited is gone: the key that stays current.
    GivenUp { current: Option<After> },
    Added { new: After, current: bool },
    // An assumed `iat` was written down.
    Noted,
    // Members are written in another way, and the keys are the same.
    Rewritten,
    // The latest `exp`.
    Retired(NumericDate),
    Unretired,
    // A secret is in another place, and the key is the same.
    Moved(After),
    // Whether one of them might still have verified tokens, and the key that is current now in place of one of them.
    Removed { live: bool, successor: Option<After> },
}

/// A promotion that is due by the dates, of a key that running services don't know.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) key: KeyRef,
    pub(crate) at: Vec<NotLiveAt>,
}

impl Waiting {
    pub(crate) fn message(&self) -> Sentence {
        sentence!("waiting: {} is not promoted yet: {}", self.key, self.reason())
    }

    /// Why, without the key.
    pub(crate) fn reason(&self) -> Sentence {
        sentence!("{}", not_known(&self.at))
    }
}

/// What was left alone, and why.
#[derive(Clone, Debug)]
pub(crate) enum Note {
    AlreadyCurrent { key: KeyRef },
    AlreadyRetiring { key: KeyRef, exp: NumericDate },
    NotRetiring { key: KeyRef },
    SecretInVariable { key: KeyRef, variable: String },
    SecretInFile { key: KeyRef },
    WeakOutgoing { key: KeyRef, stay: Seconds },
    OlderStandby { key: KeyRef },
    LeftAccepted { keys: Vec<KeyRef> },
    JustRotated { key: KeyRef, ago: Seconds },
    NothingToRotate,
    AddsWildcard,
    Leaves { leaving: Leaving, exp: NumericDate },
    NotReplaced { leaving: Leaving, exp: NumericDate },
    NeverPromoted(NeverPromoted),
    CurrentPastEnd { key: KeyRef },
    // `then`: its number after the change.
    SharedKid { number: usize, kid: KeyRef, then: usize },
    SameSecretStays { stays: KeyRef, gone: KeyRef },
    // A key that the service never used before.
    BeginsToVerify { number: usize, kid: KeyRef },
}

impl Note {
    pub(crate) fn message(&self) -> Sentence {
        match self {
            Self::AlreadyCurrent { key } => sentence!("{key} is the current key already"),
            Self::AlreadyRetiring { key, exp } => {
                sentence!("{key} is retiring already, until {exp}", exp = exp.to_the_minute())
            }
            Self::NotRetiring { key } => sentence!("{key} is not retiring"),
            Self::SecretInVariable { key, variable } => {
                sentence!("the secret of {key} is in a variable already: {variable}")
            }
            Self::SecretInFile { key } => sentence!("the secret of {key} is in the file already"),
            Self::WeakOutgoing { key, stay } => sentence!(
                "the secret of {key} can be guessed, and this keeps it for {stay} more. `rotate --revoke` removes it in \
                 the same write instead"
            ),
            Self::OlderStandby { key } => sentence!(
                "{key} waits to be promoted, but is older than the new key, so it never is by itself. `rollback {}` gives it up",
                key.argument()
            ),
            Self::LeftAccepted { keys } => {
                let (verb, them) = if keys.len() == 1 { ("is", "it") } else { ("are", "them") };
                let keys = KeyRef::list(keys);
                sentence!(
                    "{keys} {verb} accepted, too, and {verb} left alone. `--all` retires {them} as well"
                )
            }
            Self::JustRotated { key, ago } => just_rotated(key, *ago),
            Self::NothingToRotate => {
                sentence!("there is no shared secret in this file, so there is nothing to rotate")
            }
            Self::AddsWildcard => sentence!(
                "the new key has no kid: the service tries it for every token whose kid no key has, so a token that names a \
                 removed or a mistyped kid is accepted, too, and nothing in a token tells which key is still in use. A later \
                 key with a kid takes only the tokens that carry that kid"
            ),
            Self::Leaves { leaving: Leaving { key, ways }, exp } => sentence!(
                "with {key} the last shared secret leaves: from then on users log in with {} alone, and nobody can sign a token \
                 with a secret. `prune` removes it from {exp} on, and `reconcile` makes no new one; `retire --undo {}` takes \
                 this back",
                list(ways),
                key.argument(),
                exp = exp.to_the_minute()
            ),
            Self::NotReplaced { leaving: Leaving { key, ways }, exp } => sentence!(
                "{key} is on its way out, and users log in with {}: no new shared secret is made in its place. `prune` \
                 removes it from {exp} on",
                list(ways),
                exp = exp.to_the_minute()
            ),
            Self::NeverPromoted(why) => why.message(),
            Self::CurrentPastEnd { key } => sentence!(
                "{key} is past its `exp` but still the current key, so it stays. `rotate` puts a new one in its place"
            ),
            Self::SharedKid { number, kid, then } => sentence!(
                "@{number} stays: another key has the same kid, {kid}, and the service uses the first of them. `remove \
                 @{then}` removes this one"
            ),
            Self::SameSecretStays { stays, gone } => {
                sentence!("{stays} has the same secret as {gone} and still verifies tokens")
            }
            Self::BeginsToVerify { number, kid } => {
                sentence!("@{number} has the same kid, {kid}, and begins to verify now")
            }
        }
    }
}

/// That a rotation follows another at once.
pub(crate) fn just_rotated(key: &KeyRef, ago: Seconds) -> Sentence {
    sentence!(
        "the last rotation was {} ago, to {key}. To take it back, use `rollback`",
        if ago.get() < 60 { "a moment".to_owned() } else { ago.rounded() }
    )
}

impl Outcome {
    /// These changes, and what they amount to.
    pub(crate) fn new(effect: Effect, changes: Vec<Change>) -> Self {
        Self { changes, effect: Some(effect), ..Self::default() }
    }

    /// Nothing to do: why.
    pub(super) fn nothing(note: Note) -> Self {
        Self { notes: vec![note], ..Self::default() }
    }

    /// The key that is promoted, by its place before that.
    pub(crate) fn promoted(&self) -> Option<usize> {
        self.changes.iter().find_map(|change| match change {
            Change::Promote { index } => Some(*index),
            _ => None,
        })
    }

    /// What to say besides the changes.
    pub(crate) fn messages(&self) -> impl Iterator<Item = Sentence> {
        self.notes.iter().map(Note::message).chain(self.waiting.iter().map(Waiting::message))
    }
}
