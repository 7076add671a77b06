//! Rules about one config, one a file.

pub(super) mod bad_public_key;
pub(super) mod cloud_schema;
pub(super) mod current_key_retiring;
pub(super) mod double_encoding;
pub(super) mod duplicate_kid;
pub(super) mod duplicate_secret;
pub(super) mod empty_kid;
pub(super) mod empty_secret;
pub(super) mod env_name;
pub(super) mod file_mode;
pub(super) mod guessable_secret;
pub(super) mod inline_secret;
pub(super) mod invalid_shape;
pub(super) mod merge_key;
pub(super) mod missing_kid;
pub(super) mod missing_member;
pub(super) mod no_audience;
pub(super) mod no_keys;
pub(super) mod no_schedule;
pub(super) mod non_string_member;
pub(super) mod not_base64url;
pub(super) mod overdue;
pub(super) mod padded_secret;
pub(super) mod private_key;
pub(super) mod same_variable;
pub(super) mod short_overlap;
pub(super) mod short_rsa;
pub(super) mod unknown_alg;
pub(super) mod unknown_kty;
pub(super) mod unreadable_date;
pub(super) mod unset_variable;
pub(super) mod weak_secret;

use super::finding::Found;
use super::subject::Subject;
use crate::keyset::{Fault, FaultKind, Key, KeySet};

/// The faults of one kind that keep the service from starting.
fn faults<'a>(subject: &Subject<'a>, kind: FaultKind) -> impl Iterator<Item = (&'a Key, Fault)> {
    let of_key = |key: &'a Key| {
        let faults = KeySet::faults_of(subject.config, subject.entry(key), subject.values());
        faults.into_iter().map(move |(_, fault)| (key, fault))
    };
    let all: Vec<_> = subject.keys.keys().iter().flat_map(of_key).collect();
    all.into_iter().filter(move |(_, fault)| fault.kind == kind)
}

/// A finding about such a fault.
fn fault_found(subject: &Subject<'_>, key: &Key, fault: Fault) -> Found {
    // A point is told by its first half.
    let span = subject.place_of(key, if fault.member.is_empty() { "x" } else { fault.member });
    let who = if subject.keys.is_cloud {
        "PowerSync Cloud does not take"
    } else {
        "the service does not start with"
    };
    Found::new(span, format!("{who} {}: {fault}", key.name())).of(key)
}

/// Whether JavaScript takes it for white space (ECMA-262, `WhiteSpace` and `LineTerminator`).
fn is_white_in_js(c: char) -> bool {
    (c.is_whitespace() && c != '\u{85}') || c == '\u{feff}'
}
