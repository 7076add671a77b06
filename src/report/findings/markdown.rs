//! Findings for a pull-request comment or a job summary.

use std::fmt::Write as _;

use super::{FindingsReport, Shown};
use crate::base::text::Printable;
use crate::report::markup::{LONGEST_COMMENT, code, cut, fence, inline};
use crate::rules::Severity;

pub(super) fn write(report: &FindingsReport) -> String {
    // The texts of the changes take what room is left.
    let without = all(report, 0).len();
    let text = all(report, LONGEST_COMMENT.saturating_sub(without));
    if text.len() <= LONGEST_COMMENT {
        return text;
    }
    let lines: Vec<&str> = text.lines().collect();
    let (kept, rest) = cut(&lines, LONGEST_COMMENT);
    format!(
        "{}\n\nThe report is cut: {rest} lines don't fit here. `--format human` prints all of it.\n",
        kept.join("\n")
    )
}

/// The report, with so many bytes of the texts that change.
fn all(report: &FindingsReport, mut room: usize) -> String {
    let mut text = String::new();
    let title = if report.command == "check" {
        "PowerSync keys: check"
    } else {
        "PowerSync keys: what this change means"
    };
    // Writing to a string can't fail.
    let _ = writeln!(
        text,
        "## {title}\n\n{}",
        report.summary().lines().map(inline).collect::<Vec<_>>().join("\n\n")
    );
    for file in &report.files {
        if let Some(failure) = &file.failure {
            let _ = writeln!(
                text,
                "\n### {}\n\n:x: {}",
                code(&Printable(&file.name).to_string()),
                inline(failure)
            );
            continue;
        }
        if file.findings.is_empty() && file.change.is_none() {
            continue;
        }
        let _ = writeln!(text, "\n### {}", code(&Printable(&file.name).to_string()));
        if let Some(change) = &file.change {
            text.push('\n');
            let events = change.events.iter().map(|event| event.message(report.now).to_string());
            for line in events.chain(change.not_compared.iter().map(ToString::to_string)) {
                let _ = writeln!(text, "- {}", inline(&line));
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
                    writeln!(text, "{}. {}", number + 1, inline(&step.message(&change.steps).to_string()));
                for command in &step.commands {
                    let _ = writeln!(text, "   - {}", code(&command.to_string()));
                }
            }
            if !change.diff.is_empty() {
                let lines: Vec<&str> = change.diff.iter().map(|line| line.text.as_str()).collect();
                let (kept, rest) = cut(&lines, room);
                room = room.saturating_sub(kept.iter().map(|line| line.len() + 1).sum());
                let fence = fence(&kept);
                let note =
                    if rest > 0 { format!("\n{rest} more lines don't fit here.\n") } else { String::new() };
                let _ = writeln!(
                    text,
                    "\n<details><summary>The text, without secrets</summary>\n\n{fence}diff\n{}\n{fence}\n{note}\n</details>",
                    kept.join("\n")
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
        inline(&finding.message.to_string()),
        inline(&finding.help.to_string())
    );
}
