//! `re-keyed`: another secret under the same kid.

use crate::base::sentence::{Sentence, sentence};
use crate::explain::{Cure, Harm, LockOut, Whose};
use crate::keyset::HmacAlg;
use crate::rules::comparison::ConfigDiff;
use crate::rules::inspected::is_usable;
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule, Violation};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "re-keyed",
    finds: "A key keeps its kid and gets another secret, algorithm or public key.",
    why: "A token's kid decides alone: every token that carries it, signed with the old secret, is rejected after the next \
          restart, and new ones are rejected until both the service and the backend have the new secret.",
    fix: How::Named(|tool, _| {
        sentence!("Put the old key back, and add the new secret under a kid of its own: `{tool} rotate`.")
    }),
    look: Look::Change(look),
    ..ERROR
};

struct ReKeyed {
    what: What,
    /// Whether a plain `rotate` replaces it.
    is_current: bool,
}

enum What {
    Alg { was: HmacAlg, is: HmacAlg },
    Secret,
    PublicKey,
}

impl Violation for ReKeyed {
    fn message(&self, key: &About) -> Sentence {
        let what = match &self.what {
            What::Alg { was, is } => sentence!("its algorithm was {was} and is {is}"),
            What::Secret => sentence!("same kid, another secret"),
            What::PublicKey => sentence!("same kid, another key"),
        };
        sentence!("{key} is re-keyed ({what}): every token under that kid is rejected after the next restart")
    }

    fn help(&self, key: &About, tool: &str) -> Option<Sentence> {
        if matches!(self.what, What::PublicKey) {
            return Some(sentence!(
                "Put the old key back, and add the new one beside it under a kid of its own, until no token carries the old kid."
            ));
        }
        let named = if self.is_current { String::new() } else { format!(" --key {}", key.argument()) };
        Some(sentence!(
            "Put the old key back, and add the new secret under a kid of its own: `{tool} rotate{named}`."
        ))
    }
}

fn look(comparison: &ConfigDiff<'_>) -> Vec<Finding> {
    let found = comparison.pairs().filter_map(|(old, new)| {
        let new = new.filter(|_| comparison.had_tokens(old))?;
        // A wildcard has no name to keep, one that is not compared is listed as that, and with one that is unusable the
        // service doesn't start.
        if old.kid.is_absent() || !is_usable(new) || new.verifies_what(old) != Some(false) {
            return None;
        }
        let (member, cause) = match (old.hmac_alg(), new.hmac_alg()) {
            (Some(was), Some(is)) if was != is => ("alg", What::Alg { was, is }),
            (Some(_), Some(_)) => ("k", What::Secret),
            _ => ("k", What::PublicKey),
        };
        let cause = ReKeyed { what: cause, is_current: comparison.old.keys.is_current(old) };
        let lock_out = comparison.lock_out(Whose::Keys(vec![new.in_words()]));
        let logins = Some(Cure::NewSecret(new.in_words()));
        let harm = Harm::LocksOut(LockOut { logins, ..lock_out });
        Some(Finding::new(&RULE, comparison.new.place_of(new, member), cause).of(new).means(harm))
    });
    found.collect()
}
