//! `duplicate-secret`: two keys, one secret.

use std::collections::HashMap;

use crate::keyset::constant_time_eq;
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::{Subject, name_beside};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "duplicate-secret",
    severity: Severity::Warning,
    pedantic: false,
    finds: "Two keys have the same secret.",
    why: "Whoever has the secret of one has both, so removing one takes it from nobody: a rotation that copies the secret \
          is none. HMAC pads secrets with zero bytes, so two that differ only in zero bytes at the end are the same.",
    mend: "Replace one of them: `powersync-jwks rotate` makes a fresh secret.",
    look: Look::Config(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let mut first_with = HashMap::new();
    let mut found = Vec::new();
    for key in subject.keys.keys() {
        // An empty secret is graver than having it twice.
        let Some(secret) = key.secret().filter(|secret| !secret.bytes().is_empty()) else { continue };
        let first = *first_with.entry(secret.fingerprint()).or_insert(key);
        // The same variable is another rule's.
        let same_variable = key.variable().is_some() && key.variable() == first.variable();
        if first.index != key.index && !same_variable {
            let (name, other) = (name_beside(key, first), name_beside(first, key));
            let exact = first.secret().is_some_and(|first| constant_time_eq(first.bytes(), secret.bytes()));
            let how = if exact { "" } else { ", but for zero bytes at its end, which HMAC adds anyway" };
            let message = format!("{name} has the secret of {other} (line {}){how}", first.line);
            let help = format!("Replace one of them: `{} rotate` makes a fresh secret", subject.tool);
            found.push(Found::new(subject.place_of(key, "k"), message).of(key).help(help));
        }
    }
    found
}
