//! The configs that `diff` compares: two files, or what git has of them at two moments.

use std::path::{Path, PathBuf};

use super::arguments::Global;
use super::moved;
use super::review_policy;
use super::sides::Sides;
use super::trees::{Change, Compared, Target};
use super::{Error, Source, Usage, World, source};
use crate::base::sentence::sentence;
use crate::store::Snapshot;
use crate::store::git::{Base, GitError, Links, Repository, Tip, Tree, short};

/// The two configs that were named.
pub(crate) fn two_files(
    paths: &[PathBuf],
    global: &Global,
    world: &mut World<'_>,
) -> Result<Compared, Error> {
    let [old, new] = paths else {
        return Err(Usage::NotTwoConfigs.into());
    };
    let (old, new) = (source::named(old), source::named(new));
    if old == Source::Stdin && new == Source::Stdin {
        return Err(Usage::BothFromStdin.into());
    }
    let (from, to) = (old.name(), new.name());
    let input_old = old.input(global);
    let input_new = new.input(global);
    let mut policies = Vec::new();
    let policy = review_policy::beside(&old, &mut policies, world);
    let (old, bytes) = (read(&old, world)?, read(&new, world)?);
    let (name, old_name) = (to.clone(), from.clone());
    let sides = Sides {
        name,
        old_name,
        old,
        new: bytes,
        from,
        to,
        input_old,
        input_new,
        source: new,
        policy,
        moved_from: None,
    };
    Ok(Compared { sides: vec![sides], policies, ..Compared::default() })
}

/// A config; `/dev/null`, which git passes for a file that isn't there, is none.
fn read(source: &Source, world: &mut World<'_>) -> Result<Option<Snapshot>, Error> {
    if *source == Source::File(PathBuf::from("/dev/null")) { Ok(None) } else { source.read(world).map(Some) }
}

/// What of a repository is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Revisions<'a> {
    /// The working tree with where the branch left the one it is merged into.
    OfBranch,
    /// The working tree with a revision.
    Since(&'a str),
    /// What is staged with a revision.
    Staged(&'a str),
    /// Two revisions.
    Between { old: &'a str, new: &'a str },
    /// A revision with where it left another.
    SinceCommon { other: &'a str, new: &'a str },
}

impl<'a> Revisions<'a> {
    /// As `--git` and `--staged` say it. `A..B` and `A...B` mean what they mean to git.
    pub(crate) fn read(revision: Option<&'a str>, staged: Staged) -> Result<Self, Usage> {
        let head = |name: &'a str| if name.is_empty() { "HEAD" } else { name };
        Ok(match (revision, staged) {
            (Some(range), Staged::Yes) if range.contains("..") => return Err(Usage::StagedRange),
            (revision, Staged::Yes) => Self::Staged(revision.unwrap_or("HEAD")),
            (None, Staged::No) => Self::OfBranch,
            (Some(range), Staged::No) => {
                if let Some((other, new)) = range.split_once("...") {
                    Self::SinceCommon { other: head(other), new: head(new) }
                } else if let Some((old, new)) = range.split_once("..") {
                    Self::Between { old: head(old), new: head(new) }
                } else {
                    Self::Since(range)
                }
            }
        })
    }
}

/// Whether what is staged is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Staged {
    Yes,
    No,
}

/// The configs that differ, and those that can't be compared.
pub(crate) fn from_git(
    revisions: Revisions<'_>,
    paths: &[PathBuf],
    global: &Global,
    world: &mut World<'_>,
) -> Result<Compared, Error> {
    if !global.config.is_empty() && !paths.is_empty() {
        return Err(Usage::NamedTwice.into());
    }
    let repository = Repository::open(&world.directory)?;
    let commit =
        |name: &str, world: &World<'_>| repository.commit(name).map_err(|error| hint(error, name, world));
    let (old, from, tip) = match revisions {
        Revisions::OfBranch => {
            let Base { commit, name, tip } = repository.base(world.variable)?;
            if tip.is_none() {
                world.note(&sentence!(
                    "the branch that this is merged into isn't here, so what it changed since {name} isn't seen: fetch it"
                ))?;
            }
            let from = format!("{} ({name})", short(&commit));
            (commit, from, tip)
        }
        Revisions::Since(old) | Revisions::Staged(old) | Revisions::Between { old, .. } => {
            (commit(old, world)?, short(old), None)
        }
        Revisions::SinceCommon { other, new } => {
            let tip = commit(other, world)?;
            let common = repository.common(&commit(new, world)?, &tip, other)?;
            let from = format!("{} ({other})", short(&common));
            (common, from, Some(Tip { commit: tip, branch: other.to_owned() }))
        }
    };
    let (new, to) = match revisions {
        Revisions::OfBranch | Revisions::Since(_) => (Tree::working(&repository)?, "working tree".to_owned()),
        Revisions::Staged(_) => (Tree::staged(&repository)?, "what is staged".to_owned()),
        Revisions::Between { new, .. } | Revisions::SinceCommon { new, .. } => {
            (Tree::at(&repository, &commit(new, world)?)?, short(new))
        }
    };
    let paths: Vec<PathBuf> = paths.iter().chain(&global.config).cloned().collect();
    let tip = tip.filter(|tip| tip.commit != old).map(|tip| Target::of(&repository, tip)).transpose()?;
    let mut change = Change {
        global,
        old: Tree::at(&repository, &old)?,
        tip,
        new,
        objects: repository.objects()?,
        links: Links::default(),
        repository,
        from,
        to,
        found: Compared::default(),
    };
    change.policies(world)?;
    for (path, name) in change.chosen(&paths, world)? {
        match name {
            Some(name) => change.compare_named(&path, name, world)?,
            None => change.compare(&path, world)?,
        }
    }
    change.submodules(&paths, world)?;
    let found = change.found;
    Ok(Compared { sides: moved::joined(found.sides, global), ..found })
}

/// A word that is no revision may have been meant as a file.
fn hint(error: GitError, revision: &str, world: &World<'_>) -> Error {
    if world.path(Path::new(revision)).exists() {
        return Usage::FileAsRevision(revision.to_owned()).into();
    }
    error.into()
}
