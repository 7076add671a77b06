//! Whether running services know a key, as far as decisions depend on it.

use super::change::{Change, Decision};
use super::refusal::{Allowed, Guard, RefusalId, ScheduleError};
use crate::keyset::{Key, KeySet};

/// What running services say of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// All that were asked verify tokens with it.
    Live,
    /// One of them doesn't: in words.
    NotLive(String),
}

/// Asks running services for a key.
pub type AskLive<'a, E> = dyn Fn(&Key) -> Result<Liveness, E> + 'a;

/// Refuses a promotion of a key that running services don't know. They are asked only if there is one.
pub fn guard_live<E: From<ScheduleError>>(
    decision: &Decision,
    keys: &KeySet,
    live: &AskLive<'_, E>,
    allowed: &Allowed,
) -> Result<(), E> {
    let promoted = decision.changes.iter().find_map(|change| match change {
        Change::Promote { index } => keys.keys().get(*index),
        _ => None,
    });
    let Some(key) = promoted.filter(|_| !allowed.contains(&RefusalId::NotLive)) else { return Ok(()) };
    let mut guard = Guard::new(allowed);
    if let Liveness::NotLive(why) = live(key)? {
        guard.refuse(
            RefusalId::NotLive,
            format!(
                "{} would sign, and its tokens would be rejected: {why}. Restart it with this file first; `probe --wait 10m` \
                 says when it is live",
                key.name()
            ),
        );
    }
    Ok(guard.finish()?)
}
