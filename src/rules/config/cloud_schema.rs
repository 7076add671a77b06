//! `cloud-schema`: what PowerSync Cloud's schema refuses.

use crate::base::sentence::{Sentence, sentence};
use crate::base::text::Printable;
use crate::explain::{Harm, NoStart};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule, Violation};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "cloud-schema",
    finds: "A key of a PowerSync Cloud config (`_type: cloud`) has a member that Cloud's schema doesn't know.",
    why: "PowerSync's command line compares `service.yaml` with Cloud's schema before it deploys, and refuses unknown \
          members of a key, including `iat`, `nbf` and `exp`. A self-hosted service ignores them.",
    fix: How::Text("Remove the member. On Cloud no schedule can be kept in the file."),
    look: Look::Config(look),
    ..ERROR
};

const KNOWN: [&str; 10] = ["kty", "kid", "alg", "k", "use", "n", "e", "crv", "x", "y"];

struct UnknownMember(String);

impl Violation for UnknownMember {
    fn message(&self, key: &About) -> Sentence {
        sentence!("Cloud refuses this file: its schema doesn't know `{}` of {key}", Printable(&self.0))
    }
}

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for key in on.keys.keys().iter().filter(|_| on.keys.is_cloud) {
        for (name, _) in on.doc().members(on.entry(key)).unwrap_or_default() {
            if let Some(member) = on.doc().string(*name).filter(|name| !KNOWN.contains(name)) {
                let one = Finding::new(&RULE, on.span(*name), UnknownMember(member.to_owned()));
                let start = NoStart::Cloud(vec![format!("`{}` of {}", Printable(member), key.in_words())]);
                found.push(one.of(key).means(Harm::NoStart(start)));
            }
        }
    }
    found
}
