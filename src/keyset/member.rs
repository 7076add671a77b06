//! A member of a JWK, as far as it can be read.

/// A member of a key: absent is not the same as there and unreadable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Member<T> {
    /// Not there.
    Absent,
    /// There and understood.
    Value(T),
    /// `!env NAME`: its value is in the service's environment.
    Variable(String),
    /// There, and not what it should be: why.
    Unreadable(&'static str),
}

impl<T> Member<T> {
    /// The value, where there is one that was understood.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// Whether it is there but can't be read here.
    #[must_use]
    pub(crate) fn is_unreadable(&self) -> bool {
        matches!(self, Self::Variable(_) | Self::Unreadable(_))
    }

    /// Whether it is not there.
    #[must_use]
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}
