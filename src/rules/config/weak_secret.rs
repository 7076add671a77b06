//! `weak-secret`: shorter than its algorithm's hash.

use crate::base::sentence::{Sentence, sentence};
use crate::keyset::strength::{self, Weakness};
use crate::keyset::{HmacAlg, Key};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, Finding, How, Look, Rule, Violation, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "weak-secret",
    finds: "A secret is shorter than the hash of its algorithm.",
    why: "RFC 7518, section 3.2 asks for 32 bytes with HS256, 48 with HS384 and 64 with HS512. The service silently \
          takes less.",
    fix: How::Named(|tool, _| sentence!("Rotate: `{tool} rotate` makes a secret of the right length.")),
    look: Look::Key(look),
    ..WARNING
};

struct ShortSecret {
    bits: usize,
    alg: HmacAlg,
}

impl Violation for ShortSecret {
    fn message(&self, key: &About) -> Sentence {
        let (Self { bits, alg }, least) = (self, self.alg.hash_length() * 8);
        sentence!("the secret of {key} has {bits} bits, and {alg} needs {least} (RFC 7518, section 3.2)")
    }
}

fn look(on: &Inspected<'_>, key: &Key) -> Option<Finding> {
    // Words, patterns and nothing at all have rules of their own.
    let is_random = matches!(key.weakness(), None | Some(Weakness::Short));
    let (secret, alg) = key.secret().zip(key.hmac_alg()).filter(|_| is_random)?;
    let bits = strength::bits(secret);
    let is_short = bits < alg.hash_length() * 8;
    is_short.then(|| Finding::new(&RULE, on.place_of(key, "k"), ShortSecret { bits, alg }).of(key))
}
