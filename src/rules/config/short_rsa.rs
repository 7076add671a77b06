//! `short-rsa`: an RSA key too short to verify with.

use crate::keyset::Material;
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "short-rsa",
    severity: Severity::Warning,
    pedantic: false,
    finds: "The modulus of an RSA key has fewer than 2048 bits.",
    why: "The service starts with it and rejects every token signed with it: RFC 7518, section 3.3 asks for 2048 bits. A \
          modulus that was cut off or badly copied looks the same.",
    mend: "Copy `n` anew, or replace the key where its tokens are signed.",
    look: Look::Config(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let keys = subject.keys.keys().iter();
    keys.filter_map(|key| {
        let Material::Public(public) = &key.material else { return None };
        (public.kty == "RSA" && public.numbers.is_some()).then_some(())?;
        let bits = public.bits.unwrap_or(0);
        (bits < 2048).then(|| {
            let message = format!(
                "no token of {} is accepted: its modulus has {bits} bits, and 2048 is the least",
                key.name()
            );
            Found::new(subject.place_of(key, "n"), message).of(key)
        })
    })
    .collect()
}
