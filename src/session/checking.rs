//! The configs that `check` looks at, and how it looks at one.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::arguments::{Global, PolicyArgs};
use super::findings::{self, file_facts, skipped, unseen, wrapped};
use super::values::KnownValues;
use super::{Error, Source, World, policy, source};
use crate::base::command_line::CommandLine;
use crate::base::text::{Printable, list};
use crate::base::time::NumericDate;
use crate::config::{Config, Input};
use crate::explain::{Subject, Verdict};
use crate::keyset::{Key, KeySet, NamedSet, Values};
use crate::redact::Redactor;
use crate::report::findings::{FileReport, Skipped, Wrapped, shown};
use crate::rules::{self, Finding, Inspected, Selection};
use crate::schedule::Policy;
use crate::store::{self, Snapshot};
use crate::wrap::manifest::{Holds, holds};

/// A config to be checked.
pub(crate) struct CheckTarget {
    pub(crate) source: Source,
    pub(crate) name: String,
    /// Where it is, unless it comes from stdin.
    pub(crate) path: Option<PathBuf>,
    pub(crate) policy: Policy,
    tool: CommandLine,
}

impl CheckTarget {
    /// Where it is for a CI system.
    pub(crate) fn place(&self) -> String {
        self.path.as_deref().and_then(store::git::path_in_repository).unwrap_or_else(|| self.name.clone())
    }
}

/// The configs that are meant, and those below directories that aren't looked into.
pub(crate) fn targets(
    paths: &[PathBuf],
    policy: Option<&PathBuf>,
    global: &Global,
    world: &mut World<'_>,
) -> Result<(Vec<CheckTarget>, Vec<Skipped>), Error> {
    let (sources, skipped) = sources(paths, global, world)?;
    let targets = sources.into_iter().map(|source| {
        let times = PolicyArgs { policy: policy.cloned() }.times();
        let policy = policy::of(&times, &source, world)?;
        let tool = source.command(global, world);
        let path = source.path(world);
        Ok(CheckTarget { name: source.name(), source, path, policy, tool })
    });
    Ok((targets.collect::<Result<_, Error>>()?, skipped))
}

/// Files, those below directories, or stdin.
fn sources(
    paths: &[PathBuf],
    global: &Global,
    world: &World<'_>,
) -> Result<(Vec<Source>, Vec<Skipped>), Error> {
    let (mut files, mut left_out) = (Vec::new(), Vec::new());
    for path in paths {
        let full = world.path(path);
        if path == Path::new("-") || !full.is_dir() {
            files.push(path.clone());
            continue;
        }
        let named =
            |found: &Path| found.strip_prefix(&full).map_or(found.to_owned(), |below| join(path, below));
        let before = left_out.len();
        let keep = |found: &Path, bytes: &[u8]| match holds(bytes, Input::of_path(found)) {
            Holds::Config => true,
            Holds::Unseen(why) => {
                left_out.push(skipped(&named(found), found, why));
                false
            }
            Holds::Nothing => false,
        };
        let found = store::files_below(&full, keep);
        if found.is_empty() {
            return Err(nothing_below(path, &left_out[before..]));
        }
        files.extend(found.iter().map(|found| named(found)));
    }
    left_out.sort_by(|one, two| one.name.cmp(&two.name));
    Ok((source::several(&files, global, world)?, left_out))
}

/// A directory without a config to look at.
fn nothing_below(directory: &Path, skipped: &[Skipped]) -> Error {
    let also = skipped.iter().map(|one| format!(". Not looked at: {}, {}", Printable(&one.name), one.why));
    Error::Usage(format!(
        "{}: there is no PowerSync config in this directory: no .yaml, .yml or .json file with one of {} at its top{}",
        Printable(&directory.display().to_string()),
        list(&store::TOP_MEMBERS.map(|name| format!("`{name}`"))),
        also.collect::<String>()
    ))
}

/// A path below a directory, as people write it.
fn join(directory: &Path, below: &Path) -> PathBuf {
    if directory == Path::new(".") { below.to_owned() } else { directory.join(below) }
}

/// What all targets are checked with.
pub(crate) struct Checker<'a> {
    pub(crate) global: &'a Global,
    pub(crate) selection: Selection,
    /// Sets of keys from elsewhere.
    pub(crate) sets: Vec<NamedSet>,
    pub(crate) now: NumericDate,
}

/// What was found in one config.
pub(crate) struct Checked {
    bytes: Snapshot,
    wrapped: Option<Wrapped>,
    input: Input,
    pub(crate) findings: Vec<Finding>,
    /// Variables whose secrets were not looked at.
    unseen: Vec<String>,
    /// The key that signs, as people name it.
    current: Option<String>,
}

/// What is found in a config, before it is reported.
struct Seen {
    findings: Vec<Finding>,
    unseen: Vec<String>,
    current: Option<String>,
}

impl Checker<'_> {
    /// Checks one target. `stdin`: its bytes, where it comes from there.
    pub(crate) fn check(
        &self,
        target: &CheckTarget,
        stdin: Option<&Snapshot>,
        known: Option<&KnownValues<'_>>,
    ) -> Result<Checked, Error> {
        let outer = match (&target.path, stdin) {
            (Some(path), _) => store::snapshot(path).map_err(Error::store(&target.name))?,
            (None, Some(bytes)) => bytes.clone(),
            (None, None) => Snapshot::default(),
        };
        let opened = target.source.unwrap(self.global, &outer)?;
        let (input, wrapped) = (opened.input, wrapped(&opened.envelope, &outer));
        let inner = opened.envelope.is_wrapped().then(|| Snapshot::new(opened.envelope.inner().to_vec()));
        let bytes = inner.unwrap_or(outer);
        let Seen { findings, unseen, current } = match Config::parse(&bytes, input) {
            Ok(config) => self.inspect(target, &config, known),
            Err(error) => {
                let finding = rules::unreadable(&error, std::str::from_utf8(&bytes).ok());
                let findings = if self.selection.runs(finding.rule) { vec![finding] } else { Vec::new() };
                Seen { findings, unseen: Vec::new(), current: None }
            }
        };
        Ok(Checked { bytes, wrapped, input, findings, unseen, current })
    }

    fn inspect(&self, target: &CheckTarget, config: &Config<'_>, known: Option<&KnownValues<'_>>) -> Seen {
        let value = |name: &str| known.and_then(|known| known.get(name));
        let values = known.map(|_| &value as &Values<'_>);
        let keys = KeySet::read_with(config, &value);
        let why_unknown = |name: &str| known.and_then(|known| known.why_unknown(name));
        let file = file_facts(target.path.as_deref(), &keys, &self.selection);
        let on = Inspected::new(config, &keys, &target.policy, self.now);
        let on = Inspected { values, file, sets: &self.sets, why_unknown: &why_unknown, ..on };
        let current = keys.current().ok().flatten().filter(|_| !keys.is_cloud).map(Key::in_words);
        Seen { findings: rules::check(&on, &self.selection), unseen: unseen(&keys), current }
    }
}

impl Checked {
    pub(crate) fn report(self, target: &CheckTarget, redactor: &mut Redactor) -> FileReport {
        let text = std::str::from_utf8(&self.bytes).unwrap_or_default();
        // Parsed again rather than kept: most files have no findings.
        let config = if self.findings.is_empty() { None } else { Config::parse_str(text, self.input).ok() };
        let grounds = findings::grounds(&self.findings, &target.tool);
        let subject = Subject::Config { current: self.current };
        FileReport {
            verdict: Verdict::of(subject, &grounds, Vec::new()),
            name: target.name.clone(),
            path: target.place(),
            wrapped: self.wrapped,
            findings: shown(self.findings, &target.tool, (text, config.as_ref()), redactor),
            unseen: self.unseen,
            change: None,
            failure: None,
        }
    }
}

/// Does the same for every target on all cores, and returns the results in order.
pub(crate) fn in_parallel<T: Send>(
    targets: &[CheckTarget],
    work: &(dyn Fn(&CheckTarget) -> T + Sync),
) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(targets.len());
    if threads <= 1 {
        return targets.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(targets.len()));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((index, target)) = Some(next.fetch_add(1, Ordering::Relaxed))
                    .and_then(|index| Some((index, targets.get(index)?)))
                {
                    let result = work(target);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}
