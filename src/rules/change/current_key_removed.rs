//! `current-key-removed`: the key that signs is gone.

use crate::base::command_line::CommandLine;
use crate::base::sentence::{Sentence, sentence};
use crate::base::time::NumericDate;
use crate::explain::{Cure, Harm, LockOut, Whose};
use crate::keyset::Key;
use crate::rules::comparison::ConfigDiff;
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule, Violation};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "current-key-removed",
    finds: "The current key, the one that signs, is gone.",
    why: "After the next restart, the service rejects every token signed with it, and the backend goes on signing with it \
          until it is given another.",
    fix: How::Named(|tool, _| {
        sentence!(
            "Put it back, and rotate: `{tool} rotate` keeps it until its last token has expired. For a leaked secret use \
             `rotate --revoke`, and `diff --skip current-key-removed` says that it is meant."
        )
    }),
    look: Look::Change(look),
    ..ERROR
};

struct Gone {
    /// Its successor under another kid.
    successor: Option<String>,
    /// The new key that is in its place.
    instead: Option<String>,
    /// Until when a rotation keeps it.
    kept_until: NumericDate,
}

impl Violation for Gone {
    fn message(&self, key: &About) -> Sentence {
        match &self.successor {
            Some(successor) => sentence!(
                "{key}, the key that signs, has another kid now, {successor}: tokens carry the old one, and are rejected after \
                 the next restart"
            ),
            None => sentence!(
                "{key}, the key that signs, is gone: tokens signed with it are rejected after the next restart, and so are new \
                 ones until the backend has another key"
            ),
        }
    }

    fn help(&self, key: &About, tool: &str) -> Option<Sentence> {
        let until = self.kept_until;
        let place = match &self.instead {
            Some(other) => sentence!(" in place of {other}"),
            None => sentence!(""),
        };
        Some(sentence!(
            "Put {key} back{place} and rotate, which keeps it until {until} if done now: `{tool} rotate`. If the lock-out is meant, \
             because its secret leaked, `diff --skip current-key-removed` accepts it.",
            until = until.to_the_minute()
        ))
    }

    fn commands(&self, _: &About, tool: &CommandLine) -> Vec<CommandLine> {
        vec![tool.clone().arg("rotate").note("once the key is back in the file")]
    }
}

fn look(comparison: &ConfigDiff<'_>) -> Vec<Finding> {
    let Some(current) = comparison.old.current().filter(|key| comparison.had_tokens(key)) else {
        return Vec::new();
    };
    let gone = comparison.removed().any(|key| key.index == current.index);
    let successor = comparison.successor(current);
    // A wildcard that got a kid is `kid-added`.
    let renamed = current.is_wildcard() && successor.is_some();
    if !gone || renamed || comparison.still_verified(current) == Some(true) {
        return Vec::new();
    }
    let kept_until = comparison.now() + comparison.new.policy.overlap();
    let cure = match (successor, comparison.new.current()) {
        (Some(key), _) => Cure::SendsKid(key.in_words()),
        (None, Some(key)) if comparison.origin(key).is_some() => Cure::SignsWith(key.in_words()),
        (None, Some(key)) => Cure::HasKey(key.in_words()),
        (None, None) if comparison.new.keys.other_login().is_some() => Cure::Elsewhere,
        (None, None) => Cure::AnyKey,
    };
    let lock_out = comparison.lock_out(Whose::Keys(vec![current.in_words()]));
    let harm = Harm::LocksOut(LockOut { logins: Some(cure), ..lock_out });
    let instead = comparison.new.current().filter(|key| comparison.origin(key).is_none());
    let (successor, instead) = (successor.map(Key::in_words), instead.map(Key::in_words));
    let cause = Gone { successor, instead, kept_until };
    vec![Finding::new(&RULE, comparison.new.place_of_list(), cause).of_gone(current).means(harm)]
}
