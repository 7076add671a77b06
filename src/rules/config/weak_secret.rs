//! `weak-secret`: shorter than its algorithm's hash.

use super::Replacement;
use crate::base::sentence::{Sentence, sentence};
use crate::explain::{Harm, Way};
use crate::keyset::strength::{self, Weakness};
use crate::keyset::{HmacAlg, Key};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, Finding, How, Look, Rule, Violation, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "weak-secret",
    finds: "A secret is shorter than the hash of its algorithm.",
    why: "RFC 7518, section 3.2 asks for 32 bytes with HS256, 48 with HS384 and 64 with HS512. The service silently \
          takes less. Below 112 bits it is an error: all secrets of that length can be tried.",
    fix: How::Named(|tool, _| sentence!("Rotate: `{tool} rotate` makes a secret of the right length.")),
    look: Look::Key(look),
    ..WARNING
};

/// Fewer bits than this are too few for a key (NIST SP 800-131A): an error.
const GUESSABLE: usize = 112;

struct ShortSecret {
    /// How to get rid of it, where it can be guessed.
    replacement: Option<Replacement>,
    bits: usize,
    alg: HmacAlg,
}

impl Violation for ShortSecret {
    fn message(&self, key: &About) -> Sentence {
        let (Self { bits, alg, .. }, least) = (self, self.alg.hash_length() * 8);
        sentence!("the secret of {key} has {bits} bits, and {alg} needs {least} (RFC 7518, section 3.2)")
    }

    fn help(&self, key: &About, tool: &str) -> Option<Sentence> {
        self.replacement.as_ref().map(|replacement| replacement.message(key, tool))
    }
}

fn look(on: &Inspected<'_>, key: &Key) -> Option<Finding> {
    // Words, patterns and nothing at all have rules of their own.
    let is_random = matches!(key.weakness(), None | Some(Weakness::Short));
    let (secret, alg) = key.secret().zip(key.hmac_alg()).filter(|_| is_random)?;
    let bits = strength::bits(secret);
    let is_short = bits < alg.hash_length() * 8;
    let replacement = (bits < GUESSABLE).then(|| Replacement::of(on, key));
    let harm = if bits < GUESSABLE {
        Harm::LetsIn { by: Way::Guess, keys: vec![key.in_words()] }
    } else {
        Harm::None
    };
    is_short.then(|| {
        Finding::new(&RULE, on.place_of(key, "k"), ShortSecret { replacement, bits, alg }).of(key).means(harm)
    })
}
