//! `duplicate-kid`: a key behind another of the same name.

use std::collections::HashMap;

use crate::base::sentence::{Sentence, sentence};
use crate::explain::{Harm, LockOut, Whose};
use crate::keyset::Kid;
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule, Violation};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "duplicate-kid",
    finds: "Two keys have the same `kid`.",
    why: "The service takes the first in the file and never tries the second: tokens signed with the second are rejected \
          (`PSYNC_S2101`, signature verification failed).",
    fix: How::Text(
        "Give each key a kid of its own. Tokens carry the kid, so change it in the backend, too; or remove the second \
             key, which verifies nothing.",
    ),
    look: Look::New(look),
    ..ERROR
};

struct Shadowed {
    number: usize,
    first: usize,
    line: usize,
    kid: Kid,
}

impl Violation for Shadowed {
    fn message(&self, _: &About) -> Sentence {
        let Self { number, first, line, kid } = self;
        sentence!(
            "@{number} never verifies a token: @{first} before it (line {line}) has the same kid, {kid}, and the service \
             takes the first"
        )
    }
}

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    let mut first_of = HashMap::new();
    let mut found = Vec::new();
    for key in on.keys.keys() {
        let Some(kid) = key.kid.value() else { continue };
        let first = *first_of.entry(kid).or_insert(key);
        if first.index != key.index {
            let (number, line, kid) = (key.number(), first.line, kid.clone());
            let cause = Shadowed { number, first: first.number(), line, kid };
            let whose = Whose::Keys(vec![format!("{} (the second of that kid)", key.in_words())]);
            let harm = Harm::LocksOut(LockOut::now(whose));
            found.push(Finding::new(&RULE, on.place(key), cause).of(key).means(harm));
        }
    }
    found
}
