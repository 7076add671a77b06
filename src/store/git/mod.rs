//! What git knows of configs, asked of the `git` command.

mod base;
mod command;
mod content;
mod error;
mod history;
mod objects;
mod tree;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Output;

pub(crate) use base::{Base, Tip};
pub(crate) use content::{Content, NotSeen};
pub(crate) use error::GitError;
pub(crate) use history::Commit;
pub(crate) use objects::Objects;
pub(crate) use tree::{Links, Tree, on_disk};

use command::{Place, ask, git};
use error::words;

/// The nearest directory above a file that has a `.git`. No branch can hold one: git checks out no path of that name.
#[must_use]
pub(crate) fn root_of(path: &Path) -> Option<&Path> {
    root_above(path.parent()?)
}

fn root_above(directory: &Path) -> Option<&Path> {
    directory.ancestors().find(|directory| directory.join(".git").exists())
}

/// Whether git tracks a file. Where git can't tell, a file in a repository counts as one of it.
#[must_use]
pub(crate) fn tracks(path: &Path) -> bool {
    let Some(root) = root_of(path) else { return false };
    let Ok(repository) = Repository::open(root) else { return true };
    let Ok(inside) = path.strip_prefix(&repository.root) else { return true };
    let arguments =
        ["ls-files", "--error-unmatch", "--"].map(OsStr::new).into_iter().chain([inside.as_os_str()]);
    // Git says 1 of a file it doesn't know; anything else is a trouble of its own.
    repository.ask(arguments).map_or(true, |output| output.status.code() != Some(1))
}

/// A file's path from the root of the repository that holds it, with `/` between its parts. `None`: it is in none.
#[must_use]
pub(crate) fn path_in_repository(path: &Path) -> Option<String> {
    let path = std::fs::canonicalize(path.parent()?).ok()?.join(path.file_name()?);
    let parts = path.strip_prefix(root_of(&path)?).ok()?.iter();
    Some(parts.map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/"))
}

/// A repository with a working tree.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    /// The root of the working tree, links resolved.
    pub(crate) root: PathBuf,
    git_dir: PathBuf,
}

impl Repository {
    /// The repository that a directory is in, if git accepts it.
    pub(crate) fn open(directory: &Path) -> Result<Self, GitError> {
        let root = root_above(directory).ok_or(GitError::NotARepository)?;
        let root = std::fs::canonicalize(root).map_err(|_| GitError::NotARepository)?;
        // Git says here whether it trusts who owns it, which it doesn't ask of a repository that is named.
        let output = ask(Place::Root(&root), ["rev-parse", "--is-inside-work-tree"])?;
        if !output.status.success() {
            return Err(GitError::Refused(words(&output)));
        }
        let git_dir = root.join(".git");
        Ok(Self { root, git_dir })
    }

    /// A path from the root of the working tree, links on the way resolved. `None`: it is outside.
    pub(crate) fn below(&self, path: &Path) -> Option<PathBuf> {
        if path.is_dir() {
            return Some(std::fs::canonicalize(path).ok()?.strip_prefix(&self.root).ok()?.to_owned());
        }
        // A directory on the way may be gone.
        let there =
            path.parent()?.ancestors().find_map(|above| Some((above, std::fs::canonicalize(above).ok()?)));
        let (above, real) = there?;
        Some(real.join(path.strip_prefix(above).ok()?).strip_prefix(&self.root).ok()?.to_owned())
    }

    fn place(&self) -> Place<'_> {
        Place::Repository { root: &self.root, git_dir: &self.git_dir }
    }

    fn ask<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Result<Output, GitError> {
        ask(self.place(), arguments)
    }

    /// What git printed, if it succeeded.
    fn text(&self, arguments: &[&str]) -> Option<String> {
        let output = self.ask(arguments).ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// A list that git ends each line of with a NUL.
    fn list(&self, command: &'static str, options: &[&str]) -> Result<Vec<u8>, GitError> {
        let output = self.ask([command].iter().chain(options))?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(GitError::Failed(command, words(&output)))
        }
    }
}

/// A commit as people read it.
#[must_use]
pub(crate) fn short(commit: &str) -> String {
    let is_hash = commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { commit[..10].to_owned() } else { commit.to_owned() }
}
