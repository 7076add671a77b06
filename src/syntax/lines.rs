//! Places and lines of a text, by byte.

use std::ops::Range;

/// A range of bytes of the text.
pub type Span = Range<usize>;

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
    pub(crate) fn of(text: &str, at: usize) -> Self {
        let before = &text.as_bytes()[..at.min(text.len())];
        let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
        Self { line: before.split(|b| *b == b'\n').count(), column: Self::column(text, line_start, at) }
    }

    /// The column of a byte, on a line that starts there.
    pub(crate) fn column(text: &str, line_start: usize, at: usize) -> usize {
        text.get(line_start..at).map_or(1, |line| line.trim_start_matches('\u{feff}').chars().count() + 1)
    }

    /// The byte of a text that stands there.
    #[must_use]
    pub(crate) fn offset_in(self, text: &str) -> usize {
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

/// Where each line of a text starts, and how many characters there are before each block of it: for many places of one
/// text, each of which would be counted from the top, or from the start of a long line.
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    counts: Vec<usize>,
}

const BLOCK: usize = 1024;

impl<'t> Lines<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        let mut count = 0;
        let counts = text.as_bytes().chunks(BLOCK).map(|block| {
            let before = count;
            count += characters(block);
            before
        });
        Self {
            text,
            counts: counts.collect(),
            starts: std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect(),
        }
    }

    /// The same as [`Position::of`].
    pub(crate) fn position(&self, at: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= at.min(self.text.len()));
        let start = self.starts[line - 1];
        let marks = self.text[start..].chars().take_while(|c| *c == '\u{feff}').count();
        let is_place = self.text.is_char_boundary(at);
        let column =
            if is_place { (self.before(at) - self.before(start)).saturating_sub(marks) + 1 } else { 1 };
        Position { line, column }
    }

    /// How many characters begin before this byte.
    fn before(&self, at: usize) -> usize {
        let block = (at / BLOCK).min(self.counts.len().saturating_sub(1));
        self.counts.get(block).map_or(0, |count| count + characters(&self.text.as_bytes()[block * BLOCK..at]))
    }
}

/// How many characters begin in these bytes of a text.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

/// The start of the line that holds this byte.
pub(crate) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |n| n + 1)
}

/// The end of the line that holds this byte, its line ending included.
pub(crate) fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |n| at + n + 1)
}

/// The same, without the line ending.
pub(crate) fn content_end(text: &str, at: usize) -> usize {
    let end = line_end(text, at);
    let line = &text[at..end];
    at + line.strip_suffix('\n').map_or(line, |l| l.strip_suffix('\r').unwrap_or(l)).len()
}

/// The line ending used around this byte: of its own line, else of the one before, else `\n`.
pub(crate) fn newline_at(text: &str, at: usize) -> &'static str {
    let own = &text[at..line_end(text, at)];
    let line = if own.ends_with('\n') { own } else { &text[..line_start(text, at)] };
    if line.ends_with("\r\n") { "\r\n" } else { "\n" }
}

/// The lines before this line start, last first.
pub(crate) fn lines_before(text: &str, start: usize) -> impl Iterator<Item = Span> {
    let mut at = start;
    std::iter::from_fn(move || {
        if at == 0 {
            return None;
        }
        let end = at;
        at = line_start(text, at - 1);
        Some(at..end)
    })
}

/// How many columns of white space a line begins with.
pub(crate) fn indent_of(text: &str, start: usize) -> usize {
    text[start..].bytes().take_while(|b| *b == b' ' || *b == b'\t').count()
}

/// Whether the line from this byte on is a comment and nothing else.
pub(crate) fn is_comment(text: &str, start: usize) -> bool {
    text[start..].trim_start_matches([' ', '\t']).starts_with('#')
}

/// The first byte from here on that is neither white space nor in a comment.
pub(crate) fn skip_gap(text: &str, from: usize) -> usize {
    let mut at = from;
    loop {
        let rest = &text[at..];
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        if !trimmed.starts_with('#') {
            return at;
        }
        at = line_end(text, at);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_place_is_the_same_however_it_is_found(text in "\u{feff}?[aä\r\n]{0,20}(a{1020}[äa]{9}\n?[äa]{9})?") {
            let lines = Lines::of(&text);
            for at in 0..=text.len() + 1 {
                prop_assert_eq!(lines.position(at), Position::of(&text, at));
            }
        }
    }
}
