//! The values of variables, as far as this run knows them.

use std::path::Path;

use zeroize::Zeroizing;

use super::env_files::{NamedPath, read};
use crate::base::text::Printable;
use crate::keyset::{KeySet, Member};
use crate::session::Error;
use crate::session::World;
use crate::store;
use crate::wrap::env_file::EnvFile;

/// Where values come from: the environment of this run, and behind it an env file. A variable that is set in both has
/// the value of the environment, as with Compose and Node.
#[derive(Clone)]
pub(crate) struct KnownValues<'w> {
    variable: &'w dyn Fn(&str) -> Option<std::ffi::OsString>,
    /// As messages name it, and what it says.
    file: Option<(String, EnvFile)>,
}

/// What is known with this env file, if one is named.
pub(crate) fn known<'w>(env_file: Option<&Path>, world: &World<'w>) -> Result<KnownValues<'w>, Error> {
    let read = |path: &Path| {
        let name = path.display().to_string();
        let bytes = store::snapshot(&world.path(path)).map_err(Error::store(&name))?;
        Ok::<_, Error>((name.clone(), EnvFile::parse(&bytes).map_err(Error::env_file(&name))?))
    };
    Ok(KnownValues { variable: world.variable, file: env_file.map(read).transpose()? })
}

/// The same with an env file that may be yet to come.
pub(crate) fn known_so_far<'w>(
    file: Option<&NamedPath>,
    world: &World<'w>,
) -> Result<KnownValues<'w>, Error> {
    let read = |file: &NamedPath| Ok::<_, Error>(read(file)?.map(|(_, read)| (file.name.clone(), read)));
    Ok(KnownValues { variable: world.variable, file: file.map(read).transpose()?.flatten() })
}

/// What this env file says, whatever the environment says.
pub(crate) fn of_file<'w>(env_file: &Path, world: &World<'w>) -> Result<KnownValues<'w>, Error> {
    Ok(KnownValues { variable: &|_| None, ..known(Some(env_file), world)? })
}

impl KnownValues<'_> {
    /// The value of a variable, where it is known.
    pub(crate) fn get(&self, name: &str) -> Option<Zeroizing<String>> {
        self.of_environment(name).or_else(|| {
            let (_, file) = self.file.as_ref()?;
            Some(Zeroizing::new(file.value(name)?.to_owned()))
        })
    }

    /// Why the value of a variable is not known, where the env file has it and it isn't.
    pub(crate) fn why_unknown(&self, name: &str) -> Option<String> {
        let (file_name, file) = self.file.as_ref()?;
        Some(format!("{}, {}", Printable(file_name), file.why_unknown(name)?))
    }

    /// Whether the environment of this run sets a variable.
    pub(crate) fn is_in_environment(&self, name: &str) -> bool {
        (self.variable)(name).is_some()
    }

    fn of_environment(&self, name: &str) -> Option<Zeroizing<String>> {
        (self.variable)(name)?.into_string().ok().map(Zeroizing::new)
    }

    /// For [`KeySet::read_with`].
    pub(crate) fn values(&self) -> impl Fn(&str) -> Option<Zeroizing<String>> {
        |name| self.get(name)
    }

    /// Fails where the env file has a variable of these keys twice.
    pub(crate) fn check(&self, keys: &KeySet) -> Result<(), Error> {
        let Some((file_name, file)) = &self.file else { return Ok(()) };
        let kid = |key: &crate::keyset::Key| match &key.kid {
            Member::Variable(name) => Some(name.clone()),
            _ => None,
        };
        let names = keys.keys().iter().flat_map(|key| [key.variable().map(str::to_owned), kid(key)]);
        for name in names.flatten().filter(|name| self.of_environment(name).is_none()) {
            file.check(&name).map_err(Error::env_file(file_name))?;
        }
        Ok(())
    }
}
