//! Rotation in one step: a new key in the first place, the outgoing one on its way out.

use super::add::guard_new_key;
use super::change::{Change, Decision, NewKey};
use super::guard_clock;
use super::policy::Policy;
use super::refusal::{Allowed, Guard, LifecycleError, RefusalId};
use crate::config::edit::End;
use crate::keyset::{Key, KeySet, Phase};
use crate::time::NumericDate;

/// What else a rotation does.
#[derive(Clone, Copy, Debug, Default)]
pub struct RotateOptions {
    /// Retires the other accepted keys, too.
    pub all: bool,
    /// Removes the outgoing key in the same write.
    pub revoke: bool,
}

/// Puts a new key first and retires the one that was current.
pub fn rotate(
    keys: &KeySet,
    new: NewKey,
    policy: &Policy,
    now: NumericDate,
    options: RotateOptions,
    allowed: &Allowed,
) -> Result<Decision, LifecycleError> {
    let mut guard = Guard::new(allowed);
    guard_new_key(&mut guard, keys, &new)?;
    guard_clock(&mut guard, keys, now);
    guard_overlap(&mut guard, policy);
    let current = keys.current()?;
    if options.revoke && current.is_none() {
        return Err(LifecycleError::NothingToRevoke);
    }
    let others: Vec<&Key> = keys
        .keys()
        .iter()
        .filter(|key| key.is_symmetric() && current.is_none_or(|current| current.index != key.index))
        .collect();
    let mut decision = Decision::default();
    if let Some(current) = current {
        decision.changes.push(if options.revoke {
            Change::Remove { index: current.index }
        } else {
            retire_outgoing(current, policy, now)?
        });
    }
    let mut left = Vec::new();
    for key in others {
        key.needed("exp", &key.exp)?;
        match key.phase(now) {
            Phase::Accepted if options.all => decision.changes.push(retire_outgoing(key, policy, now)?),
            Phase::Accepted => left.push(key.name()),
            _ => {}
        }
    }
    guard.finish()?;
    decision.changes.push(Change::Add { key: new, end: End::First });
    if !left.is_empty() {
        let (verb, such) = if left.len() == 1 { ("is", "it") } else { ("are", "them") };
        decision.notes.push(format!(
            "{} {verb} accepted, too, and {verb} left alone. `--all` retires {such} as well",
            crate::display::list(&left)
        ));
    }
    Ok(decision)
}

/// An outgoing key gets the later of the `exp` it had and now + overlap.
fn retire_outgoing(key: &Key, policy: &Policy, now: NumericDate) -> Result<Change, LifecycleError> {
    let had = key.needed("exp", &key.exp)?;
    let derived = now + policy.overlap();
    Ok(Change::Retire { index: key.index, exp: had.map_or(derived, |had| had.max(derived)) })
}

/// An overlap that was said outright must outlast the last token.
pub(super) fn guard_overlap(guard: &mut Guard<'_>, policy: &Policy) {
    let (overlap, least) = (policy.overlap(), policy.least_overlap());
    if overlap < least {
        guard.refuse(RefusalId::ShortOverlap, too_short("an overlap", overlap.get(), policy));
    }
}

/// Why a time is too short, in seconds.
pub(super) fn too_short(what: &str, seconds: i64, policy: &Policy) -> String {
    format!(
        "{what} of {seconds} s is shorter than {} s: a token signed this moment lives {} s, the service accepts it \
         for 60 s more, and clocks may differ by 300 s. Its users would be locked out",
        policy.least_overlap().get(),
        policy.token_ttl.get(),
    )
}
