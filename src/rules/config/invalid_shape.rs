//! `invalid-shape`: a member that isn't of the type the service needs there.

use crate::config::{NOT_STARTING, NodeId, Scalar, Span, env_name};
use crate::keyset::FaultKind;
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "invalid-shape",
    severity: Severity::Error,
    pedantic: false,
    finds: "A member isn't of the type the service needs there, or one it needs is missing.",
    why: "The service compares the whole config with its schema at start and exits with code 150 where it differs. \
          Members it doesn't know are accepted and ignored, at any level.",
    mend: "Write what the message asks for, or leave the member out where the service doesn't need it. A name without a \
           value is `null`, which is none of these.",
    look: Look::Start(look),
};

/// What a member has to be.
#[derive(Clone, Copy)]
enum Shape {
    Text,
    Bool,
    Number,
    /// A number, or text that begins with one.
    Port,
    /// A single value.
    Single,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    Texts,
    TextOrTexts,
    /// Names and texts.
    Words,
    /// Names and single values.
    Values,
    Mapping(&'static [Member]),
    List(&'static [Member]),
}

/// Name, whether it is required, and what it has to be.
type Member = (&'static str, bool, Shape);

use Shape::{Bool, List, Mapping, Number, OneOf, Port, Single, Text, TextOrTexts, Texts, Values, Words};

/// The service's codec (`@powersync/service-types`). Entries of the list of keys have rules of their own.
const CONFIG: &[Member] = &[
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

const CONNECTION: &[Member] =
    &[("type", true, Text), ("id", false, Text), ("tag", false, Text), ("debug_api", false, Bool)];

const CLIENT_AUTH: &[Member] = &[
    ("jwks_uri", false, TextOrTexts),
    ("block_local_jwks", false, Bool),
    ("jwks_reject_ip_ranges", false, Texts),
    ("jwks", false, Mapping(&[("keys", true, List(&[]))])),
    ("supabase", false, Bool),
    ("supabase_jwt_secret", false, Text),
    ("audience", false, Texts),
];

const API_PARAMETERS: &[Member] = &[
    ("max_concurrent_connections", false, Number),
    ("max_data_fetch_concurrency", false, Number),
    ("max_buckets_per_connection", false, Number),
    ("max_parameter_query_results", false, Number),
    ("checkpoint_request_retention_minutes", false, Number),
    ("bucket_count_cache_ttl_minutes", false, Number),
];

const SYNC_CONFIG: &[Member] =
    &[("path", false, Text), ("content", false, Text), ("exit_on_error", false, Bool)];

const TELEMETRY: &[Member] = &[
    ("prometheus_port", false, Port),
    ("disable_telemetry_sharing", true, Bool),
    ("internal_service_endpoint", false, Text),
];

const LOGGING: &[Member] = &[
    ("level", false, OneOf(&["silly", "debug", "verbose", "http", "info", "warn", "error"])),
    ("format", false, OneOf(&["json", "text"])),
];

const PROBES: &[Member] =
    &[("use_filesystem", false, Bool), ("use_http", false, Bool), ("use_legacy", false, Bool)];

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let mut found: Vec<Found> = super::faults(subject, FaultKind::NotAMapping)
        .map(|(key, fault)| super::fault_found(subject, key, fault))
        .collect();
    // Cloud's own schema is another.
    if !subject.keys.is_cloud {
        members(subject, subject.doc().root(), None, "", CONFIG, &mut found);
        found.extend(both_sync_configs(subject));
    }
    found
}

/// `sync_rules` is the old name of `sync_config`: the service takes one of them.
fn both_sync_configs(subject: &Subject<'_>) -> Option<Found> {
    let there = |name| subject.doc().member(subject.doc().root(), name);
    let (_, (name, _)) = there("sync_config").zip(there("sync_rules"))?;
    let message = format!("{NOT_STARTING}: `sync_config` and `sync_rules` are both there");
    Some(Found::new(subject.span(name), message).help("Keep `sync_config` and take `sync_rules` out"))
}

/// `place`: what to point at where a member is missing.
fn members(
    subject: &Subject<'_>,
    mapping: NodeId,
    place: Option<&Span>,
    path: &str,
    known: &[Member],
    found: &mut Vec<Found>,
) {
    for (name, required, shape) in known {
        let path = if path.is_empty() { (*name).to_owned() } else { format!("{path}.{name}") };
        match subject.doc().member(mapping, name) {
            Some((name, value)) => fits(subject, (name, value), &path, *shape, found),
            None if *required => {
                let message = format!("{NOT_STARTING}: `{path}` is missing");
                found.push(Found::new(place.cloned(), message).help(format!("Add `{path}`")));
            }
            None => {}
        }
    }
}

/// Whether the value is of the shape, and what is in it.
fn fits(
    subject: &Subject<'_>,
    (name, value): (NodeId, NodeId),
    path: &str,
    shape: Shape,
    found: &mut Vec<Found>,
) {
    let doc = subject.doc();
    let is_scalar = |id: NodeId| doc.scalar(id).is_some_and(|scalar| is(subject, scalar, shape));
    let texts = |id: NodeId| {
        doc.items(id).is_some_and(|items| {
            items.iter().all(|item| doc.scalar(*item).is_some_and(|one| is(subject, one, Text)))
        })
    };
    let each = |of: Shape| {
        let members = doc.members(value);
        members.is_some_and(|all| {
            all.iter().all(|(_, value)| doc.scalar(*value).is_some_and(|one| is(subject, one, of)))
        })
    };
    let expected_one;
    let (fits, expected) = match shape {
        Single => (is_scalar(value), "text, a number, true, false or nothing"),
        OneOf(texts) => {
            let all: Vec<String> = texts.iter().map(|text| format!("`{text}`")).collect();
            expected_one = format!("one of {}", crate::base::text::list(&all));
            (is_scalar(value), expected_one.as_str())
        }
        Text => (is_scalar(value), "text"),
        Bool => (is_scalar(value), "true or false"),
        Number => (is_scalar(value), "a number"),
        Port => (is_scalar(value), "a number, or text that begins with one"),
        Texts => (texts(value), "a list of texts (`['…']`)"),
        TextOrTexts => (
            texts(value) || doc.scalar(value).is_some_and(|one| is(subject, one, Text)),
            "text, or a list of texts",
        ),
        Words => (each(Text), "a mapping of names to texts"),
        Values => (each(Single), "a mapping of names to texts, numbers, true or false"),
        Mapping(_) => (doc.members(value).is_some(), "a mapping (`name: value`)"),
        List(_) => (doc.items(value).is_some(), "a list (`- …`)"),
    };
    if !fits {
        let is = doc.scalar(value).map_or("something else", |scalar| scalar.describe());
        let span = Some(subject.first_line(value)).filter(|span| !span.is_empty());
        let span = span.unwrap_or_else(|| subject.span(name));
        let message = format!("{NOT_STARTING}: `{path}` must be {expected}, and is {is}");
        found.push(Found::new(span, message));
        return;
    }
    match shape {
        Mapping(known) => members(subject, value, Some(&subject.span(name)), path, known, found),
        List(known) if !known.is_empty() => {
            for (index, item) in doc.items(value).unwrap_or_default().iter().enumerate() {
                fits_item(subject, *item, &format!("{path}[{index}]"), known, found);
            }
        }
        _ => {}
    }
}

fn fits_item(subject: &Subject<'_>, item: NodeId, path: &str, known: &[Member], found: &mut Vec<Found>) {
    if subject.doc().members(item).is_some() {
        members(subject, item, Some(&subject.first_line(item)), path, known, found);
    } else {
        let message = format!("{NOT_STARTING}: `{path}` must be a mapping (`name: value`)");
        found.push(Found::new(subject.first_line(item), message));
    }
}

/// Whether a single value is of that shape. What stands in a variable is text, unless it is cast; where it isn't known, it
/// may be right.
fn is(subject: &Subject<'_>, scalar: Scalar<'_>, shape: Shape) -> bool {
    match (scalar, shape) {
        (Scalar::Env(written), shape) => {
            let (name, cast) = env_name(written);
            let value = subject.values()(name);
            match (cast, shape) {
                (Some("number"), Number | Port | Single) | (Some("boolean"), Bool | Single) => true,
                (Some("number" | "boolean"), _) => false,
                (_, shape) => value.map_or(!matches!(shape, Bool | Number), |text| is_text(&text, shape)),
            }
        }
        (Scalar::String(text), shape) => is_text(text, shape),
        // The schema takes no number that JSON can't hold.
        (Scalar::Float(value), Number | Port | Single) => value.is_finite(),
        (Scalar::Integer(_), Number | Port | Single)
        | (Scalar::Bool(_), Bool | Single)
        | (Scalar::Null, Single) => true,
        _ => false,
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
    let text = text.trim_start_matches(super::is_white_in_js);
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    match unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
        Some(digits) => digits.starts_with(|c: char| c.is_ascii_hexdigit()),
        None => unsigned.starts_with(|c: char| c.is_ascii_digit()),
    }
}
