//! Which config a command works on, and its bytes.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::base::command_line::CommandLine;
pub(crate) use crate::base::command_line::shell_word;
use crate::config::{Config, Input};
use crate::session::arguments::Global;
use crate::session::{Error, Usage, World, question};
use crate::store::{self, FindError, Snapshot};
use crate::wrap::envelope::{Around, AroundKind, Envelope, Unwrap, why_unreadable};
use crate::wrap::manifest::{Holds, holds};

/// Where a config comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A file, as it was named.
    File(PathBuf),
    /// Standard input; the new config goes to standard output.
    Stdin,
    /// The variable `POWERSYNC_CONFIG_B64`; the new config goes to standard output.
    Variable,
}

/// Names the config, as it does for the service.
const CONFIG_PATH: &str = "POWERSYNC_CONFIG_PATH";

/// Holds the config itself, in base64, as it does for the service.
const CONFIG_B64: &str = "POWERSYNC_CONFIG_B64";

fn is_set(variable: &str, world: &World<'_>) -> bool {
    (world.variable)(variable).is_some_and(|value| !value.is_empty())
}

/// The config of this run: `-c`, else `POWERSYNC_CONFIG_PATH`, else the one that exists of the usual names.
pub(crate) fn one(global: &Global, world: &mut World<'_>) -> Result<Source, Error> {
    if global.config.len() > 1 {
        return Err(Usage::OneConfig.into());
    }
    let path = match global.config.first() {
        Some(path) => path.clone(),
        None if global.base64 && is_set(CONFIG_B64, world) => return Ok(Source::Variable),
        None => match (world.variable)(CONFIG_PATH).filter(|value| !value.is_empty()) {
            Some(value) => PathBuf::from(value),
            None => chosen(find(&world.directory), world)?,
        },
    };
    let path = in_directory(path, world);
    Ok(named(&chosen(path, world)?))
}

/// The config that was found; of several, the one that a person picks.
fn chosen(found: Result<PathBuf, Error>, world: &mut World<'_>) -> Result<PathBuf, Error> {
    match found {
        Err(Error::Find(FindError::Several(names))) => {
            match question::pick("There are several configs here:", &names, world)? {
                Some(index) => Ok(PathBuf::from(&names[index])),
                None => Err(FindError::Several(names).into()),
            }
        }
        found => found,
    }
}

/// The only config of a directory.
pub(crate) fn find(directory: &Path) -> Result<PathBuf, Error> {
    let is_config = |path: &Path| {
        let bytes = store::snapshot(path);
        bytes.is_ok_and(|bytes| holds(&bytes, Input::of_path(path)) == Holds::Config)
    };
    Ok(store::find(directory, &is_config)?)
}

/// The config that is named; of a directory, the one in it.
fn in_directory(path: PathBuf, world: &World<'_>) -> Result<PathBuf, Error> {
    let full = world.path(&path);
    if path == Path::new("-") || !full.is_dir() {
        return Ok(path);
    }
    match find(&full) {
        Err(Error::Find(FindError::None)) => match below(&path, world)?.as_slice() {
            [one] => Ok(one.clone()),
            several => Err(of_several(several)),
        },
        Err(Error::Find(FindError::Several(names))) => {
            let paths: Vec<PathBuf> = names.iter().map(|name| path.join(name)).collect();
            Err(of_several(&paths))
        }
        found => found.map(|found| path.join(found)),
    }
}

fn of_several(paths: &[PathBuf]) -> Error {
    FindError::Several(paths.iter().map(|path| path.display().to_string()).collect()).into()
}

/// The configs of this run, where `-c` may name several.
pub(crate) fn all(global: &Global, world: &mut World<'_>) -> Result<Vec<Source>, Error> {
    match global.config.as_slice() {
        [] | [_] => Ok(vec![one(global, world)?]),
        several => {
            let paths: Result<Vec<PathBuf>, Error> =
                several.iter().map(|path| in_directory(path.clone(), world)).collect();
            once_each(&paths?, world)
        }
    }
}

/// The configs named as arguments, a directory for all in and below it; else the ones of this run.
pub(crate) fn several(
    paths: &[PathBuf],
    global: &Global,
    world: &mut World<'_>,
) -> Result<Vec<Source>, Error> {
    if paths.is_empty() {
        return all(global, world);
    }
    if !global.config.is_empty() {
        return Err(Usage::NamedTwice.into());
    }
    let mut files = Vec::new();
    for path in paths {
        if world.path(path).is_dir() {
            files.extend(below(path, world)?);
        } else {
            files.push(path.clone());
        }
    }
    once_each(&files, world)
}

/// The configs in and below a directory.
fn below(directory: &Path, world: &World<'_>) -> Result<Vec<PathBuf>, Error> {
    let (full, name) = (world.path(directory), directory.display().to_string());
    let is_config = |path: &Path, bytes: &[u8]| holds(bytes, Input::of_path(path)) == Holds::Config;
    let found = store::files_below(&full, is_config);
    if found.is_empty() {
        return Err(Usage::NoConfigIn(name).into());
    }
    let named = |path: &PathBuf| match path.strip_prefix(&full) {
        Ok(below) if directory == Path::new(".") => below.to_owned(),
        Ok(below) => directory.join(below),
        Err(_) => path.clone(),
    };
    Ok(found.iter().map(named).collect())
}

fn once_each(paths: &[PathBuf], world: &World<'_>) -> Result<Vec<Source>, Error> {
    let mut seen = HashSet::new();
    let real = |path: &PathBuf| std::fs::canonicalize(world.path(path)).unwrap_or_else(|_| path.clone());
    let sources: Vec<Source> =
        paths.iter().filter(|path| seen.insert(real(path))).map(|path| named(path)).collect();
    if sources.len() > 1 && sources.contains(&Source::Stdin) {
        return Err(Usage::StdinAlone.into());
    }
    Ok(sources)
}

pub(crate) fn named(path: &Path) -> Source {
    if path == Path::new("-") { Source::Stdin } else { Source::File(path.to_owned()) }
}

impl Source {
    /// Where it is, if it is a file.
    pub(crate) fn path(&self, world: &World<'_>) -> Option<PathBuf> {
        match self {
            Self::File(path) => Some(world.path(path)),
            Self::Stdin | Self::Variable => None,
        }
    }

    /// As messages name it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Stdin => "stdin".to_owned(),
            Self::Variable => CONFIG_B64.to_owned(),
        }
    }

    /// How to read it.
    pub(crate) fn input(&self, global: &Global) -> Input {
        match (global.input, self) {
            (Some(input), _) => input,
            (None, Self::File(path)) => Input::of_path(path),
            (None, Self::Stdin | Self::Variable) => Input::Either,
        }
    }

    /// Its bytes, without a lock.
    pub(crate) fn read(&self, world: &mut World<'_>) -> Result<Snapshot, Error> {
        let read = match self {
            Self::File(path) => store::snapshot(&world.path(path)),
            Self::Stdin => store::read(&mut *world.stdin, 0),
            Self::Variable => {
                let value = (world.variable)(CONFIG_B64).unwrap_or_default();
                Ok(Zeroizing::new(value.into_encoded_bytes()))
            }
        };
        read.map_err(Error::store(&self.name()))
    }

    /// The config in these bytes of it.
    pub(crate) fn unwrap<'o>(&self, global: &Global, outer: &'o [u8]) -> Result<Opened<'o>, Error> {
        let unwrap = Unwrap {
            base64: global.base64,
            entry: global.entry.clone(),
            at: global.path_inside().map(str::to_owned),
        };
        let fail = |source| Error::Envelope { name: self.name(), source };
        let envelope = Envelope::open(outer, &unwrap, self.input(global)).map_err(fail)?;
        let input = match envelope.around() {
            _ if !envelope.is_wrapped() => self.input(global),
            Some(Around { kind: AroundKind::Object(_), name }) => Input::of_path(Path::new(name)),
            _ => Input::Either,
        };
        let name = match envelope.entry() {
            Some(entry) => format!("{} ({entry})", self.name()),
            None => self.name(),
        };
        Ok(Opened { envelope, input, name })
    }

    /// The tool with the options that name this config, for the commands that next steps give.
    pub(crate) fn command(&self, global: &Global, world: &World<'_>) -> CommandLine {
        let variable = is_set(CONFIG_PATH, world);
        let found = find(&world.directory).ok().filter(|_| !variable);
        let tool = tool(world);
        let tool = match self {
            Self::File(path) if found.as_ref() == Some(path) => tool,
            Self::File(path) => tool.arg("-c").arg(path.display().to_string()),
            Self::Stdin => tool.arg("-c").arg("-"),
            Self::Variable => tool,
        };
        let input = match global.input {
            Some(Input::Yaml) => Some("yaml"),
            Some(Input::Json) => Some("json"),
            Some(Input::Either) | None => None,
        };
        tool.args(global.base64.then_some("--base64"))
            .args(global.entry.iter().flat_map(|entry| ["--entry", entry.as_str()]))
            .args(global.path_inside().into_iter().flat_map(|path| ["--at", path]))
            .args(input.into_iter().flat_map(|input| ["--input", input]))
    }

    /// The same, as text.
    pub(crate) fn tool(&self, global: &Global, world: &World<'_>) -> String {
        self.command(global, world).to_string()
    }
}

/// Says how the user started this program, where that isn't by its name: set by the npm package.
const CALLED_AS: &str = "POWERSYNC_JWKS_CALLED_AS";

/// The tool, as the user can call it again.
fn tool(world: &World<'_>) -> CommandLine {
    match (world.variable)(CALLED_AS).as_deref().and_then(OsStr::to_str) {
        Some("npx") => CommandLine::new("npx").arg("powersync-jwks"),
        Some("powersync") => CommandLine::new("powersync").arg("jwks"),
        _ => CommandLine::new("powersync-jwks"),
    }
}

/// A config, out of what it came in.
pub(crate) struct Opened<'o> {
    /// What it came in.
    pub(crate) envelope: Envelope<'o>,
    /// How to read it.
    pub(crate) input: Input,
    /// As messages name it.
    pub(crate) name: String,
}

impl Opened<'_> {
    /// Reads the config.
    pub(crate) fn config(&self) -> Result<Config<'_>, Error> {
        let bytes = self.envelope.inner();
        Config::parse(bytes, self.input).map_err(|error| match why_unreadable(bytes) {
            Some(source) => Error::Envelope { name: self.name.clone(), source },
            None => Error::config(&self.name)(error),
        })
    }
}

/// A path as `docker run -v` takes it: from the root.
pub(crate) fn host_path(path: &Path) -> String {
    let word = shell_word(&path.display().to_string());
    if path.is_absolute() { word } else { format!("\"$PWD\"/{word}") }
}
