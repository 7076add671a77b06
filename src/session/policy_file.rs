//! `powersync-jwks.yaml`: how long things take, said once for all configs below its folder.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_yaml::Value;

use crate::base::time::{InvalidDuration, Seconds};
use crate::keyset::Kid;
use crate::probe::{Endpoint, InvalidEndpoint};
use crate::schedule::Policy;
use crate::session::Error;
use crate::store;

/// The name that is looked for.
pub const NAME: &str = "powersync-jwks.yaml";

/// The fields of the file. Every one has a default, so an empty mapping is a policy. Spans are read one by one, so that
/// a fault can be told with its name.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "fields such as `rotate_every: 90d`")]
struct PolicyFile {
    rotate_every: Option<Value>,
    standby: Option<Value>,
    deploy_within: Option<Value>,
    rollout: Option<Value>,
    token_ttl: Option<Value>,
    keep_retired: Option<Value>,
    kid_prefix: Option<Value>,
    env_file: Option<Value>,
    probe: Option<Value>,
}

/// A span as people write it: a number alone has no unit, and is refused.
fn span(name: &str, value: Option<&Value>) -> Result<Option<Seconds>, String> {
    let Some(value) = value else { return Ok(None) };
    let text = value.as_str().ok_or(InvalidDuration::Form).and_then(str::parse);
    text.map(Some).map_err(|invalid| format!("{name}: {invalid}"))
}

/// A member that is text.
fn words<'v>(name: &str, value: Option<&'v Value>) -> Result<Option<&'v str>, String> {
    let Some(value) = value else { return Ok(None) };
    value.as_str().map(Some).ok_or_else(|| format!("{name}: expected text"))
}

/// The URLs of running services.
fn endpoints(value: Option<&Value>) -> Result<Vec<Endpoint>, String> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let items =
        value.as_sequence().ok_or("probe: expected a list of URLs, such as [https://sync.example.com]")?;
    let endpoint = |item: &Value| {
        let text = item.as_str().ok_or("probe: expected URLs, as text")?;
        text.parse().map_err(|invalid: InvalidEndpoint| format!("probe: {invalid}"))
    };
    items.iter().map(endpoint).collect()
}

/// A policy and where it comes from.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The policy, or the defaults where there is no file.
    pub policy: Policy,
    /// The running services to ask before a key is promoted.
    pub probe: Vec<Endpoint>,
    /// The file.
    pub path: Option<PathBuf>,
    /// The dotenv file that holds the secrets behind `!env`, from the folder of the policy file.
    pub env_file: Option<PathBuf>,
}

/// Reads a policy file. `path` is absolute, `name` is what messages call it.
pub fn read(path: &Path, name: &str) -> Result<Found, Error> {
    let bytes = store::snapshot(path).map_err(Error::store(name))?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Error::Policy { name: name.to_owned(), what: "this is not UTF-8 text".to_owned() })?;
    parse(text).map_err(|what| Error::Policy { name: place(name, text, &what), what }).map(|found| {
        let folder = path.parent().unwrap_or(Path::new(""));
        let env_file = found.env_file.map(|file| folder.join(file));
        Found { path: Some(path.to_owned()), env_file, ..found }
    })
}

/// The reader's words, where they can't hold a value of the file: it may be the wrong file, and full of secrets.
fn in_words(error: &serde_yaml::Error) -> String {
    let words = error.to_string();
    let named = words.split('`').nth(1).unwrap_or_default();
    let is_name = named.len() <= 24 && named.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if words.starts_with("duplicate field") || (words.starts_with("unknown field") && is_name) {
        return words;
    }
    let place = error
        .location()
        .map_or_else(String::new, |at| format!(" (line {}, column {})", at.line(), at.column()));
    format!(
        "this is not a policy: it needs fields such as `rotate_every: 90d`, each on a line of its own{place}"
    )
}

fn parse(text: &str) -> Result<Found, String> {
    let empty = text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    let file: PolicyFile = if empty {
        PolicyFile::default()
    } else {
        serde_yaml::from_str(text).map_err(|error| in_words(&error))?
    };
    let default = Policy::default();
    let kid_prefix = words("kid_prefix", file.kid_prefix.as_ref())?.unwrap_or_default().to_owned();
    if !kid_prefix.is_empty() {
        Kid::new(&kid_prefix).map_err(|invalid| format!("kid_prefix: {invalid}"))?;
    }
    let policy = Policy {
        rotate_every: span("rotate_every", file.rotate_every.as_ref())?.unwrap_or(default.rotate_every),
        standby: span("standby", file.standby.as_ref())?,
        deploy_within: span("deploy_within", file.deploy_within.as_ref())?.unwrap_or(default.deploy_within),
        rollout: span("rollout", file.rollout.as_ref())?.unwrap_or(default.rollout),
        token_ttl: span("token_ttl", file.token_ttl.as_ref())?.unwrap_or(default.token_ttl),
        overlap: None,
        keep_retired: span("keep_retired", file.keep_retired.as_ref())?.unwrap_or(default.keep_retired),
        kid_prefix,
    };
    policy.check().map_err(|invalid| invalid.to_string())?;
    let env_file = words("env_file", file.env_file.as_ref())?.map(PathBuf::from);
    if env_file.as_ref().is_some_and(|path| path.as_os_str().is_empty()) {
        return Err("env_file: expected a path".to_owned());
    }
    Ok(Found { policy, probe: endpoints(file.probe.as_ref())?, path: None, env_file })
}

/// The file's name, with the line of the field that the message is about.
fn place(name: &str, text: &str, what: &str) -> String {
    let words = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let line = what.split(words).filter(|word| !word.is_empty()).find_map(|word| {
        let field =
            |line: &str| line.strip_prefix(word).is_some_and(|rest| rest.trim_start().starts_with(':'));
        text.lines().position(field)
    });
    line.map_or_else(|| name.to_owned(), |line| format!("{name}:{}", line + 1))
}

/// The nearest policy file: in the config's folder or above it, up to the root of the repository.
#[must_use]
pub fn find(config: &Path) -> Option<PathBuf> {
    for folder in config.parent()?.ancestors() {
        let path = folder.join(NAME);
        if path.is_file() {
            return Some(path);
        }
        if folder.join(".git").exists() {
            return None;
        }
    }
    None
}
