//! The program: streams, clock and randomness of this machine, handed to the library.

use std::io::{IsTerminal as _, Read, Write as _};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::{AutoStream, ColorChoice};
use powersync_jwks::for_tests::{Color, answer_shell, json_usage_error, report_of_panic, without_secrets};
use powersync_jwks::probe::{Ask, AskOptions, CannotAsk};
use powersync_jwks::random::System;
use powersync_jwks::time::SystemClock;
use powersync_jwks::{Cli, Terminal, World, run};

#[cfg(feature = "probe")]
const ASK: fn(AskOptions) -> Result<Box<dyn Ask>, CannotAsk> =
    powersync_jwks::probe::http::through_proxy_of_environment;
#[cfg(not(feature = "probe"))]
const ASK: fn(AskOptions) -> Result<Box<dyn Ask>, CannotAsk> = powersync_jwks::probe::not_built_in;

/// Whether this run waits for an answer.
static IS_ASKING: AtomicBool = AtomicBool::new(false);

/// Standard input, which is known to be waited for.
struct Keyboard<R>(R);

impl<R: Read> Read for Keyboard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        IS_ASKING.store(true, Ordering::SeqCst);
        let read = self.0.read(buffer);
        IS_ASKING.store(false, Ordering::SeqCst);
        read
    }
}

/// Says at Ctrl-C what became of the files, where that is sure: questions come before the first write.
fn answer_interrupts() {
    let answer = || {
        if IS_ASKING.load(Ordering::SeqCst) {
            // Where nobody reads it, the exit code still tells.
            let _ = writeln!(anstream::stderr(), "\nInterrupted. Nothing was written.");
        }
        std::process::exit(130);
    };
    // Without it, the program ends as every other does.
    let _ = ctrlc::set_handler(answer);
}

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        // Where nobody reads it, the exit code still tells.
        let _ = writeln!(anstream::stderr(), "{}", report_of_panic(panic));
        std::process::exit(2);
    }));
    let arguments: Vec<_> = std::env::args_os().collect();
    let directory = std::env::current_dir().unwrap_or_default();
    match answer_shell(&arguments, &directory, &|name| std::env::var_os(name)) {
        Ok(false) => {}
        Ok(true) => return ExitCode::SUCCESS,
        Err(error) => return refuse(&error),
    }
    let cli = match Cli::read(arguments) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let color = match cli.color() {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    let terminal = Terminal {
        stdin: std::io::stdin().is_terminal(),
        stderr: std::io::stderr().is_terminal(),
        width: terminal_size::terminal_size().map(|(width, _)| width.0),
    };
    if terminal.stdin {
        answer_interrupts();
    }
    let code = run(
        &cli,
        &mut World {
            clock: &SystemClock,
            random: &System::new(),
            directory,
            variable: &|name| std::env::var_os(name),
            stdin: &mut Keyboard(std::io::stdin().lock()),
            stdout: &mut AutoStream::new(std::io::stdout().lock(), color),
            // Not locked, so that an interrupt can be answered.
            stderr: &mut AutoStream::new(std::io::stderr(), color),
            terminal,
            ask: &ASK,
            sleep: &std::thread::sleep,
        },
    );
    ExitCode::from(code)
}

/// What clap has to say, which may be help; without secrets among the arguments.
fn refuse(error: &clap::Error) -> ExitCode {
    let arguments: Vec<String> =
        std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let clean = |said: &str| without_secrets(said, arguments.iter().cloned());
    let said = clean(&error.render().ansi().to_string());
    let json = json_usage_error(&arguments, &clean(&error.render().to_string()));
    // Where nobody reads it, the exit code still tells.
    let _ = if let Some(json) = json.filter(|_| error.use_stderr()) {
        writeln!(anstream::stdout(), "{json}")
    } else if error.use_stderr() {
        write!(anstream::stderr(), "{said}")
    } else {
        write!(anstream::stdout(), "{said}")
    };
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}
