//! Configs in a folder.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use super::file::snapshot;
use super::git::{Content, on_disk};

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

/// What may be configs below a directory that git knows nothing of, whatever ignore files say: each is told with its path
/// from there, and let go.
pub(crate) fn all_below(directory: &Path, mut tell: impl FnMut(&Path, Content)) {
    let real = std::fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    let walk = WalkBuilder::new(&real)
        .standard_filters(false)
        .filter_entry(|entry| entry.file_name() != ".git" && entry.file_name() != "node_modules")
        .build();
    let mut found: Vec<PathBuf> = walk
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_some_and(|kind| !kind.is_dir()))
        .filter_map(|entry| Some(entry.path().strip_prefix(&real).ok()?.to_owned()))
        .filter(|path| is_looked_into(path))
        .collect();
    found.sort();
    for path in found {
        tell(&path, on_disk(&real, &path));
    }
}

/// Whether a review looks into a file of this name: there a config may have any, and what is in it tells.
#[must_use]
pub(crate) fn is_looked_into(path: &Path) -> bool {
    const MORE: [&str; 13] = [
        "conf", "config", "cfg", "txt", "env", "tmpl", "tpl", "template", "gotmpl", "j2", "b64", "base64",
        "sh",
    ];
    let is_one = |own: &std::ffi::OsStr| MORE.iter().any(|extension| own.eq_ignore_ascii_case(extension));
    let is_named = || {
        path.file_name().is_some_and(|name| name.to_string_lossy().to_ascii_lowercase().contains("powersync"))
    };
    let is_env = || path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".env"));
    may_be_config(path) || is_env() || is_named() || path.extension().is_none_or(is_one)
}

/// By its name.
#[must_use]
pub(crate) fn may_be_config(path: &Path) -> bool {
    const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];
    path.extension().is_some_and(|own| EXTENSIONS.iter().any(|extension| own.eq_ignore_ascii_case(extension)))
}
