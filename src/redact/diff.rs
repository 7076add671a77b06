//! The text that changes, as a unified diff without secrets.

use similar::{ChangeTag, TextDiff};

use super::redactor::Redactor;
use crate::base::text::Printable;
use crate::config::Config;

/// What a line of a diff is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// `---` or `+++` and the file's name.
    File,
    /// `@@ … @@`
    Hunk,
    /// In both texts.
    Same,
    /// In the old one only.
    Removed,
    /// In the new one only.
    Added,
}

/// One line of a diff, with its sign, without its line break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    /// What it is.
    pub kind: LineKind,
    /// The line.
    pub text: String,
}

/// The unified diff of two configs, with three lines of context. Empty where they are the same.
#[must_use]
pub fn text_diff(
    redactor: &mut Redactor,
    old: Option<&Config<'_>>,
    new: Option<&Config<'_>>,
    name: &str,
) -> Vec<DiffLine> {
    redactor.compare([old, new].into_iter().flatten());
    let mut mark =
        |config: Option<&Config<'_>>| config.map_or_else(String::new, |config| redactor.mark(config));
    let (old, new) = (mark(old), mark(new));
    let diff = TextDiff::from_lines(&old, &new);
    let mut lines = Vec::new();
    let mut push = |kind, text: String| lines.push(DiffLine { kind, text });
    for (index, hunk) in diff.unified_diff().context_radius(3).iter_hunks().enumerate() {
        if index == 0 {
            push(LineKind::File, format!("--- {}", Printable(name)));
            push(LineKind::File, format!("+++ {}", Printable(name)));
        }
        push(LineKind::Hunk, hunk.header().to_string());
        for change in hunk.iter_changes() {
            let kind = match change.tag() {
                ChangeTag::Equal => LineKind::Same,
                ChangeTag::Delete => LineKind::Removed,
                ChangeTag::Insert => LineKind::Added,
            };
            let line = redactor.show(change.value());
            let line = line.trim_end_matches(['\n', '\r']).trim_start_matches('\u{feff}');
            // Tabs are shown as they are.
            let parts: Vec<String> = line.split('\t').map(|part| Printable(part).to_string()).collect();
            push(kind, format!("{}{}", change.tag(), parts.join("\t")));
            if change.missing_newline() {
                push(LineKind::Same, "\\ No newline at end of file".to_owned());
            }
        }
    }
    lines
}

/// A line of an env file that is written or goes. Of the lines around it nothing is shown: they may hold secrets, too.
#[derive(Clone, Copy)]
pub(crate) struct EnvLine<'a> {
    /// Whether it is written.
    pub added: bool,
    /// The variable.
    pub name: &'a str,
    /// Its value, where it is known.
    pub value: Option<&'a str>,
}

/// What changes in an env file.
pub(crate) fn env_diff(redactor: &mut Redactor, lines: &[EnvLine<'_>], file: &str) -> Vec<DiffLine> {
    let head = |sign| DiffLine { kind: LineKind::File, text: format!("{sign} {}", Printable(file)) };
    let mut diff = vec![head("---"), head("+++")];
    diff.extend(lines.iter().map(|line| {
        let (sign, kind) = if line.added { ('+', LineKind::Added) } else { ('-', LineKind::Removed) };
        let value = line.value.map_or_else(|| "…".to_owned(), |value| redactor.word(value));
        DiffLine { kind, text: format!("{sign}{}={value}", Printable(line.name)) }
    }));
    diff
}
