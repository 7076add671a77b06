//! What can be wrong with a config. No message shows text of a document that doesn't parse: it may be a secret.

use super::clause::Clause;
use super::document::Syntax;
use super::lines::Position;

/// A config that can't be read, or not edited, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Where in the file, if there is one place.
    pub at: Option<Position>,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a config.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Bytes that are no UTF-8.
    #[error("this is not UTF-8 text. Save the file as UTF-8")]
    NotUtf8,
    /// Nothing but white space and comments.
    #[error(
        "there is nothing in this file but comments and white space, if that. The service treats it as absent"
    )]
    Empty,
    /// Over [`MAX_BYTES`](super::MAX_BYTES).
    #[error("the file is larger than 64 MiB")]
    TooLarge,
    /// Over four million.
    #[error("there are more than four million values in it, which is the most this tool reads")]
    TooManyValues,
    /// Over 256 levels.
    #[error("values are nested more than 256 levels deep, which is the most this tool reads")]
    TooDeep,
    /// What the service's parser refuses, too.
    #[error("this is not valid {0}: {1}")]
    Syntax(Syntax, Mistake),
    /// What may be read in another way than ours.
    #[error("PowerSync may read this differently: {}. {}", clause.found(), clause.instead())]
    OutsideProfile {
        /// What the text doesn't keep to.
        clause: Clause,
    },
    /// More than one YAML document, or a `---` after the first.
    #[error(
        "a second document begins here. The service reads files with one document only; remove the `---`"
    )]
    SecondDocument,
    /// A member name that stands twice in one mapping.
    #[error("{0} is duplicated in the same mapping. The service does not start with such a file; remove one")]
    DuplicateName(String),
    /// A member on the way to the keys that stands twice in JSON.
    #[error("`{0}` is duplicated here; the service reads the last one. Remove one before editing")]
    AmbiguousMember(&'static str),
    /// A member that isn't what the service needs there.
    #[error("{path} must be {expected}, but it is {found}. The service would not start with this file")]
    Shape {
        /// The member, from the top.
        path: &'static str,
        /// What the service needs.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// SOPS-encrypted values.
    #[error(
        "this file is encrypted with sops: what stands in it as secrets are `ENC[…]`, not keys. Decrypt, change and \
         encrypt it: `sops decrypt FILE | powersync-jwks -c - COMMAND | sops encrypt --filename-override FILE /dev/stdin > NEW`"
    )]
    Sops,
    /// The list or an entry is an alias.
    #[error(
        "{0} is an alias (`*name`), which can't be edited in place. Write the keys out where the alias stands"
    )]
    Alias(&'static str),
    /// A form of writing that we can read and not edit.
    #[error("{0}, which can be read but not edited here. Write it in the usual form first")]
    Form(&'static str),
    /// The edited text doesn't read as was meant: our mistake, or a form we don't know.
    #[error(
        "the edit would not read back as it was meant ({0}), so nothing was written. \
         Please report this, with the file's shape but without its secrets"
    )]
    ReadBack(&'static str),
}

/// What keeps a text from being YAML or JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// A line of a mapping without one.
    #[error("expected `name: value` here; the space after the colon counts")]
    NoColon,
    /// `a: b: c`, or the second line of a text that looks like a member.
    #[error("a name can't follow a value. Put the value in quotes, or indent the name as its neighbors are")]
    NameInValue,
    /// A member in a column where none belongs.
    #[error("this line is indented differently from the entries or members around it")]
    Misplaced,
    /// A quote without its end.
    #[error("this quote is never closed")]
    Unclosed,
    /// A bracket without its end, or before a line that isn't part of what it holds.
    #[error("this bracket is never closed, or a line in it isn't indented deeper than what holds it")]
    UnclosedBracket,
    /// A `\\` with something that it can't stand before.
    #[error("this escape (`\\`) is invalid")]
    UnknownEscape,
    /// An alias without its anchor.
    #[error("this alias (`*name`) has no anchor (`&name`) before it")]
    UnknownAlias,
    /// A byte order mark, in JSON.
    #[error("it begins with a byte order mark, which the service refuses in JSON")]
    ByteOrderMark,
    /// More than one value, in JSON.
    #[error("there is more text after the end of the document")]
    MoreText,
    /// The end in the middle of a value, in JSON.
    #[error("the text ends in the middle of a value")]
    CutShort,
    /// Something that had to be here, in JSON.
    #[error("expected {0}")]
    Expected(&'static str),
    /// A string of JSON with what isn't allowed in it.
    #[error("this string has an invalid escape or a control character")]
    BadString,
}

/// What a problem says about the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// It does not start with this file.
    DoesNotStart,
    /// It may read it, and we don't know how.
    Unknown,
}

impl Problem {
    /// What it says about the service.
    #[must_use]
    pub const fn judgement(&self) -> Judgement {
        match self {
            Self::Empty
            | Self::Syntax(..)
            | Self::SecondDocument
            | Self::DuplicateName(_)
            | Self::Shape { .. } => Judgement::DoesNotStart,
            Self::NotUtf8
            | Self::TooLarge
            | Self::TooManyValues
            | Self::TooDeep
            | Self::OutsideProfile { .. }
            | Self::AmbiguousMember(_)
            | Self::Sops
            | Self::Alias(_)
            | Self::Form(_)
            | Self::ReadBack(_) => Judgement::Unknown,
        }
    }
}

impl ConfigError {
    pub(crate) fn at(text: &str, at: usize, problem: Problem) -> Self {
        Self { at: Some(Position::of(text, at)), problem }
    }

    pub(crate) fn nowhere(problem: Problem) -> Self {
        Self { at: None, problem }
    }
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(at) = self.at {
            write!(f, "line {}, column {}: ", at.line, at.column)?;
        }
        write!(f, "{}", self.problem)
    }
}

impl std::error::Error for ConfigError {}
