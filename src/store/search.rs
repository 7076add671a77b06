//! Configs in a folder.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use super::file::snapshot;

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
