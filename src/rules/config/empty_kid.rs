//! `empty-kid`: a key that no token finds.

use crate::keyset::{Material, Member};
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "empty-kid",
    severity: Severity::Error,
    pedantic: false,
    finds: "A key's `kid` is the empty text.",
    why: "The service accepts the key and never finds it: no token's kid matches the empty one, and it is no wildcard \
          either. Tokens signed with it are rejected (`PSYNC_S2101`).",
    mend: "Give it the kid that the backend's tokens carry, or remove it.",
    look: Look::Config(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let dead = |key: &&crate::keyset::Key| {
        matches!(key.kid, Member::Unreadable(_)) && !matches!(key.material, Material::Unusable(_))
    };
    let keys = subject.keys.keys().iter().filter(dead);
    keys.map(|key| {
        Found::new(subject.place(key), format!("key {} never verifies a token: its kid is empty", key.name()))
            .of(key)
    })
    .collect()
}
