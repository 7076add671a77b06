//! Findings for a pull-request comment or a job summary.

use std::fmt::Write as _;

use super::{FindingsReport, Shown};
use crate::rules::Severity;

pub(super) fn write(report: &FindingsReport) -> String {
    let mut text = String::new();
    let title = if report.command == "check" {
        "PowerSync keys: check"
    } else {
        "PowerSync keys: what this change means"
    };
    // Writing to a string can't fail.
    let _ = writeln!(text, "## {title}\n\n{}", escape(&report.summary()).replace('\n', "\n\n"));
    for file in &report.files {
        if let Some(failure) = &file.failure {
            let _ = writeln!(text, "\n### {}\n\n:x: {}", code(&file.name), escape(failure));
            continue;
        }
        if file.findings.is_empty() && file.change.is_none() {
            continue;
        }
        let _ = writeln!(text, "\n### {}", code(&file.name));
        if let Some(change) = &file.change {
            text.push('\n');
            let events = change.events.iter().map(|event| event.message(report.now).to_string());
            for line in events.chain(change.not_compared.iter().map(ToString::to_string)) {
                let _ = writeln!(text, "- {}", escape(&line));
            }
            if change.diff.is_empty() {
                let _ = writeln!(text, "No change visible in this file.");
            }
        }
        if !file.findings.is_empty() {
            text.push_str("\n| | where | what | what to do |\n| --- | --- | --- | --- |\n");
        }
        for finding in &file.findings {
            row(finding, &mut text);
        }
        if let Some(change) = &file.change {
            if !change.steps.list.is_empty() {
                let errors = file.findings.iter().any(|finding| finding.severity == Severity::Error);
                let title = if errors { "If it is merged as it is" } else { "What to do once it is merged" };
                let _ = writeln!(text, "\n**{title}**\n");
            }
            for (number, step) in change.steps.list.iter().enumerate() {
                let _ =
                    writeln!(text, "{}. {}", number + 1, escape(&step.message(&change.steps).to_string()));
                for command in &step.commands {
                    let _ = writeln!(text, "   - {}", code(&command.to_string()));
                }
            }
            if !change.diff.is_empty() {
                let lines: Vec<&str> = change.diff.iter().map(|line| line.text.as_str()).collect();
                let fence = fence(&lines);
                let _ = writeln!(
                    text,
                    "\n<details><summary>The text, without secrets</summary>\n\n{fence}diff\n{}\n{fence}\n\n</details>",
                    lines.join("\n")
                );
            }
        }
    }
    text
}

fn row(finding: &Shown, text: &mut String) {
    let sign = match finding.severity {
        Severity::Error => ":x:",
        Severity::Warning => ":warning:",
        Severity::Info => ":information_source:",
    };
    let place = finding
        .place
        .as_ref()
        .map_or_else(|| "the file".to_owned(), |place| format!("line {}", place.start.line));
    let _ = writeln!(
        text,
        "| {sign} | {place} | {}: {} | {} |",
        code(finding.rule.id),
        escape(&finding.message.to_string()),
        escape(&finding.help.to_string())
    );
}

/// Text that Markdown shows as it is; what is between backticks stays code.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            escaped.push_str(&code(part));
            continue;
        }
        for c in part.chars() {
            match c {
                '<' => escaped.push_str("&lt;"),
                '>' => escaped.push_str("&gt;"),
                '&' => escaped.push_str("&amp;"),
                // Names of people would be told.
                '@' => escaped.push_str("&#64;"),
                '\\' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' => {
                    escaped.push('\\');
                    escaped.push(c);
                }
                c => escaped.push(c),
            }
        }
    }
    escaped
}

/// Text as code, also in a table.
fn code(text: &str) -> String {
    let fence = "`".repeat(text.split(|c| c != '`').map(str::len).max().unwrap_or(0) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{}{pad}{fence}", text.replace('|', "\\|").replace('\n', " "))
}

/// A fence that no line of the text ends.
fn fence(lines: &[&str]) -> String {
    let longest = lines.iter().map(|line| line.split(|c| c != '~').map(str::len).max().unwrap_or(0)).max();
    "~".repeat(longest.unwrap_or(0).max(2) + 1)
}
