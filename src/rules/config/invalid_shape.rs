//! `invalid-shape`: a member that isn't of the type the service needs there.

use super::blocking;
use crate::keyset::{FaultKind, ObstacleKind};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{ERROR, Finding, How, Look, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "invalid-shape",
    finds: "A member isn't of the type the service needs there, or one it needs is missing.",
    why: "The service compares the whole config with its schema at start and exits with code 150 where it differs. \
          Members it doesn't know are accepted and ignored, at any level.",
    fix: How::Text(
        "Write what the message asks for, or leave the member out where the service doesn't need it. A name without a \
             value is `null`, which is none of these.",
    ),
    look: Look::New(look),
    ..ERROR
};

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    blocking::findings(&RULE, on, |kind| match kind {
        ObstacleKind::Member { .. } => true,
        ObstacleKind::Key { fault, .. } => fault.kind == FaultKind::NotAMapping,
        _ => false,
    })
}
