//! `overdue`: a key whose time is over is still there.

use crate::keyset::Phase;
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "overdue",
    severity: Severity::Warning,
    pedantic: false,
    finds: "A key's `exp` has passed, and the key is still in the file.",
    why: "The service doesn't know `exp`: it accepts the key until it is out of the file and every replica has restarted. \
          Time alone causes this finding, so it never fails a build unless `--deny overdue` asks for it.",
    mend: "Remove it: `powersync-jwks prune`.",
    look: Look::Config(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let current = subject.current().map(|key| key.index);
    let keys = subject.keys.keys().iter().filter(|key| current != Some(key.index));
    keys.filter_map(|key| {
        let Phase::Removable { exp } = key.phase(subject.now) else { return None };
        let message = format!("{} may be removed since {exp}, and the service still accepts it", key.name());
        let help = format!("Remove it: `{} prune`", subject.tool);
        Some(Found::new(subject.place_of(key, "exp"), message).of(key).help(help))
    })
    .collect()
}
