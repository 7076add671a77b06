//! Workflow annotations of GitHub Actions: `::error file=…,line=…::…`.

use std::fmt::Write as _;

use super::{FindingsReport, Skipped};
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
    // Writing to a string can't fail.
    let _ = writeln!(text, "::{level} title=PowerSync keys::{}", data(&verdict.message().to_string()));
    for file in &report.files {
        if let Some(failure) = &file.failure {
            // Writing to a string can't fail.
            let _ = writeln!(text, "::error file={}::{}", property(&file.path), data(failure));
        }
    }
    for file in &report.files {
        for line in file.change.iter().flat_map(|change| &change.not_compared) {
            let _ = writeln!(text, "::notice file={}::{}", property(&file.path), data(&line.to_string()));
        }
    }
    for Skipped { path, why, .. } in &report.skipped {
        let _ =
            writeln!(text, "::notice file={}::{}", property(path), data(&format!("not looked at: {why}")));
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

/// As `@actions/core` escapes the text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// As it escapes a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
