//! `unknown-alg`: an algorithm or curve the service doesn't take for this type of key.

use super::blocking;
use crate::keyset::ObstacleKind;
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

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    blocking::findings(
        &RULE,
        on,
        |kind| matches!(kind, ObstacleKind::Key { fault, .. } if fault.is_about_alg()),
    )
}
