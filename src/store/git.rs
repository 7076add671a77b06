//! What git knows of configs, asked of the `git` command.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::Snapshot;
use crate::base::text::Named;

/// Git can't answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The command isn't there.
    #[error("`git` could not be started ({0}). Install it, or compare two files: `diff OLD NEW`")]
    NotThere(#[source] io::Error),
    /// The directory isn't in a repository.
    #[error("this directory is not in a git repository. Compare two files: `diff OLD NEW`")]
    NotARepository,
    /// No commit has that name.
    #[error("there is no revision `{}` here{}", Named(.0), .1)]
    UnknownRevision(String, &'static str),
    /// There is nothing to compare with.
    #[error(
        "it can't be told what to compare with: there is none of {0}. Name a revision, such as `diff --git HEAD~1`"
    )]
    NoBase(String),
    /// The history ends before the common commit.
    #[error(
        "the commit that this branch and {0} have in common is not here: the clone is shallow. In GitHub Actions give \
         `actions/checkout` the option `fetch-depth: 0`; elsewhere run `git fetch --unshallow`"
    )]
    Shallow(String),
    /// Two histories without a common commit.
    #[error("this branch and {0} have no commit in common. Name a revision: `diff --git REV`")]
    NoCommonCommit(String),
    /// Anything else, in git's words.
    #[error("`git {0}` failed: {1}")]
    Failed(&'static str, String),
}

/// What a shallow clone might lack.
const PERHAPS_SHALLOW: &str = ". The clone is shallow: in GitHub Actions give `actions/checkout` the option `fetch-depth: 0`; \
                               elsewhere run `git fetch --unshallow`";

/// Whether git tracks a file. Where git can't tell, a file in a repository counts as one of it.
#[must_use]
pub(crate) fn tracks(path: &Path) -> bool {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else { return false };
    // Most directories are in no repository, and need no process.
    let Some((directory, root)) = root_of(directory) else { return false };
    let below = directory.join(name);
    let below = below.strip_prefix(&root).unwrap_or(&below).as_os_str();
    let arguments = [OsStr::new("ls-files"), "--error-unmatch".as_ref(), "--".as_ref(), below];
    // Git says 1 of a file it doesn't know; anything else is a trouble of its own.
    run(&root, arguments).map_or(true, |output| output.status.code() != Some(1))
}

/// A file's path from the root of the repository that holds it, with `/` between its parts. `None`: it is in none.
#[must_use]
pub(crate) fn path_in_repository(path: &Path) -> Option<String> {
    let (directory, root) = root_of(path.parent()?)?;
    let below = directory.join(path.file_name()?);
    let parts = below.strip_prefix(root).ok()?.iter().map(|part| part.to_string_lossy().into_owned());
    Some(parts.collect::<Vec<_>>().join("/"))
}

/// A directory without links in its path, and the nearest one above it, or itself, that has a `.git`. Git starts there: a
/// branch can hold a directory that looks like a repository with settings of its own, but never a `.git`.
fn root_of(directory: &Path) -> Option<(PathBuf, PathBuf)> {
    let named = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let directory = std::fs::canonicalize(named).ok()?;
    let root = directory.ancestors().find(|above| above.join(".git").exists())?.to_owned();
    Some((directory, root))
}

/// Settings that could run a program, switched off: git is asked, and never told to act.
const SAFE: [&str; 7] = [
    "safe.bareRepository=explicit",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.alternateRefsCommand=true",
    "protocol.ext.allow=never",
    "submodule.recurse=false",
];

/// A file that differs between a revision and the working tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChangedFile {
    /// Its path at the revision, from the root of the repository.
    pub old: Option<PathBuf>,
    /// Its path in the working tree, from there.
    pub new: Option<PathBuf>,
}

/// A repository with a working tree.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    /// The root of the working tree.
    pub root: PathBuf,
}

fn run<'a>(root: &Path, arguments: impl IntoIterator<Item = &'a OsStr>) -> io::Result<Output> {
    git(root, arguments).output()
}

/// The one place that starts git.
fn git<'a>(root: &Path, arguments: impl IntoIterator<Item = &'a OsStr>) -> Command {
    let mut git = Command::new("git");
    git.current_dir(root).env_clear().envs(std::env::vars_os().filter(|(name, _)| is_for_git(name)));
    git.env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0");
    git.args(["--no-pager", "--no-replace-objects", "--literal-pathspecs"]);
    git.args(SAFE.iter().flat_map(|setting| ["-c", setting])).args(arguments);
    git
}

/// What a file is at a commit. Read as the files are: into memory that is cleared.
fn content(root: &Path, object: &OsStr) -> Result<Option<Snapshot>, GitError> {
    let mut child = git(root, ["cat-file".as_ref(), OsStr::new("--filters"), object])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(GitError::NotThere)?;
    let text = child.stdout.take().map(|stdout| super::read(stdout, 0)).transpose();
    let output = child.wait_with_output().map_err(GitError::NotThere)?;
    let failed = |why: String| GitError::Failed("cat-file", why);
    let text = text.map_err(|error| failed(error.to_string()))?;
    if output.status.success() { Ok(text) } else { Err(failed(words(&output))) }
}

/// What git needs of the environment. Secrets of the service stand there, too, and git has its own children.
fn is_for_git(name: &OsStr) -> bool {
    const NAMES: [&str; 6] = ["HOME", "LANG", "PATH", "SystemRoot", "TMPDIR", "XDG_CONFIG_HOME"];
    let name = name.to_string_lossy();
    NAMES.contains(&&*name) || name.starts_with("GIT_") || name.starts_with("LC_")
}

/// The words of git's error, in one line.
fn words(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("no reason given");
    line.trim_start_matches("fatal: ").to_owned()
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

impl Repository {
    /// The repository that holds a directory.
    pub(crate) fn open(directory: &Path) -> Result<Self, GitError> {
        let (_, root) = root_of(directory).ok_or(GitError::NotARepository)?;
        let output =
            run(&root, ["rev-parse".as_ref(), OsStr::new("--show-toplevel")]).map_err(GitError::NotThere)?;
        if !output.status.success() {
            return Err(GitError::Failed("rev-parse", words(&output)));
        }
        Ok(Self { root: path_of(output.stdout.trim_ascii_end()) })
    }

    fn ask(&self, arguments: &[&str]) -> Result<Output, GitError> {
        run(&self.root, arguments.iter().map(OsStr::new)).map_err(GitError::NotThere)
    }

    fn text(&self, arguments: &[&str]) -> Option<String> {
        let output = self.ask(arguments).ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The commit that a revision names.
    pub(crate) fn commit(&self, revision: &str) -> Result<String, GitError> {
        let unknown = || {
            let hint = if self.is_shallow() { PERHAPS_SHALLOW } else { "" };
            GitError::UnknownRevision(revision.to_owned(), hint)
        };
        // A name that looks like an option is none of a commit.
        if revision.starts_with('-') {
            return Err(unknown());
        }
        self.text(&["rev-parse", "--verify", "--quiet", &format!("{revision}^{{commit}}")])
            .ok_or_else(unknown)
    }

    fn is_shallow(&self) -> bool {
        self.text(&["rev-parse", "--is-shallow-repository"]).as_deref() == Some("true")
    }

    /// The commit to compare with where none is named: the one this branch and the branch it is to be merged into have in
    /// common. `variable`: what the CI says of that branch. Returns the commit and how to call it.
    pub(crate) fn base(
        &self,
        variable: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<(String, String), GitError> {
        let said = |name: &str| variable(name)?.into_string().ok().filter(|value| !value.is_empty());
        if let Some(sha) = said("CI_MERGE_REQUEST_DIFF_BASE_SHA") {
            return Ok((self.commit(&sha)?, short(&sha)));
        }
        let named = BRANCHES.into_iter().find_map(said);
        let branches: Vec<String> = match &named {
            Some(branch) => {
                let branch = branch.strip_prefix("refs/heads/").unwrap_or(branch);
                vec![format!("origin/{branch}"), branch.to_owned()]
            }
            None => {
                ["origin/HEAD", "origin/main", "origin/master", "main", "master"].map(str::to_owned).into()
            }
        };
        let Some(branch) = branches.iter().find(|branch| self.commit(branch).is_ok()) else {
            return Err(match named {
                Some(branch) if self.is_shallow() => GitError::Shallow(branch),
                None if self.is_shallow() => GitError::Shallow("the default branch".to_owned()),
                _ => GitError::NoBase(crate::base::text::list(&branches)),
            });
        };
        match self.text(&["merge-base", "HEAD", branch]) {
            Some(commit) => Ok((commit, branch.clone())),
            None if self.is_shallow() => Err(GitError::Shallow(branch.clone())),
            None => Err(GitError::NoCommonCommit(branch.clone())),
        }
    }

    /// The files that differ between a commit and the working tree, new ones that aren't ignored included.
    pub(crate) fn changed(&self, commit: &str) -> Result<Vec<ChangedFile>, GitError> {
        let output = self.ask(&[
            "diff",
            "--name-status",
            "-z",
            "--find-renames",
            "--no-ext-diff",
            "--no-textconv",
            commit,
            "--",
        ])?;
        if !output.status.success() {
            return Err(GitError::Failed("diff", words(&output)));
        }
        let mut changed = Vec::new();
        let mut fields = output.stdout.split(|byte| *byte == 0).filter(|field| !field.is_empty());
        while let Some(status) = fields.next() {
            let Some(path) = fields.next().map(path_of) else { break };
            changed.push(match status.first() {
                Some(b'A') => ChangedFile { old: None, new: Some(path) },
                Some(b'D') => ChangedFile { old: Some(path), new: None },
                Some(b'R' | b'C') => ChangedFile { old: Some(path), new: fields.next().map(path_of) },
                _ => ChangedFile { old: Some(path.clone()), new: Some(path) },
            });
        }
        let untracked = self.ask(&["ls-files", "-z", "--others", "--exclude-standard"])?;
        let paths = untracked.stdout.split(|byte| *byte == 0).filter(|field| !field.is_empty());
        changed.extend(paths.map(|path| ChangedFile { old: None, new: Some(path_of(path)) }));
        Ok(changed)
    }

    /// A file as it was at a commit, with the line endings of a checkout. `None`: it wasn't there.
    pub(crate) fn show(&self, commit: &str, path: &Path) -> Result<Option<Snapshot>, GitError> {
        let mut object = OsString::from(format!("{commit}:"));
        object.push(path);
        let exists =
            run(&self.root, ["cat-file".as_ref(), OsStr::new("-e"), &object]).map_err(GitError::NotThere)?;
        if !exists.status.success() {
            return Ok(None);
        }
        content(&self.root, &object)
    }
}

/// The variables in which CI systems name the branch that a change is to be merged into.
const BRANCHES: [&str; 7] = [
    "GITHUB_BASE_REF",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "SYSTEM_PULLREQUEST_TARGETBRANCH",
    "BITBUCKET_PR_DESTINATION_BRANCH",
    "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
    "CHANGE_TARGET",
    "DRONE_TARGET_BRANCH",
];

/// A commit as people read it.
#[must_use]
pub(crate) fn short(commit: &str) -> String {
    let is_hash = commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { commit[..10].to_owned() } else { commit.to_owned() }
}
