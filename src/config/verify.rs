//! Whether an edited config reads as was meant: the keys as planned, everything else as it was.

use std::collections::{HashMap, HashSet};

use super::plan::{Edits, MemberEdit, NewEntry, NewValue};
use super::{Config, PATH};
use crate::syntax::scalar::Scalar;
use crate::syntax::{Document, NodeId};

/// What an entry of the result has to be.
enum Meant<'p> {
    /// The entry that had this number.
    Old(usize),
    /// The one that was written.
    New(&'p NewEntry),
}

struct BeforeAndAfter<'c, 't, 'u> {
    old: &'c Document<'t>,
    new: &'c Document<'u>,
    known: HashMap<(NodeId, NodeId), bool>,
}

/// Compares the result of an edit with the config it was made from. Says in a few words what differs.
pub(super) fn reads_as_meant(old: &Config<'_>, new: &Config<'_>, plan: &Edits) -> Result<(), &'static str> {
    let mut comparison = BeforeAndAfter { old: old.document(), new: new.document(), known: HashMap::new() };
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
            Meant::Old(index) => {
                let edits = edits.get(index).map(Vec::as_slice).unwrap_or_default();
                comparison.edited(old.entries()[*index], *id, edits)
            }
            Meant::New(entry) => comparison.is_new(*id, entry),
        };
        if !as_meant {
            return Err("a key is not what it should be");
        }
    }
    Ok(())
}

/// Whether everything but the list of keys reads the same.
pub(super) fn same_around_the_list(old: &Config<'_>, new: &Config<'_>) -> bool {
    let mut comparison = BeforeAndAfter { old: old.document(), new: new.document(), known: HashMap::new() };
    comparison.around_the_list(Some(old.document().root()), new.document().root(), &PATH)
}

fn expected(count: usize, plan: &Edits) -> Vec<Meant<'_>> {
    let removed: HashSet<usize> = plan.remove.iter().copied().collect();
    let stays = |index: &usize| !removed.contains(index) && plan.to_front != Some(*index);
    let mut all: Vec<Meant<'_>> = plan.to_front.map(Meant::Old).into_iter().collect();
    let (at, new) = plan.insert.as_ref().map_or((count, None), |(at, entry)| ((*at).min(count), Some(entry)));
    all.extend((0..at).filter(stays).map(Meant::Old));
    all.extend(new.map(Meant::New));
    all.extend((at..count).filter(stays).map(Meant::Old));
    all
}

impl BeforeAndAfter<'_, '_, '_> {
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

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::config::Input;

    const OLD: &str = "a: 1\nclient_auth:\n  audience: [app]\n  jwks:\n    keys:\n    - {kid: one, k: x}\n    - {kid: two, k: y, exp: 5}\nz: [1, {b: 2}]\n";

    /// What the check says of a result, for a plan.
    fn check(plan: &Edits, result: &str) -> Result<(), &'static str> {
        let old = Config::parse_str(OLD, Input::Yaml).unwrap();
        let new = Config::parse_str(result, Input::Yaml).unwrap();
        reads_as_meant(&old, &new, plan)
    }

    /// Fails unless the right result passes, and each of these replacements in it is noticed.
    fn assert_noticed(plan: &Edits, right: (&str, &str), wrong: &[(&str, &str)]) {
        assert!(OLD.contains(right.0), "{right:?}");
        let right = OLD.replacen(right.0, right.1, 1);
        assert_eq!(check(plan, &right), Ok(()), "{right}");
        let everywhere = [
            ("a: 1", "a: 2"),
            ("a: 1", "b: 1"),
            ("a: 1\n", ""),
            ("a: 1\n", "a: 1\nc: 1\n"),
            ("[app]", "[apps]"),
            ("  audience: [app]\n", ""),
            ("  jwks:", "  more: 1\n  jwks:"),
            ("    keys:", "    more: 1\n    keys:"),
            ("z: [1, {b: 2}]", "z: [1, {b: 3}]"),
            ("z: [1, {b: 2}]", "z: [1, {c: 2}]"),
            ("z: [1, {b: 2}]", "z: [1]"),
        ];
        for (from, to) in everywhere.iter().chain(wrong) {
            assert!(right.contains(from), "{from} in {right}");
            let wrong = right.replacen(from, to, 1);
            assert!(check(plan, &wrong).is_err(), "{from} → {to} is not noticed in\n{wrong}");
        }
    }

    fn text(text: &str) -> NewValue {
        NewValue::Text(Zeroizing::new(text.to_owned()))
    }

    const ONE: &str = "    - {kid: one, k: x}\n";
    const TWO: &str = "    - {kid: two, k: y, exp: 5}\n";

    #[test]
    fn nothing_else_changes_when_nothing_is_planned() {
        let swapped = format!("{TWO}{ONE}");
        let both = format!("{ONE}{TWO}");
        assert_noticed(
            &Edits::default(),
            (ONE, ONE),
            &[
                ("kid: one", "kid: won"),
                ("k: x", "k: z"),
                ("k: x", "kk: x"),
                ("k: x", "k: x, l: 1"),
                (", exp: 5", ""),
                (ONE, ""),
                (&both, &swapped),
            ],
        );
    }

    #[test]
    fn members_are_as_planned() {
        let edit = |name, value| MemberEdit { entry: 1, name, value };
        let date = NewValue::Date { seconds: 7, comment: String::new() };
        let plan = Edits { members: vec![edit("exp", Some(date.clone()))], ..Edits::default() };
        let others =
            [("kid: one", "kid: won"), ("k: y", "k: z"), ("kid: two, ", ""), ("k: x}", "k: x, exp: 7}")];
        let wrong =
            [("exp: 7", "exp: 8"), ("exp: 7", "exp: '7'"), ("exp: 7", "exp: 7, nbf: 7"), (", exp: 7", "")];
        assert_noticed(&plan, ("exp: 5", "exp: 7"), &[&others[..], &wrong].concat());

        let plan = Edits { members: vec![edit("nbf", Some(date))], ..Edits::default() };
        let wrong = [("nbf: 7", "nbf: 8"), ("nbf: 7", "iat: 7"), (", nbf: 7", ""), ("exp: 5", "exp: 6")];
        assert_noticed(&plan, ("exp: 5", "exp: 5, nbf: 7"), &wrong);

        let plan = Edits { members: vec![edit("exp", None)], ..Edits::default() };
        let wrong = [("k: y", "k: y, exp: 5"), ("k: y", "k: z"), ("kid: two, ", ""), ("k: y", "k: y, l: 1")];
        assert_noticed(&plan, (", exp: 5", ""), &wrong);

        let plan =
            Edits { members: vec![edit("k", Some(NewValue::Env("PS_K".to_owned())))], ..Edits::default() };
        let wrong = [("!env PS_K", "!env PS_L"), ("!env PS_K", "PS_K"), ("!env PS_K", "{secret: !env PS_K}")];
        assert_noticed(&plan, ("k: y", "k: !env PS_K"), &wrong);

        let plan = Edits {
            members: vec![edit("k", Some(NewValue::CloudEnv("PS_K".to_owned())))],
            ..Edits::default()
        };
        let wrong = [("!env PS_K", "!env PS_L"), ("!env PS_K}", "!env PS_K, a: 1}"), ("secret:", "secrets:")];
        assert_noticed(&plan, ("k: y", "k: {secret: !env PS_K}"), &wrong);
    }

    #[test]
    fn entries_come_go_and_move_as_planned() {
        let new = NewEntry { members: vec![("kid", text("new")), ("k", text("n"))] };
        let plan = Edits { insert: Some((1, new)), ..Edits::default() };
        let entry = "    - {kid: new, k: n}\n";
        let (right, last) = (format!("{ONE}{entry}"), format!("{entry}{TWO}"));
        let at_the_end = format!("{TWO}{entry}");
        assert_noticed(
            &plan,
            (ONE, &right),
            &[
                ("k: n", "k: m"),
                ("k: n", "k: n, l: 1"),
                ("kid: new, ", ""),
                (entry, ""),
                (&last, &at_the_end),
                ("k: x", "k: z"),
            ],
        );

        let plan = Edits { remove: vec![0], ..Edits::default() };
        assert_noticed(&plan, (ONE, ""), &[("k: y", "k: z"), (TWO, ONE), (TWO, &format!("{TWO}{TWO}"))]);

        let plan = Edits { to_front: Some(1), ..Edits::default() };
        let moved = format!("{TWO}{ONE}");
        assert_noticed(
            &plan,
            (&format!("{ONE}{TWO}"), &moved),
            &[("k: y", "k: z"), (&moved, &format!("{ONE}{TWO}"))],
        );
    }

    #[test]
    fn a_list_that_was_not_there_is_the_only_thing_added() {
        let old = Config::parse_str("a: 1\nclient_auth:\n  audience: [app]\n", Input::Yaml).unwrap();
        let new = NewEntry { members: vec![("kid", text("new"))] };
        let plan = Edits { insert: Some((0, new)), ..Edits::default() };
        let says =
            |result: &str| reads_as_meant(&old, &Config::parse_str(result, Input::Yaml).unwrap(), &plan);
        assert_eq!(says("a: 1\nclient_auth:\n  audience: [app]\n  jwks: {keys: [{kid: new}]}\n"), Ok(()));
        for wrong in [
            "a: 1\nclient_auth:\n  audience: [app]\n  jwks: {keys: [{kid: new}], more: 1}\n",
            "a: 1\nclient_auth:\n  jwks: {keys: [{kid: new}]}\n  audience: [app]\n",
            "a: 1\nclient_auth:\n  audience: [apps]\n  jwks: {keys: [{kid: new}]}\n",
            "a: 1\nclient_auth:\n  audience: [app]\n  jwks: {keys: [{kid: other}]}\n",
            "a: 1\nclient_auth:\n  jwks: {keys: [{kid: new}]}\n",
        ] {
            assert!(says(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_stands_around_the_list_is_told_from_the_list() {
        let old = Config::parse_str(OLD, Input::Yaml).unwrap();
        let same = |text: &str| same_around_the_list(&old, &Config::parse_str(text, Input::Yaml).unwrap());
        assert!(same(OLD) && same(&OLD.replace(ONE, "")) && same(&OLD.replace("k: x", "k: z")));
        assert!(!same(&OLD.replace("a: 1", "a: 2")) && !same(&OLD.replace("[app]", "[apps]")));
    }
}
