//! Which config a command works on, and its bytes.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::World;
use crate::cli::Global;
use crate::config::Input;
use crate::error::{Error, Source};
use crate::store::{self, Snapshot};

/// Names the config, as it does for the service.
const CONFIG_PATH: &str = "POWERSYNC_CONFIG_PATH";

/// The config of this run: `-c`, else `POWERSYNC_CONFIG_PATH`, else the one that exists of the usual names.
pub(super) fn one(global: &Global, world: &World<'_>) -> Result<Source, Error> {
    let path = match &global.config {
        Some(path) => path.clone(),
        None => match (world.variable)(CONFIG_PATH).filter(|value| !value.is_empty()) {
            Some(value) => PathBuf::from(value),
            None => store::find(&world.folder)?,
        },
    };
    Ok(named(&path))
}

/// The configs named as arguments, else the one of this run.
pub(super) fn several(paths: &[PathBuf], global: &Global, world: &World<'_>) -> Result<Vec<Source>, Error> {
    if paths.is_empty() {
        return Ok(vec![one(global, world)?]);
    }
    if global.config.is_some() {
        return Err(Error::Usage("name the configs either with `-c` or as arguments, not both".to_owned()));
    }
    let mut seen = HashSet::new();
    let real = |path: &PathBuf| std::fs::canonicalize(world.path(path)).unwrap_or_else(|_| path.clone());
    let sources: Vec<Source> =
        paths.iter().filter(|path| seen.insert(real(path))).map(|path| named(path)).collect();
    if sources.len() > 1 && sources.contains(&Source::Stdin) {
        return Err(Error::Usage(
            "`-` (stdin) goes alone: its new config is the only thing on stdout".to_owned(),
        ));
    }
    Ok(sources)
}

pub(super) fn named(path: &Path) -> Source {
    if path == Path::new("-") { Source::Stdin } else { Source::File(path.to_owned()) }
}

impl Source {
    /// As messages name it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Stdin => "stdin".to_owned(),
        }
    }

    /// How to read it.
    pub(super) fn input(&self, global: &Global) -> Input {
        match (global.input, self) {
            (Some(input), _) => input,
            (None, Self::File(path)) => Input::of_path(path),
            (None, Self::Stdin) => Input::Either,
        }
    }

    /// Its bytes, without a lock.
    pub(super) fn read(&self, world: &mut World<'_>) -> Result<Snapshot, Error> {
        let read = match self {
            Self::File(path) => store::snapshot(&world.path(path)),
            Self::Stdin => store::read(&mut *world.stdin, 0),
        };
        read.map_err(Error::store(&self.name()))
    }

    /// The tool with the options that name this config, for the commands that next steps give.
    pub(super) fn tool(&self, global: &Global, world: &World<'_>) -> String {
        let variable = (world.variable)(CONFIG_PATH).is_some_and(|value| !value.is_empty());
        let found = store::find(&world.folder).ok().filter(|_| !variable);
        let mut tool = "powersync-jwks".to_owned();
        match self {
            Self::File(path) if found.as_ref() == Some(path) => {}
            Self::File(path) => {
                tool.push_str(" -c ");
                tool.push_str(&shell_word(&path.display().to_string()));
            }
            Self::Stdin => tool.push_str(" -c -"),
        }
        match global.input {
            Some(Input::Yaml) => tool.push_str(" --input yaml"),
            Some(Input::Json) => tool.push_str(" --input json"),
            Some(Input::Either) | None => {}
        }
        tool
    }
}

/// A word as a shell takes it.
pub(super) fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./+:@".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// A path as `docker run -v` takes it: from the root.
pub(super) fn host_path(path: &Path) -> String {
    let word = shell_word(&path.display().to_string());
    if path.is_absolute() { word } else { format!("\"$PWD\"/{word}") }
}
