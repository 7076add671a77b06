//! `wildcard`: a new kid beside a key without one.

use std::collections::HashSet;

use crate::base::sentence::{Sentence, sentence};
use crate::explain::{Deed, Harm};
use crate::keyset::{Key, Kid};
use crate::rules::comparison::ConfigDiff;
use crate::rules::rule::{About, Finding, How, Look, Rule, Violation, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "wildcard",
    finds: "A key with a kid is added beside a key without one, and tokens may carry that kid already.",
    why: "A key without kid verifies tokens of any kid, until a key has exactly that kid: then that key alone decides, and \
          tokens that carry the kid and were signed with the other are rejected after the next restart.",
    fix: How::Named(|tool, _| {
        sentence!(
            "Give the new key a kid that no token carries: `{tool} add` and `{tool} rotate` make one. If you know that none \
             carries it, say so: `# powersync-jwks: ignore[wildcard] no token carries this kid`."
        )
    }),
    look: Look::Change(look),
    ..WARNING
};

struct Shadows {
    kid: Kid,
    /// The key without a kid, as it was named before.
    wildcard: String,
}

impl Violation for Shadows {
    fn message(&self, _: &About) -> Sentence {
        let Self { kid, wildcard } = self;
        sentence!(
            "{kid} is the kid of a new key: tokens that carry it and were verified by {wildcard} are rejected after the \
             next restart"
        )
    }

    fn help(&self, _: &About, tool: &str) -> Option<Sentence> {
        let kid = &self.kid;
        Some(sentence!(
            "If any token may carry `{kid}`, give the new key another kid: `{tool} add` makes one that none carries."
        ))
    }
}

fn look(comparison: &ConfigDiff<'_>) -> Vec<Finding> {
    let had_tokens = |key: &&Key| key.is_wildcard() && comparison.had_tokens(key);
    // One of each secret: what a new key isn't one of is found at once.
    let mut seen = HashSet::new();
    let is_first = |key: &&Key| seen.insert((key.hmac_alg(), key.fingerprint()));
    let wildcards: Vec<&Key> = comparison.old.verifying().filter(had_tokens).filter(is_first).collect();
    let known: HashSet<_> = comparison.old.keys.keys().iter().filter_map(|key| key.kid.value()).collect();
    let prefix = &comparison.new.policy.kid_prefix;
    let found = comparison.added().filter_map(|key| {
        // Nobody has signed with a kid that was made for this key.
        let kid = key.kid.value().filter(|kid| !kid.is_fresh(prefix) && !known.contains(kid))?;
        let is_other = |old: &&&Key| {
            let by_name = key.variable().is_some() && key.variable() == old.variable();
            !key.verifies_what(old).unwrap_or(by_name)
        };
        let wildcard = wildcards.iter().find(is_other)?.in_words();
        let harm = Harm::First(Deed::NoToken { kid: kid.to_string() });
        let cause = Shadows { kid: kid.clone(), wildcard };
        Some(Finding::new(&RULE, comparison.new.place(key), cause).of(key).means(harm))
    });
    found.collect()
}
