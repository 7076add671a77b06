//! `missing-kid`: a key that is tried for every token.

use crate::base::sentence::{Sentence, sentence};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, Finding, How, Look, Rule, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "missing-kid",
    finds: "A key has no `kid`.",
    why: "It is a wildcard: the service tries it for every token whose kid fits no other key, and for those without one. \
          That works, but such a key can't be rotated cleanly: tokens don't say which key signed them.",
    fix: How::Named(|tool, _| {
        sentence!(
            "Rotate: `{tool} rotate` puts a key with a kid in its place and retires this one. Don't just give this one a \
             kid: that locks out tokens without one, which is why `--fix` leaves it alone."
        )
    }),
    look: Look::Config(look),
    ..WARNING
};

fn message(key: &About) -> Sentence {
    sentence!("{key} has none to be found by, so it is tried for tokens of any kid")
}

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    let wildcards = on.verifying().filter(|key| key.is_wildcard());
    wildcards.map(|key| Finding::new(&RULE, on.place(key), message).of(key)).collect()
}
