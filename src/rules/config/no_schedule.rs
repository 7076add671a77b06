//! `no-schedule`: nobody knows how old a key is.

use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "no-schedule",
    severity: Severity::Warning,
    pedantic: true,
    finds: "The current key has no `iat`.",
    why: "It can't be told how old it is, so `reconcile` can't say when it is to be replaced.",
    mend: "Rotate it, or write down the age you assume: `powersync-jwks reconcile --assume-age 30d`.",
    look: Look::Config(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let current = subject.current().filter(|key| key.iat.is_absent() && !subject.keys.is_cloud);
    current
        .map(|key| {
            let message = format!("{} has no `iat`: nobody can tell how old it is", key.name());
            Found::new(subject.place(key), message).of(key)
        })
        .into_iter()
        .collect()
}
