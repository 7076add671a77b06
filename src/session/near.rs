//! What is near a config and may set its variables: env files, and a Compose file.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::env_files::{NamedPath, named};
use super::{Source, World};
use crate::store::{self, Snapshot};
use crate::wrap::compose::ComposeFile;
use crate::wrap::env_file::EnvFile;

/// The names that new secrets get.
pub(crate) const SLOT: &str = "PS_JWKS_KEY_";

/// The files near a config, as they are.
#[derive(Clone, Default)]
pub(crate) struct Near {
    pub(crate) env_files: Vec<NearFile>,
    /// The Compose file, and what it sets.
    pub(crate) compose: Option<(NamedPath, ComposeFile)>,
}

/// An env file near a config.
#[derive(Clone)]
pub(crate) struct NearFile {
    pub(crate) file: NamedPath,
    /// `None`: it can't be read as one.
    pub(crate) parsed: Option<EnvFile>,
    pub(crate) bytes: Snapshot,
}

impl NearFile {
    /// Whether it sets a variable, or may do so.
    pub(crate) fn sets(&self, name: &str) -> bool {
        let may_set = || String::from_utf8_lossy(&self.bytes).contains(name);
        self.parsed.as_ref().map_or_else(may_set, |parsed| parsed.defines(name))
    }
}

impl Near {
    /// Beside the config, and in the directory above, unless a repository begins between them.
    pub(crate) fn of(source: &Source, world: &World<'_>) -> Self {
        let path = source.path(world);
        Self::at(path.as_deref().and_then(Path::parent).unwrap_or(&world.directory), &world.directory)
    }

    /// The same of a config in this directory, for a run in that one.
    pub(crate) fn at(directory: &Path, run_directory: &Path) -> Self {
        let directories = directories(directory);
        let compose = directories.iter().find_map(|directory| {
            let path = store::compose_file(directory)?;
            let bytes = store::snapshot(&path).ok().filter(|bytes| bytes.len() <= LARGEST)?;
            let read = ComposeFile::read(std::str::from_utf8(&bytes).ok()?)?;
            Some((named(run_directory, path), read))
        });
        let mut paths: Vec<PathBuf> =
            directories.iter().flat_map(|directory| env_files_in(directory)).collect();
        if let Some((file, compose)) = &compose {
            let directory = file.path.parent().unwrap_or(Path::new(""));
            paths.extend(compose.env_files.iter().map(|name| clean(&directory.join(name))));
        }
        let mut seen = BTreeSet::new();
        let env_files =
            paths.into_iter().filter(|path| path.is_file() && seen.insert(path.clone())).filter_map(|path| {
                let bytes = store::snapshot(&path).ok()?;
                let parsed = EnvFile::parse(&bytes).ok();
                Some(NearFile { file: named(run_directory, path), parsed, bytes })
            });
        Self { env_files: env_files.collect(), compose }
    }

    /// The env files that set any of these variables, under their names or those under which Compose passes them on.
    pub(crate) fn that_set(&self, names: &BTreeSet<&str>) -> Vec<&NearFile> {
        let names = self.with_passed(names);
        self.env_files.iter().filter(|file| names.iter().any(|name| file.sets(name))).collect()
    }

    /// These names, and those under which their values are kept for Compose.
    pub(crate) fn with_passed<'n>(&'n self, names: &BTreeSet<&'n str>) -> BTreeSet<&'n str> {
        let passed = |name: &&'n str| self.compose.as_ref().and_then(|(_, compose)| compose.passed_as(name));
        names.iter().filter_map(passed).chain(names.iter().copied()).collect()
    }
}

/// A Compose file is written by hand.
const LARGEST: usize = 1 << 20;

fn directories(directory: &Path) -> Vec<&Path> {
    let above = directory.parent().filter(|_| !directory.join(".git").exists());
    std::iter::once(directory).chain(above).collect()
}

fn env_files_in(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> =
        entries.filter(|entry| is_env_file(&entry.file_name())).map(|entry| entry.path()).collect();
    paths.push(directory.join("docker/.env"));
    paths.sort();
    paths
}

/// `.env`, `.env.production`, `powersync.env`, and not those that hold examples.
pub(crate) fn is_env_file(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    let kind = name.strip_prefix(".env.").unwrap_or_default();
    let example =
        ["example", "sample", "template", "dist"].iter().any(|word| kind.split('.').any(|k| k == *word));
    (name.starts_with(".env.") || Path::new(name).extension() == Some(OsStr::new("env")) || name == ".env")
        && !example
}

/// Without `.` and `..`, as far as names tell.
fn clean(path: &Path) -> PathBuf {
    use std::path::Component;
    path.components().fold(PathBuf::new(), |mut clean, part| {
        match part {
            Component::CurDir => {}
            Component::ParentDir if clean.file_name().is_some() => {
                clean.pop();
            }
            part => clean.push(part),
        }
        clean
    })
}
