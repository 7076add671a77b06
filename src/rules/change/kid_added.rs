//! `kid-added`: a wildcard got a kid.

use crate::base::sentence::{Sentence, sentence};
use crate::rules::comparison::ConfigDiff;
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule, Violation};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "kid-added",
    finds: "A key without kid got one.",
    why: "Without a kid the key verified tokens of any kid, and those without one. With a kid it verifies only tokens that \
          carry it; the others are rejected after the next restart.",
    fix: How::Named(|tool, _| {
        sentence!(
            "Leave the key without kid, and put one with a kid in its place: `{tool} rotate` retires the old one."
        )
    }),
    look: Look::Change(look),
    ..ERROR
};

struct KidAdded {
    /// The key as it was named before.
    before: String,
}

impl Violation for KidAdded {
    fn message(&self, key: &About) -> Sentence {
        sentence!(
            "the key without a kid ({} before) is {key} now: tokens that don't carry this kid are rejected after the next \
             restart",
            self.before
        )
    }
}

fn look(comparison: &ConfigDiff<'_>) -> Vec<Finding> {
    let wildcards = comparison.removed().filter(|key| key.is_wildcard() && comparison.had_tokens(key));
    let lost = wildcards.filter(|key| comparison.still_verified(key) != Some(true));
    let found = lost.filter_map(|key| {
        let successor = comparison.successor(key)?;
        let place = comparison.new.place(successor);
        Some(Finding::new(&RULE, place, KidAdded { before: key.name() }).of(successor))
    });
    found.collect()
}
