//! Findings for programs: `docs/findings.schema.json`. `version` grows when a field changes its meaning.

use serde::Serialize;

use super::{ChangeReport, FileReport, FindingsReport, Shown};
use crate::base::sentence::Sentence;
use crate::base::time::NumericDate;
use crate::report::change_json::{self, Event, Step};
use crate::rules::Severity;

#[derive(Serialize)]
struct Findings<'r> {
    version: u32,
    command: &'static str,
    now: String,
    files: Vec<File<'r>>,
    not_looked_at: Vec<NotLookedAt<'r>>,
    summary: Summary,
}

#[derive(Serialize)]
struct NotLookedAt<'r> {
    config: &'r str,
    why: &'r Sentence,
}

#[derive(Serialize)]
struct Summary {
    errors: usize,
    warnings: usize,
    infos: usize,
    failed: usize,
    secrets_not_seen: usize,
}

#[derive(Serialize)]
struct File<'r> {
    config: &'r str,
    error: Option<&'r str>,
    findings: Vec<JsonFinding<'r>>,
    variables_not_seen: &'r [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<JsonChange<'r>>,
}

#[derive(Serialize)]
struct JsonFinding<'r> {
    rule: &'static str,
    severity: &'static str,
    key: Option<&'r str>,
    message: &'r Sentence,
    help: &'r Sentence,
    fixable: bool,
    start: Option<At>,
    end: Option<At>,
}

#[derive(Serialize)]
struct At {
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct JsonChange<'r> {
    from: &'r str,
    to: &'r str,
    visible: bool,
    events: Vec<Event>,
    not_compared: &'r [Sentence],
    diff: Vec<String>,
    steps: Vec<Step>,
}

pub(super) fn write(report: &FindingsReport) -> Result<String, serde_json::Error> {
    let findings = Findings {
        version: 1,
        command: report.command,
        now: report.now.to_string(),
        files: report.files.iter().map(|one| file(one, report.now)).collect(),
        not_looked_at: report
            .skipped
            .iter()
            .map(|one| NotLookedAt { config: &one.name, why: &one.why })
            .collect(),
        summary: Summary {
            errors: report.count(Severity::Error),
            warnings: report.count(Severity::Warning),
            infos: report.count(Severity::Info),
            failed: report.files.iter().filter(|file| file.failure.is_some()).count(),
            secrets_not_seen: report.files.iter().map(|file| file.unseen.len()).sum(),
        },
    };
    Ok(serde_json::to_string_pretty(&findings)? + "\n")
}

fn file(file: &FileReport, now: NumericDate) -> File<'_> {
    File {
        config: &file.name,
        error: file.failure.as_deref(),
        findings: file.findings.iter().map(finding).collect(),
        variables_not_seen: &file.unseen,
        change: file.change.as_ref().map(|change| json_change(change, now)),
    }
}

fn finding(finding: &Shown) -> JsonFinding<'_> {
    let at = |position: crate::config::Position| At { line: position.line, column: position.column };
    JsonFinding {
        rule: finding.rule.id,
        severity: finding.severity.name(),
        key: finding.key.as_deref(),
        message: &finding.message,
        help: &finding.help,
        fixable: finding.fixable,
        start: finding.place.as_ref().map(|place| at(place.start)),
        end: finding.place.as_ref().map(|place| at(place.end)),
    }
}

fn json_change(change: &ChangeReport, now: NumericDate) -> JsonChange<'_> {
    JsonChange {
        from: &change.from,
        to: &change.to,
        visible: !change.diff.is_empty(),
        events: change_json::events(&change.events, now),
        not_compared: &change.not_compared,
        diff: change_json::diff(&change.diff),
        steps: change_json::steps(&change.steps),
    }
}
