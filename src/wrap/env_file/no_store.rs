//! Env files that keep no plaintext: another tool writes them.

use super::EnvFile;
use super::read::AssignedValue;
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::Printable;

/// Why no plaintext secret goes into an env file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoStore {
    /// It is encrypted.
    Dotenvx,
    /// It is encrypted.
    Sops,
    /// It refers to a vault.
    OnePassword,
    /// The variable of the secret in use has the value of others.
    Reference(String),
}

impl NoStore {
    /// What it is, and what to do. `file`: the env file, as messages name it.
    pub(crate) fn message(&self, file: &str) -> Sentence {
        let file = Printable(file);
        match self {
            Self::Dotenvx => sentence!(
                "{file} is encrypted by dotenvx, so no plaintext goes into it. Get the secret with `--secret-out FILE`, and \
                 put it in with `dotenvx set NAME \"$(cat FILE)\" -f {file}`"
            ),
            Self::Sops => sentence!(
                "{file} is encrypted by sops, so no plaintext goes into it. Get the secret with `--secret-out FILE`, and put \
                 it in with `sops edit {file}`"
            ),
            Self::OnePassword => sentence!(
                "{file} refers to 1Password (`op://…`), so no plaintext goes into it. Get the secret with `--secret-out \
                 FILE`, and put it in with `op item edit`"
            ),
            Self::Reference(name) => sentence!(
                "the value of {} in {file} refers to other variables, so no plaintext goes into it. Get the secret with \
                 `--secret-out FILE`, and put it where those come from",
                Printable(name)
            ),
        }
    }
}

impl EnvFile {
    /// Why it takes no plaintext, if so. `variable`: that of the secret in use.
    pub(crate) fn no_store(&self, variable: Option<&str>) -> Option<NoStore> {
        let begins = |with: &str| {
            self.assignments
                .iter()
                .any(|one| matches!(&one.value, AssignedValue::Known(value) if value.starts_with(with)))
        };
        let refers = variable.filter(|name| {
            let value = self.one(name).ok().flatten().map(|one| &one.value);
            matches!(value, Some(AssignedValue::Unknown))
        });
        match () {
            () if self.names().any(|name| name.starts_with("sops_")) || begins("ENC[") => Some(NoStore::Sops),
            () if begins("encrypted:") || self.names().any(|name| name.starts_with("DOTENV_PUBLIC_KEY")) => {
                Some(NoStore::Dotenvx)
            }
            () if begins("op://") => Some(NoStore::OnePassword),
            () => refers.map(|name| NoStore::Reference(name.to_owned())),
        }
    }
}
