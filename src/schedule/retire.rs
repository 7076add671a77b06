//! Retiring keys, and taking that back.

use super::change::Change;
use super::guard::{Guard, Terms, leaves_a_key};
use super::leaving::leaves;
use super::outcome::{Effect, Note, Outcome};
use super::refusal::{Allowed, Hazard, RefusalId, ScheduleError};
use super::resolve::resolve_all;
use crate::base::time::{NumericDate, Seconds};
use crate::keyset::{Key, KeyName, KeySet, Material};

/// What `retire` may refuse, taking it back included.
pub const RETIRE_REFUSALS: &[RefusalId] =
    &[RefusalId::LastKey, RefusalId::CurrentKey, RefusalId::ShortOverlap, RefusalId::Clock];

/// From when a retired key may be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// After the policy's overlap, or later where the key says so already.
    Overlap,
    /// At this moment.
    At(NumericDate),
    /// After this time.
    In(Seconds),
}

/// Gives keys their `exp`.
pub fn retire(
    keys: &KeySet,
    names: &[KeyName],
    when: When,
    terms: &Terms<'_>,
) -> Result<Outcome, ScheduleError> {
    let found = resolve_all(keys, names)?;
    let mut guard = Guard::new(RETIRE_REFUSALS, terms.allowed);
    guard.clock(keys, terms.now);
    guard.overlap(terms.policy);
    let current = keys.current()?;
    let leaving = leaves(keys, &found, terms.now);
    let mut outcome = Outcome::default();
    for key in &found {
        if leaving.is_none() && current.is_some_and(|current| current.index == key.index) {
            guard.refuse(Hazard::CurrentRetired { key: key.reference() });
        }
        if let Material::Unusable(why) = key.material {
            return Err(ScheduleError::Unusable(key.reference(), why));
        }
        let had = key.needed("exp", &key.exp)?;
        let exp = match when {
            When::Overlap => outgoing_exp(had, terms),
            When::At(date) => date,
            When::In(span) => terms.written_by() + span,
        };
        guard_exp(&mut guard, key, had, exp, terms);
        if had == Some(exp) {
            outcome.notes.push(Note::AlreadyRetiring { key: key.reference(), exp });
            continue;
        }
        let latest = match outcome.effect {
            Some(Effect::Retired(latest)) => latest.max(exp),
            _ => exp,
        };
        outcome.effect = Some(Effect::Retired(latest));
        outcome.changes.push(Change::Retire { index: key.index, exp });
    }
    if !leaves_a_key(keys, &found, |key| key.phase(terms.now).stays()) {
        guard.refuse(Hazard::NoKeyStays);
    }
    guard.finish()?;
    if let (Some(leaving), Some(Effect::Retired(exp))) = (leaving, outcome.effect) {
        outcome.notes.push(Note::Leaves { leaving, exp });
    }
    Ok(outcome)
}

/// A date that was set outright must outlast the last token, and nothing cuts short what was promised.
fn guard_exp(
    guard: &mut Guard<'_>,
    key: &Key,
    had: Option<NumericDate>,
    exp: NumericDate,
    terms: &Terms<'_>,
) {
    let (policy, now) = (terms.policy, terms.written_by());
    let overlap = policy.overlap();
    if exp <= now {
        guard.refuse(Hazard::EndsNow { key: key.reference(), exp });
    } else if exp < now + policy.least_overlap() {
        guard.short_overlap(exp.since(now), policy);
    } else if let Some(had) = had.filter(|had| exp < *had && exp < now + overlap) {
        guard.refuse(Hazard::EndsSooner { key: key.reference(), had, exp, overlap });
    }
}

/// Retires a key whose place another takes.
pub(super) fn outgoing(key: &Key, terms: &Terms<'_>) -> Result<Option<Change>, ScheduleError> {
    let had = key.needed("exp", &key.exp)?;
    let exp = outgoing_exp(had, terms);
    Ok((had != Some(exp)).then_some(Change::Retire { index: key.index, exp }))
}

/// The later of the `exp` that a key had and now + overlap.
fn outgoing_exp(had: Option<NumericDate>, terms: &Terms<'_>) -> NumericDate {
    let written = terms.written_by();
    had.unwrap_or(written).max(written + terms.policy.stay())
}

/// Takes `exp` and `nbf` away.
pub fn unretire(
    keys: &KeySet,
    names: &[KeyName],
    now: NumericDate,
    allowed: &Allowed,
) -> Result<Outcome, ScheduleError> {
    let mut guard = Guard::new(RETIRE_REFUSALS, allowed);
    guard.clock(keys, now);
    guard.finish()?;
    let mut outcome = Outcome::default();
    for key in resolve_all(keys, names)? {
        if key.exp.is_absent() {
            outcome.notes.push(Note::NotRetiring { key: key.reference() });
        } else {
            outcome.effect = Some(Effect::Unretired);
            outcome.changes.push(Change::Unretire { index: key.index });
        }
    }
    Ok(outcome)
}
