//! How a config is looked for in what it comes in, and why it can't be found there.

use super::encrypted::Encryption;
use super::what::What;
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Named, Printable, list};
use crate::config::ConfigError;
use crate::config::placeholder::Template;

/// How to look for the config.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unwrap {
    /// The text is base64 of the config.
    pub base64: bool,
    /// The entry of a Secret or `ConfigMap` that holds it.
    pub entry: Option<String>,
    /// The names that lead to it in another file, with dots between.
    pub at: Option<String>,
}

/// The config can't be found in what it comes in, or not be put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopeError(pub(crate) Why);

impl EnvelopeError {
    /// The config that a Compose file mounts, by the path there, where it is one.
    #[must_use]
    pub(crate) fn mounted(&self) -> Option<&str> {
        match &self.0 {
            Why::NoConfig(What::Compose { mounts }) => mounts.as_deref(),
            _ => None,
        }
    }
}

/// Why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// There is no config in it: what it is.
    NoConfig(What),
    /// There may be one, in a form that isn't read.
    Unreadable,
    Encrypted(Encryption),
    Template(Template),
    /// The file around the config can't be read.
    Around(ConfigError),
    /// Other characters than base64, or a wrong length.
    NotBase64,
    /// Base64, and nobody said so.
    NeedsFlag,
    /// Encoded once more than is asked for.
    Twice,
    /// An entry of an object that is no config.
    NotAConfig(String),
    /// No entry of these objects holds one.
    NoEntry(&'static str),
    /// There is no entry of that name.
    UnknownEntry(String, Vec<String>),
    /// `--entry` without an object that has entries.
    NoEntries,
    /// `--at`, and nothing is there.
    NothingAt(String),
    /// Several places hold one, as the option names them.
    Several {
        option: &'static str,
        places: Vec<String>,
    },
    /// A way of writing that can be read and not edited.
    ReadOnly(String),
}

impl From<Why> for EnvelopeError {
    fn from(why: Why) -> Self {
        Self(why)
    }
}

impl From<Template> for EnvelopeError {
    fn from(template: Template) -> Self {
        Self(Why::Template(template))
    }
}

impl EnvelopeError {
    /// Whether there may be a config in it all the same.
    pub(crate) fn may_hide_config(&self) -> bool {
        !matches!(self.0, Why::NoConfig(_) | Why::NoEntry(_))
    }

    /// In words.
    #[must_use]
    pub(crate) fn message(&self) -> Sentence {
        match &self.0 {
            Why::NoConfig(what) => what.message(),
            Why::Unreadable => sentence!(
                "there may be a PowerSync config in it, and it can't be read: run the tool on the config itself"
            ),
            Why::Encrypted(encryption) => encryption.message(),
            Why::Template(template) => template.message(),
            Why::Around(error) => {
                let place = error.at.map_or_else(String::new, |at| format!("line {}: ", at.line));
                sentence!("the file around the config can't be read: {place}{}", error.problem)
            }
            Why::NotBase64 => sentence!("this is not base64. Omit `--base64` if it is the config itself"),
            Why::NeedsFlag => sentence!("this is base64 of a config: add `--base64`"),
            Why::Twice => {
                sentence!("this is base64 of base64 of a config. Decode it once first: `base64 -d`")
            }
            Why::NotAConfig(name) => sentence!("{} is no PowerSync config", Named(name)),
            Why::NoEntry(kind) => sentence!("no entry of this {kind} is a PowerSync config"),
            Why::UnknownEntry(name, known) => {
                let known = if known.is_empty() { "none".to_owned() } else { quoted(known) };
                sentence!("there is no entry `{}` in it. It has {known}", Named(name))
            }
            Why::NoEntries => {
                sentence!("`--entry` names an entry of a Kubernetes Secret or ConfigMap, and this is neither")
            }
            Why::NothingAt(path) => sentence!("--at: there is nothing at `{}`", Named(path)),
            Why::Several { option, places } => {
                sentence!("there are several configs in it: {}. Say which one: `{option}`", quoted(places))
            }
            Why::ReadOnly(name) => sentence!(
                "`{}` is written in a way that can be read and not edited: as an alias, folded, or with unusual escapes. \
                 Write it on one line, or as a block (`|`)",
                Printable(name)
            ),
        }
    }
}

fn quoted(names: &[String]) -> String {
    list(&names.iter().map(|name| format!("`{}`", Printable(name))).collect::<Vec<_>>())
}

impl std::fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.message().fmt(f)
    }
}

impl std::error::Error for EnvelopeError {}
