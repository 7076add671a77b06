//! The value of a variable that a config is about to refer to, and who gets it.

use super::changeset::{FileAction, FileWrite, WriteRole};
use super::destination::{Destination, Slot};
use super::env_files::EnvFiles;
use crate::base::text::Printable;
use crate::explain::{Kept, NewVariable};
use crate::keyset::SecretText;
use crate::redact::{DiffLine, EnvLine, Redactor, env_diff};
use crate::session::Error;
use crate::store;
use zeroize::Zeroizing;

/// A variable that gets a value, before the config refers to it.
pub(crate) struct SecretWrite {
    variable: String,
    value: SecretText,
    to: Destination,
}

impl SecretWrite {
    /// The write of a secret. `None` where it goes into the config.
    pub(crate) fn new(slot: &Slot, value: SecretText) -> Option<Self> {
        let variable = slot.form.variable()?.to_owned();
        Some(Self { variable, value, to: slot.to.clone() })
    }

    /// The value of a variable, if it is this one.
    pub(crate) fn value(&self, name: &str) -> Option<Zeroizing<String>> {
        (self.variable == name).then(|| self.value.0.clone())
    }

    /// The new variable, as the next steps need it.
    pub(crate) fn new_variable(&self) -> NewVariable {
        let kept = match &self.to {
            Destination::EnvFile(file) => Kept::EnvFile(file.name.clone()),
            Destination::Out(file) => Kept::File(file.name.clone()),
            Destination::Screen(_) => Kept::Nowhere,
        };
        NewVariable { name: self.variable.clone(), kept }
    }

    /// What is dangerous about it.
    pub(crate) fn warning(&self) -> Option<String> {
        let Destination::EnvFile(file) = &self.to else { return None };
        let name = Printable(&file.name);
        if store::in_git(&file.path)
            && store::exists(&file.path)
            && !store::is_ignored(&file.path)
            && !store::git::tracks(&file.path)
        {
            return Some(format!(
                "git does not ignore {name}: a line in .gitignore keeps the secret out of git"
            ));
        }
        store::git::tracks(&file.path).then(|| {
            format!(
                "git tracks {name}, so the new secret ends up in git history. `git rm --cached {name}` and a line in \
                 .gitignore keep it out"
            )
        })
    }

    /// The env file that comes to be, which git is made to ignore.
    pub(crate) fn new_env_file(&self) -> Option<&str> {
        match &self.to {
            Destination::EnvFile(file) if !store::exists(&file.path) => Some(&file.name),
            _ => None,
        }
    }

    /// The file that comes to be, on its way elsewhere.
    pub(crate) fn new_file(&self) -> Option<&str> {
        match &self.to {
            Destination::Out(file) => Some(&file.name),
            Destination::EnvFile(_) | Destination::Screen(_) => None,
        }
    }

    /// What people see of it.
    pub(crate) fn diff(&self, redactor: &mut Redactor) -> Vec<DiffLine> {
        let Destination::EnvFile(file) = &self.to else { return Vec::new() };
        let line = EnvLine { added: true, name: &self.variable, value: Some(self.value.0.as_str()) };
        env_diff(redactor, &[line], &file.name)
    }

    /// Notes it for the config of this number: in the env file, or as a write of its own.
    pub(crate) fn note(&self, config: usize, env_files: &mut EnvFiles) -> Result<Option<FileWrite>, Error> {
        let role = WriteRole::Values(vec![(config, self.variable.clone())]);
        match &self.to {
            Destination::EnvFile(file) => {
                env_files.set(file, config, &self.variable, &self.value)?;
                Ok(None)
            }
            Destination::Out(file) => {
                let content = Zeroizing::new(self.value.0.as_bytes().to_vec()).into();
                let action = FileAction::Create { content, mode: 0o600 };
                Ok(Some(FileWrite { name: file.name.clone(), path: file.path.clone(), action, role }))
            }
            Destination::Screen(mask) => {
                // Of its size at once: a string that grows leaves its secrets behind in the memory it gives back.
                let mut line =
                    Zeroizing::new(Vec::with_capacity(self.variable.len() + self.value.0.len() + 2));
                line.extend_from_slice(self.variable.as_bytes());
                line.push(b'=');
                line.extend_from_slice(self.value.0.as_bytes());
                line.push(b'\n');
                let (name, path) = ("stdout".to_owned(), std::path::PathBuf::new());
                let action =
                    FileAction::PrintSecret { line: line.into(), secret: self.value.0.clone(), mask: *mask };
                Ok(Some(FileWrite { name, path, action, role }))
            }
        }
    }
}
