//! Findings for a pull-request comment or a job summary.

use std::fmt::Write as _;

use super::verdict::line;
use super::{ChangeReport, FileReport, FindingsReport, Shown};
use crate::base::command_line::CommandLine;
use crate::base::text::Printable;
use crate::explain::{Verdict, VerdictKind};
use crate::rules::Severity;

/// Names the comment, so that the next run finds it and writes over it.
const MARKER: &str = "<!-- powersync-jwks -->";

pub(super) fn write(report: &FindingsReport) -> String {
    let verdict = report.verdict();
    // Writing to a string can't fail.
    let mut text = format!("{MARKER}\n## {}\n", escape(&verdict.message().to_string()));
    if let Some(file) = verdict.worst {
        what_to_do(&file.verdict, &mut text);
    }
    for file in &report.files {
        write_file(file, report, &mut text);
    }
    let _ = writeln!(text, "\n<sub>{}</sub>", escape(&report.summary()).replace('\n', "<br>"));
    text
}

/// What to do where the verdict isn't good, right below it.
fn what_to_do(verdict: &Verdict, text: &mut String) {
    let is_grave = matches!(
        verdict.kind,
        VerdictKind::WontStart | VerdictKind::LetsIn | VerdictKind::LocksOut | VerdictKind::ActFirst
    );
    if let Some(remedy) = verdict.remedy.as_ref().filter(|_| is_grave) {
        let word = if verdict.kind == VerdictKind::ActFirst { "First" } else { "Instead" };
        let _ = writeln!(text, "\n**{word}:** {}", escape(&remedy.to_string()));
        commands(verdict.command.as_slice(), "", text);
    }
}

fn write_file(file: &FileReport, report: &FindingsReport, text: &mut String) {
    if file.findings.is_empty() && file.change.is_none() && file.failure.is_none() {
        return;
    }
    let _ = write!(text, "\n### {}", code(&file.name));
    if let Some(change) = &file.change {
        let _ = write!(text, " ({} → {})", escape(&change.from), escape(&change.to));
    }
    text.push('\n');
    if report.files.len() > 1 {
        let _ = writeln!(text, "\n{}", escape(&line(&file.verdict, report).to_string()));
    }
    if let Some(failure) = &file.failure {
        let _ = writeln!(text, "\n:x: {}", escape(failure));
        return;
    }
    if let Some(change) = &file.change {
        write_events(change, report, text);
    }
    if !file.findings.is_empty() {
        text.push('\n');
    }
    // What to do about the worst is told above.
    let is_worst = report.verdict().worst.is_some_and(|worst| std::ptr::eq(worst, file));
    let mut told = file.verdict.because.first().copied().filter(|_| is_worst);
    for finding in &file.findings {
        let is_told = told.take_if(|rule| *rule == finding.rule.id).is_some();
        write_finding(finding, if is_told { Advice::Above } else { Advice::Here }, text);
    }
    if let Some(change) = &file.change {
        let errors = file.findings.iter().any(|finding| finding.severity == Severity::Error);
        write_steps(change, errors.then_some("If it is merged as it is"), text);
        write_diff(change, text);
        if file.dated_change().is_some() {
            let _ = writeln!(text, "\n<sub>{}.</sub>", escape(&change.assumed.message().to_string()));
        }
    }
}

fn write_events(change: &ChangeReport, report: &FindingsReport, text: &mut String) {
    let events = change.events.iter().map(|event| event.message(report.now).to_string());
    let unseen = change.not_compared.iter().map(ToString::to_string);
    let before = change.before.message().map(|line| line.to_string());
    let lines: Vec<String> = events.chain(unseen).chain(before).collect();
    if !lines.is_empty() {
        text.push('\n');
    }
    for line in lines {
        let _ = writeln!(text, "- {}", escape(&line));
    }
}

/// Where it is said what to do about a finding.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Advice {
    Above,
    Here,
}

fn write_finding(finding: &Shown, advice: Advice, text: &mut String) {
    let sign = match finding.severity {
        Severity::Error => ":x:",
        Severity::Warning => ":warning:",
        Severity::Info => ":information_source:",
    };
    let place =
        finding.place.as_ref().map_or_else(String::new, |place| format!(" (line {})", place.start.line));
    let (rule, message) = (code(finding.rule.id), escape(&finding.message.to_string()));
    if advice == Advice::Above {
        let _ = writeln!(text, "- {sign} {rule}{place}: {message}.");
        return;
    }
    let _ = writeln!(text, "- {sign} {rule}{place}: {message}. {}", escape(&finding.help.to_string()));
    commands(&finding.commands, "  ", text);
}

fn write_steps(change: &ChangeReport, title: Option<&str>, text: &mut String) {
    if change.steps.list.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n**{}**\n", title.unwrap_or("What to do once it is merged"));
    for (number, step) in change.steps.list.iter().enumerate() {
        let _ = writeln!(text, "{}. {}", number + 1, escape(&step.message(&change.steps).to_string()));
        commands(&step.commands, "   ", text);
    }
}

/// Lines to copy, as a block of code.
fn commands(all: &[CommandLine], indent: &str, text: &mut String) {
    if all.is_empty() {
        return;
    }
    let lines: Vec<String> = all
        .iter()
        .flat_map(|command| command.to_string().lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let borrowed: Vec<&str> = lines.iter().map(String::as_str).collect();
    let fence = fence(&borrowed);
    let _ = writeln!(text, "{indent}{fence}sh");
    for line in lines {
        let _ = writeln!(text, "{indent}{}", Printable(&line));
    }
    let _ = writeln!(text, "{indent}{fence}");
}

fn write_diff(change: &ChangeReport, text: &mut String) {
    if change.diff.is_empty() {
        return;
    }
    let lines: Vec<&str> = change.diff.iter().map(|line| line.text.as_str()).collect();
    let fence = fence(&lines);
    let _ = writeln!(
        text,
        "\n<details><summary>The text, without secrets</summary>\n\n{fence}diff\n{}\n{fence}\n\n</details>",
        lines.join("\n")
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
