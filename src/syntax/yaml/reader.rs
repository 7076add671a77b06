//! The text, the place that is read next, and what was read so far.

use std::collections::{HashMap, HashSet};

use crate::syntax::clause::Clause;
use crate::syntax::document::{Kind, MAX_DEPTH, Node, NodeId, Nodes, Syntax};
use crate::syntax::error::{ConfigError, Mistake, Problem};
use crate::syntax::lines::Span;
use crate::syntax::scalar::{Quote, Scalar, plain};

pub(super) type Read<T> = Result<T, ConfigError>;

pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    /// What is read next.
    pub(super) at: usize,
    /// Where its line begins.
    pub(super) line: usize,
    pub(super) nodes: Nodes<'t>,
    pub(super) comments: Vec<Span>,
    pub(super) aliases: Vec<NodeId>,
    /// The node of each anchor; none while it is being read.
    pub(super) anchors: HashMap<&'t str, Option<NodeId>>,
    /// The innermost bracket that is open.
    pub(super) bracket: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            line: 0,
            nodes: Nodes::of_length(text.len()),
            comments: Vec::new(),
            aliases: Vec::new(),
            anchors: HashMap::new(),
            bracket: 0,
            depth: 0,
        }
    }

    pub(super) fn outside<T>(&self, at: usize, clause: Clause) -> Read<T> {
        Err(ConfigError::at(self.text, at, Problem::OutsideProfile { clause }))
    }

    pub(super) fn mistake<T>(&self, at: usize, mistake: Mistake) -> Read<T> {
        Err(ConfigError::at(self.text, at, Problem::Syntax(Syntax::Yaml, mistake)))
    }

    // --- bytes ---

    /// A byte of the text; 0 past its end.
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or(0)
    }

    pub(super) fn peek(&self) -> u8 {
        self.byte(self.at)
    }

    pub(super) fn is_line_end(&self, at: usize) -> bool {
        matches!(self.byte(at), b'\n' | b'\r' | 0)
    }

    pub(super) fn is_blank(&self, at: usize) -> bool {
        matches!(self.byte(at), b' ' | b'\t') || self.is_line_end(at)
    }

    /// Whether nothing but a comment is left of the line.
    pub(super) fn at_line_end(&self) -> bool {
        self.is_line_end(self.at) || self.peek() == b'#'
    }

    /// Whether a list's dash is next.
    pub(super) fn at_dash(&self) -> bool {
        self.peek() == b'-' && self.is_blank(self.at + 1)
    }

    /// Whether `---` or `...` stands here by itself.
    pub(super) fn is_mark(&self, at: usize) -> bool {
        let rest = &self.text.as_bytes()[at..];
        (rest.starts_with(b"---") || rest.starts_with(b"...")) && self.is_blank(at + 3)
    }

    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        self.at += usize::from(found);
        found
    }

    // --- between values ---

    pub(super) fn spaces(&mut self) {
        while self.peek() == b' ' {
            self.at += 1;
        }
    }

    /// Past the end of the line, to the first byte of the next.
    pub(super) fn newline(&mut self) {
        self.take(b'\r');
        self.take(b'\n');
        self.line = self.at;
    }

    pub(super) fn comment(&mut self) -> Read<()> {
        if self.at > self.line && !matches!(self.byte(self.at - 1), b' ' | b'\t') {
            return self.outside(self.at, Clause::Comments);
        }
        let start = self.at;
        while !self.is_line_end(self.at) {
            self.at += 1;
        }
        self.comments.push(start..self.at);
        Ok(())
    }

    /// Past what is left of the line, and past empty lines and comments, to what comes next.
    pub(super) fn rest_of_line(&mut self) -> Read<()> {
        loop {
            self.spaces();
            match self.peek() {
                b'#' => self.comment()?,
                b'\t' => return self.outside(self.at, Clause::Tabs),
                b'\n' | b'\r' => self.newline(),
                _ => return Ok(()),
            }
        }
    }

    /// Past the end of a value's line, which may have tabs.
    pub(super) fn after_value(&mut self) -> Read<()> {
        self.spaces();
        let tab = self.at;
        while matches!(self.peek(), b' ' | b'\t') {
            self.at += 1;
        }
        match self.peek() {
            b':' if self.at > tab => self.outside(tab, Clause::Tabs),
            b':' if self.is_blank(self.at + 1) => self.mistake(self.at, Mistake::NameInValue),
            _ if self.at_line_end() => self.rest_of_line(),
            _ => self.outside(self.at, Clause::AfterValue),
        }
    }

    /// The column of what is next. None at the end of the document.
    pub(super) fn column(&self) -> Option<usize> {
        let ends = self.at == self.text.len() || (self.at == self.line && self.is_mark(self.at));
        (!ends).then(|| self.at - self.line)
    }

    // --- nodes ---

    pub(super) fn push(&mut self, span: Span, kind: Kind<'t>) -> Read<NodeId> {
        let too_many = || ConfigError::nowhere(Problem::TooManyValues);
        let id = NodeId::next(&self.nodes).ok_or_else(too_many)?;
        self.nodes.push(Node { span, properties: None, tag: None, anchored: false, kind });
        Ok(id)
    }

    pub(super) fn node(&mut self, id: NodeId) -> &mut Node<'t> {
        &mut self.nodes[id.0 as usize]
    }

    pub(super) fn end_of(&self, id: NodeId) -> usize {
        self.nodes[id.0 as usize].span.end
    }

    /// A collection that begins here.
    pub(super) fn open(&mut self, kind: Kind<'t>) -> Read<NodeId> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(ConfigError::at(self.text, self.at, Problem::TooDeep));
        }
        self.push(self.at..self.at, kind)
    }

    /// And ends there, with these values.
    pub(super) fn close(&mut self, id: NodeId, end: usize, values: Kind<'t>) -> Read<NodeId> {
        self.depth -= 1;
        if let Kind::Mapping { members, .. } = &values {
            self.unique_names(members)?;
        }
        let node = self.node(id);
        (node.span.end, node.kind) = (end, values);
        Ok(id)
    }

    fn unique_names(&self, members: &[(NodeId, NodeId)]) -> Read<()> {
        /// Up to here, names are compared one by one: most mappings are small.
        const FEW: usize = 8;
        let name_of = |member: &(NodeId, NodeId)| match &self.nodes[member.0.0 as usize].kind {
            Kind::Scalar { text, .. } => Some(text.as_ref()),
            _ => None,
        };
        let mut seen = HashSet::with_capacity(if members.len() > FEW { members.len() } else { 0 });
        for (index, member) in members.iter().enumerate() {
            let Some(text) = name_of(member) else { continue };
            let is_new = if members.len() > FEW {
                seen.insert(text)
            } else {
                !members[..index].iter().any(|other| name_of(other) == Some(text))
            };
            if !is_new {
                let node = &self.nodes[member.0.0 as usize];
                let problem = Problem::DuplicateName(name_to_show(text));
                return Err(ConfigError::at(self.text, node.span.start, problem));
            }
        }
        Ok(())
    }

    /// What is read as a name has to be text, and what stands between it and its `:`.
    pub(super) fn check_name(&self, id: NodeId) -> Read<()> {
        let Node { span, kind: Kind::Scalar { text, quote }, .. } = &self.nodes[id.0 as usize] else {
            return Ok(());
        };
        let is_text = *quote != Quote::Plain || matches!(plain(text), Scalar::String(_));
        if !is_text || self.text[span.clone()].contains('\n') || self.at - span.start > 1000 {
            return self.outside(span.start, Clause::Names);
        }
        Ok(())
    }
}

/// A member's name as a message may show it: one that looks like a name, and not like a value in a wrong place.
fn name_to_show(text: &str) -> String {
    let name = text.len() <= 24 && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if name { format!("`{text}`") } else { "this name".to_owned() }
}
