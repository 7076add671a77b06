//! Values in brackets, and what stands before a value: its tag and anchor.

use super::reader::{Read, Reader};
use super::text::Within;
use crate::syntax::clause::Clause;
use crate::syntax::document::{Kind, NodeId, Notation};
use crate::syntax::error::Mistake;
use crate::syntax::lines::Span;
use crate::syntax::scalar::{Quote, Tag};

/// Uses of all aliases together. The service's parser counts more where they multiply, which they can't here.
const MAX_ALIASES: usize = 64;

/// What stands before a value.
pub(super) struct Properties<'t> {
    span: Span,
    tag: Option<Tag>,
    anchor: Option<&'t str>,
    /// How many aliases there were before it.
    aliases: usize,
}

impl<'t> Reader<'t> {
    // --- tags, anchors, aliases ---

    pub(super) fn properties(&mut self) -> Read<Option<Properties<'t>>> {
        let start = self.at;
        let mut found =
            Properties { span: start..start, tag: None, anchor: None, aliases: self.aliases.len() };
        loop {
            let at = self.at;
            match self.peek() {
                b'&' => {
                    let name = self.anchor_name();
                    if found.anchor.is_some()
                        || name.is_empty()
                        || !self.is_blank(self.at)
                        || self.anchors.insert(name, None).is_some()
                    {
                        return self.outside(at, Clause::Aliases);
                    }
                    found.anchor = Some(name);
                }
                b'!' if found.tag.is_none() => {
                    let rest = &self.text[at..];
                    let tags = [("!env", Tag::Env), ("!!str", Tag::Text)];
                    let known = tags
                        .into_iter()
                        .find(|(word, _)| rest.starts_with(word) && self.byte(at + word.len()) == b' ');
                    let Some((word, tag)) = known else { return self.outside(at, Clause::Tags) };
                    self.at += word.len();
                    found.tag = Some(tag);
                }
                _ => return Ok((at > start).then_some(found)),
            }
            found.span.end = self.at;
            self.spaces();
        }
    }

    /// Past an anchor's or an alias's name.
    fn anchor_name(&mut self) -> &'t str {
        let start = self.at + 1;
        self.at = start;
        while self.peek().is_ascii_alphanumeric() || matches!(self.peek(), b'_' | b'-') {
            self.at += 1;
        }
        &self.text[start..self.at]
    }

    /// A value and what stands before it belong together.
    pub(super) fn attach(&mut self, id: NodeId, found: Option<Properties<'t>>) -> Read<NodeId> {
        let Some(Properties { span, tag, anchor, aliases }) = found else { return Ok(id) };
        let node = self.node(id);
        let takes_tag =
            matches!(node.kind, Kind::Scalar { quote: Quote::Plain | Quote::Single | Quote::Double, .. });
        if tag.is_some() && !takes_tag {
            return self.outside(span.start, Clause::Tags);
        }
        if node.properties.is_some() || matches!(node.kind, Kind::Alias(_)) {
            return self.outside(span.start, Clause::Aliases);
        }
        (node.tag, node.anchored, node.properties) = (tag, anchor.is_some(), Some(span.clone()));
        if let Some(name) = anchor {
            self.anchors.insert(name, Some(id));
            if self.aliases.len() > aliases {
                return self.outside(span.start, Clause::Aliases);
            }
        }
        Ok(id)
    }

    fn alias(&mut self) -> Read<NodeId> {
        let start = self.at;
        let name = self.anchor_name();
        let is_simple =
            !name.is_empty() && (self.is_blank(self.at) || matches!(self.peek(), b',' | b']' | b'}'));
        match self.anchors.get(name) {
            _ if !is_simple || self.aliases.len() == MAX_ALIASES => self.outside(start, Clause::Aliases),
            None => self.mistake(start, Mistake::UnknownAlias),
            Some(None) => self.outside(start, Clause::Aliases),
            Some(Some(target)) => {
                let id = self.push(start..self.at, Kind::Alias(*target))?;
                self.aliases.push(id);
                Ok(id)
            }
        }
    }

    // --- values ---

    /// A value that may stand in brackets and out of them; text without quotes is read by `plain`.
    pub(super) fn inline(
        &mut self,
        floor: usize,
        closing: usize,
        plain: fn(&mut Self, usize) -> Read<NodeId>,
    ) -> Read<NodeId> {
        match self.peek() {
            b'"' | b'\'' => self.quoted(floor),
            b'[' => self.list(floor, closing),
            b'{' => self.braces(floor, closing),
            b'*' => self.alias(),
            _ => plain(self, floor),
        }
    }

    fn entry(&mut self, floor: usize) -> Read<NodeId> {
        let properties = self.properties()?;
        let id = self.inline(floor, floor, |reader, _| reader.plain_in_brackets())?;
        self.attach(id, properties)
    }

    fn plain_in_brackets(&mut self) -> Read<NodeId> {
        let span = self.plain(Within::Brackets)?;
        let text = self.text[span.clone()].into();
        self.scalar(span, text, Quote::Plain)
    }

    /// The brackets' lines are indented at least to the column `floor`, and the last one to `closing`.
    fn list(&mut self, floor: usize, closing: usize) -> Read<NodeId> {
        let kind = |items| Kind::Sequence { notation: Notation::Flow, items };
        let id = self.open(kind(Vec::new()))?;
        let outer = self.enter_bracket();
        let mut items = Vec::new();
        while self.goes_on(b']', floor, closing)? {
            items.push(self.entry(floor)?);
            self.comma(b']', floor, closing)?;
        }
        self.bracket = outer;
        self.close(id, self.at, kind(items))
    }

    fn braces(&mut self, floor: usize, closing: usize) -> Read<NodeId> {
        let kind = |members| Kind::Mapping { notation: Notation::Flow, members };
        let id = self.open(kind(Vec::new()))?;
        let outer = self.enter_bracket();
        let mut members = Vec::new();
        while self.goes_on(b'}', floor, closing)? {
            members.push(self.pair(floor)?);
            self.comma(b'}', floor, closing)?;
        }
        self.bracket = outer;
        self.close(id, self.at, kind(members))
    }

    /// Past an opening bracket. The one that it stands in.
    fn enter_bracket(&mut self) -> usize {
        self.at += 1;
        std::mem::replace(&mut self.bracket, self.at - 1)
    }

    fn pair(&mut self, floor: usize) -> Read<(NodeId, NodeId)> {
        let is_quoted = matches!(self.peek(), b'"' | b'\'');
        let name = if is_quoted { self.quoted(floor)? } else { self.plain_in_brackets()? };
        self.spaces();
        self.check_name(name)?;
        if self.peek() != b':' {
            return self.outside(self.at, Clause::Brackets);
        }
        self.at += 1;
        if !is_quoted && self.peek() != b' ' {
            return self.outside(self.at, Clause::Colons);
        }
        let colon_end = self.at;
        self.spaces();
        let value = match self.peek() {
            b',' | b'}' => self.scalar(colon_end..colon_end, "".into(), Quote::Plain)?,
            _ if self.at_line_end() => return self.outside(self.at, Clause::Brackets),
            _ => self.entry(floor)?,
        };
        Ok((name, value))
    }

    /// Behind an entry: its comma, or the closing bracket.
    fn comma(&mut self, close: u8, floor: usize, closing: usize) -> Read<()> {
        self.gap(floor, closing)?;
        if self.take(b',') || self.peek() == close { Ok(()) } else { self.outside(self.at, Clause::Brackets) }
    }

    /// Whether another entry comes, and not the closing bracket.
    fn goes_on(&mut self, close: u8, floor: usize, closing: usize) -> Read<bool> {
        self.gap(floor, closing)?;
        Ok(!self.take(close))
    }

    /// Past spaces, comments and the ends of lines.
    fn gap(&mut self, floor: usize, closing: usize) -> Read<()> {
        let before = self.line;
        loop {
            self.spaces();
            match self.peek() {
                b'#' if self.at > self.line => self.comment()?,
                b'#' => return self.outside(self.at, Clause::Comments),
                b'\t' => return self.outside(self.at, Clause::Tabs),
                b'\n' | b'\r' => self.newline(),
                0 => return self.mistake(self.bracket, Mistake::UnclosedBracket),
                byte => {
                    let needed = if matches!(byte, b']' | b'}') { closing } else { floor };
                    let is_odd = self.line != before && self.at - self.line < needed;
                    return if is_odd {
                        self.mistake(self.bracket, Mistake::UnclosedBracket)
                    } else {
                        Ok(())
                    };
                }
            }
        }
    }
}
