//! Whether the service starts with a config at all: with one that it doesn't, no token is accepted or rejected.

use crate::config::{Audience, NOT_STARTING};
use crate::keyset::{KeySet, Material, Member};

/// The service does not start with this config.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the service does not start with this config, so it takes no tokens: {0}")]
pub struct NotStarting(String);

/// Fails where the service does not start.
pub(super) fn check(keys: &KeySet) -> Result<(), NotStarting> {
    let unusable = keys.keys().iter().find_map(|key| match &key.material {
        Material::Unusable(fault) => Some(format!("key {} (line {}): {fault}", key.name(), key.line)),
        _ => None,
    });
    let fault = keys.faults.iter().find_map(|fault| fault.strip_prefix(NOT_STARTING)?.strip_prefix(": "));
    let audience = keys.audiences.iter().find_map(|audience| match audience {
        Member::Unreadable(why) => Some(format!("an entry of `client_auth.audience` {why}")),
        _ => None,
    });
    let no_list =
        (keys.audience == Audience::Invalid).then(|| "`client_auth.audience` is no list".to_owned());
    match fault.map(str::to_owned).or(unusable).or(no_list).or(audience) {
        Some(what) => Err(NotStarting(what)),
        None => Ok(()),
    }
}
