//! `kid-added`: a wildcard got a kid.

use crate::base::sentence::{Sentence, sentence};
use crate::explain::{Cure, Harm, LockOut, Whose};
use crate::keyset::KeyRef;
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
    before: KeyRef,
}

impl Violation for KidAdded {
    fn message(&self, key: &About) -> Sentence {
        sentence!(
            "{}, which accepted tokens with any kid, has the kid {key} now: tokens that don't carry it are rejected \
             after the next restart",
            self.before.in_words()
        )
    }
}

fn look(comparison: &ConfigDiff<'_>) -> Vec<Finding> {
    let wildcards = comparison.removed().filter(|key| key.is_wildcard() && comparison.had_tokens(key));
    let lost = wildcards.filter(|key| comparison.still_verified(key) != Some(true));
    let found = lost.filter_map(|key| {
        let successor = comparison.successor(key)?;
        let place = comparison.new.place(successor);
        let lock_out = comparison.lock_out(Whose::Keys(vec![key.in_words()]));
        let logins = Some(Cure::SendsKid(successor.in_words()));
        let harm = Harm::LocksOut(LockOut { logins, ..lock_out });
        let cause = KidAdded { before: key.reference() };
        Some(Finding::new(&RULE, place, cause).of(successor).means(harm))
    });
    found.collect()
}
