//! Colours. The streams drop them where there is no terminal, or `NO_COLOR` is set.

use std::fmt::{Display, Write as _};

use anstyle::{AnsiColor, Style};

use crate::base::text::{Printable, wrap};
use crate::explain::{Sign, Steps};
use crate::redact::{DiffLine, LineKind};

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

/// A line about a key or a file, coloured by its sign.
pub(crate) fn event_line(sign: Sign, text: impl Display) -> String {
    let style = match sign {
        Sign::Added => GREEN,
        Sign::Removed | Sign::Danger => RED,
        Sign::Changed | Sign::Same | Sign::Unknown => YELLOW,
    };
    paint(style, format_args!("{} {text}", sign.char()))
}

/// What went wrong, behind its word.
pub(crate) fn error_line(error: &impl Display) -> String {
    format!("{} {}", paint(RED, paint(BOLD, "error:")), calm(error))
}

/// Lines of which nothing steers the terminal, whatever the names in them hold: these come from files and arguments.
fn calm(text: &impl Display) -> String {
    let text = text.to_string();
    let lines: Vec<_> = text.split('\n').map(|line| Printable(line).to_string()).collect();
    lines.join("\n")
}

/// What is dangerous, behind its word.
pub(crate) fn warning_line(warning: &impl Display) -> String {
    format!("{} {}", paint(YELLOW, "warning:"), calm(warning))
}

/// Where nobody says how wide a line may be.
const WIDTH: u16 = 80;

/// What the number of a step takes.
const STEP_INDENT: usize = 5;

/// Numbered steps, each with its commands. Text is wrapped at the terminal's width; commands stay whole, to be copied.
pub(crate) fn steps(steps: &Steps, title: &str, width: Option<u16>) -> String {
    let width = usize::from(width.unwrap_or(WIDTH));
    let mut text = format!("\n{}\n", paint(BOLD, title));
    for (number, step) in steps.list.iter().enumerate() {
        let end = if step.commands.is_empty() { "." } else { ":" };
        let message = format!("{}{end}", step.message(steps));
        for (line, part) in wrap(&message, width.saturating_sub(STEP_INDENT).max(20)).iter().enumerate() {
            let lead = if line == 0 { format!("{:>3}. ", number + 1) } else { " ".repeat(STEP_INDENT) };
            // Writing to a string can't fail.
            let _ = writeln!(text, "{lead}{part}");
        }
        for command in &step.commands {
            for line in command.to_string().lines() {
                let _ = writeln!(text, "       {line}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::calm;

    #[test]
    fn nothing_in_an_error_steers_the_terminal() {
        assert_eq!(calm(&"a\u{1b}[2J\nb\u{202e}c"), "a\\u{1b}[2J\nb\\u{202e}c");
    }
}
