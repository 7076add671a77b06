//! `non-string-member`: a number, `true` or nothing where text belongs.

use super::blocking;
use crate::keyset::FaultKind;
use crate::rules::inspected::Inspected;
use crate::rules::rule::{ERROR, Finding, How, Look, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "non-string-member",
    finds: "A key's member is a number, true, false, empty, a list or a mapping, and must be text.",
    why: "The service reads YAML 1.2: an unquoted `kid: 123` or `1e3` is a number, `true` a boolean, `~` and nothing are \
          null. It does not start with such a key, and doesn't say which one it is.",
    fix: How::Text(
        "Put the value in quotes: `kid: '123'`. Leave out an optional member that should be empty.",
    ),
    look: Look::New(look),
    ..ERROR
};

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    blocking::faults(&RULE, on, FaultKind::NotText)
}
