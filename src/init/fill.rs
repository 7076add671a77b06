//! Which variables an existing config needs, and which of them can be generated.

use zeroize::Zeroizing;

use super::secrets::fresh_text;
use crate::base::random::{Random, RandomError};
use crate::config::{Config, Document, NodeId, Scalar, env_name};
use crate::keyset::{HmacAlg, KeySet};

/// A variable of a config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub purpose: Purpose,
}

/// What a variable is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The secret of a key.
    Key {
        /// The key, as messages name it.
        key: String,
        /// Its algorithm.
        alg: HmacAlg,
    },
    /// A token for the admin API.
    Token,
    /// Anything else, such as a database: only a person knows it.
    Other,
}

impl Need {
    /// A fresh value. `None` where only a person knows it.
    pub(crate) fn generate(&self, random: &dyn Random) -> Result<Option<Zeroizing<String>>, RandomError> {
        match &self.purpose {
            Purpose::Key { alg, .. } => fresh_text(alg.hash_length(), random).map(Some),
            Purpose::Token => fresh_text(32, random).map(Some),
            Purpose::Other => Ok(None),
        }
    }
}

/// The variables of a config, each once, in the order of the file.
#[must_use]
pub(crate) fn needs(config: &Config<'_>, keys: &KeySet) -> Vec<Need> {
    let doc = config.document();
    let tokens = admin_tokens(doc);
    let mut needs: Vec<Need> = Vec::new();
    for (id, _) in doc.nodes() {
        let Some(Scalar::Env(text)) = doc.scalar(id) else { continue };
        // What is no name may be a secret in the wrong place; it is never shown.
        if !config.edition().is_env_name(text) {
            continue;
        }
        let (name, _) = env_name(text);
        let key = keys.keys().iter().find(|key| key.variable() == Some(name));
        let purpose = match key {
            Some(key) => Purpose::Key { key: key.name(), alg: key.hmac_alg().unwrap_or(HmacAlg::Hs256) },
            None if tokens.contains(&doc.target(id)) => Purpose::Token,
            None => Purpose::Other,
        };
        match needs.iter_mut().find(|need| need.name == name) {
            Some(need) if need.purpose == Purpose::Other => need.purpose = purpose,
            Some(_) => {}
            None => needs.push(Need { name: name.to_owned(), purpose }),
        }
    }
    needs
}

/// The entries of `api.tokens`.
pub(super) fn admin_tokens(doc: &Document<'_>) -> Vec<NodeId> {
    let member = |id, name| doc.member(id, name).map(|(_, value)| value);
    let tokens =
        member(doc.root(), "api").and_then(|api| member(api, "tokens")).and_then(|list| doc.items(list));
    tokens.unwrap_or_default().iter().map(|id| doc.target(*id)).collect()
}
