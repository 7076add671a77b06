//! The keys of a config, read once into types: what the service would see, and the schedule that it doesn't.

mod key;
mod kid;
mod read;
mod secret;
mod state;
pub mod strength;

pub use key::{HmacAlg, Key, Material, Member, PublicKey, SecretSource};
pub use kid::{InvalidKid, KeyName, Kid};
pub use read::PRIVATE_MEMBERS;
pub use secret::{Encoding, ImportError, Secret, import};
pub use state::{Phase, Undecidable};

use std::collections::HashSet;

use crate::config::{Audience, Config};

/// The keys of one config, in the order of the file.
#[derive(Clone, Debug)]
pub struct KeySet {
    keys: Vec<Key>,
    /// What `client_auth.audience` says.
    pub audience: Audience,
    /// The member that gives users keys from elsewhere, if there is one.
    pub other_login: Option<&'static str>,
    /// Whether this is a PowerSync Cloud config, which keeps no schedule.
    pub is_cloud: bool,
    /// What is wrong on the way to the keys, in words.
    pub faults: Vec<String>,
}

impl KeySet {
    /// Reads the keys of a config.
    #[must_use]
    pub fn read(config: &Config<'_>) -> Self {
        let doc = config.document();
        let cloud = config.is_cloud();
        let (mut line, mut counted) = (1, 0);
        let keys = config.entries().iter().enumerate().map(|(index, id)| {
            // Counted on from the entry before, so that a long list takes one pass.
            let at = doc.start_of(*id);
            line += doc.text()[counted..at].matches('\n').count();
            counted = at;
            read::key(doc, *id, index, line, cloud)
        });
        let keys = keys.collect();
        Self {
            keys,
            audience: config.audience(),
            other_login: config.other_login(),
            faults: config.faults(),
            is_cloud: cloud,
        }
    }

    /// The same config with other keys, numbered anew.
    #[must_use]
    pub(crate) fn with_keys(&self, mut keys: Vec<Key>) -> Self {
        for (index, key) in keys.iter_mut().enumerate() {
            key.index = index;
        }
        Self { keys, ..self.clone() }
    }

    /// All keys, in the order of the file.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The keys that a name fits: several where a kid stands twice.
    #[must_use]
    pub fn named(&self, name: &KeyName) -> Vec<&Key> {
        let fits = |key: &&Key| match name {
            KeyName::Number(number) => key.number() == *number,
            KeyName::Kid(kid) => key.kid.value().is_some_and(|other| other.as_str() == kid),
        };
        self.keys.iter().filter(fits).collect()
    }

    /// The kids that stand more than once.
    #[must_use]
    pub fn shared_kids(&self) -> HashSet<&Kid> {
        let mut seen = HashSet::new();
        self.keys.iter().filter_map(|key| key.kid.value()).filter(|kid| !seen.insert(*kid)).collect()
    }
}
