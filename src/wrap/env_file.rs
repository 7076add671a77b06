//! Env files (`.env`): names and values, and edits that leave every other byte alone.
//!
//! Readers agree on `NAME=value`, `export NAME=value`, whole-line comments, and values in quotes without escapes. Where
//! they differ, a value is read as Compose reads it: ` #` ends a value without quotes, `\n` and the like count in
//! double quotes only, both kinds of quotes may hold line breaks, and `$$` is a dollar sign. A value that refers to
//! other variables (`$NAME`) is not known here. `docker run --env-file` takes quotes and comments as part of the value.
//! What is written here needs no quotes, so that every reader reads it alike.

use std::collections::HashMap;
use std::fmt;

use zeroize::Zeroizing;

use crate::base::secret_string::wiped;
use crate::config::Span;

/// An env file that was read. Not `Debug`: it holds secrets.
pub struct EnvFile {
    text: Zeroizing<String>,
    entries: Vec<Entry>,
}

/// One `NAME=value`.
struct Entry {
    name: String,
    /// From 1.
    line: usize,
    /// Its lines, with the line break.
    lines: Span,
    /// The value as it is written, with its quotes; empty behind a name that stands alone.
    written: Span,
    value: Value,
}

/// What a value is.
#[derive(PartialEq)]
enum Value {
    Known(Zeroizing<String>),
    /// It refers to other variables, or readers disagree on it.
    Unknown,
    /// The name stands alone: the value is that of the process.
    Inherited,
}

/// An env file that can't be read, or not be changed as asked. Never holds a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvFileError {
    /// Which line it is about, from 1.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: EnvProblem,
}

/// What is wrong with an env file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvProblem {
    /// Bytes that are no text.
    #[error("this is not UTF-8 text")]
    NotUtf8,
    /// No name at the start of a line.
    #[error("this is not `NAME=value`")]
    NotAnEntry,
    /// A quote that isn't closed.
    #[error("the value of {name} begins with {quote} and does not end with it")]
    Unclosed {
        /// Whose value.
        name: String,
        /// Which quote.
        quote: char,
    },
    /// Something behind the closing quote.
    #[error("text follows the closing quote of {0}")]
    AfterQuote(String),
    /// A name that is needed stands twice.
    #[error("{name} stands here and on line {first}, so readers may differ on its value. Leave one of them")]
    Twice {
        /// The name.
        name: String,
        /// The line of the first.
        first: usize,
    },
    /// A name that can't be written.
    #[error("`{0}` is no name for a variable: letters, digits and `_`, and no digit first")]
    Name(String),
    /// A value that not all readers would read alike.
    #[error("the value for {0} has characters that readers of env files take in different ways")]
    Value(String),
    /// The result would not read back as meant.
    #[error("this form can't be edited ({0}). Please report it. Nothing was changed")]
    ReadBack(&'static str),
}

impl fmt::Display for EnvFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        write!(f, "{}", self.problem)
    }
}

impl std::error::Error for EnvFileError {}

/// Whether a variable may have this name in every reader: a letter or `_`, then letters, digits and `_`.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let word = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
    name.bytes().all(word) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// Whether every reader takes this text as it is, without quotes.
#[must_use]
pub fn needs_no_quotes(value: &str) -> bool {
    value.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_=+/.:,@%~?&!*;".contains(&c))
}

/// White space within a line.
fn is_blank(c: char) -> bool {
    c != '\n' && c.is_whitespace()
}

impl EnvFile {
    /// Reads the bytes of an env file.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvFileError> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
            EnvFileError { line: Some(line), problem: EnvProblem::NotUtf8 }
        })?;
        Self::read(Zeroizing::new(text.to_owned()))
    }

    fn read(text: Zeroizing<String>) -> Result<Self, EnvFileError> {
        let mut entries: Vec<Entry> = Vec::new();
        let (mut at, mut line) = (if text.starts_with('\u{feff}') { 3 } else { 0 }, 1);
        while at < text.len() {
            let rest = text[at..].trim_start_matches(is_blank);
            let mut end = line_end(&text, at);
            if !(rest.is_empty() || rest.starts_with(['\n', '#'])) {
                let entry = read_entry(&text, at, line)
                    .map_err(|problem| EnvFileError { line: Some(line), problem })?;
                end = entry.lines.end;
                entries.push(entry);
            }
            line += text[at..end].matches('\n').count();
            at = end;
        }
        Ok(Self { text, entries })
    }

    /// The value of a name. `None` where the name isn't there, has no value of its own (`NAME` alone), refers to other
    /// variables, or stands twice; see [`Self::check`].
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        let entry = self.one(name).ok()??;
        match &entry.value {
            Value::Known(value) => Some(value),
            Value::Unknown | Value::Inherited => None,
        }
    }

    /// All names, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// Whether the name is there, with whatever value.
    #[must_use]
    pub fn defines(&self, name: &str) -> bool {
        self.names().any(|other| other == name)
    }

    /// Whether the name stands alone, so that its value is that of the process.
    #[must_use]
    pub fn inherits(&self, name: &str) -> bool {
        self.one(name).is_ok_and(|entry| entry.is_some_and(|entry| entry.value == Value::Inherited))
    }

    /// Why the value of a name that is there is not known, if it isn't: in words that go behind the name of the file.
    #[must_use]
    pub fn why_unknown(&self, name: &str) -> Option<String> {
        match self.one(name) {
            Err(error) => Some(error.to_string()),
            Ok(Some(Entry { line, value: Value::Unknown, .. })) => Some(format!(
                "line {line}: the value of {name} refers to other variables, or readers take it in different ways"
            )),
            Ok(Some(Entry { line, value: Value::Inherited, .. })) => Some(format!(
                "line {line}: {name} stands alone, so it has the value of the environment, which does not set it here"
            )),
            Ok(_) => None,
        }
    }

    /// Fails where a name that is needed stands twice.
    pub fn check(&self, name: &str) -> Result<(), EnvFileError> {
        self.one(name).map(drop)
    }

    fn one(&self, name: &str) -> Result<Option<&Entry>, EnvFileError> {
        let mut found = self.entries.iter().filter(|entry| entry.name == name);
        match (found.next(), found.next()) {
            (Some(first), Some(second)) => Err(EnvFileError {
                line: Some(second.line),
                problem: EnvProblem::Twice { name: name.to_owned(), first: first.line },
            }),
            (entry, _) => Ok(entry),
        }
    }

    /// The text with this value for a name: in place of the one that is there, else as `NAME=value` on a line of its own
    /// at the end. Every other byte stays. Fails for a value that would need quotes.
    pub fn with(&self, name: &str, value: &str) -> Result<Zeroizing<String>, EnvFileError> {
        let fail = |problem| EnvFileError { line: None, problem };
        if !is_name(name) {
            return Err(fail(EnvProblem::Name(name.to_owned())));
        }
        if !needs_no_quotes(value) {
            return Err(fail(EnvProblem::Value(name.to_owned())));
        }
        let text = &*self.text;
        let (range, new) = match self.one(name)? {
            Some(Entry { value: Value::Inherited, written, .. }) => (written.clone(), wiped!("={value}")),
            Some(entry) => (entry.written.clone(), wiped!("{value}")),
            None => {
                let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
                let is_empty = text.trim_start_matches('\u{feff}').is_empty();
                let new = if is_empty || text.ends_with('\n') {
                    wiped!("{name}={value}{newline}")
                } else {
                    wiped!("{newline}{name}={value}")
                };
                (text.len()..text.len(), new)
            }
        };
        self.edited(range, &new, name, Some(value))
    }

    /// The text without a name. Every other byte stays.
    pub fn without(&self, name: &str) -> Result<Zeroizing<String>, EnvFileError> {
        let Some(entry) = self.one(name)? else { return Ok(self.text.clone()) };
        let mut range = entry.lines.clone();
        // The last line has no line break: that of the line before goes, so that the file ends as it did.
        if !self.text[range.clone()].ends_with('\n') {
            let before = &self.text[..range.start];
            let before = before.strip_suffix('\n').map_or(before, |b| b.strip_suffix('\r').unwrap_or(b));
            range.start = before.len();
        }
        self.edited(range, "", name, None)
    }

    /// Replaces bytes, and compares what the result reads with what was meant.
    fn edited(
        &self,
        range: Span,
        new: &str,
        name: &str,
        value: Option<&str>,
    ) -> Result<Zeroizing<String>, EnvFileError> {
        // Of the final size at once: a string that grows leaves its secrets behind in the memory it gives back.
        let mut text = Zeroizing::new(String::with_capacity(self.text.len() + new.len()));
        text.push_str(&self.text[..range.start]);
        text.push_str(new);
        text.push_str(&self.text[range.end..]);
        let result = Self::read(text)?;
        let others = |file: &Self| -> HashMap<String, usize> {
            let names = file.names().filter(|other| *other != name);
            names.fold(HashMap::new(), |mut all, name| {
                *all.entry(name.to_owned()).or_default() += 1;
                all
            })
        };
        let same = |entry: &Entry| {
            entry.name == name
                || result.entries.iter().any(|other| other.name == entry.name && other.value == entry.value)
        };
        if result.value(name) != value || others(self) != others(&result) || !self.entries.iter().all(same) {
            let problem = EnvProblem::ReadBack("it would not read back as meant");
            return Err(EnvFileError { line: None, problem });
        }
        Ok(result.text)
    }
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |n| at + n + 1)
}

/// Reads the entry that begins on this line.
fn read_entry(text: &str, start: usize, line: usize) -> Result<Entry, EnvProblem> {
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
    let entry =
        |written: Span, value, end| Entry { name: name.clone(), line, lines: start..end, written, value };
    match text[at..].chars().next() {
        None | Some('\n') => return Ok(entry(name_end..name_end, Value::Inherited, end)),
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
    Ok(entry(written, value, end))
}

fn skip_blank(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start_matches(is_blank).len()
}

/// The quote that ends what this one begins; behind a backslash it doesn't.
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

/// A value without quotes: up to the end of the line, or to a `#` behind white space.
fn unquoted(text: &str, after_sign: usize, begins: usize) -> (Span, Value) {
    let line = line_end(text, begins);
    let rest = &text[after_sign..line];
    let comment = rest.match_indices('#').map(|(at, _)| at).find(|at| rest[..*at].ends_with(is_blank));
    let end = after_sign + comment.unwrap_or(rest.len());
    let value = text[begins.min(end)..end].trim_end();
    if value.is_empty() {
        return (after_sign..after_sign, Value::Known(Zeroizing::default()));
    }
    (begins..begins + value.len(), without_references(value))
}

/// What stands between quotes, as Compose reads it.
fn quoted(inner: &str, quote: char) -> Value {
    let inner = Zeroizing::new(inner.replace("\r\n", "\n"));
    if quote == '\'' {
        return Value::Known(Zeroizing::new(inner.replace("\\'", "'")));
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
            Some('a' | 'b' | 'c' | 'f' | 'v' | '0') => return Value::Unknown,
            other => {
                read.push('\\');
                read.extend(other);
            }
        }
    }
    without_references(&read)
}

/// `$$` is a dollar sign; any other one begins a reference.
fn without_references(value: &str) -> Value {
    let parts = value.split("$$");
    if parts.clone().any(|part| part.contains('$')) {
        return Value::Unknown;
    }
    let mut read = Zeroizing::new(String::with_capacity(value.len()));
    for (number, part) in parts.enumerate() {
        if number > 0 {
            read.push('$');
        }
        read.push_str(part);
    }
    Value::Known(read)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
            ("A=1\nB='secret\nC=2\n", "line 2: the value of B begins with ' and does not end with it"),
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

    #[test]
    fn a_value_that_is_not_known_is_told_from_one_that_is_not_there() {
        let file = parse("A=1\nB=2\nA=3\nC=$B\nD\nE=\n");
        let why = |name| file.why_unknown(name).unwrap_or_default();
        assert!(why("A").starts_with("line 3: A stands here and on line 1"));
        assert!(why("C").starts_with("line 4: the value of C refers to other variables"));
        assert!(why("D").starts_with("line 5: D stands alone"));
        assert_eq!((why("B"), why("E"), why("F")), (String::new(), String::new(), String::new()));
        assert!(file.inherits("D") && !file.inherits("E") && !file.inherits("F"));
    }

    #[test]
    fn a_name_that_stands_twice_matters_where_it_is_needed() {
        let file = parse("A=1\nB=2\nA=3\n");
        let said =
            "line 3: A stands here and on line 1, so readers may differ on its value. Leave one of them";
        assert_eq!((file.value("A"), file.value("B")), (None, Some("2")));
        assert_eq!(file.check("A").unwrap_err().to_string(), said);
        assert_eq!(file.with("A", "4").unwrap_err().to_string(), said);
        assert_eq!(file.without("A").unwrap_err().to_string(), said);
        assert_eq!(file.with("B", "4").unwrap().as_str(), "A=1\nB=4\nA=3\n");
        assert_eq!(file.check("B"), Ok(()));
    }

    #[test]
    fn edits_leave_every_other_byte() {
        for (text, with, without) in [
            ("", "A=x\n", ""),
            ("\u{feff}", "\u{feff}A=x\n", "\u{feff}"),
            ("B=1", "B=1\nA=x", "B=1"),
            ("B=1\r\n", "B=1\r\nA=x\r\n", "B=1\r\n"),
            ("A=1", "A=x", ""),
            ("B=1\r\nA=2", "B=1\r\nA=x", "B=1"),
            ("export A='1' # c\nB=2\n", "export A=x # c\nB=2\n", "B=2\n"),
            ("A = \"1\n2\"\r\n# end", "A = x\r\n# end", "# end"),
            ("A= # fill in\n", "A=x # fill in\n", ""),
            ("A\nB=1\n", "A=x\nB=1\n", "B=1\n"),
            ("A=$B\nB=1\n", "A=x\nB=1\n", "B=1\n"),
        ] {
            assert_eq!(parse(text).with("A", "x").unwrap().as_str(), with, "{text:?}");
            assert_eq!(parse(text).without("A").unwrap().as_str(), without, "{text:?}");
        }
    }

    #[test]
    fn only_what_all_readers_take_alike_is_written() {
        for value in ["a b", "a#b", "$a", "'a", "a\nb", "a\\b"] {
            let error = parse("").with("A", value).unwrap_err();
            assert_eq!(error.problem, EnvProblem::Value("A".to_owned()), "{value}");
        }
        for name in ["", "1A", "A-B", "A B", "Ä"] {
            let error = parse("").with(name, "a").unwrap_err();
            assert_eq!(error.problem, EnvProblem::Name(name.to_owned()));
        }
    }

    fn line() -> impl Strategy<Value = String> {
        prop_oneof![
            Just(String::new()),
            "# [a-z ='\"]{0,8}",
            "(export )?[A-D] ?= ?[a-zA-Z0-9_=-]{0,6}( # [a-z]{0,4})?",
            "[A-D]='[a-z #\n]{0,6}'",
            "[A-D]=\"[a-z #\n]{0,6}(\\\\\"|\\\\n)?\" # [a-z]",
            "[A-D]: [a-z]{1,3}",
            "[A-D]",
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_and_all_else_stays(
            lines in proptest::collection::vec(line(), 0..6),
            newline in prop_oneof![Just("\n"), Just("\r\n")],
            ends in any::<bool>(),
            bom in any::<bool>(),
            value in "[A-Za-z0-9_-]{0,43}",
        ) {
            let mut text = lines.join(newline);
            if ends { text.push_str(newline); }
            if bom { text.insert(0, '\u{feff}'); }
            let file = parse(&text);
            let Ok(new) = file.with("D", &value) else {
                prop_assert!(file.check("D").is_err());
                return Ok(());
            };
            let after = parse(&new);
            prop_assert_eq!(after.value("D"), Some(value.as_str()));
            for name in ["A", "B", "C"] {
                prop_assert_eq!(after.value(name), file.value(name));
            }
            if file.defines("D") {
                // Written and taken away again, both ways leave the same rest.
                prop_assert_eq!(after.without("D").unwrap(), file.without("D").unwrap());
            } else {
                prop_assert!(new.starts_with(&text));
                prop_assert_eq!(new[text.len()..].trim(), format!("D={value}"));
                let without = after.without("D").unwrap();
                prop_assert_eq!(without.as_str(), text.as_str());
            }
        }
    }
}
