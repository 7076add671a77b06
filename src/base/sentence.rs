//! What people read.

use std::fmt;

use serde::{Serialize, Serializer};

/// A text for people. It can be shown and serialized, and nothing else: no code can look into one to learn what it means.
/// What it means is the typed value whose `message()` made it.
#[derive(Clone)]
pub struct Sentence(String);

impl Sentence {
    /// Writes one down. [`sentence!`](crate::base::sentence::sentence) is `format!` for it.
    pub(crate) fn new(text: fmt::Arguments<'_>) -> Self {
        Self(text.to_string())
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl Serialize for Sentence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// As `format!`, for what people read.
macro_rules! sentence {
    ($($argument:tt)*) => { $crate::base::sentence::Sentence::new(format_args!($($argument)*)) };
}
pub(crate) use sentence;
