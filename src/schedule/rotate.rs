//! Rotation in one step: a new key in the first place, the outgoing one on its way out; and the first of two.

use super::add::{guard_new_key, has_secret};
use super::change::{Change, NewKey};
use super::guard::{Guard, Terms};
use super::outcome::{After, Before, Effect, Note, Outcome};
use super::policy::CLOCK_SKEW;
use super::refusal::{RefusalId, ScheduleError};
use super::resolve::same_secret;
use super::retire::outgoing;
use super::waiting::{never_promoted, standbys};
use crate::base::time::{NumericDate, Seconds};
use crate::keyset::{Key, KeyRef, KeySet, Phase};

/// What `rotate` may refuse, in one step or two.
pub const ROTATE_REFUSALS: &[RefusalId] = {
    use RefusalId::{BeforeNbf, Clock, OtherLogin, SameSecret, ShortOverlap, WeakSecret, Wildcard};
    &[ShortOverlap, BeforeNbf, SameSecret, WeakSecret, Wildcard, Clock, OtherLogin]
};

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
    options: RotateOptions,
    terms: &Terms<'_>,
) -> Result<Outcome, ScheduleError> {
    let mut guard = Guard::new(ROTATE_REFUSALS, terms.allowed);
    guard_new_key(&mut guard, keys, &new, terms.now)?;
    guard.clock(keys, terms.now);
    guard.overlap(terms.policy);
    if !options.revoke {
        guard_standby(keys, terms.now)?;
    }
    let current = keys.current()?;
    let gone = match current {
        _ if !options.revoke => Vec::new(),
        None => return Err(ScheduleError::NothingToRevoke),
        Some(current) if has_secret(current, &new) => {
            return Err(ScheduleError::SecretRevoked(current.reference()));
        }
        Some(current) => revoked(keys, current),
    };
    let mut changes: Vec<Change> = gone.iter().map(|key| Change::Remove { index: key.index }).collect();
    if let Some(current) = current.filter(|_| !options.revoke) {
        changes.extend(outgoing(current, terms)?);
    }
    let is_other = |key: &&Key| {
        let goes = gone.iter().copied().chain(current).any(|other| other.index == key.index);
        key.is_symmetric() && !goes
    };
    let mut left = Vec::new();
    for key in keys.keys().iter().filter(is_other) {
        match key.phase(terms.now) {
            Phase::Accepted | Phase::Unknown if options.all => changes.extend(outgoing(key, terms)?),
            Phase::Accepted => left.push(then(key, &gone)),
            _ => {}
        }
    }
    guard.finish()?;
    changes.push(Change::Add { key: new, at: 0, nbf: None });
    let effect = match current {
        Some(gone) if options.revoke => Effect::Revoked { new: After(0), gone: Before(gone.index) },
        _ => Effect::Rotated { new: After(0), outgoing: current.map(|key| After(key.index + 1)) },
    };
    let mut outcome = Outcome::new(effect, changes);
    if options.revoke {
        outcome.notes.extend(overtaken(keys, &gone, terms.now));
    } else if let Some(current) = current.filter(|current| current.weakness().is_some()) {
        outcome.notes.push(Note::WeakOutgoing { key: then(current, &gone), stay: terms.policy.stay() });
    }
    if !left.is_empty() {
        outcome.notes.push(Note::LeftAccepted { keys: left });
    }
    Ok(outcome)
}

/// The name of a key after a rotation, as the events and the warnings of the same run have it.
fn then(key: &Key, gone: &[&Key]) -> KeyRef {
    let before = gone.iter().filter(|gone| gone.index < key.index).count();
    key.reference_at(key.number() + 1 - before)
}

/// Waiting keys that a revocation overtakes.
fn overtaken(keys: &KeySet, gone: &[&Key], now: NumericDate) -> Vec<Note> {
    let note = |(key, _): (&Key, _)| Note::OlderStandby { key: then(key, gone) };
    standbys(keys, now).unwrap_or_default().into_iter().map(note).collect()
}

/// A rotation that is under way is finished or given up, not overtaken.
fn guard_standby(keys: &KeySet, now: NumericDate) -> Result<(), ScheduleError> {
    let Some(current) = keys.current()? else { return Ok(()) };
    // One that is never promoted by itself holds nothing up.
    let holds_up = |(key, _): &(&Key, _)| never_promoted(keys, key, current).is_none();
    match standbys(keys, now)?.into_iter().find(holds_up) {
        Some((key, nbf)) => Err(ScheduleError::StandbyWaits(key.reference(), nbf)),
        None => Ok(()),
    }
}

/// The first step of a rotation in two: a new key behind the current one, known to every replica before anyone signs
/// with it. It may be promoted after `wait` (the policy's standby) and the 5 minutes that clocks may differ.
pub fn standby(
    keys: &KeySet,
    new: NewKey,
    wait: Option<Seconds>,
    terms: &Terms<'_>,
) -> Result<Outcome, ScheduleError> {
    let Terms { policy, now, allowed } = *terms;
    let mut guard = Guard::new(ROTATE_REFUSALS, allowed);
    guard_new_key(&mut guard, keys, &new, now)?;
    guard.clock(keys, now);
    let wait = wait.unwrap_or(policy.standby());
    guard.standby(wait, policy);
    guard_standby(keys, now)?;
    let Some(current) = keys.current()? else { return Err(ScheduleError::NothingToFollow) };
    guard.finish()?;
    // Behind all others, whose numbers stay as they are.
    let (at, nbf) = (keys.keys().len(), terms.written_by() + wait + CLOCK_SKEW);
    let effect = Effect::Waits { new: After(at), nbf, current: Before(current.index) };
    Ok(Outcome::new(effect, vec![Change::Add { key: new.after(Some(current), now), at, nbf: Some(nbf) }]))
}

/// The key itself, those with the same secret, which would still let its holder in, and those with the same kid, which
/// the service never used and would begin to.
fn revoked<'k>(keys: &'k KeySet, current: &'k Key) -> Vec<&'k Key> {
    let same_kid =
        |key: &&Key| key.kid.value().is_some() && key.kid == current.kid && key.index > current.index;
    let mut all = same_secret(keys, current);
    all.extend(keys.keys().iter().filter(same_kid));
    all.push(current);
    all.sort_by_key(|key| key.index);
    all.dedup_by_key(|key| key.index);
    all
}
