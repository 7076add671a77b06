//! Configs in a folder.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use super::file::snapshot;
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

/// By its name.
#[must_use]
pub(crate) fn may_be_config(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml" || extension == "json")
}

/// Whether a text is a PowerSync config, or would be one if it could be read.
#[must_use]
pub(crate) fn is_config(bytes: &[u8], input: Input) -> bool {
    // Most files of a repository are told apart without being parsed.
    let Some(text) =
        std::str::from_utf8(bytes).ok().filter(|text| TOP_MEMBERS.iter().any(|name| text.contains(name)))
    else {
        return false;
    };
    match Document::read(text, input) {
        Ok(doc) => TOP_MEMBERS.iter().any(|name| doc.member(doc.root(), name).is_some()),
        Err(_) => text.lines().any(|line| {
            let name = line.trim_start_matches(['\u{feff}', '{', ' ', '"']).split([':', '"']).next();
            let indent = line.len() - line.trim_start().len();
            let deepest = if input == Input::Json { 4 } else { 0 };
            indent <= deepest && name.is_some_and(|name| TOP_MEMBERS.contains(&name.trim_end()))
        }),
    }
}
