//! `check`: what would break or weaken a config.

use crate::session::arguments;
use crate::session::arguments::Deny;
use crate::session::arguments::Ending;
use crate::session::arguments::RuleArgs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::base::sentence::sentence;
use crate::base::text::{Named, Printable};
use crate::base::time::NumericDate;
use crate::session::arguments::{Global, PolicyArgs};
use crate::config::{Config, Input};
use crate::keyset::{Key, KeySet, Values};
use crate::redact::Redactor;
use crate::report::findings::{FileReport, FindingsFormat, Report, Skipped, Wrapped, shown};
use crate::report::paint::error_line;
use crate::rules::{self, FileFacts, Finding, Selection, Subject};
use crate::schedule::{Change, Effect, Outcome, Policy};
use crate::session::World;
use crate::session::change;
use crate::session::operation::{Cloud, Decided, Failing, Idle, Operation, Task};
use crate::session::arguments::Format;
use crate::session::values::{self, KnownValues};
use crate::session::{Answer, findings, policy, source};
use crate::session::{Error, Source};
use crate::store::{self, Snapshot};
use crate::wrap::manifest::{Holds, holds};

/// Find what would break or weaken a config
///
/// Errors keep the service from starting, lock users out, or let anyone in. Without `--env-file` nothing behind
/// `!env` is looked at. `# powersync-jwks: ignore[RULE] reason` silences a rule, at a key or for the file.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "All rules: docs/rules.md\n\nExit codes: 0 no errors, 1 errors found, 2 a file could not be read.\n\nExamples:\n  powersync-jwks check\n  powersync-jwks check --format github .       all configs below this folder, in GitHub Actions\n  powersync-jwks check --fix                   correct what is safe to correct\n  powersync-jwks check --deny warnings --skip missing-kid"
)]
pub struct Args {
    /// Configs, folders with configs, or `-`, in place of `-c`
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Which rules run.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// Make an error of this rule, or of all warnings (`warnings`)
    #[arg(long, value_name = "RULE", value_parser = arguments::deny(), hide_possible_values = true, value_delimiter = ',')]
    pub deny: Vec<Deny>,
    /// End with 0 whatever is found
    #[arg(long)]
    pub exit_zero: bool,
    /// An env file, to look behind `!env` with
    #[arg(long, value_name = "PATH")]
    pub env_file: Option<PathBuf>,
    /// The policy file [default: the nearest powersync-jwks.yaml, up to the root of the repository]
    #[arg(long, value_name = "PATH")]
    pub policy: Option<PathBuf>,
    /// How to report
    #[arg(long, default_value = "human")]
    pub format: FindingsFormat,
    /// Correct what is safe to correct: other ways to write the same key
    #[arg(long)]
    pub fix: bool,
    /// How a correction ends.
    #[command(flatten)]
    pub ending: Ending,
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let (sources, skipped) = sources(&args.paths, global, world)?;
    let targets = sources
        .into_iter()
        .map(|source| {
            let times = PolicyArgs { policy: args.policy.clone() }.times();
            let policy = policy::of(&times, &source, world)?;
            let tool = source.tool(global, world);
            let path = match &source {
                Source::File(path) => Some(world.path(path)),
                Source::Stdin | Source::Variable => None,
            };
            Ok(Target { name: source.name(), source, path, policy, tool })
        })
        .collect::<Result<Vec<Target>, Error>>()?;
    let known = args.env_file.as_deref().map(|path| values::known(Some(path), world)).transpose()?;
    let selection = findings::selection(&args.rules);
    if args.fix {
        let answer = fix(global, args, &targets, known.as_ref(), &selection, world)?;
        if answer == Answer::No {
            return Ok(Answer::No);
        }
    }
    let now = world.clock.now();
    let stdin = match targets.as_slice() {
        [Target { source, path: None, .. }] => Some(source.read(world)?),
        _ => None,
    };
    let work = |target: &Target, values: Option<&Values<'_>>| {
        let bytes = match (&target.path, &stdin) {
            (Some(path), _) => store::snapshot(path).map_err(Error::store(&target.name))?,
            (None, Some(bytes)) => bytes.clone(),
            (None, None) => Snapshot::default(),
        };
        let opened = target.source.unwrap(global, &bytes)?;
        let (input, wrapped) = (opened.input, findings::wrapped(&opened.envelope, &bytes));
        let inner = opened.envelope.is_wrapped().then(|| Snapshot::new(opened.envelope.inner().to_vec()));
        let checked = check_one(target, inner.unwrap_or(bytes), input, values, &selection, now);
        Ok(Checked { wrapped, ..checked })
    };
    let mut checked: Vec<Result<Checked, Error>> = match &known {
        // The environment is one for all.
        Some(known) => targets.iter().map(|target| work(target, Some(&known.values()))).collect(),
        None => in_parallel(&targets, &|target| work(target, None)),
    };
    if let Some(known) = &known {
        let findings = checked.iter_mut().flatten().flat_map(|checked| &mut checked.findings);
        findings.for_each(|finding| tell_unknown(finding, known));
    }
    // The only file's error is told like that of any command.
    if let ([_], FindingsFormat::Human) = (checked.as_slice(), args.format)
        && checked[0].is_err()
    {
        return checked.remove(0).map(|_| Answer::Done);
    }
    let mut redactor = Redactor::default();
    let files = targets.iter().zip(checked).map(|(target, checked)| match checked {
        Ok(mut checked) => {
            findings::deny(&mut checked.findings, &args.deny);
            checked.report(target, &mut redactor)
        }
        Err(error) => FileReport::failed(
            Named(&target.name).to_string(),
            Named(&target.place()).to_string(),
            error.to_string(),
        ),
    });
    let report = Report { command: "check", now, values: known.is_some(), files: files.collect(), skipped };
    for file in
        report.files.iter().filter(|file| file.failure.is_some() && args.format == FindingsFormat::Human)
    {
        writeln!(world.stderr, "{}", error_line(&file.failure.as_deref().unwrap_or_default()))?;
    }
    let no = findings::has_errors(&report) && !args.exit_zero;
    findings::finish(&report, args.format, no, world)
}

/// A config to be checked.
struct Target {
    source: Source,
    name: String,
    /// Where it is, unless it comes from stdin.
    path: Option<PathBuf>,
    policy: Policy,
    tool: String,
}

impl Target {
    /// Where it is for a CI system.
    fn place(&self) -> String {
        self.path.as_deref().and_then(store::git::path_in_repository).unwrap_or_else(|| self.name.clone())
    }
}

/// What came of it.
struct Checked {
    bytes: Snapshot,
    wrapped: Option<Wrapped>,
    input: Input,
    findings: Vec<Finding>,
    /// Variables whose secrets were not looked at.
    unseen: Vec<String>,
}

impl Checked {
    fn report(self, target: &Target, redactor: &mut Redactor) -> FileReport {
        let text = std::str::from_utf8(&self.bytes).unwrap_or_default();
        // Parsed again rather than kept: most files have no findings.
        let config = if self.findings.is_empty() { None } else { Config::parse_str(text, self.input).ok() };
        FileReport {
            name: target.name.clone(),
            path: target.place(),
            wrapped: self.wrapped,
            findings: shown(self.findings, text, config.as_ref(), redactor),
            unseen: self.unseen,
            change: None,
            failure: None,
        }
    }
}

/// The configs that are meant: files, those below folders, or stdin. And those below folders that aren't looked into.
fn sources(
    paths: &[PathBuf],
    global: &Global,
    world: &World<'_>,
) -> Result<(Vec<Source>, Vec<Skipped>), Error> {
    let (mut files, mut skipped) = (Vec::new(), Vec::new());
    for path in paths {
        let full = world.path(path);
        if path == Path::new("-") || !full.is_dir() {
            files.push(path.clone());
            continue;
        }
        let named =
            |found: &Path| found.strip_prefix(&full).map_or(found.to_owned(), |below| join(path, below));
        let before = skipped.len();
        let keep = |found: &Path, bytes: &[u8]| match holds(bytes, Input::of_path(found)) {
            Holds::Config => true,
            Holds::Unseen(why) => {
                skipped.push(findings::skipped(&named(found), found, why));
                false
            }
            Holds::Nothing => false,
        };
        let found = store::files_below(&full, keep).map_err(Error::store(&path.display().to_string()))?;
        if found.is_empty() {
            return Err(nothing_below(path, &skipped[before..]));
        }
        files.extend(found.iter().map(|found| named(found)));
    }
    skipped.sort_by(|one, two| one.name.cmp(&two.name));
    Ok((source::several(&files, global, world)?, skipped))
}

/// A folder without a config to look at.
fn nothing_below(folder: &Path, skipped: &[Skipped]) -> Error {
    let also = skipped.iter().map(|one| format!(". Not looked at: {}, {}", Printable(&one.name), one.why));
    Error::Usage(format!(
        "{}: there is no PowerSync config in this folder: no .yaml, .yml or .json file with one of {} at its top{}",
        Printable(&folder.display().to_string()),
        crate::base::text::list(&store::TOP_MEMBERS.map(|name| format!("`{name}`"))),
        also.collect::<String>()
    ))
}

/// A path below a folder, as people write it.
fn join(folder: &Path, below: &Path) -> PathBuf {
    if folder == Path::new(".") { below.to_owned() } else { folder.join(below) }
}

/// Does the same for every target on all cores, and returns the results in order.
fn in_parallel<T: Send>(targets: &[Target], work: &(dyn Fn(&Target) -> T + Sync)) -> Vec<T> {
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

fn check_one(
    target: &Target,
    bytes: Snapshot,
    input: Input,
    values: Option<&Values<'_>>,
    selection: &Selection,
    now: NumericDate,
) -> Checked {
    let (findings, unseen) = match Config::parse(&bytes, input) {
        Ok(config) => {
            let keys = KeySet::read_with(&config, values.unwrap_or(&|_| None));
            let subject = Subject {
                config: &config,
                keys: &keys,
                values,
                policy: &target.policy,
                now,
                file: facts(target.path.as_deref(), &keys, selection),
                tool: &target.tool,
            };
            (rules::check(&subject, selection), unseen(&keys))
        }
        Err(error) => {
            let finding = rules::unreadable(&error, std::str::from_utf8(&bytes).ok());
            (if selection.runs(finding.rule) { vec![finding] } else { Vec::new() }, Vec::new())
        }
    };
    Checked { bytes, wrapped: None, input, findings, unseen }
}

/// A variable that is there without a value that is known is not one that is not set.
fn tell_unknown(finding: &mut Finding, known: &KnownValues<'_>) {
    if finding.rule.id == "unset-variable"
        && let Some((name, _)) = finding.message.split_once(" is not set")
        && let Some(why) = known.why_unknown(name)
    {
        finding.message = format!("whether {name} is set as it should be can't be told: {why}");
        "Write one value for it that refers to no other variable, or look with the environment of the service"
            .clone_into(&mut finding.help);
    }
}

/// The variables whose secrets are not known.
pub(super) fn unseen(keys: &KeySet) -> Vec<String> {
    keys.unseen().filter_map(Key::variable).map(str::to_owned).collect()
}

/// What is known of the file. Git is asked only where a rule wants to know.
fn facts(path: Option<&Path>, keys: &KeySet, selection: &Selection) -> FileFacts {
    let Some(path) = path else { return FileFacts::default() };
    let runs = |id| rules::rule(id).is_some_and(|rule| selection.runs(rule));
    let inline = keys.keys().iter().any(|key| key.is_symmetric() && key.variable().is_none());
    let wanted = inline && (runs("inline-secret") || runs("file-mode"));
    let real = wanted.then(|| std::fs::canonicalize(path).ok()).flatten();
    FileFacts {
        mode: real.as_deref().and_then(store::mode),
        in_git: real.as_deref().is_some_and(store::git::tracks),
    }
}

/// Carries out the safe corrections, file by file.
fn fix(
    global: &Global,
    args: &Args,
    targets: &[Target],
    known: Option<&KnownValues<'_>>,
    selection: &Selection,
    world: &mut World<'_>,
) -> Result<Answer, Error> {
    if args.format != FindingsFormat::Human {
        return Err(Error::Usage(
            "`--fix` goes with the human format: it shows a diff and may ask".to_owned(),
        ));
    }
    let mut tasks = Vec::new();
    for target in targets {
        if target.path.is_none() {
            return Err(Error::Usage("`--fix` works on files only".to_owned()));
        }
        let decide = move |config: &Config<'_>, now: NumericDate| {
            let values = known.map(KnownValues::values);
            let values: Option<&Values<'_>> = match &values {
                Some(values) => Some(values),
                None => None,
            };
            let keys = KeySet::read_with(config, values.unwrap_or(&|_| None));
            let (policy, tool, file) = (&target.policy, target.tool.as_str(), FileFacts::default());
            let subject = Subject { config, keys: &keys, values, policy, now, file, tool };
            let mut decided = Decided::from(Outcome::new(Effect::Rewritten, Vec::new()));
            for finding in rules::check(&subject, selection) {
                let Some(fix) = finding.fix else { continue };
                decided.notes.push(sentence!("corrected for {}: {}", finding.rule.id, finding.message));
                decided.outcome.changes.push(Change::Rewrite {
                    index: fix.entry,
                    member: fix.member,
                    value: fix.value,
                });
            }
            decided
        };
        // What can't be read has no corrections, and is reported below.
        let bytes = target.source.read(world)?;
        let opened = target.source.unwrap(global, &bytes)?;
        let fixed = opened.config().ok().map(|config| decide(&config, world.clock.now()));
        if fixed.is_none_or(|decided| decided.outcome.changes.is_empty()) {
            continue;
        }
        tasks.push(Task {
            source: target.source.clone(),
            policy: target.policy.clone(),
            values: values::known(args.env_file.as_deref(), world)?,
            decide: Box::new(move |seen| Ok(decide(seen.config, seen.now))),
            drop_env: None,
        });
    }
    if tasks.is_empty() {
        return Ok(Answer::Done);
    }
    let operation = Operation {
        command: "check",
        global,
        ending: &args.ending,
        format: Format::Human,
        cloud: Cloud::Accepts,
        idle: Idle::Correction,
        failing: Failing::Together,
        flags: Vec::new(),
    };
    let answer = change::run(&operation, tasks, world)?;
    writeln!(world.stderr)?;
    Ok(answer)
}
