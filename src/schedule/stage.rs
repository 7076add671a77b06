//! The keys of a schedule that is looked ahead on: which of them the next step can be about.
//!
//! A step is decided by the current key, the first one that waits and those that go first. The decision is made on these
//! alone, so that many keys with many steps don't take each other's time.

use std::collections::{BTreeSet, HashSet};

use super::reconcile::{Action, Due};
use super::waiting::never_promoted;
use crate::base::time::NumericDate;
use crate::keyset::{Key, KeySet, Kid, Phase, State};

/// A key on its way through the schedule.
struct Actor {
    key: Key,
    /// Its place among the others, as it moves.
    place: i64,
    /// From when on its life isn't written down yet.
    since: NumericDate,
    /// Whether its kid is duplicated: then it is neither promoted nor removed.
    is_shared: bool,
    /// Whether it was removed.
    is_gone: bool,
}

/// When a key's turn comes, its place among those of the same moment, and its number on the stage.
type Turn = (NumericDate, i64, usize);

/// All keys, numbered in the order in which they appear.
pub(super) struct Stage {
    /// What is known beside the keys.
    around: KeySet,
    actors: Vec<Actor>,
    /// The places before and behind which the next ones are.
    first: i64,
    last: i64,
    current: Option<usize>,
    /// Those that wait to be promoted.
    waiting: BTreeSet<Turn>,
    /// Those that go once their `exp` has come.
    leaving: BTreeSet<Turn>,
    /// Where no key is current: one that verifies tokens, and stays whatever goes.
    staying: Option<usize>,
    /// The kids of all keys that are there.
    kids: HashSet<Kid>,
}

/// The keys that a step is decided on, and their numbers on the stage.
pub(super) struct Scene {
    pub(super) keys: KeySet,
    pub(super) numbers: Vec<usize>,
}

/// A key's state over a stretch of time.
pub(super) struct Stretch {
    pub(super) number: usize,
    pub(super) state: State,
    pub(super) from: NumericDate,
    pub(super) until: NumericDate,
}

impl Stage {
    /// All keys, and a first scene of them all: what can't be decided is found there.
    pub(super) fn new(keys: &KeySet, now: NumericDate) -> (Self, Scene) {
        let actor = |key: &Key| Actor {
            key: key.clone(),
            place: i64::try_from(key.index).unwrap_or(i64::MAX),
            since: now,
            is_shared: keys.shares_kid(key),
            is_gone: false,
        };
        let mut stage = Self {
            around: keys.for_schedule(),
            actors: keys.keys().iter().map(actor).collect(),
            first: 0,
            last: i64::try_from(keys.keys().len()).unwrap_or(i64::MAX),
            current: keys.current().ok().flatten().map(|key| key.index),
            waiting: BTreeSet::new(),
            leaving: BTreeSet::new(),
            staying: None,
            kids: keys.keys().iter().filter_map(|key| key.kid.value().cloned()).collect(),
        };
        let numbers: Vec<usize> = (0..stage.actors.len()).collect();
        for number in &numbers {
            stage.enter(*number, now);
        }
        let has_no_turn = |number: &usize| stage.turn(*number, now).is_none();
        let verifies = |number: &usize| stage.actors[*number].key.phase(now).verifies();
        let stays = |number: &usize| stage.current.is_none() && has_no_turn(number) && verifies(number);
        stage.staying = numbers.iter().copied().find(stays);
        let scene = stage.scene(numbers);
        (stage, scene)
    }

    /// Whether a key that is there has this kid.
    pub(super) fn is_named(&self, kid: &Kid) -> bool {
        self.kids.contains(kid)
    }

    /// Among which keys its turn comes, and when, if it does.
    fn turn(&self, number: usize, now: NumericDate) -> Option<(bool, Turn)> {
        let Actor { key, place, is_shared, .. } = &self.actors[number];
        match key.phase(now) {
            _ if *is_shared || self.current == Some(number) => None,
            Phase::Standby { nbf } => Some((true, (nbf, *place, number))),
            Phase::Retiring { exp } | Phase::Removable { exp } => Some((false, (exp, *place, number))),
            Phase::Accepted | Phase::Unknown | Phase::Unusable => None,
        }
    }

    fn enter(&mut self, number: usize, now: NumericDate) {
        match self.turn(number, now) {
            Some((true, turn)) => _ = self.waiting.insert(turn),
            Some((false, turn)) => _ = self.leaving.insert(turn),
            None => {}
        }
    }

    fn leave(&mut self, number: usize, now: NumericDate) {
        match self.turn(number, now) {
            Some((true, turn)) => _ = self.waiting.remove(&turn),
            Some((false, turn)) => _ = self.leaving.remove(&turn),
            None => {}
        }
    }

    fn scene(&self, mut numbers: Vec<usize>) -> Scene {
        numbers.sort_by_key(|number| self.actors[*number].place);
        numbers.dedup();
        let keys = numbers.iter().map(|number| self.actors[*number].key.clone()).collect();
        Scene { keys: self.around.with_keys(keys), numbers }
    }

    /// The keys that the next step is decided on.
    pub(super) fn next_scene(&mut self) -> Scene {
        loop {
            let waiting = self.waiting.first().map(|turn| turn.2);
            let ends = [self.leaving.first(), self.leaving.last()].into_iter().flatten().map(|turn| turn.2);
            let scene = self.scene(ends.chain(self.current).chain(waiting).chain(self.staying).collect());
            let key = |number: usize| {
                scene.numbers.iter().position(|other| *other == number).map(|at| &scene.keys.keys()[at])
            };
            let stuck = waiting
                .and_then(key)
                .zip(self.current.and_then(key))
                .is_some_and(|(key, current)| never_promoted(&scene.keys, key, current).is_some());
            if !stuck {
                return scene;
            }
            // It never gets newer.
            self.waiting.pop_first();
        }
    }

    /// The same keys, and where some go, all that go.
    pub(super) fn widened(&self, scene: Scene, due: &Due, at: NumericDate) -> Scene {
        if due.action != Action::Prune {
            return scene;
        }
        let gone = self.leaving.iter().take_while(|turn| turn.0 <= at).map(|turn| turn.2);
        self.scene(scene.numbers.iter().copied().chain(gone).collect())
    }

    /// What the keys of a scene were until this moment.
    pub(super) fn record(&mut self, numbers: &[usize], until: NumericDate) -> Vec<Stretch> {
        let mut all = Vec::new();
        for number in numbers {
            let is_current = self.current == Some(*number);
            let Actor { key, since, .. } = &mut self.actors[*number];
            // A retiring key that nothing removes becomes removable on the way.
            let turns = key.exp.value().copied().filter(|exp| *since < *exp && *exp < until).unwrap_or(until);
            for (from, until) in [(*since, turns), (turns, until)] {
                let state = self.around.state_of(key, is_current.then_some(&*key), from);
                all.extend((from < until).then_some(Stretch { number: *number, state, from, until }));
            }
            *since = until;
        }
        all
    }

    /// What all keys that are left were until this moment.
    pub(super) fn record_all(&mut self, until: NumericDate) -> Vec<Stretch> {
        let left: Vec<usize> =
            (0..self.actors.len()).filter(|number| !self.actors[*number].is_gone).collect();
        self.record(&left, until)
    }

    /// Takes over what became of a scene: its keys after a step, each with where it was. Gives the keys that are new.
    pub(super) fn follow(
        &mut self,
        scene: &Scene,
        (after, origins): (&KeySet, &[Option<usize>]),
        now: NumericDate,
    ) -> Vec<&Key> {
        for number in &scene.numbers {
            self.leave(*number, now);
            self.actors[*number].is_gone = true;
        }
        let old = self.actors.len();
        let mut numbers = Vec::with_capacity(origins.len());
        for (key, origin) in after.keys().iter().zip(origins) {
            let number = origin.map_or(self.actors.len(), |at| scene.numbers[at]);
            if origin.is_none() {
                self.last += 1;
                self.kids.extend(key.kid.value().cloned());
                let place = self.last;
                self.actors.push(Actor {
                    key: key.clone(),
                    place,
                    since: now,
                    is_shared: false,
                    is_gone: false,
                });
            }
            let actor = &mut self.actors[number];
            (actor.key, actor.is_gone) = (key.clone(), false);
            numbers.push(number);
        }
        for number in scene.numbers.iter().filter(|number| self.actors[**number].is_gone) {
            if let Some(kid) = self.actors[*number].key.kid.value() {
                self.kids.remove(kid);
            }
        }
        // What was promoted stands before all others.
        if let [promoted, next, ..] = numbers[..]
            && self.actors[promoted].place > self.actors[next].place
        {
            self.first -= 1;
            self.actors[promoted].place = self.first;
        }
        self.current = after.current().ok().flatten().map(|key| numbers[key.index]);
        for number in numbers {
            self.enter(number, now);
        }
        self.actors[old..].iter().map(|actor| &actor.key).collect()
    }
}
