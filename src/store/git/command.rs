//! The one place that starts git. What a branch holds is read by it and never obeyed: no setting, attribute or file of a
//! branch makes it run a program.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::error::GitError;

/// Settings that could run a program or go elsewhere, switched off. The settings of the repository itself
/// (`.git/config`, which no branch holds) stay as far as a fetch of a partial clone needs them.
const SAFE: [&str; 13] = [
    // A directory of a branch that looks like a repository is none. Git before 2.38 doesn't know this one, so the
    // repository is always named, too.
    "safe.bareRepository=explicit",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.editor=false",
    "core.askPass=",
    // A commit may carry a signature.
    "log.showSignature=false",
    "gpg.program=false",
    "gpg.ssh.program=false",
    "core.alternateRefsCommand=true",
    "diff.external=",
    "protocol.ext.allow=never",
    "submodule.recurse=false",
];

/// Where git is to look.
#[derive(Clone, Copy)]
pub(super) enum Place<'p> {
    /// In this directory, which has a `.git`: git says whether it accepts it.
    Root(&'p Path),
    /// In a repository that it accepted.
    Repository { root: &'p Path, git_dir: &'p Path },
}

/// Git, ready to be started. Paths and revisions come behind options that end them.
pub(super) fn git<A: AsRef<OsStr>>(
    place: Place<'_>,
    arguments: impl IntoIterator<Item = A>,
) -> Result<Command, GitError> {
    let (Place::Root(root) | Place::Repository { root, .. }) = place;
    let path = search_path(root);
    let program = std::env::split_paths(&path)
        .map(|directory| directory.join(format!("git{}", std::env::consts::EXE_SUFFIX)))
        .find(|program| program.is_file())
        .ok_or_else(|| GitError::NotThere(io::ErrorKind::NotFound.into()))?;
    let mut git = Command::new(program);
    git.env_clear()
        .envs(std::env::vars_os().filter(|(name, value)| is_for_git(name) && is_outside(name, value, root)))
        .env("PATH", path);
    // Git asks nobody, writes nothing, and goes no further up.
    git.env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0").env("GIT_ATTR_NOSYSTEM", "1");
    git.env("GIT_CEILING_DIRECTORIES", root.parent().unwrap_or(root));
    git.current_dir(root).stdin(Stdio::null());
    git.args(["--no-pager", "--no-replace-objects", "--literal-pathspecs"]);
    git.args(SAFE.iter().flat_map(|setting| ["-c", setting]));
    if let Place::Repository { root, git_dir } = place {
        git.args([option("--git-dir=", git_dir), option("--work-tree=", root)]);
    }
    git.args(arguments);
    Ok(git)
}

/// What git says, to its end.
pub(super) fn ask<A: AsRef<OsStr>>(
    place: Place<'_>,
    arguments: impl IntoIterator<Item = A>,
) -> Result<Output, GitError> {
    git(place, arguments)?.output().map_err(GitError::NotThere)
}

fn option(name: &str, path: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push(path);
    option
}

/// Where programs are looked for: neither in the directory of the run nor in the repository, where a branch could put one.
fn search_path(root: &Path) -> OsString {
    let all = std::env::var_os("PATH").unwrap_or_default();
    let outside = |directory: &PathBuf| {
        let real = std::fs::canonicalize(directory);
        directory.is_absolute() && !real.is_ok_and(|real| real.starts_with(root))
    };
    std::env::join_paths(std::env::split_paths(&all).filter(outside)).unwrap_or_default()
}

/// Whether settings that a variable leads to are none of a branch: `HOME` may be the working tree, or below it.
fn is_outside(name: &OsStr, value: &OsStr, root: &Path) -> bool {
    const PATHS: [&str; 6] =
        ["HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_ASKPASS", "GIT_SSH"];
    if !PATHS.iter().any(|path| name == *path) {
        return true;
    }
    let path = Path::new(value);
    // A program's name alone is looked for where programs are.
    let is_name = path.components().count() == 1 && matches!(name.to_str(), Some("GIT_ASKPASS" | "GIT_SSH"));
    let real = path.ancestors().find_map(|above| std::fs::canonicalize(above).ok());
    is_name || (path.is_absolute() && !real.is_some_and(|real| real.starts_with(root)))
}

/// What git needs of the environment. Secrets of the service are in it, too, and git has its own children.
fn is_for_git(name: &OsStr) -> bool {
    const NAMES: [&str; 14] = [
        "HOME",
        "LANG",
        "SystemRoot",
        "TMPDIR",
        "XDG_CONFIG_HOME",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        // For the fetch of a partial clone.
        "GIT_ASKPASS",
        "SSH_AUTH_SOCK",
        "HTTPS_PROXY",
        "https_proxy",
        "NO_PROXY",
        "no_proxy",
    ];
    const BEGINNINGS: [&str; 4] = ["GIT_CONFIG", "GIT_SSH", "GIT_SSL", "LC_"];
    let name = name.to_string_lossy();
    NAMES.contains(&&*name) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}
