//! A model of the schedule, explored until no new state is left: `docs/schedule.md` says what is in it, and what isn't.
//!
//! Its decisions are those of the program. The small settings run with the other tests; `just model` runs the big ones.

#![allow(
    clippy::all,
    clippy::pedantic,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    missing_docs,
    reason = "a test"
)]

mod arithmetic;
mod decide;
mod fold;
mod mutants;
mod setting;
mod world;

use std::collections::HashSet;

use decide::{Decisions, Entry};
use fold::fold;
use setting::{Feature, Setting};
use stateright::{Checker, HasDiscoveries, Model, Property};
use world::{State, Step};

/// A setting, explored.
struct Schedule {
    setting: Setting,
    decisions: Decisions,
}

const REJECTED: &str = "no valid token is rejected";
const LEFT: &str = "nothing removable is left where nothing is due, and some key signs";

impl Schedule {
    fn new(setting: Setting) -> Self {
        Self { decisions: Decisions::new(&setting), setting }
    }

    /// A key of unknown age, and one that is on its way out although it is the current one.
    fn starts(&self) -> [State; 2] {
        let key = |exp| Entry { id: 0, iat: self.setting.long_ago(), nbf: None, exp };
        [None, Some(decide::TICK)].map(|exp| State::start(&self.setting, vec![key(exp)]))
    }

    fn unfolded(&self, state: &State) -> Vec<State> {
        let steps = state.steps(&self.setting);
        steps.into_iter().filter_map(|step| state.after(step, &self.setting, &self.decisions)).collect()
    }
}

impl Model for Schedule {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        self.starts().map(|state| fold(state, &self.setting)).to_vec()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Step>) {
        actions.extend(state.steps(&self.setting));
    }

    fn next_state(&self, state: &State, step: Step) -> Option<State> {
        state.after(step, &self.setting, &self.decisions).map(|next| fold(next, &self.setting))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(REJECTED, |_, state: &State| !state.rejects()),
            Property::always(LEFT, |_, state: &State| state.wrong.is_none()),
            // A model in which nothing happens would be safe.
            Property::sometimes("a key is retired", |_, state: &State| {
                state.file[1..].iter().any(|key| key.exp.is_some())
            }),
            Property::sometimes("two keys sign", |_, state: &State| state.tokens.len() > 1),
        ]
    }
}

/// Explores all of it. Gives the number of states.
fn explore(name: &str, setting: Setting) -> usize {
    let checker = Schedule::new(setting).checker().threads(2).spawn_bfs().join();
    checker.assert_properties();
    let states = checker.unique_state_count();
    println!("{name}: {states} states, the longest way to one {} steps", checker.max_depth());
    states
}

/// The first fault that is found, and after how many ticks.
fn fault(setting: Setting) -> Option<(&'static str, usize)> {
    let failures = HasDiscoveries::AnyFailures;
    let checker = Schedule::new(setting).checker().threads(2).finish_when(failures).spawn_bfs().join();
    [REJECTED, LEFT].into_iter().find_map(|name| {
        let steps = checker.discovery(name)?.into_actions();
        Some((name, steps.iter().filter(|step| **step == Step::Tick).count()))
    })
}

const SMALL: Setting = Setting::SMALL;

#[test]
fn the_schedule_is_safe_by_every_clock() {
    for runs_differ in [0, 5] {
        explore(&format!("runs {runs_differ} ticks apart"), Setting { runs_differ, ..SMALL });
    }
}

#[test]
#[ignore = "takes minutes"]
fn two_replicas_and_two_backends_are_safe() {
    explore("two of each", Setting { replicas: 2, backends: 2, ..SMALL });
}

#[test]
fn late_merges_are_safe() {
    explore("late merges", Setting { features: &[Feature::LateMerges], ..SMALL });
}

#[test]
fn replicas_that_are_asked_may_restart_whenever_they_do() {
    explore("asked", Setting { features: &[Feature::Asked], replicas: 2, ..SMALL });
}

#[test]
#[ignore = "takes minutes"]
fn rotation_in_one_step_is_safe_where_backends_wait() {
    explore("one step", Setting { features: &[Feature::OneStep], ..SMALL });
}

#[test]
#[ignore = "takes minutes"]
fn rollback_is_safe() {
    explore("rollback", Setting { features: &[Feature::Rollback], ..SMALL });
}

#[test]
fn a_run_may_die_between_its_writes() {
    explore("crash", Setting { features: &[Feature::Crash, Feature::LateMerges], ..SMALL });
}

#[test]
fn folding_time_changes_no_future() {
    folds_to_the_same(Setting { features: &[Feature::Rollback, Feature::OneStep], ..SMALL });
}

#[test]
#[ignore = "takes minutes"]
fn folding_time_changes_no_future_of_other_settings() {
    folds_to_the_same(Setting { features: &[Feature::LateMerges, Feature::ByHand], replicas: 2, ..SMALL });
    folds_to_the_same(Setting { features: &[Feature::Asked, Feature::Crash], ..SMALL });
}

/// What is reached after so many steps is the same, with time folded and without.
fn folds_to_the_same(setting: Setting) {
    let model = Schedule::new(setting);
    let folds = |states: &HashSet<State>| -> HashSet<State> {
        states.iter().map(|state| fold(state.clone(), &model.setting)).collect()
    };
    let mut unfolded: HashSet<State> = model.starts().into_iter().collect();
    let mut folded = folds(&unfolded);
    for depth in 1.. {
        unfolded = unfolded.iter().flat_map(|state| model.unfolded(state)).collect();
        let next: HashSet<State> = folded.iter().flat_map(|state| model.unfolded(state)).collect();
        folded = folds(&next);
        let truly = folds(&unfolded);
        let difference = truly.symmetric_difference(&folded).next();
        assert!(difference.is_none(), "after {depth} steps of {:?}: {difference:?}", model.setting);
        if unfolded.len() > 3_000 {
            println!("{depth} steps, {} states unfolded, {} folded", unfolded.len(), folded.len());
            break;
        }
    }
}

/// On demand: `just model`.
#[test]
#[ignore = "takes minutes"]
fn bigger_settings_are_safe() {
    let bigger = Setting { deploy: 2, rollout: 2, ttl: 2, ..SMALL };
    explore("bigger", bigger.clone());
    explore("a long standby", Setting { standby: Some(3), ..bigger.clone() });
    explore("kept longer", Setting { keep_retired: 2, ..bigger.clone() });
    explore("two replicas and backends", Setting { replicas: 2, backends: 2, ..bigger.clone() });
    for features in [
        &[Feature::LateMerges, Feature::Rollback] as &[_],
        &[Feature::Asked, Feature::Rollback],
        &[Feature::OneStep, Feature::Rollback],
        &[Feature::Crash, Feature::LateMerges],
        &[Feature::ByHand],
    ] {
        for runs_differ in [0, 3, 5] {
            let setting = Setting { features, runs_differ, ..SMALL };
            explore(&format!("{features:?}, runs {runs_differ} apart"), setting);
        }
    }
}
