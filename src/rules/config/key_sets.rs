//! `jwks-set`, `jwks-algorithm`, `jwks-kid` and `jwks-skipped`: a set of keys from elsewhere, as the service reads it. They
//! look at what `check --jwks` names.

use std::collections::HashMap;

use crate::base::sentence::{Sentence, sentence};
use crate::base::text::Printable;
use crate::keyset::{FetchedSet, InvalidSet, Key, NamedSet, SkippedEntry};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, ERROR, Finding, How, INFO, Look, Rule, Violation, WARNING};

pub(in crate::rules) static SET: Rule = Rule {
    id: "jwks-set",
    finds: "A set behind `jwks_uri` that the service takes nothing from: it is not JSON, not a JWK set, or has one entry that \
            can't be imported.",
    why: "One bad entry fails the whole set. A token whose kid no other key has is answered `PSYNC_S2204`; keys of the file \
          go on working. Only `check --jwks` looks at a set.",
    fix: How::Text("Correct it where it is published, or name the right address in `jwks_uri`."),
    look: Look::Config(look_at_sets),
    ..ERROR
};

pub(in crate::rules) static ALGORITHM: Rule = Rule {
    id: "jwks-algorithm",
    finds: "A set behind `jwks_uri` has no key with an algorithm that the service accepts.",
    why: "It accepts RS256, RS384, RS512, ES256, ES384, ES512 and EdDSA from elsewhere, so every token of this set is \
          rejected. Shared secrets (`oct`) are never taken from a URL. Only `check --jwks` looks at a set.",
    fix: How::Text("Let the provider sign with one of these algorithms, and publish that key."),
    look: Look::Config(look_for_algorithm),
    ..ERROR
};

pub(in crate::rules) static KID: Rule = Rule {
    id: "jwks-kid",
    finds: "A kid is in two of these: the file, and the sets behind `jwks_uri`.",
    why: "The first key with the kid of a token decides, in the order of the file, then of the sets; the other never verifies. \
          Only `check --jwks` looks at a set.",
    fix: How::Text("Give one of the keys another kid."),
    look: Look::Config(look_for_kids),
    ..WARNING
};

pub(in crate::rules) static SKIPPED: Rule = Rule {
    id: "jwks-skipped",
    finds: "A set behind `jwks_uri` has an entry that the service passes over.",
    why: "It takes RSA, EC and OKP keys that are for signatures: `use` is `sig` or missing, and `key_ops` includes `verify` or \
          is missing. Only `check --jwks` looks at a set.",
    fix: How::Text("Nothing, unless tokens are signed with that key."),
    look: Look::Config(look_for_skipped),
    ..INFO
};

/// The algorithms that the service accepts from elsewhere.
const ALGORITHMS: [&str; 7] = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"];

fn finding(
    on: &Inspected<'_>,
    rule: &'static Rule,
    about: String,
    cause: impl Violation + 'static,
) -> Finding {
    Finding::new(rule, on.place_of_path(&["client_auth", "jwks_uri"]), cause).about(About::Member(about))
}

fn readable<'a>(on: &Inspected<'a>) -> impl Iterator<Item = (&'a NamedSet, &'a FetchedSet)> {
    on.sets.iter().filter_map(|named| Some((named, named.set.as_ref().ok()?)))
}

struct Invalid(String, InvalidSet);

impl Violation for Invalid {
    fn message(&self, _: &About) -> Sentence {
        sentence!("the service takes no key from {}: {}", self.0, self.1.message())
    }
}

fn look_at_sets(on: &Inspected<'_>) -> Vec<Finding> {
    let invalid = on.sets.iter().filter_map(|named| {
        let why = named.set.as_ref().err()?;
        Some(finding(on, &SET, named.name.clone(), Invalid(named.name.clone(), why.clone())))
    });
    invalid.collect()
}

struct NoAlgorithm(String);

impl Violation for NoAlgorithm {
    fn message(&self, _: &About) -> Sentence {
        sentence!("no key of {} has an algorithm that the service accepts from elsewhere", self.0)
    }
}

fn look_for_algorithm(on: &Inspected<'_>) -> Vec<Finding> {
    let fits = |set: &FetchedSet| set.keys.iter().any(|key| ALGORITHMS.iter().any(|alg| key.takes(alg)));
    let none = readable(on).filter(|(_, set)| !fits(set));
    none.map(|(named, _)| finding(on, &ALGORITHM, named.name.clone(), NoAlgorithm(named.name.clone())))
        .collect()
}

struct Twice {
    kid: String,
    first: String,
    second: String,
}

impl Violation for Twice {
    fn message(&self, _: &About) -> Sentence {
        let Self { kid, first, second } = self;
        sentence!(
            "the kid {} is in {first} and in {second}: the service uses the one in {first}, and never the other",
            Printable(kid)
        )
    }
}

fn look_for_kids(on: &Inspected<'_>) -> Vec<Finding> {
    let of_key = |key: &Key| Some((key.kid.value()?.as_str().to_owned(), "the file".to_owned()));
    let mut first: HashMap<String, String> = on.keys.keys().iter().filter_map(of_key).collect();
    let mut found = Vec::new();
    for (named, set) in readable(on) {
        for kid in set.keys.iter().filter_map(|key| key.kid.clone()) {
            if let Some(first) = first.get(&kid) {
                let about = format!("{kid} of {}", named.name);
                let twice = Twice { kid, first: first.clone(), second: named.name.clone() };
                found.push(finding(on, &KID, about, twice));
            } else {
                first.insert(kid, named.name.clone());
            }
        }
    }
    found
}

struct PassedOver(String, SkippedEntry);

impl Violation for PassedOver {
    fn message(&self, _: &About) -> Sentence {
        let Self(set, SkippedEntry { number, kid, why }) = self;
        let kid = kid.as_ref().map_or_else(String::new, |kid| format!(" ({})", Printable(kid)));
        sentence!("the service passes over entry {number}{kid} of {set}: {}", why.message())
    }
}

fn look_for_skipped(on: &Inspected<'_>) -> Vec<Finding> {
    let of_set = |(named, set): (&NamedSet, &FetchedSet)| {
        let one = |entry: &SkippedEntry| {
            let about = format!("entry {} of {}", entry.number, named.name);
            finding(on, &SKIPPED, about, PassedOver(named.name.clone(), entry.clone()))
        };
        set.skipped.iter().map(one).collect::<Vec<_>>()
    };
    readable(on).flat_map(of_set).collect()
}
