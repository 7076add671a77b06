//! A parsed text: its values, and for each the bytes it was read from.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::{Deref, DerefMut};

use zeroize::Zeroize;

use super::lines::Span;
use super::scalar::{self, Chomp, Quote, Scalar, Tag};

/// How deep values may be nested.
pub(crate) const MAX_DEPTH: usize = 256;
/// How many values a text may have: each takes far more memory than it has characters.
pub(crate) const MAX_NODES: usize = 4_000_000;

/// A node's index in its [`Document`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// The next one of a document that has these, unless it has too many.
    pub(super) fn next(nodes: &[Node<'_>]) -> Option<Self> {
        u32::try_from(nodes.len()).ok().filter(|_| nodes.len() < MAX_NODES).map(Self)
    }
}

/// The syntax a config is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// YAML 1.2, core schema, with the service's `!env` tag.
    Yaml,
    /// JSON (RFC 8259): duplicate members are read last-wins, and there is no `!env`.
    Json,
}

impl std::fmt::Display for Syntax {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if *self == Self::Yaml { "YAML" } else { "JSON" })
    }
}

/// How a collection is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// By indentation.
    Block,
    /// In brackets or braces.
    Flow,
}

/// What a node holds.
#[derive(Clone)]
pub enum Kind<'t> {
    /// Text, before the schema says what it means; see [`Document::scalar`].
    Scalar {
        /// The text, with quotes and escapes resolved.
        text: Cow<'t, str>,
        /// How it is written.
        quote: Quote,
    },
    /// A list.
    Sequence {
        /// How it is written.
        notation: Notation,
        /// Its entries.
        items: Vec<NodeId>,
    },
    /// Names and values.
    Mapping {
        /// How it is written.
        notation: Notation,
        /// Its members, in the order of the file.
        members: Vec<(NodeId, NodeId)>,
    },
    /// `*name`: stands for the node that carries the anchor.
    Alias(NodeId),
}

/// One value of the text. Not `Debug`: it may be a secret.
#[derive(Clone)]
pub struct Node<'t> {
    /// The bytes of the value, without tag, anchor and the header of a block text. Empty where the value is omitted. The
    /// blank lines below a block text belong to it where its header says so (`+`).
    pub span: Span,
    /// Where tag and anchor begin and end, if there are any.
    pub properties: Option<Span>,
    /// The tag.
    pub tag: Option<Tag>,
    /// Whether it carries an anchor.
    pub anchored: bool,
    /// What it holds.
    pub kind: Kind<'t>,
}

/// A text and what was read from it.
#[derive(Clone)]
pub struct Document<'t> {
    pub(crate) text: &'t str,
    pub(crate) syntax: Syntax,
    pub(crate) nodes: Nodes<'t>,
    pub(crate) root: NodeId,
    pub(crate) aliases: Vec<NodeId>,
    pub(crate) comments: Vec<Span>,
    /// Where the document's content may go on: before a final `...`, else the end of the text.
    pub(crate) end: usize,
}

impl<'t> Document<'t> {
    /// The whole text.
    #[must_use]
    pub(crate) fn text(&self) -> &'t str {
        self.text
    }

    /// The syntax it was read as.
    #[must_use]
    pub(crate) fn syntax(&self) -> Syntax {
        self.syntax
    }

    /// The outermost value.
    #[must_use]
    pub fn root(&self) -> NodeId {
        self.root
    }

    /// Where new members of the outermost block mapping may be written.
    #[must_use]
    pub(crate) fn end(&self) -> usize {
        self.end
    }

    /// The node itself, which may be an alias.
    #[must_use]
    pub(crate) fn node(&self, id: NodeId) -> &Node<'t> {
        &self.nodes[id.0 as usize]
    }

    /// The node, or the one its alias stands for.
    #[must_use]
    pub fn resolve(&self, id: NodeId) -> &Node<'t> {
        self.node(self.target(id))
    }

    /// The id of the node, or of the one its alias stands for.
    #[must_use]
    pub(crate) fn target(&self, id: NodeId) -> NodeId {
        match self.node(id).kind {
            Kind::Alias(target) => target,
            _ => id,
        }
    }

    /// The nodes that are aliases, each with the node it stands for.
    pub(crate) fn aliases(&self) -> impl Iterator<Item = (NodeId, NodeId)> {
        self.aliases.iter().map(|id| (*id, self.target(*id)))
    }

    /// All nodes, in the order of the text.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node<'t>)> {
        (0u32..).map(NodeId).zip(self.nodes.iter())
    }

    /// What a scalar means by the schema of its syntax. `None` for collections.
    #[must_use]
    pub fn scalar(&self, id: NodeId) -> Option<Scalar<'_>> {
        let node = self.resolve(id);
        match &node.kind {
            Kind::Scalar { text, quote } => Some(scalar::read(text, *quote, node.tag)),
            _ => None,
        }
    }

    /// A scalar's value where it is a string.
    #[must_use]
    pub fn string(&self, id: NodeId) -> Option<&str> {
        match self.scalar(id) {
            Some(Scalar::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The members of a mapping. `None` for anything else.
    #[must_use]
    pub fn members(&self, id: NodeId) -> Option<&[(NodeId, NodeId)]> {
        match &self.resolve(id).kind {
            Kind::Mapping { members, .. } => Some(members),
            _ => None,
        }
    }

    /// The entries of a list. `None` for anything else.
    #[must_use]
    pub fn items(&self, id: NodeId) -> Option<&[NodeId]> {
        match &self.resolve(id).kind {
            Kind::Sequence { items, .. } => Some(items),
            _ => None,
        }
    }

    /// A member of a mapping by name, as the service reads it: the last in JSON; in YAML there is at most one.
    #[must_use]
    pub fn member(&self, id: NodeId, name: &str) -> Option<(NodeId, NodeId)> {
        self.members(id)?.iter().rev().find(|(key, _)| self.is_named(*key, name)).copied()
    }

    /// Whether this is the name. What it means is looked at only where the text is the same.
    fn is_named(&self, key: NodeId, name: &str) -> bool {
        matches!(&self.resolve(key).kind, Kind::Scalar { text, .. } if text == name)
            && self.string(key).is_some()
    }

    /// How often a member of this name stands in the mapping: more than once is possible in JSON only.
    #[must_use]
    pub(crate) fn count_of(&self, id: NodeId, name: &str) -> usize {
        self.members(id).map_or(0, |all| all.iter().filter(|(key, _)| self.is_named(*key, name)).count())
    }

    /// Where the node begins, tag and anchor included.
    #[must_use]
    pub(crate) fn start_of(&self, id: NodeId) -> usize {
        let node = self.node(id);
        node.properties.as_ref().map_or(node.span.start, |p| p.start.min(node.span.start))
    }

    /// Where the node's last byte of content ends.
    #[must_use]
    pub fn end_of(&self, id: NodeId) -> usize {
        let node = self.node(id);
        node.properties.as_ref().map_or(node.span.end, |properties| properties.end.max(node.span.end))
    }

    /// Whether the value ends in a block scalar that keeps the blank lines below it (`|+`).
    pub(crate) fn keeps_blank_lines(&self, id: NodeId) -> bool {
        let node = self.node(id);
        match &node.kind {
            Kind::Scalar { quote, .. } => *quote == Quote::Block(Chomp::Keep),
            Kind::Sequence { notation: Notation::Block, items } => {
                items.last().is_some_and(|last| self.keeps_blank_lines(*last))
            }
            Kind::Mapping { notation: Notation::Block, members } => {
                members.last().is_some_and(|(_, value)| self.keeps_blank_lines(*value))
            }
            _ => false,
        }
    }

    /// The comments of a YAML text, `#` to the end of the line.
    #[must_use]
    pub fn comments(&self) -> &[Span] {
        &self.comments
    }

    /// Whether two values, possibly of two texts, are the same: structure, text, quotes, tags, and what aliases
    /// stand for. White space and comments don't count.
    pub(crate) fn same(
        &self,
        id: NodeId,
        other: &Document<'_>,
        other_id: NodeId,
        known: &mut HashMap<(NodeId, NodeId), bool>,
    ) -> bool {
        let (id, other_id) = (self.target(id), other.target(other_id));
        let (one, two) = (self.node(id), other.node(other_id));
        // What no alias stands for is met once.
        if one.anchored {
            if let Some(same) = known.get(&(id, other_id)) {
                return *same;
            }
            // An alias inside of what it stands for: assume equal, the walk around it decides.
            known.insert((id, other_id), true);
        }
        let same = one.tag == two.tag
            && one.anchored == two.anchored
            && match (&one.kind, &two.kind) {
                (Kind::Scalar { text: a, quote: p }, Kind::Scalar { text: b, quote: q }) => a == b && p == q,
                (Kind::Sequence { items: a, .. }, Kind::Sequence { items: b, .. }) => {
                    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| self.same(*a, other, *b, known))
                }
                (Kind::Mapping { members: a, .. }, Kind::Mapping { members: b, .. }) => {
                    a.len() == b.len()
                        && a.iter().zip(b).all(|((ak, av), (bk, bv))| {
                            self.same(*ak, other, *bk, known) && self.same(*av, other, *bv, known)
                        })
                }
                _ => false,
            };
        if one.anchored {
            known.insert((id, other_id), same);
        }
        same
    }
}

/// The nodes of a document, in the order of the text. Resolved escapes are copies of the text, and a copy may be of a
/// secret: they are cleared when dropped, whether a document comes of it or an error.
#[derive(Clone)]
pub(crate) struct Nodes<'t>(Vec<Node<'t>>);

impl Nodes<'_> {
    /// None yet, of a text of this many bytes.
    pub(crate) fn of_length(length: usize) -> Self {
        Self(Vec::with_capacity(length / 32))
    }
}

impl<'t> Deref for Nodes<'t> {
    type Target = Vec<Node<'t>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Nodes<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl Drop for Nodes<'_> {
    fn drop(&mut self) {
        for node in &mut self.0 {
            if let Kind::Scalar { text: Cow::Owned(text), .. } = &mut node.kind {
                text.zeroize();
            }
        }
    }
}
