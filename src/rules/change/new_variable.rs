//! `new-variable`: a variable that every replica now needs.

use std::collections::HashSet;

use crate::base::sentence::{Sentence, sentence};
use crate::config::NodeId;
use crate::explain::{Deed, Harm};
use crate::keyset::Key;
use crate::rules::comparison::ConfigDiff;
use crate::rules::rule::{About, Finding, How, Look, Rule, Violation, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "new-variable",
    finds: "The new config reads a variable that the old one doesn't.",
    why: "A replica on which it is not set does not start with the new file, whatever the variable is for.",
    fix: How::Text(
        "Set it on every replica before the restart. Containers must be recreated to see it, not only restarted.",
    ),
    look: Look::Change(look),
    ..WARNING
};

/// A key whose secret is read from a variable that was there for something else.
struct Swapped {
    /// The variable that it was in, where it was in one.
    was: Option<String>,
    is: String,
}

impl Violation for Swapped {
    fn message(&self, key: &About) -> Sentence {
        let Self { was, is } = self;
        let place = was.as_ref().map_or_else(String::new, |was| format!(" in place of {was}"));
        sentence!(
            "the secret of {key} is read from {is}{place}, and the old config reads {is} for something else"
        )
    }

    fn help(&self, key: &About, _: &str) -> Option<Sentence> {
        Some(sentence!(
            "Read it from a variable of its own, unless {} holds the secret of {key} on every replica.",
            self.is
        ))
    }
}

/// The secrets that move into a variable of the old config.
fn swapped(comparison: &ConfigDiff<'_>) -> Vec<Finding> {
    let known = comparison.old.variables();
    // Where it held a secret before, it is that of a key still: under another kid, say.
    let of_keys: HashSet<&str> = comparison.old.keys.keys().iter().filter_map(Key::variable).collect();
    let keys = comparison.new.keys.keys().iter();
    let found = keys.filter_map(|new| {
        let (is, origin) = (new.variable()?, comparison.origin(new));
        let was = origin.and_then(Key::variable);
        let is_same = || origin.is_some_and(|old| new.verifies_what(old).is_some());
        if was == Some(is) || of_keys.contains(is) || !known.contains_key(is) || is_same() {
            return None;
        }
        let what = format!("the secret of {}", new.in_words());
        let harm = Harm::First(Deed::SameValue { name: is.to_owned(), what });
        let cause = Swapped { was: was.map(str::to_owned), is: is.to_owned() };
        Some(Finding::new(&RULE, comparison.new.place_of(new, "k"), cause).of(new).means(harm))
    });
    found.collect()
}

struct Needed {
    name: String,
    is_cloud: bool,
}

impl Violation for Needed {
    fn message(&self, _: &About) -> Sentence {
        let Self { name, is_cloud } = self;
        match is_cloud {
            false => sentence!("the new file reads {name}: a replica on which it isn't set does not start"),
            true => sentence!("the new file reads {name}, which is looked up where you deploy it from"),
        }
    }

    fn help(&self, _: &About, _: &str) -> Option<Sentence> {
        Some(if self.is_cloud {
            sentence!("Set {} before you deploy.", self.name)
        } else {
            sentence!(
                "Set {} on every replica before the restart. Containers must be recreated to see it, not only restarted.",
                self.name
            )
        })
    }
}

fn look(comparison: &ConfigDiff<'_>) -> Vec<Finding> {
    let known = comparison.old.variables();
    let new = comparison.new.variables().into_iter().filter(|(name, _)| !known.contains_key(name));
    let found = new.map(|(name, id)| {
        let is_cloud = comparison.new.keys.is_cloud;
        let cause = Needed { name: name.to_owned(), is_cloud };
        let deed = match same_value(comparison, id) {
            Some(what) => Deed::SameValue { name: name.to_owned(), what },
            None => Deed::SetVariables { names: vec![name.to_owned()], is_cloud },
        };
        let harm = Harm::First(deed);
        Finding::new(&RULE, comparison.new.span(id), cause).of_key_there(comparison.new).means(harm)
    });
    found.chain(swapped(comparison)).collect()
}

/// What was in the file or elsewhere before, and has to be the same in this variable.
fn same_value(comparison: &ConfigDiff<'_>, at: NodeId) -> Option<String> {
    let key = comparison.new.key_at(&comparison.new.span(at))?;
    let old = comparison.origin(key)?;
    let is_one_kind = key.is_symmetric() == old.is_symmetric() && key.is_public() == old.is_public();
    let what = if key.is_symmetric() { "the secret of" } else { "the numbers of" };
    (is_one_kind && key.verifies_what(old) != Some(false)).then(|| format!("{what} {}", key.in_words()))
}
