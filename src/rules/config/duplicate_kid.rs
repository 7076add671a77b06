//! `duplicate-kid`: a key that stands behind another of the same name.

use std::collections::HashMap;

use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "duplicate-kid",
    severity: Severity::Error,
    pedantic: false,
    finds: "Two keys have the same `kid`.",
    why: "The service takes the first in the file and never tries the second: tokens signed with the second are rejected \
          (`PSYNC_S2101`, signature verification failed).",
    mend: "Give each key a kid of its own. Tokens carry the kid, so change it in the backend, too; or remove the second, \
           which verifies nothing.",
    look: Look::New(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let mut first_of = HashMap::new();
    let mut found = Vec::new();
    for key in subject.keys.keys() {
        let Some(kid) = key.kid.value() else { continue };
        let first = *first_of.entry(kid).or_insert(key);
        if first.index != key.index {
            let message = format!(
                "@{} never verifies a token: @{} before it (line {}) has the same kid, {kid}",
                key.number(),
                first.number(),
                first.line
            );
            found.push(Found::new(subject.place(key), message).of(key));
        }
    }
    found
}
