//! `private-key`: the private half of a public key.

use crate::base::sentence::{Sentence, sentence};
use crate::explain::{Deed, Harm};
use crate::keyset::{Key, Material, PRIVATE_MEMBERS};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, Finding, How, Look, Rule, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "private-key",
    finds: "A public key has its private members (`d`, `p`, `q`, …) in the file.",
    why: "The service strips them; it needs only the public ones. Whoever reads the file can sign in as anyone.",
    fix: How::Text(
        "Move the private members to the backend that signs, and remove them here. If the file was shared or committed, \
             replace the key: it is no longer secret.",
    ),
    look: Look::Key(look),
    ..WARNING
};

fn message(key: &About) -> Sentence {
    sentence!("the private half of {key} is in the file: whoever reads it can sign in as anyone")
}

fn look(on: &Inspected<'_>, key: &Key) -> Option<Finding> {
    let Material::Public(public) = &key.material else { return None };
    let first = PRIVATE_MEMBERS.iter().find(|name| on.member(key, name).is_some()).copied();
    public.private.then(|| {
        Finding::new(&RULE, on.place_of(key, first.unwrap_or("d")), message)
            .of(key)
            .means(Harm::First(Deed::Fix { rule: RULE.id }))
    })
}
