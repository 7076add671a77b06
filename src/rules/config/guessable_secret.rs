//! `guessable-secret`: a secret anyone could come upon.

use crate::keyset::Key;
use crate::keyset::strength::Weakness;
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "guessable-secret",
    severity: Severity::Error,
    pedantic: false,
    finds: "A secret is a placeholder, readable words, a pattern of bytes, a published development value, or so short that \
            all possible ones can be tried.",
    why: "The service takes any secret of one byte or more. Whoever guesses it signs tokens for any user; one token \
          is enough to try guesses against, without asking the service.",
    mend: "Replace the key at once: `powersync-jwks rotate --revoke`.",
    look: Look::Config(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let keys = subject.keys.keys().iter();
    keys.filter_map(|key| {
        let weakness = key.weakness()?;
        if matches!(weakness, Weakness::Empty | Weakness::NotReplaced) {
            return None;
        }
        let message = format!("anyone can forge tokens with {}: {weakness}", key.name());
        Some(Found::new(subject.place_of(key, "k"), message).of(key).help(replace(subject, key)))
    })
    .collect()
}

/// How to get rid of a key that can't wait.
pub(super) fn replace(subject: &Subject<'_>, key: &Key) -> String {
    let tool = subject.tool;
    if subject.current().is_some_and(|current| current.index == key.index) {
        format!(
            "Replace it at once: `{tool} rotate --revoke`. Tokens signed with it are rejected then, and should be"
        )
    } else {
        format!("Remove it: `{tool} remove {} --allow live-key`", key.argument())
    }
}
