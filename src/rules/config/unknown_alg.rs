//! `unknown-alg`: an algorithm or curve the service doesn't take for this type of key.

use crate::keyset::{Fault, FaultKind, ObstacleKind};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{ERROR, Finding, How, Look, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "unknown-alg",
    finds: "A key's `alg` (or `crv`) is missing where it is needed, or unknown to the service for its `kty`.",
    why: "The service does not start with it. A shared secret needs `HS256`, `HS384` or `HS512`, in capitals, and \
          verifies tokens of that algorithm only.",
    fix: How::Text("Write the `alg` that the backend signs with, such as `alg: 'HS256'`."),
    look: Look::New(look),
    ..ERROR
};

const KNOWN: [&str; 10] =
    ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"];

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    let own = |kind: &ObstacleKind| {
        matches!(
            kind,
            ObstacleKind::Key { fault: Fault { kind: FaultKind::Missing, member: "alg", .. }, .. }
                | ObstacleKind::Key { fault: Fault { kind: FaultKind::UnknownAlg, .. }, .. }
        )
    };
    let faults = super::faults(on, own).into_iter();
    let found = faults.map(|(key, fault, blocks)| {
        let is_shared = on.member(key, "kty").is_some_and(|(_, kty)| kty == Some("oct"));
        let advice = if is_shared { super::Advice::OfRule } else { super::Advice::CopyPublic };
        let fix = super::in_right_case(on, key, fault.member, &KNOWN).filter(|_| fault.member == "alg");
        super::finding(&RULE, on, key, fault, super::Blocks { advice, ..blocks }).fixed_by(fix)
    });
    found.collect()
}
