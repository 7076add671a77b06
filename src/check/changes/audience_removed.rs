//! `audience-removed`: tokens for an audience that is gone.

use super::{Comparison, has_keys};
use crate::check::finding::Found;
use crate::check::rule::{Look, Rule, Severity};
use crate::check::subject::Subject;
use crate::config::Scalar;
use crate::display::{Printable, list};

pub(in crate::check) static RULE: Rule = Rule {
    id: "audience-removed",
    severity: Severity::Error,
    pedantic: false,
    finds: "An audience of the old config is not in the new one.",
    why: "The service rejects tokens whose `aud` is none of the configured audiences (`PSYNC_S2105`): those that carry the \
          removed one fail from the restart on.",
    mend: "Add the new audience beside the old one, let every backend use the new one, and remove the old one once the last \
           token has expired, 24 hours and a minute later.",
    look: Look::Change(look),
};

fn look(comparison: &Comparison<'_>) -> Vec<Found> {
    let (old, new) = (audiences(comparison.old), audiences(comparison.new));
    let gone: Vec<String> =
        old.iter().filter(|one| !new.contains(one)).map(|one| format!("`{}`", Printable(one))).collect();
    let anyone = has_keys(comparison.old.keys) || comparison.old.keys.other_login.is_some();
    if gone.is_empty() || !anyone {
        return Vec::new();
    }
    let message = format!("tokens for the audience {} are rejected from the restart on", list(&gone));
    vec![Found::new(comparison.new.place_of_path(&["client_auth", "audience"]), message)]
}

/// The audiences as they are written; a variable by its name.
fn audiences(subject: &Subject<'_>) -> Vec<String> {
    let doc = subject.doc();
    let list = doc.member(doc.root(), "client_auth").and_then(|(_, auth)| doc.member(auth, "audience"));
    let items = list.and_then(|(_, list)| doc.items(list)).unwrap_or_default();
    let text = |id: &crate::config::NodeId| match doc.scalar(*id)? {
        Scalar::String(text) => Some(text.to_owned()),
        Scalar::Env(name) => Some(format!("!env {name}")),
        _ => None,
    };
    items.iter().filter_map(text).collect()
}
