//! What `check` and `diff` share: which rules run, what their findings mean for the exit code, and how they are printed.

use std::path::Path;

use super::Answer;
use crate::config::Lines;
use crate::report::findings::{FindingsFormat, Report, Skipped, Wrapped};
use crate::rules::{Finding, Selection, Severity};
use crate::session::Error;
use crate::session::World;
use crate::session::arguments::{Deny, RuleArgs};
use crate::store::git::path_in_repository;
use crate::wrap::envelope::Envelope;

/// Which rules run.
pub(crate) fn selection(args: &RuleArgs) -> Selection {
    Selection {
        only: args.rule.iter().map(|rule| rule.0.id).collect(),
        skip: args.skip.iter().map(|rule| rule.0.id).collect(),
        pedantic: args.pedantic,
    }
}

/// What the config of a file is wrapped in. `bytes`: those of the file.
pub(crate) fn wrapped(envelope: &Envelope<'_>, bytes: &[u8]) -> Option<Wrapped> {
    let text = std::str::from_utf8(bytes).ok().filter(|_| envelope.is_wrapped())?;
    let (lines, place) = (Lines::of(text), envelope.place());
    let entry = envelope.entry().map(str::to_owned);
    Some(Wrapped { entry, start: lines.position(place.start), end: lines.position(place.end) })
}

/// A config that isn't looked into. `path`: where it is, to be named for CI systems.
pub(crate) fn skipped(name: &Path, path: &Path, why: &'static str) -> Skipped {
    let name = name.display().to_string();
    let path = path_in_repository(path).unwrap_or_else(|| name.clone());
    Skipped { name, path, why }
}

/// Makes errors of what was denied. `overdue` is caused by time alone, so only its own name does.
pub(crate) fn deny(findings: &mut [Finding], denied: &[Deny]) {
    for finding in findings {
        let is_denied = denied.iter().any(|deny| match deny {
            Deny::Warnings => finding.severity == Severity::Warning && finding.rule.id != "overdue",
            Deny::Rule(rule) => rule.0.id == finding.rule.id,
        });
        if is_denied {
            finding.severity = Severity::Error;
        }
    }
}

/// Prints the report and says how the run ends. `no`: the answer is no.
pub(crate) fn finish(
    report: &Report,
    format: FindingsFormat,
    no: bool,
    world: &mut World<'_>,
) -> Result<Answer, Error> {
    let text = report.write(format).map_err(std::io::Error::from)?;
    world.stdout.write_all(text.as_bytes())?;
    world.stdout.flush()?;
    let failed = report.files.iter().filter(|file| file.failure.is_some()).count();
    let gap = if format == FindingsFormat::Human && !text.is_empty() { "\n" } else { "" };
    writeln!(world.stderr, "{gap}{}", report.summary())?;
    match failed {
        0 if no => Ok(Answer::No),
        0 => Ok(Answer::Done),
        failed => Err(Error::SomeFiles { failed, all: report.files.len() }),
    }
}

/// Whether an error is among the findings.
pub(crate) fn has_errors(report: &Report) -> bool {
    report.files.iter().any(|file| file.findings.iter().any(|finding| finding.severity == Severity::Error))
}
