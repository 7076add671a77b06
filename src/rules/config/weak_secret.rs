//! `weak-secret`: shorter than its algorithm's hash.

use crate::keyset::strength::{self, Weakness};
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "weak-secret",
    severity: Severity::Warning,
    pedantic: false,
    finds: "A secret is shorter than the hash of its algorithm.",
    why: "RFC 7518, section 3.2 asks for 32 bytes with HS256, 48 with HS384 and 64 with HS512. The service takes less \
          without a word.",
    mend: "Rotate: `powersync-jwks rotate` makes a secret of the right length.",
    look: Look::Config(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let keys = subject.keys.keys().iter();
    keys.filter_map(|key| {
        // Words, patterns and nothing at all are told as what they are.
        let is_random = matches!(key.weakness(), None | Some(Weakness::Short));
        let (secret, alg) = key.secret().zip(key.hmac_alg()).filter(|_| is_random)?;
        let (bits, least) = (strength::bits(secret), alg.hash_length() * 8);
        (bits < least).then(|| {
            let message = format!(
                "the secret of {} has {bits} bits, and {alg} needs {least} (RFC 7518, section 3.2)",
                key.name()
            );
            Found::new(subject.place_of(key, "k"), message)
                .of(key)
                .help(format!("`{} rotate` makes one of the right length", subject.tool))
        })
    })
    .collect()
}
