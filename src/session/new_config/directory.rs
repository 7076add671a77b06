//! The directory of a new config.

use std::fs;
use std::path::{Path, PathBuf};

use crate::init::{self, FileLayout};
use crate::schedule::{Allowed, Hazard, Refusal, RefusalId, ScheduleError};
use crate::session::{Error, Usage, World};
use crate::store;

/// The directory of the new config.
pub(crate) struct Directory {
    /// As the user named it; empty for the directory of this run.
    pub(crate) named: PathBuf,
    path: PathBuf,
}

impl Directory {
    pub(crate) fn new(named: &Path, world: &World<'_>) -> Result<Self, Error> {
        let path = world.path(named);
        let there = path.ancestors().find(|above| above.exists());
        if there.is_some_and(|there| !there.is_dir()) {
            return Err(Usage::NotADirectory(named.display().to_string()).into());
        }
        let named = if named == Path::new(".") { PathBuf::new() } else { named.to_owned() };
        Ok(Self { named, path })
    }

    /// A file in it, as messages name it.
    pub(crate) fn name(&self, file: &Path) -> String {
        self.named.join(file).display().to_string()
    }

    /// Its own name, without the path to it.
    pub(crate) fn own_name(&self) -> String {
        let real = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        real.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A config that is there is not replaced, and gets no second one beside it.
    pub(crate) fn check_is_free(&self, layout: FileLayout, allowed: &Allowed) -> Result<(), Error> {
        let config = layout.paths().config;
        let name = self.name(&config);
        let others: Vec<String> = store::found(&self.path)
            .into_iter()
            .filter(|found| Path::new(found) != config)
            .map(|found| self.name(Path::new(found)))
            .collect();
        if !others.is_empty() {
            return Err(Usage::ConfigThere(others).into());
        }
        if store::exists(&self.path.join(&config)) && !allowed.contains(&RefusalId::Overwrite) {
            return Err(refused(&name, Hazard::Overwrite));
        }
        Ok(())
    }
}

/// Whether a `.gitignore` of a directory above ignores this name in every directory. `None` outside of a repository.
pub(super) fn is_ignored_above(directory: &Path, pattern: &str) -> Option<bool> {
    let root = directory.ancestors().find(|above| above.join(".git").exists())?;
    let everywhere = !pattern.starts_with('/');
    let ignores = |above: &Path| {
        store::small(&above.join(".gitignore"))
            .is_some_and(|text| init::ignores(&String::from_utf8_lossy(&text), pattern))
    };
    let above = directory.ancestors().skip(1).take_while(|above| above.starts_with(root));
    Some(everywhere && above.into_iter().any(ignores))
}

pub(super) fn refused(name: &str, hazard: Hazard) -> Error {
    Error::lifecycle(name)(ScheduleError::Refused(vec![Refusal(hazard)]))
}
