//! `check`: what would break or weaken a config.

use std::path::PathBuf;

use crate::base::sentence::sentence;
use crate::base::text::Named;
use crate::config::Config;
use crate::keyset::{KeySet, Values};
use crate::redact::Redactor;
use crate::report::findings::{FileReport, FindingsFormat, FindingsReport};
use crate::rules::{self, Inspected};
use crate::schedule::{Change, Effect, Outcome};
use crate::session::arguments::{self, Deny, Ending, Format, Global, RuleArgs};
use crate::session::checking::{Checker, CheckTarget, Targets, in_parallel, targets, shared_secrets};
use crate::session::{Answer, Error, Usage, World, change, findings, key_sets};
use crate::session::operation::{Cloud, Decided, Failing, Idle, Operation, Task};
use crate::session::values::{self, KnownValues};

/// Find what would break or weaken a config
///
/// Errors keep the service from starting, lock users out, or let anyone in. Without `--env-file` nothing behind
/// `!env` is looked at. `# powersync-jwks: ignore[RULE] reason` silences a rule, at a key or for the file.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "All rules: docs/rules.md\n\nExit codes: 0 no errors, 1 errors found, 2 a file could not be read.\n\nExamples:\n  powersync-jwks check\n  powersync-jwks check --format github .       all configs below this directory, in GitHub Actions\n  powersync-jwks check --fix                   fix what is safe to fix\n  powersync-jwks check --deny warnings --skip missing-kid"
)]
pub(crate) struct Args {
    /// Configs, directories with configs, or `-`, in place of `-c`
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Which rules run.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// Make an error of this rule, of all warnings (`warnings`), or of what can't be looked at (`not-compared`)
    #[arg(long, value_name = "RULE", value_parser = arguments::deny(), hide_possible_values = true, value_delimiter = ',')]
    pub deny: Vec<Deny>,
    /// Always exit 0
    #[arg(long)]
    pub exit_zero: bool,
    /// An env file, to look behind `!env` with
    #[arg(long, value_name = "PATH")]
    pub env_file: Option<PathBuf>,
    /// A JWK set that stands for what is behind `jwks_uri`, read as the service reads it: a file, or a URL that is asked
    #[arg(long, value_name = "FILE|URL")]
    pub jwks: Vec<String>,
    /// The policy file [default: the nearest powersync-jwks.yaml, up to the root of the repository]
    #[arg(long, value_name = "PATH")]
    pub policy: Option<PathBuf>,
    /// How to report
    #[arg(long, default_value = "human")]
    pub format: FindingsFormat,
    /// Fix what is safe to fix: other ways to write the same key
    #[arg(long)]
    pub fix: bool,
    /// How a fix ends.
    #[command(flatten)]
    pub ending: Ending,
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let Targets { configs: targets, skipped, policies } = targets(&args.paths, args.policy.as_ref(), global, world)?;
    let known = args.env_file.as_deref().map(|path| values::known(Some(path), world)).transpose()?;
    let sets = args.jwks.iter().map(|named| key_sets::read(named, world)).collect::<Result<_, _>>()?;
    let selection = findings::selection(&args.rules);
    let shared = shared_secrets(&targets, global);
    let checker = Checker { global, selection, sets, shared, now: world.clock.now() };
    if args.fix && fix(args, &targets, known.as_ref(), &checker, world)? == Answer::No {
        return Ok(Answer::No);
    }
    let stdin = match targets.as_slice() {
        [CheckTarget { source, path: None, .. }] => Some(source.read(world)?),
        _ => None,
    };
    let mut results = match &known {
        // The environment is one for all.
        Some(known) => {
            targets.iter().map(|target| checker.check(target, stdin.as_ref(), Some(known))).collect()
        }
        None => in_parallel(&targets, &|target| checker.check(target, stdin.as_ref(), None)),
    };
    // The only file's error is told like that of any command.
    if let ([_], FindingsFormat::Human) = (results.as_slice(), args.format)
        && results[0].is_err()
    {
        return results.remove(0).map(|_| Answer::Done);
    }
    let mut redactor = Redactor::default();
    let files = targets.iter().zip(results).map(|(target, result)| match result {
        Ok(mut config) => {
            findings::deny(&mut config.found.findings, &args.deny);
            config.report(target, &mut redactor)
        }
        Err(error) => FileReport::failed(
            Named(&target.name).to_string(),
            Named(&target.place()).to_string(),
            error.to_string(),
        ),
    });
    let mut files: Vec<FileReport> = files.collect();
    let selection = &checker.selection;
    files.extend(policies.into_iter().filter_map(|policy| policy.report(selection, &mut redactor)));
    let (now, values) = (checker.now, known.is_some());
    let report = FindingsReport { command: "check", now, values, files, skipped };
    let no = findings::is_no(&report, &args.deny) && !args.exit_zero;
    let answer = if no { Answer::No } else { Answer::Done };
    findings::finish(&report, args.format, answer, world)
}

/// Carries out the safe fixes, file by file.
fn fix(
    args: &Args,
    targets: &[CheckTarget],
    known: Option<&KnownValues<'_>>,
    checker: &Checker<'_>,
    world: &mut World<'_>,
) -> Result<Answer, Error> {
    if args.format != FindingsFormat::Human {
        return Err(Usage::FixFormat.into());
    }
    if targets.iter().any(|target| target.path.is_none()) {
        return Err(Usage::FixFiles.into());
    }
    let mut tasks = Vec::new();
    for target in targets {
        // What can't be read has no fixes, and is reported below.
        let bytes = target.source.read(world)?;
        let opened = target.source.unwrap(checker.global, &bytes)?;
        let has_fixes =
            |config: Config<'_>| !fixes(target, &config, known, checker).outcome.changes.is_empty();
        if !opened.config().is_ok_and(has_fixes) {
            continue;
        }
        tasks.push(Task {
            source: target.source.clone(),
            policy: target.policy.clone(),
            values: values::known(args.env_file.as_deref(), world)?,
            decide: Box::new(move |seen| Ok(fixes(target, seen.config, known, checker))),
            drop_env: None,
        });
    }
    if tasks.is_empty() {
        return Ok(Answer::Done);
    }
    let operation = Operation {
        command: "check",
        global: checker.global,
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

/// The safe fixes of one config.
fn fixes(
    target: &CheckTarget,
    config: &Config<'_>,
    known: Option<&KnownValues<'_>>,
    checker: &Checker<'_>,
) -> Decided {
    let value = |name: &str| known.and_then(|known| known.get(name));
    let values = known.map(|_| &value as &Values<'_>);
    let keys = KeySet::read_with(config, &value);
    let on = Inspected { values, ..Inspected::new(config, &keys, &target.policy, checker.now) };
    let mut decided = Decided::from(Outcome::new(Effect::Rewritten, Vec::new()));
    for finding in rules::check(&on, &checker.selection).findings {
        let message = finding.message();
        let Some(fix) = finding.fix else { continue };
        decided.notes.push(sentence!("fixed {}: {message}", finding.rule.id));
        let (index, member, value) = (fix.entry, fix.member, fix.value);
        decided.outcome.changes.push(Change::Rewrite { index, member, value });
    }
    decided
}
