//! `--drop-env`: variables go from the env file once nothing refers to them.

use std::collections::BTreeSet;

use super::destination::{Finder, NamedPath};
use super::secret_write::SecretWrite;
use crate::config::Config;
use crate::display::{Named, Printable, list};
use crate::error::Error;
use crate::keyset::{Key, KeySet};

/// Variables to drop from the env file.
pub(super) struct DropEnv<'a> {
    pub(super) finder: &'a Finder<'a>,
    /// Which; none: those of keys that this run removes. Others may be another config's.
    pub(super) names: &'a [String],
}

/// The variables with the secrets of keys that nothing in the config refers to any more.
pub(super) fn unused((before, keys): (&Config<'_>, &KeySet), after: &Config<'_>) -> BTreeSet<String> {
    let (had, has) = (before.variables(), after.variables());
    let variables = keys.keys().iter().filter_map(Key::variable);
    variables.filter(|name| had.contains(name) && !has.contains(name)).map(str::to_owned).collect()
}

impl DropEnv<'_> {
    /// The write that drops them; `None` where there is nothing to drop.
    pub(super) fn write(
        &self,
        after: &Config<'_>,
        unused: &BTreeSet<String>,
    ) -> Result<Option<SecretWrite>, Error> {
        let used = after.variables();
        if let Some(name) = self.names.iter().find(|name| used.contains(name.as_str())) {
            let what = format!("--drop-env: the config still refers to {}, so it stays", Printable(name));
            return Err(self.finder.usage(&what));
        }
        let names: BTreeSet<&str> = match self.names {
            [] => unused.iter().map(String::as_str).collect(),
            names => names.iter().map(String::as_str).collect(),
        };
        if names.is_empty() {
            return Ok(None);
        }
        let file = self.file(&names)?;
        SecretWrite::drop(&file, &names.into_iter().map(str::to_owned).collect::<Vec<String>>())
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
