//! What a shell offers when Tab is pressed: commands, options, and the keys of the config that the line names.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::FromArgMatches as _;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::CompleteEnv;

use crate::base::random::System;
use crate::base::time::SystemClock;
use crate::cli::definition;
use crate::commands::completions::ASKED_BY;
use crate::keyset::{Key, KeySet};
use crate::probe::not_built_in;
use crate::session::arguments::Global;
use crate::session::source::{self, shell_word};
use crate::session::{Terminal, World};

/// Answers a shell that asks what may come next. Returns whether one did.
pub fn answer_shell(
    arguments: &[OsString],
    directory: &Path,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<bool, clap::Error> {
    let line = arguments.split(|argument| argument == "--").nth(1).unwrap_or_default();
    let factory = || with_keys(definition(), &keys(line, directory, variable).unwrap_or_default());
    CompleteEnv::with_factory(factory).var(ASKED_BY).try_complete(arguments, Some(directory))
}

/// Offers these wherever a command takes a key.
fn with_keys(command: clap::Command, keys: &[String]) -> clap::Command {
    command.mut_subcommands(|sub| {
        sub.mut_args(|arg| {
            let takes_a_key =
                arg.get_value_names().is_some_and(|names| names.iter().any(|name| name == "KEY"));
            if !takes_a_key {
                return arg;
            }
            let keys = keys.to_vec();
            arg.add(ArgValueCandidates::new(move || keys.iter().map(CompletionCandidate::new).collect()))
        })
    })
}

/// The keys of the config of a command line that isn't finished. Nothing where it can't be read: this is no time to say so.
fn keys(
    line: &[OsString],
    directory: &Path,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Option<Vec<String>> {
    let global = global(line)?;
    let mut world = World {
        clock: &SystemClock,
        random: &System::new(),
        directory: directory.to_owned(),
        variable,
        stdin: &mut std::io::empty(),
        stdout: &mut std::io::sink(),
        stderr: &mut std::io::sink(),
        terminal: Terminal::default(),
        ask: &not_built_in,
        sleep: &|_| {},
    };
    let source = source::one(&global, &mut world).ok()?;
    let bytes = source.read(&mut world).ok()?;
    let opened = source.unwrap(&global, &bytes).ok()?;
    let keys = KeySet::read(&opened.config().ok()?);
    Some(keys.keys().iter().enumerate().map(as_a_word).collect())
}

/// A key as the shell puts it into the line, unquoted: one whose kid a shell would read as anything else, by its place.
fn as_a_word((index, key): (usize, &Key)) -> String {
    let name = key.name();
    if shell_word(&name) == name { name } else { format!("@{}", index + 1) }
}

/// What the line says of the config, whatever is still missing from it.
fn global(line: &[OsString]) -> Option<Global> {
    let is_written = |word: &&OsString| !word.is_empty() && word.as_os_str() != OsStr::new("--help");
    let matches =
        definition().ignore_errors(true).try_get_matches_from(line.iter().filter(is_written)).ok()?;
    match matches.subcommand() {
        Some((_, of)) => Global::from_arg_matches(of).ok(),
        None => Global::from_arg_matches(&matches).ok(),
    }
}
