//! A Kubernetes Secret: the entries of its `data`, which of them holds the config, and who else writes the object.

use std::collections::HashMap;

use zeroize::Zeroizing;

use super::base64::{decode, is_base64_of_config, is_config};
use super::unwrap::{EnvelopeError, Unwrap};
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::list;
use crate::config::{Document, Input, Kind, NodeId, Quote, Span};

/// What a person should know before the object is put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectNote {
    /// Helm writes it.
    Helm,
    /// Argo CD writes it.
    ArgoCd,
    /// An annotation of `kubectl apply` keeps the old config.
    LastApplied,
}

impl ObjectNote {
    /// In words.
    pub(crate) fn message(self) -> Sentence {
        match self {
            Self::Helm => sentence!(
                "Helm manages this Secret: its next upgrade restores the old config. Change its values, too"
            ),
            Self::ArgoCd => sentence!(
                "Argo CD manages this Secret: its next sync restores the old config. Change it in git"
            ),
            Self::LastApplied => sentence!(
                "the annotation `kubectl.kubernetes.io/last-applied-configuration` still holds the old config with its \
                 secrets. Remove it: `kubectl annotate secret NAME kubectl.kubernetes.io/last-applied-configuration-`"
            ),
        }
    }
}

/// A Secret that was read.
pub(super) struct SecretObject {
    entries: Vec<DataEntry>,
    /// What the values of the entries encode, by node: aliases may repeat one without end.
    payloads: HashMap<NodeId, Payload>,
    /// Whether a config is there as text, in `stringData`.
    has_text: bool,
    pub(super) notes: Vec<ObjectNote>,
}

/// An entry of `data`.
struct DataEntry {
    name: String,
    /// Where its value is, if it can be edited there.
    span: Option<Span>,
    value: NodeId,
}

/// What the base64 of an entry encodes.
struct Payload {
    bytes: Zeroizing<Vec<u8>>,
    kind: PayloadKind,
}

#[derive(Clone, Copy, PartialEq)]
enum PayloadKind {
    Config,
    Base64OfConfig,
    Other,
}

/// The entry that holds the config.
pub(super) struct SecretEntry {
    pub(super) name: String,
    /// The bytes of its value, without quotes.
    pub(super) span: Span,
}

fn member(doc: &Document<'_>, id: NodeId, name: &str) -> Option<NodeId> {
    doc.member(id, name).map(|(_, value)| value)
}

impl Payload {
    fn of(text: &str) -> Option<Self> {
        let bytes = decode(text.as_bytes())?;
        let kind = if is_config(&bytes) {
            PayloadKind::Config
        } else if is_base64_of_config(&bytes) {
            PayloadKind::Base64OfConfig
        } else {
            PayloadKind::Other
        };
        Some(Self { bytes, kind })
    }
}

impl SecretObject {
    /// Reads a text as a Secret. `None`: it is something else.
    pub(super) fn read(text: &str) -> Option<Result<Self, EnvelopeError>> {
        // Most texts are told apart without being parsed.
        if !text.contains("apiVersion") || !text.contains("kind") {
            return None;
        }
        let doc = Document::read(text, Input::Either).ok()?;
        let kind = member(&doc, doc.root(), "kind").and_then(|id| doc.string(id));
        member(&doc, doc.root(), "apiVersion")?;
        match kind {
            Some("Secret") => Some(Ok(Self::of(&doc))),
            Some("ConfigMap") => Some(Err(EnvelopeError::ConfigMap)),
            Some("List" | "SecretList") => Some(Err(EnvelopeError::List)),
            _ => None,
        }
    }

    fn of(doc: &Document<'_>) -> Self {
        let members = |name| member(doc, doc.root(), name).and_then(|id| doc.members(id)).unwrap_or_default();
        let mut payloads = HashMap::new();
        let mut entries = Vec::new();
        for (name, value) in members("data") {
            let Some(name) = doc.string(*name) else { continue };
            let target = doc.target(*value);
            if !payloads.contains_key(&target)
                && let Some(payload) = doc.string(target).and_then(Payload::of)
            {
                payloads.insert(target, payload);
            }
            entries.push(DataEntry { name: name.to_owned(), span: one_line(doc, *value), value: target });
        }
        let mut texts: Vec<NodeId> = members("stringData").iter().map(|(_, id)| doc.target(*id)).collect();
        texts.sort_unstable();
        texts.dedup();
        let is_text = |id: &NodeId| doc.string(*id).is_some_and(|text| is_config(text.as_bytes()));
        Self { entries, payloads, has_text: texts.iter().any(is_text), notes: notes(doc) }
    }

    /// The entry that is meant, and what it encodes.
    pub(super) fn choose(
        &self,
        unwrap: &Unwrap,
    ) -> Result<(SecretEntry, &Zeroizing<Vec<u8>>), EnvelopeError> {
        let entry = self.entry(unwrap)?;
        let span = entry.span.clone().ok_or_else(|| EnvelopeError::Form(entry.name.clone()))?;
        let payload = self.payloads.get(&entry.value).ok_or(EnvelopeError::EntryNotBase64)?;
        if !unwrap.base64 && payload.kind == PayloadKind::Base64OfConfig {
            return Err(EnvelopeError::EntryNeedsFlag);
        }
        Ok((SecretEntry { name: entry.name.clone(), span }, &payload.bytes))
    }

    fn entry(&self, unwrap: &Unwrap) -> Result<&DataEntry, EnvelopeError> {
        if let Some(name) = &unwrap.entry {
            let unknown = || {
                let all: Vec<&DataEntry> = self.entries.iter().collect();
                let known = if all.is_empty() { "none".to_owned() } else { names(&all) };
                EnvelopeError::UnknownEntry(name.clone(), known)
            };
            return self.entries.iter().find(|entry| entry.name == *name).ok_or_else(unknown);
        }
        let (kind, other) = if unwrap.base64 {
            (PayloadKind::Base64OfConfig, PayloadKind::Config)
        } else {
            (PayloadKind::Config, PayloadKind::Base64OfConfig)
        };
        match *self.of_kind(kind).collect::<Vec<_>>() {
            [one] => Ok(one),
            [] => Err(self.of_kind(other).next().map_or_else(
                || if self.has_text { EnvelopeError::StringData } else { EnvelopeError::NoEntry },
                |entry| match other {
                    _ if self.has_text => EnvelopeError::StringData,
                    PayloadKind::Config => EnvelopeError::EntryIsPlain(entry.name.clone()),
                    _ => EnvelopeError::EntryIsBase64(entry.name.clone()),
                },
            )),
            ref several => Err(EnvelopeError::SeveralEntries(names(several))),
        }
    }

    fn of_kind(&self, kind: PayloadKind) -> impl Iterator<Item = &DataEntry> {
        let of = move |entry: &&DataEntry| {
            self.payloads.get(&entry.value).is_some_and(|payload| payload.kind == kind)
        };
        self.entries.iter().filter(of)
    }
}

fn names(entries: &[&DataEntry]) -> String {
    list(&entries.iter().map(|entry| format!("`{}`", entry.name)).collect::<Vec<_>>())
}

/// The bytes of a value that is on one line, without its quotes.
fn one_line(doc: &Document<'_>, id: NodeId) -> Option<Span> {
    let node = doc.node(id);
    let Kind::Scalar { text, quote } = &node.kind else { return None };
    let quotes = match quote {
        Quote::Plain => 0,
        Quote::Single | Quote::Double => 1,
        Quote::Block(_) => return None,
    };
    let span = node.span.start + quotes..node.span.end.checked_sub(quotes)?;
    // With escapes or line breaks the text there is another.
    (doc.text().get(span.clone()) == Some(text.as_ref())).then_some(span)
}

/// Who else writes this object, and what keeps the old secret.
fn notes(doc: &Document<'_>) -> Vec<ObjectNote> {
    let metadata = member(doc, doc.root(), "metadata");
    let names_in = |part: &str| {
        let members = metadata.and_then(|id| member(doc, id, part)).and_then(|id| doc.members(id));
        let text = |id: NodeId| doc.string(id);
        members
            .unwrap_or_default()
            .iter()
            .filter_map(move |(name, value)| Some((text(*name)?, text(*value).unwrap_or_default())))
    };
    let has = |is: fn(&str, &str) -> bool| {
        names_in("labels").chain(names_in("annotations")).any(|(name, value)| is(name, value))
    };
    let helm = has(|name, value| {
        name.starts_with("meta.helm.sh/") || (name == "app.kubernetes.io/managed-by" && value == "Helm")
    });
    let argo = has(|name, _| name.starts_with("argocd.argoproj.io/"));
    let applied = has(|name, _| name == "kubectl.kubernetes.io/last-applied-configuration");
    let notes = [(helm, ObjectNote::Helm), (argo, ObjectNote::ArgoCd), (applied, ObjectNote::LastApplied)];
    notes.into_iter().filter_map(|(there, note)| there.then_some(note)).collect()
}
