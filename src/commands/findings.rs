//! What `check` and `diff` share: which rules run, what their findings mean for the exit code, and how they are printed.

use super::Answer;
use crate::World;
use crate::check::{Finding, Selection, Severity};
use crate::cli::{Deny, RuleArgs};
use crate::error::Error;
use crate::report::findings::{FindingsFormat, Report};

/// Which rules run.
pub(super) fn selection(args: &RuleArgs) -> Selection {
    Selection {
        only: args.rule.iter().map(|rule| rule.0.id).collect(),
        skip: args.skip.iter().map(|rule| rule.0.id).collect(),
        pedantic: args.pedantic,
    }
}

/// Makes errors of what was denied. `overdue` is caused by time alone, so only its own name does.
pub(super) fn deny(findings: &mut [Finding], denied: &[Deny]) {
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
pub(super) fn finish(
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
        failed => Err(Error::Some { failed, all: report.files.len() }),
    }
}

/// Whether an error is among the findings.
pub(super) fn has_errors(report: &Report) -> bool {
    report.files.iter().any(|file| file.findings.iter().any(|finding| finding.severity == Severity::Error))
}
