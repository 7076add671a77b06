//! `private-key`: the private half of a public key.

use crate::keyset::{Material, PRIVATE_MEMBERS};
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "private-key",
    severity: Severity::Warning,
    pedantic: false,
    finds: "A public key stands in the file with its private members (`d`, `p`, `q`, …).",
    why: "The service strips them; it needs only the public ones. Whoever reads the file can sign in as anyone.",
    mend: "Move the private members to the backend that signs, and take them out here. If the file was shared or committed, \
           replace the key: it is no secret any more.",
    look: Look::Config(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let keys = subject.keys.keys().iter();
    keys.filter(|key| matches!(&key.material, Material::Public(public) if public.private))
        .map(|key| {
            let first = PRIVATE_MEMBERS.iter().find(|name| subject.member(key, name).is_some()).copied();
            let message = format!(
                "the private half of {} stands in the file: whoever reads it can sign as it",
                key.name()
            );
            Found::new(subject.place_of(key, first.unwrap_or("d")), message).of(key)
        })
        .collect()
}
