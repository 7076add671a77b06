//! Secrets that several configs have.

use std::collections::HashMap;

use super::arguments::Global;
use super::source::Source;
use crate::config::{Config, Input};
use crate::keyset::{Fingerprint, Key, KeySet};
use crate::store::Snapshot;

/// Which configs have a secret: two tell for each whether another has it.
#[derive(Default)]
pub(crate) struct SharedSecrets {
    configs: HashMap<Fingerprint, Vec<String>>,
}

impl SharedSecrets {
    pub(crate) fn add(&mut self, config: &str, secrets: impl IntoIterator<Item = Fingerprint>) {
        for secret in secrets {
            let configs = self.configs.entry(secret).or_default();
            if configs.len() < 2 && configs.iter().all(|other| other != config) {
                configs.push(config.to_owned());
            }
        }
    }

    /// Another config than this one that has the key's secret.
    pub(crate) fn elsewhere(&self, config: &str, key: &Key) -> Option<String> {
        let configs = self.configs.get(&of(key)?)?;
        configs.iter().find(|other| *other != config).cloned()
    }
}

/// The secrets that stand in a config.
pub(crate) fn secrets(keys: &KeySet) -> Vec<Fingerprint> {
    keys.keys().iter().filter_map(of).collect()
}

/// Two variables of one name may have two values.
fn of(key: &Key) -> Option<Fingerprint> {
    key.secret().filter(|secret| !secret.bytes().is_empty() && key.variable().is_none())?;
    key.fingerprint()
}

/// The keys of a text, where it can be read. `input`: how it is read where it isn't wrapped.
pub(crate) fn keys(source: &Source, global: &Global, text: &Snapshot, input: Input) -> Option<KeySet> {
    let opened = source.unwrap(global, text).ok()?;
    let input = if opened.envelope.is_wrapped() { opened.input } else { input };
    let config = Config::parse(opened.envelope.inner(), input).ok()?;
    Some(KeySet::read(&config))
}
