//! `empty-secret`: a secret of no bytes, with which anyone can sign in.

use super::Replacement;
use crate::base::sentence::{Sentence, sentence};
use crate::explain::{Harm, Way};
use crate::keyset::Key;
use crate::keyset::strength::Weakness;
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule, Violation};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "empty-secret",
    finds: "A secret decodes to nothing at all.",
    why: "The service skips what is not base64url and silently takes a `k` such as `'===='`, `' '` or `'!!!!'` as a key \
          of 0 bytes. A token signed with the empty secret is then accepted: anyone can sign in as anyone.",
    fix: How::Named(|tool, _| sentence!("Replace the key at once: `{tool} rotate --revoke`.")),
    look: Look::Key(look),
    ..ERROR
};

struct Empty(Replacement);

impl Violation for Empty {
    fn message(&self, key: &About) -> Sentence {
        sentence!(
            "anyone can forge tokens with {key}: its secret decodes to nothing, and a token signed with the empty secret is \
             accepted"
        )
    }

    fn help(&self, key: &About, tool: &str) -> Option<Sentence> {
        Some(self.0.message(key, tool))
    }
}

fn look(on: &Inspected<'_>, key: &Key) -> Option<Finding> {
    key.weakness().filter(|weakness| *weakness == Weakness::Empty)?;
    let harm = Harm::LetsIn { by: Way::Empty, keys: vec![key.in_words()] };
    Some(Finding::new(&RULE, on.place_of(key, "k"), Empty(Replacement::of(on, key))).of(key).means(harm))
}
