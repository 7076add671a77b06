//! `current-key-removed`: the key that signs is gone.

use super::Comparison;
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "current-key-removed",
    severity: Severity::Error,
    pedantic: false,
    finds: "The current key, the one that signs, is gone.",
    why: "From the restart on, the service rejects every token signed with it, and the backend goes on signing with it until \
          it is given another.",
    mend: "Put it back, and rotate: `powersync-jwks rotate` keeps it until its last token has expired. For a leaked secret \
           `rotate --revoke` is the way, and `# powersync-jwks: ignore[current-key-removed] secret leaked` says that it is \
           meant.",
    look: Look::Change(look),
};

fn look(comparison: &Comparison<'_>) -> Vec<Found> {
    let Some(current) = comparison.old.current().filter(|key| comparison.had_tokens(key)) else {
        return Vec::new();
    };
    let gone = comparison.removed().any(|key| key.index == current.index);
    // A wildcard that got a kid is `kid-added`.
    let renamed = current.is_wildcard() && comparison.heir(current).is_some();
    if !gone || renamed || comparison.still_verified(current) == Some(true) {
        return Vec::new();
    }
    let message = match comparison.heir(current) {
        Some(heir) => format!(
            "{}, the key that signs, has another kid now, {}: tokens carry the old one, and are rejected from the restart on",
            current.name(),
            heir.name()
        ),
        None => format!(
            "{}, the key that signs, is gone: tokens signed with it are rejected from the restart on, and so are new ones \
             until the backend has another key",
            current.name()
        ),
    };
    let help = format!(
        "Put it back and rotate, which keeps it until {} if done now: `{} rotate`",
        comparison.now() + comparison.new.policy.overlap(),
        comparison.new.tool
    );
    vec![Found::new(comparison.new.place_of_list(), message).help(help).named(current)]
}
