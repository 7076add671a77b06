//! What a decision is made from.

use super::env_files::EnvFiles;
use super::values::KnownValues;
use crate::base::time::NumericDate;
use crate::config::Config;
use crate::keyset::KeySet;
use crate::schedule::Policy;

/// What is seen of a config at a moment.
pub(crate) struct Facts<'s> {
    pub(crate) config: &'s Config<'s>,
    pub(crate) keys: &'s KeySet,
    pub(crate) now: NumericDate,
    pub(crate) policy: &'s Policy,
    pub(crate) values: &'s KnownValues<'s>,
    pub(crate) env_files: &'s EnvFiles,
}
