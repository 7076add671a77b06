//! What was decided, in the terms of the next steps.

use super::next::Done;
use crate::keyset::KeySet;
use crate::schedule::{After, Before, Effect};

impl<'k> Done<'k> {
    /// The same, with the keys of before and after.
    pub(crate) fn of(effect: Effect, old: &'k KeySet, new: &'k KeySet) -> Option<Self> {
        let before = |place: Before| old.keys().get(place.0);
        let after = |place: After| new.keys().get(place.0);
        Some(match effect {
            Effect::Rotated { new, outgoing } => {
                Self::Rotated { new: after(new)?, outgoing: outgoing.and_then(after) }
            }
            Effect::Revoked { new, gone } => Self::Revoked { new: after(new)?, gone: before(gone)? },
            Effect::Waits { new, nbf, current } => {
                Self::Waits { new: after(new)?, nbf, current: before(current) }
            }
            Effect::Promoted { key, outgoing } => {
                Self::Promoted { key: after(key)?, outgoing: outgoing.and_then(after) }
            }
            Effect::RolledBack { key, outgoing } => {
                Self::RolledBack { key: after(key)?, outgoing: outgoing.and_then(after) }
            }
            Effect::GivenUp { current } => Self::GivenUp { current: current.and_then(after) },
            Effect::Added { new, current } => Self::Added { new: after(new)?, current },
            Effect::Noted => Self::Noted,
            Effect::Rewritten => Self::Rewritten,
            Effect::Retired(exp) => Self::Retired(exp),
            Effect::Unretired => Self::Unretired,
            Effect::Moved(key) => Self::Moved(after(key)?),
            Effect::Removed { live, successor } => {
                Self::Removed { live, successor: successor.and_then(after) }
            }
        })
    }
}
