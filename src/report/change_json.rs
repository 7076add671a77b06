//! A change for programs, from the values that are told to people: `diff` and every changing command write these.
//!
//! A command's report has `files` ([`File`]), `steps` ([`steps`]) and `notes` ([`Note`]). Dates are RFC 3339; `text` is for
//! people. No field holds a secret: diffs come redacted, and events and steps name keys and variables only.

use serde::Serialize;

use crate::base::command_line::CommandLine;
use crate::base::sentence::Sentence;
use crate::base::time::NumericDate;
use crate::explain::{EarlierRotation, EventKind, KeyEvent, Place, Steps};
use crate::redact::DiffLine;

/// A file that is written, or would be.
#[derive(Serialize)]
pub(crate) struct File {
    path: String,
    diff: Vec<String>,
    events: Vec<Event>,
}

impl File {
    /// `path`: as the file was named; `diff`: without secrets; `events`: none for an env file.
    pub(crate) fn new(path: String, lines: &[DiffLine], all: &[KeyEvent], now: NumericDate) -> Self {
        Self { path, diff: diff(lines), events: events(all, now) }
    }
}

/// The lines of a unified diff.
pub(crate) fn diff(lines: &[DiffLine]) -> Vec<String> {
    lines.iter().map(|line| line.text.clone()).collect()
}

/// What happened to a key. Fields that a kind doesn't have are left out.
#[derive(Serialize)]
pub(crate) struct Event {
    kind: &'static str,
    key: String,
    /// Of an added key.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    /// When an added key may be promoted.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<String>,
    /// From when a retired key may be removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<String>,
    /// The key that the backend signs with until it is given this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    signing: Option<String>,
    text: Sentence,
}

pub(crate) fn events(events: &[KeyEvent], now: NumericDate) -> Vec<Event> {
    let event = |event: &KeyEvent| {
        let (mut state, mut not_before, mut exp, mut signing) = (None, None, None, None);
        match &event.kind {
            EventKind::Added { state: is, place, .. } => {
                state = Some(is.to_string());
                match place {
                    Place::Standby { current, not_before: nbf } => {
                        (not_before, signing) = (rfc_3339(*nbf), Some(current.to_string()));
                    }
                    Place::Current { signing: key } | Place::Beside { current: key } => {
                        signing = Some(key.to_string());
                    }
                    Place::Alone => {}
                }
            }
            EventKind::Retired { exp: at, .. } => exp = rfc_3339(Some(*at)),
            EventKind::Promoted { signing: key } | EventKind::RolledBack { signing: key } => {
                signing = Some(key.to_string());
            }
            _ => {}
        }
        let (kind, key) = (event.kind.name(), event.key.to_string());
        Event { kind, key, state, not_before, exp, signing, text: event.message(now) }
    };
    events.iter().map(event).collect()
}

/// A thing to do. `commands` are lines to copy: commands, or lines of another file.
#[derive(Serialize)]
pub(crate) struct Step {
    kind: &'static str,
    by: Option<String>,
    not_before: Option<String>,
    key: Option<String>,
    commands: Vec<CommandLine>,
    text: Sentence,
}

pub(crate) fn steps(steps: &Steps) -> Vec<Step> {
    let step = |step: &crate::explain::Step| Step {
        kind: step.kind(),
        by: rfc_3339(step.by()),
        not_before: rfc_3339(step.not_before()),
        key: step.key(),
        commands: step.commands.clone(),
        text: step.message(steps),
    };
    steps.list.iter().map(step).collect()
}

/// What else to know: its kind, such as the id of a rule or of a refusal, and what it is about, as far as that is known.
#[derive(Clone, Serialize)]
pub(crate) struct Note {
    kind: &'static str,
    key: Option<String>,
    by: Option<String>,
    pub(crate) text: Sentence,
}

impl Note {
    pub(crate) fn new(kind: &'static str, key: Option<String>, text: Sentence) -> Self {
        Self { kind, key, by: None, text }
    }

    /// An earlier rotation that backends may not have followed yet.
    pub(crate) fn earlier(rotation: &EarlierRotation, now: NumericDate) -> Self {
        let by = rfc_3339(Some(rotation.by));
        Self { by, ..Self::new("earlier-rotation", Some(rotation.key.clone()), rotation.message(now)) }
    }
}

fn rfc_3339(date: Option<NumericDate>) -> Option<String> {
    date.map(|date| date.to_string())
}
