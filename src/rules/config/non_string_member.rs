//! `non-string-member`: a number, `true` or nothing where text belongs.

use zeroize::Zeroizing;

use crate::config::{Kind, NodeId, Scalar};
use crate::keyset::{FaultKind, Key};
use crate::rules::finding::{Fix, Found};
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "non-string-member",
    severity: Severity::Error,
    pedantic: false,
    finds: "A key's member is a number, true, false, empty, a list or a mapping, and has to be text.",
    why: "The service reads YAML 1.2: an unquoted `kid: 123` or `1e3` is a number, `true` a boolean, `~` and nothing are \
          null. It does not start with such a key, and doesn't say with which.",
    mend: "Put the value in quotes: `kid: '123'`. An optional member that is to be empty has to be left out.",
    look: Look::Start(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    super::faults(subject, FaultKind::NotText)
        .map(|(key, fault)| {
            let found = super::fault_found(subject, key, fault);
            let Some((_, value)) = subject.doc().member(subject.entry(key), fault.member) else {
                return found;
            };
            let fix = in_quotes(subject, key, value, fault.member);
            let help = match &fix {
                Some(fix) => format!("Put it in quotes: `kid: '{}'`", fix.value.as_str()),
                None => help(subject.doc().scalar(value), fault.member),
            };
            found.help(help).fix(fix)
        })
        .collect()
}

fn help(scalar: Option<Scalar<'_>>, member: &str) -> String {
    match scalar {
        Some(Scalar::Null) if member == "kid" => {
            "Write the kid that the backend's tokens carry, or take the line out: without `kid` the key is tried for \
             every token"
                .to_owned()
        }
        Some(Scalar::Null) => format!("Write the value of `{member}`, or remove the key"),
        Some(Scalar::Env(_)) => "Take the `::number` or `::boolean` off: the value has to be text".to_owned(),
        Some(_) => format!("Put the value in quotes: `{member}: '…'`"),
        None => format!("Write one text: `{member}: '…'`"),
    }
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
