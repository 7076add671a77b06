//! `audience-removed`: tokens for an audience that is gone.

use super::{Comparison, has_keys};
use crate::base::text::{Printable, list};
use crate::config::{Scalar, env_name};
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
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
    let gone: Vec<&Audience> = old.iter().filter(|one| !new.contains(one)).collect();
    let anyone = has_keys(comparison.old.keys) || comparison.old.keys.other_login.is_some();
    if gone.is_empty() || !anyone {
        return Vec::new();
    }
    let names: Vec<String> = gone.iter().map(|one| format!("`{one}`")).collect();
    let audience = if names.len() == 1 { "audience" } else { "audiences" };
    // What stands in a variable may be what stood in the file, or the other way round.
    let is_hidden = |one: &Audience| matches!(one, Audience::Hidden(_));
    let is_new = |one: &&Audience| !old.contains(one);
    let unsure = new.iter().filter(is_new).any(is_hidden)
        || (gone.iter().any(|one| is_hidden(one)) && new.iter().any(|one| is_new(&one)));
    let unless = if unsure { ", unless what is new there is the same" } else { "" };
    let message =
        format!("tokens for the {audience} {} are rejected from the restart on{unless}", list(&names));
    let found =
        Found::new(comparison.new.place_of_path(&["client_auth", "audience"]), message).unsure(unsure);
    if !unsure {
        return vec![found];
    }
    vec![found.help(
        "`--env-file-old` and `--env-file-new` compare what stands in variables. If it is another, leave the old one beside \
         it until the last token has expired",
    )]
}

/// An audience, as far as it is known.
#[derive(PartialEq, Eq)]
enum Audience {
    Known(String),
    /// In this variable.
    Hidden(String),
}

impl std::fmt::Display for Audience {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(text) => write!(f, "{}", Printable(text)),
            Self::Hidden(name) => write!(f, "!env {}", Printable(name)),
        }
    }
}

fn audiences(subject: &Subject<'_>) -> Vec<Audience> {
    let doc = subject.doc();
    let list = doc.member(doc.root(), "client_auth").and_then(|(_, auth)| doc.member(auth, "audience"));
    let items = list.and_then(|(_, list)| doc.items(list)).unwrap_or_default();
    let text = |id: &crate::config::NodeId| match doc.scalar(*id)? {
        Scalar::String(text) => Some(Audience::Known(text.to_owned())),
        Scalar::Env(written) => {
            let name = env_name(written).0;
            let value = subject.values()(name);
            Some(value.map_or_else(
                || Audience::Hidden(name.to_owned()),
                |value| Audience::Known(value.as_str().to_owned()),
            ))
        }
        _ => None,
    };
    items.iter().filter_map(text).collect()
}
