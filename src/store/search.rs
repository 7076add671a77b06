//! Configs in a folder.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use super::file::snapshot;
use super::git::{Content, on_disk};
use crate::config::{Document, Input};

/// The members by which a config is known: one of them stands at its top.
pub(crate) const TOP_MEMBERS: [&str; 4] = ["client_auth", "replication", "sync_config", "sync_rules"];

/// The files below a folder that may be configs by their names, in the order of their paths, with their bytes. What
/// `.gitignore` names is left out. `keep`: whether one counts; those that can't be read do, and whoever reads them says
/// why.
pub(crate) fn files_below(folder: &Path, mut keep: impl FnMut(&Path, &[u8]) -> bool) -> Vec<PathBuf> {
    let skipped = |name: &std::ffi::OsStr| name == ".git" || name == "node_modules";
    let walk = WalkBuilder::new(folder)
        .hidden(false)
        .require_git(false)
        .filter_entry(move |entry| !skipped(entry.file_name()))
        .build();
    let mut found: Vec<PathBuf> = walk
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
        .map(ignore::DirEntry::into_path)
        .filter(|path| may_be_config(path))
        .filter(|path| snapshot(path).map_or(true, |bytes| keep(path, &bytes)))
        .collect();
    found.sort();
    found
}

/// What may be configs below a directory that git knows nothing of, whatever ignore files say, with their paths from there.
pub(crate) fn all_below(directory: &Path) -> Vec<(PathBuf, Content)> {
    let real = std::fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    let walk = WalkBuilder::new(&real)
        .standard_filters(false)
        .filter_entry(|entry| entry.file_name() != ".git" && entry.file_name() != "node_modules")
        .build();
    let mut found: Vec<PathBuf> = walk
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_some_and(|kind| !kind.is_dir()))
        .filter_map(|entry| Some(entry.path().strip_prefix(&real).ok()?.to_owned()))
        .filter(|path| may_be_config(path))
        .collect();
    found.sort();
    found
        .into_iter()
        .map(|path| (on_disk(&real, &path), path))
        .map(|(content, path)| (path, content))
        .collect()
}

/// By its name.
#[must_use]
pub(crate) fn may_be_config(path: &Path) -> bool {
    const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];
    path.extension().is_some_and(|own| EXTENSIONS.iter().any(|extension| own.eq_ignore_ascii_case(extension)))
}

/// Whether a text is a PowerSync config, or would be one if it could be read.
#[must_use]
pub(crate) fn is_config(bytes: &[u8], input: Input) -> bool {
    // Most files of a repository are told apart without being parsed. A name may be written with escapes.
    let has_name = |text: &str| TOP_MEMBERS.iter().any(|name| text.contains(name));
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| has_name(text) || has_escape(text)) else {
        return false;
    };
    if let Ok(doc) = Document::read(text, input) {
        return TOP_MEMBERS.iter().any(|name| doc.member(doc.root(), name).is_some());
    }
    // What can't be read may still be one for the service.
    let text = unescaped(text);
    let indent = |line: &str| line.len() - line.trim_start().len();
    let is_content = |line: &&str| !line.trim().is_empty() && !line.starts_with(['#', '%']);
    let top = text.lines().find(is_content).map_or(0, indent);
    let deepest = if input == Input::Json { top + 4 } else { top };
    // In braces, any name may be one of the top.
    let begin = text.lines().find(is_content).unwrap_or_default().trim_start_matches(['\u{feff}', '-', ' ']);
    if begin.starts_with('{') && has_name(&text) {
        return true;
    }
    let marks = ['\u{feff}', '{', '?', '-', ' ', '"', '\''];
    text.lines().filter(|line| indent(line) <= deepest).any(|line| {
        let mut name = line.trim_start_matches(marks);
        // A tag or an anchor may stand before it.
        while let Some((_, rest)) = name.split_once(' ').filter(|_| name.starts_with(['!', '&'])) {
            name = rest.trim_start_matches(marks);
        }
        name.split([':', '"', '\'']).next().is_some_and(|name| TOP_MEMBERS.contains(&name.trim_end()))
    })
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
