//! Whether an edited config reads as was meant: the keys as planned, everything else as it was.

use std::collections::{HashMap, HashSet};

use super::document::{Document, NodeId};
use super::edit::{MemberEdit, NewEntry, NewValue, Plan};
use super::scalar::Scalar;
use super::{Config, PATH};

/// What an entry of the result has to be.
enum Expected<'p> {
    /// The entry that had this number.
    Old(usize),
    /// The one that was written.
    New(&'p NewEntry),
}

type Known = HashMap<(NodeId, NodeId), bool>;

struct Comparison<'c, 't, 'u> {
    old: &'c Document<'t>,
    new: &'c Document<'u>,
    known: Known,
}

/// Compares the result of an edit with the config it was made from. Says in a few words what differs.
pub(super) fn reads_as_meant(old: &Config<'_>, new: &Config<'_>, plan: &Plan) -> Result<(), &'static str> {
    let mut comparison = Comparison { old: old.document(), new: new.document(), known: Known::new() };
    if !comparison.around_the_list(Some(old.document().root()), new.document().root(), &PATH) {
        return Err("something outside of the keys changed");
    }
    let mut edits: HashMap<usize, Vec<&MemberEdit>> = HashMap::new();
    for edit in &plan.members {
        edits.entry(edit.entry).or_default().push(edit);
    }
    let expected = expected(old.entries().len(), plan);
    if expected.len() != new.entries().len() {
        return Err("the number of keys is another");
    }
    for (expected, id) in expected.iter().zip(new.entries()) {
        let as_meant = match expected {
            Expected::Old(index) => {
                let edits = edits.get(index).map(Vec::as_slice).unwrap_or_default();
                comparison.edited(old.entries()[*index], *id, edits)
            }
            Expected::New(entry) => comparison.is_new(*id, entry),
        };
        if !as_meant {
            return Err("a key is not what it should be");
        }
    }
    Ok(())
}

/// Whether everything but the list of keys reads the same.
pub(super) fn same_around_the_list(old: &Config<'_>, new: &Config<'_>) -> bool {
    let mut comparison = Comparison { old: old.document(), new: new.document(), known: Known::new() };
    comparison.around_the_list(Some(old.document().root()), new.document().root(), &PATH)
}

fn expected(count: usize, plan: &Plan) -> Vec<Expected<'_>> {
    let removed: HashSet<usize> = plan.remove.iter().copied().collect();
    let stays = |index: &usize| !removed.contains(index) && plan.to_front != Some(*index);
    let mut all: Vec<Expected<'_>> = plan.to_front.map(Expected::Old).into_iter().collect();
    let (at, new) = plan.insert.as_ref().map_or((count, None), |(at, entry)| ((*at).min(count), Some(entry)));
    all.extend((0..at).filter(stays).map(Expected::Old));
    all.extend(new.map(Expected::New));
    all.extend((at..count).filter(stays).map(Expected::Old));
    all
}

impl Comparison<'_, '_, '_> {
    fn same(&mut self, old: NodeId, new: NodeId) -> bool {
        self.old.same(old, self.new, new, &mut self.known)
    }

    /// The mappings that lead to the list: all members the same and in order, but for the next one on the way,
    /// which may be new and last.
    fn around_the_list(&mut self, old: Option<NodeId>, new: NodeId, path: &[&str]) -> bool {
        let [name, rest @ ..] = path else {
            return self.new.items(new).is_some();
        };
        let old_members = old.and_then(|id| self.old.members(id)).unwrap_or_default().to_vec();
        let Some(new_members) = self.new.members(new).map(<[_]>::to_vec) else { return false };
        let on_path = old.and_then(|id| self.old.member(id, name));
        let added = usize::from(on_path.is_none() && new_members.len() == old_members.len() + 1);
        if new_members.len() != old_members.len() + added {
            return false;
        }
        let mut members = old_members.iter().zip(&new_members);
        let unchanged = members.all(|(one, two)| {
            self.same(one.0, two.0)
                && if Some(*one) == on_path {
                    self.around_the_list(Some(one.1), two.1, rest)
                } else {
                    self.same(one.1, two.1)
                }
        });
        let new_as_meant = match new_members.last().filter(|_| added == 1) {
            Some((key, value)) => {
                self.new.string(*key) == Some(*name) && self.around_the_list(None, *value, rest)
            }
            None => true,
        };
        unchanged && new_as_meant
    }

    fn edited(&mut self, old: NodeId, new: NodeId, edits: &[&MemberEdit]) -> bool {
        if edits.is_empty() {
            return self.same(old, new);
        }
        let (Some(old_members), Some(new_members)) = (self.old.members(old), self.new.members(new)) else {
            return false;
        };
        let (old_members, mut rest) = (old_members.to_vec(), new_members.iter().copied());
        for (key, value) in old_members {
            let edit = edits.iter().find(|edit| self.old.string(key) == Some(edit.name));
            match edit.map(|edit| &edit.value) {
                Some(None) => {}
                Some(Some(meant)) => {
                    let Some((new_key, new_value)) = rest.next() else { return false };
                    if !(self.same(key, new_key) && self.reads_as(new_value, meant)) {
                        return false;
                    }
                }
                None => {
                    let Some((new_key, new_value)) = rest.next() else { return false };
                    if !(self.same(key, new_key) && self.same(value, new_value)) {
                        return false;
                    }
                }
            }
        }
        let added = edits.iter().filter(|edit| self.old.member(old, edit.name).is_none());
        for (name, meant) in added.filter_map(|edit| Some((edit.name, edit.value.as_ref()?))) {
            let Some((key, value)) = rest.next() else { return false };
            if !(self.new.string(key) == Some(name) && self.reads_as(value, meant)) {
                return false;
            }
        }
        rest.next().is_none()
    }

    fn is_new(&self, id: NodeId, entry: &NewEntry) -> bool {
        self.new.members(id).is_some_and(|members| members.len() == entry.members.len())
            && entry.members.iter().all(|(name, meant)| {
                self.new.member(id, name).is_some_and(|(_, value)| self.reads_as(value, meant))
            })
    }

    fn reads_as(&self, id: NodeId, meant: &NewValue) -> bool {
        match (self.new.scalar(id), meant) {
            (Some(Scalar::String(text)), NewValue::Text(meant)) => text == meant.as_str(),
            (Some(Scalar::Env(name)), NewValue::Env(meant)) => name == meant,
            (None, NewValue::CloudEnv(meant)) => {
                self.new.members(id).is_some_and(|members| members.len() == 1)
                    && self
                        .new
                        .member(id, "secret")
                        .is_some_and(|(_, value)| self.new.scalar(value) == Some(Scalar::Env(meant.as_str())))
            }
            (Some(Scalar::Integer(value)), NewValue::Date { seconds, .. }) => value == *seconds,
            _ => false,
        }
    }
}
