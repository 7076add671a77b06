//! What is to be written: values, entries, and the replacements of bytes that come of them.

use zeroize::Zeroizing;

use crate::base::secret_string::SecretString;
use crate::syntax::{NodeId, Span};

/// A value that is written.
#[derive(Clone)]
pub enum NewValue {
    /// Text, quoted as its neighbours are and as its characters need.
    Text(Zeroizing<String>),
    /// `!env NAME`, which JSON has no way to write.
    Env(String),
    /// `{secret: !env NAME}`, as PowerSync Cloud wants it.
    CloudEnv(String),
    /// A NumericDate, and what stands beside it for people where comments are possible.
    Date {
        /// Seconds since 1970-01-01T00:00:00Z.
        seconds: i64,
        /// Without the `#`.
        comment: String,
    },
}

/// A key that is written: JWK members in order. Not `Debug`: it holds a secret.
#[derive(Clone, Default)]
pub struct NewEntry {
    /// Names and values.
    pub members: Vec<(&'static str, NewValue)>,
}

/// One change of a member of a key that is there.
#[derive(Clone)]
pub struct MemberEdit {
    /// The entry, from 0.
    pub entry: usize,
    /// The member.
    pub name: &'static str,
    /// Its new value; `None` removes it.
    pub value: Option<NewValue>,
}

/// What to do with the list. All numbers are those of the entries as they stand before the edit.
#[derive(Clone, Default)]
pub struct Edits {
    /// Members to set or remove.
    pub members: Vec<MemberEdit>,
    /// An entry to move to the first place; not together with `insert`.
    pub to_front: Option<usize>,
    /// Entries to remove.
    pub remove: Vec<usize>,
    /// An entry to write, and before which one: all of them counted means last.
    pub insert: Option<(usize, NewEntry)>,
    /// The entry whose way of writing a new one imitates; the nearest one where there is none.
    pub like: Option<usize>,
}

/// A replacement of bytes.
#[derive(Clone)]
pub(super) struct Splice {
    pub(super) range: Span,
    pub(super) text: SecretString,
}

impl Splice {
    pub(super) fn insert(at: usize, text: SecretString) -> Self {
        Self::replace(at..at, text)
    }

    pub(super) fn delete(range: Span) -> Self {
        Self::replace(range, SecretString::default())
    }

    pub(super) fn replace(range: Span, text: SecretString) -> Self {
        Self { range, text }
    }
}

/// An entry that is written, and the one whose way of writing it imitates.
#[derive(Clone, Copy)]
pub(super) struct New<'e> {
    pub(super) entry: &'e NewEntry,
    pub(super) sample: Option<NodeId>,
}
