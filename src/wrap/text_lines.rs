//! A config as text in another file: in a block of lines, in quotes, or as a mapping below another member. Line by line, so
//! that those that stay keep their bytes.

use similar::{Algorithm, DiffOp, capture_diff_slices};
use zeroize::Zeroizing;

use crate::config::{Document, Kind, NodeId, Notation, Quote, Span};

/// The text, and where each of its lines is written.
pub(super) struct TextLines {
    pub(super) inner: Zeroizing<String>,
    /// One for each line of the text, with what ends it.
    lines: Vec<Span>,
    way: Way,
}

/// How a line of the text is written.
enum Way {
    /// Behind so many spaces.
    Indented { spaces: usize, newline: &'static str },
    /// In double quotes, with `\n` for the end of a line.
    Escaped,
    /// In single quotes.
    Single,
}

impl TextLines {
    /// The bytes that hold the text.
    pub(super) fn span(&self) -> Span {
        let start = self.lines.first().map_or(0, |line| line.start);
        start..self.lines.last().map_or(start, |line| line.end)
    }

    /// The text of a scalar. `None`: it is written in a way that can't be edited line by line.
    pub(super) fn of_scalar(doc: &Document<'_>, id: NodeId) -> Option<Self> {
        let node = doc.node(id);
        let Kind::Scalar { text, quote } = &node.kind else { return None };
        let found = match quote {
            Quote::Block(_) => Self::of_block(doc.text(), &node.span),
            Quote::Double => Self::of_quoted(doc.text(), &node.span),
            Quote::Single => {
                let span = node.span.start + 1..node.span.end.checked_sub(1)?;
                let inner = Zeroizing::new(doc.text().get(span.clone())?.replace("''", "'"));
                let is_one = !inner.contains('\n');
                is_one.then(|| Self { inner, lines: vec![span], way: Way::Single })
            }
            Quote::Plain => None,
        }?;
        // A folded text is another than its lines; how many line breaks end it, its header says.
        let is_block = matches!(quote, Quote::Block(_));
        let same = if is_block {
            found.inner.trim_end_matches('\n') == text.trim_end_matches('\n')
        } else {
            *found.inner == **text
        };
        same.then_some(found)
    }

    /// Lines behind `|`, from the first one on.
    fn of_block(text: &str, span: &Span) -> Option<Self> {
        let first = text[..span.start].rfind('\n')? + 1;
        let mut start = first;
        // Blank lines before it are a part of the text.
        while let Some(above) = text[..start].strip_suffix('\n') {
            let line = above.rfind('\n').map_or(0, |at| at + 1);
            if !above[line..].trim().is_empty() {
                break;
            }
            start = line;
        }
        Some(Self::indented(text, start..line_end(text, span.end), span.start - first))
    }

    /// A block mapping below another member, from its first line to the comments behind it.
    pub(super) fn of_mapping(doc: &Document<'_>, id: NodeId) -> Option<Self> {
        let Kind::Mapping { notation: Notation::Block, members } = &doc.node(id).kind else { return None };
        let text = doc.text();
        let first = doc.start_of(members.first()?.0);
        let start = text[..first].rfind('\n').map_or(0, |at| at + 1);
        let spaces = first - start;
        if !text[start..first].bytes().all(|byte| byte == b' ') {
            return None;
        }
        let mut end = line_end(text, doc.end_of(id));
        loop {
            let line = &text[end..line_end(text, end)];
            let indent = line.len() - line.trim_start_matches(' ').len();
            if !line.trim_start().starts_with('#') || indent < spaces {
                return Some(Self::indented(text, start..end, spaces));
            }
            end += line.len();
        }
    }

    fn indented(text: &str, span: Span, spaces: usize) -> Self {
        let (mut inner, mut lines, mut at) =
            (Zeroizing::new(String::with_capacity(span.len())), Vec::new(), span.start);
        for line in text[span].split_inclusive('\n') {
            let indent = (line.len() - line.trim_start_matches(' ').len()).min(spaces);
            let content = &line[indent..];
            inner.push_str(content.trim_end_matches(['\r', '\n']));
            inner.push('\n');
            lines.push(at..at + line.len());
            at += line.len();
        }
        let newline = if lines.first().is_some_and(|line| text[line.clone()].ends_with("\r\n")) {
            "\r\n"
        } else {
            "\n"
        };
        Self { inner, lines, way: Way::Indented { spaces, newline } }
    }

    fn of_quoted(text: &str, span: &Span) -> Option<Self> {
        let (start, end) = (span.start + 1, span.end.checked_sub(1)?);
        let written = text.get(start..end)?;
        // Over several lines they are folded.
        if written.contains('\n') {
            return None;
        }
        let (mut lines, mut from, mut at) = (Vec::new(), 0, 0);
        let bytes = written.as_bytes();
        while at < bytes.len() {
            let is_escape = bytes[at] == b'\\';
            let is_break = is_escape && bytes.get(at + 1) == Some(&b'n');
            at += if is_escape { 2 } else { 1 };
            if is_break {
                lines.push(start + from..start + at);
                from = at;
            }
        }
        if from < written.len() {
            lines.push(start + from..end);
        }
        let inner = serde_json::from_str::<String>(&Zeroizing::new(format!("\"{written}\""))).ok()?;
        Some(Self { inner: Zeroizing::new(inner), lines, way: Way::Escaped })
    }

    /// The bytes for another text. `None`: it can't be written in this way.
    pub(super) fn encode(&self, outer: &str, new: &str) -> Option<Zeroizing<String>> {
        let ending = match self.way {
            Way::Indented { newline, .. } => newline,
            Way::Escaped if self.inner.contains("\r\n") => "\\r\\n",
            Way::Escaped => "\\n",
            Way::Single if new.contains('\n') => return None,
            Way::Single => "",
        };
        let (old_lines, new_lines): (Vec<&str>, Vec<&str>) =
            (self.inner.lines().collect(), new.lines().collect());
        let mut text = Zeroizing::new(String::with_capacity(self.span().len() + new.len()));
        for op in capture_diff_slices(Algorithm::Myers, &old_lines, &new_lines) {
            match op {
                DiffOp::Equal { old_index, len, .. } => {
                    for line in &self.lines[old_index..old_index + len] {
                        let written = &outer[line.clone()];
                        text.push_str(written);
                        text.push_str(if ends(written, ending) { "" } else { ending });
                    }
                }
                DiffOp::Insert { new_index, new_len, .. } | DiffOp::Replace { new_index, new_len, .. } => {
                    for line in &new_lines[new_index..new_index + new_len] {
                        self.push(&mut text, line)?;
                        text.push_str(ending);
                    }
                }
                DiffOp::Delete { .. } => {}
            }
        }
        // The last line ends as it did; in quotes as the new text does.
        let is_open = match self.way {
            Way::Escaped => !new.ends_with('\n'),
            _ => !self.lines.last().is_some_and(|line| ends(&outer[line.clone()], "\n")),
        };
        if is_open && text.ends_with(ending) {
            let length = text.len() - ending.len();
            text.truncate(length);
        }
        Some(text)
    }

    fn push(&self, text: &mut String, line: &str) -> Option<()> {
        match self.way {
            Way::Indented { spaces, .. } => {
                text.extend(std::iter::repeat_n(' ', if line.is_empty() { 0 } else { spaces }));
                text.push_str(line);
            }
            Way::Escaped => {
                let quoted = Zeroizing::new(serde_json::to_string(line).ok()?);
                text.push_str(quoted.get(1..quoted.len() - 1)?);
            }
            Way::Single => text.push_str(&Zeroizing::new(line.replace('\'', "''"))),
        }
        Some(())
    }
}

/// Whether a written line has its end. `\r\n` and `\n` are both one.
fn ends(written: &str, ending: &str) -> bool {
    written.ends_with(if ending == "\r\n" { "\n" } else { ending })
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |n| at + n + 1)
}
