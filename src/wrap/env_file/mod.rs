//! Env files (`.env`): names and values, and edits that leave every other byte alone.
//!
//! Readers agree on `NAME=value`, `export NAME=value`, whole-line comments, and values in quotes without escapes. Where
//! they differ, a value is read as Compose reads it: ` #` ends a value without quotes, `\n` and the like count in
//! double quotes only, both kinds of quotes may hold line breaks, and `$$` is a dollar sign. A value that refers to
//! other variables (`$NAME`) is not known here. `docker run --env-file` takes quotes and comments as part of the value.
//! What is written here needs no quotes, so that every reader reads it alike.

mod error;
mod no_store;
mod read;
mod readers;

use std::collections::HashMap;

use zeroize::Zeroizing;

pub(crate) use self::error::{EnvFileError, EnvProblem};
pub(crate) use self::no_store::NoStore;
use self::read::{AssignedValue, Assignment, assignments};
use crate::base::secret_string::secret_string;
use crate::config::Span;

/// An env file that was read. Not `Debug`: it holds secrets.
#[derive(Clone)]
pub struct EnvFile {
    text: Zeroizing<String>,
    /// In the order of the file.
    assignments: Vec<Assignment>,
    /// Their indices, by name and then by place.
    by_name: Vec<usize>,
}

/// Whether a variable may have this name in every reader: a letter or `_`, then letters, digits and `_`.
#[must_use]
pub(crate) fn is_name(name: &str) -> bool {
    let word = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
    name.bytes().all(word) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// Whether every reader takes this text as it is, without quotes.
#[must_use]
pub(crate) fn needs_no_quotes(value: &str) -> bool {
    value.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_=+/.:,@%~?&!*;".contains(&c))
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
        let assignments = assignments(&text)?;
        let mut by_name: Vec<usize> = (0..assignments.len()).collect();
        by_name.sort_by_key(|at| &assignments[*at].name);
        Ok(Self { text, assignments, by_name })
    }

    /// The value of a name. `None` where the name isn't there, has no value of its own (`NAME` alone), refers to other
    /// variables, or is set twice; see [`Self::check`].
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        match &self.one(name).ok()??.value {
            AssignedValue::Known(value) => Some(value),
            AssignedValue::Unknown | AssignedValue::Inherited => None,
        }
    }

    /// Where the value of a name is written, without quotes. `None` where it has none that is known.
    #[must_use]
    pub(crate) fn written(&self, name: &str) -> Option<Span> {
        let assignment = self.one(name).ok()?.filter(|one| matches!(one.value, AssignedValue::Known(_)))?;
        let Span { start, end } = assignment.written.clone();
        let quotes = usize::from(self.text[start..end].starts_with(['"', '\'']));
        Some(start + quotes..end - quotes)
    }

    /// All names, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.assignments.iter().map(|assignment| assignment.name.as_str())
    }

    /// Whether the name is there, with whatever value.
    #[must_use]
    pub fn defines(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// Whether the name has no value here, so that it has that of the process.
    #[must_use]
    pub(crate) fn inherits(&self, name: &str) -> bool {
        matches!(self.one(name), Ok(Some(Assignment { value: AssignedValue::Inherited, .. })))
    }

    /// Why the value of a name that is there is not known, if it isn't.
    #[must_use]
    pub(crate) fn why_unknown(&self, name: &str) -> Option<EnvFileError> {
        let assignment = match self.one(name) {
            Ok(assignment) => assignment?,
            Err(error) => return Some(error),
        };
        let problem = match assignment.value {
            AssignedValue::Known(_) => return None,
            AssignedValue::Unknown => EnvProblem::Unclear(name.to_owned()),
            AssignedValue::Inherited => EnvProblem::Inherited(name.to_owned()),
        };
        Some(EnvFileError { line: Some(assignment.line), problem })
    }

    /// Fails where a name that is needed is set twice.
    pub fn check(&self, name: &str) -> Result<(), EnvFileError> {
        self.one(name).map(drop)
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &Assignment> {
        let first = self.by_name.partition_point(|at| *self.assignments[*at].name < *name);
        let from_first = self.by_name[first..].iter().map(|at| &self.assignments[*at]);
        from_first.take_while(move |assignment| assignment.name == name)
    }

    fn one(&self, name: &str) -> Result<Option<&Assignment>, EnvFileError> {
        let mut found = self.all(name);
        match (found.next(), found.next()) {
            (Some(first), Some(second)) => Err(EnvFileError {
                line: Some(second.line),
                problem: EnvProblem::Duplicate { name: name.to_owned(), first: first.line },
            }),
            (assignment, _) => Ok(assignment),
        }
    }

    /// The text with this value for a name: see [`Self::with_all`].
    pub fn with(&self, name: &str, value: &str) -> Result<Zeroizing<String>, EnvFileError> {
        self.with_all(&[(name, value)])
    }

    /// The text with these values: each in place of the one that is there, else as `NAME=value` on a line of its own at
    /// the end. Every other byte stays. Fails for a value that would need quotes.
    pub(crate) fn with_all(&self, values: &[(&str, &str)]) -> Result<Zeroizing<String>, EnvFileError> {
        let fail = |problem| Err(EnvFileError { line: None, problem });
        let text = &*self.text;
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let is_open = self.is_open();
        let mut splices = Vec::with_capacity(values.len());
        for (name, value) in values {
            if !is_name(name) {
                return fail(EnvProblem::Name((*name).to_owned()));
            }
            if !needs_no_quotes(value) {
                return fail(EnvProblem::Value((*name).to_owned()));
            }
            splices.push(match self.one(name)? {
                Some(Assignment { value: AssignedValue::Inherited, written, .. }) => {
                    (written.clone(), secret_string!("={value}"))
                }
                Some(assignment) => (assignment.written.clone(), secret_string!("{value}")),
                None if is_open => (text.len()..text.len(), secret_string!("{newline}{name}={value}")),
                None => (text.len()..text.len(), secret_string!("{name}={value}{newline}")),
            });
        }
        self.edited(splices, &values.iter().map(|(name, value)| (*name, Some(*value))).collect())
    }

    /// The text without a name: see [`Self::without_all`].
    pub fn without(&self, name: &str) -> Result<Zeroizing<String>, EnvFileError> {
        self.without_all([name])
    }

    /// The text without these names. Every other byte stays.
    pub(crate) fn without_all<'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<Zeroizing<String>, EnvFileError> {
        let mut splices = Vec::new();
        let mut changed = HashMap::new();
        for name in names {
            let assignment = self.one(name)?;
            if changed.insert(name, None).is_none() {
                splices.extend(assignment.map(|there| (there.lines.clone(), Zeroizing::default())));
            }
        }
        self.edited(splices, &changed)
    }

    /// Replaces bytes, and compares what the result reads with what was meant.
    fn edited(
        &self,
        mut splices: Vec<(Span, Zeroizing<String>)>,
        changed: &HashMap<&str, Option<&str>>,
    ) -> Result<Zeroizing<String>, EnvFileError> {
        splices.sort_by_key(|(range, _)| range.start);
        // Of the final size at once: a string that grows leaves its secrets behind in the memory it gives back.
        let added: usize = splices.iter().map(|(_, new)| new.len()).sum();
        let mut text = Zeroizing::new(String::with_capacity(self.text.len() + added));
        let mut from = 0;
        for (range, new) in &splices {
            text.push_str(&self.text[from..range.start]);
            text.push_str(new);
            from = range.end;
        }
        text.push_str(&self.text[from..]);
        // Where the last line is gone and had no line break, that of the line before goes, so that the file ends as it did.
        if self.is_open() && text.ends_with('\n') {
            text.pop();
            if text.ends_with('\r') {
                text.pop();
            }
        }
        let result = Self::read(text)?;
        let as_meant = changed.iter().all(|(name, value)| match value {
            Some(value) => result.value(name) == Some(value),
            None => !result.defines(name),
        });
        if !as_meant || self.others(changed).ne(result.others(changed)) {
            return Err(EnvFileError { line: None, problem: EnvProblem::ReadBack });
        }
        Ok(result.text)
    }

    /// Whether the last line has no line break.
    fn is_open(&self) -> bool {
        !self.text.ends_with('\n') && !self.text.trim_start_matches('\u{feff}').is_empty()
    }

    /// What all others are set to, in the order of the file.
    fn others(&self, changed: &HashMap<&str, Option<&str>>) -> impl Iterator<Item = (&str, &AssignedValue)> {
        let all = self.assignments.iter().map(|assignment| (assignment.name.as_str(), &assignment.value));
        all.filter(|(name, _)| !changed.contains_key(name))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> EnvFile {
        EnvFile::parse(text.as_bytes()).map_err(|error| error.to_string()).unwrap()
    }

    #[test]
    fn a_value_that_is_not_known_is_told_from_one_that_is_not_there() {
        let file = parse("A=1\nB=2\nA=3\nC=$B\nD\nE=\n");
        let why = |name| file.why_unknown(name).map_or_else(String::new, |why| why.to_string());
        assert!(why("A").starts_with("line 3: A is set here and on line 1"));
        assert!(why("C").starts_with("line 4: the value of C refers to other variables"));
        assert!(why("D").starts_with("line 5: D has no value here"));
        assert_eq!((why("B"), why("E"), why("F")), (String::new(), String::new(), String::new()));
        assert!(file.inherits("D") && !file.inherits("E") && !file.inherits("F"));
    }

    #[test]
    fn a_name_that_is_set_twice_matters_where_it_is_needed() {
        let file = parse("A=1\nB=2\nA=3\n");
        let said =
            "line 3: A is set here and on line 1, so readers may disagree on its value. Keep one of them";
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

    #[test]
    fn many_edits_at_once_are_as_one_after_another() {
        for (text, with, without) in [
            ("", "A=x\nC=y\n", ""),
            ("A=1\nB=2\nC=3", "A=x\nB=2\nC=y", "B=2"),
            ("B=1\r\nA=1\r\nC=2", "B=1\r\nA=x\r\nC=y", "B=1"),
            ("B=1", "B=1\nA=x\nC=y", "B=1"),
            ("C=1\nA", "C=y\nA=x", ""),
        ] {
            let file = parse(text);
            assert_eq!(file.with_all(&[("A", "x"), ("C", "y")]).unwrap().as_str(), with, "{text:?}");
            assert_eq!(file.without_all(["C", "A", "C"]).unwrap().as_str(), without, "{text:?}");
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
