//! `missing-member`: an entry without a member its type needs.

use super::blocking;
use crate::keyset::{FaultKind, ObstacleKind};
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
    blocking::findings(&RULE, on, |kind| {
        matches!(kind, ObstacleKind::Key { fault, .. }
            if fault.kind == FaultKind::Missing && !fault.is_about_alg() && !fault.is_about_kty())
    })
}
