//! `duplicate-member`: a member on the way to the keys that is duplicated in JSON.

use crate::base::sentence::{Sentence, sentence};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, Finding, How, Look, Rule, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "duplicate-member",
    finds: "In a JSON config, `client_auth`, `jwks` or `keys` is duplicated.",
    why: "The service reads the last one and ignores the others, with the keys in them. Nothing is edited in such a file.",
    fix: How::Text("Merge them into one."),
    look: Look::Config(look),
    ..WARNING
};

fn message(path: &About) -> Sentence {
    sentence!("`{path}` is duplicated in this file: the service reads the last one")
}

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    let all = on.config.duplicates().into_iter();
    all.map(|(path, name)| Finding::new(&RULE, on.span(name), message).about(About::Member(path))).collect()
}
