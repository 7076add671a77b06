//! Rotation in one step: a new key in the first place, the outgoing one on its way out; and the first of two.

use super::add::{guard_new_key, has_secret};
use super::change::{Change, NewKey};
use super::guard::{Guard, Terms};
use super::outcome::{After, Before, Effect, Note, Outcome};
use super::policy::CLOCK_SKEW;
use super::refusal::{RefusalId, ScheduleError};
use super::resolve::{resolve, same_secret};
use super::retire::outgoing;
use super::waiting::{standbys, under_way};
use crate::base::time::{NumericDate, Seconds};
use crate::keyset::{Key, KeyName, KeyRef, KeySet, Material, Phase};

/// What `rotate` may refuse, in one step or two.
pub const ROTATE_REFUSALS: &[RefusalId] = {
    use RefusalId::{BeforeNbf, Clock, OtherLogin, SameSecret, ShortOverlap, WeakSecret, Wildcard};
    &[ShortOverlap, BeforeNbf, SameSecret, WeakSecret, Wildcard, Clock, OtherLogin]
};

/// A rotation is asked about again for this long.
const JUST_NOW: Seconds = Seconds::hours(1);

/// What else a rotation does.
#[derive(Clone, Copy, Debug, Default)]
pub struct RotateOptions<'a> {
    /// Replaces this accepted key in its place, and not the current one.
    pub key: Option<&'a KeyName>,
    /// Retires the other accepted keys, too.
    pub all: bool,
    /// Removes the outgoing key in the same write.
    pub revoke: bool,
}

/// The key that a rotation replaces: the one that is named, else the current one.
pub(crate) fn replaced<'k>(
    keys: &'k KeySet,
    name: Option<&KeyName>,
    now: NumericDate,
) -> Result<Option<&'k Key>, ScheduleError> {
    let Some(name) = name else { return Ok(keys.current()?) };
    let key = resolve(keys, name)?;
    match key.material {
        Material::Unusable(why) => return Err(ScheduleError::Unusable(key.reference(), why)),
        Material::Public(_) => return Err(ScheduleError::NotSymmetric(key.reference())),
        Material::Symmetric { .. } => {}
    }
    key.needed("exp", &key.exp)?;
    key.needed("nbf", &key.nbf)?;
    match key.phase(now) {
        _ if keys.is_current(key) => Ok(Some(key)),
        Phase::Accepted => Ok(Some(key)),
        _ => Err(ScheduleError::NotInUse(key.reference())),
    }
}

/// A rotation that was made within the last hour: its key, and when that was made.
pub(crate) fn just_rotated(keys: &KeySet, now: NumericDate) -> Option<(KeyRef, NumericDate)> {
    let current = keys.current().ok().flatten()?;
    let made = current.iat.value().copied().filter(|made| *made + JUST_NOW >= now)?;
    let was_rotated = keys.keys().iter().any(|key| key.is_symmetric() && key.exp.value().is_some());
    was_rotated.then(|| (current.reference(), made))
}

/// Puts a new key first and retires the one that was current; or in the place of the key that is named.
pub fn rotate(
    keys: &KeySet,
    new: NewKey,
    options: RotateOptions<'_>,
    terms: &Terms<'_>,
) -> Result<Outcome, ScheduleError> {
    if let Some(key) = replaced(keys, options.key, terms.now)?.filter(|key| !keys.is_current(key)) {
        return rotate_other(keys, new, key, terms);
    }
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
    if let Some((key, made)) = just_rotated(keys, terms.now).filter(|_| !options.revoke) {
        outcome.notes.push(Note::JustRotated { key, ago: terms.now.since(made) });
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

/// Puts a new key in the place of one that isn't current.
fn rotate_other(keys: &KeySet, new: NewKey, key: &Key, terms: &Terms<'_>) -> Result<Outcome, ScheduleError> {
    let mut guard = Guard::new(ROTATE_REFUSALS, terms.allowed);
    guard_new_key(&mut guard, keys, &new, terms.now)?;
    guard.clock(keys, terms.now);
    guard.overlap(terms.policy);
    guard.finish()?;
    let at = key.index;
    let mut changes: Vec<Change> = outgoing(key, terms)?.into_iter().collect();
    changes.push(Change::Add { key: new, at, nbf: None });
    Ok(Outcome::new(Effect::Rotated { new: After(at), outgoing: Some(After(at + 1)) }, changes))
}

/// Waiting keys that a revocation overtakes.
fn overtaken(keys: &KeySet, gone: &[&Key], now: NumericDate) -> Vec<Note> {
    let note = |(key, _): (&Key, _)| Note::OlderStandby { key: then(key, gone) };
    standbys(keys, now).unwrap_or_default().into_iter().map(note).collect()
}

/// A rotation that is under way is finished or given up, not overtaken.
fn guard_standby(keys: &KeySet, now: NumericDate) -> Result<(), ScheduleError> {
    match under_way(keys, now)?.first() {
        Some((key, nbf)) => Err(ScheduleError::StandbyWaits(key.reference(), *nbf)),
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
