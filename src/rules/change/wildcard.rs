//! `wildcard`: a new kid beside a key without one.

use super::Comparison;
use crate::keyset::Key;
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::verifying;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "wildcard",
    severity: Severity::Warning,
    pedantic: false,
    finds: "A key with a kid is added beside a key without one, and tokens may carry that kid already.",
    why: "A key without kid verifies tokens of any kid, until a key has exactly that kid: then that key alone decides, and \
          tokens that carry the kid and were signed with the other are rejected from the restart on.",
    mend: "Give the new key a kid that no token carries: `powersync-jwks add` and `powersync-jwks rotate` make one. Where \
           you know that none carries it, say so: `# powersync-jwks: ignore[wildcard] no token carries this kid`.",
    look: Look::Change(look),
};

fn look(comparison: &Comparison<'_>) -> Vec<Found> {
    let had_tokens = |key: &&Key| key.is_wildcard() && comparison.had_tokens(key);
    let wildcards: Vec<&Key> = verifying(comparison.old.keys).filter(had_tokens).collect();
    let known: Vec<_> = comparison.old.keys.keys().iter().filter_map(|key| key.kid.value()).collect();
    let prefix = &comparison.new.policy.kid_prefix;
    let mut found = Vec::new();
    for key in comparison.added() {
        // Nobody has signed with a kid that was made for this key.
        let Some(kid) = key.kid.value().filter(|kid| !kid.is_fresh(prefix) && !known.contains(kid)) else {
            continue;
        };
        let is_other = |old: &&&Key| {
            let by_name = key.variable().is_some() && key.variable() == old.variable();
            !key.verifies_what(old).unwrap_or(by_name)
        };
        let Some(wildcard) = wildcards.iter().find(is_other) else { continue };
        let message = format!(
            "{kid} is the kid of a new key: tokens that carry it and were verified by the key without a kid ({} before) are \
             rejected from the restart on",
            wildcard.name()
        );
        let help = format!(
            "If any token may carry `{kid}`, give the new key another kid: `{} add` makes one that none carries",
            comparison.new.tool
        );
        found.push(Found::new(comparison.new.place(key), message).of(key).help(help));
    }
    found
}
