//! `policy-changed`, `policy-unreadable`: the file that says how long things take. A change is judged by the policy of its
//! base, so what it would change of it is told.

use super::rule::{About, Finding, How, Look, Rule, Violation, WARNING};
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Printable, list};
use crate::config::Span;

pub(super) static CHANGED: Rule = Rule {
    id: "policy-changed",
    finds: "The change adds, changes or removes a policy file, `powersync-jwks.yaml`.",
    why: "The policy says how long keys stay, which services are asked, and where secrets are kept. This change is judged by \
          the policy of its base; the next one would be judged by this one.",
    fix: How::Text(
        "Read what it changes as you read a change of the keys. To review under the new policy, merge it by itself first.",
    ),
    look: Look::Branch,
    ..WARNING
};

pub(super) static UNREADABLE: Rule = Rule {
    id: "policy-unreadable",
    finds: "A policy file, `powersync-jwks.yaml`, can't be read.",
    why: "The defaults are used in its place here; commands that change something stop.",
    fix: How::Text("Fix the place that the message names."),
    look: Look::File,
    ..WARNING
};

/// A field of a policy that is another in the new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PolicyChange {
    /// As it is written.
    pub(crate) field: &'static str,
    /// Its value before, or what holds without one.
    pub(crate) was: String,
    /// Its value now.
    pub(crate) is: String,
}

struct Changed(Vec<PolicyChange>);

impl Violation for Changed {
    fn message(&self, _: &About) -> Sentence {
        let change = |one: &PolicyChange| {
            format!("`{}` from {} to {}", one.field, Printable(&one.was), Printable(&one.is))
        };
        let changes: Vec<String> = self.0.iter().map(change).collect();
        sentence!(
            "the policy would change {}; this change is judged by the policy of its base",
            list(&changes)
        )
    }
}

struct Unreadable(String);

impl Violation for Unreadable {
    fn message(&self, _: &About) -> Sentence {
        sentence!("this policy can't be read, so the defaults are used: {}", Printable(&self.0))
    }
}

/// The finding for a policy that a change touches.
#[must_use]
pub(crate) fn policy_changed(changes: Vec<PolicyChange>) -> Finding {
    Finding::new(&CHANGED, None, Changed(changes))
}

/// The finding for a policy that can't be read.
#[must_use]
pub(crate) fn policy_unreadable(what: &str, at: Option<Span>) -> Finding {
    Finding::new(&UNREADABLE, at, Unreadable(what.to_owned()))
}
