//! `unknown-kty`: a type of key the service doesn't know.

use crate::keyset::{Fault, FaultKind, ObstacleKind};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{ERROR, Finding, How, Look, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "unknown-kty",
    finds: "A key's `kty` is missing, or unknown to the service.",
    why: "The service knows `oct`, `RSA`, `EC` and `OKP`; upper and lower case count (RFC 7518, section 6.1). It does \
          not start with anything else.",
    fix: How::Text("Write `kty: oct` for a shared secret."),
    look: Look::New(look),
    ..ERROR
};

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    let own = |kind: &ObstacleKind| {
        matches!(
            kind,
            ObstacleKind::Key { fault: Fault { kind: FaultKind::Missing, member: "kty", .. }, .. }
                | ObstacleKind::Key { fault: Fault { kind: FaultKind::UnknownKty, .. }, .. }
        )
    };
    let faults = super::faults(on, own).into_iter();
    let found = faults.map(|(key, fault, blocks)| {
        let fix = super::in_right_case(on, key, "kty", &["oct", "RSA", "EC", "OKP"]);
        super::finding(&RULE, on, key, fault, blocks).fixed_by(fix)
    });
    found.collect()
}
