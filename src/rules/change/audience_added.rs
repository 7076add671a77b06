//! `audience-added`: tokens that were made for something else are accepted, too.

use std::collections::HashSet;

use super::audience_removed::{AudienceEntry, audiences};
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::list;
use crate::rules::comparison::ConfigDiff;
use crate::rules::rule::{About, Finding, How, Look, Rule, Violation, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "audience-added",
    finds: "An audience of the new config is not in the old one.",
    why: "Tokens for it sign users in after the next restart, if a key or a login source of the config verifies them: also those \
          that the same issuer makes for another application.",
    fix: How::Text("Merge it only if you know for which application tokens of that audience are made."),
    look: Look::Change(look),
    ..WARNING
};

struct Added(Vec<AudienceEntry>);

impl Violation for Added {
    fn message(&self, _: &About) -> Sentence {
        let names: Vec<String> = self.0.iter().map(|one| format!("`{one}`")).collect();
        let audience = if names.len() == 1 { "audience" } else { "audiences" };
        sentence!("tokens for the {audience} {} are accepted after the next restart", list(&names))
    }
}

fn look(comparison: &ConfigDiff<'_>) -> Vec<Finding> {
    let old: HashSet<AudienceEntry> = audiences(comparison.old).into_iter().collect();
    let added: Vec<AudienceEntry> =
        audiences(comparison.new).into_iter().filter(|one| !old.contains(one)).collect();
    // All of a new config is new; its keys and login sources are found.
    if added.is_empty() || comparison.is_new() {
        return Vec::new();
    }
    let place = comparison.new.place_of_path(&["client_auth", "audience"]);
    vec![Finding::new(&RULE, place, Added(added))]
}
