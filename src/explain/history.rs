//! What became of each key over the versions of a config: a record, told when all of it is over.

use super::event::{EventKind, KeyEvent, Place};
use super::events::events;
use crate::base::sentence::{Sentence, sentence};
use crate::base::time::NumericDate;
use crate::keyset::{Key, KeySet, Phase};

/// Something that a commit did to a key.
pub(crate) struct PastEvent {
    pub(crate) event: KeyEvent,
    /// Of a key that was removed.
    pub(crate) overlap: Option<Overlap>,
}

/// Whether a key that was removed had stayed long enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overlap {
    /// Until its `exp`.
    Kept { exp: NumericDate },
    /// Its `exp` had not come.
    Cut { exp: NumericDate },
    /// It had no `exp`: nothing said when its last token expires.
    None,
    /// No backend had signed with it: it was waiting to be promoted.
    Unused,
    /// It verified no token, or that can't be told.
    Unknown,
}

/// What a commit at `at` did to the keys.
pub(crate) fn past_events(old: &KeySet, new: &KeySet, at: NumericDate) -> Vec<PastEvent> {
    let found = events(old, new, at).into_iter();
    let current = old.current().ok().flatten().map(|key| key.index);
    found
        .map(|event| {
            let is_removed = matches!(event.kind, EventKind::Removed { .. });
            let key = old.keys().iter().find(|key| is_removed && event.is_of(key));
            PastEvent { overlap: key.map(|key| overlap(key, current == Some(key.index), at)), event }
        })
        .collect()
}

fn overlap(key: &Key, is_current: bool, at: NumericDate) -> Overlap {
    match key.phase(at) {
        Phase::Removable { exp } => Overlap::Kept { exp },
        Phase::Retiring { exp } => Overlap::Cut { exp },
        Phase::Standby { .. } if !is_current => Overlap::Unused,
        Phase::Standby { .. } | Phase::Accepted => Overlap::None,
        Phase::Unknown | Phase::Unusable => Overlap::Unknown,
    }
}

impl Overlap {
    /// For programs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kept { .. } => "kept",
            Self::Cut { .. } => "cut",
            Self::None => "none",
            Self::Unused => "unused",
            Self::Unknown => "unknown",
        }
    }

    /// When it was to end.
    pub(crate) fn exp(self) -> Option<NumericDate> {
        match self {
            Self::Kept { exp } | Self::Cut { exp } => Some(exp),
            Self::None | Self::Unused | Self::Unknown => None,
        }
    }

    /// Whether valid tokens may have been rejected.
    pub(crate) fn is_broken(self) -> bool {
        matches!(self, Self::Cut { .. } | Self::None)
    }
}

impl PastEvent {
    /// Whether another key signs since.
    pub(crate) fn is_rotation(&self) -> bool {
        matches!(
            self.event.kind,
            EventKind::Promoted { .. } | EventKind::Added { place: Place::Current { .. }, .. }
        )
    }

    /// In words, for whoever reads it at `now`.
    pub(crate) fn message(&self, at: NumericDate, now: NumericDate) -> Sentence {
        let key = self.event.key.in_words();
        match (&self.event.kind, self.overlap) {
            (EventKind::Added { what, place: Place::Standby { .. }, .. }, _) => {
                sentence!("added {key} ({what}), to be promoted later")
            }
            (EventKind::Added { what, place: Place::Current { signing }, .. }, _) => {
                sentence!("added {key} ({what}) in the place of {}", signing.in_words())
            }
            (EventKind::Added { what, .. }, _) => sentence!("added {key} ({what})"),
            (EventKind::Promoted { signing }, _) => {
                sentence!("promoted {key}, in the place of {}", signing.in_words())
            }
            (EventKind::Retired { exp, .. }, _) => {
                sentence!("retired {key}: to stay until {}", exp.for_people(now))
            }
            (EventKind::ReKeyed(replaced), _) => {
                sentence!(
                    "re-keyed {key}: same kid, {}; its tokens were rejected from then on",
                    replaced.message()
                )
            }
            (EventKind::RolledBack { signing }, _) => {
                sentence!("rolled back to {key}, in the place of {}", signing.in_words())
            }
            (EventKind::Removed { .. }, Some(Overlap::Kept { exp })) => {
                sentence!("removed {key}: its overlap was over, since {}", exp.for_people(now))
            }
            (EventKind::Removed { .. }, Some(Overlap::Cut { exp })) => {
                sentence!(
                    "removed {key} {} too soon: it was to stay until {}",
                    exp.since(at),
                    exp.for_people(now)
                )
            }
            (EventKind::Removed { .. }, Some(Overlap::None)) => {
                sentence!("removed {key}, which had no `exp`: its tokens were rejected from then on")
            }
            (EventKind::Removed { .. }, Some(Overlap::Unused)) => {
                sentence!("removed {key}, which waited to be promoted")
            }
            _ => self.event.message(now),
        }
    }
}
