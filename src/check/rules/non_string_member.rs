//! `non-string-member`: a number, `true` or nothing where text belongs.

use zeroize::Zeroizing;

use crate::check::finding::{Fix, Found};
use crate::check::rule::{Look, Rule, Severity};
use crate::check::subject::Subject;
use crate::config::{Kind, NodeId, Scalar};
use crate::keyset::{FaultKind, Key};

pub(in crate::check) static RULE: Rule = Rule {
    id: "non-string-member",
    severity: Severity::Error,
    pedantic: false,
    finds: "A key's member is a number, true, false, empty, a list or a mapping, and has to be text.",
    why: "The service reads YAML 1.2: an unquoted `kid: 123` or `1e3` is a number, `true` a boolean, `~` and nothing are \
          null. It does not start with such a key, and doesn't say with which.",
    mend: "Put the value in quotes: `kid: '123'`.",
    look: Look::Config(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    super::faults(subject, FaultKind::NotText)
        .map(|(key, id, fault)| {
            let fix = in_quotes(subject, key, id, fault.member);
            let help = match &fix {
                Some(fix) => format!("Put it in quotes: `kid: '{}'`", fix.value.as_str()),
                None => format!("Write `{}` as text, in quotes", fault.member),
            };
            super::fault_found(subject, key, id, fault).help(help).fix(fix)
        })
        .collect()
}

/// A number or a boolean, written as text: no token was ever accepted with the key as it stands.
fn in_quotes(subject: &Subject<'_>, key: &Key, id: NodeId, member: &'static str) -> Option<Fix> {
    if !matches!(subject.doc().scalar(id)?, Scalar::Bool(_) | Scalar::Integer(_) | Scalar::Float(_)) {
        return None;
    }
    match &subject.doc().node(id).kind {
        Kind::Scalar { text, .. } if member == "kid" => {
            Some(Fix { entry: key.index, member, value: Zeroizing::new(text.to_string()) })
        }
        _ => None,
    }
}
