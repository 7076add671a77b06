//! Where a secret goes that is to stand in a variable: which name, and who gets the value.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::values::KnownValues;
use crate::base::text::{Named, Printable, list};
use crate::config::{Config, Syntax, is_env_name};
use crate::keyset::{Key, KeySet};
use crate::schedule::SecretForm;
use crate::session::World;
use crate::session::arguments::{DestinationArgs, SecretPlace};
use crate::session::{Error, Source};
use crate::store::{self, Snapshot, StoreError};
use crate::wrap::env_file::{EnvFile, is_name};

/// A file, and what messages call it.
#[derive(Clone)]
pub(crate) struct NamedPath {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
}

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

/// An env file as it was read.
pub(crate) struct ReadEnvFile {
    pub(crate) bytes: Snapshot,
    pub(crate) file: EnvFile,
}

/// The variables that the configs of one run have chosen: no two choose the same one of an env file.
#[derive(Default)]
pub(crate) struct Reservations(RefCell<Vec<Reservation>>);

struct Reservation {
    config: String,
    file: PathBuf,
    variable: String,
}

impl Reservations {
    /// Notes what a config has chosen, in place of what it chose before.
    fn put(&self, config: &Source, file: &NamedPath, variable: &str) {
        let reservation =
            Reservation { config: config.name(), file: file.real(), variable: variable.to_owned() };
        let mut all = self.0.borrow_mut();
        all.retain(|other| other.config != reservation.config);
        all.push(reservation);
    }

    /// The other config that has chosen this variable of this file.
    fn taken_by(&self, config: &Source, file: &NamedPath, variable: &str) -> Option<String> {
        let (config, file) = (config.name(), file.real());
        let all = self.0.borrow();
        let other = all
            .iter()
            .find(|other| other.config != config && other.file == file && other.variable == variable);
        other.map(|other| other.config.clone())
    }
}

impl NamedPath {
    /// The same for all ways of naming it, also where it is yet to come.
    fn real(&self) -> PathBuf {
        let folder = self.path.parent().and_then(|folder| std::fs::canonicalize(folder).ok());
        let there = || Some(folder?.join(self.path.file_name()?));
        std::fs::canonicalize(&self.path).ok().or_else(there).unwrap_or_else(|| self.path.clone())
    }
}

/// Finds the place for secrets of one config.
pub(crate) struct Finder<'a> {
    source: &'a Source,
    args: &'a DestinationArgs,
    /// What other configs of the run have chosen.
    reserved: Option<&'a Reservations>,
    policy_env_file: Option<NamedPath>,
    /// The folder of this run, and that of the config.
    run_folder: PathBuf,
    config_folder: PathBuf,
}

impl<'a> Finder<'a> {
    pub(crate) fn new(
        source: &'a Source,
        args: &'a DestinationArgs,
        policy_env_file: Option<PathBuf>,
        world: &World<'_>,
    ) -> Self {
        let run_folder = world.folder.clone();
        let config_folder = match source {
            Source::File(path) => world.path(path).parent().map(Path::to_owned),
            Source::Stdin | Source::Variable => None,
        };
        let config_folder = config_folder.unwrap_or_else(|| run_folder.clone());
        let policy_env_file = policy_env_file.map(|path| named(&run_folder, path));
        Self { source, args, reserved: None, policy_env_file, run_folder, config_folder }
    }

    /// The same, as one of several configs of a run.
    pub(crate) fn among(self, reserved: &'a Reservations) -> Self {
        Self { reserved: Some(reserved), ..self }
    }

    /// The folder of this run.
    pub(crate) fn run_folder(&self) -> &Path {
        &self.run_folder
    }

    /// The folder of the config; that of this run, where the config is no file.
    pub(crate) fn config_folder(&self) -> &Path {
        &self.config_folder
    }

    /// Where the config is, if it is a file.
    pub(crate) fn config(&self) -> Option<PathBuf> {
        match self.source {
            Source::File(path) => Some(self.run_folder.join(path)),
            Source::Stdin | Source::Variable => None,
        }
    }

    pub(crate) fn usage(&self, what: &str) -> Error {
        Error::Usage(format!("{}: {what}", Printable(&self.source.name())))
    }

    /// The env file that the flag names, else the one of the policy.
    pub(crate) fn told(&self) -> Option<NamedPath> {
        let by_flag = self.args.env_file.as_ref();
        let by_flag = by_flag
            .map(|path| NamedPath { path: self.run_folder.join(path), name: path.display().to_string() });
        by_flag.or_else(|| self.policy_env_file.clone())
    }

    /// The variable for a new secret, and who gets its value. `None`: the secret goes into the config, since that is asked
    /// for, or since the key in use has its own there.
    pub(crate) fn find(
        &self,
        secrets: Option<SecretPlace>,
        config: &Config<'_>,
        keys: &KeySet,
        values: &KnownValues<'_>,
    ) -> Result<Option<Slot>, Error> {
        let of_variable = || keys.keys().iter().find(|key| key.variable().is_some());
        let old = keys.current().ok().flatten().or_else(of_variable).and_then(Key::variable);
        // What Cloud keeps under `secret_ref` is no variable.
        let old = old.filter(|old| config.variables().contains(old));
        match secrets {
            Some(SecretPlace::Inline) if config.is_cloud() => Err(self.usage(
                "PowerSync Cloud takes the secret of a key from a variable: leave `--secrets inline` out",
            )),
            Some(SecretPlace::Inline) => {
                self.inline("`--env-name`, `--secret-out` and `--print-secret` don't go with `--secrets inline`")
            }
            None if old.is_none() && !config.is_cloud() => self.inline(
                "the secret goes into the config here, in clear, as that of the key in use. Add `--secrets env` to have \
                 it in a variable",
            ),
            _ => self.slot(config, old, values).map(Some),
        }
    }

    /// Into the config. `else_said`: why what is asked for doesn't go with that.
    fn inline(&self, else_said: &str) -> Result<Option<Slot>, Error> {
        let args = self.args;
        if args.env_name.is_some() || args.secret_out.is_some() || args.print_secret {
            return Err(self.usage(else_said));
        }
        Ok(None)
    }

    /// A variable, and who gets its value. `old`: the variable of the key in use.
    pub(crate) fn slot(
        &self,
        config: &Config<'_>,
        old: Option<&str>,
        values: &KnownValues<'_>,
    ) -> Result<Slot, Error> {
        if config.document().syntax() == Syntax::Json {
            return Err(self.usage(
                "there is no `!env` in JSON: the service takes it for text. Secrets stand in the file there, unless the \
                 config is kept as YAML",
            ));
        }
        let to = self.destination(config, old)?;
        if let Destination::EnvFile(file) | Destination::Out(file) = &to
            && !file.path.parent().is_some_and(Path::is_dir)
        {
            return Err(self.usage(&format!("there is no folder for {}", Named(&file.name))));
        }
        let name = self.name(config, &to, values)?;
        if let (Some(reserved), Destination::EnvFile(file)) = (self.reserved, &to) {
            reserved.put(self.source, file, &name);
        }
        let form =
            if config.is_cloud() { SecretForm::CloudVariable(name) } else { SecretForm::Variable(name) };
        Ok(Slot { form, to })
    }

    /// Where a secret may go.
    fn places(&self) -> &'static str {
        match self.source {
            Source::File(_) => {
                "Say where: `--env-file PATH` (a dotenv file), `--secret-out FILE` (for a secrets manager), `--print-secret`"
            }
            // There, the config is what goes to stdout.
            Source::Stdin | Source::Variable => {
                "Say where: `--env-file PATH` (a dotenv file), `--secret-out FILE` (for a secrets manager)"
            }
        }
    }

    fn destination(&self, config: &Config<'_>, old: Option<&str>) -> Result<Destination, Error> {
        if let Some(path) = &self.args.secret_out {
            let to = NamedPath { path: self.run_folder.join(path), name: path.display().to_string() };
            if to.path.symlink_metadata().is_ok() {
                return Err(Error::store(&to.name)(StoreError::Exists));
            }
            return Ok(Destination::Out(to));
        }
        if self.args.print_secret {
            if matches!(self.source, Source::Stdin | Source::Variable) {
                return Err(self.usage(
                    "with `-c -` the config is what goes to stdout, so `--print-secret` can't. `--secret-out FILE` can",
                ));
            }
            return Ok(Destination::Screen);
        }
        if let Some(told) = self.told() {
            return Ok(Destination::EnvFile(told));
        }
        let names = old.map_or_else(|| config.variables(), |old| BTreeSet::from([old]));
        match (self.nearby(&names)?.as_slice(), old) {
            ([one], _) => Ok(Destination::EnvFile(one.clone())),
            ([], Some(old)) => Err(self.usage(&format!(
                "the secret in use is in the variable {old}, and no env file near the config sets it, so the new one has \
                 no place to go. {}, or `--secrets inline` (the config itself, in clear)",
                self.places()
            ))),
            ([], None) => Err(self.usage(&format!("the secret has no place to go. {}", self.places()))),
            (several, _) => {
                let files: Vec<String> = several.iter().map(|file| file.name.clone()).collect();
                Err(self.usage(&format!(
                    "several env files set {}: {}. Say which one gets the secret: `--env-file PATH`",
                    old.unwrap_or("variables of this config"),
                    list(&files)
                )))
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
        let above = self.config_folder.parent().filter(|_| !self.config_folder.join(".git").exists());
        let mut found = Vec::new();
        for folder in std::iter::once(self.config_folder.as_path()).chain(above) {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let mut paths: Vec<PathBuf> =
                entries.filter(|entry| is_env_file(&entry.file_name())).map(|entry| entry.path()).collect();
            paths.push(folder.join("docker/.env"));
            paths.sort();
            for path in paths.into_iter().filter(|path| path.is_file()) {
                let file = named(&self.run_folder, path);
                found.extend(store::snapshot(&file.path).ok().map(|bytes| (file, bytes)));
            }
        }
        found
    }

    /// The value of a variable in the one env file near the config that sets it.
    pub(crate) fn value(&self, name: &str) -> Result<Option<Zeroizing<String>>, Error> {
        let found = self.nearby(&BTreeSet::from([name]))?;
        let [file] = found.as_slice() else { return Ok(None) };
        let Some(read) = read(file)? else { return Ok(None) };
        read.file.check(name).map_err(Error::env_file(&file.name))?;
        Ok(read.file.value(name).map(|value| Zeroizing::new(value.to_owned())))
    }

    /// The name asked for, else the lowest free slot.
    fn name(&self, config: &Config<'_>, to: &Destination, values: &KnownValues<'_>) -> Result<String, Error> {
        let file = match to {
            Destination::EnvFile(file) => Some(file.clone()),
            Destination::Out(_) | Destination::Screen => self.policy_env_file.clone(),
        };
        let file = file.map(|file| Ok::<_, Error>((read(&file)?, file))).transpose()?;
        let variables = config.variables();
        let taken_by = |name: &str| {
            if variables.contains(name) {
                return Some("the config has it already".to_owned());
            }
            if let Some((read, file)) = &file {
                if read.as_ref().is_some_and(|read| read.file.defines(name)) {
                    return Some(format!("{} sets it already", file.name));
                }
                if let Some(other) = self.reserved.and_then(|all| all.taken_by(self.source, file, name)) {
                    return Some(format!("{other} gets it in this run"));
                }
            }
            values.is_in_environment(name).then(|| "the environment of this run sets it already".to_owned())
        };
        let Some(name) = &self.args.env_name else {
            let near = self.env_files_known();
            let is_free =
                |name: &String| taken_by(name).is_none() && !near.iter().any(|near| near.sets(name));
            let slots = (1_u32..).map(|number| format!("{SLOT}{number}"));
            // One of them is free: no file holds four billion.
            return Ok(slots.into_iter().find(is_free).unwrap_or_default());
        };
        if !is_name(name) || !is_env_name(name, config.is_cloud()) {
            let rule = if config.is_cloud() {
                "capitals, digits and `_`"
            } else {
                "it must begin with PS_, and have only letters, digits and `_`"
            };
            return Err(self.usage(&format!("--env-name: {} can't be the variable: {rule}", Named(name))));
        }
        match taken_by(name) {
            None => Ok(name.clone()),
            Some(why) => Err(self.usage(&format!("--env-name: {name} is taken: {why}"))),
        }
    }
}

impl Finder<'_> {
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

/// Reads an env file, if it is there.
pub(crate) fn read(file: &NamedPath) -> Result<Option<ReadEnvFile>, Error> {
    match store::snapshot(&file.path) {
        Err(StoreError::Missing) => Ok(None),
        Err(error) => Err(Error::store(&file.name)(error)),
        Ok(bytes) => {
            let parsed = EnvFile::parse(&bytes).map_err(Error::env_file(&file.name))?;
            Ok(Some(ReadEnvFile { bytes, file: parsed }))
        }
    }
}

fn named(run_folder: &Path, path: PathBuf) -> NamedPath {
    let name = path.strip_prefix(run_folder).unwrap_or(&path).display().to_string();
    NamedPath { path, name }
}

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
