//! The variables of a new config, and the env file that gives them values.

use std::collections::HashSet;
use std::fmt::Write as _;

use zeroize::Zeroizing;

use super::options::{ConfigOptions, Database, SecretLocation, Storage};
use super::secrets::Secrets;
use crate::wrap::env_file::{EnvFile, EnvFileError};

/// The source database's URI, as PowerSync's own command line names it.
pub(super) const SOURCE_URI: &str = "PS_DATA_SOURCE_URI";
/// What lets the service into a Convex deployment.
pub(super) const DEPLOY_KEY: &str = "PS_DATA_SOURCE_DEPLOY_KEY";
/// What stands there until a person fills it in.
pub(super) const DEPLOY_KEY_FORM: &str = "<deploy-key>";
/// The storage database's URI, likewise.
pub(super) const STORAGE_URI: &str = "PS_STORAGE_SOURCE_URI";
/// The password of the storage database that Compose runs.
pub(super) const STORAGE_PASSWORD: &str = "PS_STORAGE_PASSWORD";
/// The first key's secret.
pub(crate) const KEY: &str = "PS_JWKS_KEY_1";
/// The token for the admin API, as PowerSync's own command line reads it.
pub(crate) const TOKEN: &str = "PS_ADMIN_TOKEN";

/// A variable of a new config.
pub(crate) struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it is, for the line above it.
    pub comment: &'static str,
    /// What it holds.
    pub value: VariableValue,
}

/// What a variable holds. Not `Debug`.
pub(crate) enum VariableValue {
    /// A person has to fill it in; of this form.
    FillIn(&'static str),
    /// It was generated.
    Generated(Zeroizing<String>),
}

impl VariableValue {
    /// The text that is written.
    #[must_use]
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::FillIn(placeholder) => placeholder,
            Self::Generated(text) => text,
        }
    }
}

/// The variables that a config with these options refers to; none with secrets in the config itself.
#[must_use]
pub(crate) fn variables(options: &ConfigOptions, secrets: &Secrets) -> Vec<Variable> {
    let SecretLocation::Env { compose } = options.secrets else { return Vec::new() };
    let fill_in = |name, comment, form| Variable { name, comment, value: VariableValue::FillIn(form) };
    let generated = |name, comment, text: &Zeroizing<String>| Variable {
        name,
        comment,
        value: VariableValue::Generated(text.clone()),
    };
    let source = fill_in(SOURCE_URI, "the database the data comes from", options.source.placeholder());
    let deploy_key = (options.source == Database::Convex)
        .then(|| fill_in(DEPLOY_KEY, "the deploy key of the Convex deployment", DEPLOY_KEY_FORM));
    let storage = (!compose).then(|| {
        let comment = "the database the service keeps what it syncs in";
        fill_in(STORAGE_URI, comment, options.storage.placeholder())
    });
    // Only the service reaches the storage that Compose runs, so MongoDB gets no password; PostgreSQL has to have one.
    let password = (compose && options.storage == Storage::Postgresql).then(|| {
        let comment = "The password of the storage database that Compose runs";
        generated(STORAGE_PASSWORD, comment, &secrets.storage_password)
    });
    let key = generated(
        KEY,
        "The key that is shared with the backend, which signs a token for each user (base64url)",
        &secrets.key,
    );
    let token = generated(TOKEN, "The token for the service's admin API", &secrets.token);
    std::iter::once(source).chain(deploy_key).chain(storage).chain([key, token]).chain(password).collect()
}

/// A whole env file. Values stand without quotes, so that Compose, `docker run --env-file` and Node read them alike.
pub(super) fn env_text(variables: &[Variable]) -> Zeroizing<String> {
    // Of its size at once: a string that grows leaves its secrets behind in the memory it gives back.
    let mut text = Zeroizing::new(String::with_capacity(4096));
    text.push_str("# The secrets of the PowerSync Service. Keep this file out of version control.\n");
    for Variable { name, comment, value } in variables {
        // Writing to a string can't fail.
        let _ = match value {
            VariableValue::FillIn(form) => write!(text, "\n# Fill in: {comment}\n{name}={form}\n"),
            VariableValue::Generated(secret) => write!(text, "\n# {comment}\n{name}={}\n", **secret),
        };
    }
    text
}

/// The same without values.
pub(super) fn example_text(variables: &[Variable]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(
        "# What the PowerSync Service takes from its environment. Copy this to .env and fill it in; `powersync-jwks init\n\
         # --fill` generates the secrets.\n"
            .to_owned(),
    );
    for Variable { name, comment, value } in variables {
        // Writing to a string can't fail.
        let _ = match value {
            VariableValue::FillIn(form) => write!(text, "\n# Fill in: {comment}, as {form}\n{name}=\n"),
            VariableValue::Generated(_) => write!(text, "\n# {comment}\n{name}=\n"),
        };
    }
    text
}

/// Whether an env file gives this variable a value, here or through other variables.
#[must_use]
pub(crate) fn has_value(file: &EnvFile, name: &str) -> bool {
    file.defines(name) && file.value(name) != Some("")
}

/// What `powersync init self-hosted` writes as the token for the admin API.
pub(crate) const BETTER_TOKEN: &str = "use_a_better_token_in_production";

/// Whether a value is still to be filled in: a placeholder of ours, or of PowerSync's own command line.
#[must_use]
pub(crate) fn is_placeholder(value: &str) -> bool {
    value.is_empty()
        || value == BETTER_TOKEN
        || value.contains("USER:PASSWORD@HOST")
        || (value.starts_with('<') && value.ends_with('>'))
}

/// An env file with those of these values that it lacks. Every other byte stays. Says which it lacked.
pub(crate) fn complete<'v>(
    old: &[u8],
    values: impl IntoIterator<Item = (&'v str, &'v str)>,
) -> Result<(Zeroizing<Vec<u8>>, Vec<&'v str>), EnvFileError> {
    with_those(old, values, has_value)
}

/// An example env file with those of these names that it lacks.
pub(crate) fn complete_example<'v>(
    old: &[u8],
    names: impl IntoIterator<Item = &'v str>,
) -> Result<(Zeroizing<Vec<u8>>, Vec<&'v str>), EnvFileError> {
    with_those(old, names.into_iter().map(|name| (name, "")), EnvFile::defines)
}

fn with_those<'v>(
    old: &[u8],
    values: impl IntoIterator<Item = (&'v str, &'v str)>,
    is_there: impl Fn(&EnvFile, &str) -> bool,
) -> Result<(Zeroizing<Vec<u8>>, Vec<&'v str>), EnvFileError> {
    let file = EnvFile::parse(old)?;
    let (mut seen, mut lacked) = (HashSet::new(), Vec::new());
    for (name, value) in values {
        file.check(name)?;
        if seen.insert(name) && !is_there(&file, name) {
            lacked.push((name, value));
        }
    }
    let bytes = Zeroizing::new(file.with_all(&lacked)?.as_bytes().to_vec());
    Ok((bytes, lacked.into_iter().map(|(name, _)| name).collect()))
}
