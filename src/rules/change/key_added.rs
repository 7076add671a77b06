//! `key-added`: whoever has it gets in.

use std::collections::HashSet;

use crate::base::sentence::{Sentence, sentence};
use crate::keyset::Key;
use crate::rules::comparison::ConfigDiff;
use crate::rules::inspected::is_usable;
use crate::rules::rule::{About, Finding, How, Look, Rule, Violation, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "key-added",
    finds: "A key is new. Where a rotation explains it, this is a note: it has its dates, and waits to be promoted or takes the \
            place of one that retires.",
    why: "After the next restart, whoever has its secret, or the private half of a public key, can sign in as anyone.",
    fix: How::Text(
        "Make sure that you know who made it and who has it. Keys that `rotate` and `add` make have an `iat`.",
    ),
    look: Look::Change(look),
    ..WARNING
};

struct Added {
    what: String,
    is_rotation: bool,
    has_iat: bool,
}

impl Violation for Added {
    fn message(&self, key: &About) -> Sentence {
        let Self { what, is_rotation, .. } = self;
        let how =
            if *is_rotation { "new, as part of a rotation" } else { "new, and no rotation explains it" };
        sentence!("{key} ({what}) is {how}: whoever has it can sign in as anyone after the next restart")
    }

    fn help(&self, _: &About, _: &str) -> Option<Sentence> {
        // Without an `iat`, no command of ours made it.
        self.has_iat.then(|| sentence!("Make sure that you know who made it and who has it."))
    }
}

fn look(comparison: &ConfigDiff<'_>) -> Vec<Finding> {
    let (old, new) = comparison.sides();
    let current =
        old.current().and_then(|key| comparison.place_after(key.index)).map(|at| &new.keys.keys()[at]);
    let retires = current.is_some_and(|key| key.exp.value().is_some());
    let known = old.variables();
    let of_keys: HashSet<&str> = old.keys.keys().iter().filter_map(Key::variable).collect();
    let found = comparison.added().filter(|key| is_usable(key)).map(|key| {
        // A variable of something else is none that a rotation makes.
        let is_fresh = key.variable().is_none_or(|name| of_keys.contains(name) || !known.contains_key(name));
        let is_rotation = is_fresh && explains(key, retires);
        let has_iat = key.iat.value().is_some();
        let cause = Added { what: key.describe(), is_rotation, has_iat };
        let found = Finding::new(&RULE, new.place(key), cause).of(key);
        if is_rotation { found.noted() } else { found }
    });
    found.collect()
}

/// Whether a key is one that a rotation makes.
fn explains(key: &Key, retires: bool) -> bool {
    key.is_symmetric() && key.iat.value().is_some() && (key.nbf.value().is_some() || retires)
}
