//! A new config, and the files that go with it: from options and fresh secrets to names, texts and modes. What is
//! already there decides in the command; nothing here reads or writes a file.
//!
//! What the service accepts: <https://docs.powersync.com/configuration/powersync-service/self-hosted-instances>.

mod complete_config;
mod compose;
mod config;
pub(crate) mod fill;
mod gitignore;
mod options;
mod secrets;
mod sync_config;
mod variables;

use std::path::PathBuf;

use zeroize::Zeroizing;

pub(crate) use complete_config::{Lacking, completed};
pub(crate) use compose::service_entry;
pub(crate) use gitignore::{ignores, ignoring};
pub(crate) use options::{ConfigOptions, Database, FileLayout, SecretLocation, Storage, Tls, TokenAudience};
pub(crate) use secrets::{FirstKey, Secrets};
pub(crate) use variables::{
    BETTER_TOKEN, KEY, TOKEN, Variable, VariableValue, complete, complete_example, has_value, is_placeholder,
    variables,
};

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everyone: the official image reads it as a user of its own (901).
    Everyone,
    /// Its owner alone: it holds secrets.
    Owner,
}

impl Access {
    /// The mode bits of such a file.
    #[must_use]
    pub(crate) fn mode(self) -> u32 {
        match self {
            Self::Everyone => 0o644,
            Self::Owner => 0o600,
        }
    }
}

/// A file to write.
pub(crate) struct NewFile {
    /// From the directory of the new config.
    pub path: PathBuf,
    /// What it is for, in a few words.
    pub purpose: &'static str,
    /// Who may read it.
    pub access: Access,
    /// The whole text.
    pub content: Zeroizing<String>,
    /// The same text with numbers in place of secrets.
    pub shown: String,
}

/// Makes a file's text twice: to be written, and to be seen.
fn new_file(
    path: PathBuf,
    purpose: &'static str,
    access: Access,
    secrets: &Secrets,
    text: impl Fn(&Secrets) -> Zeroizing<String>,
) -> NewFile {
    let shown = text(&Secrets::shown()).to_string();
    NewFile { path, purpose, access, content: text(secrets), shown }
}

/// The config itself: the last file to write, since with it the others are complete.
#[must_use]
pub(crate) fn config_file(options: &ConfigOptions, key: &FirstKey, secrets: &Secrets) -> NewFile {
    let access = match options.secrets {
        SecretLocation::Env { .. } => Access::Everyone,
        SecretLocation::Inline => Access::Owner,
    };
    new_file(options.layout.paths().config, "the config", access, secrets, |secrets| {
        config::text(options, key, secrets)
    })
}

/// The file that holds the values of the variables. `None` where the config holds them itself.
#[must_use]
pub(crate) fn env_file(options: &ConfigOptions, secrets: &Secrets) -> Option<NewFile> {
    matches!(options.secrets, SecretLocation::Env { .. }).then(|| {
        new_file(
            options.layout.paths().env,
            "the secrets, for you alone",
            Access::Owner,
            secrets,
            |secrets| variables::env_text(&variables(options, secrets)),
        )
    })
}

/// The names of the variables, without values. `None` where there are none.
#[must_use]
pub(crate) fn env_example(options: &ConfigOptions) -> Option<NewFile> {
    matches!(options.secrets, SecretLocation::Env { .. }).then(|| {
        let secrets = Secrets::shown();
        let purpose = "the same without values, to be shared";
        new_file(options.layout.paths().env_example, purpose, Access::Everyone, &secrets, |secrets| {
            variables::example_text(&variables(options, secrets))
        })
    })
}

/// The other files that hold no secret: what is synced, how it is run, and what PowerSync's own command line asks for.
#[must_use]
pub(crate) fn companions(options: &ConfigOptions) -> Vec<NewFile> {
    let paths = options.layout.paths();
    let open = |path, purpose, text: &dyn Fn() -> String| {
        new_file(path, purpose, Access::Everyone, &Secrets::shown(), |_| Zeroizing::new(text()))
    };
    let mut files =
        vec![open(paths.sync_config, "what each user may sync", &|| sync_config::TEXT.to_owned())];
    if let Some(path) = paths.cli {
        files.push(open(path, "where PowerSync's own command line finds the service", &|| {
            options::cli_text(options)
        }));
    }
    files
}

/// The Compose file, where one is asked for.
#[must_use]
pub(crate) fn compose_file(options: &ConfigOptions) -> Option<NewFile> {
    let path = options.layout.paths().compose;
    matches!(options.secrets, SecretLocation::Env { compose: true }).then(|| {
        new_file(
            path,
            "the service and its storage, in containers",
            Access::Everyone,
            &Secrets::shown(),
            |_| Zeroizing::new(compose::text(options)),
        )
    })
}
