//! How the lines of an env file are read: each byte once.

use zeroize::Zeroizing;

use super::error::{EnvFileError, EnvProblem};
use crate::config::Span;

/// One `NAME=value`.
#[derive(Clone)]
pub(super) struct Assignment {
    pub(super) name: String,
    /// From 1.
    pub(super) line: usize,
    /// Its lines, with the line break.
    pub(super) lines: Span,
    /// The value as it is written, with its quotes; empty after a name that has none.
    pub(super) written: Span,
    pub(super) value: AssignedValue,
}

/// What a value is.
#[derive(Clone, PartialEq)]
pub(super) enum AssignedValue {
    Known(Zeroizing<String>),
    /// It refers to other variables, or readers disagree on it.
    Unknown,
    /// There is only the name: the value is that of the process.
    Inherited,
}

/// White space within a line.
fn is_blank(c: char) -> bool {
    c != '\n' && c.is_whitespace()
}

/// All assignments of a text, in its order.
pub(super) fn assignments(text: &str) -> Result<Vec<Assignment>, EnvFileError> {
    let mut all = Vec::new();
    let (mut at, mut line) = (if text.starts_with('\u{feff}') { 3 } else { 0 }, 1);
    while at < text.len() {
        let mut end = line_end(text, at);
        let content = text[at..end].trim();
        if !(content.is_empty() || content.starts_with('#')) {
            let read = assignment(text, at, line);
            let read = read.map_err(|problem| EnvFileError { line: Some(line), problem })?;
            end = read.lines.end;
            all.push(read);
        }
        line += text[at..end].matches('\n').count();
        at = end;
    }
    Ok(all)
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |n| at + n + 1)
}

/// Reads the assignment that begins on this line.
fn assignment(text: &str, start: usize, line: usize) -> Result<Assignment, EnvProblem> {
    let mut at = skip_blank(text, start);
    if let Some(rest) = text[at..].strip_prefix("export")
        && rest.starts_with(is_blank)
    {
        at = skip_blank(text, at + "export".len());
    }
    let in_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '[' | ']');
    let length = text[at..].find(|c| !in_name(c)).unwrap_or(text.len() - at);
    let name = text[at..at + length].to_owned();
    let name_end = at + length;
    at = skip_blank(text, name_end);
    if name.is_empty() {
        return Err(EnvProblem::NotAnEntry);
    }
    let end = line_end(text, at);
    let assigned = |written: Span, value, end| Assignment {
        name: name.clone(),
        line,
        lines: start..end,
        written,
        value,
    };
    match text[at..].chars().next() {
        None | Some('\n') => return Ok(assigned(name_end..name_end, AssignedValue::Inherited, end)),
        Some('=' | ':') => at += 1,
        Some(_) => return Err(EnvProblem::NotAnEntry),
    }
    let begins = skip_blank(text, at);
    let (written, value) = match text[begins..].chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let unclosed = || EnvProblem::Unclosed { name: name.clone(), quote };
            let close = closing(text, begins, quote).ok_or_else(unclosed)?;
            (begins..close + 1, quoted(&text[begins + 1..close], quote))
        }
        _ => unquoted(text, at, begins),
    };
    let end = line_end(text, written.end);
    let rest = text[written.end..end].trim();
    if !(rest.is_empty() || rest.starts_with('#')) {
        return Err(EnvProblem::AfterQuote(name));
    }
    Ok(assigned(written, value, end))
}

fn skip_blank(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start_matches(is_blank).len()
}

/// The quote that ends what this one begins; after a backslash it doesn't.
fn closing(text: &str, open: usize, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text[open + 1..].char_indices() {
        if c == quote && !escaped {
            return Some(open + 1 + at);
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

/// A value without quotes: up to the end of the line, or to a `#` after white space.
fn unquoted(text: &str, after_sign: usize, begins: usize) -> (Span, AssignedValue) {
    let line = line_end(text, begins);
    let rest = &text[after_sign..line];
    let comment = rest.match_indices('#').map(|(at, _)| at).find(|at| rest[..*at].ends_with(is_blank));
    let end = after_sign + comment.unwrap_or(rest.len());
    let value = text[begins.min(end)..end].trim_end();
    if value.is_empty() {
        return (after_sign..after_sign, AssignedValue::Known(Zeroizing::default()));
    }
    (begins..begins + value.len(), without_references(value))
}

/// The text between quotes, as Compose reads it.
fn quoted(inner: &str, quote: char) -> AssignedValue {
    let inner = Zeroizing::new(inner.replace("\r\n", "\n"));
    if quote == '\'' {
        return AssignedValue::Known(Zeroizing::new(inner.replace("\\'", "'")));
    }
    let mut read = Zeroizing::new(String::with_capacity(inner.len()));
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            read.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => read.push('\n'),
            Some('r') => read.push('\r'),
            Some('t') => read.push('\t'),
            Some('$') => read.push_str("$$"),
            Some(c @ ('"' | '\\')) => read.push(c),
            // Bells, octal numbers and the like: no two readers agree.
            Some('a' | 'b' | 'c' | 'f' | 'v' | '0') => return AssignedValue::Unknown,
            other => {
                read.push('\\');
                read.extend(other);
            }
        }
    }
    without_references(&read)
}

/// `$$` is a dollar sign; any other one begins a reference.
fn without_references(value: &str) -> AssignedValue {
    let parts = value.split("$$");
    if parts.clone().any(|part| part.contains('$')) {
        return AssignedValue::Unknown;
    }
    let mut read = Zeroizing::new(String::with_capacity(value.len()));
    for (number, part) in parts.enumerate() {
        if number > 0 {
            read.push('$');
        }
        read.push_str(part);
    }
    AssignedValue::Known(read)
}

#[cfg(test)]
mod tests {
    use super::super::EnvFile;

    fn parse(text: &str) -> EnvFile {
        EnvFile::parse(text.as_bytes()).map_err(|error| error.to_string()).unwrap()
    }

    #[test]
    fn values_are_read_as_compose_reads_them() {
        for (text, value) in [
            ("A=b", Some("b")),
            ("A=b\r\n", Some("b")),
            ("\u{feff}A=b\n", Some("b")),
            ("export A=b", Some("b")),
            ("export\tA=b", Some("b")),
            ("  A = b c  \n", Some("b c")),
            ("A: b", Some("b")),
            ("A=b # comment", Some("b")),
            ("A=b#c", Some("b#c")),
            ("A= # to fill in", Some("")),
            ("A=#c", Some("#c")),
            ("A=", Some("")),
            ("A=\nB=c", Some("")),
            ("A='b # c' # comment", Some("b # c")),
            ("A='b\\nc'", Some("b\\nc")),
            ("A='it\\'s'", Some("it's")),
            ("A=\"b\\nc\\t\\\"d\\\\\"", Some("b\nc\t\"d\\")),
            ("A=\"b\r\nc\"\nB=d", Some("b\nc")),
            ("A='b\nc'", Some("b\nc")),
            ("A=a$$b", Some("a$b")),
            ("A=\"a\\$b\"", Some("a$b")),
            ("A='$B'", Some("$B")),
            ("A=$B", None),
            ("A=\"${B:-c}\"", None),
            ("A=\"\\0101\"", None),
            ("A", None),
            ("A=b==", Some("b==")),
            ("#A=b", None),
        ] {
            assert_eq!(parse(text).value("A"), value, "{text:?}");
        }
    }

    #[test]
    fn faults_are_told_with_their_line_and_never_a_value() {
        for (text, said) in [
            ("A=1\nB='secret\nC=2\n", "line 2: the value of B starts with ' and does not end with it"),
            ("A=\"se\ncret\" x\n", "line 1: text follows the closing quote of A"),
            ("A='se\ncret'\nsecret value\n", "line 3: this is not `NAME=value`"),
            ("A=1\n=secret\n", "line 2: this is not `NAME=value`"),
        ] {
            let error = EnvFile::parse(text.as_bytes()).err().unwrap();
            assert_eq!(error.to_string(), said);
        }
        let error = EnvFile::parse(b"A=1\nB=\xff\n").err().unwrap();
        assert_eq!(error.to_string(), "line 2: this is not UTF-8 text");
    }
}
