//! Text on one line or more: without quotes, and in quotes.

use std::borrow::Cow;

use super::reader::{Read, Reader};
use crate::syntax::clause::Clause;
use crate::syntax::document::{Kind, NodeId};
use crate::syntax::error::Mistake;
use crate::syntax::lines::Span;
use crate::syntax::scalar::Quote;

/// Where text without quotes stands, and so where it ends.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Within {
    Lines,
    Brackets,
}

impl<'t> Reader<'t> {
    pub(super) fn scalar(&mut self, span: Span, text: Cow<'t, str>, quote: Quote) -> Read<NodeId> {
        self.push(span, Kind::Scalar { text, quote })
    }

    // --- without quotes ---

    fn begins_plain(&self, within: Within) -> Read<()> {
        let clause = match self.peek() {
            _ if self.is_mark(self.at) => Clause::Marks,
            b'?' => Clause::QuestionMark,
            b':' => Clause::Colons,
            b'!' => Clause::Tags,
            b'&' | b'*' => Clause::Aliases,
            b'%' if self.at == self.line => Clause::Directives,
            b'-' if !(self.is_blank(self.at + 1)
                || within == Within::Brackets && self.is_flow(self.at + 1)) =>
            {
                return Ok(());
            }
            b'\t' => Clause::Tabs,
            b'-' | b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'|' | b'>' | b'\'' | b'"' | b'%' | b'@'
            | b'`' => Clause::PlainText,
            _ if self.is_line_end(self.at) => Clause::PlainText,
            _ => return Ok(()),
        };
        self.outside(self.at, clause)
    }

    fn is_flow(&self, at: usize) -> bool {
        matches!(self.byte(at), b',' | b'[' | b']' | b'{' | b'}')
    }

    /// Where text without quotes ends on its line, and the first tab in it.
    fn plain_end(&self, within: Within) -> (usize, Option<usize>) {
        let (mut at, mut end, mut tab) = (self.at, self.at, None);
        while !self.is_line_end(at) {
            match self.byte(at) {
                b':' if self.is_blank(at + 1) || (within == Within::Brackets && self.is_flow(at + 1)) => {
                    break;
                }
                b'#' if at > self.at && self.is_blank(at - 1) => break,
                _ if within == Within::Brackets && self.is_flow(at) => break,
                b' ' => {}
                b'\t' => tab = tab.or(Some(at)),
                _ => end = at + 1,
            }
            at += 1;
        }
        (end, tab.filter(|tab| *tab < end))
    }

    /// The text without quotes that stands here, on this line.
    pub(super) fn plain(&mut self, within: Within) -> Read<Span> {
        self.begins_plain(within)?;
        let start = self.at;
        match self.plain_end(within) {
            (_, Some(tab)) => self.outside(tab, Clause::Tabs),
            (end, None) => {
                self.at = end;
                Ok(start..end)
            }
        }
    }

    /// The same, with the lines below it that are indented as far.
    pub(super) fn plain_lines(&mut self, floor: usize) -> Read<NodeId> {
        let first = self.plain(Within::Lines)?;
        let (start, mut lines) = (first.start, vec![]);
        let first = &self.text[first];
        while let Some(next) = self.next_plain_line(floor) {
            (self.line, self.at) = next;
            let more = self.plain(Within::Lines)?;
            lines.extend([" ", &self.text[more]]);
        }
        // Put together at once: a text that grows leaves copies of a secret behind.
        let text = if lines.is_empty() {
            Cow::Borrowed(first)
        } else {
            Cow::Owned([&[first], &lines[..]].concat().concat())
        };
        self.scalar(start..self.at, text, Quote::Plain)
    }

    /// Where the line begins that goes on with a text, and its first byte.
    fn next_plain_line(&self, floor: usize) -> Option<(usize, usize)> {
        let mut at = self.at;
        while matches!(self.byte(at), b' ' | b'\t') {
            at += 1;
        }
        let line = self.line_below(at)?;
        let first = line + self.spaces_at(line);
        let goes_on =
            floor > 0 && first - line >= floor && !self.is_line_end(first) && self.byte(first) != b'#';
        goes_on.then_some((line, first))
    }

    /// Where the next line begins, if this one ends here.
    pub(super) fn line_below(&self, at: usize) -> Option<usize> {
        match self.byte(at) {
            b'\n' => Some(at + 1),
            b'\r' => Some(at + 2),
            _ => None,
        }
    }

    pub(super) fn spaces_at(&self, at: usize) -> usize {
        self.text.as_bytes()[at..].iter().take_while(|byte| **byte == b' ').count()
    }

    /// Whether a name and its `:` are next.
    pub(super) fn is_name_ahead(&self) -> bool {
        let end = match self.peek() {
            b'[' | b'{' | b'&' | b'!' => return false,
            b'"' | b'\'' => match self.quoted_end() {
                Some(end) if !self.text[self.at..end].contains('\n') => end + self.spaces_at(end),
                _ => return false,
            },
            _ => {
                let (end, _) = self.plain_end(Within::Lines);
                end + self.spaces_at(end)
            }
        };
        self.byte(end) == b':' && self.is_blank(end + 1)
    }

    // --- in quotes ---

    /// Past the quote that closes the one here.
    fn quoted_end(&self) -> Option<usize> {
        let (quote, mut at) = (self.peek(), self.at + 1);
        loop {
            match self.text.as_bytes().get(at)? {
                b'\\' if quote == b'"' => at += 2,
                byte if *byte != quote => at += 1,
                _ if quote == b'\'' && self.byte(at + 1) == quote => at += 2,
                _ => return Some(at + 1),
            }
        }
    }

    /// A text in quotes, whose further lines are indented at least so far.
    pub(super) fn quoted(&mut self, floor: usize) -> Read<NodeId> {
        let (start, quote) = (self.at, self.peek());
        let Some(end) = self.quoted_end() else {
            // The service's parser takes the last quote of the text for this one's, whatever stands before it.
            let may_close = self.text.as_bytes().last() == Some(&quote) && self.text.len() > start + 1;
            let clause = Clause::AfterValue;
            return if may_close || quote == b'\'' {
                self.outside(start, clause)
            } else {
                self.mistake(start, Mistake::Unclosed)
            };
        };
        let inner = &self.text[start + 1..end - 1];
        let is_plain = !inner.contains(['\n', '\\', '\'']);
        let text = if is_plain { Cow::Borrowed(inner) } else { Cow::Owned(self.unquote(end - 1, floor)?) };
        self.at = end;
        self.scalar(start..end, text, if quote == b'"' { Quote::Double } else { Quote::Single })
    }

    fn unquote(&mut self, end: usize, floor: usize) -> Read<String> {
        let quote = self.peek();
        // One allocation: a string that grows leaves copies of a secret behind. An escape may stand for a longer character.
        let mut text = String::with_capacity((end - self.at) * 3 / 2);
        self.at += 1;
        let (mut from, mut kept) = (self.at, 0);
        while self.at < end {
            match self.peek() {
                b'\n' | b'\r' => {
                    text.push_str(&self.text[from..self.at]);
                    text.truncate(kept.max(text.trim_end_matches(' ').len()));
                    if text.len() > kept && text.ends_with('\t') {
                        return self.outside(self.at, Clause::TextOverLines);
                    }
                    text.push(' ');
                    self.next_quoted_line(floor)?;
                }
                b'\\' if quote == b'"' => {
                    text.push_str(&self.text[from..self.at]);
                    self.escape(end, floor, &mut text)?;
                }
                b'\'' if quote == b'\'' => {
                    text.push_str(&self.text[from..=self.at]);
                    self.at += 2;
                }
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            (from, kept) = (self.at, text.len());
        }
        text.push_str(&self.text[from..end]);
        Ok(text)
    }

    fn next_quoted_line(&mut self, floor: usize) -> Read<()> {
        let line = self.line_below(self.at).unwrap_or(self.at);
        let first = line + self.spaces_at(line);
        let is_odd = first - line < floor.max(1) || self.is_blank(first);
        if is_odd {
            return self.outside(first, Clause::TextOverLines);
        }
        self.at = first;
        Ok(())
    }

    fn escape(&mut self, end: usize, floor: usize, text: &mut String) -> Read<()> {
        let start = self.at;
        self.at += 2;
        let c = match self.byte(start + 1) {
            b'\n' | b'\r' => {
                self.at = start + 1;
                return self.next_quoted_line(floor);
            }
            b'0' => '\0',
            b'a' => '\u{7}',
            b'b' => '\u{8}',
            b'e' => '\u{1b}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' | b'\t' => '\t',
            b'v' => '\u{b}',
            b'N' => '\u{85}',
            b'_' => '\u{a0}',
            b'L' => '\u{2028}',
            b'P' => '\u{2029}',
            byte @ (b' ' | b'"' | b'/' | b'\\') => char::from(byte),
            b'x' => self.code(2, end)?,
            b'u' => self.code(4, end)?,
            b'U' => self.code(8, end)?,
            _ => return self.mistake(start, Mistake::UnknownEscape),
        };
        text.push(c);
        Ok(())
    }

    /// The character with this number of hexadecimal digits, which may take a second escape.
    fn code(&mut self, digits: usize, end: usize) -> Read<char> {
        let start = self.at - 2;
        let high = self.digits(digits, end)?;
        let is_pair =
            (0xd800..0xdc00).contains(&high) && digits == 4 && self.text[self.at..end].starts_with("\\u");
        let code = if is_pair {
            self.at += 2;
            let low = self.digits(4, end)?;
            if !(0xdc00..0xe000).contains(&low) {
                return self.outside(start, Clause::Escapes);
            }
            0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)
        } else {
            high
        };
        char::from_u32(code).map_or_else(|| self.outside(start, Clause::Escapes), Ok)
    }

    fn digits(&mut self, count: usize, end: usize) -> Read<u32> {
        let digits = self.text.get(self.at..self.at + count).filter(|_| self.at + count <= end);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(code) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
            return self.mistake(self.at - 2, Mistake::UnknownEscape);
        };
        self.at += count;
        Ok(code)
    }
}
