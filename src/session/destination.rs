//! Where a secret goes that is to stand in a variable: which name, and who gets the value.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::env_files::{NamedPath, named};
use super::facts::Facts;
use super::near::{Near, SLOT};
use super::usage::Looked;
use crate::config::{Config, Syntax};
use crate::keyset::Key;
use crate::schedule::SecretForm;
use crate::session::arguments::{DestinationArgs, Ending, SecretPlace};
use crate::session::mask::MaskArgs;
use crate::session::question::Asks;
use crate::session::{Error, NoPlace, Source, Usage, World};
use crate::store::{self, StoreError};
use crate::wrap::compose::Setting;
use crate::wrap::env_file::{EnvFile, is_name};

/// Who gets the value.
#[derive(Clone)]
pub(crate) enum Destination {
    /// A dotenv file, new or there already.
    EnvFile(NamedPath),
    /// A new file with nothing else in it.
    Out(NamedPath),
    /// Standard output.
    Screen(MaskArgs),
}

/// A variable for a secret.
pub(crate) struct Slot {
    pub(crate) form: SecretForm,
    pub(crate) to: Destination,
}

/// Whether a new env file is the answer where no other place is found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Offer {
    /// A person sees it, and is asked.
    AtPrompt,
    Never,
}

/// Finds the place for secrets of one config.
pub(crate) struct Finder {
    source: Source,
    args: DestinationArgs,
    policy_env_file: Option<NamedPath>,
    offer: Offer,
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
        let offer = Offer::Never;
        Self {
            source: source.clone(),
            args: args.clone(),
            policy_env_file,
            offer,
            run_directory,
            config_directory,
        }
    }

    /// The directory of this run.
    pub(crate) fn run_directory(&self) -> &Path {
        &self.run_directory
    }

    /// Offers a new env file where a person is asked, and no other place is found.
    pub(crate) fn offering(self, ending: &Ending, world: &World<'_>) -> Self {
        let asks = Asks::of(world) == Asks::Person && !ending.yes;
        let is_file = matches!(self.source, Source::File(_));
        Self { offer: if asks && is_file { Offer::AtPrompt } else { Offer::Never }, ..self }
    }

    /// The directory of the config; that of this run, where the config is no file.
    pub(crate) fn config_directory(&self) -> &Path {
        &self.config_directory
    }

    /// That a secret has no place, about this config.
    pub(crate) fn no_place(&self, why: NoPlace) -> Error {
        Usage::NoPlace { config: self.source.name(), why }.into()
    }

    /// The env file that the flag names.
    pub(crate) fn flag(&self) -> Option<NamedPath> {
        let named = |path: &PathBuf| NamedPath {
            path: self.run_directory.join(path),
            name: path.display().to_string(),
        };
        self.args.env_file.as_ref().map(named)
    }

    /// The env file that the flag names, else the one of the policy.
    pub(crate) fn told(&self) -> Option<NamedPath> {
        self.flag().or_else(|| self.policy_env_file.clone())
    }

    /// The variable for a new secret, and who gets its value. `None`: the secret goes into the config, since that is asked
    /// for, or since the key in use has its own there.
    pub(crate) fn find(&self, secrets: Option<SecretPlace>, seen: &Facts<'_>) -> Result<Option<Slot>, Error> {
        let (config, keys) = (seen.config, seen.keys);
        let of_variable = || keys.keys().iter().find(|key| key.variable().is_some());
        let old = keys.current().ok().flatten().or_else(of_variable).and_then(Key::variable);
        // What Cloud keeps under `secret_ref` is no variable.
        let old = old.filter(|old| config.variables().contains(old));
        let is_inline = old.is_none() && !config.is_cloud() && !config.has_secrets_in_variables();
        match secrets {
            Some(SecretPlace::Inline) if config.is_cloud() => Err(self.no_place(NoPlace::InlineOnCloud)),
            Some(SecretPlace::Inline) => self.inline(NoPlace::InlineAsked),
            None if is_inline => self.inline(NoPlace::InlineAsInUse),
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
        if let Destination::EnvFile(file) = &to
            && let Some(read) = seen.env_files.parsed(file)?
            && let Some(why) = read.no_store(old)
        {
            return Err(self.no_place(NoPlace::NoStore { file: file.name.clone(), why }));
        }
        let name = self.name(seen, &to)?;
        let form =
            if config.is_cloud() { SecretForm::CloudVariable(name) } else { SecretForm::Variable(name) };
        Ok(Slot { form, to })
    }

    /// Where a secret may go.
    fn places(&self) -> &'static str {
        match &self.source {
            Source::File(_) => "`--secret-out FILE` (for a secrets manager), `--print-secret`",
            // There, the config is what goes to stdout.
            Source::Stdin | Source::Variable => "`--secret-out FILE` (for a secrets manager)",
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
            return Ok(Destination::Screen(self.args.mask));
        }
        if let Some(told) = self.told() {
            return Ok(Destination::EnvFile(told));
        }
        let names = old.map_or_else(|| config.variables(), |old| BTreeSet::from([old]));
        match (self.nearby(&names)?.as_slice(), old) {
            ([one], _) => Ok(Destination::EnvFile(one.clone())),
            ([], _) if self.offer == Offer::AtPrompt => Ok(Destination::EnvFile(self.default_file())),
            ([], old) => Err(self.nowhere(old)),
            (several, _) => {
                let files: Vec<String> = several.iter().map(|file| file.name.clone()).collect();
                let what = old.unwrap_or("variables of this config").to_owned();
                Err(self.no_place(NoPlace::SeveralFiles { what, files }))
            }
        }
    }

    /// That there is no place for the new secret, what was looked at, and what goes on.
    fn nowhere(&self, old: Option<&str>) -> Error {
        let near = self.near();
        let compose = near.compose.as_ref().map(|(file, compose)| {
            let setting = old.and_then(|old| compose.setting(old));
            let set = setting.map(|(setting, line)| {
                (line, if let Setting::Other(other, _) = setting { Some(other.clone()) } else { None })
            });
            (file.name.clone(), set)
        });
        let env_files = near.env_files.iter().map(|near| near.file.name.clone()).collect();
        let (old, offered) = (old.map(str::to_owned), self.default_file().name);
        self.no_place(NoPlace::Nowhere(Box::new(Looked {
            old,
            env_files,
            compose,
            offered,
            places: self.places(),
        })))
    }

    /// The env file that is made where none is found: Compose's own, else the one beside the config.
    fn default_file(&self) -> NamedPath {
        let compose = self.near().compose;
        let by_compose = compose.as_ref().and_then(|(file, compose)| {
            let directory = file.path.parent()?;
            Some(directory.join(compose.env_files.first().map_or(".env", String::as_str)))
        });
        named(&self.run_directory, by_compose.unwrap_or_else(|| self.config_directory.join(".env")))
    }

    /// The env files near the config that set any of these variables, under their names or those that Compose passes on.
    pub(crate) fn nearby(&self, names: &BTreeSet<&str>) -> Result<Vec<NamedPath>, Error> {
        let near = self.near();
        let found = near.that_set(names);
        // Whether one that can't be read is the one can't be told.
        if let Some(broken) = found.iter().find(|near| near.parsed.is_none()) {
            EnvFile::parse(&broken.bytes).map_err(Error::env_file(&broken.file.name))?;
        }
        Ok(found.into_iter().map(|near| near.file.clone()).collect())
    }

    fn near(&self) -> Near {
        Near::at(&self.config_directory, &self.run_directory)
    }

    /// The name asked for, else the lowest free slot.
    fn name(&self, seen: &Facts<'_>, to: &Destination) -> Result<String, Error> {
        let config = seen.config;
        let file = match to {
            Destination::EnvFile(file) => Some(file.clone()),
            Destination::Out(_) | Destination::Screen(_) => self.policy_env_file.clone(),
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
            // A variable that one of them sets may hold a secret that was revoked, which a new key must not get back.
            let near = self.near();
            let of_policy = self.policy_env_file.as_ref().and_then(|file| store::snapshot(&file.path).ok());
            let in_policy = |name: &str| {
                of_policy.as_ref().is_some_and(|bytes| String::from_utf8_lossy(bytes).contains(name))
            };
            let is_set = |name: &String| near.env_files.iter().any(|near| near.sets(name)) || in_policy(name);
            let is_free = |name: &String| taken_by(name).is_none() && !is_set(name);
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
