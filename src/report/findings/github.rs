//! Workflow annotations of GitHub Actions: `::error file=…,line=…::…`.

use std::fmt::Write as _;

use super::{Earlier, FindingsReport, Skipped};
use crate::base::text::Printable;
use crate::explain::VerdictKind;
use crate::rules::Severity;

pub(super) fn write(report: &FindingsReport) -> String {
    let mut text = String::new();
    let verdict = report.verdict();
    let level = match verdict.kind {
        VerdictKind::WontStart | VerdictKind::LetsIn | VerdictKind::LocksOut => "error",
        VerdictKind::ActFirst | VerdictKind::Unjudged => "warning",
        VerdictKind::Safe => "notice",
    };
    // What makes a picture of a sign is a character that logs would show as its number.
    let sign = verdict.kind.sign().trim_end_matches('\u{fe0f}');
    // Writing to a string can't fail.
    let _ = writeln!(text, "::{level} title=PowerSync keys::{}", data(&format!("{sign} {}", verdict.text())));
    for file in &report.files {
        if let Some(failure) = &file.failure {
            // Writing to a string can't fail.
            let _ = writeln!(text, "::error file={}::{}", property(&file.path), data(failure));
        }
    }
    for file in &report.files {
        if let Some(change) = &file.change {
            let events = change.events.iter().map(|event| event.message(report.now).to_string());
            for line in events.chain(change.not_compared.iter().map(ToString::to_string)) {
                let _ = writeln!(text, "::notice file={}::{}", property(&file.path), data(&line));
            }
        }
    }
    for Skipped { path, why, was, .. } in &report.skipped {
        let level = if *was == Earlier::Config { "error" } else { "notice" };
        let why = format!("not judged in full: {why}");
        let _ = writeln!(text, "::{level} file={}::{}", property(path), data(&why));
    }
    for (file, finding) in report.findings() {
        let level = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let place = file.place_in_file(finding).map_or_else(String::new, |(start, end)| {
            // Columns are shown only where the range stays on its line.
            let columns = if start.line == end.line {
                format!(",col={},endColumn={}", start.column, end.column.max(start.column))
            } else {
                String::new()
            };
            format!(",line={},endLine={}{columns}", start.line, end.line)
        });
        let _ = writeln!(
            text,
            "::{level} file={}{place},title={}::{}",
            property(&file.path),
            property(finding.rule.id),
            data(&format!("{}. {}", finding.message, finding.help))
        );
    }
    text
}

/// As `@actions/core` escapes the text of a command; it has no line breaks.
fn data(text: &str) -> String {
    Printable(text).to_string().replace('%', "%25")
}

/// As it escapes a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
