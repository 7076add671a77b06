//! `empty-kid`: a key that no token finds.

use crate::base::sentence::{Sentence, sentence};
use crate::explain::{Harm, LockOut, Whose};
use crate::keyset::{Key, Member};
use crate::rules::inspected::{Inspected, is_usable};
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "empty-kid",
    finds: "A key's `kid` is the empty text.",
    why: "The service accepts the key and never finds it: no token's kid matches the empty one, and it is no wildcard \
          either. Tokens signed with it are rejected (`PSYNC_S2101`).",
    fix: How::Text("Give it the kid that the backend's tokens carry, or remove it."),
    look: Look::Key(look),
    ..ERROR
};

fn message(key: &About) -> Sentence {
    sentence!("{key} never verifies a token: its kid is empty, and no token matches that")
}

fn look(on: &Inspected<'_>, key: &Key) -> Option<Finding> {
    let is_dead = matches!(key.kid, Member::Unreadable(_)) && is_usable(key);
    let harm = || Harm::LocksOut(LockOut::now(Whose::Keys(vec![key.in_words()])));
    is_dead.then(|| Finding::new(&RULE, on.place(key), message).of(key).means(harm()))
}
