//! From YAML text to a [`Document`], within the profile ([`Clause`]): what is read here can't be read in another way.

mod block;
mod block_text;
mod flow;
mod reader;
mod text;

use reader::{Read, Reader};

use super::clause::Clause;
use super::document::{Document, Syntax};
use super::error::{ConfigError, Problem};

/// Reads one document.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, ConfigError> {
    let mut reader = Reader::new(text);
    check_characters(&reader)?;
    if text.starts_with('\u{feff}') {
        (reader.at, reader.line) = (3, 3);
        if matches!(reader.peek(), b' ' | b'\t') || reader.at_dash() {
            return reader.outside(3, Clause::Characters);
        }
    }
    reader.rest_of_line()?;
    if reader.column().is_none() && text[reader.at..].starts_with("---") {
        reader.at += 3;
        reader.spaces();
        if !reader.at_line_end() {
            return reader.outside(reader.at, Clause::Marks);
        }
        reader.rest_of_line()?;
    }
    if reader.column().is_none() {
        let clause = Clause::Marks;
        return if reader.at < text.len() {
            reader.outside(reader.at, clause)
        } else {
            Err(ConfigError::nowhere(Problem::Empty))
        };
    }
    let root = reader.block(0)?;
    let end = end_of_document(&mut reader)?;
    let Reader { nodes, comments, aliases, .. } = reader;
    Ok(Document { text, syntax: Syntax::Yaml, nodes, root, aliases, comments, end })
}

/// Where more may be written. Nothing but comments may follow.
fn end_of_document(reader: &mut Reader<'_>) -> Read<usize> {
    if reader.column().is_some() {
        return reader.misplaced();
    }
    let end = reader.at;
    if reader.text[end..].starts_with("...") {
        reader.at += 3;
        reader.spaces();
        if !reader.at_line_end() {
            return reader.outside(reader.at, Clause::Marks);
        }
        reader.rest_of_line()?;
    }
    if reader.peek() == b'%' {
        return reader.outside(reader.at, Clause::Directives);
    }
    if reader.at < reader.text.len() {
        return Err(ConfigError::at(reader.text, reader.at, Problem::SecondDocument));
    }
    Ok(end)
}

/// Characters that parsers take for the ends of lines or for nothing, each in its own way.
fn check_characters(reader: &Reader<'_>) -> Read<()> {
    let bytes = reader.text.as_bytes();
    let is_usual = |byte: &u8| matches!(byte, b'\n' | b' '..=b'~');
    // Most texts have none but these, which is told many at a time.
    if bytes.iter().all(is_usual) {
        return Ok(());
    }
    for (at, byte) in bytes.iter().enumerate() {
        let clause = match (byte, bytes.get(at + 1), bytes.get(at + 2)) {
            (b'\n' | b'\t' | b' '..=b'~', ..) | (b'\r', Some(b'\n'), _) => continue,
            (b'\r', ..) => Clause::LineEndings,
            (..b' ' | 0x7f, ..) | (0xc2, Some(0x80..=0x9f), _) | (0xe2, Some(0x80), Some(0xa8 | 0xa9)) => {
                Clause::Characters
            }
            (0xef, Some(0xbb), Some(0xbf)) if at > 0 => Clause::Characters,
            _ => continue,
        };
        return reader.outside(at, clause);
    }
    Ok(())
}
