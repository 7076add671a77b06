//! What a changing command would write, and how it is written.

use zeroize::Zeroizing;

use super::secret_write::{OwnWrites, SecretWrite};
use crate::base::sentence::Sentence;
use crate::base::text::Printable;
use crate::base::time::{NumericDate, Seconds};
use crate::explain::Steps;
use crate::report::paint::warning_line;
use crate::session::Error;
use crate::session::World;
use crate::session::arguments::Global;
use crate::store::{Locked, StoreError};

/// Planned times that moved by more than this while a question waited are shown again.
const STALE: Seconds = Seconds::new(60);

/// A change as it would be written, and all that is said about it.
pub(crate) struct Draft {
    pub(crate) now: NumericDate,
    /// `None`: nothing to do.
    pub(crate) text: Option<Zeroizing<Vec<u8>>>,
    /// Whether it is an entry of a Kubernetes Secret.
    pub(crate) in_secret: bool,
    /// What is written beside it.
    pub(crate) beside: Option<SecretWrite>,
    /// Key events and diff, coloured.
    pub(crate) review: String,
    pub(crate) notes: Vec<Sentence>,
    pub(crate) warnings: Vec<String>,
    pub(crate) steps: Steps,
}

impl Draft {
    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_none() && self.beside.is_none()
    }

    /// The files that are written, in their order. `config`: the config as it was named.
    pub(crate) fn files(&self, config: &str) -> Vec<String> {
        let config = self.text.as_ref().map(|_| Printable(config).to_string());
        let beside = self.beside.as_ref();
        let file = beside.and_then(SecretWrite::file).map(|file| Printable(file).to_string());
        let (first, last) =
            if beside.is_some_and(SecretWrite::goes_first) { (file, config) } else { (config, file) };
        first.into_iter().chain(last).collect()
    }

    /// Locks what is written beside the config.
    pub(crate) fn lock(&self, world: &mut World<'_>) -> Result<Option<Locked>, Error> {
        Ok(self.beside.as_ref().map(|beside| beside.lock(world)).transpose()?.flatten())
    }

    /// With another time than now, what goes to stdout is only looked at, and a file beside it stays.
    pub(crate) fn check_now(&self, global: &Global) -> Result<(), Error> {
        let Some(file) = self.beside.as_ref().and_then(SecretWrite::file).filter(|_| global.now.is_some())
        else {
            return Ok(());
        };
        Err(Error::Usage(format!(
            "`--now` pretends it is another time, so no file is written with it, and this would write {}. Add `--dry-run`",
            Printable(file)
        )))
    }

    /// What is written beside the config.
    pub(crate) fn beside(&self) -> Option<&SecretWrite> {
        self.beside.as_ref()
    }

    /// Fails where what is written beside the config is made from another file than what was shown. `own`: what this run
    /// has written since.
    pub(crate) fn check_beside(&self, shown: &Self, own: &OwnWrites) -> Result<(), Error> {
        match (&self.beside, &shown.beside) {
            (Some(one), Some(other)) if one.is_like(other, own) => Ok(()),
            (None, None) => Ok(()),
            (one, other) => {
                let file = one.as_ref().or(other.as_ref()).and_then(SecretWrite::file).unwrap_or_default();
                Err(Error::store(file)(StoreError::Changed))
            }
        }
    }

    /// Writes the config and what goes with it: a variable before the config that refers to it, the end of one behind the
    /// config that no longer does. So whichever of the two writes is the last, the service accepts what is there.
    pub(crate) fn write_around(
        &self,
        lock: Option<&Locked>,
        world: &mut World<'_>,
        config: impl FnOnce(&mut World<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(beside) = &self.beside else { return config(world) };
        let half = |error| Error::Half { left: beside.left_behind(), source: Box::new(error) };
        if beside.goes_first() {
            beside.carry_out(lock, world)?;
            config(world).map_err(half)
        } else {
            config(world)?;
            let written = beside.carry_out(lock, world);
            if self.text.is_some() { written.map_err(half) } else { written }
        }
    }

    /// To stdout goes the new config if it is to be written, else the old one.
    pub(crate) fn put_out(&self, old: &[u8], writes: bool, world: &mut World<'_>) -> Result<(), Error> {
        let text = |world: &mut World<'_>, bytes: &[u8]| {
            world.stdout.write_all(bytes)?;
            Ok(world.stdout.flush()?)
        };
        let new = self.text.as_ref().map_or(old, |text| text);
        if !writes {
            return text(world, old);
        }
        let lock = self.lock(world)?;
        self.write_around(lock.as_ref(), world, |world| text(world, new))?;
        if let Some(file) = self.beside.as_ref().and_then(SecretWrite::file) {
            writeln!(world.stderr, "Written: {}", Printable(file))?;
        }
        Ok(())
    }

    /// Whether its times have moved by more than people would let pass.
    pub(crate) fn is_stale(&self, now: NumericDate) -> bool {
        self.text.is_some() && now.since(self.now).abs() > STALE
    }

    /// What was left alone, and what is dangerous.
    pub(crate) fn tell_notes(&self, world: &mut World<'_>) -> Result<(), Error> {
        if !(self.is_empty() || self.notes.is_empty() && self.warnings.is_empty()) {
            writeln!(world.stderr)?;
        }
        for note in &self.notes {
            writeln!(world.stderr, "note: {note}")?;
        }
        for warning in &self.warnings {
            writeln!(world.stderr, "{}", warning_line(&warning))?;
        }
        Ok(())
    }
}
