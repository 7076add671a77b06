//! The keys of a config, with the values of variables as far as they are known.

use std::path::Path;

use super::findings;
use super::used_by::{around, why_kept};
use super::values::{self, KnownValues};
use crate::base::command_line::CommandLine;
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::Printable;
use crate::config::Config;
use crate::keyset::KeySet;
use crate::session::arguments::Global;
use crate::session::{Error, Source, Usage, World};

pub(crate) fn keys(
    global: &Global,
    source: &Source,
    env_file: Option<&Path>,
    world: &mut World<'_>,
) -> Result<KeySet, Error> {
    let values = values::of_config(env_file, source, world)?;
    keys_with(global, source, &values, world)
}

/// The same, with the values of another run.
pub(crate) fn keys_with(
    global: &Global,
    source: &Source,
    values: &KnownValues<'_>,
    world: &mut World<'_>,
) -> Result<KeySet, Error> {
    let bytes = source.read(world)?;
    let opened = source.unwrap(global, &bytes)?;
    let keys = KeySet::read_with(&opened.config()?, &values.values());
    values.check(&keys)?;
    Ok(keys)
}

/// The keys as they are shown, with what is wrong with the config.
pub(crate) fn keys_and_warnings(
    global: &Global,
    source: &Source,
    values: &KnownValues<'_>,
    world: &mut World<'_>,
) -> Result<(KeySet, Vec<Sentence>), Error> {
    let bytes = source.read(world)?;
    let opened = source.unwrap(global, &bytes)?;
    let config = opened.config()?;
    let keys = KeySet::read_to_show(&config, &values.values());
    values.check(&keys)?;
    let mut warnings = findings::warnings(&config, &keys, &source.tool(global, world), world.clock.now());
    warnings.extend(values.oddities(&keys));
    warnings.extend(leftovers(&config, source, values, &source.command(global, world), world));
    Ok((keys, warnings))
}

/// Secrets of keys in the env files near a config that nothing refers to: they are not used again.
fn leftovers(
    config: &Config<'_>,
    source: &Source,
    values: &KnownValues<'_>,
    tool: &CommandLine,
    world: &World<'_>,
) -> Vec<Sentence> {
    let Some(path) = source.path(world) else { return Vec::new() };
    let left = values.slots_but(&config.variables());
    if left.is_empty() {
        return Vec::new();
    }
    let directories: Vec<&Path> = path.parent().into_iter().collect();
    let around = around(&directories, std::slice::from_ref(&path), &world.directory);
    let unused = left.into_iter().filter(|(_, name)| why_kept(name, &around).is_none());
    let told = |(file, name): (String, String)| {
        sentence!(
            "{name} in {} is used by no config here: an interrupted run left it, or its key is gone. It is not used again. \
             Drop it: `{} prune --drop-env={name}`",
            Printable(&file),
            tool
        )
    };
    unused.map(told).collect()
}

/// Fails where a second thing is to come from stdin.
pub(crate) fn check_stdin(source: &Source, what: &'static str) -> Result<(), Error> {
    match source {
        Source::File(_) | Source::Variable => Ok(()),
        Source::Stdin => Err(Usage::TwoFromStdin(what).into()),
    }
}
