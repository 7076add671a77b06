//! `padded-secret`: base64 in another form than base64url without padding.

use crate::config::{Kind, Quote};
use crate::rules::finding::{Fix, Found};
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "padded-secret",
    severity: Severity::Warning,
    pedantic: false,
    finds: "A secret is written with `=` at the end, with `+` or `/`, or with white space in it.",
    why: "RFC 7518, section 6.4.1 wants base64url without padding. The service reads the same bytes, but a backend that \
          is stricter, or that takes the text itself for the key, signs with another secret.",
    mend: "Write it as base64url without padding. The bytes stay the same.",
    look: Look::Config(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let keys = subject.keys.keys().iter();
    keys.filter_map(|key| {
        let (span, text) = subject.member(key, "k")?;
        let (k, secret) = (text?, key.secret()?);
        if secret.bytes().is_empty() || key.variable().is_some() {
            return None;
        }
        let body = k.trim_end_matches(|c: char| c == '=' || c.is_whitespace());
        let foreign = |c: char| matches!(c, '+' | '/') || c.is_whitespace();
        let clean = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c) || foreign(c);
        // Other characters, or a `=` in the middle, make another secret: not a matter of form.
        if !body.chars().all(clean) || (body.len() == k.len() && !body.contains(foreign)) {
            return None;
        }
        let (_, value) = subject.doc().member(subject.entry(key), "k")?;
        // The line break at the end of a block scalar is how it is written there.
        let block = matches!(subject.doc().resolve(value).kind, Kind::Scalar { quote: Quote::Block, .. });
        if block && k.trim_end() == body && !body.contains(foreign) {
            return None;
        }
        let message = format!("the secret of {} is not written as base64url without padding", key.name());
        let fix = Fix { entry: key.index, member: "k", value: secret.to_base64url() };
        Some(Found::new(span, message).of(key).fix(Some(fix)))
    })
    .collect()
}
