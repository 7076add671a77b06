//! What is written beside a config: the value of a variable that the config refers to, or the end of one that it no
//! longer does.

use std::collections::HashMap;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::destination::{Destination, NamedPath, Slot, read};
use crate::base::text::{Printable, list};
use crate::explain::{Kept, NewVariable};
use crate::keyset::SecretText;
use crate::redact::{DiffLine, EnvLine, Redactor, env_diff};
use crate::session::Error;
use crate::session::World;
use crate::store::{self, Locked, Snapshot, StoreError};
use crate::wrap::env_file::EnvFile;

/// A write beside that of the config.
pub(crate) struct SecretWrite {
    what: What,
    to: To,
}

/// Which variables.
enum What {
    /// Gets a value, before the config refers to it.
    Set { variable: String, value: SecretText },
    /// Go, once the config no longer refers to them.
    Drop(Vec<String>),
}

/// The env files that this run has written, as it left them.
#[derive(Default)]
pub(crate) struct OwnWrites(HashMap<PathBuf, Zeroizing<Vec<u8>>>);

impl OwnWrites {
    /// Notes what was carried out.
    pub(crate) fn note(&mut self, write: &SecretWrite) {
        if let To::EnvFile { file, new, .. } = &write.to {
            self.0.insert(file.path.clone(), Zeroizing::new(new.as_bytes().to_vec()));
        }
    }
}

enum To {
    EnvFile {
        file: NamedPath,
        /// As it was read; `None` where there is none yet.
        old: Option<Snapshot>,
        new: Zeroizing<String>,
    },
    Out(NamedPath),
    Screen,
}

impl SecretWrite {
    /// A variable gets a value.
    pub(crate) fn set(slot: &Slot, value: SecretText) -> Result<Option<Self>, Error> {
        let Some(variable) = slot.form.variable() else { return Ok(None) };
        let to = match &slot.to {
            Destination::EnvFile(file) => {
                let was = read(file)?;
                let empty = EnvFile::parse(&[]).map_err(Error::env_file(&file.name))?;
                let before = was.as_ref().map_or(&empty, |was| &was.file);
                // Free when it was chosen: another run has taken it since, and its secret is not to be overwritten.
                if before.defines(variable) {
                    return Err(Error::store(&file.name)(StoreError::Changed));
                }
                let new = before.with(variable, &value.0).map_err(Error::env_file(&file.name))?;
                To::EnvFile { file: file.clone(), old: was.map(|was| was.bytes), new }
            }
            Destination::Out(file) => To::Out(file.clone()),
            Destination::Screen => To::Screen,
        };
        Ok(Some(Self { what: What::Set { variable: variable.to_owned(), value }, to }))
    }

    /// Variables of an env file go. `None` where it has none of them.
    pub(crate) fn drop(file: &NamedPath, names: &[String]) -> Result<Option<Self>, Error> {
        let Some(was) = read(file)? else { return Err(Error::store(&file.name)(StoreError::Missing)) };
        let dropped: Vec<String> = names.iter().filter(|name| was.file.defines(name)).cloned().collect();
        if dropped.is_empty() {
            return Ok(None);
        }
        let new = was.file.without_all(dropped.iter().map(String::as_str));
        let new = new.map_err(Error::env_file(&file.name))?;
        let to = To::EnvFile { file: file.clone(), old: Some(was.bytes), new };
        Ok(Some(Self { what: What::Drop(dropped), to }))
    }

    /// The value of a variable, if it is the one that is set.
    pub(crate) fn value(&self, name: &str) -> Option<Zeroizing<String>> {
        match &self.what {
            What::Set { variable, value } if variable == name => Some(value.0.clone()),
            What::Set { .. } | What::Drop(_) => None,
        }
    }

    /// The new variable, as the next steps need it.
    pub(crate) fn new_variable(&self) -> Option<NewVariable> {
        let What::Set { variable, .. } = &self.what else { return None };
        let kept = match &self.to {
            To::EnvFile { .. } => Kept::EnvFile,
            To::Out(file) => Kept::File(file.name.clone()),
            To::Screen => Kept::Nowhere,
        };
        Some(NewVariable { name: variable.clone(), kept })
    }

    /// The variables that go.
    pub(crate) fn dropped(&self) -> &[String] {
        match &self.what {
            What::Drop(names) => names,
            What::Set { .. } => &[],
        }
    }

    /// Its file, for a question and for what is said at the end.
    pub(crate) fn file(&self) -> Option<&str> {
        match &self.to {
            To::EnvFile { file, .. } | To::Out(file) => Some(&file.name),
            To::Screen => None,
        }
    }

    /// What is dangerous about it.
    pub(crate) fn warning(&self) -> Option<String> {
        let To::EnvFile { file, .. } = &self.to else { return None };
        let name = Printable(&file.name);
        (self.goes_first() && store::git::tracks(&file.path)).then(|| {
            format!(
                "git tracks {name}, so the new secret gets into its history. `git rm --cached {name}` and a line in \
                 .gitignore keep it out"
            )
        })
    }

    /// The file that comes to be.
    pub(crate) fn new_file(&self) -> Option<&str> {
        match &self.to {
            To::EnvFile { file, old: None, .. } | To::Out(file) => Some(&file.name),
            To::EnvFile { .. } | To::Screen => None,
        }
    }

    /// Whether it does what was shown, to the same file. `own`: what this run has written since.
    pub(crate) fn is_like(&self, shown: &Self, own: &OwnWrites) -> bool {
        let to = match (&self.to, &shown.to) {
            (To::EnvFile { file, old, .. }, To::EnvFile { file: shown_file, old: shown_old, .. }) => {
                let is_own = |old: &Snapshot| own.0.get(&file.path).is_some_and(|own| **own == **old);
                file.path == shown_file.path && (old == shown_old || old.as_ref().is_some_and(is_own))
            }
            (To::Out(file), To::Out(shown)) => file.path == shown.path,
            (To::Screen, To::Screen) => true,
            _ => false,
        };
        to && self.new_variable().map(|new| new.name) == shown.new_variable().map(|new| new.name)
            && self.dropped() == shown.dropped()
    }

    /// What people see of it.
    pub(crate) fn diff(&self, redactor: &mut Redactor) -> Vec<DiffLine> {
        match (&self.what, &self.to) {
            (What::Set { variable, value }, To::EnvFile { file, .. }) => {
                let line = EnvLine { added: true, name: variable, value: Some(value.0.as_str()) };
                env_diff(redactor, &[line], &file.name)
            }
            (What::Drop(names), To::EnvFile { file, old, .. }) => {
                let was = old.as_ref().and_then(|old| EnvFile::parse(old).ok());
                let value = |name: &str| was.as_ref().and_then(|was| was.value(name));
                let line = |name| EnvLine { added: false, name, value: value(name) };
                let lines: Vec<EnvLine<'_>> = names.iter().map(|name| line(name.as_str())).collect();
                env_diff(redactor, &lines, &file.name)
            }
            _ => Vec::new(),
        }
    }

    /// Whether it is done before the config is written: what the config refers to must be there first.
    pub(crate) fn goes_first(&self) -> bool {
        matches!(self.what, What::Set { .. })
    }

    /// Locks what it writes to, where that is there already. Fails where it changed since it was read.
    pub(crate) fn lock(&self, world: &mut World<'_>) -> Result<Option<Locked>, Error> {
        let To::EnvFile { file, old: Some(old), .. } = &self.to else { return Ok(None) };
        let stderr = &mut *world.stderr;
        let waiting = || {
            // Only a courtesy: a run without stderr waits all the same.
            let _ = writeln!(stderr, "Another run is writing {}; waiting for it.", Printable(&file.name));
        };
        let fail = Error::store(&file.name);
        let lock = Locked::open(&file.path, waiting).map_err(&fail)?;
        if *lock.snapshot().map_err(&fail)? != **old {
            return Err(fail(StoreError::Changed));
        }
        Ok(Some(lock))
    }

    /// Writes it, under its lock.
    pub(crate) fn carry_out(&self, lock: Option<&Locked>, world: &mut World<'_>) -> Result<(), Error> {
        match (&self.to, &self.what) {
            (To::EnvFile { file, old, new }, _) => {
                let written = match (lock, old) {
                    (Some(lock), Some(old)) => lock.replace(old, new.as_bytes()),
                    _ => store::create(&file.path, new.as_bytes(), 0o600),
                };
                written.map_err(Error::store(&file.name))
            }
            (To::Out(file), What::Set { value, .. }) => {
                store::create(&file.path, value.0.as_bytes(), 0o600).map_err(Error::store(&file.name))
            }
            (To::Screen, What::Set { variable, value }) => {
                writeln!(world.stdout, "{variable}={}", value.0.as_str())?;
                Ok(world.stdout.flush()?)
            }
            (To::Out(_) | To::Screen, What::Drop(_)) => Ok(()),
        }
    }

    /// What is left when the write of the config fails behind it.
    pub(crate) fn left_behind(&self) -> String {
        match (&self.what, &self.to) {
            (What::Set { variable, .. }, To::EnvFile { file, .. }) => {
                format!(
                    "{} has {variable} already, which nothing refers to; `prune --drop-env={variable}` drops it",
                    Printable(&file.name)
                )
            }
            (What::Set { variable, .. }, To::Out(file)) => {
                format!("{} has a value for {variable}, which nothing refers to", Printable(&file.name))
            }
            (What::Set { variable, .. }, To::Screen) => format!("nothing refers to {variable}"),
            (What::Drop(names), _) => {
                format!("nothing refers to {}; `prune --drop-env={}` drops it", list(names), names.join(","))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::schedule::SecretForm;

    #[test]
    fn what_this_run_wrote_itself_is_expected_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        fs::write(&path, "A=1\n").unwrap();
        let set = |variable: &str| {
            let file = NamedPath { path: path.clone(), name: ".env".to_owned() };
            let slot =
                Slot { form: SecretForm::Variable(variable.to_owned()), to: Destination::EnvFile(file) };
            let value = SecretText(Zeroizing::new("x".to_owned()));
            SecretWrite::set(&slot, value).ok().flatten().unwrap()
        };
        let (first, shown) = (set("B"), set("C"));
        assert!(set("C").is_like(&shown, &OwnWrites::default()));
        assert!(!set("D").is_like(&shown, &OwnWrites::default()), "another variable than was shown");
        fs::write(&path, "A=1\nB=x\n").unwrap();
        assert!(!set("C").is_like(&shown, &OwnWrites::default()), "somebody else wrote this");
        let mut own = OwnWrites::default();
        own.note(&first);
        assert!(set("C").is_like(&shown, &own));
        fs::write(&path, "A=1\nB=x\nE=2\n").unwrap();
        assert!(!set("C").is_like(&shown, &own), "somebody else wrote behind it");
    }
}
