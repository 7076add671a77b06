//! `unset-variable`: a variable that has no value where one was looked for.

use std::collections::BTreeMap;

use crate::check::finding::Found;
use crate::check::rule::{Look, Rule, Severity};
use crate::check::subject::Subject;
use crate::config::{Scalar, env_name, is_env_name};

pub(in crate::check) static RULE: Rule = Rule {
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
    let (Some(values), doc) = (subject.values, subject.doc()) else { return Vec::new() };
    let mut first_of = BTreeMap::new();
    for (id, _) in doc.nodes() {
        if let Some(Scalar::Env(written)) = doc.scalar(id)
            && is_env_name(written, subject.keys.is_cloud)
        {
            first_of.entry(env_name(written).0).or_insert(id);
        }
    }
    let unset = first_of.into_iter().filter(|(name, _)| values(name).is_none());
    unset
        .map(|(name, id)| {
            let span = subject.span(id);
            let message = format!("{name} is not set: the service would not start");
            Found::new(span.clone(), message).of_any(subject.key_at(&span))
        })
        .collect()
}
