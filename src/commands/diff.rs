//! `diff`: what a change does to users.

use crate::session::arguments;
use crate::session::arguments::Deny;
use crate::session::arguments::RuleArgs;
use std::path::{Path, PathBuf};

use super::check;
use crate::base::text::{Named, Printable};
use crate::session::arguments::{Global, PolicyArgs};
use crate::config::{Config, Input};
use crate::explain::{self, Action, Around, Means, Merge, Situation, Step, Steps, Variables};
use crate::keyset::{KeySet, Values};
use crate::redact::Redactor;
use crate::report::findings::{Change, FileReport, FindingsFormat, Report, Skipped, shown};
use crate::report::paint::error_line;
use crate::rules::{Comparison, FileFacts, Selection, Subject, breaks_the_start, compare, not_compared};
use crate::session::World;
use crate::session::source::Opened;
use crate::session::values::{self, KnownValues};
use crate::session::{Answer, findings, policy, source};
use crate::session::{Error, Source};
use crate::store::Platform;
use crate::store::git::{ChangedFile, Repository, short};
use crate::store::{self, Snapshot};
use crate::wrap::manifest::{Holds, holds};

/// Say what a change does to users
///
/// Key events in plain words, the text without its secrets, what would lock users out, and in which order to deploy.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 no errors, 1 errors found (or, with --exit-code, any difference), 2 it could not be compared.\n\nExamples:\n  powersync-jwks diff old.yaml new.yaml\n  powersync-jwks diff --git                     this branch and the one it is merged into\n  powersync-jwks diff --git HEAD~1 -- powersync.yaml\n  powersync-jwks diff --git --format markdown >> \"$GITHUB_STEP_SUMMARY\""
)]
pub struct Args {
    /// The old and the new config; with `--git` the configs to compare [default: all of the repository]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Compare the working tree with a revision [default: where this branch left the one it is merged into]
    #[arg(long, value_name = "REV", num_args = 0..=1)]
    #[allow(clippy::option_option, reason = "not given, given, given with a value: as clap has it")]
    pub git: Option<Option<String>>,
    /// Which rules run.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// Make an error of this rule, or of all warnings (`warnings`)
    #[arg(long, value_name = "RULE", value_parser = arguments::deny(), hide_possible_values = true, value_delimiter = ',')]
    pub deny: Vec<Deny>,
    /// End with 1 on any difference
    #[arg(long)]
    pub exit_code: bool,
    /// Don't end with 1 because of what is found
    #[arg(long)]
    pub exit_zero: bool,
    /// The env file of the old config, to compare secrets behind `!env`
    #[arg(long, value_name = "PATH")]
    pub env_file_old: Option<PathBuf>,
    /// The env file of the new config
    #[arg(long, value_name = "PATH")]
    pub env_file_new: Option<PathBuf>,
    /// The policy file [default: the nearest powersync-jwks.yaml, up to the root of the repository]
    #[arg(long, value_name = "PATH")]
    pub policy: Option<PathBuf>,
    /// How to report
    #[arg(long, default_value = "human")]
    pub format: FindingsFormat,
}

/// What stands for a file that isn't there.
const ABSENT: &str = "{}";

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let (sides, skipped) = match &args.git {
        Some(revision) => from_git(revision.as_deref(), &args.paths, global, world)?,
        None => (vec![two_files(&args.paths, global, world)?], Vec::new()),
    };
    let known = Known {
        old: args.env_file_old.as_deref().map(|path| values::of_file(path, world)).transpose()?,
        new: args.env_file_new.as_deref().map(|path| values::of_file(path, world)).transpose()?,
    };
    let selection = findings::selection(&args.rules);
    let mut redactor = Redactor::default();
    let mut files = Vec::new();
    let alone = sides.len() == 1 && args.format == FindingsFormat::Human;
    for side in sides {
        let names = (side.name.clone(), side.old_name.clone());
        let report = compare_one(global, args, side, &known, &selection, &mut redactor, world);
        files.push(match report {
            Ok(report) => report,
            // The only file's error is told like that of any command.
            Err(fault) if alone => return Err(fault.error),
            Err(Fault { of_old, error }) => {
                let name = if of_old { names.1 } else { names.0 };
                let path = store::git::path_in_repository(&world.path(Path::new(&name)));
                let path = Named(path.as_ref().unwrap_or(&name)).to_string();
                FileReport::failed(Named(&name).to_string(), path, error.to_string())
            }
        });
    }
    let report = Report {
        command: "diff",
        now: world.clock.now(),
        values: known.old.is_some() && known.new.is_some(),
        files,
        skipped,
    };
    for file in
        report.files.iter().filter(|file| file.failure.is_some() && args.format == FindingsFormat::Human)
    {
        writeln!(world.stderr, "{}", error_line(&file.failure.as_deref().unwrap_or_default()))?;
    }
    let differs =
        report.files.iter().any(|file| file.change.as_ref().is_some_and(|change| !change.diff.is_empty()));
    let no = findings::has_errors(&report) && !args.exit_zero || args.exit_code && differs;
    findings::finish(&report, args.format, no, world)
}

/// The values of variables on both sides, as far as they are known.
struct Known<'w> {
    old: Option<KnownValues<'w>>,
    new: Option<KnownValues<'w>>,
}

/// Why two texts can't be compared.
struct Fault {
    /// Whether it is the old one's.
    of_old: bool,
    error: Error,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self { of_old: false, error }
    }
}

impl Fault {
    fn of_old(error: Error) -> Self {
        Self { of_old: true, error }
    }
}

/// Two texts to be compared.
struct Sides {
    /// The config, as findings name it.
    name: String,
    /// The file with the old text; of a revision, where that file is now.
    old_name: String,
    /// The old text; `None` where there is none.
    old: Option<Snapshot>,
    /// The new one.
    new: Option<Snapshot>,
    from: String,
    to: String,
    input_old: Input,
    input_new: Input,
    /// The new config, for its policy and its platform.
    source: Source,
}

fn two_files(paths: &[PathBuf], global: &Global, world: &mut World<'_>) -> Result<Sides, Error> {
    let [old, new] = paths else {
        let text = "name two configs, `diff OLD NEW`, or compare with a revision: `diff --git [REV]`";
        return Err(Error::Usage(text.to_owned()));
    };
    let (old, new) = (source::named(old), source::named(new));
    if old == Source::Stdin && new == Source::Stdin {
        return Err(Error::Usage("only one of the two configs can come from stdin".to_owned()));
    }
    let (from, to) = (old.name(), new.name());
    let input_old = old.input(global);
    let input_new = new.input(global);
    let (old, bytes) = (read(&old, world)?, read(&new, world)?);
    let (name, old_name) = (to.clone(), from.clone());
    Ok(Sides { name, old_name, old, new: bytes, from, to, input_old, input_new, source: new })
}

/// A config; `/dev/null`, which git passes for a file that isn't there, is none.
fn read(source: &Source, world: &mut World<'_>) -> Result<Option<Snapshot>, Error> {
    if *source == Source::File(PathBuf::from("/dev/null")) { Ok(None) } else { source.read(world).map(Some) }
}

fn from_git(
    revision: Option<&str>,
    paths: &[PathBuf],
    global: &Global,
    world: &mut World<'_>,
) -> Result<(Vec<Sides>, Vec<Skipped>), Error> {
    if !global.config.is_empty() && !paths.is_empty() {
        return Err(Error::Usage("name the configs either with `-c` or as arguments, not both".to_owned()));
    }
    let repository = Repository::open(&world.folder)?;
    let (commit, from) = if let Some(revision) = revision {
        (repository.commit(revision).map_err(|error| hint(error, revision, world))?, short(revision))
    } else {
        let (commit, branch) = repository.base(world.variable)?;
        let from = format!("{} ({branch})", short(&commit));
        (commit, from)
    };
    let paths: Vec<PathBuf> = paths.iter().chain(&global.config).cloned().collect();
    let chosen = chosen(&repository, repository.changed(&commit)?, &paths, world)?;
    let (mut sides, mut skipped) = (Vec::new(), Vec::new());
    for Chosen { file, name, is_named } in chosen {
        let maybe = |path: &Option<PathBuf>| path.as_deref().is_some_and(store::may_be_config);
        if !is_named && !maybe(&file.old) && !maybe(&file.new) {
            continue;
        }
        let old = match &file.old {
            Some(path) => repository.show(&commit, path)?,
            None => None,
        };
        let new = match &file.new {
            Some(path) if repository.root.join(path).exists() => {
                Some(store::snapshot(&repository.root.join(path)).map_err(Error::store(&name))?)
            }
            _ => None,
        };
        let input = |path: &Option<PathBuf>| path.as_deref().map_or(Input::Either, Input::of_path);
        let (input_old, input_new) = (input(&file.old), input(&file.new));
        let what =
            |text: &Option<Snapshot>, input| text.as_ref().map_or(Holds::Nothing, |text| holds(text, input));
        match (what(&old, input_old), what(&new, input_new)) {
            _ if is_named => {}
            (_, Holds::Unseen(why)) | (Holds::Unseen(why), _) => {
                skipped.push(findings::skipped(Path::new(&name), &world.path(Path::new(&name)), why));
                continue;
            }
            (Holds::Nothing, Holds::Nothing) => continue,
            _ => {}
        }
        if old.is_none() && new.is_none() {
            return Err(Error::Usage(format!(
                "{}: there is no such file, neither at {from} nor in the working tree",
                Named(&name)
            )));
        }
        let renamed = file.old.as_ref().filter(|old| file.new.as_ref().is_some_and(|new| new != *old));
        let from = renamed.map_or_else(|| from.clone(), |old| format!("{from}, there {}", old.display()));
        let to = "working tree".to_owned();
        let source = Source::File(PathBuf::from(&name));
        sides.push(Sides { old_name: name.clone(), name, old, new, from, to, input_old, input_new, source });
    }
    Ok((sides, skipped))
}

/// A file to be compared with its old text.
struct Chosen {
    file: ChangedFile,
    name: String,
    /// Whether it was named itself: then it is compared, whatever is in it.
    is_named: bool,
}

/// The files that are meant, of those that changed: the named ones, those below named folders, or all.
fn chosen(
    repository: &Repository,
    changed: Vec<ChangedFile>,
    paths: &[PathBuf],
    world: &World<'_>,
) -> Result<Vec<Chosen>, Error> {
    let found = |file: ChangedFile| {
        let name = name_of(repository, &file, world);
        Chosen { file, name, is_named: false }
    };
    if paths.is_empty() {
        return Ok(changed.into_iter().map(found).collect());
    }
    let mut chosen: Vec<Chosen> = Vec::new();
    for path in paths {
        let inside = below(repository, &world.path(path)).ok_or_else(|| {
            Error::Usage(format!("{} is not in this git repository", Named(&path.display().to_string())))
        })?;
        if world.path(path).is_dir() {
            let is_inside =
                |path: &Option<PathBuf>| path.as_ref().is_some_and(|path| path.starts_with(&inside));
            let files = changed.iter().filter(|file| is_inside(&file.old) || is_inside(&file.new));
            chosen.extend(files.cloned().map(found));
            continue;
        }
        let same = changed.iter().find(|file| file.new.as_ref().or(file.old.as_ref()) == Some(&inside));
        let unchanged = || ChangedFile { old: Some(inside.clone()), new: Some(inside.clone()) };
        let file = same.cloned().unwrap_or_else(unchanged);
        chosen.push(Chosen { file, name: path.display().to_string(), is_named: true });
    }
    Ok(chosen)
}

/// A word that is no revision may have been meant as a file.
fn hint(error: store::git::GitError, revision: &str, world: &World<'_>) -> Error {
    if world.path(Path::new(revision)).exists() {
        let named = Printable(revision);
        return Error::Usage(format!(
            "`{named}` is a file and no revision. Compare it with the default branch: `diff --git -- {named}`"
        ));
    }
    error.into()
}

/// A path from the root of the repository.
fn below(repository: &Repository, path: &Path) -> Option<PathBuf> {
    let root = std::fs::canonicalize(&repository.root).ok()?;
    if path.is_dir() {
        return Some(std::fs::canonicalize(path).ok()?.strip_prefix(root).ok()?.to_owned());
    }
    let folder = std::fs::canonicalize(path.parent()?).ok()?;
    Some(folder.join(path.file_name()?).strip_prefix(root).ok()?.to_owned())
}

/// A file as people in this folder name it.
fn name_of(repository: &Repository, file: &ChangedFile, world: &World<'_>) -> String {
    let path =
        repository.root.join(file.new.as_ref().or(file.old.as_ref()).map_or(Path::new(""), PathBuf::as_path));
    let here = std::fs::canonicalize(&world.folder).unwrap_or_else(|_| world.folder.clone());
    path.strip_prefix(here).unwrap_or(&path).display().to_string()
}

/// The config of one side. `input`: how it is read where it stands as it is.
fn open<'o>(
    source: &Source,
    global: &Global,
    text: Option<&'o Snapshot>,
    input: Input,
    name: &str,
) -> Result<Option<Opened<'o>>, Error> {
    let Some(text) = text else { return Ok(None) };
    let opened = source.unwrap(global, text)?;
    let input = if opened.envelope.is_wrapped() { opened.input } else { input };
    Ok(Some(Opened { input, name: name.to_owned(), ..opened }))
}

fn compare_one(
    global: &Global,
    args: &Args,
    sides: Sides,
    known: &Known<'_>,
    selection: &Selection,
    redactor: &mut Redactor,
    world: &mut World<'_>,
) -> Result<FileReport, Fault> {
    let now = world.clock.now();
    let times = PolicyArgs { policy: args.policy.clone() }.times();
    let policy = policy::of(&times, &sides.source, world)?;
    let command = sides.source.command(global, world);
    let tool = command.to_string();
    let is_file = sides.from == sides.old_name;
    let old_name = if is_file { sides.from.clone() } else { format!("{} ({})", sides.name, sides.from) };
    let old =
        open(&sides.source, global, sides.old.as_ref(), sides.input_old, &old_name).map_err(Fault::of_old)?;
    let new = open(&sides.source, global, sides.new.as_ref(), sides.input_new, &sides.name)?;
    let absent = || Config::parse_str(ABSENT, Input::Yaml).map_err(Error::config(&sides.name));
    let old = old.as_ref().map_or_else(absent, Opened::config).map_err(Fault::of_old)?;
    let wrapped = new.as_ref().zip(sides.new.as_ref());
    let wrapped = wrapped.and_then(|(new, bytes)| findings::wrapped(&new.envelope, bytes));
    let new = new.as_ref().map_or_else(absent, Opened::config)?;
    let (old_values, new_values) =
        (known.old.as_ref().map(KnownValues::values), known.new.as_ref().map(KnownValues::values));
    let old_values: Option<&Values<'_>> = match &old_values {
        Some(values) => Some(values),
        None => None,
    };
    let new_values: Option<&Values<'_>> = match &new_values {
        Some(values) => Some(values),
        None => None,
    };
    let nothing: &Values<'_> = &|_| None;
    let old_keys = KeySet::read_with(&old, old_values.unwrap_or(nothing));
    let new_keys = KeySet::read_with(&new, new_values.unwrap_or(nothing));
    let (policy, tool, file) = (&policy, tool.as_str(), FileFacts::default());
    let old_subject = Subject { config: &old, keys: &old_keys, values: old_values, policy, now, file, tool };
    let new_subject = Subject { config: &new, keys: &new_keys, values: new_values, policy, now, file, tool };
    let comparison = Comparison::new(&old_subject, &new_subject);
    let mut found = compare(&comparison, selection);
    findings::deny(&mut found, &args.deny);
    let platform = match &sides.source {
        Source::File(path) => crate::store::detect(&world.path(path)),
        Source::Stdin | Source::Variable => Platform::Unknown,
    };
    let situation = Situation {
        now,
        policy,
        keys: &new_keys,
        means: Means { platform: &platform, tool: &command, timing: &[] },
        variables: Variables::default(),
        live_at: &[],
    };
    let events = explain::events(&old_keys, &new_keys, now);
    let plan = |list| Steps { now, list };
    let steps = if sides.new.is_none() {
        plan(vec![Step::new(Action::ConfigDeleted, Vec::new())])
    } else if old.text() == new.text() && events.is_empty() {
        plan(Vec::new())
    } else if breaks_the_start(&comparison) {
        plan(vec![Step::fix_first(None, &platform, &command)])
    } else {
        let around = if old.same_around_the_list(&new) { Around::Same } else { Around::Changed };
        let merge = Merge { old: &old_keys, around, variables: &comparison.new_variables() };
        explain::deploy_steps(&merge, &situation)
    };
    let change = Change {
        from: sides.from.clone(),
        to: sides.to.clone(),
        events,
        not_compared: not_compared(&comparison),
        diff: crate::redact::text_diff(
            redactor,
            sides.old.is_some().then_some(&old),
            sides.new.is_some().then_some(&new),
            &sides.name,
        ),
        steps,
    };
    let mut unseen = check::unseen(&old_keys);
    unseen.extend(check::unseen(&new_keys));
    unseen.sort();
    unseen.dedup();
    let path = match &sides.source {
        Source::File(path) => store::git::path_in_repository(&world.path(path)),
        Source::Stdin | Source::Variable => None,
    };
    Ok(FileReport {
        path: path.unwrap_or_else(|| sides.name.clone()),
        name: sides.name,
        wrapped,
        findings: shown(found, new.text(), sides.new.is_some().then_some(&new), redactor),
        unseen,
        change: Some(change),
        failure: None,
    })
}
