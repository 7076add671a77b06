//! `config-moved`: a config is in another file, and the service reads the one that it is told.

use super::rule::{About, Finding, How, Look, Rule, Violation, WARNING};
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::Named;
use crate::explain::{Deed, Harm};

pub(crate) static RULE: Rule = Rule {
    id: "config-moved",
    finds: "A config is in another file than before.",
    why: "The service reads the file that it is told, by `POWERSYNC_CONFIG_PATH`, `-c` or a mount. Without that file it does not \
          start; with an older copy it goes on with what is in that.",
    fix: How::Text(
        "Tell the service where its config is now, before it restarts: the mount, or `POWERSYNC_CONFIG_PATH`.",
    ),
    look: Look::Branch,
    ..WARNING
};

struct Moved {
    from: String,
}

impl Violation for Moved {
    fn message(&self, _: &About) -> Sentence {
        sentence!("this config was in {}: the service reads the file that it is told", Named(&self.from))
    }
}

/// The finding for a config that moved. `from`, `to`: the files, as people name them.
#[must_use]
pub(crate) fn config_moved(from: &str, to: &str) -> Finding {
    let deed = Deed::Told { config: Named(to).to_string() };
    Finding::new(&RULE, None, Moved { from: from.to_owned() }).means(Harm::First(deed))
}
