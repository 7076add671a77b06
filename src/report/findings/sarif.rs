//! SARIF 2.1.0 (OASIS), for code scanning.

use serde_json::{Value, json};

use super::{Earlier, FileReport, FindingsReport, Shown};
use crate::base::time::NumericDate;
use crate::report::markup;
use crate::rules::{RULES, Rule, Severity};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn write(report: &FindingsReport) -> Result<String, serde_json::Error> {
    let silenced = report.silenced().map(|(file, finding)| {
        let mut silenced = result(file, finding);
        silenced["suppressions"] = json!([{ "kind": "inSource", "status": "accepted" }]);
        silenced
    });
    let results: Vec<Value> =
        report.findings().map(|(file, finding)| result(file, finding)).chain(silenced).collect();
    let failures: Vec<Value> = report.files.iter().filter_map(failure).collect();
    let verdict = report.verdict();
    let is_whole = failures.is_empty() && report.skipped.iter().all(|skipped| skipped.was != Earlier::Config);
    let skipped = report.skipped.iter().map(|one| {
        let level = if one.was == Earlier::Config { "error" } else { "note" };
        notification(level, &one.path, &format!("not judged in full: {}", one.why))
    });
    let notifications: Vec<Value> = failures
        .into_iter()
        .chain(report.files.iter().flat_map(|file| told(file, report.now)))
        .chain(skipped)
        .collect();
    let sarif = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "powersync-jwks",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": RULES.iter().map(|rule| describe(rule)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "properties": { "verdict": { "kind": verdict.kind.name(), "text": verdict.text() } },
            "invocations": [{
                "executionSuccessful": is_whole,
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    Ok(markup::json(&serde_json::to_string_pretty(&sarif)?) + "\n")
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// As code scanning sorts by it, from 0 to 10.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "8.0",
        Severity::Warning => "5.0",
        Severity::Info => "1.0",
    }
}

fn describe(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": { "text": rule.finds },
        "fullDescription": { "text": rule.why },
        "help": { "text": format!("{} {}", rule.why, rule.fix()), "markdown": format!("{}\n\n{}", rule.why, rule.fix()) },
        "properties": { "security-severity": security_severity(rule.severity) },
        "defaultConfiguration": { "level": level(rule.severity), "enabled": !rule.pedantic },
    })
}

fn result(file: &FileReport, finding: &Shown) -> Value {
    let mut location = json!({ "artifactLocation": { "uri": uri(&file.path) } });
    if let Some((start, end)) = file.place_in_file(finding) {
        location["region"] = json!({
            "startLine": start.line,
            "startColumn": start.column,
            "endLine": end.line,
            "endColumn": end.column,
        });
    }
    let mut place = json!({ "physicalLocation": location });
    if let Some(key) = &finding.key {
        place["logicalLocations"] = json!([{ "name": key, "kind": "object" }]);
    }
    json!({
        "ruleId": finding.rule.id,
        "ruleIndex": RULES.iter().position(|rule| rule.id == finding.rule.id),
        "level": level(finding.severity),
        "message": { "text": plain(&format!("{}. {}", finding.message, finding.help)) },
        "locations": [place],
        // What stays the same when lines move.
        "partialFingerprints": { "ruleAndKey/v1": format!("{}:{}", finding.rule.id, finding.key.as_deref().unwrap_or("")) },
    })
}

fn failure(file: &FileReport) -> Option<Value> {
    let why = file.failure.as_ref()?;
    Some(notification("error", &file.path, why))
}

/// What became of the keys, and the secrets that were not compared.
fn told(file: &FileReport, now: NumericDate) -> Vec<Value> {
    let lines = file.change.iter().flat_map(|change| {
        let events = change.events.iter().map(move |event| event.message(now));
        events.chain(change.not_compared.iter().cloned())
    });
    lines.map(|line| notification("note", &file.path, &line.to_string())).collect()
}

fn notification(level: &str, path: &str, text: &str) -> Value {
    json!({
        "level": level,
        "message": { "text": plain(text) },
        "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(path) } } }],
    })
}

/// A message's text: in it, `[…](…)` would be a link.
fn plain(text: &str) -> String {
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}

/// A path as a URI reference (RFC 3986): relative paths stay relative.
fn uri(path: &str) -> String {
    use std::fmt::Write as _;
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a string can't fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}
