//! `new-variable`: a variable that every replica now needs.

use crate::base::sentence::{Sentence, sentence};
use crate::explain::{Deed, Harm};
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

struct Needed {
    name: String,
    is_cloud: bool,
}

impl Violation for Needed {
    fn message(&self, _: &About) -> Sentence {
        let Self { name, is_cloud } = self;
        match is_cloud {
            false => sentence!(
                "{name} must be set on every replica before it restarts with this file, or it won't start"
            ),
            true => sentence!("{name} must be set where you deploy this file from"),
        }
    }

    fn help(&self, _: &About, _: &str) -> Option<Sentence> {
        self.is_cloud.then(|| sentence!("Set it before you deploy."))
    }
}

fn look(comparison: &ConfigDiff<'_>) -> Vec<Finding> {
    let known = comparison.old.variables();
    let new = comparison.new.variables().into_iter().filter(|(name, _)| !known.contains_key(name));
    let found = new.map(|(name, id)| {
        let is_cloud = comparison.new.keys.is_cloud;
        let cause = Needed { name: name.to_owned(), is_cloud };
        let deed = match same_secret(comparison, name) {
            Some(what) => Deed::SameValue { name: name.to_owned(), what },
            None => Deed::SetVariables { names: vec![name.to_owned()], is_cloud },
        };
        let harm = Harm::First(deed);
        Finding::new(&RULE, comparison.new.span(id), cause).of_key_there(comparison.new).means(harm)
    });
    found.collect()
}

/// The secret that was elsewhere before, and has to be the same in this variable.
fn same_secret(comparison: &ConfigDiff<'_>, name: &str) -> Option<String> {
    let keys = comparison.new.keys.keys().iter();
    let key = keys.filter(|key| key.variable() == Some(name)).find(|key| {
        comparison.origin(key).is_some_and(|old| old.is_symmetric() && key.verifies_what(old) != Some(false))
    })?;
    Some(format!("the secret of {}", key.in_words()))
}
