//! Taking a rotation back: a key that waits goes, or the key that was current before is current again.

use super::guard::{Guard, Terms};
use super::live::{AskLive, Liveness};
use super::outcome::{After, Effect, Note, Outcome};
use super::promote::{check, guard_known, promotion};
use super::refusal::{Hazard, RefusalId, ScheduleError};
use super::remove::removal;
use super::resolve::resolve;
use super::waiting::{becomes_current, standbys, under_way};
use crate::base::time::NumericDate;
use crate::keyset::{Key, KeyName, KeySet};

/// What `rollback` may refuse.
pub const ROLLBACK_REFUSALS: &[RefusalId] = {
    use RefusalId::{BeforeNbf, Clock, NotLive, ShortOverlap};
    &[ShortOverlap, BeforeNbf, NotLive, Clock]
};

/// Drops the key that waits to be promoted. Where none does, the retiring key with the latest `exp` takes the first place
/// again, and the one that was current is retired, counted from now.
///
/// `live`: asks running services for a key that comes back; without it, one whose `exp` has passed may be gone from them.
pub fn rollback<E: From<ScheduleError>>(
    keys: &KeySet,
    name: Option<&KeyName>,
    terms: &Terms<'_>,
    live: Option<&AskLive<'_, E>>,
) -> Result<Outcome, E> {
    let mut guard = Guard::new(ROLLBACK_REFUSALS, terms.allowed);
    guard.clock(keys, terms.now);
    guard.overlap(terms.policy);
    let (key, exp) = match target(keys, name, terms.now)? {
        Target::Waits(key) => {
            guard.finish()?;
            let current = keys.current().map_err(ScheduleError::from)?;
            let moved = |current: &Key| After(current.index - usize::from(key.index < current.index));
            let changes = removal(keys, &[key], terms.now).changes;
            return Ok(Outcome::new(Effect::GivenUp { current: current.map(moved) }, changes));
        }
        Target::Current(key) => return Ok(Outcome::nothing(Note::AlreadyCurrent { key: key.reference() })),
        Target::Retiring(key, exp) => (key, exp),
    };
    check(keys, key)?;
    // A replica that doesn't know it yet knows the one that came after it even less.
    let current = keys.current().map_err(ScheduleError::from)?;
    let came_after = |current: &Key| current.iat.value() >= key.iat.value() && key.nbf.is_absent();
    if !current.is_some_and(came_after) {
        guard_known(&mut guard, key, terms)?;
    }
    match live.filter(|_| !terms.allowed.contains(&RefusalId::NotLive)) {
        Some(live) => {
            if let Liveness::NotLive(at) = live(key)? {
                guard.refuse(Hazard::NotLive { key: key.reference(), at });
            }
        }
        None if exp <= terms.now => guard.refuse(Hazard::PastExp { key: key.reference(), exp }),
        None => {}
    }
    guard.finish()?;
    let promotion = promotion(key, current, terms)?;
    let effect = promotion.effect.map(|effect| match effect {
        Effect::Promoted { key, outgoing } => Effect::RolledBack { key, outgoing },
        other => other,
    });
    Ok(Outcome { effect, ..promotion })
}

/// What is taken back.
enum Target<'k> {
    /// This key waits, and goes.
    Waits(&'k Key),
    /// This key comes back, and had that `exp`.
    Retiring(&'k Key, NumericDate),
    /// There is nothing to take back to it.
    Current(&'k Key),
}

fn target<'k>(
    keys: &'k KeySet,
    name: Option<&KeyName>,
    now: NumericDate,
) -> Result<Target<'k>, ScheduleError> {
    let waiting = under_way(keys, now)?;
    let Some(name) = name else {
        return match waiting.as_slice() {
            [] => latest(keys),
            [(key, _)] => Ok(Target::Waits(key)),
            several => {
                Err(ScheduleError::SeveralStandbys(several.iter().map(|(key, _)| key.reference()).collect()))
            }
        };
    };
    let key = resolve(keys, name)?;
    // One that is never promoted by itself holds nothing up, and goes only by its name.
    if standbys(keys, now)?.iter().any(|(waits, _)| waits.index == key.index) {
        return Ok(Target::Waits(key));
    }
    if let Some((first, nbf)) = waiting.first() {
        return Err(ScheduleError::StandbyWaits(first.reference(), *nbf));
    }
    if keys.current()?.is_some_and(|current| current.index == key.index) {
        return Ok(Target::Current(key));
    }
    match key.needed("exp", &key.exp)? {
        Some(exp) => Ok(Target::Retiring(key, exp)),
        None => Err(ScheduleError::NotRetired(key.reference())),
    }
}

/// The retiring key with the latest `exp`: the one that was current last.
fn latest(keys: &KeySet) -> Result<Target<'_>, ScheduleError> {
    let current = keys.current()?;
    let mut retiring: Vec<(&Key, NumericDate)> = Vec::new();
    for key in keys.keys().iter().filter(|key| key.is_symmetric()) {
        let Some(exp) = key.needed("exp", &key.exp)? else { continue };
        let is_out = current.is_some_and(|current| current.index == key.index)
            || !becomes_current(keys, key)
            || keys.shares_kid(key);
        if !is_out {
            retiring.push((key, exp));
        }
    }
    let Some(exp) = retiring.iter().map(|(_, exp)| *exp).max() else {
        return Err(ScheduleError::NothingToRollBack);
    };
    retiring.retain(|(_, of)| *of == exp);
    match retiring.as_slice() {
        [(key, exp)] => Ok(Target::Retiring(key, *exp)),
        several => {
            Err(ScheduleError::SeveralRetiring(several.iter().map(|(key, _)| key.reference()).collect()))
        }
    }
}
