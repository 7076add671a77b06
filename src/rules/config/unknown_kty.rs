//! `unknown-kty`: a type of key the service doesn't know.

use super::blocking;
use crate::keyset::ObstacleKind;
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
    blocking::findings(
        &RULE,
        on,
        |kind| matches!(kind, ObstacleKind::Key { fault, .. } if fault.is_about_kty()),
    )
}
