//! `--drop-env`: variables go from the env file once nothing refers to them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::destination::Finder;
use super::env_files::{EnvFiles, NamedPath};
use super::used_by::{Referrer, Uses, around, why_kept};
use crate::base::text::Printable;
use crate::config::Config;
use crate::keyset::{Key, KeySet};
use crate::session::arguments::{DestinationArgs, DropArgs};
use crate::session::{Error, NoPlace, Source, World};

/// Variables to drop from the env file.
pub(crate) struct DropEnv {
    pub(crate) finder: Finder,
    /// Which; none: those of keys that this run removes. Others may be another config's.
    pub(crate) names: Vec<String>,
}

/// What a config refers to as it is written, and what it no longer does.
pub(crate) struct Left {
    pub(crate) uses: Uses,
    pub(crate) unused: BTreeSet<String>,
}

/// What goes from which env file, and what stays there, each with why.
struct DropChoice {
    file: NamedPath,
    gone: Vec<String>,
    kept: Vec<(String, String)>,
}

/// The variables with the secrets of keys that nothing in the config refers to any more.
pub(crate) fn unused((before, keys): (&Config<'_>, &KeySet), after: &Config<'_>) -> BTreeSet<String> {
    let (had, has) = (before.variables(), after.variables());
    let variables = keys.keys().iter().filter_map(Key::variable);
    variables.filter(|name| had.contains(name) && !has.contains(name)).map(str::to_owned).collect()
}

/// Finds the env file that these options are about.
pub(crate) fn finder(
    args: &DropArgs,
    source: &Source,
    policy_env_file: Option<PathBuf>,
    world: &World<'_>,
) -> Finder {
    let destination = DestinationArgs { env_file: args.env_file.clone(), ..DestinationArgs::default() };
    Finder::new(source, &destination, policy_env_file, world)
}

/// What to drop, if something is to be dropped.
pub(crate) fn asked_for(args: &DropArgs, finder: Finder) -> Option<DropEnv> {
    args.drop_env.clone().map(|names| DropEnv { finder, names })
}

/// Drops what none of these configs refers to any more. Gives the variables that stay, with why. `referrers`: all configs of
/// the run as they are written; `own`: where they are.
pub(crate) fn drop_variables(
    drops: &[(&DropEnv, &Left)],
    referrers: &[Referrer],
    own: &[PathBuf],
    env_files: &mut EnvFiles,
) -> Result<Vec<String>, Error> {
    let (mut kept, mut chosen, mut nowhere) = (BTreeSet::new(), Vec::new(), None);
    for (drop, left) in drops {
        match drop.choose(left, referrers, own) {
            Ok(Some(DropChoice { file, gone, kept: stays })) => {
                kept.extend(stays);
                chosen.push((file, gone));
            }
            Ok(None) => {}
            // Named variables need not be near every config.
            Err(error) if drop.is_nowhere() => nowhere = nowhere.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    if let Some(error) = nowhere.filter(|_| chosen.is_empty()) {
        return Err(error);
    }
    for (file, gone) in chosen.iter().filter(|(_, gone)| !gone.is_empty()) {
        env_files.drop(file, gone)?;
    }
    Ok(kept.iter().map(|(name, why)| format!("{} stays: {why}", Printable(name))).collect())
}

impl DropEnv {
    /// The env file, which of its variables go, and which stay and why.
    fn choose(
        &self,
        left: &Left,
        referrers: &[Referrer],
        own: &[PathBuf],
    ) -> Result<Option<DropChoice>, Error> {
        if let Some(name) = self.names.iter().find(|name| left.uses.names(name)) {
            return Err(self.finder.no_place(NoPlace::StillUsed(name.clone())));
        }
        let names: BTreeSet<&str> = match self.names.as_slice() {
            [] => left.unused.iter().map(String::as_str).collect(),
            names => names.iter().map(String::as_str).collect(),
        };
        if names.is_empty() {
            return Ok(None);
        }
        let file = self.file(&names)?;
        let around = around(&self.directories(&file), own, self.finder.run_directory());
        let (mut gone, mut kept) = (Vec::new(), Vec::new());
        for name in names {
            match why_kept(name, referrers).or_else(|| why_kept(name, &around)) {
                None => gone.push(name.to_owned()),
                Some(why) if self.names.is_empty() => kept.push((name.to_owned(), why)),
                Some(why) => {
                    return Err(self.finder.no_place(NoPlace::Needed { name: name.to_owned(), why }));
                }
            }
        }
        Ok(Some(DropChoice { file, gone, kept }))
    }

    /// Whether no env file near the config sets any of the named variables.
    fn is_nowhere(&self) -> bool {
        let names = self.names.iter().map(String::as_str).collect();
        !self.names.is_empty()
            && self.finder.told().is_none()
            && self.finder.nearby(&names).is_ok_and(|found| found.is_empty())
    }

    /// Where configs may be that read this env file.
    fn directories<'f>(&'f self, file: &'f NamedPath) -> Vec<&'f Path> {
        let directories = std::iter::once(self.finder.config_directory()).chain(file.path.parent());
        directories.collect()
    }

    /// The env file that has them.
    fn file(&self, names: &BTreeSet<&str>) -> Result<NamedPath, Error> {
        if let Some(told) = self.finder.told() {
            return Ok(told);
        }
        let found = self.finder.nearby(names)?;
        if let [one] = found.as_slice() {
            return Ok(one.clone());
        }
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Err(self.finder.no_place(NoPlace::DropWhere { names, several: !found.is_empty() }))
    }
}
