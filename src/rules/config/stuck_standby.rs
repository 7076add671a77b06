//! `stuck-standby`: a standby key that is never promoted by itself.

use crate::base::sentence::{Sentence, sentence};
use crate::keyset::{Key, Phase};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, Finding, How, Look, Rule, Violation, WARNING};
use crate::schedule::{NeverPromoted, never_promoted};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "stuck-standby",
    finds: "A standby key can't be promoted by itself: its kid is duplicated, its algorithm isn't HS256 beside a key whose \
            is, or it is not newer than the current key by its `iat`.",
    why: "`promote` and `reconcile` pass it over, so it waits forever, and the current key is never replaced by it.",
    fix: How::Named(|tool, key| {
        sentence!("Remove it with `{tool} remove {key}`, and add another: `{tool} rotate --standby`.")
    }),
    look: Look::Key(look),
    ..WARNING
};

struct Stuck(NeverPromoted);

impl Violation for Stuck {
    fn message(&self, _: &About) -> Sentence {
        self.0.message()
    }
}

fn look(on: &Inspected<'_>, key: &Key) -> Option<Finding> {
    let current = on.current().filter(|current| current.index != key.index && !on.keys.is_cloud)?;
    matches!(key.phase(on.now), Phase::Standby { .. }).then_some(())?;
    let why = never_promoted(on.keys, key, current)?;
    Some(Finding::new(&RULE, on.place_of(key, "nbf"), Stuck(why)).of(key))
}
