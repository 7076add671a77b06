//! The command line: what holds for all commands, and the list of them.

use std::fmt::Write as _;

use clap::{CommandFactory as _, FromArgMatches as _, Parser};

use crate::commands::{Command, GROUPS, REFUSALS};
use crate::session::arguments::Global;

pub use crate::commands::ClaimArg;
pub use crate::session::arguments::Color;

const EXAMPLES: &str = "\
Options
{options}

Examples
  powersync-jwks status
  powersync-jwks rotate --dry-run
  powersync-jwks rotate --token-ttl 1h --deploy-within 2h
  powersync-jwks -c powersync.json prune --yes
  powersync-jwks diff --git                  what this branch does to the keys
  powersync-jwks token --sub user-1 | powersync-jwks verify
  kubectl get cm powersync -o json | jq -r '.data[\"powersync.yaml\"]' | powersync-jwks -c - rotate > new.yaml

`powersync-jwks COMMAND --help` says more about each.
";

/// Rotate, retire and review the JWT signing keys of a self-hosted PowerSync Service
#[derive(Debug, Parser)]
#[command(name = "powersync-jwks", version, max_term_width = 100)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub(crate) global: Global,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Whether programs read the output, and so errors as well.
    #[arg(skip)]
    pub(crate) json: bool,
}

impl Cli {
    /// When to use colour.
    #[must_use]
    pub fn color(&self) -> Color {
        self.global.color
    }

    /// Reads a command line, the program's name first.
    pub fn read<I, T>(arguments: I) -> Result<Self, clap::Error>
    where
        I: IntoIterator<Item = T>,
        T: Into<std::ffi::OsString> + Clone,
    {
        let matches = definition().try_get_matches_from(arguments)?;
        let format = matches.subcommand().and_then(|(_, of)| of.try_get_raw("format").ok().flatten()?.next());
        Ok(Self { json: format.is_some_and(|format| format == "json"), ..Self::from_arg_matches(&matches)? })
    }
}

/// The command line, with its help grouped by job, and with the refusals that each command knows.
#[must_use]
pub fn definition() -> clap::Command {
    let command = REFUSALS.iter().fold(Cli::command(), |command, (name, ids)| {
        let ids: Vec<String> = ids.iter().map(|id| id.name()).collect();
        let allow = |arg: clap::Arg| match ids.as_slice() {
            [] => arg.hide(true),
            ids => arg.help(format!("Override this refusal: {}", ids.join(", "))),
        };
        command.mut_subcommand(name.replace('_', "-"), |sub| sub.mut_arg("allow", allow))
    });
    let help = help(&command);
    command.help_template(help)
}

fn help(command: &clap::Command) -> String {
    let named = |name: &str| command.find_subcommand(name.replace('_', "-"));
    let listed: Vec<_> = GROUPS.iter().flat_map(|(_, names)| *names).filter_map(|name| named(name)).collect();
    let width = listed.iter().map(|one| one.get_name().len()).max().unwrap_or(0);
    let mut text = "{about}\n\n{usage-heading} {usage}\n\n".to_owned();
    for (heading, names) in GROUPS {
        text.push_str(heading);
        text.push('\n');
        for one in names.iter().filter_map(|name| named(name)) {
            let about = one.get_about().map(ToString::to_string).unwrap_or_default();
            // A string can always be written to.
            let _ = writeln!(text, "  {:width$}  {about}", one.get_name());
        }
        text.push('\n');
    }
    text + EXAMPLES
}
