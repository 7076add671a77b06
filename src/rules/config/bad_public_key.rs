//! `bad-public-key`: numbers that make no key.

use super::blocking;
use crate::keyset::FaultKind;
use crate::rules::inspected::Inspected;
use crate::rules::rule::{ERROR, Finding, How, Look, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "bad-public-key",
    finds: "The numbers of an EC or OKP key are no key of its curve.",
    why: "The service imports all keys at start, and does not start where a point is not on its curve or has the wrong \
          length. An RSA key is not looked at before the first token; see `short-rsa`.",
    fix: How::Text("Copy `x`, `y` and `crv` again from the JWKS of the party that signs with the key."),
    look: Look::New(look),
    ..ERROR
};

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    blocking::faults(&RULE, on, FaultKind::BadPublicKey)
}
