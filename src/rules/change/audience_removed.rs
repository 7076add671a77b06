//! `audience-removed`: tokens for an audience that is gone.

use std::collections::HashSet;

use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Printable, list};
use crate::config::{NodeId, Scalar, env_name};
use crate::explain::{Cure, Deed, Harm, LockOut, Whose};
use crate::keyset::Member;
use crate::rules::comparison::{ConfigDiff, has_keys};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule, Violation};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "audience-removed",
    finds: "An audience of the old config is not in the new one.",
    why: "The service rejects tokens whose `aud` is none of the configured audiences (`PSYNC_S2105`): those that carry the \
          removed one fail after the next restart.",
    fix: How::Text(
        "Add the new audience beside the old one, let every backend use the new one, and remove the old one once the \
             last token has expired, 24 hours and a minute later.",
    ),
    look: Look::Change(look),
    ..ERROR
};

struct Removed {
    audiences: Vec<AudienceEntry>,
    /// Whether what is new may be the same: it, or what it replaces, is in a variable.
    unsure: bool,
}

impl Violation for Removed {
    fn message(&self, _: &About) -> Sentence {
        let names: Vec<String> = self.audiences.iter().map(|one| format!("`{one}`")).collect();
        let audience = if names.len() == 1 { "audience" } else { "audiences" };
        let unless = if self.unsure { ", unless its replacement is the same" } else { "" };
        sentence!("tokens for the {audience} {} are rejected after the next restart{unless}", list(&names))
    }

    fn help(&self, _: &About, _: &str) -> Option<Sentence> {
        self.unsure.then(|| {
            sentence!(
                "`--env-file-old` and `--env-file-new` compare the values of variables. If they differ, leave the old one \
                 beside it until the last token has expired."
            )
        })
    }
}

fn look(comparison: &ConfigDiff<'_>) -> Vec<Finding> {
    let (old, new) = (audiences(comparison.old), audiences(comparison.new));
    let (had, has) = (old.iter().collect::<HashSet<_>>(), new.iter().collect::<HashSet<_>>());
    let gone: Vec<AudienceEntry> = old.iter().filter(|one| !has.contains(one)).cloned().collect();
    let anyone = has_keys(comparison.old.keys) || comparison.old.keys.logins.uris().next().is_some();
    if gone.is_empty() || !anyone {
        return Vec::new();
    }
    let is_hidden = |one: &AudienceEntry| matches!(one, AudienceEntry::Hidden(_));
    let mut added = new.iter().filter(|one| !had.contains(one)).peekable();
    let unsure = added.peek().is_some() && (gone.iter().any(is_hidden) || added.any(is_hidden));
    let place = comparison.new.place_of_path(&["client_auth", "audience"]);
    let words = |all: &[AudienceEntry]| all.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>();
    let harm = if unsure {
        let fresh: Vec<AudienceEntry> = new.iter().filter(|one| !old.contains(one)).cloned().collect();
        let new = format!("the audience {}", list(&words(&fresh)));
        Harm::First(Deed::SameAs { new, old: list(&words(&gone)) })
    } else {
        let logins = Some(Cure::Audience(words(&new)));
        Harm::LocksOut(LockOut { logins, ..comparison.lock_out(Whose::Audiences(words(&gone))) })
    };
    vec![Finding::new(&RULE, place, Removed { audiences: gone, unsure }).means(harm)]
}

/// An audience, as far as it is known.
#[derive(Clone)]
pub(super) enum AudienceEntry {
    Known(String),
    /// In this variable. Its value is compared and never shown: a branch may name any variable.
    Behind {
        variable: String,
        value: String,
    },
    /// In this variable, whose value isn't known.
    Hidden(String),
    /// A text that is shown in other words, since it is a secret.
    Secret {
        text: String,
        shown: String,
    },
}

impl AudienceEntry {
    /// What it is told from others by.
    fn identity(&self) -> Result<&str, &str> {
        match self {
            Self::Known(text) | Self::Behind { value: text, .. } | Self::Secret { text, .. } => Ok(text),
            Self::Hidden(name) => Err(name),
        }
    }
}

impl PartialEq for AudienceEntry {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for AudienceEntry {}

impl std::hash::Hash for AudienceEntry {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl std::fmt::Display for AudienceEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(text) | Self::Secret { shown: text, .. } => write!(f, "{}", Printable(text)),
            Self::Behind { variable: name, .. } | Self::Hidden(name) => write!(f, "!env {}", Printable(name)),
        }
    }
}

pub(super) fn audiences(on: &Inspected<'_>) -> Vec<AudienceEntry> {
    let items = on.config.client_auth("audience").and_then(|list| on.doc().items(list)).unwrap_or_default();
    let text = |(number, id): (usize, &NodeId)| match on.doc().scalar(*id)? {
        Scalar::String(text) => {
            let shown = on.keys.audiences.get(number).and_then(Member::value).filter(|shown| *shown != text);
            let text = text.to_owned();
            Some(match shown {
                Some(shown) => AudienceEntry::Secret { text, shown: shown.clone() },
                None => AudienceEntry::Known(text),
            })
        }
        Scalar::Env(written) => {
            let name = env_name(written).0;
            let variable = name.to_owned();
            Some(match on.values()(name) {
                Some(value) => AudienceEntry::Behind { variable, value: value.as_str().to_owned() },
                None => AudienceEntry::Hidden(variable),
            })
        }
        _ => None,
    };
    items.iter().enumerate().filter_map(text).collect()
}
