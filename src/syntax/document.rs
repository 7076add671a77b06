//! A parsed text: its values, and for each the bytes it was read from.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::{Deref, DerefMut, Range};

use zeroize::Zeroize;

use super::scalar::{self, Scalar};

/// A range of bytes of the text.
pub type Span = Range<usize>;

/// A node's index in its [`Document`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) u32);

/// The syntax a config is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// YAML 1.2, core schema, with the service's `!env` tag.
    Yaml,
    /// JSON (RFC 8259): duplicate members are read last-wins, and there is no `!env`.
    Json,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    /// Without quotes.
    Plain,
    /// `'…'`
    Single,
    /// `"…"`
    Double,
    /// A block scalar, `|` or `>`.
    Block,
}

/// How a collection is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
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
        layout: Layout,
        /// Its entries.
        items: Vec<NodeId>,
    },
    /// Names and values.
    Mapping {
        /// How it is written.
        layout: Layout,
        /// Its members, in the order of the file.
        members: Vec<(NodeId, NodeId)>,
    },
    /// `*name`: stands for the node that carries the anchor.
    Alias(NodeId),
}

/// One value of the text. Not `Debug`: it may be a secret.
#[derive(Clone)]
pub struct Node<'t> {
    /// The bytes of the value, without tag and anchor. Empty where the value is omitted. For a block collection
    /// only the start is meaningful; see [`Document::end_of`].
    pub span: Span,
    /// Where tag and anchor begin and end, if there are any.
    pub properties: Option<Span>,
    /// The tag, resolved: `!env`, `tag:yaml.org,2002:str`.
    pub tag: Option<String>,
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
    /// Where the document's content may go on: before a final `...`, else the end of the text.
    pub(crate) end: usize,
}

impl<'t> Document<'t> {
    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The syntax it was read as.
    #[must_use]
    pub fn syntax(&self) -> Syntax {
        self.syntax
    }

    /// The outermost value.
    #[must_use]
    pub fn root(&self) -> NodeId {
        self.root
    }

    /// Where new members of the outermost block mapping may be written.
    #[must_use]
    pub fn end(&self) -> usize {
        self.end
    }

    /// The node itself, which may be an alias.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node<'t> {
        &self.nodes[id.0 as usize]
    }

    /// The node, or the one its alias stands for.
    #[must_use]
    pub fn resolve(&self, id: NodeId) -> &Node<'t> {
        self.node(self.target(id))
    }

    /// The id of the node, or of the one its alias stands for.
    #[must_use]
    pub fn target(&self, id: NodeId) -> NodeId {
        match self.node(id).kind {
            Kind::Alias(target) => target,
            _ => id,
        }
    }

    /// The nodes that are aliases, each with the node it stands for.
    pub fn aliases(&self) -> impl Iterator<Item = (NodeId, NodeId)> {
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
            Kind::Scalar { text, quote } => Some(scalar::read(text, *quote, node.tag.as_deref())),
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
        self.members(id)?.iter().rev().find(|(key, _)| self.string(*key) == Some(name)).copied()
    }

    /// How often a member of this name stands in the mapping: more than once is possible in JSON only.
    #[must_use]
    pub fn count_of(&self, id: NodeId, name: &str) -> usize {
        self.members(id)
            .map_or(0, |all| all.iter().filter(|(key, _)| self.string(*key) == Some(name)).count())
    }

    /// Where the node begins, tag and anchor included.
    #[must_use]
    pub fn start_of(&self, id: NodeId) -> usize {
        let node = self.node(id);
        node.properties.as_ref().map_or(node.span.start, |p| p.start.min(node.span.start))
    }

    /// Where the node's last byte of content ends. A parser places the end of a block collection past the
    /// comments that follow it, so it is computed from the last child.
    #[must_use]
    pub fn end_of(&self, id: NodeId) -> usize {
        let node = self.node(id);
        let own = node.properties.as_ref().map_or(0, |p| p.end);
        let end = match &node.kind {
            Kind::Scalar { quote: Quote::Block, .. } => self.end_of_block_scalar(&node.span),
            Kind::Sequence { layout: Layout::Block, items } => {
                items.last().map_or(node.span.start, |last| self.end_of(*last))
            }
            Kind::Mapping { layout: Layout::Block, members } => members
                .last()
                .map_or(node.span.start, |(key, value)| self.end_of(*key).max(self.end_of(*value))),
            _ => node.span.end,
        };
        end.max(own)
    }

    /// Whether the value ends in a block scalar that keeps the blank lines below it (`|+`).
    pub(crate) fn keeps_blank_lines(&self, id: NodeId) -> bool {
        let node = self.node(id);
        match &node.kind {
            Kind::Scalar { quote: Quote::Block, .. } => self.header_of_block_scalar(&node.span).contains('+'),
            Kind::Sequence { layout: Layout::Block, items } => {
                items.last().is_some_and(|last| self.keeps_blank_lines(*last))
            }
            Kind::Mapping { layout: Layout::Block, members } => {
                members.last().is_some_and(|(_, value)| self.keeps_blank_lines(*value))
            }
            _ => false,
        }
    }

    /// What stands behind the `|` or `>`, itself included.
    fn header_of_block_scalar(&self, span: &Span) -> &str {
        super::lines::header_of_block_scalar(self.text, span)
    }

    /// The span of a block scalar leaves out its header and may take in the blank lines that follow it. They
    /// are content only where the header says so (`+`).
    fn end_of_block_scalar(&self, span: &Span) -> usize {
        let content = &self.text[span.clone()];
        let keep = self.header_of_block_scalar(span).contains('+');
        let length = if keep {
            content
                .rfind('\n')
                .map_or(content.len(), |at| if content[at..].trim().is_empty() { at } else { content.len() })
        } else {
            content.trim_end_matches([' ', '\t', '\n', '\r']).len()
        };
        let before = self.text[..span.start].trim_end_matches(' ');
        match before.strip_suffix('\n') {
            // With nothing in it, it ends with the line of its header: what begins at its span is what comes next.
            Some(line) if length == 0 && (content.is_empty() || !keep) => {
                line.strip_suffix('\r').unwrap_or(line).len()
            }
            _ => span.start + length,
        }
    }

    /// Line and column of a byte, both from 1; columns count characters.
    #[must_use]
    pub fn position(&self, at: usize) -> Position {
        Position::of(self.text, at)
    }

    /// The comments of a YAML text, `#` to the end of the line: what lies between its scalars.
    #[must_use]
    pub fn comments(&self) -> Vec<Span> {
        if self.syntax == Syntax::Json {
            return Vec::new();
        }
        let mut tokens: Vec<Span> = self
            .nodes
            .iter()
            .filter(|node| matches!(node.kind, Kind::Scalar { .. } | Kind::Alias(_)))
            .map(|node| node.span.clone())
            .collect();
        tokens.sort_by_key(|span| span.start);
        let mut comments = Vec::new();
        let mut from = 0;
        for token in tokens {
            comments_between(self.text, from..token.start, &mut comments);
            from = from.max(token.end);
        }
        comments_between(self.text, from..self.text.len(), &mut comments);
        comments
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
        if let Some(same) = known.get(&(id, other_id)) {
            return *same;
        }
        // An alias inside of what it stands for: assume equal, the walk around it decides.
        known.insert((id, other_id), true);
        let (one, two) = (self.node(id), other.node(other_id));
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
        known.insert((id, other_id), same);
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

/// The comments in a stretch of text that holds no scalar.
fn comments_between(text: &str, gap: Span, into: &mut Vec<Span>) {
    let mut at = gap.start;
    while let Some(found) = text.get(at..gap.end).and_then(|rest| rest.find('#')) {
        let start = at + found;
        let starts_comment =
            text[..start].chars().next_back().is_none_or(|c| c.is_whitespace() || c == '\u{feff}');
        if starts_comment {
            let end = text[start..].find(['\n', '\r']).map_or(text.len(), |n| start + n);
            into.push(start..end);
            at = end;
        } else {
            at = start + 1;
        }
    }
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl Position {
    /// The place of a byte of a text.
    #[must_use]
    pub fn of(text: &str, at: usize) -> Self {
        let before = &text.as_bytes()[..at.min(text.len())];
        let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
        Self { line: before.split(|b| *b == b'\n').count(), column: Self::column(text, line_start, at) }
    }

    /// The column of a byte, on a line that starts there.
    pub(crate) fn column(text: &str, line_start: usize, at: usize) -> usize {
        text.get(line_start..at).map_or(1, |line| line.trim_start_matches('\u{feff}').chars().count() + 1)
    }
}

impl Position {
    /// The byte of a text that stands there.
    #[must_use]
    pub fn offset_in(self, text: &str) -> usize {
        let line_start = text.split_inclusive('\n').take(self.line - 1).map(str::len).sum::<usize>();
        let line = &text[line_start..];
        let skipped = line.len() - line.trim_start_matches('\u{feff}').len();
        let column = line[skipped..].char_indices().nth(self.column - 1);
        line_start + skipped + column.map_or(line.len() - skipped, |(at, _)| at)
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}
