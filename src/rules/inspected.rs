//! What rules look at.

use std::collections::BTreeMap;

use crate::base::time::NumericDate;
use crate::config::{Config, Document, NodeId, Scalar, Span, env_name};
use crate::keyset::{Key, KeySet, Member, NamedSet, Values};
use crate::schedule::Policy;

/// What is known of the file around the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileFacts {
    /// Its permission bits, on systems that have them.
    pub mode: Option<u32>,
    /// Whether git tracks it.
    pub in_git: bool,
    /// The env file beside it, there or not, as people name it.
    pub env_file: String,
}

/// A config, its keys, and what decisions about it depend on.
pub struct Inspected<'a> {
    /// The config.
    pub config: &'a Config<'a>,
    /// Its keys.
    pub keys: &'a KeySet,
    /// The values of variables, as far as they are known; `None` where nobody gave any.
    pub values: Option<&'a Values<'a>>,
    /// Sets of keys from elsewhere that were looked at.
    pub sets: &'a [NamedSet],
    /// How long things take.
    pub policy: &'a Policy,
    /// The moment.
    pub now: NumericDate,
    /// The file.
    pub file: FileFacts,
    /// Why the value of a variable isn't known although it is set, where that is so.
    pub why_unknown: &'a (dyn Fn(&str) -> Option<String> + 'a),
    /// Another config that has the secret of a key, among those that are looked at together.
    pub elsewhere: &'a (dyn Fn(&Key) -> Option<String> + 'a),
}

impl<'a> Inspected<'a> {
    /// A config of which nothing else is known.
    #[must_use]
    pub fn new(config: &'a Config<'a>, keys: &'a KeySet, policy: &'a Policy, now: NumericDate) -> Self {
        let (values, file) = (None, FileFacts::default());
        let (why_unknown, elsewhere) = (&|_: &str| None, &|_: &Key| None);
        Self { config, keys, values, sets: &[], policy, now, file, why_unknown, elsewhere }
    }

    pub(super) fn doc(&self) -> &'a Document<'a> {
        self.config.document()
    }

    /// The values of variables.
    pub(super) fn values(&self) -> &Values<'_> {
        self.values.unwrap_or(&|_| None)
    }

    /// The node of a key's entry.
    pub(super) fn entry(&self, key: &Key) -> NodeId {
        self.config.entries()[key.index]
    }

    /// The bytes of a value, with its tag.
    pub(super) fn span(&self, id: NodeId) -> Span {
        self.doc().start_of(id)..self.doc().end_of(id).max(self.doc().start_of(id))
    }

    /// The value of a key's member, and the text it is where it is text.
    pub(super) fn member(&self, key: &Key, name: &str) -> Option<(Span, Option<&'a str>)> {
        let (_, value) = self.doc().member(self.entry(key), name)?;
        Some((self.span(value), self.doc().string(value)))
    }

    /// Where to point at for a key: its `kid`, or the first line of its entry.
    pub(super) fn place(&self, key: &Key) -> Span {
        let kid = self.member(key, "kid").map(|(span, _)| span).filter(|span| !span.is_empty());
        kid.unwrap_or_else(|| self.first_line(self.entry(key)))
    }

    /// Where to point at for a member of a key: its value, its name where the value is empty, or the key where it isn't
    /// there.
    pub(super) fn place_of(&self, key: &Key, name: &str) -> Span {
        let Some((name, value)) = self.doc().member(self.entry(key), name) else { return self.place(key) };
        Some(self.span(value)).filter(|span| !span.is_empty()).unwrap_or_else(|| self.span(name))
    }

    /// Whether the value of a member can be replaced in its place: it is on one line, and nothing refers to it.
    pub(super) fn can_rewrite(&self, entry: usize, name: &str) -> bool {
        let (doc, entry) = (self.doc(), self.config.entries()[entry]);
        let Some((_, value)) = doc.member(entry, name) else { return false };
        let node = doc.node(value);
        let own = |id| doc.target(id) == id && !doc.node(id).anchored;
        own(entry)
            && own(value)
            && node.properties.is_none()
            && !doc.text()[node.span.clone()].contains('\n')
            && doc.count_of(entry, name) == 1
    }

    /// The first line of a value.
    pub(super) fn first_line(&self, id: NodeId) -> Span {
        let span = self.span(id);
        let line = self.doc().text()[span.clone()].lines().next().unwrap_or_default();
        span.start..span.start + line.trim_end().len()
    }

    /// Where to point at for the list of keys: the deepest name on the way to it that is there.
    pub(super) fn place_of_list(&self) -> Option<Span> {
        self.place_of_path(&["client_auth", "jwks", "keys"])
    }

    /// The name of the deepest member of a path that is there.
    pub(super) fn place_of_path(&self, path: &[&str]) -> Option<Span> {
        let (mut mapping, mut place) = (self.doc().root(), None);
        for name in path {
            let Some((name, value)) = self.doc().member(mapping, name) else { break };
            place = Some(self.span(name));
            mapping = value;
        }
        place
    }

    /// The key whose entry holds these bytes, or the file.
    pub(super) fn key_at(&self, span: &Span) -> Option<&'a Key> {
        let entries = self.config.entries();
        let before = entries.partition_point(|entry| self.doc().start_of(*entry) <= span.start);
        let last = before.checked_sub(1)?;
        (span.end <= self.span(entries[last]).end).then(|| &self.keys.keys()[last])
    }

    /// The variables the config reads, each with where it is first.
    pub(super) fn variables(&self) -> BTreeMap<&'a str, NodeId> {
        let doc = self.doc();
        let mut all = BTreeMap::new();
        for (id, _) in doc.nodes() {
            if let Some(Scalar::Env(written)) = doc.scalar(id)
                && self.config.edition().is_env_name(written)
            {
                all.entry(env_name(written).0).or_insert(id);
            }
        }
        all
    }

    /// The current key, where it can be told.
    pub(super) fn current(&self) -> Option<&'a Key> {
        self.keys.current().ok().flatten()
    }

    /// Keys that verify tokens: the service starts with them, finds them, and no key before them has their kid.
    pub(super) fn verifying(&self) -> impl Iterator<Item = &'a Key> {
        verifying(self.keys)
    }
}

/// Keys that verify tokens: the service starts with them, finds them, and no key before them has their kid.
pub(super) fn verifying(keys: &KeySet) -> impl Iterator<Item = &Key> {
    let all = keys.keys();
    let mut seen = std::collections::HashSet::new();
    all.iter().filter(move |key| match &key.kid {
        Member::Unreadable(_) => false,
        Member::Value(kid) => seen.insert(kid) && is_usable(key),
        Member::Absent | Member::Variable(_) => is_usable(key),
    })
}

/// Whether the service starts with a key.
pub(super) fn is_usable(key: &Key) -> bool {
    key.is_symmetric() || key.is_public()
}

/// How people tell this key from another of the same kid.
pub(super) fn name_beside(key: &Key, other: &Key) -> String {
    if key.name() == other.name() { format!("@{}", key.number()) } else { key.in_words() }
}
