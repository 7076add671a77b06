//! Rotation in one step: a new key in the first place, the outgoing one on its way out.

use super::add::{guard_new_key, has_secret};
use super::change::{Change, Decision, NewKey};
use super::policy::{CLOCKS_DIFFER, Policy};
use super::promote::{never_promoted, standbys};
use super::refusal::{Allowed, Guard, RefusalId, ScheduleError};
use super::{guard_clock, same_secret};
use crate::base::time::{NumericDate, Seconds};
use crate::keyset::{Key, KeySet, Phase};

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
) -> Result<Decision, ScheduleError> {
    let mut guard = Guard::new(allowed);
    guard_new_key(&mut guard, keys, &new)?;
    guard_clock(&mut guard, keys, now);
    guard_overlap(&mut guard, policy);
    if !options.revoke {
        guard_standby(keys, now)?;
    }
    let current = keys.current()?;
    if options.revoke {
        let Some(current) = current else { return Err(ScheduleError::NothingToRevoke) };
        if has_secret(current, &new) {
            return Err(ScheduleError::SecretRevoked(current.name()));
        }
    }
    let others: Vec<&Key> = keys
        .keys()
        .iter()
        .filter(|key| key.is_symmetric() && current.is_none_or(|current| current.index != key.index))
        .collect();
    let mut decision = Decision::default();
    if let Some(current) = current {
        if options.revoke {
            decision.changes.extend(revoked(keys, current).map(|key| Change::Remove { index: key.index }));
        } else {
            decision.changes.extend(retire_outgoing(current, policy, now)?);
        }
    }
    let mut left = Vec::new();
    for key in others {
        let goes = decision
            .changes
            .iter()
            .any(|change| matches!(change, Change::Remove { index } if *index == key.index));
        match key.phase(now) {
            _ if goes => {}
            Phase::Accepted | Phase::Unknown if options.all => {
                decision.changes.extend(retire_outgoing(key, policy, now)?);
            }
            Phase::Accepted => left.push(key.name()),
            _ => {}
        }
    }
    guard.finish()?;
    decision.changes.push(Change::Add { key: new, at: 0, nbf: None });
    if let Some(current) = current.filter(|current| current.weakness().is_some() && !options.revoke) {
        decision.notes.push(format!(
            "the secret of {} can be guessed, and this keeps it for {} more. `rotate --revoke` removes it in the same \
             write instead",
            current.name(),
            policy.stay()
        ));
    }
    if options.revoke {
        let gone: Vec<usize> = decision.changes.iter().filter_map(Change::removed).collect();
        for (key, _) in standbys(keys, now).unwrap_or_default() {
            decision.notes.push(format!(
                "{} waits to be promoted, but is older than the new key: it never is, by itself. `remove {} --allow \
                 live-key` gives it up",
                key.name(),
                key.argument_at(key.number() + 1 - gone.iter().filter(|index| **index < key.index).count())
            ));
        }
    }
    if !left.is_empty() {
        let (verb, such) = if left.len() == 1 { ("is", "it") } else { ("are", "them") };
        decision.notes.push(format!(
            "{} {verb} accepted, too, and {verb} left alone. `--all` retires {such} as well",
            crate::base::text::list(&left)
        ));
    }
    Ok(decision)
}

/// A rotation that is under way is finished or given up, not overtaken.
fn guard_standby(keys: &KeySet, now: NumericDate) -> Result<(), ScheduleError> {
    let Some(current) = keys.current()? else { return Ok(()) };
    let waiting = standbys(keys, now)?;
    // One that is never promoted by itself holds nothing up.
    match waiting.into_iter().find(|(key, _)| never_promoted(keys, key, current).is_none()) {
        Some((key, nbf)) => Err(ScheduleError::StandbyWaits { key: key.argument(), nbf }),
        None => Ok(()),
    }
}

/// The first step of a rotation in two: a new key behind the current one, known to every replica before anyone signs
/// with it. It may be promoted after `wait` (the policy's standby) and the 5 minutes that clocks may differ.
pub fn standby(
    keys: &KeySet,
    new: NewKey,
    policy: &Policy,
    now: NumericDate,
    wait: Option<Seconds>,
    allowed: &Allowed,
) -> Result<Decision, ScheduleError> {
    let mut guard = Guard::new(allowed);
    guard_new_key(&mut guard, keys, &new)?;
    guard_clock(&mut guard, keys, now);
    let wait = wait.unwrap_or(policy.standby());
    if wait < policy.deploy_within {
        guard.refuse(
            RefusalId::BeforeNbf,
            format!(
                "a standby of {wait} is shorter than the {} until every replica has restarted: one that hasn't would \
                 reject the new key's tokens",
                policy.deploy_within
            ),
        );
    }
    guard_standby(keys, now)?;
    let Some(current) = keys.current()? else { return Err(ScheduleError::NothingToFollow) };
    guard.finish()?;
    let new = new.after(Some(current), now);
    // Behind all others, whose numbers stay as they are.
    let change = Change::Add { key: new, at: keys.keys().len(), nbf: Some(now + wait + CLOCKS_DIFFER) };
    Ok(Decision { changes: vec![change], ..Decision::default() })
}

/// The key itself, those with the same secret, which would go on letting its holder in, and those with the same kid,
/// which the service never used and which would come to life.
fn revoked<'k>(keys: &'k KeySet, current: &'k Key) -> impl Iterator<Item = &'k Key> {
    let same_kid =
        |key: &&Key| key.kid.value().is_some() && key.kid == current.kid && key.index > current.index;
    let mut all = same_secret(keys, current);
    all.extend(keys.keys().iter().filter(same_kid));
    all.push(current);
    all.sort_by_key(|key| key.index);
    all.dedup_by_key(|key| key.index);
    all.into_iter()
}

/// An outgoing key gets the later of the `exp` it had and now + overlap.
pub(super) fn retire_outgoing(
    key: &Key,
    policy: &Policy,
    now: NumericDate,
) -> Result<Option<Change>, ScheduleError> {
    let had = key.needed("exp", &key.exp)?;
    let exp = had.unwrap_or(now).max(now + policy.stay());
    Ok((had != Some(exp)).then_some(Change::Retire { index: key.index, exp }))
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
