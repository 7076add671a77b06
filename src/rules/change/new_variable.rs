//! `new-variable`: a variable that every replica now needs.

use crate::base::sentence::{Sentence, sentence};
use crate::rules::comparison::ConfigDiff;
use crate::rules::rule::{About, Finding, How, Look, Rule, Violation, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "new-variable",
    finds: "The new config reads a variable that the old one doesn't.",
    why: "A replica on which it is not set does not start with the new file, whatever the variable is for.",
    fix: How::Text(
        "Set it on every replica before the restart. Containers must be recreated to see it, not only restarted.",
    ),
    look: Look::Change(look),
    ..WARNING
};

struct Needed(String);

impl Violation for Needed {
    fn message(&self, _: &About) -> Sentence {
        sentence!(
            "{} must be set on every replica before it restarts with this file, or it won't start",
            self.0
        )
    }
}

fn look(comparison: &ConfigDiff<'_>) -> Vec<Finding> {
    let known = comparison.old.variables();
    let new = comparison.new.variables().into_iter().filter(|(name, _)| !known.contains_key(name));
    let found = new.map(|(name, id)| {
        let cause = Needed(name.to_owned());
        Finding::new(&RULE, comparison.new.span(id), cause).of_key_there(comparison.new)
    });
    found.collect()
}
