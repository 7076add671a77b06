//! `current-key-retiring`: the key that signs is on its way out.

use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "current-key-retiring",
    severity: Severity::Error,
    pedantic: false,
    finds: "The current key (the first with `alg: HS256`) has an `exp`.",
    why: "PowerSync's own tools sign with the first HS256 key, whatever its `exp` says, and the backend most likely does, \
          too. Once someone removes it because its time has come, their tokens are rejected.",
    mend: "Put another key in its place: `powersync-jwks rotate`. If it is to stay: `powersync-jwks retire --undo KEY`.",
    look: Look::Config(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let Some((key, exp)) = subject.current().and_then(|key| Some((key, key.exp.value()?))) else {
        return Vec::new();
    };
    let message = format!(
        "{} signs tokens, and is to be removed from {exp}: it is the first key in the file, the one PowerSync's tools take",
        key.name()
    );
    let help = format!(
        "Put another key in its place: `{} rotate`. If it is to stay: `{} retire --undo {}`",
        subject.tool,
        subject.tool,
        key.argument()
    );
    vec![Found::new(subject.place_of(key, "exp"), message).of(key).help(help)]
}
