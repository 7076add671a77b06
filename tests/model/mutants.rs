//! Every constant and every comparison of the decisions, broken: what the model finds, and what makes no difference.

use crate::setting::{Feature, Mutant, Setting};
use crate::{SMALL, fault};

/// Each with what else has to happen for it to matter.
const FOUND: &[(Mutant, &[Feature])] = &[
    (Mutant::LateReplica, &[]),
    (Mutant::LateBackend, &[]),
    (Mutant::LongToken, &[]),
    (Mutant::ShortDeploy, &[]),
    (Mutant::ShortRollout, &[]),
    (Mutant::ShortTokenTtl, &[]),
    (Mutant::NoTolerance, &[]),
    (Mutant::ShortOverlapSkew, &[]),
    (Mutant::ShortStandby, &[]),
    (Mutant::ShortStandbySkew, &[]),
    (Mutant::CountedFromPlan, &[]),
    (Mutant::KeepsOwnExp, &[]),
    (Mutant::ShortRollback, &[Feature::Rollback]),
    (Mutant::PromotesEarly, &[]),
    (Mutant::PrunesEarly, &[]),
    (Mutant::PrunesLate, &[]),
    (Mutant::OneStep, &[]),
    (Mutant::PrunesCurrent, &[]),
    (Mutant::RollbackRemoves, &[Feature::Rollback]),
    (Mutant::RollbackTooNew, &[Feature::Rollback, Feature::OneStep]),
    (Mutant::NotAsked, &[Feature::Asked]),
    (Mutant::OneNotAsked, &[Feature::Asked]),
    (Mutant::FileBeforeValues, &[Feature::Crash]),
];

/// Each with why it makes no difference.
const EQUAL: &[(Mutant, &[Feature], &str)] = &[
    (Mutant::PromotesLate, &[], "a run that is missed does the same"),
    (Mutant::RotatesEarly, &[], "when a rotation starts matters to nobody's tokens"),
    (Mutant::RotatesLate, &[], "likewise"),
    (Mutant::AnyIsNewer, &[], "a key is only added behind a current one that is older"),
    (Mutant::NoClockGuard, &[], "clocks that differ by more than is assumed are what it guards against"),
];

fn setting(mutant: Mutant, features: &'static [Feature]) -> Setting {
    Setting { mutant, features, replicas: if mutant == Mutant::OneNotAsked { 2 } else { 1 }, ..SMALL }
}

#[test]
#[ignore = "takes minutes"]
fn every_mutant_that_matters_is_found() {
    for (mutant, features) in FOUND {
        let Some((property, ticks)) = fault(setting(*mutant, features)) else {
            panic!("{mutant:?} is not found")
        };
        println!("{mutant:?} after {ticks} ticks: not so: {property}");
    }
}

#[test]
#[ignore = "takes minutes"]
fn the_others_make_no_difference() {
    for (mutant, features, why) in EQUAL {
        assert!(fault(setting(*mutant, features)).is_none(), "{mutant:?} makes a difference, although {why}");
    }
}

/// A replica that is a tick late is found where runs' clocks differ by all that is allowed; by less, it takes as many more.
#[test]
fn how_late_a_replica_may_be_is_what_clocks_leave() {
    for runs_differ in 0..=5 {
        let is_found = fault(Setting { runs_differ, ..setting(Mutant::LateReplica, &[]) }).is_some();
        assert_eq!(is_found, runs_differ == 5, "runs {runs_differ} apart");
    }
}
