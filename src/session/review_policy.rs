//! The policies that a review goes by. One that can't be read doesn't end the review: it is a finding, and the defaults hold.

use std::path::Path;

use super::policy_file::{self, BadPolicy, PolicyFile};
use super::{Source, World};
use crate::base::command_line::CommandLine;
use crate::redact::Redactor;
use crate::report::findings::{FileReport, Reported, shown};
use crate::rules::{Finding, Selection, policy_unreadable};
use crate::store::{self, Snapshot};

/// Something about a policy file.
pub(crate) struct PolicyFinding {
    /// As people in this directory name it.
    pub(crate) name: String,
    /// From the root of its repository, where it is in one.
    pub(crate) path: String,
    pub(crate) text: Snapshot,
    pub(crate) finding: Finding,
}

impl PolicyFinding {
    /// That it can't be read.
    pub(crate) fn unreadable(name: String, path: String, text: Snapshot, bad: &BadPolicy) -> Self {
        let start =
            |line: usize| text.split_inclusive(|byte| *byte == b'\n').take(line - 1).map(<[u8]>::len).sum();
        let at = bad.line.map(start).map(|start: usize| start..start);
        let finding = policy_unreadable(&bad.what, at);
        Self { name, path, text, finding }
    }

    /// As a file of the report, if its rule runs.
    pub(crate) fn report(self, selection: &Selection, redactor: &mut Redactor) -> Option<FileReport> {
        if !selection.runs(self.finding.rule) {
            return None;
        }
        let text = std::str::from_utf8(&self.text).unwrap_or_default();
        let findings = shown(vec![self.finding], &CommandLine::new("powersync-jwks"), (text, None), redactor);
        Some(FileReport { findings, ..FileReport::new(self.name, self.path, Reported::Policy) })
    }
}

/// The policy of a config that is reviewed as it is, or next to it if it can't be read. Each bad one is told once.
pub(crate) fn beside(source: &Source, bad: &mut Vec<PolicyFinding>, world: &World<'_>) -> PolicyFile {
    let Source::File(config) = source else { return PolicyFile::default() };
    let config = world.path(config);
    let real = std::fs::canonicalize(&config).unwrap_or(config);
    let Some(path) = policy_file::find(&real) else { return PolicyFile::default() };
    match store::snapshot(&path) {
        Ok(text) => match policy_file::parse_bytes(&text).and_then(|found| found.at(&path, &text)) {
            Ok(found) => found.named(Path::new(&name_of(&path, world).0)),
            Err(why) => {
                tell(name_of(&path, world), &text, &why, bad);
                PolicyFile::default()
            }
        },
        Err(error) => {
            let why = BadPolicy { line: None, what: error.to_string() };
            tell(name_of(&path, world), &Snapshot::default(), &why, bad);
            PolicyFile::default()
        }
    }
}

/// What a policy's text says.
pub(crate) fn of_text(
    text: &Snapshot,
    name: impl FnOnce() -> (String, String),
    bad: &mut Vec<PolicyFinding>,
) -> PolicyFile {
    policy_file::parse_bytes(text).unwrap_or_else(|why| {
        tell(name(), text, &why, bad);
        PolicyFile::default()
    })
}

fn tell((name, path): (String, String), text: &Snapshot, why: &BadPolicy, bad: &mut Vec<PolicyFinding>) {
    if bad.iter().all(|told| told.path != path) {
        bad.push(PolicyFinding::unreadable(name, path, text.clone(), why));
    }
}

fn name_of(path: &Path, world: &World<'_>) -> (String, String) {
    let here = std::fs::canonicalize(&world.directory).unwrap_or_else(|_| world.directory.clone());
    let name = path.strip_prefix(&here).unwrap_or(path).display().to_string();
    let inside = store::git::path_in_repository(path).unwrap_or_else(|| name.clone());
    (name, inside)
}
