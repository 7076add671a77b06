//! `diff`: what a change does to users.

use std::path::{Path, PathBuf};

use crate::base::text::Named;
use crate::redact::Redactor;
use crate::report::findings::{FileReport, FindingsFormat, FindingsReport};
use crate::session::arguments::{self, Deny, Global, RuleArgs};
use crate::session::compared::{Revisions, Staged, from_git, two_files};
use crate::session::differ::{Differ, SideError};
use crate::session::trees::Compared;
use crate::session::{Answer, Error, World, findings, policy_file, values};
use crate::store;

/// Say what a change does to users
///
/// Key events in plain words, the text without its secrets, what would lock users out, and in which order to deploy.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 no errors, 1 errors found (or, with --exit-code, any difference), 2 it could not be compared.\n\nExamples:\n  powersync-jwks diff old.yaml new.yaml\n  powersync-jwks diff --git                     this branch and the one it is merged into\n  powersync-jwks diff --git HEAD~1 -- powersync.yaml\n  powersync-jwks diff --git v1..v2              two revisions\n  powersync-jwks diff --staged                  what the next commit would bring\n  powersync-jwks diff --git --format markdown >> \"$GITHUB_STEP_SUMMARY\""
)]
pub(crate) struct Args {
    /// The old and the new config; with `--git` the configs to compare [default: all of the repository]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Compare the working tree with a revision [default: where this branch left the one it is merged into], or two
    /// revisions: `A..B`
    #[arg(long, value_name = "REV", num_args = 0..=1)]
    #[allow(clippy::option_option, reason = "not given, given, given with a value: as clap has it")]
    pub git: Option<Option<String>>,
    /// Compare what is staged, as for a commit, with HEAD or with the revision of `--git`
    #[arg(long)]
    pub staged: bool,
    /// Which rules run.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// Make an error of this rule, of all warnings (`warnings`), or of what can't be looked at (`not-compared`)
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
    /// The policy file [default: the nearest powersync-jwks.yaml of the old side, up to the root of the repository]
    #[arg(long, value_name = "PATH")]
    pub policy: Option<PathBuf>,
    /// How to report
    #[arg(long, default_value = "human")]
    pub format: FindingsFormat,
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let named = args.policy.as_deref();
    let named = named.map(|path| {
        let found = policy_file::read(&world.path(path), &path.display().to_string())?;
        Ok::<_, Error>(found.named(path))
    });
    let named = named.transpose()?;
    let staged = if args.staged { Staged::Yes } else { Staged::No };
    let Compared { sides, skipped, policies, shared } = match &args.git {
        None if !args.staged => two_files(&args.paths, global, world)?,
        git => {
            let revision = git.as_ref().and_then(Option::as_deref);
            from_git(Revisions::read(revision, staged)?, &args.paths, global, world)?
        }
    };
    let differ = Differ {
        global,
        policy: named.as_ref(),
        deny: &args.deny,
        old_values: args.env_file_old.as_deref().map(|path| values::of_file(path, world)).transpose()?,
        new_values: args.env_file_new.as_deref().map(|path| values::of_file(path, world)).transpose()?,
        selection: findings::selection(&args.rules),
        shared,
    };
    let mut redactor = Redactor::default();
    let policies = policies.into_iter();
    let mut files: Vec<FileReport> =
        policies.filter_map(|policy| policy.report(&differ.selection, &mut redactor)).collect();
    let alone = sides.len() == 1 && args.format == FindingsFormat::Human;
    for side in &sides {
        let (new_name, old_name) = (side.name.clone(), side.old_name.clone());
        files.push(match differ.compare(side, &mut redactor, world) {
            Ok(report) => report,
            // The only file's error is told like that of any command.
            Err(side) if alone => return Err(*side.error),
            Err(SideError { of_old, error }) => {
                let name = if of_old { old_name } else { new_name };
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
    let no = findings::is_no(&report, &args.deny) && !args.exit_zero || args.exit_code && differs;
    let answer = if no { Answer::No } else { Answer::Done };
    findings::finish(&report, args.format, answer, world)
}
