//! Several files at once: shown, asked about, and written in their order.

use std::io::Write;
use std::path::PathBuf;

use crate::base::sentence::{Sentence, sentence};
use crate::base::text::Printable;
use crate::explain::Sign;
use crate::redact::{DiffLine, LineKind};
use crate::report::human::hanging;
use crate::report::paint::{diff_line, event_line};
use crate::session::arguments::{Ending, Global};
use crate::session::changeset::{Changeset, FileAction, FileWrite, Locks, WriteRole};
use crate::session::{Error, Usage, World};

/// A file, and what becomes of it.
pub(crate) struct FileChange {
    /// As messages name it.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    /// What it is for, in a few words.
    pub(crate) purpose: String,
    /// `None`: it has what it needs.
    pub(crate) action: Option<FileAction>,
    /// The text that is new, without its secrets. Empty where the purpose says it all.
    pub(crate) shown: String,
}

impl FileChange {
    /// What becomes of it, in a line.
    fn summary(&self, width: usize) -> (Sign, Sentence) {
        let (name, purpose) = (Printable(&self.name), &self.purpose);
        let (sign, what) = match self.action {
            Some(FileAction::Create { .. } | FileAction::Print(_) | FileAction::PrintSecret { .. }) => {
                (Sign::Added, "")
            }
            Some(FileAction::Replace { .. }) => (Sign::Changed, ": missing entries are added"),
            Some(FileAction::Overwrite { .. }) => (Sign::Danger, ": replaced, and a copy is kept"),
            None => (Sign::Same, ": exists, left as it is"),
        };
        (sign, sentence!("{name:<width$}  {purpose}{what}"))
    }

    /// The lines that are new.
    pub(crate) fn diff(&self) -> Vec<DiffLine> {
        let header = DiffLine { kind: LineKind::File, text: format!("+++ {}", Printable(&self.name)) };
        let added = |line| DiffLine { kind: LineKind::Added, text: format!("+{line}") };
        std::iter::once(header).chain(self.shown.lines().map(added)).collect()
    }
}

/// How the writes ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finish {
    Written,
    /// All files have what they need.
    Nothing,
    DryRun,
    Declined,
}

/// What becomes of the files, without their secrets.
pub(crate) fn show(files: &[FileChange], terminal: Option<u16>, to: &mut dyn Write) -> Result<(), Error> {
    let width = files.iter().map(|file| file.name.chars().count()).max().unwrap_or(0);
    for file in files {
        let (sign, summary) = file.summary(width);
        writeln!(to, "{}", event_line(sign, hanging(&summary, 2, terminal)))?;
    }
    for file in files.iter().filter(|file| file.action.is_some() && !file.shown.is_empty()) {
        writeln!(to)?;
        for line in file.diff() {
            writeln!(to, "{}", diff_line(&line))?;
        }
    }
    Ok(to.flush()?)
}

/// Writes the files in their order, as far as the person and the options let it. Says how that
/// ended.
pub(crate) fn finish(
    files: Vec<FileChange>,
    global: &Global,
    ending: &Ending,
    world: &mut World<'_>,
) -> Result<Finish, Error> {
    let write = |file: FileChange| {
        let FileChange { name, path, action, .. } = file;
        Some(FileWrite { name, path, action: action?, role: WriteRole::Companion })
    };
    let changeset = Changeset::new(files.into_iter().filter_map(write).collect());
    if changeset.is_empty() {
        return Ok(Finish::Nothing);
    }
    if ending.dry_run {
        writeln!(world.stderr, "\nDry run: nothing was written.")?;
        return Ok(Finish::DryRun);
    }
    check_now(global, ending)?;
    if !ending.yes && !changeset.confirm(world)? {
        return Ok(Finish::Declined);
    }
    let mut locks = Locks::default();
    changeset.lock(&mut locks, world)?;
    let mut written = changeset.write(&locks, world);
    written.tell(&changeset, world)?;
    match written.errors.pop() {
        None => Ok(Finish::Written),
        Some(error) => Err(error),
    }
}

/// With another time, there is only a look ahead.
pub(crate) fn check_now(global: &Global, ending: &Ending) -> Result<(), Error> {
    if global.now.is_some() && !ending.dry_run {
        return Err(Usage::ClockOverridden.into());
    }
    Ok(())
}
