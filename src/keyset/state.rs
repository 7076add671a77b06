//! The states of keys at a moment.

use std::fmt;

use super::KeySet;
use super::key::{Key, Material};
use super::member::Member;
use crate::base::time::NumericDate;

/// Where a key is in its life, apart from whether it is the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Waits to be promoted, not before `nbf`.
    Standby {
        /// The earliest moment.
        nbf: NumericDate,
    },
    /// Verifies; it has no end yet.
    Accepted,
    /// Still verifies; nobody should sign with it any more.
    Retiring {
        /// From when it may be removed.
        exp: NumericDate,
    },
    /// May be removed. The service accepts it until it is out of the file and every replica has restarted.
    Removable {
        /// Since when.
        exp: NumericDate,
    },
    /// Its `exp` or `nbf` can't be read.
    Unknown,
    /// The service doesn't start with it.
    Unusable,
}

impl Phase {
    /// Whether the service verifies tokens with the key.
    pub(crate) fn verifies(self) -> bool {
        self != Self::Unusable
    }

    /// The same, of a key that is not on its way out.
    pub(crate) fn stays(self) -> bool {
        matches!(self, Self::Standby { .. } | Self::Accepted | Self::Unknown)
    }
}

/// The state of a key, as tables and timelines show it: `current`, `retiring`, `public, removable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The current key.
    Current(Stage),
    /// A public key.
    Public(Stage),
    /// Any other.
    Other(Stage),
}

/// A [`Phase`] without its date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Waits to be promoted.
    Standby,
    /// Verifies, without an end.
    Accepted,
    /// Verifies until its `exp`.
    Retiring,
    /// May be removed.
    Removable,
    /// Its dates can't be read.
    Unreadable,
    /// The service doesn't start with it.
    Unusable,
}

impl State {
    /// Where it is in its life.
    #[must_use]
    pub fn stage(self) -> Stage {
        let (Self::Current(stage) | Self::Public(stage) | Self::Other(stage)) = self;
        stage
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage() {
            Stage::Standby => "standby",
            Stage::Accepted => "accepted",
            Stage::Retiring => "retiring",
            Stage::Removable => "removable",
            Stage::Unreadable => "unreadable",
            Stage::Unusable => "unusable",
        };
        match self {
            Self::Current(Stage::Accepted) => f.write_str("current"),
            Self::Public(Stage::Accepted) => f.write_str("public"),
            Self::Current(_) => write!(f, "current, {stage}"),
            Self::Public(_) => write!(f, "public, {stage}"),
            Self::Other(_) => f.write_str(stage),
        }
    }
}

/// A decision needs a member that can't be read here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{member}` of key {key} (line {line}) {problem}, so it can't be decided what to do. Nothing was changed"
)]
pub struct Undecidable {
    /// The key, as people name it.
    pub key: String,
    /// The line it begins on.
    pub line: usize,
    /// Which member.
    pub member: &'static str,
    /// In what way.
    pub problem: String,
}

impl Undecidable {
    fn new<T>(key: &Key, name: &'static str, member: &Member<T>) -> Self {
        let problem = match member {
            Member::Variable(variable) => {
                format!("is the variable {variable}, whose value is not in the file")
            }
            Member::Unreadable(why) => (*why).to_owned(),
            Member::Absent | Member::Value(_) => "can't be used".to_owned(),
        };
        Self { key: key.name(), line: key.line, member: name, problem }
    }
}

impl Key {
    /// A member that a decision needs: its value, `None` where it is absent, an error where it can't be read.
    pub(crate) fn needed<T: Copy>(
        &self,
        name: &'static str,
        member: &Member<T>,
    ) -> Result<Option<T>, Undecidable> {
        match member {
            Member::Absent => Ok(None),
            Member::Value(value) => Ok(Some(*value)),
            Member::Variable(_) | Member::Unreadable(_) => Err(Undecidable::new(self, name, member)),
        }
    }

    /// Where the key is in its life.
    #[must_use]
    pub fn phase(&self, now: NumericDate) -> Phase {
        if matches!(self.material, Material::Unusable(_)) {
            return Phase::Unusable;
        }
        match (&self.exp, &self.nbf) {
            (Member::Value(exp), _) if *exp <= now => Phase::Removable { exp: *exp },
            (Member::Value(exp), _) => Phase::Retiring { exp: *exp },
            (Member::Absent, Member::Value(nbf)) if self.is_symmetric() => Phase::Standby { nbf: *nbf },
            (Member::Absent, Member::Absent) => Phase::Accepted,
            (Member::Absent, _) if !self.is_symmetric() => Phase::Accepted,
            _ => Phase::Unknown,
        }
    }
}

impl KeySet {
    /// The current key: the first with `alg: HS256`, and where there is none the first HMAC key. PowerSync's own
    /// tools sign with it. Fails where an `alg` that decides can't be read.
    pub fn current(&self) -> Result<Option<&Key>, Undecidable> {
        let place = self.index.current.as_ref().map_err(Undecidable::clone)?;
        Ok(place.map(|place| &self.keys[place]))
    }

    /// Whether this key is the current one; no, where that can't be told.
    #[must_use]
    pub fn is_current(&self, key: &Key) -> bool {
        self.index.current == Ok(Some(key.index))
    }

    /// The state of a key.
    #[must_use]
    pub fn state_of(&self, key: &Key, current: Option<&Key>, now: NumericDate) -> State {
        let is_current = current.is_some_and(|current| current.index == key.index);
        let stage = match key.phase(now) {
            Phase::Standby { .. } if is_current => Stage::Accepted,
            Phase::Standby { .. } => Stage::Standby,
            Phase::Accepted => Stage::Accepted,
            Phase::Retiring { .. } => Stage::Retiring,
            Phase::Removable { .. } => Stage::Removable,
            Phase::Unknown => Stage::Unreadable,
            Phase::Unusable => Stage::Unusable,
        };
        if is_current {
            State::Current(stage)
        } else if key.is_public() {
            State::Public(stage)
        } else {
            State::Other(stage)
        }
    }
}
