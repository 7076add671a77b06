//! The configs that `check` looks at, and how it looks at one.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::arguments::{Global, PolicyArgs};
use super::findings::{self, file_facts, not_compared, unseen, wrapped};
use super::review_policy::{self, PolicyFinding};
use super::shared::{self, SharedSecrets};
use super::values::KnownValues;
use super::{Error, Source, Usage, World, policy, source};
use crate::base::command_line::CommandLine;
use crate::base::time::NumericDate;
use crate::config::{Config, Input};
use crate::explain::{Subject, Verdict};
use crate::keyset::{Key, KeySet, NamedSet, Values};
use crate::redact::Redactor;
use crate::report::findings::{Earlier, FileReport, Reported, Skipped, Wrapped, shown};
use crate::rules::{self, Found, Inspected, Selection};
use crate::schedule::Policy;
use crate::store::git::{Content, GitError, Links, NotSeen, Repository, Tree};
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

/// What is to be checked.
pub(crate) struct Targets {
    pub(crate) configs: Vec<CheckTarget>,
    /// What is below the directories and can't be looked at.
    pub(crate) skipped: Vec<Skipped>,
    /// Policies that can't be read.
    pub(crate) policies: Vec<PolicyFinding>,
}

/// The configs that are meant.
pub(crate) fn targets(
    paths: &[PathBuf],
    policy: Option<&PathBuf>,
    global: &Global,
    world: &mut World<'_>,
) -> Result<Targets, Error> {
    let (sources, skipped) = sources(paths, global, world)?;
    let mut policies = Vec::new();
    let targets = sources.into_iter().map(|source| {
        let policy = match policy {
            Some(named) => policy::of(&PolicyArgs { policy: Some(named.clone()) }.times(), &source, world)?,
            None => review_policy::beside(&source, &mut policies, world).policy,
        };
        let tool = source.command(global, world);
        let path = source.path(world);
        Ok(CheckTarget { name: source.name(), source, path, policy, tool })
    });
    let configs = targets.collect::<Result<_, Error>>()?;
    Ok(Targets { configs, skipped, policies })
}

/// Files, those below directories, or stdin.
fn sources(
    paths: &[PathBuf],
    global: &Global,
    world: &mut World<'_>,
) -> Result<(Vec<Source>, Vec<Skipped>), Error> {
    let (mut files, mut left_out) = (Vec::new(), Vec::new());
    for path in paths {
        let full = world.path(path);
        if path == Path::new("-") || !full.is_dir() {
            files.push(path.clone());
            continue;
        }
        let (before, found) = (left_out.len(), files.len());
        let mut mounts = Vec::new();
        look_below(&full, |below, content| {
            let named = join(path, below);
            let why = match content {
                Content::Absent => return,
                Content::NotSeen(why) => why.message(),
                Content::File(bytes) => match holds(&bytes, Input::of_path(below)) {
                    Holds::Nothing => return,
                    Holds::Unseen(why) => {
                        mounts.extend(
                            why.mounted().map(|config| (named.clone(), named.with_file_name(config))),
                        );
                        why.message()
                    }
                    Holds::Config => return files.push(named),
                },
            };
            let place = store::git::path_in_repository(&full.join(below)).map(PathBuf::from);
            let name = named.display().to_string();
            left_out.push(not_compared(&name, &place.unwrap_or(named), why, Earlier::Other));
        })?;
        // A Compose file that mounts one of these is nothing that isn't judged.
        let real = |path: &Path| std::fs::canonicalize(world.path(path)).ok();
        let judged: HashSet<PathBuf> = files[found..].iter().filter_map(|file| real(file)).collect();
        for (compose, _) in
            mounts.iter().filter(|(_, config)| real(config).is_some_and(|real| judged.contains(&real)))
        {
            left_out.retain(|one: &Skipped| one.name != compose.display().to_string());
        }
        if files.len() == found {
            return Err(nothing_below(path, &left_out[before..]));
        }
        // A link to one that is there as itself is found twice: the link goes.
        files[found..].sort_by_key(|file| world.path(file).is_symlink());
    }
    left_out.sort_by(|one, two| one.name.cmp(&two.name));
    let mut sources = source::several(&files, global, world)?;
    sources.sort_by_key(|source| files.iter().position(|file| *source == source::named(file)));
    Ok((sources, left_out))
}

/// What may be configs in and below a directory, each told with its path from there: all that git tracks and what is new
/// and not ignored; all where there is no git to ask.
fn look_below(directory: &Path, mut tell: impl FnMut(&Path, Content)) -> Result<(), Error> {
    let repository = match Repository::open(directory) {
        Ok(repository) => repository,
        Err(GitError::NotARepository | GitError::NotThere(_)) => {
            store::all_below(directory, tell);
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let (tree, mut objects) = (Tree::working(&repository)?, repository.objects()?);
    let real = std::fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    let inside = real.strip_prefix(&repository.root).unwrap_or(Path::new(""));
    let mut links = Links::default();
    for path in tree.paths().filter(|path| store::is_looked_into(path)) {
        if let Ok(below) = path.strip_prefix(inside) {
            tell(below, links.read(&tree, path, &mut objects)?);
        }
    }
    for below in tree.submodules().filter_map(|path| path.strip_prefix(inside).ok()) {
        tell(below, Content::NotSeen(NotSeen::Submodule));
    }
    Ok(())
}

/// A directory without a config to look at.
fn nothing_below(directory: &Path, skipped: &[Skipped]) -> Error {
    let skipped = skipped.iter().map(|one| (one.name.clone(), one.why.clone())).collect();
    Usage::NothingBelow { directory: directory.display().to_string(), skipped }.into()
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
    /// The secrets of all targets.
    pub(crate) shared: SharedSecrets,
    pub(crate) now: NumericDate,
}

/// What was found in one config.
pub(crate) struct Checked {
    bytes: Snapshot,
    wrapped: Option<Wrapped>,
    input: Input,
    pub(crate) found: Found,
    /// Variables whose secrets were not looked at.
    unseen: Vec<String>,
    /// The key that signs, as people name it.
    current: Option<String>,
    kids: Vec<String>,
}

/// What is found in a config, before it is reported.
struct Seen {
    found: Found,
    unseen: Vec<String>,
    current: Option<String>,
    kids: Vec<String>,
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
        let Seen { found, unseen, current, kids } = match Config::parse(&bytes, input) {
            Ok(config) => self.inspect(target, &config, known),
            Err(error) => {
                let finding = rules::unreadable(&error, std::str::from_utf8(&bytes).ok());
                let findings = if self.selection.runs(finding.rule) { vec![finding] } else { Vec::new() };
                let found = Found { findings, ..Found::default() };
                Seen { found, unseen: Vec::new(), current: None, kids: Vec::new() }
            }
        };
        Ok(Checked { bytes, wrapped, input, found, unseen, current, kids })
    }

    fn inspect(&self, target: &CheckTarget, config: &Config<'_>, known: Option<&KnownValues<'_>>) -> Seen {
        let value = |name: &str| known.and_then(|known| known.get(name));
        let values = known.map(|_| &value as &Values<'_>);
        let keys = KeySet::read_to_show(config, &value);
        let why_unknown = |name: &str| known.and_then(|known| known.why_unknown(name));
        let file = file_facts(target.path.as_deref(), &target.name, &keys, &self.selection);
        let on = Inspected::new(config, &keys, &target.policy, self.now);
        let elsewhere = |key: &Key| self.shared.elsewhere(&target.name, key);
        let on = Inspected {
            values,
            file,
            sets: &self.sets,
            why_unknown: &why_unknown,
            elsewhere: &elsewhere,
            ..on
        };
        let current = keys.current().ok().flatten().filter(|_| !keys.is_cloud).map(Key::in_words);
        Seen { found: rules::check(&on, &self.selection), unseen: unseen(&keys), current, kids: keys.kids() }
    }
}

impl Checked {
    pub(crate) fn report(self, target: &CheckTarget, redactor: &mut Redactor) -> FileReport {
        let text = std::str::from_utf8(&self.bytes).unwrap_or_default();
        // Parsed again rather than kept: most files have no findings.
        let Found { findings, silenced } = self.found;
        let is_any = !findings.is_empty() || !silenced.is_empty();
        let config = if is_any { Config::parse_str(text, self.input).ok() } else { None };
        let grounds = findings::grounds(&findings, &target.tool);
        let subject = Subject::Config { current: self.current };
        let (tool, text) = (&target.tool, (text, config.as_ref()));
        FileReport {
            verdict: Verdict::of(subject, &grounds, Vec::new()),
            wrapped: self.wrapped,
            findings: shown(findings, tool, text, redactor),
            silenced: shown(silenced, tool, text, redactor),
            unseen: self.unseen,
            kids: self.kids,
            ..FileReport::new(target.name.clone(), target.place(), Reported::Config)
        }
    }
}

/// The secrets that stand in these configs, if there are several. What can't be read is told where it is checked.
pub(crate) fn shared_secrets(targets: &[CheckTarget], global: &Global) -> SharedSecrets {
    let mut shared = SharedSecrets::default();
    if targets.len() < 2 {
        return shared;
    }
    let read = in_parallel(targets, &|target| {
        let bytes = store::snapshot(target.path.as_ref()?).ok()?;
        let keys = shared::keys(&target.source, global, &bytes, target.source.input(global))?;
        Some(shared::secrets(&keys))
    });
    for (target, secrets) in targets.iter().zip(read) {
        shared.add(&target.name, secrets.into_iter().flatten());
    }
    shared
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
