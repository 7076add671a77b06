//! `missing-member`: an entry without a member its type needs.

use crate::keyset::FaultKind;
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "missing-member",
    severity: Severity::Error,
    pedantic: false,
    finds: "A key lacks a member that its type needs, or its secret is empty text.",
    why: "One bad key stops the whole service from starting (exit 150), and its message names neither the key nor its \
          place. `oct` needs `alg` and `k`; `RSA` needs `kid`, `n` and `e`; `EC` needs `alg`, `crv`, `x` and `y`; `OKP` \
          needs `alg`, `crv` and `x`.",
    mend: "Add the member, or remove the key.",
    look: Look::Start(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    super::faults(subject, FaultKind::Missing)
        // A missing `alg` is a matter of `unknown-alg`, which names the choices.
        .filter(|(_, fault)| fault.member != "alg" && fault.member != "kty")
        .map(|(key, fault)| super::fault_found(subject, key, fault))
        .collect()
}
