//! `same-variable`: two kids, one secret, because both are read from one variable.

use std::collections::HashMap;

use crate::base::sentence::{Sentence, sentence};
use crate::explain::{Cure, Harm, LockOut, Way, Whose};
use crate::rules::comparison::ConfigDiff;
use crate::rules::inspected::{Inspected, name_beside};
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule, Violation};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "same-variable",
    finds: "Two keys read their secret from one variable, or a new kid reads its secret from an old kid's variable.",
    why: "A rotation that changes only the kid changes no secret: whoever had the old one has the new one. And if the \
          variable gets another value, tokens under the old kid are rejected after the next restart.",
    fix: How::Text(
        "Give the new key a variable of its own, such as `!env PS_JWKS_KEY_2`, and leave the old one as it is until its \
             key is gone.",
    ),
    look: Look::Both(look, look_at_change),
    ..ERROR
};

enum OneVariable {
    /// Of two keys in one file.
    Shared { name: String, other: String, variable: String },
    /// Of a key and the one it replaces.
    Taken { old: String, variable: String },
}

impl Violation for OneVariable {
    fn message(&self, key: &About) -> Sentence {
        match self {
            Self::Shared { name, other, variable } => {
                sentence!("{name} has the same secret as {other}: both are read from {variable}")
            }
            Self::Taken { old, variable } => sentence!(
                "{key} replaces {old} and uses its variable, {variable}: with the old value its secret isn't new, and with a \
                 new one every token under {old} is rejected after the next restart"
            ),
        }
    }
}

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    let mut first_of = HashMap::new();
    let mut found = Vec::new();
    for key in on.keys.keys() {
        let Some(variable) = key.variable() else { continue };
        let first = *first_of.entry(variable).or_insert(key);
        if first.kid != key.kid {
            let (name, other) = (name_beside(key, first), name_beside(first, key));
            let cause = OneVariable::Shared { name, other, variable: variable.to_owned() };
            let harm = Harm::LetsIn { by: Way::OldSecret, keys: vec![key.in_words()] };
            found.push(Finding::new(&RULE, on.place_of(key, "k"), cause).of(key).means(harm));
        }
    }
    found
}

fn look_at_change(comparison: &ConfigDiff<'_>) -> Vec<Finding> {
    let mut removed = HashMap::new();
    for old in comparison.removed() {
        removed.entry(old.variable()).or_insert(old);
    }
    let found = comparison.added().filter_map(|key| {
        let variable = key.variable()?;
        let old = removed.get(&Some(variable))?.in_words();
        let lock_out = comparison.lock_out(Whose::Keys(vec![old.clone()]));
        let harm = Harm::LocksOut(LockOut { logins: Some(Cure::HasKey(key.in_words())), ..lock_out });
        let cause = OneVariable::Taken { old, variable: variable.to_owned() };
        Some(Finding::new(&RULE, comparison.new.place_of(key, "k"), cause).of(key).means(harm))
    });
    found.collect()
}
