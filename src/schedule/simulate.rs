//! Looking ahead: the decisions of `reconcile`, taken the moment each is due.

use super::apply::apply_traced;
use super::change::{NewKey, SecretForm};
use super::guard::Terms;
use super::live::Liveness;
use super::policy::Policy;
use super::reconcile::{Action, next_due, reconcile};
use super::refusal::ScheduleError;
use crate::base::time::NumericDate;
use crate::keyset::{HmacAlg, Key, KeySet, Kid, Secret, State};

/// A stretch of a key's life in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Which.
    pub state: State,
    /// From when.
    pub from: NumericDate,
    /// Until when.
    pub until: NumericDate,
}

/// What will become of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    /// The key, as people name it at the start, with its place where its kid is duplicated; a day for one that isn't made
    /// yet.
    pub key: String,
    /// Its states, one after the other.
    pub spans: Vec<Span>,
}

/// A step of the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// What.
    pub action: Action,
    /// The key it is about, by its place in `lives`.
    pub life: usize,
    /// When.
    pub at: NumericDate,
}

/// What will happen, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Timeline {
    /// The moment it starts from.
    pub now: NumericDate,
    /// How far it looks; less than was asked for where that takes more steps than anyone reads.
    pub until: NumericDate,
    /// The keys, in the order in which they appear.
    pub lives: Vec<Life>,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// More steps than anyone reads.
const MAX_STEPS: usize = 20_000;

/// Simulates a schedule from now until a date.
pub(crate) fn simulate(
    keys: &KeySet,
    policy: &Policy,
    now: NumericDate,
    until: NumericDate,
) -> Result<Timeline, ScheduleError> {
    let mut timeline = Timeline { now, until, lives: Vec::new(), steps: Vec::new() };
    let (mut keys, mut at) = (keys.clone(), now);
    let mut lives = timeline.begin(&keys);
    loop {
        if timeline.steps.len() >= MAX_STEPS {
            timeline.until = at;
            break;
        }
        let due = next_due(&keys, policy, at)?.filter(|due| due.at < until);
        let then = due.as_ref().map_or(until, |due| due.at.max(at));
        timeline.record(&lives, &keys, at, then);
        let Some(due) = due else { break };
        at = then;
        let make = |alg| Ok::<_, ScheduleError>(stand_in(&keys, alg, at));
        let terms = Terms { policy, now: at, allowed: &[] };
        let (_, outcome) = reconcile(&keys, None, &terms, &make, &|_| Ok(Liveness::Live))?;
        if outcome.changes.is_empty() {
            break;
        }
        timeline.steps.push(Step { action: due.action, life: lives[due.key.index()], at });
        let (after, origins) = apply_traced(&keys, &outcome.changes, at);
        lives = timeline.follow(&lives, &after, &origins);
        keys = after;
    }
    Ok(timeline)
}

impl Timeline {
    /// Begins the lives of the keys that are there. Their places in `lives`, in the order of the keys.
    fn begin(&mut self, keys: &KeySet) -> Vec<usize> {
        let shared = keys.shared_kids();
        let name = |key: &Key| match key.kid.value() {
            Some(kid) if shared.contains(kid) => format!("{kid} (@{})", key.number()),
            _ => key.name(),
        };
        keys.keys().iter().map(|key| self.born(name(key))).collect()
    }

    /// The places of the lives of the keys after a step.
    fn follow(&mut self, lives: &[usize], after: &KeySet, origins: &[Option<usize>]) -> Vec<usize> {
        let place = |(key, origin): (&Key, &Option<usize>)| match origin {
            Some(before) => lives[*before],
            None => self.born(key.name()),
        };
        after.keys().iter().zip(origins).map(place).collect()
    }

    fn born(&mut self, key: String) -> usize {
        self.lives.push(Life { key, spans: Vec::new() });
        self.lives.len() - 1
    }

    /// Notes the states of all keys for a stretch of time.
    fn record(&mut self, lives: &[usize], keys: &KeySet, from: NumericDate, until: NumericDate) {
        let current = keys.current().ok().flatten();
        for (key, place) in keys.keys().iter().zip(lives) {
            let life = &mut self.lives[*place];
            // A retiring key that nothing removes becomes removable on the way.
            let turns = key.exp.value().copied().filter(|exp| from < *exp && *exp < until);
            let stretches = [(from, turns.unwrap_or(until)), (turns.unwrap_or(until), until)];
            for (from, until) in stretches.into_iter().filter(|(from, until)| from < until) {
                life.extend(keys.state_of(key, current, from), from, until);
            }
        }
    }
}

impl Life {
    fn extend(&mut self, state: State, from: NumericDate, until: NumericDate) {
        match self.spans.last_mut() {
            Some(last) if last.state == state && last.until == from => last.until = until,
            _ => self.spans.push(Span { state, from, until }),
        }
    }
}

/// A key that isn't made yet, to look ahead with: its secret is no secret, and never written.
#[must_use]
pub fn stand_in(keys: &KeySet, alg: HmacAlg, at: NumericDate) -> NewKey {
    // Named by its day, and by its second where a day has several.
    let day = Kid::stand_in(&at.day());
    let taken = keys.keys().iter().any(|key| key.kid.value() == Some(&day));
    let kid = if taken { Kid::stand_in(&at.to_string()) } else { day };
    // Bytes that no rule takes for guessable; they are never written.
    let bytes = (0..alg.hash_length()).map(|n| u8::try_from(n * 37 % 251).unwrap_or(0));
    let mixed = bytes.map(|byte| byte.rotate_left(3) ^ byte.wrapping_mul(byte)).collect();
    NewKey {
        kid: Some(kid),
        kid_is_chosen: false,
        secret_is_imported: false,
        alg,
        secret: Secret::new(zeroize::Zeroizing::new(mixed)),
        iat: None,
        form: SecretForm::Inline,
    }
}
