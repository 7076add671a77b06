//! What the rules have in common that say what keeps the service from starting.

use zeroize::Zeroizing;

use crate::base::sentence::{Sentence, sentence};
use crate::config::placeholder::Placeholder;
use crate::config::{Kind, Misfit, NodeId, Scalar};
use crate::explain::{Harm, NoStart};
use crate::keyset::{Fault, FaultKind, Key, Obstacle, ObstacleKind, obstacles};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, Finding, Fix, Rule, Violation};

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
    Add,
    KeepSyncConfig,
    Cast,
    NoCast,
    Value,
    InQuotes(&'static str),
    OneText(&'static str),
    Fill(&'static str),
    CopyPublic,
    Render(Placeholder),
}

impl Violation for Blocks {
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
        let place = self.kind.place();
        Some(match self.advice {
            Advice::OfRule => return None,
            Advice::Add => sentence!("Add {place}."),
            Advice::KeepSyncConfig => sentence!("Keep `sync_config` and remove `sync_rules`."),
            Advice::Cast => sentence!("Write `::number` or `::boolean`, or no cast where text belongs."),
            Advice::NoCast => sentence!("Remove `::number` or `::boolean`: the value must be text."),
            Advice::Value => sentence!(
                "Set another value, or remove the cast behind {place}: the service prints the value when it fails."
            ),
            Advice::InQuotes(member) => sentence!("Put the value in quotes: `{member}: '…'`."),
            Advice::OneText(member) => sentence!("Write one text: `{member}: '…'`."),
            Advice::Fill("kid") => sentence!(
                "Write the kid that the backend's tokens carry, or remove the line: without `kid` the key is tried for every \
                 token."
            ),
            Advice::Fill(member) => sentence!("Write the value of `{member}`, or remove the key."),
            Advice::CopyPublic => {
                sentence!("Copy `alg` and `crv` again from the JWKS of the party that signs with the key.")
            }
            Advice::Render(placeholder) => {
                sentence!("This file is a template. {}.", placeholder.render())
            }
        })
    }
}

/// The findings of a rule. `own`: which obstacles are this rule's.
pub(super) fn findings(
    rule: &'static Rule,
    on: &Inspected<'_>,
    own: impl Fn(&ObstacleKind) -> bool,
) -> Vec<Finding> {
    let all = obstacles(on.config, on.keys, on.values()).into_iter().filter(|one| own(&one.kind));
    let found = all.map(|Obstacle { at, kind }| {
        let place = match &kind {
            ObstacleKind::Key { index, .. } => on.keys.keys()[*index].in_words(),
            other => other.place(),
        };
        let places = vec![place];
        let start = if on.keys.is_cloud { NoStart::Cloud(places) } else { NoStart::Service(places) };
        let span = at.map(|at| on.first_line(at));
        let blocks = Blocks { advice: advice(on, at, &kind), is_cloud: on.keys.is_cloud, kind };
        let found = match blocks.kind.clone() {
            ObstacleKind::Key { index, fault, .. } => {
                let key = &on.keys.keys()[index];
                // A point is shown by its first half.
                let span = on.place_of(key, if fault.member.is_empty() { "x" } else { fault.member });
                Finding::new(rule, span, blocks).of(key).fixed_by(fix(on, at, key, fault))
            }
            ObstacleKind::Member { path, .. } | ObstacleKind::Address { path, .. } => {
                Finding::new(rule, span, blocks).about(About::Member(path))
            }
            ObstacleKind::NoVariable => Finding::new(rule, span, blocks).of_key_there(on),
            ObstacleKind::UnknownCast(name) | ObstacleKind::BadValue { name, .. } => {
                Finding::new(rule, span, blocks).about(About::Member(name)).of_key_there(on)
            }
        };
        found.means(Harm::NoStart(start))
    });
    found.collect()
}

/// The findings of a rule about faults of keys of one kind.
pub(super) fn faults(rule: &'static Rule, on: &Inspected<'_>, own: FaultKind) -> Vec<Finding> {
    findings(rule, on, |kind| matches!(kind, ObstacleKind::Key { fault, .. } if fault.kind == own))
}

fn advice(on: &Inspected<'_>, at: Option<NodeId>, kind: &ObstacleKind) -> Advice {
    let placeholder = at.and_then(|at| on.doc().string(at)).and_then(Placeholder::of);
    if let Some(placeholder) = placeholder {
        return Advice::Render(placeholder);
    }
    match kind {
        ObstacleKind::Member { misfit: Misfit::Missing, .. } => Advice::Add,
        ObstacleKind::Member { misfit: Misfit::Renamed, .. } => Advice::KeepSyncConfig,
        ObstacleKind::UnknownCast(_) => Advice::Cast,
        ObstacleKind::BadValue { .. } => Advice::Value,
        ObstacleKind::Key { fault: Fault { kind: FaultKind::NotText, member, .. }, .. } => {
            match at.and_then(|at| on.doc().scalar(at)) {
                Some(Scalar::Null) => Advice::Fill(member),
                Some(Scalar::Env(_)) => Advice::NoCast,
                Some(_) => Advice::InQuotes(member),
                None => Advice::OneText(member),
            }
        }
        ObstacleKind::Key { index, fault, .. } if fault.is_about_alg() => {
            let kty = on.member(&on.keys.keys()[*index], "kty").and_then(|(_, kty)| kty);
            if kty == Some("oct") { Advice::OfRule } else { Advice::CopyPublic }
        }
        _ => Advice::OfRule,
    }
}

const ALGS: [&str; 10] =
    ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"];

/// Another way to write the same: a number or a boolean as text, since no token was ever accepted with the key as it is; or
/// upper and lower case.
fn fix(on: &Inspected<'_>, at: Option<NodeId>, key: &Key, fault: Fault) -> Option<Fix> {
    let node = at?;
    let value = match (fault.kind, fault.member) {
        (FaultKind::NotText, "kid") => match (on.doc().scalar(node)?, &on.doc().node(node).kind) {
            (Scalar::Bool(_) | Scalar::Integer(_) | Scalar::Float(_), Kind::Scalar { text, .. }) => {
                text.to_string()
            }
            _ => return None,
        },
        (FaultKind::UnknownAlg | FaultKind::UnknownKty, "alg" | "kty") => {
            let known: &[&str] = if fault.member == "alg" { &ALGS } else { &["oct", "RSA", "EC", "OKP"] };
            let written = on.doc().string(node)?;
            (*known.iter().find(|one| written.eq_ignore_ascii_case(one) && written != **one)?).to_owned()
        }
        _ => return None,
    };
    Some(Fix { entry: key.index, member: fault.member, value: Zeroizing::new(value) })
}
