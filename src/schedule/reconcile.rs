//! What is due now by the schedule, and what will be due next.

use super::change::{Change, NewKey};
use super::guard::{Guard, Terms};
use super::leaving::leaving;
use super::live::{AskLive, Liveness};
use super::outcome::{Effect, Note, Outcome, Waiting};
use super::policy::Policy;
use super::promote::promotion;
use super::prune::{candidates, prune_but};
use super::refusal::{RefusalId, ScheduleError};
use super::rotate::standby;
use super::waiting::{never_promoted, standbys};
use crate::base::time::{NumericDate, Seconds};
use crate::keyset::{HmacAlg, Key, KeyRef, KeySet, Material, Phase};

/// What `reconcile` may refuse: a key that it makes is fresh, and takes the place of another.
pub const RECONCILE_REFUSALS: &[RefusalId] =
    &[RefusalId::LastKey, RefusalId::ShortOverlap, RefusalId::NotLive, RefusalId::Clock];

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
    /// The key it is about: the one promoted, the one replaced, or the first one removed.
    pub key: KeyRef,
    /// From when.
    pub at: NumericDate,
}

impl Due {
    fn new(action: Action, key: &Key, at: NumericDate) -> Self {
        Self { action, key: key.reference(), at }
    }
}

/// Makes a key for an algorithm: fresh, or a stand-in where only the schedule counts.
pub type MakeKey<'a, E> = dyn Fn(HmacAlg) -> Result<NewKey, E> + 'a;

/// What to do now, if anything is due: the first that applies of promote, start a rotation, prune.
///
/// `assume_age`: how old a current key without `iat` is taken to be; without it, such a key is due to be replaced.
/// `live` is asked only for a key that is due to be promoted. As long as it isn't live it waits, and what else is due is
/// done.
pub fn reconcile<E: From<ScheduleError>>(
    keys: &KeySet,
    assume_age: Option<Seconds>,
    terms: &Terms<'_>,
    make: &MakeKey<'_, E>,
    live: &AskLive<'_, E>,
) -> Result<(Option<Due>, Outcome), E> {
    let Terms { policy, now, allowed } = *terms;
    let mut guard = Guard::new(RECONCILE_REFUSALS, allowed);
    guard.clock(keys, now);
    guard.overlap(policy);
    guard.finish()?;
    let assumed = assumed_iat(keys, now, assume_age)?;
    let (mut due, mut notes) = upcoming(keys, policy, now, assumed)?;
    due.retain(|due| due.at <= now);
    let mut waiting = None;
    if let Some(Due { action: Action::Promote, key, .. }) = due.first()
        && !allowed.contains(&RefusalId::NotLive)
        && let Liveness::NotLive(at) = live(&keys.keys()[key.index()])?
    {
        waiting = Some(Waiting { key: key.clone(), at });
        due.retain(|due| due.action != Action::Promote);
    }
    let due = due.into_iter().next();
    let current = keys.current().map_err(ScheduleError::from)?;
    let mut outcome = match &due {
        None if assumed.is_some() => Outcome::new(Effect::Noted, Vec::new()),
        None => Outcome::default(),
        Some(Due { action: Action::Promote, key, .. }) => {
            promotion(&keys.keys()[key.index()], current, terms)?
        }
        Some(Due { action: Action::Rotate, .. }) => {
            let new = make(current.and_then(Key::hmac_alg).unwrap_or(HmacAlg::Hs256))?;
            standby(keys, new, None, terms)?
        }
        // The last shared secret is removed by a person.
        Some(Due { action: Action::Prune, .. }) => prune_but(keys, current, now, allowed)?,
    };
    outcome.changes.extend(assumed.map(|(index, iat)| Change::Assume { index, iat }));
    outcome.notes.append(&mut notes);
    outcome.waiting = waiting;
    Ok((due, outcome))
}

/// What will be due next for these keys, now or later. `None`: nothing ever, by itself.
pub fn next_due(keys: &KeySet, policy: &Policy, now: NumericDate) -> Result<Option<Due>, ScheduleError> {
    let (upcoming, _) = upcoming(keys, policy, now, None)?;
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
                current: current.reference(),
                assumed,
                waiting: key.reference(),
                made,
            });
        }
    }
    Ok(Some((current.index, assumed)))
}

/// Promotion, rotation and removal that lie ahead, in this order, and what never comes by itself.
fn upcoming(
    keys: &KeySet,
    policy: &Policy,
    now: NumericDate,
    assumed: Option<(usize, NumericDate)>,
) -> Result<(Vec<Due>, Vec<Note>), ScheduleError> {
    let Some(current) = keys.current()? else {
        // It may be the one that is due, once it is fixed.
        let unusable = keys.keys().iter().find_map(|key| match key.material {
            Material::Unusable(why) => Some((key, why)),
            _ => None,
        });
        if let Some((key, why)) = unusable {
            return Err(ScheduleError::Unusable(key.reference(), why));
        }
        return Ok((removal(keys, None)?.into_iter().collect(), vec![Note::NothingToRotate]));
    };
    let (mut upcoming, mut notes) = (Vec::new(), Vec::new());
    for (key, nbf) in standbys(keys, now)? {
        key.needed("iat", &key.iat)?;
        match never_promoted(keys, key, current) {
            Some(why) => notes.push(Note::NeverPromoted(why)),
            None => upcoming.push(Due::new(Action::Promote, key, nbf)),
        }
    }
    if let (true, Some(leaving), Some(exp)) = (upcoming.is_empty(), leaving(keys, now), current.exp.value()) {
        notes.push(Note::NotReplaced { leaving, exp: *exp });
    } else if upcoming.is_empty() {
        let made = current.needed("iat", &current.iat)?.or(assumed.map(|(_, iat)| iat));
        current.needed("exp", &current.exp)?;
        // A key of unknown age is due, and so is one that is on its way out.
        let going = matches!(current.phase(now), Phase::Retiring { .. } | Phase::Removable { .. });
        let at = made.filter(|_| !going).map_or(now, |made| made + policy.rotate_every);
        upcoming.push(Due::new(Action::Rotate, current, at));
    }
    upcoming.extend(removal(keys, Some(current))?);
    Ok((upcoming, notes))
}

/// The next removal, of keys that `prune` would take.
fn removal(keys: &KeySet, current: Option<&Key>) -> Result<Option<Due>, ScheduleError> {
    let first = candidates(keys, current)?.into_iter().min_by_key(|(key, exp)| (*exp, key.index));
    Ok(first.map(|(key, at)| Due::new(Action::Prune, key, at)))
}
