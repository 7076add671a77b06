//! `merge-key`: `<<`, which the service doesn't merge.

use crate::base::sentence::{Sentence, sentence};
use crate::config::{Kind, Quote};
use crate::explain::{Harm, LockOut, Whose};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "merge-key",
    finds: "A mapping has a merge key (`<<`).",
    why: "Merge keys belong to YAML 1.1. The service reads YAML 1.2, in which `<<` is a member like any other, one it \
          doesn't know, and ignores. What it was meant to bring in is missing.",
    fix: How::Text("Write the members out. Anchors and aliases themselves work."),
    look: Look::Config(look),
    ..ERROR
};

fn message(_: &About) -> Sentence {
    sentence!("the service does not merge `<<`: the members it stands for are missing here")
}

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    let doc = on.doc();
    let mut found = Vec::new();
    for (_, node) in doc.nodes() {
        let Kind::Mapping { members, .. } = &node.kind else { continue };
        for (name, value) in members {
            let plain = matches!(doc.node(*name).kind, Kind::Scalar { quote: Quote::Plain, .. });
            if plain && doc.string(*name) == Some("<<") && doc.scalar(*value).is_none() {
                let span = on.span(*name);
                found.push(
                    Finding::new(&RULE, span, message)
                        .of_key_there(on)
                        .means(Harm::LocksOut(LockOut::now(Whose::Everyone))),
                );
            }
        }
    }
    found
}
