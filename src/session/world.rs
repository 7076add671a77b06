//! What a run touches outside of itself, passed in.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::base::random::Random;
use crate::base::time::Clock;
use crate::probe;
use crate::report::human::hanging;

/// Which streams a person sits at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terminal {
    /// Standard input.
    pub stdin: bool,
    /// Standard error, where questions are asked.
    pub stderr: bool,
    /// How many characters fit into a line of it.
    pub width: Option<u16>,
}

/// Clock, randomness, streams and environment of a run.
pub struct World<'w> {
    /// The moment it is.
    pub clock: &'w dyn Clock,
    /// For new keys.
    pub random: &'w dyn Random,
    /// The directory that relative paths start from.
    pub directory: PathBuf,
    /// Environment variables.
    pub variable: &'w dyn Fn(&str) -> Option<OsString>,
    /// Standard input.
    pub stdin: &'w mut dyn Read,
    /// Data.
    pub stdout: &'w mut dyn Write,
    /// Talk.
    pub stderr: &'w mut dyn Write,
    /// Which of them are a terminal.
    pub terminal: Terminal,
    /// Makes what asks running services.
    pub ask: &'w probe::Open,
    /// Waits for that long.
    pub sleep: &'w dyn Fn(Duration),
}

impl World<'_> {
    /// A path as the user named it, from the directory of this run.
    #[must_use]
    pub(crate) fn path(&self, named: &Path) -> PathBuf {
        self.directory.join(named)
    }

    /// Says something beside the data.
    pub(crate) fn note(&mut self, text: &impl Display) -> std::io::Result<()> {
        writeln!(self.stderr, "note: {}", hanging(text, 6, self.terminal.width))
    }

    /// One line from standard input, without its end. Nothing where it has ended.
    pub(crate) fn read_line(&mut self) -> std::io::Result<String> {
        let mut line = Vec::new();
        let mut byte = [0];
        while self.stdin.read(&mut byte)? == 1 && byte[0] != b'\n' {
            line.push(byte[0]);
        }
        Ok(String::from_utf8_lossy(&line).into_owned())
    }
}
