//! Text in lines of its own, behind `|` or `>`.

use std::borrow::Cow;

use super::reader::{Read, Reader};
use crate::syntax::clause::Clause;
use crate::syntax::document::NodeId;
use crate::syntax::lines::Span;
use crate::syntax::scalar::{Chomp, Quote};

impl Reader<'_> {
    /// A block text, from its `|` or `>` to its last line. Its lines are indented at least so far.
    pub(super) fn block_text(&mut self, floor: usize) -> Read<NodeId> {
        let mark = self.peek();
        self.at += 1;
        let chomp = match self.peek() {
            b'-' => Chomp::Strip,
            b'+' => Chomp::Keep,
            _ => Chomp::Clip,
        };
        self.at += usize::from(chomp != Chomp::Clip);
        if !self.is_blank(self.at) {
            return self.outside(self.at, Clause::BlockHeaders);
        }
        self.spaces();
        if self.peek() == b'#' {
            self.comment()?;
        }
        if !self.is_line_end(self.at) {
            return self.outside(self.at, Clause::BlockHeaders);
        }
        let header_end = self.at;
        let Some(indent) = self.indent_of_text(floor.max(1))? else {
            // What follows has to follow at once: blank lines might belong to it.
            self.newline();
            let is_blank = self.is_line_end(self.at + self.spaces_at(self.at)) && self.at < self.text.len();
            if chomp == Chomp::Keep || is_blank {
                return self.outside(header_end, Clause::BlockText);
            }
            return self.scalar(header_end..header_end, Cow::Borrowed(""), Quote::Block(chomp));
        };
        self.lines_of_text(mark, indent, chomp)
    }

    /// The column of the first line of a block text that isn't blank. None: there is none.
    fn indent_of_text(&self, floor: usize) -> Read<Option<usize>> {
        let (mut at, mut widest) = (self.at, 0);
        while let Some(line) = self.line_below(at) {
            let spaces = self.spaces_at(line);
            at = line + spaces;
            if at == self.text.len() {
                return if widest.max(spaces) > 0 { self.outside(line, Clause::BlockText) } else { Ok(None) };
            }
            if !self.is_line_end(at) {
                let is_text = spaces >= floor;
                let is_odd =
                    self.byte(at) == b'\t' || (is_text && widest > spaces) || (!is_text && widest > 0);
                return if is_odd {
                    self.outside(at, Clause::BlockText)
                } else {
                    Ok(is_text.then_some(spaces))
                };
            }
            widest = widest.max(spaces);
        }
        Ok(None)
    }

    fn lines_of_text(&mut self, mark: u8, indent: usize, chomp: Chomp) -> Read<NodeId> {
        let is_folded = mark == b'>';
        let mut text = String::new();
        // The lines with text in them, the line breaks since the last one, and the widest blank line among these.
        let (mut span, mut breaks, mut widest) = (0..0, 0, 0);
        let mut end = self.at;
        while let Some(line) = self.line_below(end) {
            let spaces = self.spaces_at(line);
            let first = line + spaces;
            if self.is_line_end(first) {
                (breaks, widest, end) = (breaks + 1, widest.max(spaces), first);
                if !is_folded && spaces > indent {
                    // It is text if more text comes, and may be if none does.
                    text.extend(std::iter::repeat_n('\n', breaks));
                    text.push_str(&self.text[line + indent..first]);
                    breaks = 0;
                }
                continue;
            }
            if spaces < indent {
                break;
            }
            end = first;
            while !self.is_line_end(end) {
                end += 1;
            }
            let content = &self.text[line + indent..end];
            let is_odd = content.trim().is_empty()
                || (is_folded && (widest > indent || content.starts_with([' ', '\t'])));
            if is_odd {
                return self.outside(line, Clause::BlockText);
            }
            match (text.is_empty() && span.is_empty(), breaks) {
                (true, _) => text.extend(std::iter::repeat_n('\n', breaks)),
                (false, 0) if is_folded => text.push(' '),
                (false, _) => text.extend(std::iter::repeat_n('\n', breaks + usize::from(!is_folded))),
            }
            text.push_str(content);
            span = if span.is_empty() { line + indent..end } else { span.start..end };
            (breaks, widest) = (0, 0);
        }
        if widest > indent {
            return self.outside(span.end, Clause::BlockText);
        }
        self.end_of_text(span, text, chomp)
    }

    fn end_of_text(&mut self, mut span: Span, mut text: String, chomp: Chomp) -> Read<NodeId> {
        self.at = span.end;
        if chomp != Chomp::Keep {
            self.newline();
            text.push_str(if chomp == Chomp::Clip { "\n" } else { "" });
            return self.scalar(span, Cow::Owned(text), Quote::Block(chomp));
        }
        let below = &self.text[span.end..];
        let blank = &below[..below.len() - below.trim_start_matches([' ', '\r', '\n']).len()];
        let breaks = blank.matches('\n').count();
        text.extend(std::iter::repeat_n('\n', breaks.max(1)));
        self.at += blank.rfind('\n').map_or(blank.len(), |last| last + 1);
        self.line = self.at;
        if breaks > 1 {
            let last = blank.rfind('\n').unwrap_or(0);
            span.end += last - usize::from(blank[..last].ends_with('\r'));
        }
        self.scalar(span, Cow::Owned(text), Quote::Block(chomp))
    }
}
