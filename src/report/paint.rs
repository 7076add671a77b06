//! Colours. The streams drop them where there is no terminal, or `NO_COLOR` is set.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

use crate::review::{DiffLine, LineKind};

/// Text in a style.
pub(crate) fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
pub(crate) const RED: Style = AnsiColor::Red.on_default();
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(crate) const CYAN: Style = AnsiColor::Cyan.on_default();

/// A line of a diff, coloured as people know it.
pub(crate) fn diff_line(line: &DiffLine) -> String {
    let style = match line.kind {
        LineKind::File => BOLD,
        LineKind::Hunk => CYAN,
        LineKind::Same => return line.text.clone(),
        LineKind::Removed => RED,
        LineKind::Added => GREEN,
    };
    paint(style, &line.text)
}

/// A line about a key, coloured by its sign.
pub(crate) fn event_line(text: &str) -> String {
    let style = match text.chars().next() {
        Some('+') => GREEN,
        Some('-' | '!') => RED,
        _ => YELLOW,
    };
    paint(style, text)
}

/// What went wrong, behind its word.
pub(crate) fn error_line(error: &impl Display) -> String {
    format!("{} {error}", paint(RED, paint(BOLD, "error:")))
}

/// What is dangerous, behind its word.
pub(crate) fn warning_line(warning: &impl Display) -> String {
    format!("{} {warning}", paint(YELLOW, "warning:"))
}
