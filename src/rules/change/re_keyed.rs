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

enum ReKeyed {
    Alg { was: HmacAlg, is: HmacAlg },
    Secret,
    PublicKey,
}

impl Violation for ReKeyed {
    fn message(&self, key: &About) -> Sentence {
        let what = match self {
            Self::Alg { was, is } => sentence!("its algorithm was {was} and is {is}"),
            Self::Secret => sentence!("same kid, another secret"),
            Self::PublicKey => sentence!("same kid, another key"),
        };
        sentence!("{key} is re-keyed ({what}): every token under that kid is rejected after the next restart")
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
            (Some(was), Some(is)) if was != is => ("alg", ReKeyed::Alg { was, is }),
            (Some(_), Some(_)) => ("k", ReKeyed::Secret),
            _ => ("k", ReKeyed::PublicKey),
        };
        let lock_out = comparison.lock_out(Whose::Keys(vec![new.in_words()]));
        let logins = Some(Cure::NewSecret(new.in_words()));
        let harm = Harm::LocksOut(LockOut { logins, ..lock_out });
        Some(Finding::new(&RULE, comparison.new.place_of(new, member), cause).of(new).means(harm))
    });
    found.collect()
}
