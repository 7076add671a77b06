//! `merge-key`: `<<`, which the service doesn't merge.

use crate::config::{Kind, Quote};
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "merge-key",
    severity: Severity::Error,
    pedantic: false,
    finds: "A mapping has a merge key (`<<`).",
    why: "Merge keys belong to YAML 1.1. The service reads YAML 1.2: `<<` is a member like any other there, one it \
          doesn't know, and ignores. What it was to bring in is missing.",
    mend: "Write the members out. Anchors and aliases themselves work.",
    look: Look::Config(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let doc = subject.doc();
    let mut found = Vec::new();
    for (_, node) in doc.nodes() {
        let Kind::Mapping { members, .. } = &node.kind else { continue };
        for (name, value) in members {
            let plain = matches!(doc.node(*name).kind, Kind::Scalar { quote: Quote::Plain, .. });
            if plain && doc.string(*name) == Some("<<") && doc.scalar(*value).is_none() {
                let message = "the service does not merge `<<`: the members it stands for are missing here";
                let span = subject.span(*name);
                found.push(Found::new(span.clone(), message).of_any(subject.key_at(&span)));
            }
        }
    }
    found
}
