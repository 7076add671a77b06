//! `secret-exposed`: a secret came out of its variable.

use super::Comparison;
use crate::config::{NodeId, Scalar};
use crate::redact::{has_secret, is_secret_name};
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
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
    elsewhere(comparison, roots, &mut vec![""], &mut found);
    found
}

/// Secrets outside of the list of keys: values of the same path. `path`: the names that lead here.
fn elsewhere<'a>(
    comparison: &Comparison<'a>,
    (old, new): (NodeId, NodeId),
    path: &mut Vec<&'a str>,
    found: &mut Vec<Found>,
) {
    let (was, is) = (comparison.old.doc(), comparison.new.doc());
    if path.ends_with(&["jwks", "keys"]) || path.len() > 16 {
        return;
    }
    let name = path.last().copied().unwrap_or_default();
    let text = is.string(new).filter(|text| !text.is_empty());
    if text.is_some()
        && matches!(was.scalar(old), Some(Scalar::Env(_)))
        && (is_secret_name(name) || text.is_some_and(has_secret))
    {
        let message = format!("`{name}` was in a variable, and stands in the file now");
        let help = "Put it back behind `!env PS_…`. If this was pushed anywhere, it has to be replaced";
        found.push(Found::new(comparison.new.span(new), message).help(help));
    }
    for (name, value) in is.members(new).unwrap_or_default() {
        if let Some(name) = is.string(*name)
            && let Some((_, before)) = was.member(old, name)
        {
            path.push(name);
            elsewhere(comparison, (before, *value), path, found);
            path.pop();
        }
    }
    for (before, after) in was.items(old).unwrap_or_default().iter().zip(is.items(new).unwrap_or_default()) {
        path.push(name);
        elsewhere(comparison, (*before, *after), path, found);
        path.pop();
    }
}
