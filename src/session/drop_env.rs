//! `--drop-env`: variables go from the env file once nothing refers to them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::destination::{Finder, NamedPath};
use super::secret_write::SecretWrite;
use super::used_by::{Referrer, Uses, around, why_kept};
use crate::base::text::{Named, Printable, list};
use crate::config::Config;
use crate::keyset::{Key, KeySet};
use crate::session::Error;

/// Variables to drop from the env file.
pub(crate) struct DropEnv<'a> {
    pub(crate) finder: &'a Finder<'a>,
    /// Which; none: those of keys that this run removes. Others may be another config's.
    pub(crate) names: &'a [String],
    /// With several configs in one run, nothing is dropped before all are written: here is noted what one leaves.
    pub(crate) later: Option<&'a RefCell<Option<Left>>>,
}

/// What a config refers to as it is written, and what it no longer does.
pub(crate) struct Left {
    pub(crate) uses: Uses,
    pub(crate) unused: BTreeSet<String>,
}

/// What goes from which env file, and what stays there, each with why.
pub(crate) struct Chosen {
    pub(crate) file: NamedPath,
    pub(crate) gone: Vec<String>,
    pub(crate) kept: Vec<(String, String)>,
}

/// The write that drops variables, and those that stay, each with why.
#[derive(Default)]
pub(crate) struct Dropping {
    pub(crate) write: Option<SecretWrite>,
    pub(crate) kept: Vec<(String, String)>,
}

/// The variables with the secrets of keys that nothing in the config refers to any more.
pub(crate) fn unused((before, keys): (&Config<'_>, &KeySet), after: &Config<'_>) -> BTreeSet<String> {
    let (had, has) = (before.variables(), after.variables());
    let variables = keys.keys().iter().filter_map(Key::variable);
    variables.filter(|name| had.contains(name) && !has.contains(name)).map(str::to_owned).collect()
}

impl DropEnv<'_> {
    /// The write that drops them, if there is something to drop.
    pub(crate) fn write(&self, after: &Config<'_>, unused: &BTreeSet<String>) -> Result<Dropping, Error> {
        if let Some(later) = self.later {
            later.replace(Some(Left { uses: Uses::of(after), unused: unused.clone() }));
            return Ok(Dropping::default());
        }
        let used = after.variables();
        if let Some(name) = self.names.iter().find(|name| used.contains(name.as_str())) {
            let what = format!("--drop-env: the config still refers to {}, so it stays", Printable(name));
            return Err(self.finder.usage(&what));
        }
        let own: Vec<PathBuf> = self.finder.config().into_iter().collect();
        let Some(Chosen { file, gone, kept }) = self.choose(unused, &[], &own)? else {
            return Ok(Dropping::default());
        };
        let write = if gone.is_empty() { None } else { SecretWrite::drop(&file, &gone)? };
        Ok(Dropping { write, kept })
    }

    /// The env file, which of its variables go, and which stay and why. `referrers`: other configs of the run, as they are
    /// written; `own`: where the configs of the run are.
    pub(crate) fn choose(
        &self,
        unused: &BTreeSet<String>,
        referrers: &[Referrer],
        own: &[PathBuf],
    ) -> Result<Option<Chosen>, Error> {
        let names: BTreeSet<&str> = match self.names {
            [] => unused.iter().map(String::as_str).collect(),
            names => names.iter().map(String::as_str).collect(),
        };
        if names.is_empty() {
            return Ok(None);
        }
        let file = self.file(&names)?;
        let around = around(&self.folders(&file), own, self.finder.run_folder());
        let (mut gone, mut kept) = (Vec::new(), Vec::new());
        for name in names {
            match why_kept(name, referrers).or_else(|| why_kept(name, &around)) {
                None => gone.push(name.to_owned()),
                Some(why) if self.names.is_empty() => kept.push((name.to_owned(), why)),
                Some(why) => {
                    let what = format!("--drop-env: {} stays: {why}", Printable(name));
                    return Err(self.finder.usage(&what));
                }
            }
        }
        Ok(Some(Chosen { file, gone, kept }))
    }

    /// Whether no env file near the config sets any of the named variables.
    pub(crate) fn is_nowhere(&self) -> bool {
        let names = self.names.iter().map(String::as_str).collect();
        !self.names.is_empty()
            && self.finder.told().is_none()
            && self.finder.nearby(&names).is_ok_and(|found| found.is_empty())
    }

    /// Where configs may be that read this env file.
    fn folders<'f>(&'f self, file: &'f NamedPath) -> Vec<&'f Path> {
        let folders = std::iter::once(self.finder.config_folder()).chain(file.path.parent());
        folders.collect()
    }

    /// The env file that has them.
    fn file(&self, names: &BTreeSet<&str>) -> Result<NamedPath, Error> {
        if let Some(told) = self.finder.told() {
            return Ok(told);
        }
        let found = self.finder.nearby(names)?;
        let files = match found.as_slice() {
            [one] => return Ok(one.clone()),
            [] => "no env file near the config sets",
            _ => "several env files set",
        };
        let names: Vec<String> = names.iter().map(|name| Named(name).to_string()).collect();
        let what =
            format!("--drop-env: {files} {}. Name the one that is meant: `--env-file PATH`", list(&names));
        Err(self.finder.usage(&what))
    }
}
