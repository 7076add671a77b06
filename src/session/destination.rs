//! Where a secret goes that is to stand in a variable: which name, and who gets the value.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::env_files::{NamedPath, named, read};
use super::facts::Facts;
use crate::config::{Config, Syntax};
use crate::keyset::Key;
use crate::schedule::SecretForm;
use crate::session::World;
use crate::session::arguments::{DestinationArgs, SecretPlace};
use crate::session::{Error, NoPlace, Source, Usage};
use crate::store::{self, Snapshot, StoreError};
use crate::wrap::env_file::{EnvFile, is_name};

/// Who gets the value.
#[derive(Clone)]
pub(crate) enum Destination {
    /// A dotenv file, new or there already.
    EnvFile(NamedPath),
    /// A new file with nothing else in it.
    Out(NamedPath),
    /// Standard output.
    Screen,
}

/// A variable for a secret.
pub(crate) struct Slot {
    pub(crate) form: SecretForm,
    pub(crate) to: Destination,
}

/// Finds the place for secrets of one config.
pub(crate) struct Finder {
    source: Source,
    args: DestinationArgs,
    policy_env_file: Option<NamedPath>,
    /// The directory of this run, and that of the config.
    run_directory: PathBuf,
    config_directory: PathBuf,
}

impl Finder {
    pub(crate) fn new(
        source: &Source,
        args: &DestinationArgs,
        policy_env_file: Option<PathBuf>,
        world: &World<'_>,
    ) -> Self {
        let run_directory = world.directory.clone();
        let config_directory = match source {
            Source::File(path) => world.path(path).parent().map(Path::to_owned),
            Source::Stdin | Source::Variable => None,
        };
        let config_directory = config_directory.unwrap_or_else(|| run_directory.clone());
        let policy_env_file = policy_env_file.map(|path| named(&run_directory, path));
        Self { source: source.clone(), args: args.clone(), policy_env_file, run_directory, config_directory }
    }

    /// The directory of this run.
    pub(crate) fn run_directory(&self) -> &Path {
        &self.run_directory
    }

    /// The directory of the config; that of this run, where the config is no file.
    pub(crate) fn config_directory(&self) -> &Path {
        &self.config_directory
    }

    /// That a secret has no place, about this config.
    pub(crate) fn no_place(&self, why: NoPlace) -> Error {
        Usage::NoPlace { config: self.source.name(), why }.into()
    }

    /// The env file that the flag names, else the one of the policy.
    pub(crate) fn told(&self) -> Option<NamedPath> {
        let by_flag = self.args.env_file.as_ref();
        let by_flag = by_flag
            .map(|path| NamedPath { path: self.run_directory.join(path), name: path.display().to_string() });
        by_flag.or_else(|| self.policy_env_file.clone())
    }

    /// The variable for a new secret, and who gets its value. `None`: the secret goes into the config, since that is asked
    /// for, or since the key in use has its own there.
    pub(crate) fn find(&self, secrets: Option<SecretPlace>, seen: &Facts<'_>) -> Result<Option<Slot>, Error> {
        let (config, keys) = (seen.config, seen.keys);
        let of_variable = || keys.keys().iter().find(|key| key.variable().is_some());
        let old = keys.current().ok().flatten().or_else(of_variable).and_then(Key::variable);
        // What Cloud keeps under `secret_ref` is no variable.
        let old = old.filter(|old| config.variables().contains(old));
        match secrets {
            Some(SecretPlace::Inline) if config.is_cloud() => Err(self.no_place(NoPlace::InlineOnCloud)),
            Some(SecretPlace::Inline) => self.inline(NoPlace::InlineAsked),
            None if old.is_none() && !config.is_cloud() => self.inline(NoPlace::InlineAsInUse),
            _ => self.slot(seen, old).map(Some),
        }
    }

    /// Into the config. `otherwise`: why what is asked for doesn't go with that.
    fn inline(&self, otherwise: NoPlace) -> Result<Option<Slot>, Error> {
        let args = &self.args;
        if args.env_name.is_some() || args.secret_out.is_some() || args.print_secret {
            return Err(self.no_place(otherwise));
        }
        Ok(None)
    }

    /// A variable, and who gets its value. `old`: the variable of the key in use.
    pub(crate) fn slot(&self, seen: &Facts<'_>, old: Option<&str>) -> Result<Slot, Error> {
        let config = seen.config;
        if config.document().syntax() == Syntax::Json {
            return Err(self.no_place(NoPlace::Json));
        }
        let to = self.destination(config, old)?;
        if let Destination::EnvFile(file) | Destination::Out(file) = &to
            && !file.path.parent().is_some_and(Path::is_dir)
        {
            return Err(self.no_place(NoPlace::NoDirectory(file.name.clone())));
        }
        let name = self.name(seen, &to)?;
        let form =
            if config.is_cloud() { SecretForm::CloudVariable(name) } else { SecretForm::Variable(name) };
        Ok(Slot { form, to })
    }

    /// Where a secret may go.
    fn places(&self) -> &'static str {
        match &self.source {
            Source::File(_) => {
                "`--env-file PATH` (a dotenv file), `--secret-out FILE` (for a secrets manager), `--print-secret`"
            }
            // There, the config is what goes to stdout.
            Source::Stdin | Source::Variable => {
                "`--env-file PATH` (a dotenv file), `--secret-out FILE` (for a secrets manager)"
            }
        }
    }

    fn destination(&self, config: &Config<'_>, old: Option<&str>) -> Result<Destination, Error> {
        if let Some(path) = &self.args.secret_out {
            let to = NamedPath { path: self.run_directory.join(path), name: path.display().to_string() };
            if to.path.symlink_metadata().is_ok() {
                return Err(Error::store(&to.name)(StoreError::Exists));
            }
            return Ok(Destination::Out(to));
        }
        if self.args.print_secret {
            if matches!(self.source, Source::Stdin | Source::Variable) {
                return Err(self.no_place(NoPlace::PrintBesideConfig));
            }
            return Ok(Destination::Screen);
        }
        if let Some(told) = self.told() {
            return Ok(Destination::EnvFile(told));
        }
        let names = old.map_or_else(|| config.variables(), |old| BTreeSet::from([old]));
        match (self.nearby(&names)?.as_slice(), old) {
            ([one], _) => Ok(Destination::EnvFile(one.clone())),
            ([], Some(old)) => {
                Err(self.no_place(NoPlace::OldUnset { old: old.to_owned(), places: self.places() }))
            }
            ([], None) => Err(self.no_place(NoPlace::Nowhere(self.places()))),
            (several, _) => {
                let files: Vec<String> = several.iter().map(|file| file.name.clone()).collect();
                let what = old.unwrap_or("variables of this config").to_owned();
                Err(self.no_place(NoPlace::SeveralFiles { what, files }))
            }
        }
    }

    /// The env files near the config that set any of these variables.
    pub(crate) fn nearby(&self, names: &BTreeSet<&str>) -> Result<Vec<NamedPath>, Error> {
        let mut found = Vec::new();
        for (file, bytes) in self.env_files() {
            match EnvFile::parse(&bytes) {
                Ok(parsed) if names.iter().any(|name| parsed.defines(name)) => found.push(file),
                // Whether it is the one can't be told, if it may be.
                Err(error) if names.iter().any(|name| holds(&bytes, name)) => {
                    return Err(Error::env_file(&file.name)(error));
                }
                Ok(_) | Err(_) => {}
            }
        }
        Ok(found)
    }

    /// All env files near the config that can be read.
    fn env_files(&self) -> Vec<(NamedPath, Snapshot)> {
        let above = self.config_directory.parent().filter(|_| !self.config_directory.join(".git").exists());
        let mut found = Vec::new();
        for directory in std::iter::once(self.config_directory.as_path()).chain(above) {
            let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
            let mut paths: Vec<PathBuf> =
                entries.filter(|entry| is_env_file(&entry.file_name())).map(|entry| entry.path()).collect();
            paths.push(directory.join("docker/.env"));
            paths.sort();
            for path in paths.into_iter().filter(|path| path.is_file()) {
                let file = named(&self.run_directory, path);
                found.extend(store::snapshot(&file.path).ok().map(|bytes| (file, bytes)));
            }
        }
        found
    }

    /// The value of a variable in the one env file near the config that sets it.
    pub(crate) fn value(&self, name: &str) -> Result<Option<Zeroizing<String>>, Error> {
        let found = self.nearby(&BTreeSet::from([name]))?;
        let [file] = found.as_slice() else { return Ok(None) };
        let Some((_, read)) = read(file)? else { return Ok(None) };
        read.check(name).map_err(Error::env_file(&file.name))?;
        Ok(read.value(name).map(|value| Zeroizing::new(value.to_owned())))
    }

    /// The name asked for, else the lowest free slot.
    fn name(&self, seen: &Facts<'_>, to: &Destination) -> Result<String, Error> {
        let config = seen.config;
        let file = match to {
            Destination::EnvFile(file) => Some(file.clone()),
            Destination::Out(_) | Destination::Screen => self.policy_env_file.clone(),
        };
        let file = file.map(|file| Ok::<_, Error>((seen.env_files.parsed(&file)?, file))).transpose()?;
        let variables = config.variables();
        let taken_by = |name: &str| {
            if variables.contains(name) {
                return Some("the config has it already".to_owned());
            }
            if let Some((Some(read), file)) = &file
                && read.defines(name)
            {
                return Some(format!("{} sets it already", file.name));
            }
            seen.values
                .is_in_environment(name)
                .then(|| "the environment of this run sets it already".to_owned())
        };
        let Some(name) = &self.args.env_name else {
            let near = self.env_files_known();
            let is_free =
                |name: &String| taken_by(name).is_none() && !near.iter().any(|near| near.sets(name));
            let slots = (1_u32..).map(|number| format!("{SLOT}{number}"));
            // One of them is free: no file holds four billion.
            return Ok(slots.into_iter().find(is_free).unwrap_or_default());
        };
        if !is_name(name) || !config.edition().is_env_name(name) {
            let rule = if config.is_cloud() {
                "capitals, digits and `_`"
            } else {
                "it must begin with PS_, and have only letters, digits and `_`"
            };
            return Err(self.no_place(NoPlace::BadName { name: name.clone(), rule }));
        }
        match taken_by(name) {
            None => Ok(name.clone()),
            Some(by) => Err(self.no_place(NoPlace::Taken { name: name.clone(), by })),
        }
    }
}

impl Finder {
    /// What the env files near the config say, and the one of the policy. A variable that one of them sets may hold a
    /// secret that was revoked, which a new key must not get back.
    fn env_files_known(&self) -> Vec<Near> {
        let of_policy = self.policy_env_file.as_ref().and_then(|file| store::snapshot(&file.path).ok());
        let near = self.env_files().into_iter().map(|(_, bytes)| bytes).chain(of_policy);
        near.map(|bytes| Near { parsed: EnvFile::parse(&bytes).ok(), bytes }).collect()
    }
}

/// An env file that may set a variable.
struct Near {
    parsed: Option<EnvFile>,
    bytes: Snapshot,
}

impl Near {
    fn sets(&self, name: &str) -> bool {
        self.parsed.as_ref().map_or_else(|| holds(&self.bytes, name), |parsed| parsed.defines(name))
    }
}

/// The names that new secrets get.
const SLOT: &str = "PS_JWKS_KEY_";

/// `.env`, `.env.production`, `powersync.env`, and not those that hold examples.
fn is_env_file(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    let kind = name.strip_prefix(".env.").unwrap_or_default();
    let example =
        ["example", "sample", "template", "dist"].iter().any(|word| kind.split('.').any(|k| k == *word));
    (name.starts_with(".env.") || Path::new(name).extension() == Some(OsStr::new("env")) || name == ".env")
        && !example
}

fn holds(bytes: &[u8], name: &str) -> bool {
    String::from_utf8_lossy(bytes).contains(name)
}
