//! What can be wrong with a config. No message shows text of a document that doesn't parse: it may be a secret.

use super::document::Position;

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
    /// Over 256 levels.
    #[error("values are nested more than 256 levels deep, which is the most this tool reads")]
    TooDeep,
    /// The parser's words.
    #[error("this is not valid {0}")]
    Syntax(String),
    /// More than one YAML document, or a `---` after the first.
    #[error(
        "a second document begins here. The service reads files with one document only; remove the `---`"
    )]
    SecondDocument,
    /// A member name that stands twice in one mapping.
    #[error(
        "{0} stands twice in the same mapping. The service refuses to start with such a file; remove one"
    )]
    DuplicateName(String),
    /// A member on the way to the keys that stands twice in JSON.
    #[error("`{0}` stands twice here; the service reads the last one. Remove one before editing")]
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
