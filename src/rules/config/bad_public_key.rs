//! `bad-public-key`: numbers that make no key.

use crate::keyset::FaultKind;
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "bad-public-key",
    severity: Severity::Error,
    pedantic: false,
    finds: "The numbers of an EC or OKP key make no key of its curve.",
    why: "The service imports all keys at start, and does not start where a point is not on its curve or has the wrong \
          length. An RSA key is not looked at before the first token; see `short-rsa`.",
    mend: "Copy `x`, `y` and `crv` anew from the JWKS of whoever signs with the key.",
    look: Look::Start(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    super::faults(subject, FaultKind::BadPublicKey)
        .map(|(key, fault)| super::fault_found(subject, key, fault))
        .collect()
}
