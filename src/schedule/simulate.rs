//! Looking ahead: the decisions of `reconcile`, taken the moment each is due.

use super::apply::apply_traced;
use super::change::{NewKey, SecretForm};
use super::guard::Terms;
use super::live::Liveness;
use super::policy::Policy;
use super::reconcile::{Action, next_due, reconcile};
use super::refusal::ScheduleError;
use super::stage::{Stage, Stretch};
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
    timeline.begin(keys);
    let (mut stage, mut scene) = Stage::new(keys, now);
    let mut at = now;
    let end = loop {
        if timeline.steps.len() >= MAX_STEPS {
            timeline.until = at;
            break at;
        }
        let Some(due) = next_due(&scene.keys, policy, at)?.filter(|due| due.at < until) else { break until };
        at = due.at.max(at);
        let life = scene.numbers[due.key.index()];
        scene = stage.widened(scene, &due, at);
        let make = |alg| Ok::<_, ScheduleError>(stand_in_unless(|kid| stage.is_named(kid), alg, at));
        let terms = Terms { policy, now: at, allowed: &[] };
        let (_, outcome) = reconcile(&scene.keys, None, &terms, &make, &|_| Ok(Liveness::Live))?;
        if outcome.changes.is_empty() {
            break at;
        }
        timeline.steps.push(Step { action: due.action, life, at });
        let (after, origins) = apply_traced(&scene.keys, &outcome.changes, at);
        timeline.record(stage.record(&scene.numbers, at));
        let born = stage.follow(&scene, (&after, &origins), at);
        timeline.lives.extend(born.into_iter().map(|key| Life::new(key.name())));
        scene = stage.next_scene();
    };
    timeline.record(stage.record_all(end));
    Ok(timeline)
}

impl Timeline {
    fn begin(&mut self, keys: &KeySet) {
        let name = |key: &Key| match key.kid.value() {
            Some(kid) if keys.shares_kid(key) => format!("{kid} (@{})", key.number()),
            _ => key.name(),
        };
        self.lives = keys.keys().iter().map(|key| Life::new(name(key))).collect();
    }

    fn record(&mut self, stretches: Vec<Stretch>) {
        for Stretch { number, state, from, until } in stretches {
            self.lives[number].extend(state, from, until);
        }
    }
}

impl Life {
    fn new(key: String) -> Self {
        Self { key, spans: Vec::new() }
    }

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
    stand_in_unless(|kid| keys.keys().iter().any(|key| key.kid.value() == Some(kid)), alg, at)
}

fn stand_in_unless(is_taken: impl Fn(&Kid) -> bool, alg: HmacAlg, at: NumericDate) -> NewKey {
    // Named by its day, and by its second where a day has several.
    let day = Kid::stand_in(&at.day());
    let kid = if is_taken(&day) { Kid::stand_in(&at.to_string()) } else { day };
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::time::Seconds;
    use crate::config::{Config, Input};

    const NOW: i64 = 1_795_000_000;
    const DAY: i64 = 86_400;

    /// The same, each step decided on all keys.
    fn step_by_step(keys: &KeySet, policy: &Policy, until: NumericDate) -> Result<Timeline, ScheduleError> {
        let now = NumericDate::new(NOW).unwrap();
        let mut timeline = Timeline { now, until, lives: Vec::new(), steps: Vec::new() };
        timeline.begin(keys);
        let (mut keys, mut at, mut lives) = (keys.clone(), now, (0..keys.keys().len()).collect::<Vec<_>>());
        loop {
            let due = next_due(&keys, policy, at)?.filter(|due| due.at < until);
            let then = due.as_ref().map_or(until, |due| due.at.max(at));
            let current = keys.current().ok().flatten();
            for (key, life) in keys.keys().iter().zip(&lives) {
                let turns = key.exp.value().copied().filter(|exp| at < *exp && *exp < then).unwrap_or(then);
                for (from, until) in [(at, turns), (turns, then)] {
                    if from < until {
                        timeline.lives[*life].extend(keys.state_of(key, current, from), from, until);
                    }
                }
            }
            let Some(due) = due else { return Ok(timeline) };
            at = then;
            let make = |alg| Ok::<_, ScheduleError>(stand_in(&keys, alg, at));
            let terms = Terms { policy, now: at, allowed: &[] };
            let (_, outcome) = reconcile(&keys, None, &terms, &make, &|_| Ok(Liveness::Live))?;
            if outcome.changes.is_empty() {
                return Ok(timeline);
            }
            timeline.steps.push(Step { action: due.action, life: lives[due.key.index()], at });
            let (after, origins) = apply_traced(&keys, &outcome.changes, at);
            let life = |(key, origin): (&Key, Option<usize>)| {
                let Some(before) = origin else {
                    timeline.lives.push(Life::new(key.name()));
                    return timeline.lives.len() - 1;
                };
                lives[before]
            };
            lives = after.keys().iter().zip(origins).map(life).collect();
            keys = after;
        }
    }

    fn date(name: &'static str, days: std::ops::Range<i64>) -> impl Strategy<Value = String> {
        // Few moments, so that some are the same.
        let day = days.prop_map(move |day| format!(", {name}: {}", NOW + day * DAY / 2));
        prop_oneof![2 => Just(String::new()), 3 => day]
    }

    fn entry() -> impl Strategy<Value = String> {
        let material = prop_oneof![
            8 => Just("kty: oct, alg: HS256, k: bm90LWEtc2VjcmV0LW9mLWFueW9uZS1hdC1hbGwhISE"),
            1 => Just("kty: oct, alg: HS512, k: bm90LWEtc2VjcmV0LW9mLWFueW9uZS1hdC1hbGwhISE"),
            1 => Just("kty: RSA, n: uJ, e: AQAB, alg: RS256"),
            1 => Just("kty: oct, alg: HS256"),
        ];
        let kid =
            prop_oneof![8 => (0..40_u32).prop_map(|n| format!(", kid: k{n}")), 1 => Just(String::new())];
        (material, kid, date("iat", -60..0), date("nbf", -20..20), date("exp", -20..40)).prop_map(
            |(material, kid, iat, nbf, exp)| format!("      - {{{material}{kid}{iat}{nbf}{exp}}}\n"),
        )
    }

    proptest! {
        #[test]
        fn what_a_step_is_decided_on_is_enough(entries in prop::collection::vec(entry(), 0..12), days in 1..60_i64) {
            let text = format!("client_auth:\n  audience: [a]\n  jwks:\n    keys:\n{}", entries.concat());
            let text = if entries.is_empty() { "client_auth: {jwks: {keys: []}}".to_owned() } else { text };
            let keys = KeySet::read(&Config::parse_str(&text, Input::Yaml).unwrap());
            let policy = Policy { rotate_every: Seconds::new(10 * DAY), ..Policy::default() };
            let (now, until) = (NumericDate::new(NOW).unwrap(), NumericDate::new(NOW + days * DAY).unwrap());
            match (simulate(&keys, &policy, now, until), step_by_step(&keys, &policy, until)) {
                (Ok(one), Ok(other)) => prop_assert_eq!(one, other, "{}", text),
                (one, other) => prop_assert_eq!(one.err().map(|e| e.to_string()), other.err().map(|e| e.to_string())),
            }
        }
    }
}
