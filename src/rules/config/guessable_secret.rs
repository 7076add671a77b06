//! `guessable-secret`: a secret that can be guessed.

use super::Replacement;
use crate::base::sentence::{Sentence, sentence};
use crate::explain::{Harm, Way};
use crate::keyset::Key;
use crate::keyset::strength::Weakness;
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule, Violation};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "guessable-secret",
    finds: "A secret is a placeholder, readable words, a pattern of bytes, a published development value, or \
            brute-forceable.",
    why: "The service takes any secret of one byte or more. Whoever guesses it signs tokens for any user; one token \
          is enough to test guesses against, without asking the service.",
    fix: How::Named(|tool, _| sentence!("Replace the key at once: `{tool} rotate --revoke`.")),
    look: Look::Key(look),
    ..ERROR
};

struct Guessable(Weakness, Replacement);

impl Violation for Guessable {
    fn message(&self, key: &About) -> Sentence {
        sentence!("anyone can forge tokens with {key}: {}", self.0)
    }

    fn help(&self, key: &About, tool: &str) -> Option<Sentence> {
        Some(self.1.message(key, tool))
    }
}

fn look(on: &Inspected<'_>, key: &Key) -> Option<Finding> {
    let others = [Weakness::Empty, Weakness::NotReplaced];
    let weakness = key.weakness().filter(|weakness| !others.contains(weakness))?;
    let harm = Harm::LetsIn { by: Way::Guess, keys: vec![key.in_words()] };
    Some(
        Finding::new(&RULE, on.place_of(key, "k"), Guessable(weakness, Replacement::of(on, key)))
            .of(key)
            .means(harm),
    )
}
