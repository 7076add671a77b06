//! YAML and JSON text to a tree with byte spans; nothing of PowerSync.

mod document;
mod error;
mod indentation;
mod json;
pub(crate) mod lines;
pub(crate) mod scalar;
mod yaml;

pub use document::{Document, Kind, Layout, Node, NodeId, Position, Quote, Span, Syntax};
pub use error::{ConfigError, Problem};
pub(crate) use lines::Lines;
pub use scalar::{Scalar, env_name, is_env_name};

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
    pub fn read(text: &'t str, input: Input) -> Result<Self, ConfigError> {
        match input {
            Input::Yaml => yaml::parse(text),
            Input::Json => json::parse(text),
            Input::Either => yaml::parse(text).or_else(|error| json::parse(text).map_err(|_| error)),
        }
    }
}
