//! `env-name`: a variable the service refuses to look up.

use crate::check::finding::Found;
use crate::check::rule::{Look, Rule, Severity};
use crate::check::subject::Subject;
use crate::config::{Scalar, env_name, is_env_name};

pub(in crate::check) static RULE: Rule = Rule {
    id: "env-name",
    severity: Severity::Error,
    pedantic: false,
    finds: "A variable behind `!env` has a name or a cast that the service refuses.",
    why: "The name must begin with `PS_`; behind it may stand `::number` or `::boolean`. The service does not start with \
          another, even in a field that nobody uses.",
    mend: "Give the variable a name that begins with `PS_`, here and where it is set.",
    look: Look::Config(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let doc = subject.doc();
    let all = doc.nodes().filter_map(|(id, _)| match doc.scalar(id)? {
        Scalar::Env(written) if doc.target(id) == id && !is_env_name(written, subject.keys.is_cloud) => {
            Some((id, written))
        }
        _ => None,
    });
    all.map(|(id, written)| {
        let (name, cast) = env_name(written);
        let span = subject.span(id);
        let found = |message: String| {
            Found::new(span.clone(), format!("the service does not start with this file: {message}"))
                .of_any(subject.key_at(&span))
        };
        if cast.is_some() && is_env_name(name, subject.keys.is_cloud) {
            return found(format!("it doesn't know the cast behind {name}"))
                .help("Write `::number` or `::boolean`, or no cast where text belongs");
        }
        // What stands there may be a secret in the wrong place.
        found("what stands behind `!env` is no variable whose name begins with `PS_`".to_owned())
    })
    .collect()
}
