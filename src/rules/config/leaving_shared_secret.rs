//! `leaving-shared-secret`: the last shared secret is on its way out, and another way in works.

use crate::base::sentence::{Sentence, sentence};
use crate::base::text::list;
use crate::base::time::NumericDate;
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, Finding, How, INFO, Look, Rule, Violation};
use crate::schedule::{Leaving, leaving};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "leaving-shared-secret",
    finds: "The last shared secret has an `exp`, and users can log in in another way: with keys behind `jwks_uri`, Supabase, \
            or a public key of the file.",
    why: "Until it is removed, and every replica has restarted, whoever has it can still sign in as anyone. `reconcile` makes \
          no new one, and only `prune` removes it.",
    fix: How::Named(|tool, key| {
        sentence!(
            "Let nobody sign with it any more, and remove it when its time has come: `{tool} prune`. If it should stay: \
             `{tool} retire --undo {key}`."
        )
    }),
    look: Look::New(look),
    ..INFO
};

struct Last {
    ways: Vec<String>,
    exp: NumericDate,
}

impl Violation for Last {
    fn message(&self, key: &About) -> Sentence {
        sentence!(
            "{key}, the last shared secret, is on its way out, and may be removed from {}: then users log in with {} alone",
            self.exp.to_the_minute(),
            list(&self.ways)
        )
    }
}

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    let Some((Leaving { key, ways }, current)) = leaving(on.keys, on.now).zip(on.current()) else {
        return Vec::new();
    };
    debug_assert_eq!(key.index(), current.index);
    let found = current
        .exp
        .value()
        .map(|exp| Finding::new(&RULE, on.place_of(current, "exp"), Last { ways, exp: *exp }).of(current));
    found.into_iter().collect()
}
