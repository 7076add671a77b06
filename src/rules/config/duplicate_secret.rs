//! `duplicate-secret`: two keys, one secret.

use std::collections::HashMap;

use crate::base::sentence::{Sentence, sentence};
use crate::keyset::constant_time_eq;
use crate::rules::inspected::{Inspected, name_beside};
use crate::rules::rule::{About, Finding, How, Look, Rule, Violation, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "duplicate-secret",
    finds: "Two keys have the same secret.",
    why: "Whoever has the secret of one has both, so removing one takes it from nobody: a rotation that copies the secret \
          is none. HMAC pads secrets with zero bytes, so two that differ only in zero bytes at the end are the same.",
    fix: How::Named(|tool, _| sentence!("Replace one of them: `{tool} rotate` makes a fresh secret.")),
    look: Look::Config(look),
    ..WARNING
};

struct Copied {
    name: String,
    other: String,
    line: usize,
    exact: bool,
}

impl Violation for Copied {
    fn message(&self, _: &About) -> Sentence {
        let Self { name, other, line, exact } = self;
        let how = if *exact { "" } else { ", except for zero bytes at the end, which HMAC adds anyway" };
        sentence!("{name} has the same secret as {other} (line {line}){how}: whoever has one has both")
    }
}

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    let mut first_with = HashMap::new();
    let mut found = Vec::new();
    for key in on.keys.keys() {
        // An empty secret is worse than a duplicate one: `empty-secret`.
        let Some(secret) = key.secret().filter(|secret| !secret.bytes().is_empty()) else { continue };
        let first = *first_with.entry(secret.fingerprint()).or_insert(key);
        // `same-variable`
        let same_variable = key.variable().is_some() && key.variable() == first.variable();
        if first.index != key.index && !same_variable {
            let (name, other) = (name_beside(key, first), name_beside(first, key));
            let exact = first.secret().is_some_and(|first| constant_time_eq(first.bytes(), secret.bytes()));
            let cause = Copied { name, other, line: first.line, exact };
            found.push(Finding::new(&RULE, on.place_of(key, "k"), cause).of(key));
        }
    }
    found
}
