//! Whether the service starts with a config: the one answer that every command goes by.

use std::fmt;

use super::read::Values;
use super::{Address, Fault, InvalidAddress, KeySet, Material};
use crate::base::text::{Printable, list};
use crate::config::schema::{deviations, is_white_in_js};
use crate::config::{Config, Edition, Misfit, NodeId, Scalar, env_name};

/// Something with which the service does not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// Where to point at in the config, if anywhere.
    pub(crate) at: Option<NodeId>,
    /// What it is.
    pub kind: ObstacleKind,
}

/// What the service does not start with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ObstacleKind {
    /// An entry of the list of keys.
    Key {
        /// Its place, from 0.
        index: usize,
        /// As people name it.
        name: String,
        /// The line it begins on.
        line: usize,
        /// What is wrong with it.
        fault: Fault,
    },
    /// Another member.
    Member {
        /// The names that lead to it, with dots between.
        path: String,
        /// What is wrong with it.
        misfit: Misfit,
    },
    /// An address of `jwks_uri` that the service can't ask.
    Address {
        /// The names that lead to it.
        path: String,
        /// What is wrong with it.
        why: InvalidAddress,
    },
    /// What is behind `!env` is no variable whose name begins with `PS_`. It may be a secret in the wrong place.
    NoVariable,
    /// A variable with a cast that the service doesn't know.
    UnknownCast(String),
    /// A variable whose value can't be cast.
    BadValue {
        /// Its name.
        name: String,
        /// What its value has to be.
        expected: &'static str,
    },
}

impl ObstacleKind {
    /// Where it is, for people.
    #[must_use]
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Key { name, line, .. } => format!("{name} (line {line})"),
            Self::Member { path, .. } | Self::Address { path, .. } => format!("`{}`", Printable(path)),
            Self::NoVariable => "what is behind `!env`".to_owned(),
            Self::UnknownCast(name) | Self::BadValue { name, .. } => format!("{}", Printable(name)),
        }
    }
}

impl fmt::Display for ObstacleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { name, line, fault, .. } => write!(f, "{name} (line {line}): {fault}"),
            Self::Member { path, misfit } => write!(f, "`{}` {misfit}", Printable(path)),
            Self::Address { path, why } => write!(f, "`{}` {why}", Printable(path)),
            Self::NoVariable => {
                f.write_str("what is behind `!env` is no variable whose name begins with `PS_`")
            }
            Self::UnknownCast(name) => write!(f, "it doesn't know the cast behind {}", Printable(name)),
            Self::BadValue { name, expected } => {
                write!(f, "the value of {} must be {expected}, and isn't", Printable(name))
            }
        }
    }
}

/// Whether the service starts with a config, as far as this can be determined from the file and the known values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Startability {
    /// It does.
    Starts,
    /// It depends on the values of these variables.
    DependsOn(Vec<String>),
    /// It doesn't.
    Fails(NotStarting),
}

/// What keeps the service from starting: at least one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotStarting(pub Vec<Obstacle>);

impl NotStarting {
    /// All that has to be fixed, each once.
    #[must_use]
    pub(crate) fn places(&self) -> String {
        let mut places: Vec<String> = self.0.iter().map(|obstacle| obstacle.kind.place()).collect();
        places.dedup();
        list(&places)
    }
}

impl fmt::Display for NotStarting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the service does not start with this config, so it takes no tokens")?;
        self.0.first().map_or(Ok(()), |first| write!(f, ": {}", first.kind))
    }
}

impl std::error::Error for NotStarting {}

impl KeySet {
    /// Whether the service starts with this config.
    #[must_use]
    pub fn startability(&self) -> Startability {
        let of_keys = self.keys.iter().filter_map(|key| match &key.material {
            Material::Unusable(fault) if *fault != Fault::KTY_VARIABLE => Some(Obstacle {
                at: None,
                kind: ObstacleKind::Key { index: key.index, name: key.name(), line: key.line, fault: *fault },
            }),
            _ => None,
        });
        let all: Vec<Obstacle> = self.around.iter().cloned().chain(of_keys).collect();
        if !all.is_empty() {
            Startability::Fails(NotStarting(all))
        } else if !self.unknown.is_empty() {
            Startability::DependsOn(self.unknown.clone())
        } else {
            Startability::Starts
        }
    }

    /// What keeps the service from starting, if anything is known to.
    pub fn check_start(&self) -> Result<(), NotStarting> {
        match self.startability() {
            Startability::Fails(why) => Err(why),
            Startability::Starts | Startability::DependsOn(_) => Ok(()),
        }
    }

    /// Whether a member on the way to the list of keys is not what it has to be.
    pub(crate) fn has_broken_path(&self) -> bool {
        const PATHS: [&str; 3] = ["client_auth", "client_auth.jwks", "client_auth.jwks.keys"];
        let broken = |one: &Obstacle| matches!(&one.kind, ObstacleKind::Member { path, .. } if PATHS.contains(&path.as_str()));
        self.around.iter().any(broken)
    }
}

/// Every obstacle of a config, each with where it is: of an entry all its faults, not the gravest alone.
pub(crate) fn obstacles(config: &Config<'_>, keys: &KeySet, values: &Values<'_>) -> Vec<Obstacle> {
    let of_key = |key: &super::Key| {
        let faults = KeySet::faults_of(config, config.entries()[key.index], values).into_iter();
        let (index, name, line) = (key.index, key.name(), key.line);
        faults.map(move |(at, fault)| Obstacle {
            at: Some(at),
            kind: ObstacleKind::Key { index, name: name.clone(), line, fault },
        })
    };
    // A key with a fault can't be used.
    let unusable = keys.keys.iter().filter(|key| matches!(key.material, Material::Unusable(_)));
    keys.around.iter().cloned().chain(unusable.flat_map(of_key)).collect()
}

/// What keeps the service from starting, apart from the faults of keys; and the variables it may depend on.
pub(super) fn around(config: &Config<'_>, values: &Values<'_>) -> (Vec<Obstacle>, Vec<String>) {
    let of_schema = deviations(config, values).into_iter();
    let mut obstacles: Vec<Obstacle> = of_schema
        .map(|(at, path, misfit)| Obstacle { at, kind: ObstacleKind::Member { path, misfit } })
        .collect();
    obstacles.extend(invalid_addresses(config, values));
    let doc = config.document();
    let mut unknown = Vec::new();
    for (id, _) in doc.nodes().filter(|(id, _)| doc.target(*id) == *id) {
        let Some(Scalar::Env(written)) = doc.scalar(id) else { continue };
        match fault_of_variable(written, config.edition(), values) {
            Err(kind) => obstacles.push(Obstacle { at: Some(id), kind }),
            Ok(false) => unknown.push(env_name(written).0.to_owned()),
            Ok(true) => {}
        }
    }
    unknown.sort();
    unknown.dedup();
    (obstacles, unknown)
}

/// The addresses of `jwks_uri` with which the service does not start.
fn invalid_addresses(config: &Config<'_>, values: &Values<'_>) -> Vec<Obstacle> {
    let doc = config.document();
    // What isn't text is no address, and of another kind.
    let text = |id| match doc.scalar(id)? {
        Scalar::String(text) => Some(zeroize::Zeroizing::new(text.to_owned())),
        Scalar::Env(written) => values(env_name(written).0),
        _ => None,
    };
    let Some(member) = config.client_auth("jwks_uri").filter(|_| !config.is_cloud()) else {
        return Vec::new();
    };
    let items = doc.items(member).map_or_else(|| vec![member], <[NodeId]>::to_vec);
    let alone = doc.items(member).is_none();
    let invalid = items.into_iter().enumerate().filter_map(|(index, id)| {
        let why = Address::read(&text(id)?).err()?;
        let path = "client_auth.jwks_uri".to_owned();
        let path = if alone { path } else { format!("{path}[{index}]") };
        Some(Obstacle { at: Some(id), kind: ObstacleKind::Address { path, why } })
    });
    invalid.collect()
}

/// Whether the service takes what is behind `!env`, and the value is known.
fn fault_of_variable(written: &str, edition: Edition, values: &Values<'_>) -> Result<bool, ObstacleKind> {
    let (name, cast) = env_name(written);
    if !edition.is_env_name(written) {
        let has_name = cast.is_some() && edition.is_env_name(name);
        return Err(if has_name {
            ObstacleKind::UnknownCast(name.to_owned())
        } else {
            ObstacleKind::NoVariable
        });
    }
    let Some(value) = values(name) else { return Ok(false) };
    let expected = match cast {
        Some("number") if !is_number(&value) => "a number",
        Some("boolean") if !value.eq_ignore_ascii_case("true") && !value.eq_ignore_ascii_case("false") => {
            "`true` or `false`"
        }
        _ => return Ok(true),
    };
    Err(ObstacleKind::BadValue { name: name.to_owned(), expected })
}

/// Whether JavaScript's `Number` makes a number of it.
fn is_number(text: &str) -> bool {
    let text = text.trim_matches(is_white_in_js);
    let digits = |prefixes: [&str; 2], radix| {
        let digits = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix));
        digits.is_some_and(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix)))
    };
    let decimal =
        text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) && text.parse::<f64>().is_ok();
    let infinite = matches!(text, "Infinity" | "+Infinity" | "-Infinity");
    text.is_empty()
        || decimal
        || infinite
        || digits(["0x", "0X"], 16)
        || digits(["0o", "0O"], 8)
        || digits(["0b", "0B"], 2)
}
