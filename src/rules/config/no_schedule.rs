//! `no-schedule`: nobody knows how old a key is.

use crate::base::sentence::{Sentence, sentence};
use crate::keyset::Key;
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, Finding, How, Look, Rule, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "no-schedule",
    pedantic: true,
    finds: "The current key has no `iat`.",
    why: "Its age is unknown, so `reconcile` can't say when it is due to be replaced.",
    fix: How::Named(|tool, _| {
        sentence!("Rotate it, or write down the age you assume: `{tool} reconcile --assume-age 30d`.")
    }),
    look: Look::Key(look),
    ..WARNING
};

fn message(key: &About) -> Sentence {
    sentence!("{key} has no `iat`: its age is unknown")
}

fn look(on: &Inspected<'_>, key: &Key) -> Option<Finding> {
    let is_found = key.iat.is_absent() && !on.keys.is_cloud && on.keys.is_current(key);
    is_found.then(|| Finding::new(&RULE, on.place(key), message).of(key))
}
