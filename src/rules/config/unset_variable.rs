//! `unset-variable`: a variable that has no value where one was looked for.

use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "unset-variable",
    severity: Severity::Warning,
    pedantic: false,
    finds: "A variable behind `!env` is set neither in the file of `--env-file` nor in the environment.",
    why: "The service does not start if a variable is unset, even one in a field that nobody uses. Without `--env-file` \
          nothing is assumed, and this rule is silent.",
    mend: "Set the variable, or pass the file that sets it with `--env-file`.",
    look: Look::Config(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let Some(values) = subject.values else { return Vec::new() };
    let unset = subject.variables().into_iter().filter(|(name, _)| values(name).is_none());
    unset
        .map(|(name, id)| {
            let span = subject.span(id);
            let message = format!("{name} is not set: the service would not start");
            Found::new(span.clone(), message).of_any(subject.key_at(&span))
        })
        .collect()
}
