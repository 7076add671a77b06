//! YAML and JSON text to a tree with byte spans; nothing of PowerSync.

mod clause;
mod document;
mod error;
mod json;
pub(crate) mod lines;
pub(crate) mod scalar;
mod yaml;

pub use clause::Clause;
pub use document::{Document, Kind, Node, NodeId, Notation, Syntax};
pub use error::{ConfigError, Judgement, Mistake, Problem};
pub(crate) use lines::Lines;
pub use lines::{Position, Span};
pub(crate) use scalar::env_name;
pub use scalar::{Chomp, Quote, Scalar, Tag};

use std::path::Path;

/// The largest config that is read, in bytes.
pub const MAX_BYTES: usize = 64 << 20;

/// How to read the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Input {
    /// As YAML.
    Yaml,
    /// As JSON, as the service reads `.json` files.
    Json,
    /// As YAML, and where that fails as JSON.
    #[default]
    #[value(skip)]
    Either,
}

impl Input {
    /// By the file's name, as the service decides.
    #[must_use]
    pub fn of_path(path: &Path) -> Self {
        match path.extension().and_then(|e| e.to_str()) {
            Some("yaml" | "yml") => Self::Yaml,
            Some("json") => Self::Json,
            _ => Self::Either,
        }
    }
}

impl<'t> Document<'t> {
    /// Reads a text that need not be a config.
    pub(crate) fn read(text: &'t str, input: Input) -> Result<Self, ConfigError> {
        match input {
            Input::Yaml => yaml::parse(text),
            Input::Json => json::parse(text),
            Input::Either => {
                // What is both is edited as JSON, so that it stays that.
                let json = text.trim_start().starts_with('{').then(|| json::parse(text).ok()).flatten();
                let other = || yaml::parse(text).or_else(|error| either(error, json::parse(text)));
                json.map_or_else(other, Ok)
            }
        }
    }
}

/// What isn't read as YAML, and was read as JSON. The service refuses what is neither: both have to be known.
fn either<T>(yaml: ConfigError, json: Result<T, ConfigError>) -> Result<T, ConfigError> {
    json.map_err(|json| {
        if yaml.problem.judgement() == Judgement::DoesNotStart
            && json.problem.judgement() == Judgement::Unknown
        {
            json
        } else {
            yaml
        }
    })
}
