//! `placeholder`: a value that a guide tells to replace.

use crate::base::sentence::{Sentence, sentence};
use crate::config::Scalar;
use crate::explain::{Deed, Harm};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, Finding, How, Look, Rule, Violation, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "placeholder",
    finds: "A value is a placeholder of a guide, such as `USER:PASSWORD@HOST` or `use_a_better_token`, in the config or in a \
            variable whose value is known.",
    why: "The service starts and can't connect; or, where it is a password or an API token, anyone who knows the guide has it.",
    fix: How::Text("Write the real value, in a variable if it is a secret."),
    look: Look::Config(look),
    ..WARNING
};

/// What guides write where a value of one's own belongs, in small letters.
const PLACEHOLDERS: [&str; 9] = [
    "user:password@host",
    "username:password@",
    "use_a_better_token",
    "changeme",
    "change_me",
    "change-me",
    "replace_me",
    "replace-me",
    "your-project",
];

fn is_placeholder(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    PLACEHOLDERS.iter().any(|one| text.contains(one))
}

/// The variable it is in, if it is in one.
struct Placeholder(Option<String>);

impl Violation for Placeholder {
    fn message(&self, _: &About) -> Sentence {
        match &self.0 {
            Some(variable) => sentence!("the value of {variable} is a placeholder"),
            None => sentence!("this value is a placeholder"),
        }
    }
}

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    let doc = on.doc();
    let mut found = Vec::new();
    for (id, _) in doc.nodes().filter(|(id, _)| doc.target(*id) == *id) {
        // Those of keys are `guessable-secret`.
        let is_in_key = || on.key_at(&on.span(id)).is_some();
        let cause = match doc.scalar(id) {
            Some(Scalar::String(text)) if is_placeholder(text) && !is_in_key() => Placeholder(None),
            _ => continue,
        };
        let harm = Harm::First(Deed::Fix { rule: RULE.id });
        found.push(Finding::new(&RULE, on.first_line(id), cause).means(harm));
    }
    for (name, id) in on.variables() {
        let value = on.values()(name);
        if value.is_some_and(|value| is_placeholder(&value)) && on.key_at(&on.span(id)).is_none() {
            let (cause, harm) =
                (Placeholder(Some(name.to_owned())), Harm::First(Deed::Fix { rule: RULE.id }));
            found.push(
                Finding::new(&RULE, on.span(id), cause).about(About::Member(name.to_owned())).means(harm),
            );
        }
    }
    found
}
