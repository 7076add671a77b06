//! The places in a file that hold a config.

use std::collections::HashMap;

use super::holder::{Holder, HolderKind};
use super::kubernetes::{objects, values};
use super::marks::{is_config_mapping, mentions};
use crate::config::{Document, Kind, NodeId};

/// Holds the config itself, in base64, as the service reads it.
pub(crate) const CONFIG_B64: &str = "POWERSYNC_CONFIG_B64";

/// All places of a document that hold a config.
pub(super) fn holders(doc: &Document<'_>) -> Vec<Holder> {
    let mut known = HashMap::new();
    let mut found = entries(doc);
    found.retain(|holder| {
        // Aliases may lead to one node any number of times.
        *known.entry(doc.target(holder.node)).or_insert_with(|| holder.holds_config(doc))
    });
    if found.is_empty() {
        let mut walk = Walk { doc, path: Vec::new(), found };
        walk.value(doc.root());
        found = walk.found;
    }
    found
}

/// All entries of Secrets and `ConfigMaps`, whatever they hold.
pub(super) fn entries(doc: &Document<'_>) -> Vec<Holder> {
    let objects = objects(doc).unwrap_or_default();
    let entries = objects.iter().flat_map(|object| {
        values(doc, object).map(|(name, node, coding)| Holder {
            kind: HolderKind::Entry(object.clone(), coding),
            name: name.to_owned(),
            node,
        })
    });
    entries.collect()
}

/// The value below these names, as `--at` gives them.
pub(super) fn at(doc: &Document<'_>, path: &str) -> Option<Holder> {
    let node = below(doc, doc.root(), path)?;
    let kind = if doc.members(node).is_some() { HolderKind::Mapping } else { HolderKind::Text };
    Some(Holder { kind, name: path.to_owned(), node })
}

/// Names may have dots themselves: the shortest that leads on is tried first.
fn below(doc: &Document<'_>, id: NodeId, path: &str) -> Option<NodeId> {
    let step = |name: &str| match &doc.node(id).kind {
        Kind::Mapping { .. } => doc.member(id, name).map(|(_, value)| value),
        Kind::Sequence { items, .. } => items.get(name.parse::<usize>().ok()?).copied(),
        _ => None,
    };
    let shorter = path.match_indices('.').find_map(|(at, _)| below(doc, step(&path[..at])?, &path[at + 1..]));
    shorter.or_else(|| step(path))
}

struct Walk<'d, 't> {
    doc: &'d Document<'t>,
    path: Vec<String>,
    found: Vec<Holder>,
}

impl Walk<'_, '_> {
    fn value(&mut self, id: NodeId) {
        let doc = self.doc;
        // Aliases are not followed: what they stand for is looked at where it is. A list at the top is no form of a config.
        match &doc.node(id).kind {
            Kind::Mapping { .. } if !self.path.is_empty() && is_config_mapping(doc, id) => {
                self.push(HolderKind::Mapping, id);
            }
            Kind::Mapping { members, .. } => {
                let of = |name| doc.member(id, name).map(|(_, value)| value);
                // As a container's `env` has it.
                let named = of("name").and_then(|id| doc.string(id)) == Some(CONFIG_B64);
                for (name, value) in members {
                    let Some(name) = doc.string(*name) else { continue };
                    self.path.push(name.to_owned());
                    if name == CONFIG_B64 || (named && name == "value") {
                        self.variable(*value, 0);
                    } else {
                        self.value(*value);
                    }
                    self.path.pop();
                }
            }
            Kind::Sequence { items, .. } if !self.path.is_empty() => {
                for (number, item) in items.iter().enumerate() {
                    self.path.push(number.to_string());
                    self.value(*item);
                    self.path.pop();
                }
            }
            Kind::Scalar { text, .. } => {
                let assigned = text.strip_prefix(CONFIG_B64).is_some_and(|rest| rest.starts_with('='));
                if assigned {
                    self.variable(id, CONFIG_B64.len() + 1);
                } else if !self.path.is_empty() && text.contains(':') && mentions(text) {
                    self.push_if(HolderKind::Text, id);
                }
            }
            Kind::Sequence { .. } | Kind::Alias(_) => {}
        }
    }

    fn variable(&mut self, id: NodeId, skip: usize) {
        self.push_if(HolderKind::Variable(skip), id);
    }

    fn push_if(&mut self, kind: HolderKind, node: NodeId) {
        self.push(kind, node);
        self.found.pop_if(|holder| !holder.holds_config(self.doc));
    }

    fn push(&mut self, kind: HolderKind, node: NodeId) {
        self.found.push(Holder { kind, name: self.path.join("."), node });
    }
}
