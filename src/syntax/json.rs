//! From JSON text to a [`Document`]. `serde_json` reads the strings and numbers; it doesn't tell where they stand,
//! so the structure around them is read here.

use std::borrow::Cow;

use super::clause::Clause;
use super::document::{Document, Kind, MAX_DEPTH, Node, NodeId, Nodes, Notation, Syntax};
use super::error::{ConfigError, Mistake, Problem};
use super::scalar::Quote;

struct JsonReader<'t> {
    text: &'t str,
    at: usize,
    nodes: Nodes<'t>,
}

/// Parses JSON (RFC 8259) strictly, as the service does for `.json`: no BOM, no comments, no trailing commas.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, ConfigError> {
    let mut reader = JsonReader { text, at: 0, nodes: Nodes::of_length(text.len()) };
    if text.starts_with('\u{feff}') {
        return Err(reader.error(Mistake::ByteOrderMark));
    }
    reader.skip_white();
    if reader.at == text.len() {
        return Err(ConfigError::nowhere(Problem::Empty));
    }
    let root = reader.value(0)?;
    reader.skip_white();
    if reader.at < text.len() {
        return Err(reader.error(Mistake::MoreText));
    }
    Ok(Document {
        text,
        syntax: Syntax::Json,
        nodes: reader.nodes,
        root,
        aliases: Vec::new(),
        comments: Vec::new(),
        end: text.len(),
    })
}

impl<'t> JsonReader<'t> {
    fn error(&self, mistake: Mistake) -> ConfigError {
        ConfigError::at(self.text, self.at, Problem::Syntax(Syntax::Json, mistake))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_white(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn push(&mut self, start: usize, kind: Kind<'t>) -> Result<NodeId, ConfigError> {
        let too_many = || ConfigError::nowhere(Problem::TooManyValues);
        let id = NodeId::next(&self.nodes).ok_or_else(too_many)?;
        let span = start..self.at;
        self.nodes.push(Node { span, properties: None, tag: None, anchored: false, kind });
        Ok(id)
    }

    fn value(&mut self, depth: usize) -> Result<NodeId, ConfigError> {
        let start = self.at;
        match self.peek() {
            Some(b'{' | b'[') if depth >= MAX_DEPTH => {
                Err(ConfigError::at(self.text, start, Problem::TooDeep))
            }
            Some(b'{') => {
                let id = self.push(start, Kind::Mapping { notation: Notation::Flow, members: Vec::new() })?;
                let members = self.members(depth)?;
                self.close(id, start, Kind::Mapping { notation: Notation::Flow, members });
                Ok(id)
            }
            Some(b'[') => {
                let id = self.push(start, Kind::Sequence { notation: Notation::Flow, items: Vec::new() })?;
                let items = self.items(depth)?;
                self.close(id, start, Kind::Sequence { notation: Notation::Flow, items });
                Ok(id)
            }
            Some(b'"') => self.string(),
            Some(_) => self.literal(),
            None => Err(self.error(Mistake::CutShort)),
        }
    }

    fn close(&mut self, id: NodeId, start: usize, kind: Kind<'t>) {
        let node = &mut self.nodes[id.0 as usize];
        node.span = start..self.at;
        node.kind = kind;
    }

    fn members(&mut self, depth: usize) -> Result<Vec<(NodeId, NodeId)>, ConfigError> {
        self.at += 1;
        let mut members = Vec::new();
        self.skip_white();
        if self.take(b'}') {
            return Ok(members);
        }
        loop {
            self.skip_white();
            if self.peek() != Some(b'"') {
                return Err(self.error(Mistake::Expected("a member name in double quotes")));
            }
            let name = self.string()?;
            self.skip_white();
            if !self.take(b':') {
                return Err(self.error(Mistake::Expected("a `:`")));
            }
            self.skip_white();
            members.push((name, self.value(depth + 1)?));
            self.skip_white();
            if self.take(b'}') {
                return Ok(members);
            }
            if !self.take(b',') {
                return Err(self.error(Mistake::Expected("a `,` or `}`")));
            }
        }
    }

    fn items(&mut self, depth: usize) -> Result<Vec<NodeId>, ConfigError> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_white();
        if self.take(b']') {
            return Ok(items);
        }
        loop {
            self.skip_white();
            items.push(self.value(depth + 1)?);
            self.skip_white();
            if self.take(b']') {
                return Ok(items);
            }
            if !self.take(b',') {
                return Err(self.error(Mistake::Expected("a `,` or `]`")));
            }
        }
    }

    fn string(&mut self) -> Result<NodeId, ConfigError> {
        let start = self.at;
        let mut end = start + 1;
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(end).filter(|byte| **byte != b'"') {
            end += if *byte == b'\\' { 2 } else { 1 };
        }
        let literal = self.text.get(start..=end).ok_or_else(|| self.error(Mistake::Unclosed))?;
        let inner = &literal[1..literal.len() - 1];
        let plain = !inner.bytes().any(|byte| byte == b'\\' || byte < 0x20);
        let text = if plain {
            Cow::Borrowed(inner)
        } else {
            let read = serde_json::from_str::<String>(literal);
            Cow::Owned(read.map_err(|_| self.bad_string(literal))?)
        };
        self.at = end + 1;
        self.push(start, Kind::Scalar { text, quote: Quote::Double })
    }

    /// Half a character is none for us, and one for the service.
    fn bad_string(&self, literal: &str) -> ConfigError {
        let is_half = serde_json::from_str::<serde::de::IgnoredAny>(literal).is_ok();
        let clause = Problem::OutsideProfile { clause: Clause::Escapes };
        if is_half { ConfigError::at(self.text, self.at, clause) } else { self.error(Mistake::BadString) }
    }

    fn literal(&mut self) -> Result<NodeId, ConfigError> {
        let start = self.at;
        let rest = &self.text[start..];
        let length = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))
            .unwrap_or(rest.len());
        let literal = &rest[..length];
        let known = matches!(literal, "true" | "false" | "null");
        // A number of any size: one that is too large is infinite, as in JavaScript.
        if !known && serde_json::from_str::<serde::de::IgnoredAny>(literal).is_err() {
            return Err(self.error(Mistake::Expected("a value")));
        }
        self.at = start + length;
        self.push(start, Kind::Scalar { text: Cow::Borrowed(literal), quote: Quote::Plain })
    }
}
