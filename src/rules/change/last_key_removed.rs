//! `last-key-removed`: nobody can sign in any more.

use super::{Comparison, has_keys};
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "last-key-removed",
    severity: Severity::Error,
    pedantic: false,
    finds: "The old config had keys that verify tokens, and the new one has none.",
    why: "The service starts and rejects every token. With a `jwks_uri` or Supabase users may have keys from there; then \
          this rule is silent, and `removed-early` tells whose tokens fail.",
    mend: "Put a key back, or make one: `powersync-jwks rotate`.",
    look: Look::Change(look),
};

fn look(comparison: &Comparison<'_>) -> Vec<Found> {
    let (old, new) = (comparison.old.keys, comparison.new.keys);
    if !has_keys(old) || has_keys(new) || new.other_login.is_some() {
        return Vec::new();
    }
    let message = "no key is left that verifies tokens: every user is locked out from the restart on";
    let help = format!("Put a key back, or make one: `{} rotate`", comparison.new.tool);
    vec![Found::new(comparison.new.place_of_list(), message).help(help)]
}
