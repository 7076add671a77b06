//! How long things take, who takes part, and what is broken on purpose. All spans in ticks.

use crate::decide::{Operation, TICK};
use powersync_jwks::schedule::Policy;
use powersync_jwks::time::Seconds;

// The model shares no number with the code that it checks.
const TOLERANCE: i32 = 1;
const CLOCK_SKEW: i32 = 5;
const MOST_VERSIONS: usize = 2;
const MOST_TURNS: usize = 2;

/// What else may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// What is written is merged later, within the time to deploy.
    LateMerges,
    /// Replicas restart whenever they do, and are asked.
    Asked,
    /// `rotate` in one step.
    OneStep,
    Rollback,
    /// `add`, a later `exp`, `retire --undo`.
    ByHand,
    /// Secrets are behind variables, and a run may die between its writes.
    Crash,
}

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    None,
    // Of the promises.
    LateReplica,
    LateBackend,
    LongToken,
    // Of the sums.
    ShortDeploy,
    ShortRollout,
    ShortTokenTtl,
    NoTolerance,
    ShortOverlapSkew,
    ShortStandby,
    ShortStandbySkew,
    CountedFromPlan,
    KeepsOwnExp,
    ShortRollback,
    // Of the comparisons.
    PromotesEarly,
    PromotesLate,
    PrunesEarly,
    PrunesLate,
    RotatesEarly,
    RotatesLate,
    AnyIsNewer,
    NoClockGuard,
    // Of the choices.
    OneStep,
    PrunesCurrent,
    RollbackRemoves,
    RollbackTooNew,
    NotAsked,
    OneNotAsked,
    FileBeforeValues,
}

/// One model.
#[derive(Clone, Debug)]
pub struct Setting {
    pub deploy: i32,
    pub rollout: i32,
    pub ttl: i32,
    pub standby: Option<i32>,
    pub keep_retired: i32,
    pub replicas: usize,
    pub backends: usize,
    /// How far the clock of a run may be ahead of another's. What is left of the allowed difference is between backends and
    /// replicas.
    pub runs_differ: i32,
    pub features: &'static [Feature],
    pub mutant: Mutant,
}

impl Setting {
    pub const SMALL: Self = Self {
        deploy: 1,
        rollout: 1,
        ttl: 1,
        standby: None,
        keep_retired: 0,
        replicas: 1,
        backends: 1,
        runs_differ: CLOCK_SKEW,
        features: &[],
        mutant: Mutant::None,
    };

    pub fn has(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }

    fn more_if(&self, mutant: Mutant) -> i32 {
        i32::from(self.mutant == mutant)
    }

    pub fn restart_within(&self) -> u8 {
        (self.deploy + self.more_if(Mutant::LateReplica)) as u8
    }

    pub fn switch_within(&self) -> u8 {
        (self.deploy + self.rollout + self.more_if(Mutant::LateBackend)) as u8
    }

    /// For how many ticks a token that is signed now is accepted, by a backend and a replica whose clocks differ.
    pub fn token_left(&self) -> u8 {
        (self.ttl + self.more_if(Mutant::LongToken) + TOLERANCE + CLOCK_SKEW - self.runs_differ) as u8
    }

    /// Up to then, only the order of dates matters: a key that old is due to be replaced by any clock.
    pub fn long_ago(&self) -> i32 {
        -(self.rotate_every() + self.more_if(Mutant::RotatesLate)) * TICK
    }

    /// Whether a retiring key may become the current one again.
    pub fn comes_back(&self) -> bool {
        self.has(Feature::Rollback) || self.has(Feature::ByHand)
    }

    fn stay(&self) -> i32 {
        self.deploy + self.rollout + self.ttl + TOLERANCE + CLOCK_SKEW + self.keep_retired
    }

    fn rotate_every(&self) -> i32 {
        self.stay().max(self.standby.unwrap_or(self.deploy) + CLOCK_SKEW + 1)
    }

    pub fn policy(&self) -> Policy {
        let span = |ticks: i32| Seconds::new(i64::from(ticks * TICK));
        let policy = Policy {
            rotate_every: span(self.rotate_every()),
            standby: self.standby.map(span),
            deploy_within: span(self.deploy),
            rollout: span(self.rollout),
            token_ttl: span(self.ttl),
            keep_retired: span(self.keep_retired),
            ..Policy::default()
        };
        policy.check().unwrap();
        policy
    }

    /// What runs there are. People take only so many steps while replicas or backends have some to follow.
    pub fn operations(&self, keys: usize, (versions, turns): (usize, usize)) -> Vec<Operation> {
        let mut all = vec![Operation::Reconcile];
        if versions > MOST_VERSIONS || turns > MOST_TURNS {
            return all;
        }
        if self.has(Feature::OneStep) && keys < 4 {
            all.push(Operation::Rotate);
        }
        if self.has(Feature::Rollback) {
            all.push(Operation::Rollback);
        }
        if self.has(Feature::ByHand) {
            all.extend((0..keys as u8).map(Operation::LaterExp));
            if keys < 3 {
                all.extend((0..keys as u8).map(Operation::Undo).chain([Operation::Add]));
            }
        }
        all
    }
}
