//! `missing-kid`: a key that is tried for every token.

use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "missing-kid",
    severity: Severity::Warning,
    pedantic: false,
    finds: "A key has no `kid`.",
    why: "It is a wildcard: the service tries it for every token whose kid fits no other key, and for those without one. \
          That works, but such a key can't be rotated cleanly: tokens don't say which key signed them.",
    mend: "Add a key with a kid, let the backend sign with it and send the kid, and retire this one. Don't just give this \
           one a kid: that locks out tokens without one, which is why `--fix` leaves it alone.",
    look: Look::Config(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let wildcards = subject.verifying().filter(|key| key.is_wildcard());
    wildcards
        .map(|key| {
            let message = format!("key {} has no kid, so it is tried for tokens of any kid", key.name());
            let help = format!(
                "`{} rotate` puts a key with a kid in its place and lets this one run out. Don't give this one a kid: \
                 that would lock out tokens without one",
                subject.tool
            );
            Found::new(subject.place(key), message).of(key).help(help)
        })
        .collect()
}
