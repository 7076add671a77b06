//! The text that changes, as a unified diff without secrets.

use similar::{ChangeTag, TextDiff};

use super::redact::Redactor;
use crate::config::Config;
use crate::display::Printable;

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
pub fn text_diff(old: &Config<'_>, new: &Config<'_>, name: &str) -> Vec<DiffLine> {
    text_diff_with(&mut Redactor::default(), Some(old), Some(new), name)
}

/// The same beside other text with the same numbers for secrets. `None`: there is no such text.
#[must_use]
pub fn text_diff_with(
    redactor: &mut Redactor,
    old: Option<&Config<'_>>,
    new: Option<&Config<'_>>,
    name: &str,
) -> Vec<DiffLine> {
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
