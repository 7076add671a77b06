//! Findings for programs: `docs/findings.schema.json`. `version` grows when a field changes its meaning.

use serde::Serialize;

use super::{ChangeReport, Earlier, FileReport, FindingsReport, Shown};
use crate::base::command_line::CommandLine;
use crate::base::sentence::Sentence;
use crate::base::time::NumericDate;
use crate::explain::{From, Verdict};
use crate::report::change_json::{self, Event, Step};
use crate::report::markup;
use crate::rules::Severity;

#[derive(Serialize)]
struct Findings<'r> {
    version: u32,
    command: &'static str,
    now: String,
    verdict: JsonVerdict<'r>,
    files: Vec<File<'r>>,
    not_looked_at: Vec<NotLookedAt<'r>>,
    summary: Summary,
}

#[derive(Serialize)]
struct NotLookedAt<'r> {
    config: &'r str,
    why: &'r Sentence,
    was_config: bool,
}

#[derive(Serialize)]
struct Summary {
    errors: usize,
    warnings: usize,
    infos: usize,
    silenced: usize,
    not_looked_at: usize,
    failed: usize,
    secrets_not_seen: usize,
}

#[derive(Serialize)]
struct File<'r> {
    config: &'r str,
    error: Option<&'r str>,
    verdict: JsonVerdict<'r>,
    findings: Vec<JsonFinding<'r>>,
    silenced: Vec<JsonFinding<'r>>,
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
    commands: &'r [CommandLine],
    fixable: bool,
    start: Option<At>,
    end: Option<At>,
}

/// What it comes to.
#[derive(Serialize)]
struct JsonVerdict<'r> {
    kind: &'static str,
    who: Vec<String>,
    from: Option<Begins>,
    until: Option<String>,
    because: Vec<&'static str>,
    #[serde(rename = "do")]
    remedy: Option<Sentence>,
    command: Option<&'r CommandLine>,
    unchanged: bool,
    text: Sentence,
}

/// What a lock-out begins with, and from when on that is allowed.
#[derive(Serialize)]
struct Begins {
    step: &'static str,
    at: Option<String>,
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
    before: JsonBefore,
    assumed: JsonAssumed<'r>,
}

/// What `check` found in the old text, too.
#[derive(Serialize)]
struct JsonBefore {
    errors: usize,
    warnings: usize,
}

/// The spans that dates are counted with, in seconds, and the policy file they are from.
#[derive(Serialize)]
struct JsonAssumed<'r> {
    token_ttl: i64,
    deploy_within: i64,
    rollout: i64,
    policy: Option<&'r str>,
}

pub(super) fn write(report: &FindingsReport) -> Result<String, serde_json::Error> {
    let findings = Findings {
        version: 1,
        command: report.command,
        now: report.now.to_string(),
        verdict: of_run(report),
        files: report.files.iter().map(|one| file(one, report.now)).collect(),
        not_looked_at: report
            .skipped
            .iter()
            .map(|one| NotLookedAt {
                config: &one.name,
                why: &one.why,
                was_config: one.was == Earlier::Config,
            })
            .collect(),
        summary: Summary {
            errors: report.count(Severity::Error),
            warnings: report.count(Severity::Warning),
            infos: report.count(Severity::Info),
            silenced: report.silenced().count(),
            not_looked_at: report.skipped.len(),
            failed: report.files.iter().filter(|file| file.failure.is_some()).count(),
            secrets_not_seen: report.files.iter().map(|file| file.unseen.len()).sum(),
        },
    };
    Ok(markup::json(&serde_json::to_string_pretty(&findings)?) + "\n")
}

fn file(file: &FileReport, now: NumericDate) -> File<'_> {
    File {
        config: &file.name,
        error: file.failure.as_deref(),
        verdict: of_file(&file.verdict, now),
        findings: file.findings.iter().map(finding).collect(),
        silenced: file.silenced.iter().map(finding).collect(),
        variables_not_seen: &file.unseen,
        change: file.change.as_ref().map(|change| json_change(change, now)),
    }
}

fn of_run(report: &FindingsReport) -> JsonVerdict<'_> {
    let verdict = report.verdict();
    let kind = verdict.kind.name();
    match verdict.worst {
        Some(file) => JsonVerdict { kind, text: verdict.text(), ..of_file(&file.verdict, report.now) },
        None => JsonVerdict {
            kind,
            who: Vec::new(),
            from: None,
            until: None,
            because: Vec::new(),
            remedy: None,
            command: None,
            unchanged: report.skipped.is_empty(),
            text: verdict.text(),
        },
    }
}

fn of_file(verdict: &Verdict, now: NumericDate) -> JsonVerdict<'_> {
    let begins = |from| match from {
        From::Restart => Begins { step: "restart", at: None },
        From::Removal(at) => Begins { step: "prune", at: Some(at.to_string()) },
        From::Promotion(at) => Begins { step: "promote", at: Some(at.to_string()) },
    };
    JsonVerdict {
        kind: verdict.kind.name(),
        who: verdict.who(),
        from: verdict.from().map(begins),
        until: verdict.until().map(|until| until.to_string()),
        because: verdict.because.clone(),
        remedy: verdict.remedy.clone(),
        command: verdict.command.as_ref(),
        unchanged: verdict.is_about_nothing(),
        text: verdict.message(now),
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
        commands: &finding.commands,
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
        before: JsonBefore { errors: change.before.errors, warnings: change.before.warnings },
        assumed: JsonAssumed {
            token_ttl: change.assumed.token_ttl.get(),
            deploy_within: change.assumed.deploy_within.get(),
            rollout: change.assumed.rollout.get(),
            policy: change.assumed.policy.as_deref(),
        },
    }
}
