//! The keys of a config, with the values of variables as far as they are known.

use std::path::Path;

use super::findings;
use super::values::{self, KnownValues};
use crate::base::sentence::Sentence;
use crate::keyset::KeySet;
use crate::session::World;
use crate::session::arguments::Global;
use crate::session::{Error, Source, Usage};

pub(crate) fn keys(
    global: &Global,
    source: &Source,
    env_file: Option<&Path>,
    world: &mut World<'_>,
) -> Result<KeySet, Error> {
    keys_with(global, source, &values::known(env_file, world)?, world)
}

/// The same, with the values of another run.
pub(crate) fn keys_with(
    global: &Global,
    source: &Source,
    values: &KnownValues<'_>,
    world: &mut World<'_>,
) -> Result<KeySet, Error> {
    Ok(keys_and_warnings(global, source, values, world)?.0)
}

/// The same, with what is wrong with the config.
pub(crate) fn keys_and_warnings(
    global: &Global,
    source: &Source,
    values: &KnownValues<'_>,
    world: &mut World<'_>,
) -> Result<(KeySet, Vec<Sentence>), Error> {
    let bytes = source.read(world)?;
    let opened = source.unwrap(global, &bytes)?;
    let config = opened.config()?;
    let keys = KeySet::read_with(&config, &values.values());
    values.check(&keys)?;
    let warnings = findings::warnings(&config, &keys, &source.tool(global, world), world.clock.now());
    Ok((keys, warnings))
}

/// Fails where a second thing is to come from stdin.
pub(crate) fn check_stdin(source: &Source, what: &'static str) -> Result<(), Error> {
    match source {
        Source::File(_) | Source::Variable => Ok(()),
        Source::Stdin => Err(Usage::TwoFromStdin(what).into()),
    }
}
