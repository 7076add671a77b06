//! `secret-exposed`: a secret came out of its variable.

use super::Comparison;
use crate::check::finding::Found;
use crate::check::rule::{Look, Rule, Severity};
use crate::config::{NodeId, Scalar};
use crate::review::{has_secret, is_secret_name};

pub(in crate::check) static RULE: Rule = Rule {
    id: "secret-exposed",
    severity: Severity::Error,
    pedantic: false,
    finds: "A secret that was in a variable stands in the file now.",
    why: "Everyone with a copy of the file has it from now on, and git keeps it after it is gone again.",
    mend: "Put it back behind `!env PS_…`. If this was pushed anywhere, the secret has to be replaced: `powersync-jwks \
           rotate`.",
    look: Look::Change(look),
};

fn look(comparison: &Comparison<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (old, new) in comparison.pairs() {
        let Some((variable, new)) = old.variable().zip(new) else { continue };
        if new.is_symmetric() && new.variable().is_none() {
            let message =
                format!("the secret of {} was in {variable}, and stands in the file now", new.name());
            found.push(Found::new(comparison.new.place_of(new, "k"), message).of(new));
        }
    }
    let roots = (comparison.old.doc().root(), comparison.new.doc().root());
    elsewhere(comparison, roots, 0, &mut found);
    found
}

/// Secrets outside of the list of keys: members of the same path.
fn elsewhere(
    comparison: &Comparison<'_>,
    (old, new): (NodeId, NodeId),
    depth: usize,
    found: &mut Vec<Found>,
) {
    let (was, is) = (comparison.old.doc(), comparison.new.doc());
    let literal = |value: NodeId| match is.scalar(value) {
        Some(Scalar::String(text)) => Some(text).filter(|text| !text.is_empty()),
        _ => None,
    };
    for (name, value) in is.members(new).unwrap_or_default() {
        let Some(name) = is.string(*name).filter(|name| !(depth == 2 && *name == "keys")) else { continue };
        let Some((_, before)) = was.member(old, name) else { continue };
        let mut compare = |before: NodeId, after: NodeId| {
            let exposed = literal(after).is_some_and(|text| is_secret_name(name) || has_secret(text));
            if exposed && matches!(was.scalar(before), Some(Scalar::Env(_))) {
                let message = format!("`{name}` was in a variable, and stands in the file now");
                let help =
                    "Put it back behind `!env PS_…`. If this was pushed anywhere, it has to be replaced";
                found.push(Found::new(comparison.new.span(after), message).help(help));
            }
        };
        compare(before, *value);
        let items = was.items(before).unwrap_or_default().iter().zip(is.items(*value).unwrap_or_default());
        items.for_each(|(before, after)| compare(*before, *after));
        if depth < 8 {
            elsewhere(comparison, (before, *value), depth + 1, found);
        }
    }
    let pairs = was.items(old).unwrap_or_default().iter().zip(is.items(new).unwrap_or_default());
    for (before, after) in pairs.filter(|_| depth < 8) {
        elsewhere(comparison, (*before, *after), depth + 1, found);
    }
}
