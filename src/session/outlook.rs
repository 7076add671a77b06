//! How one config stands: what was found, and the one thing to do next.

use super::arguments::{Global, Times};
use super::checking::{Checker, Targets, targets};
use super::shared::SharedSecrets;
use super::values::KnownValues;
use super::{Error, Source, World, policy};
use crate::base::command_line::CommandLine;
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Printable, count, list};
use crate::base::time::NumericDate;
use crate::keyset::KeySet;
use crate::report::json::{CheckCounts, DueStep, StatusOutlook};
use crate::rules::{Selection, Severity};
use crate::schedule::{self, Action, Due};

/// How a config stands.
pub(crate) struct Outlook {
    config: String,
    /// The policy file, unless there is none.
    policy: Option<String>,
    /// Where values of variables were looked for, or found.
    env_files: Vec<String>,
    /// The env file with which `check` sees what is counted here.
    values_of: Option<String>,
    /// What `check` finds; nothing where it isn't a file.
    found: Option<Found>,
    /// What is due first by the schedule.
    next: Option<Due>,
    /// Whether it is due because nobody knows how old the key is.
    is_undated: bool,
    /// The tool with the options that name this config.
    tool: CommandLine,
}

#[derive(Default)]
struct Found {
    errors: usize,
    warnings: usize,
}

/// The values of a config's variables.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) values: &'a KnownValues<'a>,
    /// The env file that was named.
    pub(crate) asked: Option<&'a str>,
    /// The files that values were found in.
    pub(crate) found: &'a [String],
}

impl Outlook {
    pub(crate) fn of(
        source: &Source,
        keys: &KeySet,
        known: Known<'_>,
        global: &Global,
        world: &mut World<'_>,
    ) -> Result<Self, Error> {
        let now = world.clock.now();
        let rules = policy::rules(&Times::default(), source, world)?;
        let found = match source {
            Source::File(path) => {
                let Targets { configs: targets, .. } =
                    targets(std::slice::from_ref(path), None, global, world)?;
                // A variable that isn't set here may be set where the service runs, unless somebody says otherwise.
                let skip = if known.asked.is_none() { vec!["unset-variable"] } else { Vec::new() };
                let selection = Selection { skip, ..Selection::default() };
                let (sets, shared) = (Vec::new(), SharedSecrets::default());
                let checker = Checker { global, selection, sets, shared, now };
                let mut found = Found::default();
                for target in &targets {
                    let seen = checker.check(target, None, Some(known.values))?;
                    let count =
                        |severity| seen.found.findings.iter().filter(|one| one.severity == severity).count();
                    found.errors += count(Severity::Error);
                    found.warnings += count(Severity::Warning);
                }
                Some(found)
            }
            Source::Stdin | Source::Variable => None,
        };
        // What can't be decided is told as a warning; on Cloud there is no schedule.
        let decides = !keys.is_cloud && !keys.keys().is_empty();
        let next = decides.then(|| schedule::next_due(keys, &rules.policy, now).ok().flatten()).flatten();
        let is_undated = next
            .as_ref()
            .is_some_and(|due| due.action == Action::Rotate && keys.keys()[due.key.index()].iat.is_absent());
        Ok(Self {
            config: source.name(),
            policy: rules.origins.file.map(|(name, _)| name),
            env_files: match (known.found, known.asked) {
                ([], Some(asked)) => vec![asked.to_owned()],
                ([], None) => rules.env_file.iter().map(|path| path.display().to_string()).collect(),
                (found, _) => found.to_vec(),
            },
            values_of: known.asked.or(known.found.first().map(String::as_str)).map(str::to_owned),
            found,
            next,
            is_undated,
            tool: source.command(global, world),
        })
    }

    /// Where all of it comes from.
    pub(crate) fn sources(&self) -> Sentence {
        let policy =
            self.policy.as_deref().map_or("the defaults".to_owned(), |file| Printable(file).to_string());
        let config = Printable(&self.config);
        let files: Vec<String> = self.env_files.iter().map(|file| Printable(file).to_string()).collect();
        match files.as_slice() {
            [] => sentence!("Config: {config}. Policy: {policy}"),
            [file] => sentence!("Config: {config}. Policy: {policy}. Env file: {file}"),
            files => sentence!("Config: {config}. Policy: {policy}. Env files: {}", list(files)),
        }
    }

    /// The same for programs.
    pub(crate) fn report(&self, now: NumericDate) -> StatusOutlook {
        let file = |path: &String| Printable(path).to_string();
        StatusOutlook {
            policy: self.policy.as_ref().map(file),
            env_files: self.env_files.iter().map(file).collect(),
            check: self
                .found
                .as_ref()
                .map(|found| CheckCounts { errors: found.errors, warnings: found.warnings }),
            due: self.next.as_ref().filter(|due| due.at <= now).map(DueStep::from),
        }
    }

    /// What `check` says, in a line.
    pub(crate) fn checked(&self) -> Option<Sentence> {
        let Found { errors, warnings } = self.found.as_ref()?;
        let counted = |(number, noun): (usize, &str)| (number > 0).then(|| count(number, noun));
        let counts: Vec<String> =
            [(*errors, "error"), (*warnings, "warning")].into_iter().filter_map(counted).collect();
        Some(match counts.as_slice() {
            [] => sentence!("Check: nothing found"),
            counts => sentence!("Check: {}; `{}` shows more", list(counts), self.check()),
        })
    }

    /// The one thing to do now, if any.
    pub(crate) fn next(&self, now: NumericDate) -> Option<Sentence> {
        if self.found.as_ref().is_some_and(|found| found.errors > 0) {
            return Some(sentence!("Next: fix the errors that `{}` shows", self.check()));
        }
        let Due { action, key, at } = self.next.as_ref()?;
        if *at > now {
            let what = match action {
                Action::Promote => "promote",
                Action::Rotate => "replace",
                Action::Prune => "remove",
            };
            return Some(sentence!("Next: nothing until {}, then {what} {key}", at.for_people(now)));
        }
        let (what, command) = match action {
            Action::Promote => ("promote", self.command(["promote", &key.to_string()])),
            Action::Rotate => ("replace", self.command(["rotate"])),
            Action::Prune => ("remove", self.command(["prune"])),
        };
        let why = if self.is_undated { ", whose age isn't known" } else { "" };
        Some(sentence!("Next: {what} {key}{why}: `{command}`"))
    }

    fn check(&self) -> CommandLine {
        let check = self.command(["check"]);
        match &self.values_of {
            Some(file) => check.arg("--env-file").arg(file),
            None => check,
        }
    }

    fn command<'w>(&self, words: impl IntoIterator<Item = &'w str>) -> CommandLine {
        self.tool.clone().args(words)
    }
}
