//! Lists and mappings by indentation.

use std::borrow::Cow;

use super::flow::Properties;
use super::reader::{Read, Reader};
use super::text::Within;
use crate::syntax::clause::Clause;
use crate::syntax::document::{Kind, NodeId, Notation};
use crate::syntax::error::Mistake;
use crate::syntax::scalar::Quote;

/// What a value belongs to.
#[derive(Clone, Copy, PartialEq)]
enum Holder {
    Name,
    Dash,
}

impl<'t> Reader<'t> {
    /// A value that begins its line. What goes on over lines is indented at least to the column `floor`.
    pub(super) fn block(&mut self, floor: usize) -> Read<NodeId> {
        let column = self.at - self.line;
        if self.at_dash() {
            return self.sequence(column);
        }
        if self.is_name_ahead() {
            return self.mapping(column);
        }
        let properties = self.before_value()?;
        let id = self.value(floor)?;
        self.attach(id, properties)
    }

    /// The tag and the anchor of a value. Those of a name aren't read.
    fn before_value(&mut self) -> Read<Option<Properties<'t>>> {
        let properties = self.properties()?;
        if properties.is_some() && !self.at_line_end() && self.is_name_ahead() {
            return self.outside(self.at, Clause::Names);
        }
        Ok(properties)
    }

    /// A value on a line that has begun.
    fn value(&mut self, floor: usize) -> Read<NodeId> {
        if matches!(self.peek(), b'|' | b'>') && floor > 0 {
            let id = self.block_text(floor)?;
            self.rest_of_line()?;
            return Ok(id);
        }
        let id = self.inline(floor, floor.saturating_sub(1), Self::plain_lines)?;
        match self.byte(self.at + self.spaces_at(self.at)) {
            b':' if !matches!(self.node(id).kind, Kind::Scalar { .. }) => {
                self.outside(self.at, Clause::Names)
            }
            _ => self.after_value().map(|()| id),
        }
    }

    /// What belongs to a name or a dash in this column, just past its `:` or `-`.
    fn held(&mut self, column: usize, holder: Holder) -> Read<NodeId> {
        let start = self.at;
        self.spaces();
        if holder == Holder::Dash && !self.at_line_end() {
            let inner = self.at - self.line;
            if self.at_dash() {
                return self.sequence(inner);
            }
            if self.is_name_ahead() {
                return self.mapping(inner);
            }
        }
        let properties = self.before_value()?;
        if !self.at_line_end() {
            let id = self.value(column + 1)?;
            return self.attach(id, properties);
        }
        self.rest_of_line()?;
        let id = match (self.column(), &properties) {
            (Some(below), _) if below > column => self.block(column + 1)?,
            (Some(below), _) if below == column && holder == Holder::Name && self.at_dash() => {
                self.sequence(column)?
            }
            (_, None) => self.scalar(start..start, Cow::Borrowed(""), Quote::Plain)?,
            (_, Some(_)) => return self.outside(start, Clause::Aliases),
        };
        self.attach(id, properties)
    }

    fn sequence(&mut self, column: usize) -> Read<NodeId> {
        let kind = |items| Kind::Sequence { notation: Notation::Block, items };
        let id = self.open(kind(Vec::new()))?;
        let (mut items, mut end) = (Vec::new(), self.at);
        loop {
            self.at += 1;
            let item = self.held(column, Holder::Dash)?;
            end = end.max(self.end_of(item));
            items.push(item);
            match self.column() {
                Some(next) if next > column => return self.misplaced(),
                Some(next) if next == column && self.at_dash() => {}
                _ => return self.close(id, end, kind(items)),
            }
        }
    }

    fn mapping(&mut self, column: usize) -> Read<NodeId> {
        let kind = |members| Kind::Mapping { notation: Notation::Block, members };
        let id = self.open(kind(Vec::new()))?;
        let mut members = Vec::new();
        loop {
            let name = self.name()?;
            let value = self.held(column, Holder::Name)?;
            let end = self.end_of(value);
            members.push((name, value));
            match self.column() {
                Some(next) if next > column || (next == column && self.at_dash()) => return self.misplaced(),
                Some(next) if next == column => {}
                _ => return self.close(id, end, kind(members)),
            }
        }
    }

    /// A member's name, up to and with its `:`.
    fn name(&mut self) -> Read<NodeId> {
        let start = self.at;
        let id = match self.peek() {
            b'"' | b'\'' => self.quoted(1)?,
            b'[' | b'{' | b'&' | b'*' | b'!' | b'|' | b'>' => return self.outside(start, Clause::Names),
            _ => {
                let span = self.plain(Within::Lines)?;
                self.scalar(span.clone(), self.text[span].into(), Quote::Plain)?
            }
        };
        self.spaces();
        if self.peek() != b':' || !self.is_blank(self.at + 1) {
            return self.no_colon(start);
        }
        self.check_name(id)?;
        self.at += 1;
        Ok(id)
    }

    /// A line without a name and a colon, where one has to be. The service's parser takes a `:` on the next line for it.
    fn no_colon<T>(&mut self, start: usize) -> Read<T> {
        if !self.at_line_end() {
            return self.outside(self.at, Clause::Colons);
        }
        self.rest_of_line()?;
        if self.peek() == b':' {
            self.outside(start, Clause::Colons)
        } else {
            self.mistake(start, Mistake::NoColon)
        }
    }

    /// What is next belongs to nothing that is open.
    pub(super) fn misplaced<T>(&self) -> Read<T> {
        if self.is_name_ahead() && self.peek().is_ascii_alphabetic() {
            return self.mistake(self.at, Mistake::Misplaced);
        }
        self.outside(self.at, Clause::Indentation)
    }
}
