//! A run from the arguments to its exit code.

use std::io::{self, Write};

use crate::base::time::{Clock, FixedClock};
use crate::cli::Cli;
use crate::report::paint::error_line;
use crate::session::{Answer, Error, World};

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
    let result = cli.command.run(&cli.global, &mut world);
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
