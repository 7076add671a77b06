//! `double-encoding`: a secret whose bytes are base64 text themselves.

use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "double-encoding",
    severity: Severity::Info,
    pedantic: false,
    finds: "The bytes of a secret are base64 text themselves: 44 characters that end in `=`.",
    why: "PowerSync's documentation has two recipes. In one, base64url of the text that `openssl rand -base64 32` \
          prints is the `k`: then this is right, and the backend signs with the 44 characters of that text. In the other, the \
          random bytes behind the text are the key: then it was encoded once too often, and every token is rejected \
          (`PSYNC_S2101`, signature verification failed).",
    mend: "Look how the backend makes its key of that text. As it is (in Node `Buffer.from(text)`) is right; decoded \
           (`Buffer.from(text, 'base64')`) is wrong: then take the text itself for `k`, with `-` and `_` in place of `+` and \
           `/`, and without `=`.",
    look: Look::Config(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let keys = subject.keys.keys().iter();
    keys.filter_map(|key| {
        let secret = key.secret()?.bytes();
        let text = secret.len() == 44
            && secret.ends_with(b"=")
            && secret[..43].iter().all(|b| b.is_ascii_alphanumeric() || b"+/-_".contains(b));
        text.then(|| {
            let message = format!(
                "the secret of {} is itself base64 text (44 bytes): right if your backend signs with that text, wrong if \
                 it signs with the 32 bytes behind it",
                key.name()
            );
            Found::new(subject.place_of(key, "k"), message).of(key)
        })
    })
    .collect()
}
