//! `shared-secret`: one secret in two configs.

use crate::base::sentence::{Sentence, sentence};
use crate::base::text::Named;
use crate::keyset::Key;
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, Finding, How, Look, Rule, Violation, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "shared-secret",
    finds: "A key has the secret of a key in another config.",
    why: "Whoever signs tokens for one of them signs for both: a secret that developers have signs in as any user of \
          production.",
    fix: How::Named(|tool, _| sentence!("Give each config a secret of its own: `{tool} rotate`.")),
    look: Look::Key(look),
    ..WARNING
};

struct Shared {
    other: String,
}

impl Violation for Shared {
    fn message(&self, key: &About) -> Sentence {
        sentence!(
            "the secret of {key} is also in {}: whoever signs for one signs for both",
            Named(&self.other)
        )
    }
}

fn look(on: &Inspected<'_>, key: &Key) -> Option<Finding> {
    let other = (on.elsewhere)(key)?;
    Some(Finding::new(&RULE, on.place_of(key, "k"), Shared { other }).of(key))
}
