//! The env files of a run: as they were read, and as the run would leave them.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::changeset::{FileAction, FileWrite, WriteRole};
use crate::init::ignoring;
use crate::keyset::SecretText;
use crate::redact::{DiffLine, EnvLine, Redactor, env_diff};
use crate::session::Error;
use crate::store::{self, Snapshot, StoreError};
use crate::wrap::env_file::EnvFile;

/// A file, and what messages call it.
#[derive(Clone)]
pub(crate) struct NamedPath {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
}

impl NamedPath {
    /// The same for all ways of naming it, also where it doesn't exist yet.
    fn real(&self) -> PathBuf {
        let directory = self.path.parent().and_then(|directory| std::fs::canonicalize(directory).ok());
        let there = || Some(directory?.join(self.path.file_name()?));
        std::fs::canonicalize(&self.path).ok().or_else(there).unwrap_or_else(|| self.path.clone())
    }
}

/// Reads an env file, if it exists.
pub(crate) fn read(file: &NamedPath) -> Result<Option<(Snapshot, EnvFile)>, Error> {
    match store::snapshot(&file.path) {
        Err(StoreError::Missing) => Ok(None),
        Err(error) => Err(Error::store(&file.name)(error)),
        Ok(bytes) => {
            let parsed = parse(file, &bytes)?;
            Ok(Some((bytes, parsed)))
        }
    }
}

fn parse(file: &NamedPath, bytes: &[u8]) -> Result<EnvFile, Error> {
    EnvFile::parse(bytes).map_err(Error::env_file(&file.name))
}

/// The env files that a run would change. Each is read once, so that what one config does to it the next one sees.
#[derive(Default)]
pub(crate) struct EnvFiles(Vec<EnvEdit>);

struct EnvEdit {
    file: NamedPath,
    real: PathBuf,
    /// `None` where it doesn't exist yet.
    old: Option<Snapshot>,
    new: Zeroizing<Vec<u8>>,
    /// The variables that get a value, each with the number of the config that refers to it.
    set: Vec<(usize, String)>,
    dropped: Vec<String>,
}

impl EnvFiles {
    /// The file as the run would leave it. `None` where there is none.
    pub(crate) fn parsed(&self, file: &NamedPath) -> Result<Option<EnvFile>, Error> {
        let real = file.real();
        match self.0.iter().find(|edit| edit.real == real) {
            Some(edit) => parse(file, &edit.new).map(Some),
            None => Ok(read(file)?.map(|(_, parsed)| parsed)),
        }
    }

    /// Gives a variable its value, for the config of this number.
    pub(crate) fn set(
        &mut self,
        file: &NamedPath,
        config: usize,
        variable: &str,
        value: &SecretText,
    ) -> Result<(), Error> {
        let edit = self.edit(file)?;
        let before = parse(file, &edit.new)?;
        // Free when it was chosen: another run has taken it since, and its secret is not to be overwritten.
        if before.defines(variable) {
            return Err(Error::store(&file.name)(StoreError::Changed));
        }
        let new = before.with(variable, &value.0).map_err(Error::env_file(&file.name))?;
        edit.new = Zeroizing::new(new.as_bytes().to_vec());
        edit.set.push((config, variable.to_owned()));
        Ok(())
    }

    /// Drops those of these variables that it has. The file has to exist.
    pub(crate) fn drop(&mut self, file: &NamedPath, names: &[String]) -> Result<(), Error> {
        let edit = self.edit(file)?;
        if edit.old.is_none() {
            return Err(Error::store(&file.name)(StoreError::Missing));
        }
        let before = parse(file, &edit.new)?;
        let dropped: Vec<String> = names.iter().filter(|name| before.defines(name)).cloned().collect();
        let new = before.without_all(dropped.iter().map(String::as_str));
        edit.new = Zeroizing::new(new.map_err(Error::env_file(&file.name))?.as_bytes().to_vec());
        edit.dropped.extend(dropped);
        Ok(())
    }

    fn edit(&mut self, file: &NamedPath) -> Result<&mut EnvEdit, Error> {
        let real = file.real();
        let at = if let Some(at) = self.0.iter().position(|edit| edit.real == real) {
            at
        } else {
            let old = read(file)?.map(|(bytes, _)| bytes);
            let new = old.clone().unwrap_or_default();
            let (file, set, dropped) = (file.clone(), Vec::new(), Vec::new());
            self.0.push(EnvEdit { file, real, old, new, set, dropped });
            self.0.len() - 1
        };
        Ok(&mut self.0[at])
    }

    /// What goes, as people see it: each file with its diff.
    pub(crate) fn dropped(&self, redactor: &mut Redactor) -> Vec<(String, Vec<DiffLine>)> {
        let diff = |edit: &EnvEdit| {
            let was = edit.old.as_ref().and_then(|old| EnvFile::parse(old).ok());
            let value = |name: &str| was.as_ref().and_then(|was| was.value(name));
            let line = |name| EnvLine { added: false, name, value: value(name) };
            let lines: Vec<EnvLine<'_>> = edit.dropped.iter().map(|name| line(name.as_str())).collect();
            (edit.file.name.clone(), env_diff(redactor, &lines, &edit.file.name))
        };
        self.0.iter().filter(|edit| !edit.dropped.is_empty()).map(diff).collect()
    }

    /// The writes that make git leave the new ones alone.
    pub(crate) fn ignores(&self) -> Vec<FileWrite> {
        let mut texts: Vec<(PathBuf, String, Option<Snapshot>, String)> = Vec::new();
        for edit in self.0.iter().filter(|edit| edit.old.is_none() && !edit.set.is_empty()) {
            let path = &edit.file.path;
            let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else { continue };
            let ignore = directory.join(".gitignore");
            let at = texts.iter().position(|(path, ..)| *path == ignore).unwrap_or_else(|| {
                let shown = Path::new(&edit.file.name).with_file_name(".gitignore").display().to_string();
                let old = store::snapshot(&ignore).ok();
                let text =
                    old.as_ref().map_or_else(String::new, |old| String::from_utf8_lossy(old).into_owned());
                texts.push((ignore, shown, old, text));
                texts.len() - 1
            });
            if !store::is_ignored(path)
                && let Some(new) = ignoring(&texts[at].3, &name.to_string_lossy())
            {
                texts[at].3 = new;
            }
        }
        let changed = texts.into_iter().filter(|(_, _, old, text)| {
            old.as_ref().map_or(!text.is_empty(), |old| **old != *text.as_bytes())
        });
        let write = |(path, name, old, text): (PathBuf, String, Option<Snapshot>, String)| {
            let content = Zeroizing::new(text.into_bytes()).into();
            let action = match old {
                Some(old) => FileAction::Replace { old: old.into(), content },
                None => FileAction::Create { content, mode: 0o644 },
            };
            FileWrite { name, path, action, role: WriteRole::Ignore }
        };
        changed.map(write).collect()
    }

    /// The writes that this takes.
    pub(crate) fn writes(&self) -> impl Iterator<Item = FileWrite> {
        self.0.iter().filter(|edit| !edit.set.is_empty() || !edit.dropped.is_empty()).map(|edit| {
            let content = edit.new.clone().into();
            let action = match &edit.old {
                Some(old) => FileAction::Replace { old: old.clone().into(), content },
                None => FileAction::Create { content, mode: 0o600 },
            };
            let role = if edit.dropped.is_empty() {
                WriteRole::Values(edit.set.clone())
            } else {
                WriteRole::Drop(edit.dropped.clone())
            };
            FileWrite { name: edit.file.name.clone(), path: edit.file.path.clone(), action, role }
        })
    }
}

/// A path as messages name it: from the directory of the run, where it is below it.
pub(crate) fn named(directory: &Path, path: PathBuf) -> NamedPath {
    let name = path.strip_prefix(directory).unwrap_or(&path).display().to_string();
    NamedPath { path, name }
}
