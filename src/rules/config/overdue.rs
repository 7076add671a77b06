//! `overdue`: a key whose time is over is still there.

use crate::base::sentence::{Sentence, sentence};
use crate::base::time::NumericDate;
use crate::keyset::{Key, Phase};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, Finding, How, Look, Rule, Violation, WARNING};
use crate::schedule::leaving;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "overdue",
    finds: "A key's `exp` has passed, and the key is still in the file.",
    why: "The service doesn't know `exp`: it accepts the key until it is out of the file and every replica has restarted. \
          Time alone causes this finding, so it never fails a build unless `--deny overdue` asks for it.",
    fix: How::Named(|tool, _| sentence!("Remove it: `{tool} prune`.")),
    look: Look::Key(look),
    ..WARNING
};

struct Since(NumericDate);

impl Violation for Since {
    fn message(&self, key: &About) -> Sentence {
        sentence!("{key} may be removed since {}, and the service still accepts it", self.0.to_the_minute())
    }
}

fn look(on: &Inspected<'_>, key: &Key) -> Option<Finding> {
    let Phase::Removable { exp } = key.phase(on.now) else { return None };
    let is_found = !on.keys.is_current(key) || leaving(on.keys, on.now).is_some();
    is_found.then(|| Finding::new(&RULE, on.place_of(key, "exp"), Since(exp)).of(key))
}
