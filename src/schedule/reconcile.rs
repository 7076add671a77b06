//! What is due now by the schedule, and what will be due next.

use super::change::{Change, Decision, NewKey};
use super::guard_clock;
use super::live::{AskLive, Liveness};
use super::policy::Policy;
use super::promote::{never_promoted, promotion, standbys};
use super::prune::{candidates, prune};
use super::refusal::{Allowed, Guard, RefusalId, ScheduleError};
use super::rotate::{guard_overlap, standby};
use crate::base::time::{NumericDate, Seconds};
use crate::keyset::{HmacAlg, Key, KeySet, Material, Phase};

/// What a schedule does to a config.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// A standby key becomes the current one.
    Promote,
    /// A new key is added, as standby.
    Rotate,
    /// Removable keys go.
    Prune,
}

/// Something that is due at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// What.
    pub action: Action,
    /// The key it is about, as people name it: the one promoted, the one replaced, or the first one removed.
    pub key: String,
    /// Its place in the file, from 0.
    pub index: usize,
    /// From when.
    pub at: NumericDate,
}

/// Makes a key for an algorithm: fresh, or a stand-in where only the schedule counts.
pub type MakeKey<'a, E> = dyn Fn(HmacAlg) -> Result<NewKey, E> + 'a;

/// What to do now, if anything is due: the first that applies of promote, start a rotation, prune.
///
/// `assume_age`: how old a current key without `iat` is taken to be; without it, such a key is due to be replaced.
pub fn reconcile<E: From<ScheduleError>>(
    keys: &KeySet,
    policy: &Policy,
    now: NumericDate,
    assume_age: Option<Seconds>,
    make: &MakeKey<'_, E>,
    allowed: &Allowed,
) -> Result<(Option<Due>, Decision), E> {
    reconcile_asking(keys, policy, now, assume_age, make, &|_| Ok(Liveness::Live), allowed)
}

/// The same, where running services say whether they know a key. `live` is asked only for a key that is due to be
/// promoted. As long as it isn't live it waits, and what else is due is done.
pub fn reconcile_asking<E: From<ScheduleError>>(
    keys: &KeySet,
    policy: &Policy,
    now: NumericDate,
    assume_age: Option<Seconds>,
    make: &MakeKey<'_, E>,
    live: &AskLive<'_, E>,
    allowed: &Allowed,
) -> Result<(Option<Due>, Decision), E> {
    let mut guard = Guard::new(allowed);
    guard_clock(&mut guard, keys, now);
    guard_overlap(&mut guard, policy);
    guard.finish()?;
    let mut notes = Vec::new();
    let assumed = assumed_iat(keys, now, assume_age)?;
    let mut due = upcoming(keys, policy, now, assumed, &mut notes)?;
    due.retain(|due| due.at <= now);
    if let Some(Due { action: Action::Promote, index, key, .. }) = due.first().cloned()
        && !allowed.contains(&RefusalId::NotLive)
        && let Liveness::NotLive(why) = live(&keys.keys()[index])?
    {
        notes.push(format!("waiting: {key} is not promoted yet: {why}"));
        due.retain(|due| due.action != Action::Promote);
    }
    let Some(due) = due.into_iter().next() else {
        let changes = assumed.map(|(index, iat)| Change::Assume { index, iat }).into_iter().collect();
        return Ok((None, Decision { changes, notes, ..Decision::default() }));
    };
    let mut decision = match due.action {
        Action::Promote => {
            let waiting = standbys(keys, now)?;
            let key = waiting.iter().find(|(key, _)| key.index == due.index);
            let current = keys.current().map_err(ScheduleError::from)?;
            let changes = key.map(|(key, _)| promotion(key, current, policy, now)).transpose()?;
            Decision { changes: changes.unwrap_or_default(), ..Decision::default() }
        }
        Action::Rotate => {
            let current = keys.current().map_err(ScheduleError::from)?;
            let new = make(current.and_then(Key::hmac_alg).unwrap_or(HmacAlg::Hs256))?;
            standby(keys, new, policy, now, None, allowed)?
        }
        Action::Prune => prune(keys, now, allowed)?,
    };
    decision.changes.extend(assumed.map(|(index, iat)| Change::Assume { index, iat }));
    decision.notes.extend(notes);
    Ok((Some(due), decision))
}

/// What will be due next for these keys, now or later. `None`: nothing ever, by itself.
pub fn next_due(keys: &KeySet, policy: &Policy, now: NumericDate) -> Result<Option<Due>, ScheduleError> {
    let upcoming = upcoming(keys, policy, now, None, &mut Vec::new())?;
    // What is due by now goes in the order of the actions; what is not, in the order of time.
    let due = upcoming.iter().find(|due| due.at <= now).cloned();
    Ok(due.or_else(|| upcoming.into_iter().min_by_key(|due| due.at)))
}

/// The `iat` that is assumed for a current key without one.
fn assumed_iat(
    keys: &KeySet,
    now: NumericDate,
    assume_age: Option<Seconds>,
) -> Result<Option<(usize, NumericDate)>, ScheduleError> {
    let current = keys.current()?.filter(|current| current.iat.is_absent());
    let Some((current, age)) = current.zip(assume_age) else { return Ok(None) };
    let assumed = now + (Seconds::default() - age);
    for (key, _) in standbys(keys, now)? {
        if let Some(made) = key.needed("iat", &key.iat)?.filter(|made| *made <= assumed) {
            return Err(ScheduleError::AssumedNewer {
                current: current.name(),
                assumed,
                waiting: key.name(),
                made,
            });
        }
    }
    Ok(Some((current.index, assumed)))
}

/// Promotion, rotation and removal as they stand ahead, in this order.
fn upcoming(
    keys: &KeySet,
    policy: &Policy,
    now: NumericDate,
    assumed: Option<(usize, NumericDate)>,
    notes: &mut Vec<String>,
) -> Result<Vec<Due>, ScheduleError> {
    let mut upcoming = Vec::new();
    let Some(current) = keys.current()? else {
        // It may be the one that is due, once it is mended.
        let unusable = keys.keys().iter().find_map(|key| match key.material {
            Material::Unusable(why) => Some((key, why)),
            _ => None,
        });
        if let Some((key, why)) = unusable {
            return Err(ScheduleError::Unusable { key: key.name(), why });
        }
        notes.push("there is no shared secret in this file, so there is nothing to rotate".to_owned());
        upcoming.extend(removal(keys, None)?);
        return Ok(upcoming);
    };
    let mut waits = false;
    for (key, nbf) in standbys(keys, now)? {
        key.needed("iat", &key.iat)?;
        if let Some(why) = never_promoted(keys, key, current) {
            notes.push(why);
            continue;
        }
        waits = true;
        upcoming.push(Due { action: Action::Promote, key: key.name(), index: key.index, at: nbf });
    }
    if !waits {
        let made = current.needed("iat", &current.iat)?.or(assumed.map(|(_, iat)| iat));
        current.needed("exp", &current.exp)?;
        // A key of unknown age is due, and so is one that is on its way out.
        let going = matches!(current.phase(now), Phase::Retiring { .. } | Phase::Removable { .. });
        let at = made.filter(|_| !going).map_or(now, |made| made + policy.rotate_every);
        upcoming.push(Due { action: Action::Rotate, key: current.name(), index: current.index, at });
    }
    upcoming.extend(removal(keys, Some(current))?);
    Ok(upcoming)
}

/// The next removal, of keys that `prune` would take.
fn removal(keys: &KeySet, current: Option<&Key>) -> Result<Option<Due>, ScheduleError> {
    let first = candidates(keys, current)?.into_iter().min_by_key(|(key, exp)| (*exp, key.index));
    Ok(first.map(|(key, at)| Due { action: Action::Prune, key: key.name(), index: key.index, at }))
}
