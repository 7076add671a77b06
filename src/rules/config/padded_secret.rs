//! `padded-secret`: base64 in another form than base64url without padding.

use crate::base::sentence::{Sentence, sentence};
use crate::config::{Kind, Quote};
use crate::keyset::Key;
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, Finding, Fix, How, Look, Rule, Violation, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "padded-secret",
    finds: "A secret is written with `=` at the end, with `+` or `/`, or with white space in it.",
    why: "RFC 7518, section 6.4.1 wants base64url without padding. The service reads the same bytes, but a backend that \
          is stricter, or that uses the text itself as the key, signs with another secret.",
    fix: How::Text(
        "Write it as base64url without padding: the service reads the same bytes. A backend that signs with the text itself, and \
         does not decode it, keeps the text that it has.",
    ),
    look: Look::Key(look),
    ..WARNING
};

/// What base64url has not.
enum Foreign {
    Padding,
    Alphabet,
    WhiteSpace,
}

impl Violation for Foreign {
    fn message(&self, key: &About) -> Sentence {
        match self {
            Self::Padding => {
                sentence!("the secret of {key} ends in `=`, which base64url as JWKs have it does not")
            }
            Self::Alphabet => {
                sentence!("the secret of {key} has `+` or `/` in it, where base64url has `-` and `_`")
            }
            Self::WhiteSpace => sentence!("the secret of {key} has white space in it"),
        }
    }
}

fn look(on: &Inspected<'_>, key: &Key) -> Option<Finding> {
    let (span, text) = on.member(key, "k")?;
    let (k, secret) = (text?, key.secret()?);
    if secret.bytes().is_empty() || key.variable().is_some() {
        return None;
    }
    let body = k.trim_end_matches(|c: char| c == '=' || c.is_whitespace());
    let foreign = |c: char| matches!(c, '+' | '/') || c.is_whitespace();
    let clean = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c) || foreign(c);
    // Other characters, or a `=` in the middle, make another secret: `not-base64url`.
    if !body.chars().all(clean) || (body.len() == k.len() && !body.contains(foreign)) {
        return None;
    }
    let (_, value) = on.doc().member(on.entry(key), "k")?;
    // The line break at the end of a block scalar is how it is written there.
    let block = matches!(on.doc().resolve(value).kind, Kind::Scalar { quote: Quote::Block(_), .. });
    if block && k.trim_end() == body && !body.contains(foreign) {
        return None;
    }
    let cause = if body.contains(['+', '/']) {
        Foreign::Alphabet
    } else if body.contains(foreign) || !k.trim_end_matches('=').ends_with(body) {
        Foreign::WhiteSpace
    } else {
        Foreign::Padding
    };
    let fix = Fix { entry: key.index, member: "k", value: secret.to_base64url() };
    Some(Finding::new(&RULE, span, cause).of(key).fixed_by(Some(fix)))
}
