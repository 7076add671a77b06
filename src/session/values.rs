//! The values of variables, as far as this run knows them: one resolution for every command. `check` and `diff` read only the
//! files that the command line names, since a branch may name any variable.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::arguments::Times;
use super::env_files::{NamedPath, named, read};
use super::near::{Near, SLOT};
use super::{Error, Source, World, policy};
use crate::base::sentence::Sentence;
use crate::base::text::Printable;
use crate::keyset::{KeySet, Member};
use crate::store;
use crate::wrap::compose::Setting;
use crate::wrap::env_file::EnvFile;

/// Where the values of variables come from.
#[derive(Debug, clap::Args)]
pub(crate) struct EnvFileArg {
    /// A dotenv file with values of `!env` variables; those of this environment win over it
    #[arg(long, value_name = "PATH")]
    env_file: Option<PathBuf>,
}

impl EnvFileArg {
    /// The file, where one is named.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.env_file.as_deref()
    }
}

/// Where values come from, in this order: the environment of this run, `--env-file`, the policy's `env_file`, the one env
/// file near the config that sets the variable, and what a Compose file there sets.
#[derive(Clone)]
pub(crate) struct KnownValues<'w> {
    variable: &'w dyn Fn(&str) -> Option<std::ffi::OsString>,
    /// The env file that the command line names.
    flag: Option<String>,
    /// As messages name it, and what it says.
    told: Vec<(String, EnvFile)>,
    near: Near,
}

/// What is known with this env file, if one is named, and nothing else.
pub(crate) fn known<'w>(env_file: Option<&Path>, world: &World<'w>) -> Result<KnownValues<'w>, Error> {
    let read = |path: &Path| {
        let name = path.display().to_string();
        let bytes = store::snapshot(&world.path(path)).map_err(Error::store(&name))?;
        Ok::<_, Error>((name.clone(), EnvFile::parse(&bytes).map_err(Error::env_file(&name))?))
    };
    let told = env_file.map(read).transpose()?.into_iter().collect();
    let flag = env_file.map(|path| path.display().to_string());
    Ok(KnownValues { variable: world.variable, flag, told, near: Near::default() })
}

/// What this env file says, whatever the environment says.
pub(crate) fn of_file<'w>(env_file: &Path, world: &World<'w>) -> Result<KnownValues<'w>, Error> {
    Ok(KnownValues { variable: &|_| None, ..known(Some(env_file), world)? })
}

/// All that is known for a config. The env file that is named has to exist.
pub(crate) fn of_config<'w>(
    env_file: Option<&Path>,
    source: &Source,
    world: &mut World<'w>,
) -> Result<KnownValues<'w>, Error> {
    let policy = policy::rules(&Times::default(), source, world)?.env_file;
    let mut known = known(env_file, world)?;
    known.told.extend(of_policy(policy, world)?);
    Ok(KnownValues { near: Near::of(source, world), ..known })
}

/// The same where the env file that is told may be yet to come.
pub(crate) fn so_far<'w>(
    flag: Option<&NamedPath>,
    policy: Option<PathBuf>,
    source: &Source,
    world: &World<'w>,
) -> Result<KnownValues<'w>, Error> {
    let read = |file: &NamedPath| Ok::<_, Error>(read(file)?.map(|(_, read)| (file.name.clone(), read)));
    let mut told: Vec<_> = flag.map(read).transpose()?.flatten().into_iter().collect();
    told.extend(of_policy(policy, world)?);
    let flag = flag.map(|file| file.name.clone());
    Ok(KnownValues { variable: world.variable, flag, told, near: Near::of(source, world) })
}

/// The env file of the policy, which may be yet to come.
fn of_policy(path: Option<PathBuf>, world: &World<'_>) -> Result<Option<(String, EnvFile)>, Error> {
    let Some(path) = path else { return Ok(None) };
    let file = named(&world.directory, path);
    Ok(read(&file)?.map(|(_, read)| (file.name, read)))
}

impl KnownValues<'_> {
    /// The value of a variable, where it is known.
    pub(crate) fn get(&self, name: &str) -> Option<Zeroizing<String>> {
        self.of_environment(name).or_else(|| {
            let compose = self.near.compose.as_ref();
            match self.file_with(name) {
                Some((_, file)) => Some(Zeroizing::new(file.value(name)?.to_owned())),
                None => match compose.and_then(|(_, compose)| compose.setting(name))?.0 {
                    Setting::Literal(value) => Some(value.clone()),
                    Setting::Other(other, default) => {
                        let of_file =
                            || Some(Zeroizing::new(self.file_with(other)?.1.value(other)?.to_owned()));
                        self.of_environment(other).or_else(of_file).or_else(|| default.clone())
                    }
                    Setting::Unknown => None,
                },
            }
        })
    }

    /// The env file that a variable is read from: the first that was told, else the only one near the config that sets it.
    pub(crate) fn file_with(&self, name: &str) -> Option<(&str, &EnvFile)> {
        if let Some((file, read)) = self.told.iter().find(|(_, file)| file.defines(name)) {
            return Some((file, read));
        }
        let mut near = self.near.env_files.iter().filter(|near| near.sets(name));
        match (near.next(), near.next()) {
            (Some(near), None) => Some((&near.file.name, near.parsed.as_ref()?)),
            _ => None,
        }
    }

    /// Why the value of a variable is not known, where an env file has it and it isn't.
    pub(crate) fn why_unknown(&self, name: &str) -> Option<String> {
        let (file_name, file) = self.file_with(name)?;
        Some(format!("{}, {}", Printable(file_name), file.why_unknown(name)?))
    }

    /// Whether the environment of this run sets a variable.
    pub(crate) fn is_in_environment(&self, name: &str) -> bool {
        (self.variable)(name).is_some()
    }

    /// The env files that the variables of these keys are read from.
    pub(crate) fn files_of(&self, keys: &KeySet) -> Vec<String> {
        let names = variables(keys).filter(|name| self.of_environment(name).is_none());
        let files: BTreeSet<&str> = names.filter_map(|name| Some(self.file_with(name)?.0)).collect();
        files.into_iter().map(str::to_owned).collect()
    }

    /// The env file that the command line names.
    pub(crate) fn flag(&self) -> Option<&str> {
        self.flag.as_deref()
    }

    /// What readers of env files disagree on in the variables of these keys.
    pub(crate) fn oddities(&self, keys: &KeySet) -> Vec<Sentence> {
        let mut seen = BTreeSet::new();
        let names = variables(keys).filter(|name| seen.insert(*name) && self.of_environment(name).is_none());
        let odd = names.filter_map(|name| {
            let (file_name, file) = self.file_with(name)?;
            Some(file.oddity(name)?.message(name, file_name))
        });
        odd.collect()
    }

    /// The variables for secrets of keys that env files set, but for these: each with its file.
    pub(crate) fn slots_but(&self, used: &BTreeSet<&str>) -> Vec<(String, String)> {
        let told = self.told.iter().map(|(name, file)| (name, file));
        let near =
            self.near.env_files.iter().filter_map(|near| Some((&near.file.name, near.parsed.as_ref()?)));
        let mut found = BTreeSet::new();
        for (file_name, file) in told.chain(near) {
            let is_slot =
                |name: &&str| name.strip_prefix(SLOT).is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
            let left = file.names().filter(is_slot).filter(|name| !used.contains(name));
            found.extend(left.map(|name| (file_name.clone(), name.to_owned())));
        }
        found.into_iter().collect()
    }

    fn of_environment(&self, name: &str) -> Option<Zeroizing<String>> {
        (self.variable)(name)?.into_string().ok().map(Zeroizing::new)
    }

    /// For [`KeySet::read_with`].
    pub(crate) fn values(&self) -> impl Fn(&str) -> Option<Zeroizing<String>> {
        |name| self.get(name)
    }

    /// Fails where an env file has a variable of these keys twice.
    pub(crate) fn check(&self, keys: &KeySet) -> Result<(), Error> {
        for name in variables(keys).filter(|name| self.of_environment(name).is_none()) {
            if let Some((file_name, file)) = self.file_with(name) {
                file.check(name).map_err(Error::env_file(file_name))?;
            }
        }
        Ok(())
    }
}

/// The variables of secrets and kids.
fn variables(keys: &KeySet) -> impl Iterator<Item = &str> {
    keys.keys().iter().flat_map(|key| {
        let kid = if let Member::Variable(name) = &key.kid { Some(name.as_str()) } else { None };
        [key.variable(), kid].into_iter().flatten()
    })
}
