//! What makes a text a PowerSync config: the members at its top.

use crate::config::{Document, Input, NodeId};

/// One of these at the top of a mapping makes it a config. `storage`, `api` and `replication` alone are at the top of chart
/// values as well.
pub(crate) const MARKS: [&str; 5] =
    ["client_auth", "sync_config", "sync_rules", "_type: self-hosted", "replication.connections"];

/// The names by which a text that can't be parsed is taken for a config.
const NAMES: [&str; 3] = ["client_auth", "sync_config", "sync_rules"];

/// Whether a mapping is a config.
pub(super) fn is_config_mapping(doc: &Document<'_>, id: NodeId) -> bool {
    let of = |name| doc.member(id, name).map(|(_, value)| value);
    NAMES.iter().any(|name| of(name).is_some())
        || of("_type")
            .and_then(|id| doc.string(id))
            .is_some_and(|kind| matches!(kind, "self-hosted" | "cloud"))
        || of("replication").is_some_and(|id| doc.member(id, "connections").is_some())
}

/// Whether a text is a PowerSync config, or would be one if it could be read.
#[must_use]
pub(crate) fn is_config(bytes: &[u8], input: Input) -> bool {
    // Most files of a repository are told apart without being parsed.
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| mentions(text)) else { return false };
    match Document::read(text, input) {
        Ok(doc) => is_config_mapping(&doc, doc.root()),
        Err(_) => looks_like_config(text, input),
    }
}

/// Whether a text names a member by which a config is known, wherever.
pub(super) fn mentions(text: &str) -> bool {
    NAMES.iter().chain(&["_type", "connections"]).any(|name| text.contains(name))
}

/// By its lines, where it can't be parsed.
pub(super) fn looks_like_config(text: &str, input: Input) -> bool {
    let deepest = if input == Input::Json { 4 } else { 0 };
    text.lines().any(|line| {
        let name = line.trim_start_matches(['\u{feff}', '{', ' ', '"']).split([':', '"']).next();
        let indent = line.len() - line.trim_start().len();
        indent <= deepest && name.is_some_and(|name| NAMES.contains(&name.trim_end()))
    })
}
