//! Findings for people: the place, underlined, and what to do.

use std::fmt::Write as _;

use super::verdict::line;
use super::{ChangeReport, FileReport, FindingsReport, Location, Shown};
use crate::base::text::{Printable, count, list, wrap};
use crate::base::time::NumericDate;
use crate::explain::{Sign, VerdictKind};
use crate::report::human::{hanging, in_lines};
use crate::report::paint::{BOLD, CYAN, DIM, GREEN, RED, YELLOW, diff_line, event_line, paint, steps};
use crate::rules::Severity;

pub(super) fn write(report: &FindingsReport, terminal: Option<u16>) -> String {
    let mut text = format!("{}\n", first_line(report, terminal));
    for file in &report.files {
        if report.files.len() > 1 && file.verdict.kind != VerdictKind::Safe {
            let _ =
                writeln!(text, "\n{}: {}", paint(BOLD, Printable(&file.name)), line(&file.verdict, report));
        }
        if let Some(change) = &file.change {
            write_change(file, change, (report.now, terminal), &mut text);
        }
        for finding in &file.findings {
            write_finding(file, finding, terminal, &mut text);
        }
        if let Some(change) = file.change.as_ref().filter(|change| !change.steps.list.is_empty()) {
            let errors = file.findings.iter().any(|finding| finding.severity == Severity::Error);
            let title = if errors { "If it is merged as it is" } else { "What to do once it is merged" };
            text.truncate(text.trim_end_matches('\n').len());
            let _ = writeln!(text, "\n{}", steps(&change.steps, title, terminal).trim_end());
        }
        if let Some(change) = file.dated_change() {
            let assumed = format!("{}.", change.assumed.message());
            let _ = writeln!(text, "\n{}", paint(DIM, wrap(&assumed, room(terminal, 0, 100)).join("\n")));
        }
    }
    // One blank line between, and none around.
    let trimmed = text.trim_matches('\n');
    if trimmed.is_empty() { String::new() } else { format!("{trimmed}\n") }
}

/// How wide lines may be that begin behind so many characters; in logs and files, that wide.
fn room(terminal: Option<u16>, taken: usize, elsewhere: usize) -> usize {
    terminal.map_or(elsewhere, |width| usize::from(width).clamp(40, 100) - taken)
}

fn first_line(report: &FindingsReport, terminal: Option<u16>) -> String {
    let verdict = report.verdict();
    let style = match verdict.kind {
        VerdictKind::WontStart | VerdictKind::LetsIn | VerdictKind::LocksOut => RED,
        VerdictKind::ActFirst | VerdictKind::Unjudged => YELLOW,
        VerdictKind::Safe => GREEN,
    };
    paint(BOLD, paint(style, wrap(&verdict.message().to_string(), room(terminal, 3, 100)).join("\n   ")))
}

fn write_change(
    file: &FileReport,
    change: &ChangeReport,
    (now, terminal): (NumericDate, Option<u16>),
    text: &mut String,
) {
    let (from, to) = (Printable(&change.from), Printable(&change.to));
    let title = if change.to == file.name {
        format!("{from} → {to}")
    } else {
        format!("{}: {from} → {to}", Printable(&file.name))
    };
    gap(text);
    // Writing to a string can't fail.
    let _ = writeln!(text, "{}", paint(BOLD, title));
    for event in &change.events {
        let _ =
            writeln!(text, "{}", event_line(event.kind.sign(), hanging(&event.message(now), 2, terminal)));
    }
    for line in &change.not_compared {
        let _ = writeln!(text, "{}", event_line(Sign::Unknown, hanging(line, 2, terminal)));
    }
    if let Some(line) = change.before.message() {
        let _ = writeln!(text, "{}", event_line(Sign::Same, hanging(&line, 2, terminal)));
    }
    if !change.diff.is_empty() {
        text.push('\n');
    }
    for line in &change.diff {
        let _ = writeln!(text, "{}", diff_line(line));
    }
    text.push('\n');
}

/// One blank line before what follows.
fn gap(text: &mut String) {
    text.truncate(text.trim_end_matches('\n').len());
    text.push_str(if text.is_empty() { "" } else { "\n\n" });
}

fn write_finding(file: &FileReport, finding: &Shown, terminal: Option<u16>, text: &mut String) {
    let style = match finding.severity {
        Severity::Error => RED,
        Severity::Warning => YELLOW,
        Severity::Info => CYAN,
    };
    let head = format!("{}[{}]:", finding.severity.name(), finding.rule.id);
    gap(text);
    let place = finding.place.as_ref().map_or_else(String::new, |place| format!(":{}", place.start));
    let lines = behind(&head, &finding.message.to_string(), terminal);
    let _ = writeln!(text, "{} {lines}", paint(style, paint(BOLD, head)));
    let line = finding.place.as_ref().map_or_else(String::new, |place| place.start.line.to_string());
    let gutter = " ".repeat(line.len().max(1));
    let entry = file.wrapped.as_ref().and_then(|wrapped| wrapped.entry.as_ref());
    let entry = entry.map_or_else(String::new, |entry| format!(" ({})", Printable(entry)));
    let _ = writeln!(text, "{gutter}{} {}{entry}{place}", paint(CYAN, "-->"), Printable(&file.name));
    if let Some(Location { excerpt: Some(excerpt), .. }) = &finding.place {
        let bar = paint(CYAN, "|");
        let under = format!("{}{}", " ".repeat(excerpt.from), paint(style, "^".repeat(excerpt.width)));
        let _ = writeln!(text, "{gutter} {bar}\n{line} {bar} {}\n{gutter} {bar} {under}", excerpt.line);
    }
    let fixable = if finding.fixable { " `check --fix` does this." } else { "" };
    let help = format!("{}{fixable}", finding.help);
    let help = in_lines(&help, room(terminal, 3 + gutter.len(), 96)).join(&format!("\n{gutter}   "));
    let _ = writeln!(text, "{gutter} {} {help}", paint(CYAN, "="));
    for command in &finding.commands {
        let _ = writeln!(text, "{gutter}     {command}");
    }
    text.push('\n');
}

/// A message behind its head, in lines that fit the terminal with it.
fn behind(head: &str, message: &str, terminal: Option<u16>) -> String {
    let taken = terminal.map_or(0, |_| head.chars().count() + 1);
    let lines = in_lines(&format!("{}{message}", "\u{a0}".repeat(taken)), room(terminal, 2, 100));
    lines.join("\n  ").trim_start().to_owned()
}

/// A finding that isn't told, by its rule and its place.
fn silenced((file, finding): (&FileReport, &Shown)) -> String {
    let place = finding.place.as_ref().map_or_else(String::new, |place| format!(":{}", place.start.line));
    format!("{} ({}{place})", finding.rule.id, Printable(&file.name))
}

pub(super) fn summary(report: &FindingsReport) -> String {
    let found: Vec<String> = [Severity::Error, Severity::Warning, Severity::Info]
        .into_iter()
        .map(|severity| (report.count(severity), severity))
        .filter(|(number, _)| *number > 0)
        .map(|(number, severity)| match severity {
            Severity::Info => count(number, "note"),
            other => count(number, other.name()),
        })
        .collect();
    let looked = report.configs().filter(|file| file.failure.is_none()).count();
    let what = if report.command == "check" { "checked" } else { "compared" };
    let found = if found.is_empty() { "nothing found".to_owned() } else { list(&found) };
    let failed = report.configs().count() - looked;
    let mut text = match looked {
        0 if failed > 0 => format!("No config was {what}."),
        _ => format!("{} {what}: {found}.", count(looked, "config")),
    };
    let unchanged = report
        .configs()
        .filter(|file| {
            file.change.as_ref().is_some_and(|change| change.diff.is_empty() && change.events.is_empty())
        })
        .count();
    let is_all_seen = failed < report.configs().count().max(1) && report.skipped.is_empty();
    if report.command == "diff" && unchanged == looked && is_all_seen {
        let what = match looked {
            0 => "any config",
            1 => "this file",
            _ => "these files",
        };
        let _ = write!(text, " No change visible in {what}.");
    }
    if failed > 0 {
        let _ = write!(text, " {} could not be read.", count(failed, "file"));
    }
    if !report.skipped.is_empty() {
        let _ = write!(text, "\n{} not judged in full:", count(report.skipped.len(), "file"));
    }
    for skipped in &report.skipped {
        let _ = write!(text, "\n  {}: {}.", Printable(&skipped.name), skipped.why);
    }
    let silenced: Vec<String> = report.silenced().map(silenced).collect();
    if !silenced.is_empty() {
        let verb = if silenced.len() == 1 { "is" } else { "are" };
        let _ = write!(
            text,
            "\n{} {verb} silenced by comments: {}.",
            count(silenced.len(), "finding"),
            list(&silenced)
        );
    }
    let mut unseen: Vec<String> = report.files.iter().flat_map(|file| file.unseen.clone()).collect();
    unseen.sort();
    unseen.dedup();
    if !unseen.is_empty() {
        let option =
            if report.command == "check" { "--env-file" } else { "--env-file-old and --env-file-new" };
        let _ = write!(
            text,
            "\nNot looked at: {}, {}.",
            if unseen.len() == 1 {
                format!("the secret in {}", list(&unseen))
            } else {
                format!("the secrets in {}", list(&unseen))
            },
            if report.values {
                "for which no value was found".to_owned()
            } else {
                format!("which {option} would show to this check")
            }
        );
    }
    text
}
