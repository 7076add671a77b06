//! Commands for people to copy.

use std::fmt;

use serde::{Serialize, Serializer};

use super::text::{Printable, has_command, is_unsafe};

/// A command, as a program and its arguments. It is shown as a shell reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommandLine {
    parts: Vec<Part>,
    note: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// A word, quoted where a shell would read it as anything else.
    Word(String),
    /// A placeholder, an operator of the shell, or a line of another file.
    Verbatim(String),
    /// The command goes on in the next line.
    Break,
}

impl CommandLine {
    /// A command without arguments yet.
    pub(crate) fn new(program: &str) -> Self {
        Self { parts: vec![Part::Word(program.to_owned())], note: None }
    }

    /// A line to copy that is no command.
    pub(crate) fn snippet(text: String) -> Self {
        Self { parts: vec![Part::Verbatim(text)], note: None }
    }

    /// With one more argument.
    pub(crate) fn arg(mut self, word: impl Into<String>) -> Self {
        self.parts.push(Part::Word(word.into()));
        self
    }

    /// With more arguments.
    pub(crate) fn args<W: Into<String>>(self, words: impl IntoIterator<Item = W>) -> Self {
        words.into_iter().fold(self, Self::arg)
    }

    /// With text for the shell itself, or for a person to replace.
    pub(crate) fn verbatim(mut self, text: impl Into<String>) -> Self {
        self.parts.push(Part::Verbatim(text.into()));
        self
    }

    /// Continued in the next line.
    pub(crate) fn next_line(mut self) -> Self {
        self.parts.push(Part::Break);
        self
    }

    /// With a comment behind it.
    pub(crate) fn note(self, note: &'static str) -> Self {
        Self { note: Some(note), ..self }
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut gap = "";
        for part in &self.parts {
            f.write_str(gap)?;
            gap = " ";
            match part {
                // As it is shown it wouldn't be what it is: left for the person to fill in.
                Part::Word(word) if word.contains(is_unsafe) || has_command(word) => f.write_str("…")?,
                Part::Word(word) => Printable(&shell_word(word)).fmt(f)?,
                Part::Verbatim(text) => Printable(text).fmt(f)?,
                Part::Break => f.write_str("\\\n ")?,
            }
        }
        self.note.map_or(Ok(()), |note| write!(f, "   # {note}"))
    }
}

impl Serialize for CommandLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A word as a shell takes it.
pub(crate) fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./+:@,=".contains(c);
    if !word.is_empty() && !word.starts_with('=') && word.chars().all(plain) {
        return word.to_owned();
    }
    // The only text that can't be quoted has a NUL, which no argument has.
    shlex::try_quote(word).map_or_else(|_| "…".to_owned(), std::borrow::Cow::into_owned)
}

/// Whether a name from a file of somebody else can be an argument without quotes, and is no option.
pub(crate) fn is_plain_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::CommandLine;

    #[test]
    fn what_cannot_be_shown_is_left_out_of_a_command() {
        let command = CommandLine::new("tool").arg("a\u{202e}b").arg("$(id)").arg("a`id`").arg("::x");
        assert_eq!(command.to_string(), "tool … '$(id)' 'a`id`' …");
    }

    #[test]
    fn a_command_is_shown_as_a_shell_reads_it() {
        let command =
            CommandLine::new("tool").arg("-c").arg("it's a file").arg("").verbatim("…").next_line().arg("b");
        assert_eq!(command.note("why").to_string(), "tool -c \"it's a file\" '' … \\\n  b   # why");
    }
}
