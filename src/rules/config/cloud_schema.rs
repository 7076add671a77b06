//! `cloud-schema`: what PowerSync Cloud's schema refuses.

use crate::base::text::Printable;
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "cloud-schema",
    severity: Severity::Error,
    pedantic: false,
    finds: "A key of a PowerSync Cloud config (`_type: cloud`) has a member that Cloud's schema doesn't know.",
    why: "PowerSync's command line compares `service.yaml` with Cloud's schema before it deploys, and refuses unknown \
          members of a key, `iat`, `nbf` and `exp` among them. A self-hosted service ignores them.",
    mend: "Take the member out. On Cloud no schedule can be kept in the file.",
    look: Look::Config(look),
};

const KNOWN: [&str; 10] = ["kty", "kid", "alg", "k", "use", "n", "e", "crv", "x", "y"];

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for key in subject.keys.keys().iter().filter(|_| subject.keys.is_cloud) {
        for (name, _) in subject.doc().members(subject.entry(key)).unwrap_or_default() {
            if let Some(member) = subject.doc().string(*name).filter(|name| !KNOWN.contains(name)) {
                let message = format!(
                    "Cloud refuses this file: its schema doesn't know `{}` of {}",
                    Printable(member),
                    key.name()
                );
                found.push(Found::new(subject.span(*name), message).of(key));
            }
        }
    }
    found
}
