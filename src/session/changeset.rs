//! The one way to change files: tried before the question, locked and looked at again, written in an order in which the
//! service accepts what is there at every moment, and taken back where a config can't follow.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use zeroize::Zeroizing;

use super::used_by::Uses;
use crate::base::text::{Printable, list};
use crate::config::Input;
use crate::session::mask::MaskArgs;
use crate::session::question::{self, Asks, Unsaid};
use crate::session::{Error, Usage, World};
use crate::store::{self, Locked, Snapshot, StoreError};
use crate::wrap::env_file::EnvFile;

/// The bytes of a file, held once however many look at them.
pub(crate) type Content = Rc<Snapshot>;

/// What becomes of a file.
pub(crate) enum FileAction {
    /// It doesn't exist yet.
    Create { content: Content, mode: u32 },
    /// Its content changes.
    Replace { old: Content, content: Content },
    /// Another takes its place, and a copy is kept.
    Overwrite { old: Content, content: Content, mode: u32 },
    /// It goes to stdout.
    Print(Content),
    /// A line with a secret goes there.
    PrintSecret { line: Content, secret: Zeroizing<String>, mask: MaskArgs },
}

/// What a write is for, which decides what has to be written before it.
pub(crate) enum WriteRole {
    /// Values of variables, each with the number of the config that refers to it.
    Values(Vec<(usize, String)>),
    /// A file that nothing else depends on.
    Companion,
    /// What git is to leave alone, before it is there.
    Ignore,
    /// The config of this number.
    Config(usize),
    /// Variables go, to which no config refers any more.
    Drop(Vec<String>),
}

/// One write.
pub(crate) struct FileWrite {
    /// As messages name the file.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) action: FileAction,
    pub(crate) role: WriteRole,
}

/// All writes of a run, in their order.
pub(crate) struct Changeset(Vec<FileWrite>);

/// What was written, and what went wrong.
#[derive(Default)]
pub(crate) struct Written {
    /// Each with the copy of what was there before, if one was kept.
    pub(crate) files: Vec<(String, Option<PathBuf>)>,
    /// The configs that were not written.
    pub(crate) failed: BTreeSet<usize>,
    pub(crate) errors: Vec<Error>,
}

/// The locks that a run holds. They go when it is dropped.
#[derive(Default)]
pub(crate) struct Locks(Vec<(PathBuf, Locked)>);

impl Locks {
    /// Locks a file, unless it is locked.
    pub(crate) fn lock(&mut self, name: &str, path: &Path, world: &mut World<'_>) -> Result<&Locked, Error> {
        let at = if let Some(at) = self.0.iter().position(|(locked, _)| locked == path) {
            at
        } else {
            self.0.push((path.to_owned(), open(name, path, world)?));
            self.0.len() - 1
        };
        Ok(&self.0[at].1)
    }

    pub(crate) fn get(&self, path: &Path) -> Option<&Locked> {
        self.0.iter().find(|(locked, _)| locked == path).map(|(_, lock)| lock)
    }
}

fn open(name: &str, path: &Path, world: &mut World<'_>) -> Result<Locked, Error> {
    let stderr = &mut *world.stderr;
    let waiting = || {
        // Only a courtesy: a run without stderr waits all the same.
        let _ = writeln!(stderr, "Another run is writing {}; waiting for it.", Printable(name));
    };
    Locked::open(path, waiting).map_err(Error::store(name))
}

impl FileWrite {
    /// Tells whether it can be carried out, without doing so.
    fn preflight(&self) -> Result<(), Error> {
        let tried = match &self.action {
            FileAction::Create { .. } => store::try_create(&self.path),
            FileAction::Replace { .. } | FileAction::Overwrite { .. } => store::try_replace(&self.path),
            FileAction::Print(_) | FileAction::PrintSecret { .. } => Ok(()),
        };
        tried.map_err(Error::store(&self.name))
    }

    /// Fails where the file isn't what the write was made from.
    fn check(&self, locks: &mut Locks, world: &mut World<'_>) -> Result<(), Error> {
        let fail = Error::store(&self.name);
        self.preflight()?;
        match &self.action {
            FileAction::Replace { old, .. } | FileAction::Overwrite { old, .. } => {
                let is = locks.lock(&self.name, &self.path, world)?.snapshot().map_err(&fail)?;
                if *is == ***old { Ok(()) } else { Err(fail(StoreError::Changed)) }
            }
            FileAction::Create { .. } if store::exists(&self.path) => Err(fail(StoreError::Exists)),
            FileAction::Create { .. } | FileAction::Print(_) | FileAction::PrintSecret { .. } => Ok(()),
        }
    }

    /// Writes it. Gives the copy of what was there before, where one is kept.
    fn carry_out(&self, locks: &Locks, world: &mut World<'_>) -> Result<Option<PathBuf>, Error> {
        let fail = Error::store(&self.name);
        let locked = || locks.get(&self.path).ok_or(StoreError::Changed).map_err(&fail);
        match &self.action {
            FileAction::Create { content, mode } => {
                store::create(&self.path, content, *mode).map_err(fail)?;
                Ok(None)
            }
            FileAction::Replace { old, content } => {
                locked()?.replace(old, content).map_err(fail)?;
                Ok(None)
            }
            FileAction::Overwrite { old, content, mode } => {
                let copy = locked()?.keep_copy(old).map_err(&fail)?;
                locked()?.overwrite(old, content, *mode).map_err(fail)?;
                Ok(Some(copy))
            }
            FileAction::PrintSecret { line, secret, mask } => {
                mask.announce(std::slice::from_ref(secret), world)?;
                world.stdout.write_all(line)?;
                world.stdout.flush()?;
                Ok(None)
            }
            FileAction::Print(text) => {
                world.stdout.write_all(text)?;
                world.stdout.flush()?;
                Ok(None)
            }
        }
    }

    /// Takes the values of these variables back, to which nothing refers yet. Says whether that was possible.
    fn take_back(&self, variables: &[String], world: &mut World<'_>) -> bool {
        let restored = match &self.action {
            FileAction::Create { content, .. } => {
                let is_ours = store::snapshot(&self.path).is_ok_and(|is| *is == ***content);
                (is_ours, self.without(content, variables))
            }
            FileAction::Replace { content, .. } => (true, self.without(content, variables)),
            FileAction::Overwrite { .. } | FileAction::Print(_) | FileAction::PrintSecret { .. } => {
                return false;
            }
        };
        match (restored, &self.action) {
            ((true, None), FileAction::Create { .. }) => std::fs::remove_file(&self.path).is_ok(),
            (
                (true, Some(less)),
                FileAction::Create { content, .. } | FileAction::Replace { content, .. },
            ) => {
                open(&self.name, &self.path, world).is_ok_and(|locked| locked.replace(content, &less).is_ok())
            }
            _ => false,
        }
    }

    /// The content without these variables; the old one, where none else was set. `None`: no file.
    fn without(&self, content: &Content, variables: &[String]) -> Option<Content> {
        let WriteRole::Values(set) = &self.role else { return None };
        if set.iter().all(|(_, variable)| variables.contains(variable)) {
            return match &self.action {
                FileAction::Replace { old, .. } => Some(old.clone()),
                _ => None,
            };
        }
        let mut less = content.clone();
        for variable in variables {
            let text = EnvFile::parse(&less).and_then(|file| file.without(variable));
            less = text.map_or(less, |text| Zeroizing::new(text.as_bytes().to_vec()).into());
        }
        Some(less)
    }

    /// The place among all writes: git ignores a file before it has a secret, what a config refers to comes before it, and
    /// what it no longer needs goes after it.
    fn order(&self) -> u8 {
        match self.role {
            WriteRole::Ignore => 0,
            WriteRole::Values(_) | WriteRole::Companion => 1,
            WriteRole::Config(_) => 2,
            WriteRole::Drop(_) => 3,
        }
    }
}

impl Changeset {
    pub(crate) fn new(mut writes: Vec<FileWrite>) -> Self {
        writes.sort_by_key(FileWrite::order);
        Self(writes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The files that are written, in their order.
    pub(crate) fn files(&self) -> Vec<String> {
        let files = self
            .0
            .iter()
            .filter(|write| !matches!(write.action, FileAction::Print(_) | FileAction::PrintSecret { .. }));
        files.map(|write| Printable(&write.name).to_string()).collect()
    }

    /// Asks for all of them at once. What can't be written is told before the question.
    pub(crate) fn confirm(&self, world: &mut World<'_>) -> Result<bool, Error> {
        if Asks::of(world) == Asks::Nothing {
            return Err(Usage::NoTerminal.into());
        }
        for write in &self.0 {
            write.preflight()?;
        }
        writeln!(world.stderr)?;
        let question = format!("Write this to {}?", list(&self.files()));
        let yes = question::yes(&question, Unsaid::No, world)?;
        if !yes {
            writeln!(world.stderr, "Nothing was written.")?;
        }
        Ok(yes)
    }

    /// Locks what is there, and fails where it isn't what the changeset was made from. Locks are taken in one order by all
    /// runs, so that none waits for another that waits for it.
    pub(crate) fn lock(&self, locks: &mut Locks, world: &mut World<'_>) -> Result<(), Error> {
        let mut writes: Vec<&FileWrite> = self.0.iter().collect();
        writes.sort_by_key(|write| (!matches!(write.role, WriteRole::Config(_)), &write.path));
        writes.into_iter().try_for_each(|write| write.check(locks, world))
    }

    /// Writes all of it, under its locks. A config whose values could not be written is not written either, and variables go
    /// only once all configs are written.
    pub(crate) fn write(&self, locks: &Locks, world: &mut World<'_>) -> Written {
        let mut written = Written::default();
        for write in &self.0 {
            let waits = match &write.role {
                WriteRole::Config(number) => written.failed.contains(number),
                WriteRole::Drop(_) | WriteRole::Companion => !written.errors.is_empty(),
                WriteRole::Ignore | WriteRole::Values(_) => false,
            };
            if waits {
                continue;
            }
            match write.carry_out(locks, world) {
                Ok(copy) => written.files.push((write.name.clone(), copy)),
                Err(error) => written.note(write, error, self),
            }
            // No secret goes where git might take it.
            if matches!(write.role, WriteRole::Ignore) && !written.errors.is_empty() {
                break;
            }
        }
        for write in &self.0 {
            self.take_back(write, &mut written, world);
        }
        written
    }

    /// Whether a config, as it is now, refers to a variable.
    fn refers(&self, config: usize, variable: &str) -> bool {
        let is_config =
            |write: &&FileWrite| matches!(write.role, WriteRole::Config(number) if number == config);
        let Some(write) = self.0.iter().find(is_config) else { return false };
        let FileAction::Replace { old, .. } = &write.action else { return false };
        store::snapshot(&write.path).is_ok_and(|is| {
            *is != ***old && Uses::of_file(&is, Input::of_path(&write.path)).may_have(variable)
        })
    }

    fn take_back(&self, write: &FileWrite, written: &mut Written, world: &mut World<'_>) {
        let WriteRole::Values(set) = &write.role else { return };
        // What is in place after all needs its value.
        let refers = |(config, variable): &&(usize, String)| self.refers(*config, variable);
        let failed =
            set.iter().filter(|(config, _)| written.failed.contains(config)).filter(|one| !refers(one));
        let variables: Vec<String> = failed.map(|(_, variable)| variable.clone()).collect();
        let Some(at) = written.files.iter().position(|(name, _)| *name == write.name) else { return };
        if variables.is_empty() {
            return;
        }
        if write.take_back(&variables, world) {
            if variables.len() == set.len() {
                written.files.remove(at);
            }
        } else if let Some(source) = written.errors.pop().map(Box::new) {
            let (name, variables) = (Printable(&write.name), list(&variables));
            let left = match write.action {
                FileAction::Print(_) | FileAction::PrintSecret { .. } => {
                    format!("nothing refers to {variables}")
                }
                _ => format!("{name} has a value for {variables}, which nothing refers to"),
            };
            written.errors.push(Error::Half { left, source });
        }
    }
}

impl Written {
    /// Notes an error, and which configs it keeps from being written.
    fn note(&mut self, write: &FileWrite, error: Error, all: &Changeset) {
        // It is in place all the same.
        let is_there = matches!(error, Error::Store { source: StoreError::Unflushed(_), .. });
        let error = match &write.role {
            WriteRole::Values(set) => {
                self.failed.extend(set.iter().map(|(config, _)| *config));
                if is_there {
                    self.files.push((write.name.clone(), None));
                }
                error
            }
            WriteRole::Config(_) if is_there => error,
            WriteRole::Config(number) => {
                self.failed.insert(*number);
                error
            }
            WriteRole::Drop(names)
                if all.0.iter().any(|write| matches!(write.role, WriteRole::Config(_))) =>
            {
                let left = format!(
                    "nothing refers to {}; `prune --drop-env={}` drops it",
                    list(names),
                    names.join(",")
                );
                Error::Half { left, source: Box::new(error) }
            }
            WriteRole::Drop(_) | WriteRole::Companion | WriteRole::Ignore => error,
        };
        self.errors.push(error);
    }

    /// Says what was written.
    pub(crate) fn tell(&self, changeset: &Changeset, world: &mut World<'_>) -> Result<(), Error> {
        let all = changeset.files();
        let files = self.files.iter().map(|(name, copy)| (Printable(name).to_string(), copy));
        let files: Vec<String> = files
            .filter(|(name, _)| all.contains(name))
            .map(|(name, copy)| match copy.as_deref().and_then(Path::file_name) {
                Some(copy) => {
                    format!(
                        "{name} (the old one is kept beside it, as {})",
                        Printable(&copy.to_string_lossy())
                    )
                }
                None => name,
            })
            .collect();
        if !files.is_empty() {
            writeln!(world.stderr, "\nWritten: {}", list(&files))?;
        }
        Ok(())
    }
}
