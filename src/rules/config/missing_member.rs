//! `missing-member`: an entry without a member its type needs.

use crate::keyset::{Fault, FaultKind, ObstacleKind};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{ERROR, Finding, How, Look, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "missing-member",
    finds: "A key lacks a member that its type needs, or its secret is empty text.",
    why: "One bad key stops the whole service from starting (exit 150), and its message names neither the key nor its \
          place. `oct` needs `alg` and `k`; `RSA` needs `kid`, `n` and `e`; `EC` needs `alg`, `crv`, `x` and `y`; `OKP` \
          needs `alg`, `crv` and `x`.",
    fix: How::Text("Add the member, or remove the key."),
    look: Look::New(look),
    ..ERROR
};

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    super::findings(&RULE, on, |kind| {
        // `unknown-alg` and `unknown-kty` name the choices.
        matches!(kind, ObstacleKind::Key { fault: Fault { kind: FaultKind::Missing, member, .. }, .. }
            if !["alg", "kty"].contains(member))
    })
}
