//! `env-name`: a variable the service refuses to look up.

use super::blocking;
use crate::keyset::ObstacleKind;
use crate::rules::inspected::Inspected;
use crate::rules::rule::{ERROR, Finding, How, Look, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "env-name",
    finds: "A variable behind `!env` has a name or a cast that the service refuses, or a value that can't be cast.",
    why: "The name must begin with `PS_`; `::number` or `::boolean` may follow it. The service does not start with \
          anything else, even in a field that nobody uses.",
    fix: How::Text(
        "Give the variable a name that begins with `PS_`, here and where it is set. Where another program renders this file \
         first, check what it renders to: `powersync-jwks check -`.",
    ),
    look: Look::New(look),
    ..ERROR
};

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    blocking::findings(&RULE, on, |kind| {
        !matches!(kind, ObstacleKind::Key { .. } | ObstacleKind::Member { .. })
    })
}
