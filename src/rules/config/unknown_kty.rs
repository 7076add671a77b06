//! `unknown-kty`: a type of key the service doesn't know.

use zeroize::Zeroizing;

use crate::keyset::FaultKind;
use crate::rules::finding::{Fix, Found};
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "unknown-kty",
    severity: Severity::Error,
    pedantic: false,
    finds: "A key's `kty` is missing, or none the service knows.",
    why: "The service knows `oct`, `RSA`, `EC` and `OKP`; upper and lower case count (RFC 7518, section 6.1). It does \
          not start with another.",
    mend: "Write `kty: oct` for a shared secret.",
    look: Look::Start(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let missing = super::faults(subject, FaultKind::Missing).filter(|(_, fault)| fault.member == "kty");
    let unknown = super::faults(subject, FaultKind::UnknownKty);
    missing
        .chain(unknown)
        .map(|(key, fault)| {
            let written = subject.member(key, "kty").and_then(|(_, text)| text);
            let meant = ["oct", "RSA", "EC", "OKP"]
                .into_iter()
                .find(|kty| written.is_some_and(|written| written.eq_ignore_ascii_case(kty)));
            let fix = meant.map(|kty| Fix {
                entry: key.index,
                member: "kty",
                value: Zeroizing::new(kty.to_owned()),
            });
            super::fault_found(subject, key, fault).fix(fix)
        })
        .collect()
}
