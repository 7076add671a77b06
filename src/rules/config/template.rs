//! `template`: what another program has to replace before the service reads it.

use crate::base::sentence::{Sentence, sentence};
use crate::config::placeholder::{Placeholder, Template};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, Finding, How, Look, Rule, Violation, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "template",
    finds: "A placeholder is in place of a secret or an address: `{{ … }}`, `${NAME}`, `op://…`.",
    why: "The service replaces `!env NAME` and nothing else. What it reads is what a template renders to, so most of what \
          can be said of this file has to wait for that.",
    fix: How::Text(
        "Render the file first, and check the result: `helm template … | powersync-jwks check -`.",
    ),
    look: Look::Config(look),
    ..WARNING
};

struct Found(Placeholder);

impl Violation for Found {
    fn message(&self, _: &About) -> Sentence {
        sentence!("this is a template: {} is replaced before the service reads it", self.0.looks())
    }

    fn help(&self, _: &About, _: &str) -> Option<Sentence> {
        Some(sentence!("{}.", self.0.render()))
    }
}

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    let first = Template::first(on.doc());
    first
        .map(|(id, placeholder)| Finding::new(&RULE, on.span(id), Found(placeholder)).of_key_there(on))
        .into_iter()
        .collect()
}
