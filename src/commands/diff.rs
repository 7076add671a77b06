//! `diff`: what a change does to users.

use std::path::{Path, PathBuf};

use crate::base::text::Named;
use crate::config::{Config, Input};
use crate::explain::{self, Situation, Step};
use crate::keyset::{KeySet, Values};
use crate::redact::{Redactor, text_diff};
use crate::report::findings::{ChangeReport, FileReport, FindingsFormat, FindingsReport, shown};
use crate::rules::{Comparison, Inspected, Selection, compare, not_compared};
use crate::schedule::Policy;
use crate::session::arguments::{self, Deny, Global, RuleArgs, Times};
use crate::session::compared::{Sides, from_git, two_files};
use crate::session::source::Opened;
use crate::session::values::{self, KnownValues};
use crate::session::{Answer, Error, Source, World, findings, policy};
use crate::store::{self, Platform, Snapshot};

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
    /// Exit 1 on any difference
    #[arg(long)]
    pub exit_code: bool,
    /// Don't exit 1 because of what is found
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
    let differ = Differ {
        global,
        args,
        old_values: args.env_file_old.as_deref().map(|path| values::of_file(path, world)).transpose()?,
        new_values: args.env_file_new.as_deref().map(|path| values::of_file(path, world)).transpose()?,
        selection: findings::selection(&args.rules),
    };
    let mut redactor = Redactor::default();
    let mut files = Vec::new();
    let alone = sides.len() == 1 && args.format == FindingsFormat::Human;
    for side in sides {
        let names = (side.name.clone(), side.old_name.clone());
        files.push(match differ.compare(side, &mut redactor, world) {
            Ok(report) => report,
            // The only file's error is told like that of any command.
            Err(side) if alone => return Err(side.error),
            Err(SideError { of_old, error }) => {
                let name = if of_old { names.1 } else { names.0 };
                let path = store::git::path_in_repository(&world.path(Path::new(&name)));
                let path = Named(path.as_ref().unwrap_or(&name)).to_string();
                FileReport::failed(Named(&name).to_string(), path, error.to_string())
            }
        });
    }
    let values = differ.old_values.is_some() && differ.new_values.is_some();
    let report = FindingsReport { command: "diff", now: world.clock.now(), values, files, skipped };
    let differs =
        report.files.iter().any(|file| file.change.as_ref().is_some_and(|change| !change.diff.is_empty()));
    let no = report.has_errors() && !args.exit_zero || args.exit_code && differs;
    findings::finish(&report, args.format, no, world)
}

/// Why two texts can't be compared.
struct SideError {
    /// Whether it is the old one's.
    of_old: bool,
    error: Error,
}

impl From<Error> for SideError {
    fn from(error: Error) -> Self {
        Self { of_old: false, error }
    }
}

impl SideError {
    fn of_old(error: Error) -> Self {
        Self { of_old: true, error }
    }
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

/// What all texts are compared with.
struct Differ<'a> {
    global: &'a Global,
    args: &'a Args,
    /// The values of variables on both sides, as far as they are known.
    old_values: Option<KnownValues<'a>>,
    new_values: Option<KnownValues<'a>>,
    selection: Selection,
}

impl Differ<'_> {
    fn compare(
        &self,
        sides: Sides,
        redactor: &mut Redactor,
        world: &mut World<'_>,
    ) -> Result<FileReport, SideError> {
        let (source, global) = (&sides.source, self.global);
        let is_file = sides.from == sides.old_name;
        let old_name =
            if is_file { sides.from.clone() } else { format!("{} ({})", sides.name, sides.from) };
        let old = open(source, global, sides.old.as_ref(), sides.input_old, &old_name);
        let old = old.map_err(SideError::of_old)?;
        let new = open(source, global, sides.new.as_ref(), sides.input_new, &sides.name)?;
        let absent = || Config::parse_str(ABSENT, Input::Yaml).map_err(Error::config(&sides.name));
        let old = old.as_ref().map_or_else(absent, Opened::config).map_err(SideError::of_old)?;
        let wrapped = new.as_ref().zip(sides.new.as_ref());
        let wrapped = wrapped.and_then(|(new, bytes)| findings::wrapped(&new.envelope, bytes));
        let new = new.as_ref().map_or_else(absent, Opened::config)?;
        let report = self.judge(&sides, (&old, &new), redactor, world)?;
        Ok(FileReport { wrapped, ..report })
    }

    fn judge(
        &self,
        sides: &Sides,
        (old, new): (&Config<'_>, &Config<'_>),
        redactor: &mut Redactor,
        world: &mut World<'_>,
    ) -> Result<FileReport, Error> {
        let now = world.clock.now();
        let times = Times { policy: self.args.policy.clone(), ..Times::default() };
        let policy = policy::of(&times, &sides.source, world)?;
        let known = self.old_values.as_ref();
        let value = |name: &str| known.and_then(|known| known.get(name));
        let values = known.map(|_| &value as &Values<'_>);
        let old_keys = KeySet::read_with(old, &value);
        let before = Inspected { values, ..Inspected::new(old, &old_keys, &policy, now) };
        let known = self.new_values.as_ref();
        let value = |name: &str| known.and_then(|known| known.get(name));
        let values = known.map(|_| &value as &Values<'_>);
        let new_keys = KeySet::read_with(new, &value);
        let after = Inspected { values, ..Inspected::new(new, &new_keys, &policy, now) };
        let comparison = Comparison::new(&before, &after);
        let mut found = compare(&comparison, &self.selection);
        findings::deny(&mut found, &self.args.deny);
        let tool = sides.source.tool(self.global, world);
        let steps = self.steps(sides, &comparison, &policy, world);
        let [old, new] = [(&sides.old, old), (&sides.new, new)]
            .map(|(text, config)| text.is_some().then_some(config));
        let change = ChangeReport {
            from: sides.from.clone(),
            to: sides.to.clone(),
            events: explain::events(&old_keys, &new_keys, now),
            not_compared: not_compared(&comparison).iter().map(|secret| secret.message()).collect(),
            diff: text_diff(redactor, old, new, &sides.name),
            steps,
        };
        let mut unseen = findings::unseen(&old_keys);
        unseen.extend(findings::unseen(&new_keys));
        unseen.sort();
        unseen.dedup();
        let path = sides.path(world).as_deref().and_then(store::git::path_in_repository);
        Ok(FileReport {
            path: path.unwrap_or_else(|| sides.name.clone()),
            name: sides.name.clone(),
            wrapped: None,
            findings: shown(found, &tool, (after.config.text(), new), redactor),
            unseen,
            change: Some(change),
            failure: None,
        })
    }

    fn steps(
        &self,
        sides: &Sides,
        comparison: &Comparison<'_>,
        policy: &Policy,
        world: &World<'_>,
    ) -> Vec<Step> {
        let (old, new) = comparison.sides();
        let tool = sides.source.tool(self.global, world);
        let now = world.clock.now();
        if sides.new.is_none() {
            return vec![explain::after_deletion()];
        }
        if old.config.text() == new.config.text() && explain::events(old.keys, new.keys, now).is_empty() {
            return Vec::new();
        }
        if comparison.breaks_the_start() {
            return vec![explain::first_mend(&tool)];
        }
        let platform = sides.path(world).map_or(Platform::Unknown, |path| store::detect(&path));
        let situation = Situation {
            now,
            policy,
            platform: &platform,
            tool: &tool,
            flags: "",
            keys: new.keys,
            variable: None,
            unused: &[],
            live_at: &[],
        };
        let around = !old.config.same_around_the_list(new.config);
        explain::deploy_steps(old.keys, new.keys, around, &comparison.new_variables(), &situation)
    }
}
