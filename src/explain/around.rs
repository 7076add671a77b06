//! What differs between two configs and no event of a key tells: audiences, members of keys, other settings, comments.

use std::collections::{BTreeSet, HashMap};

use super::change::KeyChange;
use super::event::{EventKind, KeyEvent, Setting, SettingValue, Text, Topic};
use crate::base::look::looks_secret;
use crate::base::text::Printable;
use crate::config::{Config, Document, NodeId, Scalar};
use crate::keyset::{Key, KeySet, Member, counterparts};
use crate::redact::{has_secret, is_secret_name};

/// A config and its keys.
#[derive(Clone, Copy)]
pub(crate) struct Side<'a> {
    pub(crate) config: &'a Config<'a>,
    pub(crate) keys: &'a KeySet,
}

/// The differences that no event tells. `told`: the events.
pub(crate) fn other_events(old: Side<'_>, new: Side<'_>, told: &[KeyEvent]) -> Vec<KeyEvent> {
    let mut events = Vec::new();
    events.extend(audiences(old.keys, new.keys));
    events.extend(members(old, new, told));
    events.extend(order(old.keys, new.keys, told));
    for (topic, place, changes) in [
        ("client_auth", Place::ClientAuth, settings(old.config, new.config, Place::ClientAuth)),
        ("config", Place::Outside, settings(old.config, new.config, Place::Outside)),
    ] {
        if !changes.is_empty() {
            let kind = EventKind::Settings { inside: place == Place::ClientAuth, changes };
            events.push(KeyEvent { key: Topic::Member(topic.to_owned()), kind });
        }
    }
    if events.is_empty() && told.is_empty() && old.config.text() != new.config.text() {
        let text = |config: &Config<'_>| -> Vec<String> {
            let comments = config.document().comments().iter();
            comments.map(|span| config.text()[span.clone()].trim().to_owned()).collect()
        };
        let kind = if text(old.config) == text(new.config) { Text::Layout } else { Text::Comments };
        events.push(KeyEvent { key: Topic::Member("text".to_owned()), kind: EventKind::Text(kind) });
    }
    events
}

fn audiences(old: &KeySet, new: &KeySet) -> Option<KeyEvent> {
    let names = |keys: &KeySet| -> Vec<String> {
        let name = |one: &Member<String>| match one {
            Member::Value(text) => Some(format!("`{}`", Printable(text))),
            Member::Variable(name) => Some(format!("`!env {}`", Printable(name))),
            Member::Absent | Member::Unreadable(_) => None,
        };
        keys.audiences.iter().filter_map(name).collect()
    };
    let (was, is) = (names(old), names(new));
    let added: Vec<String> = is.iter().filter(|one| !was.contains(one)).cloned().collect();
    let removed: Vec<String> = was.iter().filter(|one| !is.contains(one)).cloned().collect();
    let kind = EventKind::Audience { added, removed };
    (was.len() != is.len() || was.iter().any(|one| !is.contains(one)))
        .then(|| KeyEvent { key: Topic::Member("audience".to_owned()), kind })
}

/// Members of keys that stay: another spelling of the same secret, and what the service ignores.
fn members(old: Side<'_>, new: Side<'_>, told: &[KeyEvent]) -> Vec<KeyEvent> {
    let pairs = old.keys.keys().iter().zip(counterparts(old.keys, new.keys));
    let pairs = pairs.filter_map(|(key, after)| Some((key, &new.keys.keys()[after?])));
    let event = |(before, after): (&Key, &Key)| {
        let topic = Topic::Key(after.reference());
        if told.iter().any(|event| event.key == topic) {
            return None;
        }
        let nodes = (old.config.entries()[before.index], new.config.entries()[after.index]);
        let mut walk = Walk::new(old.config.document(), new.config.document());
        walk.compare(nodes, &mut Vec::new());
        let mut names: Vec<String> = walk.found.into_iter().map(|setting| setting.path).collect();
        let dates = |name: &String| ["exp", "nbf", "iat"].contains(&name.as_str());
        names.retain(|name| !dates(name));
        names.dedup();
        let is_same = after.verifies_what(before) == Some(true);
        let change = match names.as_slice() {
            [] => return None,
            [k] if k == "k" && is_same => KeyChange::Respelled,
            _ if is_same || is_unusable(before) && is_unusable(after) => KeyChange::Members(names),
            _ if names.iter().all(|name| IGNORED.contains(&name.as_str())) => KeyChange::Members(names),
            _ => KeyChange::Unsure(names),
        };
        Some(KeyEvent { key: topic, kind: EventKind::Changed(change) })
    };
    pairs.filter_map(event).collect()
}

/// Members of a key that the service doesn't read.
const IGNORED: [&str; 5] = ["use", "key_ops", "x5c", "x5t", "x5u"];

fn is_unusable(key: &Key) -> bool {
    !key.is_symmetric() && !key.is_public()
}

/// Whether keys that stay have changed places, where no promotion tells it.
fn order(old: &KeySet, new: &KeySet, told: &[KeyEvent]) -> Option<KeyEvent> {
    let after: Vec<usize> = counterparts(old, new).into_iter().flatten().collect();
    let is_told =
        told.iter().any(|event| matches!(event.kind, EventKind::Promoted { .. } | EventKind::Added { .. }));
    let current = new.current().ok().flatten().map(Key::in_words);
    let moved = !is_told && after.windows(2).any(|pair| pair[0] > pair[1]);
    moved.then(|| KeyEvent { key: Topic::Member("order".to_owned()), kind: EventKind::Reordered { current } })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Members of `client_auth` that are neither keys, nor audiences, nor login sources.
    ClientAuth,
    Outside,
}

/// What events tell of `client_auth`.
const TOLD: [&str; 6] =
    ["jwks", "audience", "additional_audiences", "jwks_uri", "supabase", "supabase_jwt_secret"];

fn settings(old: &Config<'_>, new: &Config<'_>, place: Place) -> Vec<Setting> {
    let (was, is) = (old.document(), new.document());
    let mut walk = Walk::new(was, is);
    match place {
        Place::Outside => walk.members((was.root(), is.root()), &mut Vec::new(), &["client_auth"]),
        Place::ClientAuth => {
            let of = |doc: &Document<'_>| doc.member(doc.root(), "client_auth").map(|(_, value)| value);
            if let (Some(was), Some(is)) = (of(was), of(is)) {
                walk.members((was, is), &mut Vec::new(), &TOLD);
            }
        }
    }
    walk.found
}

/// Compares values as the service reads them.
struct Walk<'d, 't, 'e, 'u> {
    old: &'d Document<'t>,
    new: &'e Document<'u>,
    /// Pairs that were compared: what aliases stand for is compared once.
    seen: HashMap<(NodeId, NodeId), bool>,
    found: Vec<Setting>,
}

impl<'d, 't, 'e, 'u> Walk<'d, 't, 'e, 'u> {
    fn new(old: &'d Document<'t>, new: &'e Document<'u>) -> Self {
        Self { old, new, seen: HashMap::new(), found: Vec::new() }
    }

    fn compare(&mut self, (old, new): (NodeId, NodeId), path: &mut Vec<String>) {
        let pair = (self.old.target(old), self.new.target(new));
        if self.seen.insert(pair, true).is_some() {
            return;
        }
        match (self.old.members(old), self.new.members(new)) {
            (Some(_), Some(_)) => return self.members((old, new), path, &[]),
            (None, None) => {}
            _ => return self.add(path, Some(SettingValue::Hidden), Some(SettingValue::Hidden)),
        }
        match (self.old.items(old), self.new.items(new)) {
            (Some(was), Some(is)) if was.len() == is.len() => {
                let pairs: Vec<_> = was.iter().copied().zip(is.iter().copied()).collect();
                for (index, pair) in pairs.into_iter().enumerate() {
                    path.push(index.to_string());
                    self.compare(pair, path);
                    path.pop();
                }
            }
            (None, None) => {
                let is_same = match (self.old.scalar(old), self.new.scalar(new)) {
                    (Some(was), Some(is)) => was == is,
                    (was, is) => was.is_none() && is.is_none(),
                };
                if !is_same {
                    let (was, is) = (shown(self.old, old, path), shown(self.new, new, path));
                    self.add(path, Some(was), Some(is));
                }
            }
            _ => self.add(path, Some(SettingValue::Hidden), Some(SettingValue::Hidden)),
        }
    }

    fn members(&mut self, (old, new): (NodeId, NodeId), path: &mut Vec<String>, but: &[&str]) {
        let by_name = |doc: &Document<'_>, id| -> HashMap<String, NodeId> {
            let members = doc.members(id).unwrap_or_default().iter();
            members.filter_map(|(name, value)| Some((doc.string(*name)?.to_owned(), *value))).collect()
        };
        let (was, is) = (by_name(self.old, old), by_name(self.new, new));
        let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
        for name in names.into_iter().filter(|name| !but.contains(&name.as_str())) {
            path.push(name.clone());
            match (was.get(name), is.get(name)) {
                (Some(was), Some(is)) => self.compare((*was, *is), path),
                (Some(was), None) => {
                    let value = shown(self.old, *was, path);
                    self.add(path, Some(value), None);
                }
                (None, Some(is)) => {
                    let value = shown(self.new, *is, path);
                    self.add(path, None, Some(value));
                }
                (None, None) => {}
            }
            path.pop();
        }
    }

    fn add(&mut self, path: &[String], old: Option<SettingValue>, new: Option<SettingValue>) {
        self.found.push(Setting { path: path.join("."), old, new });
    }
}

/// A value that can be shown: numbers, names of variables, and short words that are no secret.
fn shown(doc: &Document<'_>, id: NodeId, path: &[String]) -> SettingValue {
    let is_secret = path.iter().any(|name| is_secret_name(name));
    let is_word = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
    let text = match doc.scalar(id).filter(|_| !is_secret) {
        Some(Scalar::Null) => "null".to_owned(),
        Some(Scalar::Bool(value)) => value.to_string(),
        Some(Scalar::Integer(value)) => value.to_string(),
        Some(Scalar::Float(value)) => value.to_string(),
        Some(Scalar::Env(name)) if name.len() < 64 && !looks_secret(name) => {
            format!("!env {}", Printable(name))
        }
        Some(Scalar::String(text))
            if (1..=40).contains(&text.len())
                && text.chars().all(is_word)
                && !looks_secret(text)
                && !has_secret(text) =>
        {
            text.to_owned()
        }
        _ => return SettingValue::Hidden,
    };
    SettingValue::Shown(text)
}
