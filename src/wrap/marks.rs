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
    let Ok(text) = std::str::from_utf8(bytes) else {
        // The service reads such a file all the same.
        let text = String::from_utf8_lossy(bytes);
        return mentions(&text) && looks_like_config(&text, input);
    };
    if !mentions(text) {
        return false;
    }
    match Document::read(text, input) {
        Ok(doc) => is_config_mapping(&doc, doc.root()),
        Err(_) => looks_like_config(text, input),
    }
}

/// Whether a text names a member by which a config is known, wherever; with escapes, any name may stand in it.
pub(super) fn mentions(text: &str) -> bool {
    NAMES.iter().chain(&["_type", "connections"]).any(|name| text.contains(name)) || has_escape(text)
}

/// By its lines, where it can't be parsed: it may still be a config for the service.
pub(super) fn looks_like_config(text: &str, input: Input) -> bool {
    let text = unescaped(text);
    let indent = |line: &str| line.len() - line.trim_start().len();
    let is_content = |line: &&str| !line.trim().is_empty() && !line.starts_with(['#', '%']);
    let first = text.lines().find(is_content).unwrap_or_default();
    // In braces, any name may be one of the top.
    if first.trim_start_matches(['\u{feff}', '-', ' ']).starts_with('{') {
        return NAMES.iter().any(|name| text.contains(name));
    }
    let deepest = indent(first) + if input == Input::Json { 4 } else { 0 };
    let marks = ['\u{feff}', '{', '?', '-', ' ', '"', '\''];
    text.lines().filter(|line| indent(line) <= deepest).any(|line| {
        let mut name = line.trim_start_matches(marks);
        // A tag or an anchor may stand before it.
        while let Some((_, rest)) = name.split_once(' ').filter(|_| name.starts_with(['!', '&'])) {
            name = rest.trim_start_matches(marks);
        }
        name.split([':', '"', '\'']).next().is_some_and(|name| NAMES.contains(&name.trim_end()))
    })
}

/// Whether a text that can't be read has one of the names anywhere but in a comment: it may be a config.
pub(super) fn may_be_config(bytes: &[u8], input: Input) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let is_readable = || std::str::from_utf8(bytes).is_ok_and(|text| Document::read(text, input).is_ok());
    mentions(&text) && names_one(&unescaped(&text)) && !is_readable()
}

/// Whether the member that holds the keys is named, but for comments.
pub(super) fn names_logins(text: &str) -> bool {
    const NAME: &str = "client_auth";
    // `client_auth_method` and the like are of other programs.
    let is_whole = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    code(text).any(|line| line.match_indices(NAME).any(|(at, _)| is_whole(&line[at + NAME.len()..])))
}

fn names_one(text: &str) -> bool {
    code(text).any(|line| NAMES.iter().any(|name| line.contains(name)))
}

/// The lines of a text without their comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.map(|line| line.split(" #").next().unwrap_or_default())
}

/// Whether a character may be written as its number.
fn has_escape(text: &str) -> bool {
    ["\\x", "\\u", "\\U", "\\\n", "\\\r"].iter().any(|escape| text.contains(escape))
}

/// With the characters that are written as their numbers (`\x61`), as far as names of members have them.
fn unescaped(text: &str) -> std::borrow::Cow<'_, str> {
    if !has_escape(text) {
        return text.into();
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if after.starts_with(['\n', '\r']) {
            // The name goes on in the next line.
            rest = after.trim_start();
            continue;
        }
        let digits = match after.chars().next() {
            Some('x') => 2,
            Some('u') => 4,
            Some('U') => 8,
            _ => 0,
        };
        let code = rest.get(at + 2..at + 2 + digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        if let Some(c) = code.and_then(char::from_u32) {
            plain.push(c);
            rest = &rest[at + 2 + digits..];
        } else {
            plain.push('\\');
            rest = after;
        }
    }
    plain.push_str(rest);
    plain.into()
}
