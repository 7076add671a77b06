//! `powersync-jwks.yaml`: how long things take, said once for all configs below its folder.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};

use crate::error::Error;
use crate::lifecycle::Policy;
use crate::store;
use crate::time::Seconds;

/// The name that is looked for.
pub const NAME: &str = "powersync-jwks.yaml";

/// The fields of the file. Every one has a default, so an empty mapping is a policy.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "fields such as `rotate_every: 90d`")]
struct PolicyFile {
    #[serde(default, deserialize_with = "span")]
    rotate_every: Option<Seconds>,
    #[serde(default, deserialize_with = "span")]
    standby: Option<Seconds>,
    #[serde(default, deserialize_with = "span")]
    deploy_within: Option<Seconds>,
    #[serde(default, deserialize_with = "span")]
    rollout: Option<Seconds>,
    #[serde(default, deserialize_with = "span")]
    token_ttl: Option<Seconds>,
    #[serde(default, deserialize_with = "span")]
    keep_retired: Option<Seconds>,
    #[serde(default)]
    kid_prefix: Option<String>,
    #[serde(default)]
    env_file: Option<PathBuf>,
    #[serde(default)]
    probe: Option<Vec<String>>,
}

/// A span as people write it: a number alone has no unit, and is refused.
fn span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Seconds>, D::Error> {
    let text = String::deserialize(deserializer)
        .map_err(|_| serde::de::Error::custom("expected a duration such as 30m, 36h, 7d or 2w"))?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

/// A policy and where it comes from.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The policy, or the defaults where there is no file.
    pub policy: Policy,
    /// The file.
    pub path: Option<PathBuf>,
    /// What the file says that this version does nothing with.
    pub unused: Vec<&'static str>,
}

/// Reads a policy file. `path` is absolute, `name` is what messages call it.
pub fn read(path: &Path, name: &str) -> Result<Found, Error> {
    let bytes = store::snapshot(path).map_err(Error::store(name))?;
    let error = |what: String| Error::Policy { name: name.to_owned(), what };
    let text = std::str::from_utf8(&bytes).map_err(|_| error("this is not UTF-8 text".to_owned()))?;
    let empty = text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    let file: PolicyFile = if empty {
        PolicyFile::default()
    } else {
        serde_yaml::from_str(text).map_err(|e| error(located(&e)))?
    };
    let default = Policy::default();
    let policy = Policy {
        rotate_every: file.rotate_every.unwrap_or(default.rotate_every),
        standby: file.standby,
        deploy_within: file.deploy_within.unwrap_or(default.deploy_within),
        rollout: file.rollout.unwrap_or(default.rollout),
        token_ttl: file.token_ttl.unwrap_or(default.token_ttl),
        overlap: None,
        keep_retired: file.keep_retired.unwrap_or(default.keep_retired),
        kid_prefix: file.kid_prefix.unwrap_or(default.kid_prefix),
    };
    policy.check().map_err(|invalid| error(invalid.to_string()))?;
    if !policy.kid_prefix.is_empty() {
        crate::keyset::Kid::new(&policy.kid_prefix)
            .map_err(|invalid| error(format!("kid_prefix: {invalid}")))?;
    }
    let env_file = file.env_file.map(|_| "env_file");
    let unused = env_file.into_iter().chain(file.probe.map(|_| "probe")).collect();
    Ok(Found { policy, path: Some(path.to_owned()), unused })
}

/// The reader's words, with the place if it knows one and doesn't say so.
fn located(error: &serde_yaml::Error) -> String {
    let words = error.to_string();
    match error.location() {
        Some(at) if !words.contains(" at line ") => {
            format!("{words}, at line {} column {}", at.line(), at.column())
        }
        _ => words,
    }
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
