//! `not-base64url`: a secret the service reads as another one than is written.

use crate::base::sentence::{Sentence, sentence};
use crate::config::placeholder::Placeholder;
use crate::explain::{Harm, LockOut, Way, Whose};
use crate::keyset::Key;
use crate::keyset::strength::Weakness;
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule, Violation};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "not-base64url",
    finds: "A secret has characters that the service skips, is cut off by a `=` in the middle, or has a length that no \
            base64url has.",
    why: "The service takes `k` as base64url and silently skips every other character, and a `=` ends it. The result is \
          another secret than the backend signs with: every token is rejected. Raw text, `'!env PS_X'` in quotes and \
          `${PS_X}` end up here: neither is replaced.",
    fix: How::Text(
        "Write the base64url of the secret's bytes. For a variable write `k: !env PS_NAME`, without quotes.",
    ),
    look: Look::Key(look),
    ..ERROR
};

/// How the service reads another secret than is written.
enum Misread {
    /// Text such as `${PS_X}`
    NotReplaced,
    Skipped,
    Padding,
    Length,
}

impl Violation for Misread {
    fn message(&self, key: &About) -> Sentence {
        let what = match self {
            Self::NotReplaced => {
                return sentence!(
                    "anyone can forge tokens with {key}: its secret only looks like a variable. The service does not replace \
                     it and uses the text itself, so whoever knows this line can sign tokens"
                );
            }
            Self::Skipped => "it skips the characters that are not base64url",
            Self::Padding => "the first `=` ends it, and more follows",
            Self::Length => "it drops the last character, since one character is missing or one too many",
        };
        sentence!("the service reads another secret for {key} than is written: {what}")
    }

    fn help(&self, _: &About, _: &str) -> Option<Sentence> {
        matches!(self, Self::NotReplaced).then(|| sentence!("Write `k: !env PS_NAME`, without quotes."))
    }
}

fn look(on: &Inspected<'_>, key: &Key) -> Option<Finding> {
    let (span, text) = on.member(key, "k").filter(|_| key.is_symmetric())?;
    // What a template renders to can't be told.
    if text.is_some_and(|text| Placeholder::of(text).is_some()) {
        return None;
    }
    let known = key.variable().and_then(|variable| on.values()(variable));
    let cause = match key.weakness() {
        Some(Weakness::NotReplaced) => Misread::NotReplaced,
        // `empty-secret`
        Some(Weakness::Empty) => return None,
        _ => misread(text.or(known.as_deref().map(String::as_str))?)?,
    };
    let keys = vec![key.in_words()];
    let harm = match cause {
        Misread::NotReplaced => Harm::LetsIn { by: Way::Copy, keys },
        _ => Harm::LocksOut(LockOut::now(Whose::Keys(keys))),
    };
    Some(Finding::new(&RULE, span, cause).of(key).means(harm))
}

fn misread(k: &str) -> Option<Misread> {
    let base64 = |c: char| c.is_ascii_alphanumeric() || "+/-_=".contains(c) || c.is_whitespace();
    if !k.chars().all(base64) {
        return Some(Misread::Skipped);
    }
    let (body, after) = k.split_once('=').unwrap_or((k, ""));
    if !after.chars().all(|c| c == '=' || c.is_whitespace()) {
        return Some(Misread::Padding);
    }
    let length = body.chars().filter(|c| !c.is_whitespace()).count();
    (length % 4 == 1).then_some(Misread::Length)
}
