//! The schema that the service compares its config with at start (`@powersync/service-types`). Entries of the list of
//! keys are [`keyset`](crate::keyset)'s.

use std::fmt;

use zeroize::Zeroizing;

use super::{Config, NodeId, Scalar, env_name};
use crate::base::text::list;

/// What a member has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Text
    Text,
    /// `true` or `false`
    Bool,
    /// A number
    Number,
    /// A number, or text that begins with one
    Port,
    /// A single value
    Single,
    /// One of these texts
    OneOf(&'static [&'static str]),
    /// A list of texts
    Texts,
    /// Text, or a list of texts
    TextOrTexts,
    /// Names and texts
    Words,
    /// Names and single values
    Values,
    /// A mapping with these members
    Mapping(&'static [Field]),
    /// A list of mappings with these members; of anything, where there are none
    List(&'static [Field]),
}

/// Name, whether it is required, and what it has to be.
type Field = (&'static str, bool, Shape);

use Shape::{Bool, List, Mapping, Number, OneOf, Port, Single, Text, TextOrTexts, Texts, Values, Words};

const CONFIG: &[Field] = &[
    ("replication", false, Mapping(&[("connections", false, List(CONNECTION))])),
    ("client_auth", false, Mapping(CLIENT_AUTH)),
    ("api", false, Mapping(&[("tokens", false, Texts), ("parameters", false, Mapping(API_PARAMETERS))])),
    ("storage", true, Mapping(&[("type", true, Text), ("max_pool_size", false, Number)])),
    ("port", false, Port),
    ("sync_config", false, Mapping(SYNC_CONFIG)),
    ("sync_rules", false, Mapping(SYNC_CONFIG)),
    ("metadata", false, Words),
    ("migrations", false, Mapping(&[("disable_auto_migration", false, Bool)])),
    ("telemetry", false, Mapping(TELEMETRY)),
    ("healthcheck", false, Mapping(&[("probes", false, Mapping(PROBES))])),
    ("system", false, Mapping(&[("logging", false, Mapping(LOGGING))])),
    ("parameters", false, Values),
];
const CONNECTION: &[Field] =
    &[("type", true, Text), ("id", false, Text), ("tag", false, Text), ("debug_api", false, Bool)];
const JWKS: Shape = Mapping(&[("keys", true, List(&[]))]);
const CLIENT_AUTH: &[Field] = &[
    ("jwks_uri", false, TextOrTexts),
    ("block_local_jwks", false, Bool),
    ("jwks_reject_ip_ranges", false, Texts),
    ("jwks", false, JWKS),
    ("supabase", false, Bool),
    ("supabase_jwt_secret", false, Text),
    ("audience", false, Texts),
];
const API_PARAMETERS: &[Field] = &[
    ("max_concurrent_connections", false, Number),
    ("max_data_fetch_concurrency", false, Number),
    ("max_buckets_per_connection", false, Number),
    ("max_parameter_query_results", false, Number),
    ("checkpoint_request_retention_minutes", false, Number),
    ("bucket_count_cache_ttl_minutes", false, Number),
];
const SYNC_CONFIG: &[Field] =
    &[("path", false, Text), ("content", false, Text), ("exit_on_error", false, Bool)];
const TELEMETRY: &[Field] = &[
    ("prometheus_port", false, Port),
    ("disable_telemetry_sharing", true, Bool),
    ("internal_service_endpoint", false, Text),
];
const LOGGING: &[Field] = &[
    ("level", false, OneOf(&["silly", "debug", "verbose", "http", "info", "warn", "error"])),
    ("format", false, OneOf(&["json", "text"])),
];
const PROBES: &[Field] =
    &[("use_filesystem", false, Bool), ("use_http", false, Bool), ("use_legacy", false, Bool)];
/// Of Cloud's own schema, what leads to the keys and their audiences.
const CLOUD: &[Field] = &[(
    "client_auth",
    false,
    Mapping(&[("jwks", false, JWKS), ("audience", false, List(&[])), ("additional_audiences", false, Texts)]),
)];

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Single => "text, a number, true, false or null",
            Text => "text",
            Bool => "true or false",
            Number => "a number",
            Port => "a number, or text that begins with one",
            Texts => "a list of texts (`['…']`)",
            TextOrTexts => "text, or a list of texts",
            Words => "a mapping of names to texts",
            Values => "a mapping of names to texts, numbers, true or false",
            Mapping(_) => "a mapping (`name: value`)",
            List(_) => "a list (`- …`)",
            OneOf(texts) => {
                let all: Vec<String> = texts.iter().map(|text| format!("`{text}`")).collect();
                return write!(f, "one of {}", list(&all));
            }
        })
    }
}

/// How a member differs from the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Misfit {
    /// It isn't there.
    Missing,
    /// It is something else.
    Not {
        /// What it has to be.
        expected: Shape,
        /// What it is.
        is: &'static str,
    },
    /// It and its successor `sync_config` are both there.
    Renamed,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is missing"),
            Self::Not { expected, is } => write!(f, "must be {expected}, and is {is}"),
            Self::Renamed => f.write_str("and `sync_config` are both set"),
        }
    }
}

/// A member that differs from the schema, its path (`client_auth.audience`), and where to point at.
pub(crate) type Deviation = (Option<NodeId>, String, Misfit);

/// The comparison of one config with the schema.
pub(crate) struct Comparer<'c, 't> {
    config: &'c Config<'t>,
    values: &'c dyn Fn(&str) -> Option<Zeroizing<String>>,
    found: Vec<Deviation>,
}

/// What differs from the schema. What is in a variable whose value isn't known may be right.
pub(crate) fn deviations(
    config: &Config<'_>,
    values: &dyn Fn(&str) -> Option<Zeroizing<String>>,
) -> Vec<Deviation> {
    let mut comparer = Comparer { config, values, found: Vec::new() };
    let root = config.doc.root();
    comparer.members(root, None, "", if config.is_cloud() { CLOUD } else { CONFIG });
    let there = |name| config.doc.member(root, name);
    if let Some((_, (name, _))) = there("sync_config").zip(there("sync_rules")).filter(|_| !config.is_cloud())
    {
        comparer.found.push((Some(name), "sync_rules".to_owned(), Misfit::Renamed));
    }
    comparer.found
}

impl Comparer<'_, '_> {
    /// `place`: what to point at where a member is missing.
    fn members(&mut self, mapping: NodeId, place: Option<NodeId>, path: &str, known: &[Field]) {
        for (name, required, shape) in known {
            let path = if path.is_empty() { (*name).to_owned() } else { format!("{path}.{name}") };
            match self.config.doc.member(mapping, name) {
                Some(member) => self.member(member, path, *shape),
                None if *required => self.found.push((place, path, Misfit::Missing)),
                None => {}
            }
        }
    }

    fn member(&mut self, (name, value): (NodeId, NodeId), path: String, shape: Shape) {
        let doc = &self.config.doc;
        if !self.fits(value, shape) {
            let is = doc.scalar(value).map_or("something else", |scalar| scalar.describe());
            let at = if doc.start_of(value) < doc.end_of(value) { value } else { name };
            self.found.push((Some(at), path, Misfit::Not { expected: shape, is }));
            return;
        }
        match shape {
            Mapping(known) => self.members(value, Some(name), &path, known),
            List(known) if !known.is_empty() => {
                for (index, item) in doc.items(value).unwrap_or_default().iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    if doc.members(*item).is_some() {
                        self.members(*item, Some(*item), &path, known);
                    } else {
                        self.member((*item, *item), path, Mapping(&[]));
                    }
                }
            }
            _ => {}
        }
    }

    fn fits(&self, value: NodeId, shape: Shape) -> bool {
        let doc = &self.config.doc;
        let is = |id: &NodeId, shape| doc.scalar(*id).is_some_and(|scalar| self.is(scalar, shape));
        let texts = || doc.items(value).is_some_and(|items| items.iter().all(|item| is(item, Text)));
        let each = |of| doc.members(value).is_some_and(|all| all.iter().all(|(_, value)| is(value, of)));
        match shape {
            Texts => texts(),
            TextOrTexts => texts() || is(&value, Text),
            Words => each(Text),
            Values => each(Single),
            Mapping(_) => doc.members(value).is_some(),
            List(_) => doc.items(value).is_some(),
            Single | OneOf(_) | Text | Bool | Number | Port => is(&value, shape),
        }
    }

    /// Whether a single value is of that shape. What is in a variable is text, unless it is cast; where it isn't known, it
    /// may be right.
    fn is(&self, scalar: Scalar<'_>, shape: Shape) -> bool {
        match (scalar, shape) {
            (Scalar::Env(written), shape) => match (env_name(written), shape) {
                ((_, Some("number")), Number | Port | Single) | ((_, Some("boolean")), Bool | Single) => true,
                ((_, Some("number" | "boolean")), _) => false,
                ((name, _), shape) => {
                    (self.values)(name).map_or(!matches!(shape, Bool | Number), |text| is_text(&text, shape))
                }
            },
            (Scalar::String(text), shape) => is_text(text, shape),
            // The schema takes no number that JSON can't hold.
            (Scalar::Float(value), Number | Port | Single) => value.is_finite(),
            (Scalar::Integer(_), Number | Port | Single)
            | (Scalar::Bool(_), Bool | Single)
            | (Scalar::Null, Single) => true,
            _ => false,
        }
    }
}

fn is_text(text: &str, shape: Shape) -> bool {
    match shape {
        Text | Single => true,
        Port => begins_with_number(text),
        OneOf(texts) => texts.contains(&text),
        _ => false,
    }
}

/// Whether JavaScript's `parseInt` finds a number there.
fn begins_with_number(text: &str) -> bool {
    let text = text.trim_start_matches(is_white_in_js);
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    match unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
        Some(digits) => digits.starts_with(|c: char| c.is_ascii_hexdigit()),
        None => unsigned.starts_with(|c: char| c.is_ascii_digit()),
    }
}

/// Whether JavaScript takes it for white space (ECMA-262, `WhiteSpace` and `LineTerminator`).
pub(crate) fn is_white_in_js(c: char) -> bool {
    (c.is_whitespace() && c != '\u{85}') || c == '\u{feff}'
}
