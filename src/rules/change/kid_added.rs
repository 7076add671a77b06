//! `kid-added`: a wildcard got a kid.

use super::Comparison;
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "kid-added",
    severity: Severity::Error,
    pedantic: false,
    finds: "A key without kid got one.",
    why: "Without a kid the key verified tokens of any kid, and those without one. With a kid it verifies only tokens that \
          carry it; the others are rejected from the restart on.",
    mend: "Leave the key without kid, add one with a kid, and retire the old one: `powersync-jwks rotate`.",
    look: Look::Change(look),
};

fn look(comparison: &Comparison<'_>) -> Vec<Found> {
    let wildcards = comparison.removed().filter(|key| key.is_wildcard() && comparison.had_tokens(key));
    wildcards
        .filter(|key| comparison.still_verified(key) != Some(true))
        .filter_map(|key| {
            let heir = comparison.heir(key)?;
            let message = format!(
                "the key without a kid ({} before) is {} now: tokens that don't carry this kid are rejected from the \
                 restart on",
                key.name(),
                heir.name()
            );
            let help = format!(
                "Leave it without kid, and put one with a kid in its place: `{} rotate`. The old one runs out",
                comparison.new.tool
            );
            Some(Found::new(comparison.new.place(heir), message).of(heir).help(help))
        })
        .collect()
}
