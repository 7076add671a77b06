//! `not-base64url`: a secret the service reads as another one than is written.

use crate::keyset::strength::Weakness;
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "not-base64url",
    severity: Severity::Error,
    pedantic: false,
    finds: "A secret has characters that the service skips, ends for it at a `=` in the middle, or has a length that no \
            base64url has.",
    why: "The service takes `k` as base64url and skips every other character without a word, and a `=` ends it. What is \
          left is another secret than the backend signs with: every token is rejected. Raw text, `'!env PS_X'` in quotes \
          and `${PS_X}` end up here: neither is replaced.",
    mend: "Write the base64url of the secret's bytes. For a variable write `k: !env PS_NAME`, without quotes.",
    look: Look::Config(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let symmetric = subject.keys.keys().iter().filter(|key| key.is_symmetric());
    symmetric
        .filter_map(|key| {
            let (span, text) = subject.member(key, "k")?;
            let name = key.name();
            if key.weakness() == Some(Weakness::NotReplaced) {
                let message = format!(
                    "the secret of {name} is a variable only by its looks: the service does not replace it and takes the \
                     text itself, so whoever knows this line can sign tokens"
                );
                return Some(Found::new(span, message).of(key).help("Write `k: !env PS_NAME`, without quotes"));
            }
            let known = key.variable().and_then(|variable| subject.values()(variable));
            let k = text.or(known.as_deref().map(String::as_str))?;
            // A secret of no bytes is told as that.
            (key.weakness() != Some(Weakness::Empty)).then_some(())?;
            let what = fault(k)?;
            Some(Found::new(span, format!("the service reads another secret for {name} than is written: {what}")).of(key))
        })
        .collect()
}

fn fault(k: &str) -> Option<&'static str> {
    let base64 = |c: char| c.is_ascii_alphanumeric() || "+/-_=".contains(c) || c.is_whitespace();
    if !k.chars().all(base64) {
        return Some("it skips the characters that are not base64url");
    }
    let (body, after) = k.split_once('=').unwrap_or((k, ""));
    if !after.chars().all(|c| c == '=' || c.is_whitespace()) {
        return Some("the first `=` ends it, and more stands behind");
    }
    let length = body.chars().filter(|c| !c.is_whitespace()).count();
    (length % 4 == 1).then_some("it drops the last character, since a character is missing or one too many")
}
