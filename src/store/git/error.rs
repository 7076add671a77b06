//! Why git can't answer.

use std::io;
use std::process::Output;

use crate::base::text::{Named, Printable};

/// Git can't answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The command isn't there.
    #[error("`git` could not be started ({0}). Install it, or compare two files: `diff OLD NEW`")]
    NotThere(#[source] io::Error),
    /// The directory isn't in a repository.
    #[error("this directory is not in a git repository. Compare two files: `diff OLD NEW`")]
    NotARepository,
    /// Git doesn't accept the repository, such as one of another user. Its remedy is part of its words.
    #[error("git refuses this repository: {}", Printable(.0))]
    Refused(String),
    /// No commit has that name.
    #[error("there is no revision `{}` here{}", Named(.0), .1)]
    UnknownRevision(String, &'static str),
    /// A name that whoever can push a tag could have taken.
    #[error(
        "`{}` names several revisions here: {}. Name one of them in full",
        Named(.0),
        Printable(&crate::base::text::list(.1))
    )]
    Ambiguous(String, Vec<String>),
    /// There is nothing to compare with.
    #[error(
        "it can't be told what to compare with: there is none of {}. Name a revision, such as `diff --git HEAD~1`",
        Printable(.0)
    )]
    NoBase(String),
    /// The history ends before the common commit.
    #[error(
        "the commit that this branch and {} have in common is not here: the clone is shallow. In GitHub Actions give \
         `actions/checkout` the option `fetch-depth: 0`; elsewhere run `git fetch --unshallow`",
        Printable(.0)
    )]
    Shallow(String),
    /// Two histories without a common commit.
    #[error("this branch and {} have no commit in common. Name a revision: `diff --git REV`", Printable(.0))]
    NoCommonCommit(String),
    /// CI tells of a pull request, and the commit that is checked out has nothing of one.
    #[error(
        "CI says that this is a pull request into {}, but the commit that is checked out is part of that branch: nothing \
         of the pull request would be seen. Check out the pull request's own commit, or name a revision: `diff --git REV`",
        Printable(.0)
    )]
    NothingToReview(String),
    /// Anything else, in git's words.
    #[error("`git {}` failed: {}", .0, Printable(.1))]
    Failed(&'static str, String),
}

/// What a shallow clone might lack.
pub(super) const PERHAPS_SHALLOW: &str = ". The clone is shallow: in GitHub Actions give `actions/checkout` the option `fetch-depth: 0`; \
                                          elsewhere run `git fetch --unshallow`";

/// The words of git's error, all of them: there may be a remedy among them.
pub(super) fn words(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let text = lines.join(" ");
    if text.is_empty() { "no reason given".to_owned() } else { text.trim_start_matches("fatal: ").to_owned() }
}
