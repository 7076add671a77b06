//! `powersync-jwks.yaml`: how long things take, said once for all configs below its directory.

use std::path::{Path, PathBuf};

use crate::base::time::{InvalidDuration, Seconds};
use crate::config::{ConfigError, Document, Input, NodeId, Position, Problem, Scalar};
use crate::keyset::Kid;
use crate::probe::{Endpoint, InvalidEndpoint};
use crate::rules::PolicyChange;
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

/// A file that was read; none, where nothing is written in it. Each field is read by itself, so that a fault can be told
/// with its name.
struct Fields<'t>(Option<Document<'t>>);

/// What is wrong with a file, and on which line.
struct PolicyFault {
    at: Option<usize>,
    what: String,
}

impl<'t> Fields<'t> {
    fn read(text: &'t str) -> Result<Self, PolicyFault> {
        let doc = match Document::read(text, Input::Yaml) {
            Ok(doc) => doc,
            Err(ConfigError { problem: Problem::Empty, .. }) => return Ok(Self(None)),
            Err(ConfigError { problem: Problem::DuplicateName(name), at }) => {
                return Err(PolicyFault {
                    at: at.map(|at| at.line),
                    what: format!("duplicate field {name}"),
                });
            }
            Err(error) => return Err(no_policy(error.at)),
        };
        let list = || no_policy(Some(Position::of(text, doc.start_of(doc.root()))));
        for (id, _) in doc.members(doc.root()).ok_or_else(list)? {
            let name = doc.string(*id).unwrap_or_default();
            if FIELDS.contains(&name) {
                continue;
            }
            // It may be the wrong file, and full of secrets: only what may be a name is shown.
            let is_name =
                (1..=24).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            let distance = |field: &&str| strsim::damerau_levenshtein(field, name);
            let nearest = FIELDS.into_iter().filter(|field| distance(field) <= 3).min_by_key(distance);
            let known = || FIELDS.map(|name| format!("`{name}`")).join(", ");
            let fault = || PolicyFault {
                at: Some(Position::of(text, doc.start_of(*id)).line),
                what: nearest.map_or_else(
                    || format!("unknown field `{name}`, expected one of {}", known()),
                    |field| format!("unknown field `{name}`: did you mean `{field}`?"),
                ),
            };
            return Err(if is_name { fault() } else { no_policy(None) });
        }
        Ok(Self(Some(doc)))
    }

    /// The line of the first of these fields that is there.
    fn line_of(&self, names: &[&str]) -> Option<usize> {
        let doc = self.0.as_ref()?;
        let (name, _) = names.iter().find_map(|name| doc.member(doc.root(), name))?;
        Some(Position::of(doc.text(), doc.start_of(name)).line)
    }

    /// The value of a field, unless it is `null`.
    fn get<T>(
        &self,
        name: &str,
        read: impl Fn(&Document<'t>, NodeId) -> Result<T, String>,
    ) -> Result<Option<T>, PolicyFault> {
        let Some(doc) = &self.0 else { return Ok(None) };
        let value = doc.member(doc.root(), name).map(|(_, value)| value);
        let value = value.filter(|value| doc.scalar(*value) != Some(Scalar::Null));
        let read = value.map(|value| read(doc, value)).transpose();
        read.map_err(|what| PolicyFault { at: self.line_of(&[name]), what: format!("{name}: {what}") })
    }

    /// A span as people write it: a number alone has no unit, and is refused.
    fn span(&self, name: &str) -> Result<Option<Seconds>, PolicyFault> {
        self.get(name, |doc, value| {
            let text = doc.string(value).ok_or(InvalidDuration::Form).and_then(str::parse);
            text.map_err(|invalid| invalid.to_string())
        })
    }

    /// The same, where nothing is a span as well.
    fn span_or_zero(&self, name: &str) -> Result<Option<Seconds>, PolicyFault> {
        let is_zero = |doc: &Document<'_>, value: NodeId| {
            let text = doc.string(value).unwrap_or_default().trim();
            doc.scalar(value) == Some(Scalar::Integer(0))
                || text.trim_end_matches(|c: char| c.is_ascii_lowercase()).trim() == "0"
        };
        match self.get(name, |doc, value| Ok(is_zero(doc, value)))? {
            Some(true) => Ok(Some(Seconds::default())),
            _ => self.span(name),
        }
    }

    /// The URLs of running services.
    fn endpoints(&self) -> Result<Vec<Endpoint>, PolicyFault> {
        let endpoints = self.get("probe", |doc, value| {
            let items =
                doc.items(value).ok_or("expected a list of URLs, such as [https://sync.example.com]")?;
            let endpoint = |item: &NodeId| {
                let text = doc.string(*item).ok_or("expected URLs, as text")?;
                text.parse().map_err(|invalid: InvalidEndpoint| invalid.to_string())
            };
            items.iter().map(endpoint).collect()
        });
        Ok(endpoints?.unwrap_or_default())
    }
}

/// The reader's own words are about configs.
fn no_policy(at: Option<Position>) -> PolicyFault {
    let place = at.map_or_else(String::new, |at| format!(" (line {}, column {})", at.line, at.column));
    let what = format!(
        "this is not a policy: it needs fields such as `rotate_every: 90d`, each on a line of its own{place}"
    );
    PolicyFault { at: None, what }
}

fn text(doc: &Document<'_>, value: NodeId) -> Result<String, String> {
    doc.string(value).map(str::to_owned).ok_or_else(|| "expected text".to_owned())
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
        return Err(Error::Policy { name: name.to_owned(), line: None, what });
    }
    let bytes = store::snapshot(path).map_err(Error::store(name))?;
    let found =
        parse_bytes(&bytes).and_then(|found| found.at(path, &bytes)).map_err(|fault| fault.of(name))?;
    Ok(PolicyFile { path: Some(path.to_owned()), ..found })
}

/// What the bytes of a policy file say, with an env file as it is written there.
pub(crate) fn parse_bytes(bytes: &[u8]) -> Result<PolicyFile, BadPolicy> {
    let not_text = |_| BadPolicy { line: None, what: "this is not UTF-8 text".to_owned() };
    let text = std::str::from_utf8(bytes).map_err(not_text)?;
    parse(text).map_err(|fault| BadPolicy { line: fault.at, what: fault.what })
}

/// Why a policy can't be read.
#[derive(Clone, Debug)]
pub(crate) struct BadPolicy {
    /// Where, from 1.
    pub(crate) line: Option<usize>,
    pub(crate) what: String,
}

impl BadPolicy {
    fn of(self, name: &str) -> Error {
        Error::Policy { name: name.to_owned(), line: self.line, what: self.what }
    }
}

impl PolicyFile {
    /// With its env file where it is. A policy reaches no further than its repository, or its directory where it is in none.
    pub(crate) fn at(self, path: &Path, bytes: &[u8]) -> Result<Self, BadPolicy> {
        let Some(named) = &self.env_file else { return Ok(self) };
        let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let directory = path.parent().unwrap_or(Path::new(""));
        let root = store::git::root_of(&path).unwrap_or(directory);
        let file = directory.join(named);
        let git = root.join(".git");
        if store::is_inside(&file, root) && !store::is_inside(&file, &git) {
            return Ok(Self { env_file: Some(file), ..self });
        }
        let what = "env_file: the path leads out of the policy's repository, or into its `.git`. Name the file with `--env-file`"
            .to_owned();
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let line = text.lines().position(|line| line.starts_with("env_file"));
        Err(BadPolicy { line: line.map(|line| line + 1), what })
    }

    /// With its name.
    pub(crate) fn named(self, name: &Path) -> Self {
        Self { path: Some(name.to_owned()), ..self }
    }

    /// The fields that are others in another one.
    pub(crate) fn changes(&self, other: &Self) -> Vec<PolicyChange> {
        let (was, is) = (self.fields(), other.fields());
        let pairs = was.into_iter().zip(is).filter(|((_, was), (_, is))| was != is);
        pairs.map(|((field, was), (_, is))| PolicyChange { field, was, is }).collect()
    }

    fn fields(&self) -> [(&'static str, String); FIELDS.len()] {
        const NONE: &str = "none";
        let policy = &self.policy;
        let or_none = |text: String| if text.is_empty() { NONE.to_owned() } else { text };
        let env_file = self.env_file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
        let probe: Vec<String> = self.probe.iter().map(ToString::to_string).collect();
        [
            ("rotate_every", policy.rotate_every.compact()),
            ("standby", policy.standby.map_or_else(|| NONE.to_owned(), Seconds::compact)),
            ("deploy_within", policy.deploy_within.compact()),
            ("rollout", policy.rollout.compact()),
            ("token_ttl", policy.token_ttl.compact()),
            ("keep_retired", policy.keep_retired.compact()),
            ("kid_prefix", or_none(policy.kid_prefix.clone())),
            ("env_file", or_none(env_file)),
            ("probe", or_none(probe.join(" "))),
        ]
    }
}

fn parse(file: &str) -> Result<PolicyFile, PolicyFault> {
    let fields = Fields::read(file)?;
    let default = Policy::default();
    let prefix = fields.get("kid_prefix", |doc, value| {
        let prefix = text(doc, value)?;
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
        let names: &[&str] = match invalid {
            InvalidPolicy::TokenTtl(_) => &["token_ttl"],
            InvalidPolicy::ShortStandby { .. } => &["standby", "deploy_within"],
            InvalidPolicy::ReplacedBeforePromoted { .. } => &["rotate_every", "standby"],
            InvalidPolicy::OverlapPastRotation { .. } => &["keep_retired", "rotate_every"],
        };
        PolicyFault { at: fields.line_of(names), what: invalid.to_string() }
    })?;
    let env_file = fields.get("env_file", |doc, value| match text(doc, value)? {
        path if path.is_empty() => Err("expected a path".to_owned()),
        path => Ok(PathBuf::from(path)),
    })?;
    let set =
        FIELDS.into_iter().filter(|name| matches!(fields.get(name, |_, _| Ok(())), Ok(Some(())))).collect();
    Ok(PolicyFile { policy, probe: fields.endpoints()?, set, path: None, env_file })
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
