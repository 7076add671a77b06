//! `re-keyed`: another secret under the same kid.

use super::Comparison;
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::is_usable;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "re-keyed",
    severity: Severity::Error,
    pedantic: false,
    finds: "A key keeps its kid and gets another secret, algorithm or public key.",
    why: "A token's kid decides alone: every token that carries it, signed with the old secret, is rejected from the restart \
          on, and new ones are rejected until both the service and the backend have the new secret.",
    mend: "Leave the key as it is and add the new secret under a new kid: `powersync-jwks rotate`.",
    look: Look::Change(look),
};

fn look(comparison: &Comparison<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (old, new) in comparison.pairs() {
        let Some(new) = new.filter(|_| comparison.had_tokens(old)) else { continue };
        // A wildcard has no name to keep, one that is not compared is listed as that, and with one that is unusable the
        // service doesn't start.
        if old.kid.is_absent() || !is_usable(new) || new.verifies_what(old) != Some(false) {
            continue;
        }
        let what = match (old.hmac_alg(), new.hmac_alg()) {
            (Some(one), Some(two)) if one != two => format!("its algorithm was {one} and is {two}"),
            (Some(_), Some(_)) => "same kid, another secret".to_owned(),
            _ => "same kid, another key".to_owned(),
        };
        let message = format!(
            "{} is re-keyed ({what}): every token under that kid is rejected from the restart on",
            new.name()
        );
        let help = format!(
            "Put the old one back and add the new one under a kid of its own: `{} rotate`",
            comparison.new.tool
        );
        let member = if what.starts_with("its") { "alg" } else { "k" };
        found.push(Found::new(comparison.new.place_of(new, member), message).of(new).help(help));
    }
    found
}
