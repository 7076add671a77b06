//! Rules about one config, one a file.

pub(super) mod bad_public_key;
pub(super) mod cloud_schema;
pub(super) mod current_key_retiring;
pub(super) mod double_encoding;
pub(super) mod duplicate_kid;
pub(super) mod duplicate_member;
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
pub(super) mod stuck_standby;
pub(super) mod unknown_alg;
pub(super) mod unknown_kty;
pub(super) mod unreadable_date;
pub(super) mod unset_variable;
pub(super) mod weak_secret;

use zeroize::Zeroizing;

use super::inspected::Inspected;
use super::rule::{About, Cause, Finding, Fix, Rule};
use crate::base::sentence::{Sentence, sentence};
use crate::config::Misfit;
use crate::keyset::{Fault, FaultKind, Key, Obstacle, ObstacleKind, obstacles};

/// The service does not start with this.
struct Blocks {
    kind: ObstacleKind,
    is_cloud: bool,
    advice: Advice,
}

/// What to do about it.
enum Advice {
    /// What the rule says.
    OfRule,
    Add(String),
    KeepSyncConfig,
    Cast,
    Value(String),
    InQuotes(&'static str),
    OneText(&'static str),
    Fill(&'static str),
    NoCast,
    CopyPublic,
}

impl Blocks {
    fn new(on: &Inspected<'_>, kind: ObstacleKind) -> Self {
        Self { kind, is_cloud: on.keys.is_cloud, advice: Advice::OfRule }
    }
}

impl Cause for Blocks {
    fn message(&self, about: &About) -> Sentence {
        match &self.kind {
            ObstacleKind::Key { fault, .. } if self.is_cloud => {
                sentence!("PowerSync Cloud does not take {about}: {fault}")
            }
            ObstacleKind::Key { fault, .. } => sentence!("the service does not start with {about}: {fault}"),
            other => sentence!("the service does not start with this file: {other}"),
        }
    }

    fn help(&self, _: &About, _: &str) -> Option<Sentence> {
        Some(match &self.advice {
            Advice::OfRule => return None,
            Advice::Add(path) => sentence!("Add `{path}`."),
            Advice::KeepSyncConfig => sentence!("Keep `sync_config` and remove `sync_rules`."),
            Advice::Cast => sentence!("Write `::number` or `::boolean`, or no cast where text belongs."),
            Advice::Value(name) => sentence!(
                "Set another value, or remove the cast behind {name}: the service prints the value when it fails."
            ),
            Advice::InQuotes(member) => sentence!("Put the value in quotes: `{member}: '…'`."),
            Advice::OneText(member) => sentence!("Write one text: `{member}: '…'`."),
            Advice::Fill("kid") => sentence!(
                "Write the kid that the backend's tokens carry, or remove the line: without `kid` the key is tried for every \
                 token."
            ),
            Advice::Fill(member) => sentence!("Write the value of `{member}`, or remove the key."),
            Advice::NoCast => sentence!("Remove `::number` or `::boolean`: the value must be text."),
            Advice::CopyPublic => {
                sentence!("Copy `alg` and `crv` again from the JWKS of the party that signs with the key.")
            }
        })
    }
}

/// Faults of keys of one kind.
fn of_kind(kind: FaultKind) -> impl Fn(&ObstacleKind) -> bool {
    move |obstacle| matches!(obstacle, ObstacleKind::Key { fault, .. } if fault.kind == kind)
}

/// The findings of a rule about what keeps the service from starting. `own`: what is this rule's.
fn findings(rule: &'static Rule, on: &Inspected<'_>, own: impl Fn(&ObstacleKind) -> bool) -> Vec<Finding> {
    let all = obstacles(on.config, on.keys, on.values()).into_iter().filter(|one| own(&one.kind));
    let found = all.map(|Obstacle { at, kind }| {
        let (advice, about) = match &kind {
            ObstacleKind::Key { index, fault, .. } => {
                return finding(rule, on, &on.keys.keys()[*index], *fault, Blocks::new(on, kind.clone()));
            }
            ObstacleKind::Member { path, misfit } => {
                let advice = match misfit {
                    Misfit::Missing => Advice::Add(path.clone()),
                    Misfit::Renamed => Advice::KeepSyncConfig,
                    Misfit::Not { .. } => Advice::OfRule,
                };
                (advice, About::Member(path.clone()))
            }
            ObstacleKind::NoVariable => (Advice::OfRule, About::File),
            ObstacleKind::UnknownCast(name) => (Advice::Cast, About::Member(name.clone())),
            ObstacleKind::BadValue { name, .. } => (Advice::Value(name.clone()), About::Member(name.clone())),
        };
        let is_member = matches!(kind, ObstacleKind::Member { .. });
        let blocks = Blocks { advice, ..Blocks::new(on, kind) };
        let found = Finding::new(rule, at.map(|at| on.first_line(at)), blocks).about(about);
        if is_member { found } else { found.of_key_there(on) }
    });
    found.collect()
}

/// The faults of keys that are a rule's own.
fn faults<'a>(on: &Inspected<'a>, own: impl Fn(&ObstacleKind) -> bool) -> Vec<(&'a Key, Fault, Blocks)> {
    let all = obstacles(on.config, on.keys, on.values()).into_iter().filter(|one| own(&one.kind));
    let faults = all.filter_map(|obstacle| match obstacle.kind {
        ObstacleKind::Key { index, fault, .. } => {
            Some((&on.keys.keys()[index], fault, Blocks::new(on, obstacle.kind)))
        }
        _ => None,
    });
    faults.collect()
}

/// A finding about a fault of a key.
fn finding(rule: &'static Rule, on: &Inspected<'_>, key: &Key, fault: Fault, blocks: Blocks) -> Finding {
    // A point is shown by its first half.
    let span = on.place_of(key, if fault.member.is_empty() { "x" } else { fault.member });
    Finding::new(rule, span, blocks).of(key)
}

/// The same member as one of these, where only upper and lower case differ.
fn in_right_case(on: &Inspected<'_>, key: &Key, member: &'static str, known: &[&'static str]) -> Option<Fix> {
    let (_, written) = on.member(key, member)?;
    let meant =
        known.iter().find(|one| written.is_some_and(|w| w != **one && w.eq_ignore_ascii_case(one)))?;
    Some(Fix { entry: key.index, member, value: Zeroizing::new((*meant).to_owned()) })
}

/// How to get rid of a key that can't wait.
enum Replacement {
    /// Of the current key.
    Rotate,
    /// Of another one.
    Remove,
    /// On Cloud, where no key is current by its place.
    OnCloud,
}

impl Replacement {
    fn of(on: &Inspected<'_>, key: &Key) -> Self {
        match on.keys.is_current(key) {
            _ if on.keys.is_cloud => Self::OnCloud,
            true => Self::Rotate,
            false => Self::Remove,
        }
    }

    fn message(&self, key: &About, tool: &str) -> Sentence {
        let key = key.argument();
        match self {
            Self::Rotate => sentence!(
                "Replace it at once: `{tool} rotate --revoke`. Tokens signed with it are rejected then, and should be."
            ),
            Self::Remove => sentence!("Remove it: `{tool} remove {key} --allow live-key`."),
            Self::OnCloud => sentence!(
                "`{tool} add` another, deploy it and let your backend sign with it, then `{tool} remove {key} --allow \
                 live-key` and deploy again."
            ),
        }
    }
}
