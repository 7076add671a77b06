//! The configs that `diff` compares: two files, or those of a working tree with a revision.

use std::path::{Path, PathBuf};

use super::arguments::Global;
use super::findings::skipped as skipped_config;
use super::{Error, Source, World, source};
use crate::base::text::{Named, Printable};
use crate::config::Input;
use crate::report::findings::Skipped;
use crate::store::git::{ChangedFile, Repository, short};
use crate::store::{self, Snapshot};
use crate::wrap::manifest::{Holds, holds};

/// Two texts to be compared.
pub(crate) struct Sides {
    /// The config, as findings name it.
    pub(crate) name: String,
    /// The file with the old text; of a revision, where that file is now.
    pub(crate) old_name: String,
    /// The old text; `None` where there is none.
    pub(crate) old: Option<Snapshot>,
    /// The new one.
    pub(crate) new: Option<Snapshot>,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) input_old: Input,
    pub(crate) input_new: Input,
    /// The new config, for its policy and its platform.
    pub(crate) source: Source,
}

/// The two configs that were named.
pub(crate) fn two_files(paths: &[PathBuf], global: &Global, world: &mut World<'_>) -> Result<Sides, Error> {
    let [old, new] = paths else {
        let text = "name two configs, `diff OLD NEW`, or compare with a revision: `diff --git [REV]`";
        return Err(Error::Usage(text.to_owned()));
    };
    let (old, new) = (source::named(old), source::named(new));
    if old == Source::Stdin && new == Source::Stdin {
        return Err(Error::Usage("only one of the two configs can come from stdin".to_owned()));
    }
    let (from, to) = (old.name(), new.name());
    let input_old = old.input(global);
    let input_new = new.input(global);
    let (old, bytes) = (read(&old, world)?, read(&new, world)?);
    let (name, old_name) = (to.clone(), from.clone());
    Ok(Sides { name, old_name, old, new: bytes, from, to, input_old, input_new, source: new })
}

/// A config; `/dev/null`, which git passes for a file that isn't there, is none.
fn read(source: &Source, world: &mut World<'_>) -> Result<Option<Snapshot>, Error> {
    if *source == Source::File(PathBuf::from("/dev/null")) { Ok(None) } else { source.read(world).map(Some) }
}

/// The configs that differ from a revision, and those that aren't looked into.
pub(crate) fn from_git(
    revision: Option<&str>,
    paths: &[PathBuf],
    global: &Global,
    world: &mut World<'_>,
) -> Result<(Vec<Sides>, Vec<Skipped>), Error> {
    if !global.config.is_empty() && !paths.is_empty() {
        return Err(Error::Usage("name the configs either with `-c` or as arguments, not both".to_owned()));
    }
    let repository = Repository::open(&world.directory)?;
    let (commit, from) = if let Some(revision) = revision {
        (repository.commit(revision).map_err(|error| hint(error, revision, world))?, short(revision))
    } else {
        let (commit, branch) = repository.base(world.variable)?;
        let from = format!("{} ({branch})", short(&commit));
        (commit, from)
    };
    let paths: Vec<PathBuf> = paths.iter().chain(&global.config).cloned().collect();
    let chosen = chosen(&repository, repository.changed(&commit)?, &paths, world)?;
    let (mut sides, mut skipped) = (Vec::new(), Vec::new());
    for ChangedConfig { file, name, is_named } in chosen {
        let maybe = |path: &Option<PathBuf>| path.as_deref().is_some_and(store::may_be_config);
        if !is_named && !maybe(&file.old) && !maybe(&file.new) {
            continue;
        }
        let old = match &file.old {
            Some(path) => repository.show(&commit, path)?,
            None => None,
        };
        let new = match &file.new {
            Some(path) if repository.root.join(path).exists() => {
                Some(store::snapshot(&repository.root.join(path)).map_err(Error::store(&name))?)
            }
            _ => None,
        };
        let input = |path: &Option<PathBuf>| path.as_deref().map_or(Input::Either, Input::of_path);
        let (input_old, input_new) = (input(&file.old), input(&file.new));
        let what =
            |text: &Option<Snapshot>, input| text.as_ref().map_or(Holds::Nothing, |text| holds(text, input));
        match (what(&old, input_old), what(&new, input_new)) {
            _ if is_named => {}
            (_, Holds::Unseen(why)) | (Holds::Unseen(why), _) => {
                let path = world.path(Path::new(&name));
                skipped.push(skipped_config(Path::new(&name), &path, why.message()));
                continue;
            }
            (Holds::Nothing, Holds::Nothing) => continue,
            _ => {}
        }
        if old.is_none() && new.is_none() {
            return Err(Error::Usage(format!(
                "{}: there is no such file, neither at {from} nor in the working tree",
                Named(&name)
            )));
        }
        let renamed = file.old.as_ref().filter(|old| file.new.as_ref().is_some_and(|new| new != *old));
        let from = renamed.map_or_else(|| from.clone(), |old| format!("{from}, there {}", old.display()));
        let to = "working tree".to_owned();
        let source = Source::File(PathBuf::from(&name));
        sides.push(Sides { old_name: name.clone(), name, old, new, from, to, input_old, input_new, source });
    }
    Ok((sides, skipped))
}

/// A file to be compared with its old text.
struct ChangedConfig {
    file: ChangedFile,
    name: String,
    /// Whether it was named itself: then it is compared, whatever is in it.
    is_named: bool,
}

/// The files that are meant, of those that changed: the named ones, those below named directories, or all.
fn chosen(
    repository: &Repository,
    changed: Vec<ChangedFile>,
    paths: &[PathBuf],
    world: &World<'_>,
) -> Result<Vec<ChangedConfig>, Error> {
    let found = |file: ChangedFile| {
        let name = name_of(repository, &file, world);
        ChangedConfig { file, name, is_named: false }
    };
    if paths.is_empty() {
        return Ok(changed.into_iter().map(found).collect());
    }
    let mut chosen: Vec<ChangedConfig> = Vec::new();
    for path in paths {
        let inside = below(repository, &world.path(path)).ok_or_else(|| {
            Error::Usage(format!("{} is not in this git repository", Named(&path.display().to_string())))
        })?;
        if world.path(path).is_dir() {
            let is_inside =
                |path: &Option<PathBuf>| path.as_ref().is_some_and(|path| path.starts_with(&inside));
            let files = changed.iter().filter(|file| is_inside(&file.old) || is_inside(&file.new));
            chosen.extend(files.cloned().map(found));
            continue;
        }
        let same = changed.iter().find(|file| file.new.as_ref().or(file.old.as_ref()) == Some(&inside));
        let unchanged = || ChangedFile { old: Some(inside.clone()), new: Some(inside.clone()) };
        let file = same.cloned().unwrap_or_else(unchanged);
        chosen.push(ChangedConfig { file, name: path.display().to_string(), is_named: true });
    }
    Ok(chosen)
}

/// A word that is no revision may have been meant as a file.
fn hint(error: store::git::GitError, revision: &str, world: &World<'_>) -> Error {
    if world.path(Path::new(revision)).exists() {
        let named = Printable(revision);
        return Error::Usage(format!(
            "`{named}` is a file and no revision. Compare it with the default branch: `diff --git -- {named}`"
        ));
    }
    error.into()
}

/// A path from the root of the repository.
fn below(repository: &Repository, path: &Path) -> Option<PathBuf> {
    let root = std::fs::canonicalize(&repository.root).ok()?;
    if path.is_dir() {
        return Some(std::fs::canonicalize(path).ok()?.strip_prefix(root).ok()?.to_owned());
    }
    let directory = std::fs::canonicalize(path.parent()?).ok()?;
    Some(directory.join(path.file_name()?).strip_prefix(root).ok()?.to_owned())
}

/// A file as people in this directory name it.
fn name_of(repository: &Repository, file: &ChangedFile, world: &World<'_>) -> String {
    let path =
        repository.root.join(file.new.as_ref().or(file.old.as_ref()).map_or(Path::new(""), PathBuf::as_path));
    let here = std::fs::canonicalize(&world.directory).unwrap_or_else(|_| world.directory.clone());
    path.strip_prefix(here).unwrap_or(&path).display().to_string()
}
