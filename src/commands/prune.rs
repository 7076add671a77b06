//! `prune`: what is removable goes.

use crate::session::arguments::ProbeArgs;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::base::text::Printable;
use crate::session::arguments::{DestinationArgs, DropArgs, Ending, Global, Times};
use crate::redact::Redactor;
use crate::report::paint::{diff_line, error_line};
use crate::schedule::{self, Policy};
use crate::session::World;
use crate::session::ask::{self, Asked};
use crate::session::change::{self, Decided, NO_TERMINAL, Run};
use crate::session::destination::{Finder, NamedPath};
use crate::session::drop_env::{Chosen, DropEnv, Left};
use crate::session::secret_write::SecretWrite;
use crate::session::used_by::{Referrer, Uses};
use crate::session::{Answer, files, policy, source, values};
use crate::session::{Error, Source};

/// Remove the keys whose time is over
///
/// Removes what `status` calls removable, and never the current key. Nothing to remove is fine: exit 0.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Configs to prune, in place of `-c`
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// What becomes of variables.
    #[command(flatten)]
    pub variables: DropArgs,
    /// Whether the service still knows what is removed.
    #[command(flatten)]
    pub probe: ProbeArgs,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let sources = source::several(&args.paths, global, world)?;
    ask::check_alone(&args.probe.urls, &sources)?;
    let redactor = RefCell::default();
    if let [source] = sources.as_slice() {
        return one(global, args, source, (None, &redactor), world);
    }
    let mut pruned = Vec::new();
    for source in &sources {
        let left = RefCell::default();
        let answer = one(global, args, source, (Some(&left), &redactor), world);
        pruned.push(Pruned { source, answer, left: left.take() });
    }
    let dropped = match &args.variables.drop_env {
        Some(names) => drop_variables(global, args, (names, &redactor), &pruned, world),
        None => Ok(Answer::Done),
    };
    let failed = pruned.iter().filter(|pruned| pruned.answer.is_err()).count();
    let no = pruned.iter().any(|pruned| matches!(pruned.answer, Ok(Answer::No)));
    for error in pruned.into_iter().filter_map(|pruned| pruned.answer.err()) {
        writeln!(world.stderr, "{}", error_line(&error))?;
    }
    match (failed, dropped) {
        (0, Ok(Answer::Done)) if no => Ok(Answer::No),
        (0, dropped) => dropped,
        (failed, dropped) => {
            if let Err(error) = dropped {
                writeln!(world.stderr, "{}", error_line(&error))?;
            }
            Err(Error::Some { failed, all: sources.len() })
        }
    }
}

/// What came of one of several configs.
struct Pruned<'a> {
    source: &'a Source,
    answer: Result<Answer, Error>,
    left: Option<Left>,
}

/// `later`: what it leaves is noted there, and dropped once all configs are written.
fn one(
    global: &Global,
    args: &Args,
    source: &Source,
    (later, redactor): (Option<&RefCell<Option<Left>>>, &RefCell<Redactor>),
    world: &mut World<'_>,
) -> Result<Answer, Error> {
    let DropArgs { drop_env, env_file } = &args.variables;
    let rules = policy::rules(&Times::default(), source, world)?;
    let file = env_file.clone().or_else(|| rules.env_file.clone());
    let asked = Asked::new(global, &args.probe, &rules.probe, file.as_deref(), world)?;
    let destination = destination(args);
    let finder = Finder::new(source, &destination, rules.env_file, world);
    let so_far = values::known_so_far(finder.told().as_ref(), world)?;
    let run = Run {
        global,
        source,
        ending: &args.ending,
        policy: &Policy::default(),
        values: asked.as_ref().map_or(&so_far, |asked| &asked.values),
        decide: &|_, keys, now| {
            let outcome = schedule::prune(keys, now, &args.ending.allow)?;
            let notes = asked.as_ref().map(|asked| asked.removals(&outcome, keys)).transpose()?;
            Ok(Decided { notes: notes.unwrap_or_default(), ..outcome.into() })
        },
        beside: None,
        drop_env: drop_env.as_deref().map(|names| DropEnv { finder: &finder, names, later }),
        redactor: Some(redactor),
        on_cloud: drop_env.is_some(),
        nothing: &format!("{}: nothing to remove.", source.name()),
        flags: Vec::new(),
    };
    run.run(world)
}

fn destination(args: &Args) -> DestinationArgs {
    DestinationArgs { env_file: args.variables.env_file.clone(), ..DestinationArgs::default() }
}

/// Once all configs are written: the variables that none of them needs any more go.
fn drop_variables(
    global: &Global,
    args: &Args,
    (names, redactor): (&[String], &RefCell<Redactor>),
    pruned: &[Pruned<'_>],
    world: &mut World<'_>,
) -> Result<Answer, Error> {
    let own: Vec<PathBuf> = pruned.iter().filter_map(|pruned| pruned.place(world)).collect();
    let referrers: Vec<Referrer> = pruned.iter().map(|pruned| pruned.referrer(global, world)).collect();
    let mut files: BTreeMap<PathBuf, (NamedPath, BTreeSet<String>)> = BTreeMap::new();
    let (mut kept, mut errors, mut nowhere) = (BTreeSet::new(), Vec::new(), None);
    for Pruned { source, left, .. } in pruned.iter().filter(|pruned| pruned.is_done()) {
        let rules = policy::rules(&Times::default(), source, world)?;
        let destination = destination(args);
        let finder = Finder::new(source, &destination, rules.env_file, world);
        let drop = DropEnv { finder: &finder, names, later: None };
        let unused = left.as_ref().map(|left| left.unused.clone()).unwrap_or_default();
        match drop.choose(&unused, &referrers, &own) {
            Ok(Some(Chosen { file, gone, kept: stays })) => {
                kept.extend(stays);
                let (_, all) = files.entry(file.path.clone()).or_insert_with(|| (file, BTreeSet::new()));
                all.extend(gone);
            }
            Ok(None) => {}
            // Named variables need not be near every config.
            Err(error) if drop.is_nowhere() => nowhere = nowhere.or(Some(error)),
            // Of what is named, all goes or nothing.
            Err(error) if !names.is_empty() => return Err(error),
            Err(error) => errors.push(error),
        }
    }
    errors.extend(nowhere.filter(|_| files.is_empty()));
    for (name, why) in kept {
        writeln!(world.stderr, "note: {} stays: {why}", Printable(&name))?;
    }
    let mut answer = Answer::Done;
    for (file, gone) in files.into_values() {
        let gone: Vec<String> = gone.into_iter().collect();
        if let Some(write) = SecretWrite::drop(&file, &gone)?
            && write_one(&write, redactor, global, &args.ending, world)? == Answer::No
        {
            answer = Answer::No;
        }
    }
    let Some(last) = errors.pop() else { return Ok(answer) };
    for error in errors {
        writeln!(world.stderr, "{}", error_line(&error))?;
    }
    Err(last)
}

impl Pruned<'_> {
    /// Whether the config is as it was meant.
    fn is_done(&self) -> bool {
        matches!(self.answer, Ok(Answer::Done))
    }

    fn place(&self, world: &World<'_>) -> Option<PathBuf> {
        match self.source {
            Source::File(path) => Some(world.path(path)),
            Source::Stdin | Source::Variable => None,
        }
    }

    /// What the config refers to now; on a dry run, what it would.
    fn referrer(&self, global: &Global, world: &mut World<'_>) -> Referrer {
        let name = self.source.name();
        if let Some(Left { uses: Uses::Variables(names), .. }) = self.left.as_ref().filter(|_| self.is_done())
        {
            return Referrer { name, uses: Uses::Variables(names.clone()) };
        }
        let uses =
            self.source.read(world).map_or(Uses::Unseen, |bytes| match self.source.unwrap(global, &bytes) {
                Ok(opened) => Uses::read(opened.envelope.inner(), opened.input),
                Err(_) => Uses::Unseen,
            });
        Referrer { name, uses }
    }
}

/// Shows it, asks, and writes it.
fn write_one(
    write: &SecretWrite,
    redactor: &RefCell<Redactor>,
    global: &Global,
    ending: &Ending,
    world: &mut World<'_>,
) -> Result<Answer, Error> {
    for line in write.diff(&mut redactor.borrow_mut()) {
        writeln!(world.stdout, "{}", diff_line(&line))?;
    }
    world.stdout.flush()?;
    if ending.dry_run {
        writeln!(world.stderr, "\nDry run: nothing was written.")?;
        return Ok(Answer::Done);
    }
    files::check_now(global, ending)?;
    let name = Printable(write.file().unwrap_or_default()).to_string();
    if !ending.yes {
        if !(world.terminal.stdin && world.terminal.stderr) {
            return Err(Error::Usage(NO_TERMINAL.to_owned()));
        }
        if !change::ask(&format!("Write this to {name}?"), world)? {
            writeln!(world.stderr, "Nothing was written.")?;
            return Ok(Answer::No);
        }
    }
    let lock = write.lock(world)?;
    write.carry_out(lock.as_ref(), world)?;
    writeln!(world.stderr, "\nWritten: {name}")?;
    Ok(Answer::Done)
}
