//! `new-variable`: a variable every replica needs from now on.

use super::Comparison;
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "new-variable",
    severity: Severity::Warning,
    pedantic: false,
    finds: "The new config reads a variable that the old one doesn't.",
    why: "A replica on which it is not set does not start with the new file, whatever the variable is for.",
    mend: "Set it on every replica before the restart. Containers have to be made anew to see it, not only restarted.",
    look: Look::Change(look),
};

fn look(comparison: &Comparison<'_>) -> Vec<Found> {
    let known = comparison.old.variables();
    let new = comparison.new.variables().into_iter().filter(|(name, _)| !known.contains_key(name));
    new.map(|(name, id)| {
        let span = comparison.new.span(id);
        let message = format!(
            "{name} has to be set on every replica before it restarts with this file, or it won't start"
        );
        Found::new(span.clone(), message).of_any(comparison.new.key_at(&span))
    })
    .collect()
}
