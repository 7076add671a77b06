//! `last-key-removed`: nobody can sign in any more.

use crate::base::sentence::{Sentence, sentence};
use crate::explain::{Cure, Harm, LockOut, Whose};
use crate::rules::comparison::{ConfigDiff, has_keys};
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "last-key-removed",
    finds: "The old config had keys that verify tokens, and the new one has none.",
    why: "The service starts and rejects every token. With a `jwks_uri` or Supabase users may have keys from there; then \
          this rule is silent, and `removed-early` names the keys whose tokens fail.",
    fix: How::Named(|tool, _| sentence!("Put a key back, or make one: `{tool} rotate`.")),
    look: Look::Change(look),
    ..ERROR
};

fn message(_: &About) -> Sentence {
    sentence!("no key is left that verifies tokens: every user is locked out after the next restart")
}

fn look(comparison: &ConfigDiff<'_>) -> Vec<Finding> {
    let (old, new) = (comparison.old.keys, comparison.new.keys);
    if !has_keys(old) || has_keys(new) || new.other_login().is_some() {
        return Vec::new();
    }
    let lock_out = LockOut { logins: Some(Cure::AnyKey), ..LockOut::now(Whose::Everyone) };
    vec![Finding::new(&RULE, comparison.new.place_of_list(), message).means(Harm::LocksOut(lock_out))]
}
