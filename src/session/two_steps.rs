//! Whether two steps are safer for a rotation.

use std::path::Path;

use crate::base::sentence::{Sentence, sentence};
use crate::keyset::KeySet;
use crate::store::{self, Platform};

/// Why two steps are safer for a config.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhyTwoSteps {
    Git,
    Replicas,
    Variables,
}

impl WhyTwoSteps {
    /// As far as can be seen around the config.
    pub(crate) fn of(path: &Path, platform: &Platform, keys: &KeySet) -> Option<Self> {
        let variables = keys.keys().iter().any(|key| key.variable().is_some());
        match platform {
            _ if store::in_git(path) => Some(Self::Git),
            Platform::Kubernetes { .. } | Platform::Compose { replicas: 2.., .. } => Some(Self::Replicas),
            _ => variables.then_some(Self::Variables),
        }
    }

    /// The same, where two steps are offered before one. A Compose file that runs one replica tells that one step is as good:
    /// nothing else reads the config.
    pub(crate) fn to_offer(path: &Path, keys: &KeySet) -> Option<Self> {
        let platform = store::detect(path);
        let is_alone = matches!(platform, Platform::Compose { replicas: ..=1, .. });
        Self::of(path, &platform, keys).filter(|why| !is_alone && *why != Self::Variables)
    }

    pub(crate) fn message(self) -> Sentence {
        let why = match self {
            Self::Git => "is kept in git",
            Self::Replicas => "is read by several replicas",
            Self::Variables => "keeps secrets in variables",
        };
        sentence!(
            "this config {why}, so replicas may get it at different times. `rotate --standby` makes the new key known to all \
             of them before anyone signs with it"
        )
    }
}
