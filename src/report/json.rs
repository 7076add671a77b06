//! Reports for programs. Their fields are documented in docs/json.md; `version` grows when one changes its meaning.

use std::io::{self, Write};

use serde::Serialize;

use super::human::Row;
use crate::base::command_line::CommandLine;
use crate::base::sentence::Sentence;
use crate::base::time::NumericDate;
use crate::keyset::{Key, KeySet, Login, Material, Member, SecretSource};
use crate::probe::Seen;
use crate::schedule::{self, Action, Due, Waits};
use crate::token::Verdict;

/// Writes one down, as a document of its own.
pub(crate) fn write(report: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let text = super::markup::json(&serde_json::to_string_pretty(report)?);
    writeln!(out, "{text}")?;
    out.flush()
}

#[derive(Serialize)]
pub(crate) struct StatusReport {
    version: u32,
    now: String,
    configs: Vec<StatusConfig>,
}

#[derive(Serialize)]
pub(crate) struct StatusConfig {
    config: String,
    keys: Vec<StatusKey>,
    logins: Vec<StatusLogin>,
    waits: Vec<KeyWait>,
    warnings: Vec<Sentence>,
    #[serde(flatten)]
    outlook: StatusOutlook,
    error: Option<String>,
}

/// Where all of it comes from, what `check` counts, and what is due.
#[derive(Default, Serialize)]
pub(crate) struct StatusOutlook {
    pub(crate) policy: Option<String>,
    pub(crate) env_files: Vec<String>,
    pub(crate) check: Option<CheckCounts>,
    pub(crate) due: Option<DueStep>,
}

#[derive(Serialize)]
pub(crate) struct CheckCounts {
    pub(crate) errors: usize,
    pub(crate) warnings: usize,
}

/// A way in beside the keys of the file.
#[derive(Serialize)]
struct StatusLogin {
    member: &'static str,
    /// Without what may be secret in it.
    address: Option<String>,
    /// Whether it lets users in with the audiences of the config, as far as can be told from here.
    works: bool,
}

impl StatusLogin {
    fn all(keys: &KeySet) -> Vec<Self> {
        let one = |login: &Login| Self {
            member: login.member(),
            address: login.url().map(|url| url.to_string()),
            works: login.works_with(keys.audience),
        };
        keys.logins.all().iter().map(one).collect()
    }
}

#[derive(Serialize)]
struct StatusKey {
    number: usize,
    kid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid_variable: Option<String>,
    kty: Option<&'static str>,
    alg: Option<String>,
    current: bool,
    state: String,
    made: Option<String>,
    promote_from: Option<String>,
    removable_from: Option<String>,
    bits: Option<usize>,
    secret: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variable: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
}

/// What a key waits for.
#[derive(Serialize)]
pub(crate) struct KeyWait {
    key: String,
    event: schedule::Event,
    until: String,
    /// What the spans are counted from.
    counted_from: Option<String>,
    spans: Vec<WaitSpan>,
    sooner: Option<WaitSooner>,
    text: Sentence,
}

#[derive(Serialize)]
struct WaitSpan {
    name: &'static str,
    seconds: i64,
    by: String,
}

#[derive(Serialize)]
struct WaitSooner {
    #[serde(rename = "if")]
    condition: Option<Sentence>,
    command: CommandLine,
    until: Option<String>,
}

/// What keys wait for.
pub(crate) fn waits(waits: &Waits) -> Vec<KeyWait> {
    let span = |part: &schedule::Part| WaitSpan {
        name: part.name,
        seconds: part.span.get(),
        by: part.by.name().to_owned(),
    };
    let wait = |wait: &schedule::Wait| KeyWait {
        key: wait.key.to_string(),
        event: wait.event,
        until: wait.until.to_string(),
        counted_from: wait.sum.as_ref().map(|sum| sum.from.to_string()),
        spans: wait.sum.iter().flat_map(|sum| sum.parts.iter().map(span)).collect(),
        sooner: wait.sooner.as_ref().map(|sooner| WaitSooner {
            condition: sooner.condition(),
            command: sooner.command(&wait.key, &waits.tool),
            until: sooner.until().map(|until| until.to_string()),
        }),
        text: wait.message(&waits.tool, waits.now),
    };
    waits.list.iter().map(wait).collect()
}

impl StatusReport {
    pub(crate) fn new(now: NumericDate, configs: Vec<StatusConfig>) -> Self {
        Self { version: 1, now: now.to_string(), configs }
    }
}

impl StatusConfig {
    pub(crate) fn new(
        name: &str,
        keys: &KeySet,
        service: Option<&[Option<Seen>]>,
        warnings: Vec<Sentence>,
        told: &Waits,
    ) -> Self {
        let now = told.now;
        let current = keys.current().ok().flatten();
        let service =
            |key: &Key| service.and_then(|cells| cells.get(key.index)?.as_ref().map(ToString::to_string));
        let key = |key| StatusKey { service: service(key), ..StatusKey::new(keys, key, current, now) };
        let logins = StatusLogin::all(keys);
        let keys = keys.keys().iter().map(key).collect();
        let outlook = StatusOutlook::default();
        Self { config: name.to_owned(), keys, logins, waits: waits(told), warnings, outlook, error: None }
    }

    pub(crate) fn with_outlook(self, outlook: StatusOutlook) -> Self {
        Self { outlook, ..self }
    }

    /// One that could not be read.
    pub(crate) fn failed(name: &str, error: String) -> Self {
        let (keys, logins, waits, warnings) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let outlook = StatusOutlook::default();
        Self { config: name.to_owned(), keys, logins, waits, warnings, outlook, error: Some(error) }
    }
}

impl StatusKey {
    fn new(keys: &KeySet, key: &Key, current: Option<&Key>, now: NumericDate) -> Self {
        let date = |member: &Member<NumericDate>| member.value().map(ToString::to_string);
        let (kty, secret, problem) = match &key.material {
            Material::Symmetric { secret: SecretSource::Inline(_), .. } => (Some("oct"), Some("file"), None),
            Material::Symmetric { secret: SecretSource::Variable { .. }, .. } => {
                (Some("oct"), Some("variable"), None)
            }
            Material::Public(public) => (Some(public.kty), None, None),
            Material::Unusable(why) => (None, None, Some(why.to_string())),
        };
        let alg = match &key.material {
            Material::Symmetric { .. } => key.hmac_alg().map(|alg| alg.to_string()),
            Material::Public(public) => public.alg.clone(),
            Material::Unusable(_) => None,
        };
        let kid_variable = match &key.kid {
            Member::Variable(name) => Some(name.clone()),
            _ => None,
        };
        Self {
            number: key.number(),
            kid: key.kid.value().map(|kid| kid.as_str().to_owned()),
            kid_variable,
            kty,
            alg,
            current: current.is_some_and(|current| current.index == key.index),
            state: keys.state_of(key, current, now).to_string(),
            made: date(&key.iat),
            promote_from: date(&key.nbf),
            removable_from: date(&key.exp),
            bits: key.bits(),
            secret,
            variable: key.variable().map(str::to_owned),
            problem,
            service: None,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct DueStep {
    action: Action,
    key: String,
    at: String,
}

impl From<&Due> for DueStep {
    fn from(due: &Due) -> Self {
        Self { action: due.action, key: due.key.to_string(), at: due.at.to_string() }
    }
}

#[derive(Serialize)]
pub(crate) struct ReconcileConfig {
    pub(crate) config: String,
    pub(crate) current: Option<String>,
    pub(crate) due: Option<DueStep>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) waiting: Option<Sentence>,
    pub(crate) waits: Vec<KeyWait>,
    pub(crate) written: bool,
    pub(crate) next: Option<DueStep>,
    pub(crate) error: Option<String>,
}

impl From<Row> for ReconcileConfig {
    /// Nothing waits, is written, or failed.
    fn from(row: Row) -> Self {
        Self {
            config: row.config,
            current: row.current,
            due: row.due.as_ref().map(DueStep::from),
            waiting: None,
            waits: Vec::new(),
            written: false,
            next: row.next.as_ref().map(DueStep::from),
            error: None,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct TimelineReport {
    version: u32,
    config: String,
    now: String,
    until: String,
    keys: Vec<TimelineKey>,
    steps: Vec<DueStep>,
}

#[derive(Serialize)]
struct TimelineKey {
    key: String,
    spans: Vec<TimelineSpan>,
}

#[derive(Serialize)]
struct TimelineSpan {
    state: String,
    from: String,
    until: String,
}

impl TimelineReport {
    pub(crate) fn new(config: &str, timeline: &schedule::Timeline) -> Self {
        let span = |span: &schedule::Span| TimelineSpan {
            state: span.state.to_string(),
            from: span.from.to_string(),
            until: span.until.to_string(),
        };
        let key = |life: &schedule::Life| TimelineKey {
            key: life.key.clone(),
            spans: life.spans.iter().map(span).collect(),
        };
        let step = |step: &schedule::Step| DueStep {
            action: step.action,
            key: timeline.lives[step.life].key.clone(),
            at: step.at.to_string(),
        };
        Self {
            version: 1,
            config: config.to_owned(),
            now: timeline.now.to_string(),
            until: timeline.until.to_string(),
            keys: timeline.lives.iter().map(key).collect(),
            steps: timeline.steps.iter().map(step).collect(),
        }
    }
}

/// A minted token, which is a secret.
#[derive(Serialize)]
pub(crate) struct TokenReport<'a> {
    pub(crate) version: u32,
    pub(crate) now: String,
    pub(crate) config: &'a str,
    pub(crate) token: &'a str,
    pub(crate) key: Option<String>,
    pub(crate) kid: Option<&'a str>,
    pub(crate) audience: Vec<String>,
    pub(crate) expires: String,
    #[serde(flatten)]
    pub(crate) verdict: TokenVerdict,
}

/// What the service says to a minted token.
#[derive(Serialize)]
pub(crate) struct TokenVerdict {
    accepted: Option<bool>,
    code: Option<String>,
    message: Option<String>,
    undetermined: Option<Sentence>,
}

impl From<&Verdict> for TokenVerdict {
    fn from(verdict: &Verdict) -> Self {
        let none = Self { accepted: None, code: None, message: None, undetermined: None };
        match verdict {
            Verdict::Accepted(_) => Self { accepted: Some(true), ..none },
            Verdict::Rejected(why) => Self {
                accepted: Some(false),
                code: Some(why.code().to_string()),
                message: Some(why.to_string()),
                ..none
            },
            Verdict::Undetermined(why) => Self { undetermined: Some(why.message()), ..none },
        }
    }
}
