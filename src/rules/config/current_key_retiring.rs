//! `current-key-retiring`: the key that signs is retiring.

use crate::base::sentence::{Sentence, sentence};
use crate::base::time::NumericDate;
use crate::explain::{From, Harm, LockOut, Whose};
use crate::keyset::{Key, Material};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule, Violation};
use crate::schedule::leaving;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "current-key-retiring",
    finds: "The current key (the first with `alg: HS256`) has an `exp`.",
    why: "PowerSync's own tools sign with the first HS256 key, whatever its `exp` says, and so, most likely, does the \
          backend. Once the key is removed because its time has come, their tokens are rejected. Where it is the last shared \
          secret, and users can log in in another way, that is `leaving-shared-secret`.",
    fix: How::Named(|tool, key| {
        sentence!(
            "Put another key in its place: `{tool} rotate`. If it should stay: `{tool} retire --undo {key}`."
        )
    }),
    look: Look::Key(look),
    ..ERROR
};

struct Ends(NumericDate);

impl Violation for Ends {
    fn message(&self, key: &About) -> Sentence {
        sentence!(
            "{key} signs tokens, and will be removed from {}: it is the first key in the file, the one PowerSync's tools \
             sign with",
            self.0.to_the_minute()
        )
    }
}

fn look(on: &Inspected<'_>, key: &Key) -> Option<Finding> {
    // On Cloud, no key signs by its place.
    let exp = key.exp.value().filter(|_| on.keys.is_current(key) && !on.keys.is_cloud)?;
    // One before it that can't be used would sign once it is mended.
    let is_first =
        !on.keys.keys()[..key.index].iter().any(|key| matches!(key.material, Material::Unusable(_)));
    if !is_first || leaving(on.keys, on.now).is_some() {
        return None;
    }
    let from = From::Removal(*exp);
    let harm = Harm::LocksOut(LockOut { from, ..LockOut::now(Whose::Keys(vec![key.in_words()])) });
    Some(Finding::new(&RULE, on.place_of(key, "exp"), Ends(*exp)).of(key).means(harm))
}
