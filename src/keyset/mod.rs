//! The keys of a config, read once into types: what the service would see, and the schedule that it doesn't.
//!
//! ```
//! use powersync_jwks::config::{Config, Input};
//! use powersync_jwks::keyset::{KeySet, Phase};
//! use powersync_jwks::time::NumericDate;
//!
//! let config = "client_auth:
//!   audience: [app]
//!   jwks:
//!     keys:
//!       - {kty: oct, alg: HS256, kid: second, k: !env PS_SECOND}
//!       - {kty: oct, alg: HS256, kid: first, k: !env PS_FIRST, exp: 1796083200}
//! ";
//! // The values of variables come from where you have them.
//! let values = |name: &str| (name == "PS_SECOND").then(|| "EpPwoCRqrHE2BSLGN0QGTeZlu9k-mkPBX25HvUwmRJU".to_owned().into());
//! let keys = KeySet::read_with(&Config::parse_str(config, Input::Yaml)?, &values);
//!
//! let current = keys.current()?.ok_or("no key signs")?;
//! assert_eq!(current.number(), 1);
//! assert!(current.secret().is_some());
//! let now: NumericDate = "2026-11-23T09:31:00Z".parse()?;
//! assert!(matches!(keys.keys()[1].phase(now), Phase::Retiring { .. }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod counterparts;
mod curve;
mod fault;
mod fetched;
mod index;
mod key;
mod kid;
mod logins;
mod member;
mod read;
mod secret;
mod startability;
mod state;
pub mod strength;

pub use address::{Address, InvalidAddress};
pub(crate) use counterparts::{counterparts, origins};
pub use fault::{Fault, FaultKind};
pub use fetched::{FetchedKey, FetchedSet, ImportFault, InvalidSet, NamedSet, Skipped, SkippedEntry};
pub(crate) use key::Fingerprint;
pub use key::{HmacAlg, Key, Known, Material, PublicKey, PublicNumbers, SecretSource};
pub use kid::{InvalidKid, KeyName, KeyRef, Kid};
pub(crate) use logins::TokenTerms;
pub use logins::{Login, Logins, Project, Setting};
pub use member::Member;
pub(crate) use read::PRIVATE_MEMBERS;
pub use read::Values;
pub use secret::{Encoding, ImportError, Secret, SecretText, import};
pub(crate) use secret::{constant_time_eq, decode, decode_as_service, decode_base64, decode_hex};
pub(crate) use startability::obstacles;
pub use startability::{NotStarting, Obstacle, ObstacleKind, Startability};
pub use state::{Phase, Stage, State, Undecidable};

use std::collections::HashSet;

use index::Index;
use read::Entry;

use crate::config::{Audience, Config, Edition, NodeId};

/// Shorter texts are no secrets worth the name, and may be names.
const SECRET_LENGTH: usize = 16;

/// The keys of one config, in the order of the file.
#[derive(Clone, Debug)]
pub struct KeySet {
    keys: Vec<Key>,
    index: Index,
    /// What `client_auth.audience` says.
    pub audience: Audience,
    /// The values of `client_auth.audience`, in the order of the file. Cloud adds its own to them.
    pub audiences: Vec<Member<String>>,
    /// Every way in beside the keys of the file.
    pub logins: Logins,
    /// Whether this is a PowerSync Cloud config, which keeps no schedule.
    pub is_cloud: bool,
    /// What keeps the service from starting, apart from the faults of keys.
    around: Vec<Obstacle>,
    /// The variables that the service needs and whose values aren't known here.
    unknown: Vec<String>,
}

impl KeySet {
    /// Reads the keys of a config, without the values of variables.
    #[must_use]
    pub fn read(config: &Config<'_>) -> Self {
        Self::read_with(config, &|_| None)
    }

    /// Reads the keys of a config, with the values of variables as far as they are known.
    #[must_use]
    pub fn read_with(config: &Config<'_>, values: &Values<'_>) -> Self {
        Self::read_by(config, values, values)
    }

    /// The same where a reader is shown kids and audiences: those that are in variables stay unknown. A config under review
    /// may name any variable there, one with a secret, too.
    #[must_use]
    pub(crate) fn read_to_show(config: &Config<'_>, values: &Values<'_>) -> Self {
        let mut shown = Self::read_by(config, values, &|_| None);
        shown.hide_secrets_in_names(config);
        shown
    }

    /// A secret may stand where a name belongs, and names are shown.
    fn hide_secrets_in_names(&mut self, config: &Config<'_>) {
        let doc = config.document();
        let written = config.entries().iter().filter_map(|id| doc.string(doc.member(*id, "k")?.1));
        let secrets: HashSet<&str> = written.filter(|k| k.len() >= SECRET_LENGTH).collect();
        let mut hidden = false;
        for key in &mut self.keys {
            let is_secret = key.kid.value().is_some_and(|kid| secrets.contains(kid.as_str()));
            if is_secret {
                key.kid = Member::Value(Kid::hidden(key.index + 1));
                hidden = true;
            }
        }
        for audience in &mut self.audiences {
            if audience.value().is_some_and(|name| secrets.contains(name.as_str())) {
                *audience = Member::Value("(a secret of this file)".to_owned());
            }
        }
        if hidden {
            self.index = Index::of(&self.keys);
        }
    }

    /// `names`: the values of variables that stand for kids and audiences.
    fn read_by(config: &Config<'_>, values: &Values<'_>, names: &Values<'_>) -> Self {
        let doc = config.document();
        let edition = config.edition();
        let (mut line, mut counted) = (1, 0);
        let keys = config.entries().iter().enumerate().map(|(index, id)| {
            // Counted on from the entry before, so that a long list takes one pass.
            let at = doc.start_of(*id);
            line += doc.text()[counted..at].matches('\n').count();
            counted = at;
            read::key(&Entry { doc, id: *id, edition, values, names }, index, line)
        });
        let keys: Vec<Key> = keys.collect();
        let audiences =
            config.audience_entries().iter().map(|id| read::audience(doc, *id, edition, names)).collect();
        let (around, unknown) = startability::around(config, values);
        Self {
            index: Index::of(&keys),
            keys,
            audience: config.audience(),
            audiences,
            logins: Logins::read(config, values),
            around,
            unknown,
            is_cloud: edition == Edition::Cloud,
        }
    }

    /// What keeps the service from starting with an entry of the list, each with where it is.
    #[must_use]
    pub fn faults_of(config: &Config<'_>, id: NodeId, values: &Values<'_>) -> Vec<(NodeId, Fault)> {
        Entry { doc: config.document(), id, edition: config.edition(), values, names: values }.faults()
    }

    /// The same config with other keys, renumbered.
    #[must_use]
    pub(crate) fn with_keys(&self, mut keys: Vec<Key>) -> Self {
        for (index, key) in keys.iter_mut().enumerate() {
            key.index = index;
        }
        Self {
            index: Index::of(&keys),
            keys,
            audiences: self.audiences.clone(),
            logins: self.logins.clone(),
            around: self.around.clone(),
            unknown: self.unknown.clone(),
            ..*self
        }
    }

    /// What a schedule depends on beside the keys, without any of them.
    #[must_use]
    pub(crate) fn for_schedule(&self) -> Self {
        Self {
            keys: Vec::new(),
            index: Index::of(&[]),
            audiences: self.audiences.clone(),
            logins: self.logins.clone(),
            // Where the service doesn't start, no other way in works.
            around: self.around.clone(),
            unknown: self.unknown.clone(),
            ..*self
        }
    }

    /// The member that lets users in with keys from elsewhere, as far as can be told from here: `jwks_uri` before `supabase`.
    #[must_use]
    pub fn other_login(&self) -> Option<&'static str> {
        let members: Vec<&str> = self.logins.working(self.audience).map(Login::member).collect();
        ["jwks_uri", "supabase"].into_iter().find(|member| members.contains(member))
    }

    /// The member that is there to let users in with keys from elsewhere, whether or not it does.
    #[must_use]
    pub(crate) fn meant_login(&self) -> Option<&'static str> {
        let supabase = self.logins.supabase.then_some("supabase");
        self.logins.uris().next().map(|_| "jwks_uri").or(supabase)
    }

    /// All keys, in the order of the file.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The kids, as messages have them.
    pub(crate) fn kids(&self) -> Vec<String> {
        self.keys.iter().filter_map(|key| key.kid.value()).map(Kid::to_string).collect()
    }

    /// The symmetric keys whose secret is not known here.
    pub(crate) fn unseen(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(|key| key.is_symmetric() && key.secret().is_none())
    }

    /// The keys that a name fits: several where a kid is duplicated.
    #[must_use]
    pub fn named(&self, name: &KeyName) -> Vec<&Key> {
        let fits = |key: &&Key| match name {
            KeyName::Number(number) => key.number() == *number,
            KeyName::Kid(kid) => key.kid.value().is_some_and(|other| other.as_str() == kid),
        };
        self.keys.iter().filter(fits).collect()
    }

    /// Whether this key never verifies a token: one before it has its kid, and the service takes the first.
    #[must_use]
    pub(crate) fn is_shadowed(&self, key: &Key) -> bool {
        self.index.first[key.index] < key.index
    }

    /// Whether another key has the kid of this one.
    #[must_use]
    pub(crate) fn shares_kid(&self, key: &Key) -> bool {
        self.index.shared[key.index]
    }

    /// How many keys have no kid.
    #[must_use]
    pub(crate) fn wildcards(&self) -> usize {
        self.index.wildcards
    }

    /// Whether some key's algorithm is HS256.
    #[must_use]
    pub(crate) fn has_hs256(&self) -> bool {
        self.index.has_hs256
    }
}
