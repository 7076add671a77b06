//! `non-string-member`: a number, `true` or nothing where text belongs.

use zeroize::Zeroizing;

use crate::config::{Kind, NodeId, Scalar};
use crate::keyset::{FaultKind, Key};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{ERROR, Finding, Fix, How, Look, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "non-string-member",
    finds: "A key's member is a number, true, false, empty, a list or a mapping, and must be text.",
    why: "The service reads YAML 1.2: an unquoted `kid: 123` or `1e3` is a number, `true` a boolean, `~` and nothing are \
          null. It does not start with such a key, and doesn't say which one it is.",
    fix: How::Text(
        "Put the value in quotes: `kid: '123'`. Leave out an optional member that should be empty.",
    ),
    look: Look::New(look),
    ..ERROR
};

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    let faults = super::faults(on, super::of_kind(FaultKind::NotText)).into_iter();
    let found = faults.map(|(key, fault, blocks)| {
        let value = on.doc().member(on.entry(key), fault.member).map(|(_, value)| value);
        let fix = value.and_then(|value| in_quotes(on, key, value, fault.member));
        let advice = match value.map(|value| on.doc().scalar(value)) {
            _ if fix.is_some() => super::Advice::InQuotes(fault.member),
            None => super::Advice::OfRule,
            Some(Some(Scalar::Null)) => super::Advice::Fill(fault.member),
            Some(Some(Scalar::Env(_))) => super::Advice::NoCast,
            Some(Some(_)) => super::Advice::InQuotes(fault.member),
            Some(None) => super::Advice::OneText(fault.member),
        };
        super::finding(&RULE, on, key, fault, super::Blocks { advice, ..blocks }).fixed_by(fix)
    });
    found.collect()
}

/// A number or a boolean, written as text: no token was ever accepted with the key as it is.
fn in_quotes(on: &Inspected<'_>, key: &Key, id: NodeId, member: &'static str) -> Option<Fix> {
    if !matches!(on.doc().scalar(id)?, Scalar::Bool(_) | Scalar::Integer(_) | Scalar::Float(_)) {
        return None;
    }
    match &on.doc().node(id).kind {
        Kind::Scalar { text, .. } if member == "kid" => {
            Some(Fix { entry: key.index, member, value: Zeroizing::new(text.to_string()) })
        }
        _ => None,
    }
}
