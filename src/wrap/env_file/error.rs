//! Why an env file can't be read or edited.

use std::fmt;

/// An env file that can't be read, or can't be changed as asked. Never holds a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvFileError {
    /// Which line it is about, from 1.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: EnvProblem,
}

/// What is wrong with an env file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvProblem {
    /// Bytes that aren't text.
    #[error("this is not UTF-8 text")]
    NotUtf8,
    /// No name at the start of a line.
    #[error("this is not `NAME=value`")]
    NotAnEntry,
    /// A quote that isn't closed.
    #[error("the value of {name} starts with {quote} and does not end with it")]
    Unclosed {
        /// Whose value.
        name: String,
        /// Which quote.
        quote: char,
    },
    /// Something after the closing quote.
    #[error("text follows the closing quote of {0}")]
    AfterQuote(String),
    /// A name that is needed is set twice.
    #[error("{name} is set here and on line {first}, so readers may disagree on its value. Keep one of them")]
    Duplicate {
        /// The name.
        name: String,
        /// The line of the first.
        first: usize,
    },
    /// A value that readers may take in different ways.
    #[error("the value of {0} refers to other variables, or readers interpret it differently")]
    Unclear(String),
    /// A name without a value.
    #[error("{0} has no value here, so it takes that of the environment, which doesn't set it")]
    Inherited(String),
    /// A name that can't be written.
    #[error("`{0}` is not a valid variable name: use letters, digits and `_`, and no digit first")]
    Name(String),
    /// A value that not all readers would read alike.
    #[error("the value for {0} has characters that readers of env files interpret differently")]
    Value(String),
    /// The result would not read back as meant.
    #[error("the edited file would not read back as meant. Please report this. Nothing was changed")]
    ReadBack,
}

impl fmt::Display for EnvFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        write!(f, "{}", self.problem)
    }
}

impl std::error::Error for EnvFileError {}
