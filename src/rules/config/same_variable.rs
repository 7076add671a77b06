//! `same-variable`: two kids, one secret, because both are read from one variable.

use std::collections::HashMap;

use crate::rules::change::Comparison;
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::{Subject, name_beside};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "same-variable",
    severity: Severity::Error,
    pedantic: false,
    finds: "Two keys take their secret from one variable, or a new kid takes its secret from an old kid's variable.",
    why: "A rotation that changes only the kid changes no secret: whoever had the old one has the new one. And if the \
          variable gets another value, tokens under the old kid are rejected at the restart.",
    mend: "Give the new key a variable of its own, such as `!env PS_JWKS_KEY_2`, and leave the old one as it is until its \
           key is gone.",
    look: Look::Both(look, look_at_change),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let mut first_of = HashMap::new();
    let mut found = Vec::new();
    for key in subject.keys.keys() {
        let Some(variable) = key.variable() else { continue };
        let first = *first_of.entry(variable).or_insert(key);
        if first.kid != key.kid {
            let (name, other) = (name_beside(key, first), name_beside(first, key));
            let message = format!("{name} has the secret of {other}: both are read from {variable}");
            found.push(Found::new(subject.place_of(key, "k"), message).of(key));
        }
    }
    found
}

fn look_at_change(comparison: &Comparison<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for key in comparison.added() {
        let Some(variable) = key.variable() else { continue };
        let had = comparison.removed().find(|old| old.variable() == Some(variable));
        if let Some(old) = had {
            let message = format!(
                "{} takes the place of {} and its variable, {variable}: with the old value it is no new secret, and with \
                 a new one every token under {} is rejected at the restart",
                key.name(),
                old.name(),
                old.name()
            );
            found.push(Found::new(comparison.new.place_of(key, "k"), message).of(key));
        }
    }
    found
}
