//! What can go wrong in a run, in words for people.

use crate::base::random::RandomError;
use crate::base::text::{Named, Printable};
use crate::config::ConfigError;
use crate::keyset::{ImportError, InvalidKid};
use crate::probe::{CannotAsk, LeftOut, Unanswered};
use crate::report::CannotExport;
use crate::schedule::{Refusal, ScheduleError};
use crate::session::usage::Usage;
use crate::store::git::GitError;
use crate::store::{FindError, StoreError};
use crate::token::{CannotSign, InvalidClaims, SignError, Undetermined};
use crate::wrap::env_file::EnvFileError;
use crate::wrap::envelope::EnvelopeError;

/// A run ended without doing what was asked. The exit code is 2.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The config's text.
    #[error("{}{}: {}", Printable(name), place(.source), .source.problem)]
    Config {
        /// The file as it was named.
        name: String,
        /// What is wrong, and where.
        source: ConfigError,
    },
    /// The config's file.
    #[error("{}: {source}", Named(name))]
    Store {
        /// The file as it was named.
        name: String,
        /// What is wrong.
        source: StoreError,
    },
    /// An env file.
    #[error("{}{}: {}", Printable(name), .source.line.map_or_else(String::new, |line| format!(":{line}")), .source.problem)]
    EnvFile {
        /// The file as it was named.
        name: String,
        /// What is wrong, and where.
        source: EnvFileError,
    },
    /// What the config comes in.
    #[error("{}: {source}", Printable(name))]
    Envelope {
        /// The file as it was named.
        name: String,
        /// What is wrong.
        source: EnvelopeError,
    },
    /// Which file.
    #[error(transparent)]
    Find(#[from] FindError),
    /// Git, where a change is to be compared.
    #[error(transparent)]
    Git(#[from] GitError),
    /// No decision.
    #[error("{}: {source}", Printable(name))]
    Lifecycle {
        /// The file as it was named.
        name: String,
        /// Why.
        source: ScheduleError,
    },
    /// A policy file, or flags that can't be kept together.
    #[error("{}{}: {what}", Printable(name), line.map_or_else(String::new, |line| format!(":{line}")))]
    Policy {
        /// The file as it was named.
        name: String,
        /// Where in it, from 1.
        line: Option<usize>,
        /// What is wrong.
        what: String,
    },
    /// A kid that can't be one.
    #[error("--kid: {0}")]
    Kid(#[from] InvalidKid),
    /// An imported secret.
    #[error("{name}: {source}")]
    Import {
        /// Where it came from.
        name: String,
        /// What is wrong.
        source: ImportError,
    },
    /// A key that can't sign or be handed out, or a config that the service does not start with.
    #[error("{}: {source}", Printable(name))]
    Token {
        /// The file as it was named.
        name: String,
        /// Why.
        source: CannotSign,
    },
    /// A key that can't be handed out.
    #[error("{}: {source}", Printable(name))]
    Export {
        /// The file as it was named.
        name: String,
        /// Why.
        source: CannotExport,
    },
    /// Claims for a token.
    #[error(transparent)]
    Claims(#[from] InvalidClaims),
    /// A token that can't be written.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// A question whose answer can't be seen from here.
    #[error("this can't be determined here: {}", .0.message())]
    Undetermined(Undetermined),
    /// What asks running services can't be made.
    #[error("{}{source}", .file.as_ref().map_or_else(String::new, |file| format!("{}: ", Printable(file))))]
    CannotAsk {
        /// The file of certificates, if one was named.
        file: Option<String>,
        /// Why.
        source: CannotAsk,
    },
    /// A running service that did not answer.
    #[error(transparent)]
    Unanswered(#[from] Box<Unanswered>),
    /// Several running services; each was reported by itself.
    #[error("{failed} of {all} endpoints unreachable")]
    SeveralUnanswered {
        /// How many failed.
        failed: usize,
        /// Of how many.
        all: usize,
    },
    /// Whether a key is live can't be determined, since a service did not answer.
    #[error("can't determine whether {key} is live, so nothing was changed. {source}")]
    LivenessUnanswered {
        /// The key.
        key: String,
        /// Who did not answer.
        source: Box<Unanswered>,
    },
    /// Whether a key is live can't be determined, since it can't be asked for.
    #[error("can't determine whether {} is live, so nothing was changed: {}", .0.name, .0.why.message())]
    LivenessUnknown(LeftOut),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// Arguments or options that don't go together, or not with this input.
    #[error(transparent)]
    Usage(#[from] Usage),
    /// Writing to stdout or stderr failed.
    #[error("writing the output failed: {0}")]
    Output(#[from] std::io::Error),
    /// The config was to follow a secret that is written already, or the other way round.
    #[error("{source}. What was written before is left as it is: {left}")]
    Half {
        /// What is there now.
        left: String,
        /// What went wrong.
        source: Box<Error>,
    },
    /// Configs that were there before and can't be looked at now; each was reported by itself.
    #[error("{} can't be compared, or not in full", crate::base::text::count(*lost, "config"))]
    NotCompared {
        /// How many.
        lost: usize,
    },
    /// Several files; each was reported by itself.
    #[error("{failed} of {all} files failed")]
    SomeFiles {
        /// How many failed.
        failed: usize,
        /// Of how many.
        all: usize,
    },
}

fn place(error: &ConfigError) -> String {
    error.at.map_or_else(String::new, |at| format!(":{at}"))
}

impl Error {
    /// The file that the message begins with, as it was named.
    pub(crate) fn file(&self) -> Option<&str> {
        match self {
            Self::Config { name, .. }
            | Self::Store { name, .. }
            | Self::EnvFile { name, .. }
            | Self::Envelope { name, .. }
            | Self::Lifecycle { name, .. }
            | Self::Policy { name, .. }
            | Self::Token { name, .. }
            | Self::Export { name, .. }
            | Self::Usage(Usage::NoPlace { config: name, .. }) => Some(name),
            Self::Half { source, .. } => source.file(),
            _ => None,
        }
    }

    /// What went wrong, as programs know it: these words stay.
    #[must_use]
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Config { .. } => "config",
            Self::Store { .. } => "file",
            Self::EnvFile { .. } => "env-file",
            Self::Envelope { .. } => "wrapping",
            Self::Find(_) => "no-config",
            Self::Git(_) => "git",
            Self::Lifecycle { source: ScheduleError::Refused(_), .. } => "refused",
            Self::Lifecycle { .. } => "schedule",
            Self::Policy { .. } => "policy",
            Self::Kid(_) => "kid",
            Self::Import { .. } => "import",
            Self::Token { .. } | Self::Sign(_) => "token",
            Self::Export { .. } => "export",
            Self::Claims(_) => "claims",
            Self::Undetermined(_) | Self::LivenessUnknown(_) => "undetermined",
            Self::CannotAsk { .. }
            | Self::Unanswered(_)
            | Self::SeveralUnanswered { .. }
            | Self::LivenessUnanswered { .. } => "unreachable",
            Self::Random(_) => "random",
            Self::Usage(_) => "usage",
            Self::Output(_) => "output",
            Self::Half { .. } => "half-written",
            Self::NotCompared { .. } => "not-compared",
            Self::SomeFiles { .. } => "some-files",
        }
    }

    /// The refusals, where it is one.
    pub(crate) fn refusals(&self) -> &[Refusal] {
        match self {
            Self::Lifecycle { source: ScheduleError::Refused(refusals), .. } => refusals,
            _ => &[],
        }
    }

    pub(crate) fn config(name: &str) -> impl Fn(ConfigError) -> Self {
        move |source| Self::Config { name: name.to_owned(), source }
    }

    pub(crate) fn env_file(name: &str) -> impl Fn(EnvFileError) -> Self {
        move |source| Self::EnvFile { name: name.to_owned(), source }
    }

    pub(crate) fn store(name: &str) -> impl Fn(StoreError) -> Self {
        move |source| Self::Store { name: name.to_owned(), source }
    }

    pub(crate) fn token<E: Into<CannotSign>>(name: &str) -> impl Fn(E) -> Self {
        move |source| Self::Token { name: name.to_owned(), source: source.into() }
    }

    /// The same error, about this file, where it doesn't name one yet.
    pub(crate) fn named(self, file: &str) -> Self {
        match self {
            Self::Lifecycle { name, source } if name.is_empty() => {
                Self::Lifecycle { name: file.to_owned(), source }
            }
            other => other,
        }
    }

    pub(crate) fn lifecycle(name: &str) -> impl Fn(ScheduleError) -> Self {
        move |source| Self::Lifecycle { name: name.to_owned(), source }
    }
}

impl From<ScheduleError> for Error {
    fn from(source: ScheduleError) -> Self {
        Self::Lifecycle { name: String::new(), source }
    }
}
