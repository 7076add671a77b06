//! `double-encoding`: a secret whose bytes are base64 text themselves.

use crate::base::sentence::{Sentence, sentence};
use crate::keyset::Key;
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, Finding, How, INFO, Look, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "double-encoding",
    finds: "The bytes of a secret are base64 text themselves: 44 characters that end in `=`.",
    why: "PowerSync's documentation has two recipes. In one, base64url of the text that `openssl rand -base64 32` \
          prints is the `k`: then this is right, and the backend signs with the 44 characters of that text. In the other, the \
          random bytes behind the text are the key: then it was encoded once too often, and every token is rejected \
          (`PSYNC_S2101`, signature verification failed).",
    fix: How::Text(
        "Check how the backend makes its key from that text. As it is (in Node `Buffer.from(text)`) is right; decoded \
             (`Buffer.from(text, 'base64')`) is wrong: then use the text itself as `k`, with `-` and `_` in place of `+` and \
             `/`, and without `=`.",
    ),
    look: Look::Key(look),
    ..INFO
};

fn message(key: &About) -> Sentence {
    sentence!(
        "the secret of {key} is itself base64 text (44 bytes): right if your backend signs with that text, wrong if it \
         signs with the 32 bytes behind it"
    )
}

fn look(on: &Inspected<'_>, key: &Key) -> Option<Finding> {
    let secret = key.secret()?.bytes();
    let is_base64 = secret.len() == 44
        && secret.ends_with(b"=")
        && secret[..43].iter().all(|b| b.is_ascii_alphanumeric() || b"+/-_".contains(b));
    is_base64.then(|| Finding::new(&RULE, on.place_of(key, "k"), message).of(key))
}
