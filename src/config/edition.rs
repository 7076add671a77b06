//! Which PowerSync a config is for.

use super::{Document, env_name};

/// Who reads the config.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// A service that its users run.
    SelfHosted,
    /// PowerSync Cloud (`_type: cloud`), whose schema refuses members it doesn't know.
    Cloud,
}

impl Edition {
    pub(super) fn of(doc: &Document<'_>) -> Self {
        let kind = doc.member(doc.root(), "_type").and_then(|(_, value)| doc.string(value));
        if kind == Some("cloud") { Self::Cloud } else { Self::SelfHosted }
    }

    /// Whether what follows `!env` is a variable's name, and not a secret in the wrong place: it begins with `PS_`, for
    /// Cloud with a capital, and has no other characters than a name.
    pub(crate) fn is_env_name(self, text: &str) -> bool {
        let (name, cast) = env_name(text);
        let word = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
        let is_capitals = || name.bytes().all(|c| word(c) && !c.is_ascii_lowercase());
        let is_named = (name.starts_with("PS_") && name.bytes().all(word))
            || (self == Self::Cloud && !name.is_empty() && is_capitals());
        is_named && matches!(cast, None | Some("string" | "number" | "boolean"))
    }
}
