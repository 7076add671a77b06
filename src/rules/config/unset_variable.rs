//! `unset-variable`: a variable that has no value where one was looked for.

use crate::base::sentence::{Sentence, sentence};
use crate::explain::{Deed, Harm};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, Finding, How, Look, Rule, Violation, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "unset-variable",
    finds: "A variable behind `!env` is set neither in the file of `--env-file` nor in the environment.",
    why: "The service does not start if a variable is unset, even one in a field that nobody uses. Without `--env-file` \
          nothing is assumed, and this rule is silent.",
    fix: How::Text("Set the variable, or pass the file that sets it with `--env-file`."),
    look: Look::Config(look),
    ..WARNING
};

struct Unset {
    name: String,
    /// Why its value isn't known although it is set, if so.
    why_unknown: Option<String>,
}

impl Violation for Unset {
    fn message(&self, _: &About) -> Sentence {
        let name = &self.name;
        match &self.why_unknown {
            None => sentence!("{name} is not set: the service would not start"),
            Some(why) => sentence!("the value of {name} can't be determined: {why}"),
        }
    }

    fn help(&self, _: &About, _: &str) -> Option<Sentence> {
        self.why_unknown.as_ref().map(|_| {
            sentence!(
                "Write one value for it that refers to no other variable, or check with the environment of the service."
            )
        })
    }
}

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    let Some(values) = on.values else { return Vec::new() };
    let unset = on.variables().into_iter().filter(|(name, _)| values(name).is_none());
    let found = unset.map(|(name, id)| {
        let cause = Unset { name: name.to_owned(), why_unknown: (on.why_unknown)(name) };
        let harm =
            Harm::First(Deed::SetVariables { names: vec![name.to_owned()], is_cloud: on.keys.is_cloud });
        Finding::new(&RULE, on.span(id), cause).of_key_there(on).means(harm)
    });
    found.collect()
}
