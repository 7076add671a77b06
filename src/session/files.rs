//! Several files at once: shown, asked about, and written in their order.

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::Answer;
use super::change::ask;
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Printable, list};
use crate::explain::Sign;
use crate::redact::{DiffLine, LineKind};
use crate::report::paint::{diff_line, event_line};
use crate::session::Error;
use crate::session::World;
use crate::session::arguments::{Ending, Global};
use crate::store::{self, Locked, Snapshot, StoreError};

/// A file, and what becomes of it.
pub(crate) struct FileChange {
    /// As messages name it.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    /// What it is for, in a few words.
    pub(crate) purpose: String,
    pub(crate) action: Action,
    /// The text that is new, without its secrets. Empty where the purpose says it all.
    pub(crate) shown: String,
}

/// What becomes of a file.
pub(crate) enum Action {
    /// It isn't there.
    Create { content: Zeroizing<Vec<u8>>, mode: u32 },
    /// It gains lines.
    Extend { old: Snapshot, content: Zeroizing<Vec<u8>> },
    /// Another takes its place, and a copy is kept.
    Overwrite { old: Snapshot, content: Zeroizing<Vec<u8>>, mode: u32 },
    /// It has what it needs.
    Keep,
}

/// What was asked about the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    Yes,
    /// A dry run.
    NotNow,
    /// The person said no.
    Declined,
}

impl From<Written> for Answer {
    fn from(written: Written) -> Self {
        match written {
            Written::Yes | Written::NotNow => Self::Done,
            Written::Declined => Self::No,
        }
    }
}

impl FileChange {
    pub(crate) fn is_written(&self) -> bool {
        !matches!(self.action, Action::Keep)
    }

    /// What becomes of it, in a line.
    fn summary(&self, width: usize) -> (Sign, Sentence) {
        let (name, purpose) = (Printable(&self.name), &self.purpose);
        let (sign, what) = match self.action {
            Action::Create { .. } => (Sign::Added, ""),
            Action::Extend { .. } => (Sign::Changed, ": missing entries are added"),
            Action::Overwrite { .. } => (Sign::Danger, ": replaced, and a copy is kept"),
            Action::Keep => (Sign::Same, ": there already, and left as it is"),
        };
        (sign, sentence!("{name:<width$}  {purpose}{what}"))
    }

    fn write(&self, world: &mut World<'_>) -> Result<Option<PathBuf>, Error> {
        let error = Error::store(&self.name);
        match &self.action {
            Action::Keep => Ok(None),
            Action::Create { content, mode } => {
                store::create(&self.path, content, *mode).map_err(error)?;
                Ok(None)
            }
            Action::Extend { old, content } => {
                self.lock(world)?.replace(old, content).map_err(error)?;
                Ok(None)
            }
            Action::Overwrite { old, content, mode } => {
                let locked = self.lock(world)?;
                if *locked.snapshot().map_err(&error)? != **old {
                    return Err(error(StoreError::Changed));
                }
                let copy = locked.keep_copy(old).map_err(&error)?;
                locked.overwrite(old, content, *mode).map_err(error)?;
                Ok(Some(copy))
            }
        }
    }

    fn lock(&self, world: &mut World<'_>) -> Result<Locked, Error> {
        let stderr = &mut *world.stderr;
        let waiting = || {
            // Only a courtesy: a run without stderr waits all the same.
            let _ = writeln!(stderr, "Another run is writing {}; waiting for it.", Printable(&self.name));
        };
        Locked::open(&self.path, waiting).map_err(Error::store(&self.name))
    }
}

/// Shows what becomes of the files, without their secrets.
pub(crate) fn show(files: &[FileChange], world: &mut World<'_>) -> Result<(), Error> {
    let width = files.iter().map(|file| file.name.chars().count()).max().unwrap_or(0);
    for file in files {
        let (sign, summary) = file.summary(width);
        writeln!(world.stdout, "{}", event_line(sign, summary))?;
    }
    for file in files.iter().filter(|file| file.is_written() && !file.shown.is_empty()) {
        let header = DiffLine { kind: LineKind::File, text: format!("+++ {}", Printable(&file.name)) };
        writeln!(world.stdout, "\n{}", diff_line(&header))?;
        for line in file.shown.lines() {
            let line = DiffLine { kind: LineKind::Added, text: format!("+{line}") };
            writeln!(world.stdout, "{}", diff_line(&line))?;
        }
    }
    world.stdout.flush()?;
    Ok(())
}

/// Another time is only to look ahead with.
pub(crate) fn check_now(global: &Global, ending: &Ending) -> Result<(), Error> {
    if global.now.is_some() && !ending.dry_run {
        let text = "`--now` pretends it is another time, so no file is written with it. Add `--dry-run`";
        return Err(Error::Usage(text.to_owned()));
    }
    Ok(())
}

/// Writes the files in their order, as far as the person and the options let it.
pub(crate) fn write(
    files: &[FileChange],
    global: &Global,
    ending: &Ending,
    world: &mut World<'_>,
) -> Result<Written, Error> {
    let names: Vec<String> =
        files.iter().filter(|file| file.is_written()).map(|file| Printable(&file.name).to_string()).collect();
    if names.is_empty() {
        return Ok(Written::Yes);
    }
    if ending.dry_run {
        writeln!(world.stderr, "\nDry run: nothing was written.")?;
        return Ok(Written::NotNow);
    }
    check_now(global, ending)?;
    if !ending.yes {
        if !(world.terminal.stdin && world.terminal.stderr) {
            let text = "nothing was written: there is no terminal to ask on. Add `--yes` to write without asking, or \
                        `--dry-run` to only look";
            return Err(Error::Usage(text.to_owned()));
        }
        if !ask(&format!("Write {}?", list(&names)), world)? {
            writeln!(world.stderr, "Nothing was written.")?;
            return Ok(Written::Declined);
        }
    }
    writeln!(world.stderr)?;
    for file in files.iter().filter(|file| file.is_written()) {
        let copy = file.write(world)?;
        match copy.as_deref().and_then(|copy| copy.file_name()) {
            Some(copy) => writeln!(
                world.stderr,
                "Written: {} (the old one is kept beside it, as {})",
                Printable(&file.name),
                Printable(&copy.to_string_lossy())
            ),
            None => writeln!(world.stderr, "Written: {}", Printable(&file.name)),
        }?;
    }
    Ok(Written::Yes)
}
