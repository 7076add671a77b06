//! A run from the arguments to its exit code.

use std::io::{self, Write};

use crate::base::time::{Clock, FixedClock};
use crate::cli::Cli;
use crate::report::human::hanging;
use crate::report::paint::error_line;
use crate::schedule::Refusal;
use crate::session::{Answer, Error, Terminal, World};

/// Runs a command and returns its exit code: 0 done or nothing to do, 1 the answer is no, 2 it could not be done.
pub fn run(cli: &Cli, world: &mut World<'_>) -> u8 {
    let fixed = cli.global.now.map(FixedClock);
    let quiet = cli.global.quiet;
    let mut silence = io::sink();
    // A question that isn't heard is none.
    let terminal = if quiet { Terminal { stdin: false, ..world.terminal } } else { world.terminal };
    let talk: &mut dyn Write = if quiet { &mut silence } else { &mut *world.stderr };
    let mut stdout = Data { to: &mut *world.stdout, written: false };
    let mut inner = World {
        clock: fixed.as_ref().map_or(world.clock, |clock| clock as &dyn Clock),
        random: world.random,
        directory: world.directory.clone(),
        variable: world.variable,
        stdin: &mut *world.stdin,
        stdout: &mut stdout,
        stderr: &mut Talk(talk),
        terminal,
        ask: world.ask,
        sleep: world.sleep,
    };
    let result = cli.command.run(&cli.global, &mut inner);
    let flushed = inner.stdout.flush().and_then(|()| inner.stderr.flush()).map_err(Error::from);
    match result.and_then(|answer| flushed.map(|()| answer)) {
        Ok(Answer::Done) => 0,
        Ok(Answer::No) => 1,
        // The reader of the output went away: nobody is left to tell.
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => 2,
        Err(error) => {
            // Where nobody hears this, the exit code still tells.
            let _ = if cli.json && !stdout.written {
                writeln!(world.stdout, "{}", json_error(error.kind(), &error.to_string(), error.refusals()))
            } else {
                writeln!(Talk(&mut *world.stderr), "{}", error_line(&hanging(&error, 7, terminal.width)))
            };
            2
        }
    }
}

/// An error for programs, in place of a report. Its fields are documented in `docs/output.schema.json`.
fn json_error(kind: &str, message: &str, refusals: &[Refusal]) -> String {
    let mut error = serde_json::json!({ "kind": kind, "message": message });
    if !refusals.is_empty() {
        let ids: Vec<String> = refusals.iter().map(|refusal| refusal.id().name()).collect();
        error["refusals"] = ids.into();
    }
    format!("{:#}", serde_json::json!({ "version": 1, "error": error }))
}

/// A command line that can't be read, for programs: the error as JSON, where these arguments ask for that.
#[must_use]
pub fn json_usage_error(arguments: &[String], message: &str) -> Option<String> {
    let asks = arguments.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json")
        || arguments.iter().any(|argument| argument == "--format=json");
    asks.then(|| json_error("usage", message.trim(), &[]))
}

/// The data. Where some of it is out, it is the report, and no error follows it there.
struct Data<'w> {
    to: &'w mut dyn Write,
    written: bool,
}

impl Write for Data<'_> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.written |= !text.is_empty();
        self.to.write(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
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
