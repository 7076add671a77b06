//! The commits that changed a file.

use std::path::Path;

use super::{Content, GitError, Objects, Repository};
use crate::base::time::NumericDate;

/// A commit, as a record names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    pub(crate) id: String,
    pub(crate) at: NumericDate,
    pub(crate) author: String,
    /// The first line of its message.
    pub(crate) subject: String,
}

impl Repository {
    /// The commits on the way to the one that is checked out which changed a file, the first one first. Of a merge, only
    /// what it brought: that is when a change came into the branch.
    pub(crate) fn commits_of(&self, path: &Path) -> Result<Vec<Commit>, GitError> {
        // A repository may have none yet.
        if self.commit("HEAD").is_err() {
            return Ok(Vec::new());
        }
        let path = path.to_string_lossy();
        let format = "--format=%H%x00%ct%x00%an%x00%s";
        let listed = self.list("log", &["--first-parent", "-z", format, "HEAD", "--", &path])?;
        let listed = String::from_utf8_lossy(&listed);
        let fields: Vec<&str> = listed.trim_end_matches('\0').split('\0').collect();
        Ok(fields.chunks_exact(4).rev().map(commit).collect())
    }

    /// Whether the clone ends before the history does.
    pub(crate) fn is_shallow(&self) -> bool {
        self.text(&["rev-parse", "--is-shallow-repository"]).as_deref() == Some("true")
    }
}

fn commit(fields: &[&str]) -> Commit {
    // A commit may carry any number: one that is no date is as early or as late as dates are.
    let seconds = fields[1].parse().unwrap_or(i64::MAX);
    let end = if seconds < 0 { NumericDate::MIN } else { NumericDate::MAX };
    Commit {
        id: fields[0].to_owned(),
        at: NumericDate::new(seconds).unwrap_or(end),
        author: fields[2].to_owned(),
        subject: fields[3].to_owned(),
    }
}

impl Commit {
    /// What the file was after it.
    pub(crate) fn content(&self, path: &Path, objects: &mut Objects) -> Result<Content, GitError> {
        objects.at(&self.id, path)
    }
}
