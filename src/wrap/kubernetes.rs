//! Objects of Kubernetes: the entries of a Secret or a `ConfigMap`, and who else writes the object.

use crate::base::sentence::{Sentence, sentence};
use crate::base::text::Printable;
use crate::config::{Document, NodeId};

/// What keeps configs in a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectKind {
    Secret,
    ConfigMap,
}

impl ObjectKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
        }
    }
}

/// How a value of an object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Base64,
    Text,
}

/// An object that may hold a config.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) id: NodeId,
    pub(super) kind: ObjectKind,
    /// Its name; empty where it has none.
    pub(super) name: String,
}

/// What a person should know before the object is put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriterKind {
    Helm,
    ArgoCd,
    Flux,
    /// An annotation of `kubectl apply` keeps the old config.
    LastApplied,
    /// The cluster refuses changes of it.
    Immutable,
}

/// The same, about one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObjectNote {
    pub(crate) kind: WriterKind,
    object: ObjectKind,
    name: String,
}

impl ObjectNote {
    /// In words.
    pub(crate) fn message(&self) -> Sentence {
        let object = self.object.name();
        match self.kind {
            WriterKind::Helm => sentence!(
                "Helm manages this {object}: its next upgrade restores the old config. Change its values, too"
            ),
            WriterKind::ArgoCd => sentence!(
                "Argo CD manages this {object}: its next sync restores the old config. Change it in git"
            ),
            WriterKind::Flux => sentence!(
                "Flux manages this {object}: its next reconciliation restores the old config. Change it in git"
            ),
            WriterKind::LastApplied => {
                let kind = object.to_ascii_lowercase();
                let name = if self.name.is_empty() { "NAME" } else { &self.name };
                sentence!(
                    "the annotation `kubectl.kubernetes.io/last-applied-configuration` still holds the old config with its \
                     secrets. Remove it: `kubectl annotate {kind} {} kubectl.kubernetes.io/last-applied-configuration-`",
                    Printable(name)
                )
            }
            WriterKind::Immutable => sentence!(
                "this {object} is immutable: the cluster refuses a changed one. `kubectl replace --force` deletes it and \
                 creates it anew"
            ),
        }
    }
}

fn member(doc: &Document<'_>, id: NodeId, name: &str) -> Option<NodeId> {
    doc.member(id, name).map(|(_, value)| value)
}

fn text<'d>(doc: &'d Document<'_>, id: NodeId, name: &str) -> Option<&'d str> {
    doc.string(member(doc, id, name)?)
}

/// The objects of a document that may hold a config: itself, or those of a list. `None`: it is no object.
pub(super) fn objects(doc: &Document<'_>) -> Option<Vec<Object>> {
    let root = doc.root();
    member(doc, root, "apiVersion")?;
    let object = |id: NodeId| {
        let kind = match text(doc, id, "kind") {
            Some("Secret") => ObjectKind::Secret,
            Some("ConfigMap") => ObjectKind::ConfigMap,
            _ => return None,
        };
        let name = member(doc, id, "metadata").and_then(|id| text(doc, id, "name")).unwrap_or_default();
        Some(Object { id: doc.target(id), kind, name: name.to_owned() })
    };
    match text(doc, root, "kind")? {
        "List" | "SecretList" | "ConfigMapList" => {
            let items = member(doc, root, "items").and_then(|id| doc.items(id)).unwrap_or_default();
            let mut found: Vec<Object> = items.iter().filter_map(|id| object(*id)).collect();
            // Aliases may repeat one without end.
            found.dedup_by_key(|object| object.id);
            Some(found)
        }
        _ => Some(object(root).into_iter().collect()),
    }
}

/// The values of an object that may be configs, by name.
pub(super) fn values<'d>(
    doc: &'d Document<'_>,
    object: &Object,
) -> impl Iterator<Item = (&'d str, NodeId, Coding)> + use<'d> {
    let places = match object.kind {
        ObjectKind::Secret => [("data", Coding::Base64), ("stringData", Coding::Text)],
        ObjectKind::ConfigMap => [("data", Coding::Text), ("binaryData", Coding::Base64)],
    };
    let id = object.id;
    places.into_iter().flat_map(move |(place, coding)| {
        let members = member(doc, id, place).and_then(|id| doc.members(id)).unwrap_or_default();
        members.iter().filter_map(move |(name, value)| Some((doc.string(*name)?, *value, coding)))
    })
}

/// Who else writes this object, and what keeps the old secret.
pub(super) fn notes(doc: &Document<'_>, object: &Object) -> Vec<ObjectNote> {
    let metadata = member(doc, object.id, "metadata");
    let names_in = |part: &str| {
        let members = metadata.and_then(|id| member(doc, id, part)).and_then(|id| doc.members(id));
        members.unwrap_or_default().iter().filter_map(move |(name, value)| {
            Some((doc.string(*name)?, doc.string(*value).unwrap_or_default()))
        })
    };
    let has = |is: fn(&str, &str) -> bool| {
        names_in("labels").chain(names_in("annotations")).any(|(name, value)| is(name, value))
    };
    let immutable = member(doc, object.id, "immutable").and_then(|id| doc.scalar(id));
    let notes = [
        (immutable == Some(crate::config::Scalar::Bool(true)), WriterKind::Immutable),
        (
            has(|name, value| {
                name.starts_with("meta.helm.sh/")
                    || (name == "app.kubernetes.io/managed-by" && value == "Helm")
            }),
            WriterKind::Helm,
        ),
        (has(|name, _| name.starts_with("argocd.argoproj.io/")), WriterKind::ArgoCd),
        (has(|name, _| name.contains(".toolkit.fluxcd.io/")), WriterKind::Flux),
        (has(|name, _| name == "kubectl.kubernetes.io/last-applied-configuration"), WriterKind::LastApplied),
    ];
    let note = |kind| ObjectNote { kind, object: object.kind, name: object.name.clone() };
    notes.into_iter().filter(|(there, _)| *there).map(|(_, kind)| note(kind)).collect()
}
