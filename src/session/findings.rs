//! What `check` and `diff` share: which rules run, what their findings mean for the exit code, and how they are printed.

use std::path::Path;

use super::Answer;
use crate::base::command_line::CommandLine;
use crate::base::sentence::{Sentence, sentence};
use crate::base::time::NumericDate;
use crate::config::{Config, Lines};
use crate::explain::{Ground, Standing, VerdictKind};
use crate::keyset::{Key, KeySet};
use crate::report::findings::{Earlier, FileReport, FindingsFormat, FindingsReport, Skipped, Wrapped};
use crate::report::paint::error_line;
use crate::rules::{self, FileFacts, Finding, Inspected, Selection, Severity};
use crate::schedule::Policy;
use crate::session::arguments::{Deny, RuleArgs};
use crate::session::{Error, World};
use crate::store;
use crate::wrap::env_file::is_name;
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

/// A config that can't be looked at. `path`: where it is, from the root of its repository if it is in one.
pub(crate) fn not_compared(name: &str, path: &Path, why: Sentence, was: Earlier) -> Skipped {
    Skipped { name: name.to_owned(), path: path.display().to_string(), why, was }
}

/// Makes errors of what was denied. `overdue` is caused by time alone, so only its own name does.
pub(crate) fn deny(findings: &mut [Finding], denied: &[Deny]) {
    for finding in findings {
        let is_denied = denied.iter().any(|deny| match deny {
            Deny::NotCompared => false,
            Deny::Warnings => finding.severity == Severity::Warning && finding.rule.id != "overdue",
            Deny::Rule(rule) => rule.0.id == finding.rule.id,
        });
        if is_denied {
            finding.standing = Standing::Denied;
            finding.severity = Severity::Error;
        }
    }
}

/// Whether the answer is no: because of an error, or of what is denied.
pub(crate) fn is_no(report: &FindingsReport, denied: &[Deny]) -> bool {
    let counts_skipped = denied.iter().any(|deny| matches!(deny, Deny::NotCompared));
    let is_unjudged = |file: &FileReport| file.verdict.kind == VerdictKind::Unjudged;
    report.has_errors()
        || counts_skipped && (!report.skipped.is_empty() || report.files.iter().any(is_unjudged))
}

/// What findings are to a verdict: what is only worth knowing is nothing.
pub(crate) fn grounds(findings: &[Finding], tool: &CommandLine) -> Vec<Ground> {
    findings.iter().filter(|one| one.severity != Severity::Info).map(|one| one.ground(tool)).collect()
}

/// Prints the report and says how the run ends: with this answer, if all could be read.
pub(crate) fn finish(
    report: &FindingsReport,
    format: FindingsFormat,
    answer: Answer,
    world: &mut World<'_>,
) -> Result<Answer, Error> {
    let failures = report.files.iter().filter_map(|file| file.failure.as_ref());
    for failure in failures.clone().filter(|_| format == FindingsFormat::Human) {
        writeln!(world.stderr, "{}", error_line(failure))?;
    }
    let text = report.write(format, world.terminal.width).map_err(std::io::Error::from)?;
    world.stdout.write_all(text.as_bytes())?;
    world.stdout.flush()?;
    let gap = if format == FindingsFormat::Human && !text.is_empty() { "\n" } else { "" };
    writeln!(world.stderr, "{gap}{}", report.summary())?;
    let lost = report.skipped.iter().filter(|skipped| skipped.was == Earlier::Config).count();
    match failures.count() {
        0 if lost > 0 => Err(Error::NotCompared { lost }),
        0 => Ok(answer),
        failed => Err(Error::SomeFiles { failed, all: report.files.len() }),
    }
}

/// The variables whose secrets are not known.
pub(crate) fn unseen(keys: &KeySet) -> Vec<String> {
    // What a template puts in is in no env file.
    let variables = keys.unseen().filter_map(Key::variable).filter(|name| is_name(name));
    variables.map(str::to_owned).collect()
}

/// What is known of the file. Git is asked only where a rule wants to know.
/// `name`: as people name the config.
pub(crate) fn file_facts(path: Option<&Path>, name: &str, keys: &KeySet, selection: &Selection) -> FileFacts {
    let Some(path) = path else { return FileFacts::default() };
    let runs = |id| rules::rule(id).is_some_and(|rule| selection.runs(rule));
    let inline = keys.keys().iter().any(|key| key.is_symmetric() && key.variable().is_none());
    let wanted = inline && (runs("inline-secret") || runs("file-mode"));
    let real = wanted.then(|| std::fs::canonicalize(path).ok()).flatten();
    let mode = real.as_deref().and_then(store::mode);
    // A process is started for it: not where no rule depends on the answer.
    let depends = runs("inline-secret") || mode.is_some_and(|mode| mode & 0o004 != 0);
    let in_git = depends && real.as_deref().is_some_and(store::git::tracks);
    FileFacts { mode, in_git, env_file: Path::new(name).with_file_name(".env").display().to_string() }
}

/// What is wrong with a config whatever was done, for people: as `status` shows it, and every command that writes.
pub(crate) fn warnings(config: &Config<'_>, keys: &KeySet, tool: &str, now: NumericDate) -> Vec<Sentence> {
    let policy = Policy::default();
    let lines = Lines::of(config.text());
    let found = rules::warnings(&Inspected::new(config, keys, &policy, now)).into_iter();
    let worded = found.map(|finding| {
        let (message, help) = (finding.message(), finding.help(tool));
        match finding.span {
            Some(span) => sentence!("{message} (line {}). {help}", lines.position(span.start).line),
            None => sentence!("{message}. {help}"),
        }
    });
    worded.collect()
}
