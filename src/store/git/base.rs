//! What a branch is compared with.

use std::ffi::OsString;

use super::error::PERHAPS_SHALLOW;
use super::{GitError, Repository, short};

/// The variable in which GitLab names that branch.
const GITLAB_TARGET: &str = "CI_MERGE_REQUEST_TARGET_BRANCH_NAME";

/// The variables in which CI systems name the branch that a change is to be merged into.
const BRANCHES: [&str; 7] = [
    "GITHUB_BASE_REF",
    GITLAB_TARGET,
    "SYSTEM_PULLREQUEST_TARGETBRANCH",
    "BITBUCKET_PR_DESTINATION_BRANCH",
    "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
    "CHANGE_TARGET",
    "DRONE_TARGET_BRANCH",
];

/// Where a short name may be found. A tag of that name is nobody's branch.
const PLACES: [(&str, &str); 5] = [
    ("refs/", ""),
    ("refs/heads/", ""),
    ("refs/tags/", ""),
    ("refs/remotes/", ""),
    ("refs/remotes/", "/HEAD"),
];

/// What a branch is compared with.
pub(crate) struct Base {
    /// The commit that it and the branch it is to be merged into have in common.
    pub(crate) commit: String,
    /// How that is called.
    pub(crate) name: String,
    /// The branch it is to be merged into as it is now, where it is known.
    pub(crate) tip: Option<Tip>,
}

/// Where a branch is now.
pub(crate) struct Tip {
    pub(crate) commit: String,
    /// As people name the branch.
    pub(crate) branch: String,
}

impl Repository {
    /// The commit that a revision names, as it was given on the command line.
    pub(crate) fn commit(&self, revision: &str) -> Result<String, GitError> {
        let name = revision.split(['^', '~', ':', '@']).next().unwrap_or_default();
        let is_ref = |full: &String| self.text(&["show-ref", "--verify", "--quiet", "--", full]).is_some();
        let full = PLACES.iter().map(|(before, after)| format!("{before}{name}{after}"));
        let mut places: Vec<String> = full.filter(is_ref).collect();
        let is_hash = (4..40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let hash = is_hash.then(|| self.text(&["rev-parse", &format!("--disambiguate={name}")])).flatten();
        places.extend(
            hash.filter(|hash| !hash.is_empty()).map(|hash| format!("commit {}", hash.replace('\n', ", "))),
        );
        if places.len() > 1 {
            return Err(GitError::Ambiguous(name.to_owned(), places));
        }
        self.commit_of(revision).ok_or_else(|| {
            let hint = if self.is_shallow() { PERHAPS_SHALLOW } else { "" };
            GitError::UnknownRevision(revision.to_owned(), hint)
        })
    }

    fn commit_of(&self, revision: &str) -> Option<String> {
        let commit = format!("{revision}^{{commit}}");
        // A name that looks like an option is none of a commit.
        let is_option = revision.starts_with('-');
        if is_option {
            None
        } else {
            self.text(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])
        }
    }

    /// The commit to compare with where none is named: the one this branch and the branch it is to be merged into have in
    /// common. `variable`: what the CI says of that branch.
    pub(crate) fn base(&self, variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Base, GitError> {
        let said = |name: &str| variable(name)?.into_string().ok().filter(|value| !value.is_empty());
        if let Some(sha) = said("CI_MERGE_REQUEST_DIFF_BASE_SHA") {
            let commit = self.commit(&sha)?;
            self.differs(&commit, &short(&sha))?;
            let tip = said(GITLAB_TARGET).and_then(|branch| self.tip_of(&remote(&branch)));
            return Ok(Base { commit, name: short(&sha), tip });
        }
        let named = BRANCHES.into_iter().find_map(said);
        let branches: Vec<(String, String)> = match &named {
            Some(branch) => {
                let branch = branch.strip_prefix("refs/heads/").unwrap_or(branch);
                vec![remote(branch), local(branch)]
            }
            None => ["HEAD", "main", "master"]
                .map(remote)
                .into_iter()
                .chain(["main", "master"].map(local))
                .collect(),
        };
        let Some(tip) = branches.iter().find_map(|branch| self.tip_of(branch)) else {
            let looked: Vec<String> = branches.into_iter().map(|(name, _)| name).collect();
            return Err(match named {
                Some(branch) if self.is_shallow() => GitError::Shallow(branch),
                None if self.is_shallow() => GitError::Shallow("the default branch".to_owned()),
                _ => GitError::NoBase(crate::base::text::list(&looked)),
            });
        };
        let commit = self.common("HEAD", &tip.commit, &tip.branch)?;
        if named.is_some() {
            self.differs(&commit, &tip.branch)?;
        }
        Ok(Base { commit, name: tip.branch.clone(), tip: Some(tip) })
    }

    /// Where a branch is, if there is one of that name.
    fn tip_of(&self, (branch, full): &(String, String)) -> Option<Tip> {
        let commit = self.commit_of(full).filter(|_| is_name(full))?;
        Some(Tip { commit, branch: branch.clone() })
    }

    /// The last commit that two have in common. `name`: what the second is called. Where they have several, as after
    /// merges in both directions, it is the second itself: what a merge makes of them can't be told from one of several.
    pub(crate) fn common(&self, one: &str, two: &str, name: &str) -> Result<String, GitError> {
        let all = self.text(&["merge-base", "--all", one, two]).ok_or_else(|| {
            let name = name.to_owned();
            if self.is_shallow() { GitError::Shallow(name) } else { GitError::NoCommonCommit(name) }
        })?;
        if all.contains('\n') { self.commit(two) } else { Ok(all) }
    }

    /// Fails where what is checked out is the base itself: a review of nothing would find nothing.
    fn differs(&self, base: &str, branch: &str) -> Result<(), GitError> {
        let is_head = self.commit_of("HEAD").as_deref() == Some(base);
        if is_head { Err(GitError::NothingToReview(branch.to_owned())) } else { Ok(()) }
    }
}

/// A branch of the remote, as people name it and in full.
fn remote(branch: &str) -> (String, String) {
    (format!("origin/{branch}"), format!("refs/remotes/origin/{branch}"))
}

fn local(branch: &str) -> (String, String) {
    (branch.to_owned(), format!("refs/heads/{branch}"))
}

/// Whether this is the name of a ref and nothing that git would work out.
fn is_name(full: &str) -> bool {
    !full.contains("..") && !full.contains("@{") && !full.contains(['^', '~', ':', '?', '*', '[', '\\', ' '])
}
