//! `secret-exposed`: a secret came out of its variable.

use crate::base::sentence::{Sentence, sentence};
use crate::config::{NodeId, Scalar};
use crate::explain::{Harm, Way};
use crate::redact::{has_secret, is_secret_name};
use crate::rules::comparison::ConfigDiff;
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule, Violation};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "secret-exposed",
    finds: "A secret that was in a variable is now in the file.",
    why: "Everyone with a copy of the file now has it, and git keeps it after it is gone again.",
    fix: How::Named(|tool, _| {
        sentence!(
            "Put it back behind `!env PS_…`. If this was pushed anywhere, the secret must be replaced: `{tool} rotate`."
        )
    }),
    look: Look::Change(look),
    ..ERROR
};

enum Exposed {
    /// The secret of a key, which was in this variable.
    Key { variable: String },
    /// Another member.
    Member(String),
}

impl Violation for Exposed {
    fn message(&self, key: &About) -> Sentence {
        match self {
            Self::Key { variable } => {
                sentence!("the secret of {key} was in {variable}, and is now in the file")
            }
            Self::Member(name) => sentence!("`{name}` was in a variable, and is now in the file"),
        }
    }

    fn help(&self, _: &About, _: &str) -> Option<Sentence> {
        matches!(self, Self::Member(_)).then(|| {
            sentence!("Put it back behind `!env PS_…`. If this was pushed anywhere, it must be replaced.")
        })
    }
}

fn look(comparison: &ConfigDiff<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (old, new) in comparison.pairs() {
        let Some((variable, new)) = old.variable().zip(new) else { continue };
        if new.is_symmetric() && new.variable().is_none() {
            let cause = Exposed::Key { variable: variable.to_owned() };
            let harm = Harm::LetsIn { by: Way::Copy, keys: vec![new.in_words()] };
            found.push(Finding::new(&RULE, comparison.new.place_of(new, "k"), cause).of(new).means(harm));
        }
    }
    let roots = (comparison.old.doc().root(), comparison.new.doc().root());
    elsewhere(comparison, roots, &mut vec![""], &mut found);
    found
}

/// Secrets outside of the list of keys: values of the same path. `path`: the names that lead here.
fn elsewhere<'a>(
    comparison: &ConfigDiff<'a>,
    (old, new): (NodeId, NodeId),
    path: &mut Vec<&'a str>,
    found: &mut Vec<Finding>,
) {
    let (was, is) = (comparison.old.doc(), comparison.new.doc());
    if path.ends_with(&["jwks", "keys"]) || path.len() > 16 {
        return;
    }
    let name = path.last().copied().unwrap_or_default();
    let text = is.string(new).filter(|text| !text.is_empty());
    if text.is_some_and(|text| is_secret_name(name) || has_secret(text))
        && matches!(was.scalar(old), Some(Scalar::Env(_)))
    {
        let harm = Harm::LetsIn { by: Way::Copy, keys: vec![format!("`{name}`")] };
        let cause = Exposed::Member(name.to_owned());
        found.push(Finding::new(&RULE, comparison.new.span(new), cause).means(harm));
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
