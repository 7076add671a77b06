//! The config: its text, what the service would read from it, and edits that leave every other byte alone.
//!
//! [`Config::parse`] reads, [`edit::apply`] writes. Nothing here re-emits a document: an edit is a list of
//! replacements of byte ranges, and its result is parsed again and compared with what was meant.
//!
//! ```
//! use powersync_jwks::config::edit::{self, Edits, MemberEdit, NewValue};
//! use powersync_jwks::config::{Config, Input};
//!
//! let text = "client_auth:
//!   jwks:
//!     keys:
//!       - kty: oct # ours
//!         kid: first
//!         k: !env PS_SECRET
//! ";
//! let config = Config::parse(text.as_bytes(), Input::of_path("powersync.yaml".as_ref()))?;
//! assert_eq!(config.text_of(0, "kid"), Some("first"));
//! assert!(config.variables().contains("PS_SECRET"));
//!
//! let value = NewValue::Text("second".to_owned().into());
//! let kid = MemberEdit { entry: 0, name: "kid", value: Some(value) };
//! let edited = edit::apply(&config, &Edits { members: vec![kid], ..Edits::default() })?;
//! assert_eq!(*edited, text.replace("first", "'second'"));
//!
//! // What the service may read in another way isn't read, and the error says where that is.
//! let error = Config::parse_str("client_auth: [", Input::Yaml).err().unwrap();
//! assert_eq!(error.at.map(|at| at.line), Some(1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod block;
mod create;
pub mod edit;
mod edition;
mod flow;
pub(crate) mod placeholder;
mod plan;
pub(crate) mod schema;
mod style;
mod verify;

use std::collections::BTreeSet;

pub use crate::syntax::{
    Chomp, Clause, ConfigError, Document, Input, Judgement, Kind, MAX_BYTES, Mistake, Node, NodeId, Notation,
    Position, Problem, Quote, Scalar, Span, Syntax, Tag,
};
pub(crate) use crate::syntax::{Lines, env_name};
pub use edition::Edition;
pub use schema::{Misfit, Shape};

/// The names that every JavaScript object has.
const OBJECT_MEMBERS: [&str; 12] = [
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
];

/// Whole numbers from here on aren't exact in JavaScript.
const INEXACT: f64 = 9_007_199_254_740_992.0;

/// The members that lead to the list of keys.
const PATH: [&str; 3] = ["client_auth", "jwks", "keys"];

/// Where the list of keys stands, or where it would.
#[derive(Clone, Copy)]
pub(crate) enum KeyList {
    /// The member `keys` and its value.
    List {
        /// The name.
        name: NodeId,
        /// The list.
        list: NodeId,
    },
    /// Not there, or empty (`null`, `[]`, `{}`).
    Missing {
        /// The deepest member that is there, as name and value; the value is a mapping, an empty list or null.
        /// `None`: the config itself.
        member: Option<(NodeId, NodeId)>,
        /// The names that are missing below it.
        names: &'static [&'static str],
    },
}

/// What `client_auth.audience` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Not there, or empty: the service rejects every token of a key in the file (`PSYNC_S2105`).
    Missing,
    /// There, but no list: the service does not start.
    Invalid,
    /// At least one.
    Set,
}

/// A config that was read.
pub struct Config<'t> {
    doc: Document<'t>,
    place: KeyList,
    edition: Edition,
}

impl<'t> Config<'t> {
    /// Reads the bytes of a config.
    pub fn parse(bytes: &'t [u8], input: Input) -> Result<Self, ConfigError> {
        if bytes.len() > MAX_BYTES {
            return Err(ConfigError::nowhere(Problem::TooLarge));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let valid = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
            ConfigError::at(valid, valid.len(), Problem::NotUtf8)
        })?;
        Self::parse_str(text, input)
    }

    /// Reads the text of a config.
    pub fn parse_str(text: &'t str, input: Input) -> Result<Self, ConfigError> {
        let doc = Document::read(text, input)?;
        if doc.members(doc.root()).is_none() {
            return Err(shape(&doc, doc.root(), "the config", "a mapping (`name: value`)"));
        }
        if doc.member(doc.root(), "sops").is_some() {
            return Err(ConfigError::nowhere(Problem::Sops));
        }
        check_javascript(&doc)?;
        let place = locate(&doc)?;
        let edition = Edition::of(&doc);
        Ok(Self { doc, place, edition })
    }

    /// The text and its values.
    #[must_use]
    pub fn document(&self) -> &Document<'t> {
        &self.doc
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &'t str {
        self.doc.text()
    }

    /// The entries of `client_auth.jwks.keys`; none where the list is missing.
    #[must_use]
    pub fn entries(&self) -> &[NodeId] {
        match self.place {
            KeyList::List { list, .. } => self.doc.items(list).unwrap_or_default(),
            KeyList::Missing { .. } => &[],
        }
    }

    /// The text of a member of an entry, where it stands there as text.
    #[must_use]
    pub fn text_of(&self, entry: usize, name: &str) -> Option<&str> {
        let (_, value) = self.doc.member(*self.entries().get(entry)?, name)?;
        self.doc.string(value)
    }

    /// All variables that the config refers to, in the keys and elsewhere.
    #[must_use]
    pub fn variables(&self) -> BTreeSet<&str> {
        let names = self.doc.nodes().filter_map(|(id, _)| match self.doc.scalar(id) {
            Some(Scalar::Env(written)) if self.edition().is_env_name(written) => Some(env_name(written).0),
            _ => None,
        });
        names.collect()
    }

    /// Whether the keys take from variables what they need, and none has its secret in the file.
    #[must_use]
    pub(crate) fn has_secrets_in_variables(&self) -> bool {
        let members = |entry: &NodeId| self.doc.members(*entry).unwrap_or_default().to_vec();
        let is_variable =
            |(_, value): (NodeId, NodeId)| matches!(self.doc.scalar(value), Some(Scalar::Env(_)));
        let has_secret = |entry: &NodeId| {
            self.doc.member(*entry, "k").is_some_and(|(_, value)| self.doc.string(value).is_some())
        };
        let entries = self.entries();
        entries.iter().flat_map(members).any(is_variable) && !entries.iter().any(has_secret)
    }

    /// A member of `client_auth`.
    pub(crate) fn client_auth(&self, name: &str) -> Option<NodeId> {
        let (_, client_auth) = self.doc.member(self.doc.root(), PATH[0])?;
        Some(self.doc.member(client_auth, name)?.1)
    }

    /// What `client_auth.audience` says.
    #[must_use]
    pub fn audience(&self) -> Audience {
        // Cloud adds its own to those of the file.
        match self.client_auth("audience").map(|id| self.doc.items(id)) {
            Some(None) => Audience::Invalid,
            Some(Some([_, ..])) => Audience::Set,
            _ if self.is_cloud() => Audience::Set,
            _ => Audience::Missing,
        }
    }

    /// The entries of `client_auth.audience`, and on Cloud of `client_auth.additional_audiences`.
    pub(crate) fn audience_entries(&self) -> &[NodeId] {
        let name = if self.is_cloud() { "additional_audiences" } else { "audience" };
        self.client_auth(name).and_then(|id| self.doc.items(id)).unwrap_or_default()
    }

    /// The bytes that belong to each entry of the list, its own comments included.
    #[must_use]
    pub fn entry_regions(&self) -> Vec<Span> {
        // Several may share a line, whose end is looked for once.
        let mut line_end = 0;
        let to_line_end = |id: &NodeId| {
            let end = self.doc.end_of(*id);
            if end > line_end || line_end == 0 {
                line_end = crate::syntax::lines::content_end(self.text(), end);
            }
            self.doc.start_of(*id)..line_end
        };
        match self.place {
            KeyList::List { name, list } => block::regions(&self.doc, name, list)
                .unwrap_or_else(|| self.entries().iter().map(to_line_end).collect()),
            KeyList::Missing { .. } => Vec::new(),
        }
    }

    /// Whether everything but the list of keys reads the same.
    #[must_use]
    pub fn same_around_the_list(&self, other: &Config<'_>) -> bool {
        verify::same_around_the_list(self, other)
    }

    /// Whether this is a PowerSync Cloud config (`_type: cloud`), whose schema refuses members it doesn't know.
    #[must_use]
    pub fn is_cloud(&self) -> bool {
        self.edition == Edition::Cloud
    }

    /// Which PowerSync it is for.
    #[must_use]
    pub fn edition(&self) -> Edition {
        self.edition
    }

    /// The same, read as what another config is: a change doesn't choose by which rules it is judged.
    #[must_use]
    pub(crate) fn of_kind_of(self, other: &Config<'_>) -> Self {
        Self { edition: other.edition, ..self }
    }

    /// The members on the way to the keys that are duplicated in JSON, by their paths and names: the service reads the
    /// last one.
    #[must_use]
    pub fn duplicates(&self) -> Vec<(String, NodeId)> {
        let (mut mapping, mut path, mut found) = (self.doc.root(), String::new(), Vec::new());
        for name in PATH {
            let Some((key, value)) = self.doc.member(mapping, name) else { break };
            path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            if self.doc.count_of(mapping, name) > 1 {
                found.push((path.clone(), key));
            }
            mapping = value;
        }
        found
    }

    /// Whether keys in this file may be edited in place, and if not, why.
    fn check_editable(&self) -> Result<(), ConfigError> {
        let at = |id, problem| ConfigError::at(self.text(), self.doc.start_of(id), problem);
        let mut mapping = self.doc.root();
        for name in PATH {
            let Some((key, value)) = self.doc.member(mapping, name) else { break };
            if self.doc.count_of(mapping, name) > 1 {
                return Err(at(key, Problem::AmbiguousMember(name)));
            }
            if matches!(self.doc.node(value).kind, Kind::Alias(_)) {
                let what = match name {
                    "keys" => "the list of keys",
                    "jwks" => "`jwks`",
                    _ => "`client_auth`",
                };
                return Err(at(value, Problem::Alias(what)));
            }
            if self.doc.aliases().any(|(_, target)| target == value) {
                let what = "an alias elsewhere in the file stands for these keys, too";
                return Err(at(value, Problem::Form(what)));
            }
            mapping = value;
        }
        Ok(())
    }
}

/// Refuses what of JavaScript shows through where the service reads it.
fn check_javascript(doc: &Document<'_>) -> Result<(), ConfigError> {
    let is_inexact = |id| match doc.scalar(id) {
        Some(Scalar::Integer(number)) => number.unsigned_abs() >= 1 << 53,
        Some(Scalar::Float(number)) => !number.is_finite() || number.abs() >= INEXACT,
        _ => false,
    };
    let outside =
        |id, clause| Err(ConfigError::at(doc.text(), doc.start_of(id), Problem::OutsideProfile { clause }));
    for (id, node) in doc.nodes() {
        match &node.kind {
            Kind::Mapping { members, .. } => {
                let is_odd =
                    |name: &NodeId| doc.string(*name).is_some_and(|name| OBJECT_MEMBERS.contains(&name));
                if let Some((name, _)) = members.iter().find(|(name, _)| is_odd(name)) {
                    return outside(*name, Clause::JavaScriptNames);
                }
            }
            Kind::Scalar { .. } if is_inexact(id) => return outside(id, Clause::Numbers),
            _ => {}
        }
    }
    Ok(())
}

fn shape(doc: &Document<'_>, id: NodeId, path: &'static str, expected: &'static str) -> ConfigError {
    let found = match (&doc.resolve(id).kind, doc.scalar(id)) {
        (_, Some(scalar)) => scalar.describe(),
        (Kind::Sequence { .. }, _) => "a list",
        _ => "a mapping",
    };
    ConfigError::at(doc.text(), doc.start_of(id), Problem::Shape { path, expected, found })
}

/// Finds the list of keys, or the place where it belongs. An empty value counts as missing: the service would
/// not start with it, and filling it is what a person who edits the keys wants.
fn locate(doc: &Document<'_>) -> Result<KeyList, ConfigError> {
    const FULL: [&str; 3] = ["client_auth", "client_auth.jwks", "client_auth.jwks.keys"];
    let mut member = None;
    let mut mapping = doc.root();
    for depth in 0..PATH.len() {
        let Some((name, value)) = doc.member(mapping, PATH[depth]) else {
            return Ok(KeyList::Missing { member, names: &PATH[depth..] });
        };
        let node = doc.resolve(value);
        match &node.kind {
            Kind::Scalar { .. } if doc.scalar(value) == Some(Scalar::Null) => {
                return Ok(KeyList::Missing { member: Some((name, value)), names: &PATH[depth + 1..] });
            }
            Kind::Sequence { items, .. } if depth == 2 => {
                return Ok(if items.is_empty() {
                    KeyList::Missing { member: Some((name, value)), names: &[] }
                } else {
                    KeyList::List { name, list: value }
                });
            }
            Kind::Mapping { .. } if depth < 2 => {
                member = Some((name, value));
                mapping = value;
            }
            _ => {
                let expected = if depth == 2 { "a list (`- kty: …`)" } else { "a mapping (`name: value`)" };
                return Err(shape(doc, value, FULL[depth], expected));
            }
        }
    }
    Ok(KeyList::Missing { member, names: &[] })
}
