//! `empty-secret`: a secret of no bytes, with which anyone gets in.

use crate::keyset::strength::Weakness;
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "empty-secret",
    severity: Severity::Error,
    pedantic: false,
    finds: "A secret decodes to nothing at all.",
    why: "The service skips what is not base64url and takes a `k` such as `'===='`, `' '` or `'!!!!'` for a key of 0 \
          bytes, without a word. A token signed with the empty secret is then accepted: anyone can sign in as anyone.",
    mend: "Replace the key at once: `powersync-jwks rotate --revoke`.",
    look: Look::Config(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let empty = subject.keys.keys().iter().filter(|key| key.weakness() == Some(Weakness::Empty));
    empty
        .map(|key| {
            let message = format!(
                "the secret of {} decodes to nothing: a token signed with the empty secret is accepted",
                key.name()
            );
            Found::new(subject.place_of(key, "k"), message)
                .of(key)
                .help(super::guessable_secret::replace(subject, key))
        })
        .collect()
}
