//! `powersync-jwks.yaml`: how long things take, said once for all configs below its directory.

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_yaml::Value;

use crate::base::time::{InvalidDuration, Seconds};
use crate::keyset::Kid;
use crate::probe::{Endpoint, InvalidEndpoint};
use crate::schedule::{InvalidPolicy, Policy};
use crate::session::Error;
use crate::store;

/// The names that are looked for.
pub const NAMES: [&str; 2] = ["powersync-jwks.yaml", "powersync-jwks.yml"];

/// The fields that a policy may have. Every one has a default, so an empty file is a policy.
const FIELDS: [&str; 9] = [
    "rotate_every",
    "standby",
    "deploy_within",
    "rollout",
    "token_ttl",
    "keep_retired",
    "kid_prefix",
    "env_file",
    "probe",
];

/// The fields of a file, as they are written. Each is read by itself, so that a fault can be told with its name.
#[derive(Default)]
struct Fields(Vec<(String, Value)>);

/// What is wrong with a file, and the fields that it is about: it is told with the line of the first that is there.
struct PolicyFault {
    fields: Vec<String>,
    what: String,
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("fields such as `rotate_every: 90d`")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields, M::Error> {
                let mut fields = Fields::default();
                while let Some(field) = map.next_entry()? {
                    fields.0.push(field);
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl Fields {
    fn read(text: &str) -> Result<Self, PolicyFault> {
        if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(Self::default());
        }
        let fields: Self = serde_yaml::from_str(text).map_err(|error| no_policy(error.location()))?;
        let mut seen = HashSet::new();
        for (name, _) in &fields.0 {
            let what = if !FIELDS.contains(&name.as_str()) {
                // It may be the wrong file, and full of secrets: only what may be a name is shown.
                let is_name = name.len() <= 24 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
                if !is_name {
                    return Err(no_policy(None));
                }
                let near = |field: &&str| strsim::damerau_levenshtein(field, name) <= 3;
                let nearest = FIELDS.into_iter().filter(near);
                match nearest.min_by_key(|field| strsim::damerau_levenshtein(field, name)) {
                    Some(field) => format!("unknown field `{name}`: did you mean `{field}`?"),
                    None => format!(
                        "unknown field `{name}`, expected one of {}",
                        FIELDS.map(|name| format!("`{name}`")).join(", ")
                    ),
                }
            } else if !seen.insert(name) {
                format!("duplicate field `{name}`")
            } else {
                continue;
            };
            return Err(PolicyFault { fields: vec![name.clone()], what });
        }
        Ok(fields)
    }

    /// The value of a field, unless it is `null`.
    fn get<T>(
        &self,
        name: &str,
        read: impl Fn(&Value) -> Result<T, String>,
    ) -> Result<Option<T>, PolicyFault> {
        let value = self.0.iter().find(|(field, value)| field == name && !value.is_null());
        let read = value.map(|(_, value)| read(value)).transpose();
        read.map_err(|what| PolicyFault { fields: vec![name.to_owned()], what: format!("{name}: {what}") })
    }

    /// A span as people write it: a number alone has no unit, and is refused.
    fn span(&self, name: &str) -> Result<Option<Seconds>, PolicyFault> {
        self.get(name, |value| {
            let text = value.as_str().ok_or(InvalidDuration::Form).and_then(str::parse);
            text.map_err(|invalid| invalid.to_string())
        })
    }

    /// The same, where nothing is a span as well.
    fn span_or_zero(&self, name: &str) -> Result<Option<Seconds>, PolicyFault> {
        let is_zero = |value: &Value| {
            let text = value.as_str().unwrap_or_default().trim();
            value.as_i64() == Some(0) || text.trim_end_matches(|c: char| c.is_ascii_lowercase()).trim() == "0"
        };
        match self.get(name, |value| Ok(is_zero(value)))? {
            Some(true) => Ok(Some(Seconds::default())),
            _ => self.span(name),
        }
    }

    /// The URLs of running services.
    fn endpoints(&self) -> Result<Vec<Endpoint>, PolicyFault> {
        let endpoints = self.get("probe", |value| {
            let items =
                value.as_sequence().ok_or("expected a list of URLs, such as [https://sync.example.com]")?;
            let endpoint = |item: &Value| {
                let text = item.as_str().ok_or("expected URLs, as text")?;
                text.parse().map_err(|invalid: InvalidEndpoint| invalid.to_string())
            };
            items.iter().map(endpoint).collect()
        });
        Ok(endpoints?.unwrap_or_default())
    }
}

/// The reader's own words may hold a value of the file.
fn no_policy(at: Option<serde_yaml::Location>) -> PolicyFault {
    let place = at.map_or_else(String::new, |at| format!(" (line {}, column {})", at.line(), at.column()));
    let what = format!(
        "this is not a policy: it needs fields such as `rotate_every: 90d`, each on a line of its own{place}"
    );
    PolicyFault { fields: Vec::new(), what }
}

fn text(value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| "expected text".to_owned())
}

/// A policy and where it comes from.
#[derive(Clone, Debug, Default)]
pub struct PolicyFile {
    /// The policy, or the defaults where there is no file.
    pub policy: Policy,
    /// The running services to ask before a key is promoted.
    pub probe: Vec<Endpoint>,
    /// The fields that it sets.
    pub set: Vec<&'static str>,
    /// The file.
    pub path: Option<PathBuf>,
    /// The dotenv file that holds the secrets behind `!env`, from the directory of the policy file.
    pub env_file: Option<PathBuf>,
}

/// Reads a policy file. `path` is absolute, `name` is what messages call it.
pub fn read(path: &Path, name: &str) -> Result<PolicyFile, Error> {
    let other = path.with_extension("yml");
    if path.file_name().is_some_and(|name| name == NAMES[0]) && other.is_file() {
        let what = format!("there is a {} beside it, too. Keep one of them", NAMES[1]);
        return Err(Error::Policy { name: name.to_owned(), what });
    }
    let bytes = store::snapshot(path).map_err(Error::store(name))?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Error::Policy { name: name.to_owned(), what: "this is not UTF-8 text".to_owned() })?;
    parse(text).map_err(|fault| Error::Policy { name: place(name, text, &fault), what: fault.what }).map(
        |found| {
            let directory = path.parent().unwrap_or(Path::new(""));
            let env_file = found.env_file.map(|file| directory.join(file));
            PolicyFile { path: Some(path.to_owned()), env_file, ..found }
        },
    )
}

fn parse(file: &str) -> Result<PolicyFile, PolicyFault> {
    let fields = Fields::read(file)?;
    let default = Policy::default();
    let prefix = fields.get("kid_prefix", |value| {
        let prefix = text(value)?;
        let invalid = if prefix.is_empty() { None } else { Kid::new(&prefix).err() };
        invalid.map_or(Ok(prefix), |invalid| Err(invalid.to_string()))
    })?;
    let policy = Policy {
        rotate_every: fields.span("rotate_every")?.unwrap_or(default.rotate_every),
        standby: fields.span("standby")?,
        deploy_within: fields.span("deploy_within")?.unwrap_or(default.deploy_within),
        rollout: fields.span("rollout")?.unwrap_or(default.rollout),
        token_ttl: fields.span("token_ttl")?.unwrap_or(default.token_ttl),
        keep_retired: fields.span_or_zero("keep_retired")?.unwrap_or(default.keep_retired),
        kid_prefix: prefix.unwrap_or_default(),
        ..default
    };
    policy.check().map_err(|invalid| {
        let fields: &[&str] = match invalid {
            InvalidPolicy::TokenTtl(_) => &["token_ttl"],
            InvalidPolicy::ShortStandby { .. } => &["standby", "deploy_within"],
            InvalidPolicy::ReplacedBeforePromoted { .. } => &["rotate_every", "standby"],
            InvalidPolicy::OverlapPastRotation { .. } => &["keep_retired", "rotate_every"],
        };
        PolicyFault {
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
            what: invalid.to_string(),
        }
    })?;
    let env_file = fields.get("env_file", |value| match text(value)? {
        path if path.is_empty() => Err("expected a path".to_owned()),
        path => Ok(PathBuf::from(path)),
    })?;
    let is_set = |name: &str| fields.0.iter().any(|(field, value)| field == name && !value.is_null());
    let set = FIELDS.into_iter().filter(|name| is_set(name)).collect();
    Ok(PolicyFile { policy, probe: fields.endpoints()?, set, path: None, env_file })
}

/// The file's name, with the line of the first of these fields that it has.
fn place(name: &str, text: &str, fault: &PolicyFault) -> String {
    let line = fault.fields.iter().find_map(|field| {
        let begins = |line: &str| {
            line.strip_prefix(field.as_str()).is_some_and(|rest| rest.trim_start().starts_with(':'))
        };
        text.lines().position(begins)
    });
    line.map_or_else(|| name.to_owned(), |line| format!("{name}:{}", line + 1))
}

/// The nearest policy file: in the config's directory or above it, up to the root of the repository.
#[must_use]
pub fn find(config: &Path) -> Option<PathBuf> {
    for directory in config.parent()?.ancestors() {
        let mut paths = NAMES.iter().map(|name| directory.join(name));
        if let Some(path) = paths.find(|path| path.is_file()) {
            return Some(path);
        }
        if directory.join(".git").exists() {
            return None;
        }
    }
    None
}
