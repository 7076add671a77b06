//! One command a file: read, decide, review, write.

mod add;
mod ask;
mod change;
mod check;
mod destination;
mod diff;
mod done;
mod draft;
mod drop_env;
mod export;
mod files;
mod fill;
mod findings;
mod init;
mod move_secret;
mod new_key;
mod owner;
mod policy;
mod probe;
mod promote;
mod prune;
mod read;
mod reconcile;
mod redact;
mod remove;
mod retire;
mod rotate;
mod secret_write;
mod source;
mod status;
mod timeline;
mod token;
mod used_by;
mod values;
mod verify;

use std::io::{self, Write};

use crate::World;
use crate::cli::{Cli, Command};
use crate::error::Error;
use crate::report::paint::error_line;
use crate::time::{Clock, FixedClock};

/// Runs a command and returns its exit code: 0 done or nothing to do, 1 the answer is no, 2 it could not be done.
pub fn run(cli: &Cli, world: &mut World<'_>) -> u8 {
    let fixed = cli.global.now.map(FixedClock);
    let mut world = World {
        clock: fixed.as_ref().map_or(world.clock, |clock| clock as &dyn Clock),
        random: world.random,
        folder: world.folder.clone(),
        variable: world.variable,
        stdin: &mut *world.stdin,
        stdout: &mut *world.stdout,
        stderr: &mut Talk(&mut *world.stderr),
        terminal: world.terminal,
        ask: world.ask,
        sleep: world.sleep,
    };
    let result = dispatch(cli, &mut world);
    let flushed = world.stdout.flush().and_then(|()| world.stderr.flush()).map_err(Error::from);
    match result.and_then(|answer| flushed.map(|()| answer)) {
        Ok(Answer::Done) => 0,
        Ok(Answer::No) => 1,
        // The reader of the output went away: nobody is left to tell.
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => 2,
        Err(error) => {
            // Where nobody hears this, the exit code still tells.
            let _ = writeln!(world.stderr, "{}", error_line(&error));
            2
        }
    }
}

/// What is said beside the data. That nobody hears it, on a full disk or at the end of a pipe, makes no failure of work
/// that is done, or can be.
struct Talk<'w>(&'w mut dyn Write);

impl Write for Talk<'_> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        match self.0.write(text) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Ok(text.len()),
            other => other,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.flush();
        Ok(())
    }
}

/// How a command ended that could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// Done, or nothing to do.
    Done,
    /// Declined, or the answer to the question is no.
    No,
}

fn dispatch(cli: &Cli, world: &mut World<'_>) -> Result<Answer, Error> {
    let global = &cli.global;
    match &cli.command {
        Command::Status(args) => status::run(global, args, world),
        Command::Rotate(args) => rotate::run(global, args, world),
        Command::Promote(args) => promote::run(global, args, world),
        Command::Reconcile(args) => reconcile::run(global, args, world),
        Command::Check(args) => check::run(global, args, world),
        Command::Diff(args) => diff::run(global, args, world),
        Command::Redact(args) => redact::run(global, args, world),
        Command::Timeline(args) => timeline::run(global, args, world),
        Command::Token(args) => token::run(global, args, world),
        Command::Verify(args) => verify::run(global, args, world),
        Command::Export(args) => export::run(global, args, world),
        Command::Probe(args) => probe::run(global, args, world),
        Command::Prune(args) => prune::run(global, args, world),
        Command::Init(args) if args.fill => fill::run(global, args, world),
        Command::Init(args) => init::run(global, args, world),
        Command::Add(args) => add::run(global, args, world),
        Command::MoveSecret(args) => move_secret::run(global, args, world),
        Command::Retire(args) => retire::run(global, args, world),
        Command::Remove(args) => remove::run(global, args, world),
    }
}
