//! `short-rsa`: an RSA key too short to verify with.

use crate::base::sentence::{Sentence, sentence};
use crate::explain::{Deed, Harm};
use crate::keyset::{Key, Material};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, Finding, How, Look, Rule, Violation, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "short-rsa",
    finds: "The modulus of an RSA key has fewer than 2048 bits.",
    why: "The service starts with it and rejects every token signed with it: RFC 7518, section 3.3 asks for 2048 bits. A \
          modulus that was cut off or badly copied looks the same.",
    fix: How::Text("Copy `n` again, or replace the key where its tokens are signed."),
    look: Look::Key(look),
    ..WARNING
};

struct Bits(usize);

impl Violation for Bits {
    fn message(&self, key: &About) -> Sentence {
        sentence!("no token of {key} is accepted: its modulus has {} bits, and the minimum is 2048", self.0)
    }
}

fn look(on: &Inspected<'_>, key: &Key) -> Option<Finding> {
    let Material::Public(public) = &key.material else { return None };
    let bits = public.bits.unwrap_or(0);
    let is_short = public.kty == "RSA" && public.numbers.is_some() && bits < 2048;
    is_short.then(|| {
        Finding::new(&RULE, on.place_of(key, "n"), Bits(bits))
            .of(key)
            .means(Harm::First(Deed::Fix { rule: RULE.id }))
    })
}
