//! `base-moved`: the branch that a change is merged into went on. What is merged isn't what is reviewed then.

use super::rule::{About, ERROR, Finding, How, Look, Rule, Violation};
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::Printable;
use crate::explain::{Deed, Harm};

pub(crate) static RULE: Rule = Rule {
    id: "base-moved",
    finds: "The branch that a change is to be merged into changed the same config since.",
    why: "The change is compared with where it left that branch. What a merge makes of both is another config: a key that was \
          revoked there may come back, and a comment that silences a rule may be gone there.",
    fix: How::Text("Merge that branch into yours, or rebase yours on it, and review again."),
    look: Look::Branch,
    ..ERROR
};

struct Moved(String);

impl Violation for Moved {
    fn message(&self, _: &About) -> Sentence {
        sentence!(
            "`{}` changed this config since, and what a merge makes of both isn't seen here",
            Printable(&self.0)
        )
    }
}

/// The finding for a config that the branch it is merged into changed, too.
#[must_use]
pub(crate) fn base_moved(branch: String) -> Finding {
    let mut finding = Finding::new(&RULE, None, Moved(branch.clone()));
    finding.harm = Harm::First(Deed::Merge(branch));
    finding
}
