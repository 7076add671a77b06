//! Findings for a pull-request comment or a job summary.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::verdict::line;
use super::{ChangeReport, FileReport, FindingsReport, Shown};
use crate::base::command_line::CommandLine;
use crate::base::text::Printable;
use crate::explain::{Verdict, VerdictKind};
use crate::report::markup::{self, LONGEST_COMMENT, code, cut, fence};
use crate::rules::Severity;

/// Names the comment, so that the next run finds it and writes over it.
const MARKER: &str = "<!-- powersync-jwks -->";

/// What is reported, and the names in it.
struct Page<'r> {
    report: &'r FindingsReport,
    kids: HashSet<String>,
}

impl Page<'_> {
    fn inline(&self, text: &str) -> String {
        markup::inline(text, &self.kids)
    }
}

pub(super) fn write(report: &FindingsReport) -> String {
    let page = Page { report, kids: report.files.iter().flat_map(|file| file.kids.clone()).collect() };
    // The texts of the changes take what room is left.
    let without = all(&page, 0).len();
    let text = all(&page, LONGEST_COMMENT.saturating_sub(without));
    if text.len() <= LONGEST_COMMENT {
        return text;
    }
    let lines: Vec<&str> = text.lines().collect();
    let (kept, rest) = cut(&lines, LONGEST_COMMENT);
    let kept = kept.join("\n");
    format!("{kept}\n\nThe report is cut: {rest} lines don't fit here. `--format human` prints all of it.\n")
}

/// The report, with so many bytes of the texts that change.
fn all(page: &Page<'_>, mut room: usize) -> String {
    let report = page.report;
    let verdict = report.verdict();
    // Writing to a string can't fail.
    let mut text = format!("{MARKER}\n## {}\n", page.inline(&verdict.message().to_string()));
    if let Some(file) = verdict.worst {
        what_to_do(&file.verdict, page, &mut text);
    }
    for file in &report.files {
        write_file(file, page, &mut room, &mut text);
    }
    let _ = writeln!(
        text,
        "\n<sub>{}</sub>",
        report.summary().lines().map(|line| page.inline(line)).collect::<Vec<_>>().join("<br>")
    );
    text
}

/// What to do where the verdict isn't good, right below it.
fn what_to_do(verdict: &Verdict, page: &Page<'_>, text: &mut String) {
    let is_grave = matches!(
        verdict.kind,
        VerdictKind::WontStart | VerdictKind::LetsIn | VerdictKind::LocksOut | VerdictKind::ActFirst
    );
    if let Some(remedy) = verdict.remedy.as_ref().filter(|_| is_grave) {
        let word = if verdict.kind == VerdictKind::ActFirst { "First" } else { "Instead" };
        let _ = writeln!(text, "\n**{word}:** {}", page.inline(&remedy.to_string()));
        commands(verdict.command.as_slice(), "", text);
    }
}

fn write_file(file: &FileReport, page: &Page<'_>, room: &mut usize, text: &mut String) {
    let report = page.report;
    if file.findings.is_empty() && file.change.is_none() && file.failure.is_none() {
        return;
    }
    let _ = write!(text, "\n### {}", code(&Printable(&file.name).to_string()));
    if let Some(change) = &file.change {
        let _ = write!(text, " ({} → {})", page.inline(&change.from), page.inline(&change.to));
    }
    text.push('\n');
    if report.files.len() > 1 {
        let _ = writeln!(text, "\n{}", page.inline(&line(&file.verdict, report).to_string()));
    }
    if let Some(failure) = &file.failure {
        let _ = writeln!(text, "\n:x: {}", page.inline(failure));
        return;
    }
    if let Some(change) = &file.change {
        write_events(change, page, text);
    }
    if !file.findings.is_empty() {
        text.push('\n');
    }
    // What to do about the worst is told above.
    let is_worst = report.verdict().worst.is_some_and(|worst| std::ptr::eq(worst, file));
    let mut told = file.verdict.because.first().copied().filter(|_| is_worst);
    for finding in &file.findings {
        let is_told = told.take_if(|rule| *rule == finding.rule.id).is_some();
        write_finding(finding, if is_told { Advice::Above } else { Advice::Here }, page, text);
    }
    if let Some(change) = &file.change {
        let errors = file.findings.iter().any(|finding| finding.severity == Severity::Error);
        write_steps(change, errors.then_some("If it is merged as it is"), page, text);
        write_diff(change, room, text);
        if file.dated_change().is_some() {
            let _ = writeln!(text, "\n<sub>{}.</sub>", page.inline(&change.assumed.message().to_string()));
        } else {
            // "in 5 days" tells nothing to whoever reads it later.
            let _ = writeln!(text, "\n<sub>Made {}.</sub>", report.now.to_the_minute());
        }
    }
}

fn write_events(change: &ChangeReport, page: &Page<'_>, text: &mut String) {
    let events = change.events.iter().map(|event| event.message(page.report.now).to_string());
    let unseen = change.not_compared.iter().map(ToString::to_string);
    let before = change.before.message().map(|line| line.to_string());
    let lines: Vec<String> = events.chain(unseen).chain(before).collect();
    if !lines.is_empty() {
        text.push('\n');
    }
    for line in lines {
        let _ = writeln!(text, "- {}", page.inline(&line));
    }
}

/// Where it is said what to do about a finding.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Advice {
    Above,
    Here,
}

fn write_finding(finding: &Shown, advice: Advice, page: &Page<'_>, text: &mut String) {
    let sign = match finding.severity {
        Severity::Error => ":x:",
        Severity::Warning => ":warning:",
        Severity::Info => ":information_source:",
    };
    let place =
        finding.place.as_ref().map_or_else(String::new, |place| format!(" (line {})", place.start.line));
    let (rule, message) = (code(finding.rule.id), page.inline(&finding.message.to_string()));
    if advice == Advice::Above {
        let _ = writeln!(text, "- {sign} {rule}{place}: {message}.");
        return;
    }
    let _ = writeln!(text, "- {sign} {rule}{place}: {message}. {}", page.inline(&finding.help.to_string()));
    commands(&finding.commands, "  ", text);
}

fn write_steps(change: &ChangeReport, title: Option<&str>, page: &Page<'_>, text: &mut String) {
    if change.steps.list.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n**{}**\n", title.unwrap_or("What to do once it is merged"));
    for (number, step) in change.steps.list.iter().enumerate() {
        let _ = writeln!(text, "{}. {}", number + 1, page.inline(&step.message(&change.steps).to_string()));
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

fn write_diff(change: &ChangeReport, room: &mut usize, text: &mut String) {
    if change.diff.is_empty() {
        return;
    }
    let lines: Vec<&str> = change.diff.iter().map(|line| line.text.as_str()).collect();
    let (kept, rest) = cut(&lines, *room);
    *room = room.saturating_sub(kept.iter().map(|line| line.len() + 1).sum());
    let fence = fence(&kept);
    let note = if rest > 0 { format!("\n{rest} more lines don't fit here.\n") } else { String::new() };
    let _ = writeln!(
        text,
        "\n<details><summary>The text, without secrets</summary>\n\n{fence}diff\n{}\n{fence}\n{note}\n</details>",
        kept.join("\n")
    );
}
