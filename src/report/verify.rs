//! What the service says to a token, and whose a secret is.

use serde::Serialize;

use super::human::paragraph;
use super::paint::{GREEN, RED, YELLOW, paint};
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Printable, list};
use crate::base::time::NumericDate;
use crate::keyset::{Key, KeySet, Phase};
use crate::token::{
    Accepted, Cause, KeyPlace, Owner, Ownership, Rejection, Undetermined, Verdict, Verifier, Writing,
};

/// A report for people: what goes to stdout, and what is said beside it.
pub(crate) struct Lines {
    pub(crate) data: String,
    pub(crate) talk: String,
}

/// What an answer depends on beside the token or the secret.
pub(crate) struct Question<'k> {
    pub(crate) now: NumericDate,
    /// The tool with the options that name this config.
    pub(crate) tool: String,
    /// As messages name it.
    pub(crate) config: String,
    pub(crate) keys: &'k KeySet,
    /// The keys of `--expect`, by their places in the file.
    pub(crate) expected: Option<Vec<usize>>,
}

/// The state of a key that signs.
enum SignerState {
    /// Nobody should sign with it any more.
    Retiring,
    /// The same.
    Removable,
    Current,
    Standby,
    Public {
        alg: String,
    },
    Accepted {
        current: Option<String>,
    },
}

impl SignerState {
    fn is_left_behind(&self) -> bool {
        matches!(self, Self::Retiring | Self::Removable)
    }

    fn id(&self) -> &'static str {
        match self {
            Self::Retiring => "retiring",
            Self::Removable => "removable",
            Self::Current => "current",
            Self::Standby => "standby",
            Self::Public { .. } => "public",
            Self::Accepted { .. } => "accepted",
        }
    }

    fn message(&self) -> Sentence {
        match self {
            Self::Retiring | Self::Removable => {
                sentence!("{}: this backend has not switched", self.id())
            }
            Self::Current => sentence!("the current key"),
            Self::Standby => sentence!("standby"),
            Self::Public { alg } => sentence!("a public key ({alg})"),
            Self::Accepted { current: Some(current) } => {
                sentence!("accepted beside {current}, the current key")
            }
            Self::Accepted { current: None } => sentence!("accepted"),
        }
    }
}

impl Question<'_> {
    fn state(&self, key: &Key) -> SignerState {
        match key.phase(self.now) {
            Phase::Retiring { .. } => SignerState::Retiring,
            Phase::Removable { .. } => SignerState::Removable,
            _ if self.keys.is_current(key) => SignerState::Current,
            Phase::Standby { .. } => SignerState::Standby,
            _ if key.is_public() => SignerState::Public { alg: key.alg_text() },
            _ => SignerState::Accepted { current: self.keys.current().ok().flatten().map(Key::name) },
        }
    }

    /// The key, where it is one of the file.
    fn key(&self, place: KeyPlace) -> Option<&Key> {
        match place {
            KeyPlace::File(index) => self.keys.keys().get(index),
            KeyPlace::SupabaseSecret | KeyPlace::Elsewhere { .. } => None,
        }
    }

    /// Whether it is the key that was expected, where one was.
    pub(crate) fn is_expected(&self, key: KeyPlace) -> Option<bool> {
        let is_it = |expected: &Vec<usize>| matches!(key, KeyPlace::File(index) if expected.contains(&index));
        self.expected.as_ref().map(is_it)
    }

    /// The state of a key, for programs.
    pub(crate) fn state_id(&self, place: KeyPlace) -> Option<&'static str> {
        match place {
            KeyPlace::SupabaseSecret => Some("supabase"),
            KeyPlace::Elsewhere { .. } => Some("fetched"),
            KeyPlace::File(_) => self.key(place).map(|key| self.state(key).id()),
        }
    }

    /// Whether nobody should sign with it any more.
    pub(crate) fn is_left_behind(&self, place: KeyPlace) -> bool {
        self.key(place).is_some_and(|key| self.state(key).is_left_behind())
    }

    /// A verdict in a line, among others.
    pub(crate) fn line(&self, verifier: &Verifier, verdict: &Verdict) -> String {
        match verdict {
            Verdict::Accepted(accepted) => {
                let lines = self.accepted(accepted, verifier, usize::MAX);
                lines.data.lines().collect::<Vec<_>>().join(", ")
            }
            Verdict::Rejected(why) => {
                let message = why.to_string();
                format!("{}: {} {}", paint(RED, "rejected"), why.code(), Printable(&message))
            }
            Verdict::Undetermined(why) => format!("{}: {}", paint(YELLOW, "not determined"), why.message()),
        }
    }

    /// For whom an accepted token is, and until when.
    fn whom(&self, accepted: &Accepted) -> String {
        let Ok(claims) = serde_json::from_str::<serde_json::Value>(&accepted.claims) else {
            return String::new();
        };
        let text = |name: &str| match claims.get(name) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let short = |text: String| {
            let cut: String = text.chars().take(60).collect();
            if cut == text { Printable(&cut).to_string() } else { format!("{}…", Printable(&cut)) }
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a moment up to the year 9999; others are no date"
        )]
        let exp = claims
            .get("exp")
            .and_then(serde_json::Value::as_f64)
            .and_then(|exp| NumericDate::new(exp as i64));
        let until = exp.map_or_else(String::new, |exp| format!(", until {}", exp.for_people(self.now)));
        format!("for {} (aud {}){until}\n", short(text("sub")), short(text("aud")))
    }

    /// The keys that were expected, where it is another.
    fn unexpected(&self, key: KeyPlace, name: &str) -> String {
        match &self.expected {
            Some(expected) if self.is_expected(key) == Some(false) => {
                let names = expected.iter().filter_map(|index| self.keys.keys().get(*index)).map(Key::name);
                format!("\nExpected {}, but it is {name}.\n", list(&names.collect::<Vec<_>>()))
            }
            _ => String::new(),
        }
    }

    pub(crate) fn switch(&self) -> Sentence {
        sentence!("give the backend the current kid and secret: `{} export`", self.tool)
    }

    fn switch_before_removal(&self, key: &Key) -> Sentence {
        sentence!(
            "give the backend the current kid and secret together: `{} export`. Don't remove {} before",
            self.tool,
            key.name()
        )
    }

    pub(crate) fn accepted(&self, accepted: &Accepted, verifier: &Verifier, width: usize) -> Lines {
        let name = verifier.name(accepted.key);
        let unexpected = self.unexpected(accepted.key, &name) + &unseen(accepted, width);
        let Some(key) = self.key(accepted.key) else {
            let data = format!("{}, signed by {name}\n{}", paint(GREEN, "accepted"), self.whom(accepted));
            return Lines { data, talk: unexpected };
        };
        let state = self.state(key);
        let (comma, style) = if state.is_left_behind() { (", but", YELLOW) } else { (",", GREEN) };
        let which = match state {
            SignerState::Current | SignerState::Public { .. } => "",
            _ => "which is ",
        };
        let data = format!(
            "{}{comma} signed by {}, {which}{}\n{}",
            paint(style, "accepted"),
            key.name(),
            state.message(),
            self.whom(accepted)
        );
        let mut talk = String::new();
        if state.is_left_behind() {
            talk = format!("\n{}", paragraph("To do:", &self.switch_before_removal(key), width));
        }
        Lines { data, talk: talk + &unexpected }
    }

    pub(crate) fn owner(&self, ownership: &Ownership<'_>, width: usize) -> Lines {
        let config = Printable(&self.config);
        let todo = |what: &Sentence| format!("\n{}", paragraph("To do:", what, width));
        match ownership {
            Ownership::Key(owner) => {
                let state = self.state(owner.key);
                let name = paint(if state.is_left_behind() { YELLOW } else { GREEN }, owner.key.name());
                Lines {
                    data: format!(
                        "this is the secret of {name}, {}; {name} is {}\n",
                        owner.message(),
                        state.message()
                    ),
                    talk: todo(&owner.advice())
                        + &self.unexpected(KeyPlace::File(owner.key.index), &owner.key.name()),
                }
            }
            Ownership::Removed(owner) => Lines {
                data: format!(
                    "this is the secret of {}, which was removed from {config}\n",
                    owner.key.name()
                ),
                talk: todo(&self.switch()),
            },
            Ownership::Nobody => Lines {
                data: format!("this secret matches no key of {config} in any common encoding\n"),
                talk: todo(&self.switch()),
            },
        }
    }
}

/// What was not looked at, and would come first.
fn unseen(accepted: &Accepted, width: usize) -> String {
    if accepted.unseen.is_empty() {
        return String::new();
    }
    let unseen = sentence!(
        "not seen here: {}. One with this token's kid would decide in its place. `--fetch` asks there",
        list(&accepted.unseen)
    );
    format!("\n{}", paragraph("Note:", &unseen, width))
}

/// A rejection and its cause, for people.
pub(crate) fn rejected(rejection: &Rejection, cause: &Cause, width: usize) -> Lines {
    let message = rejection.to_string();
    Lines {
        data: format!("{}: {} {}\n", paint(RED, "rejected"), rejection.code(), Printable(&message)),
        talk: format!(
            "\n{}{}",
            paragraph("Why:", &cause.message(), width),
            paragraph("To do:", &cause.advice(), width)
        ),
    }
}

/// What came of a token, for programs.
#[derive(Serialize)]
pub(crate) struct TokenAnswer<'a> {
    version: u32,
    now: String,
    config: &'a str,
    accepted: bool,
    code: Option<String>,
    message: Option<String>,
    key: Option<String>,
    key_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    as_expected: Option<bool>,
    cause: Option<WithText<'a>>,
    advice: Option<Sentence>,
    expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undetermined: Option<Sentence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) claims: Option<serde_json::Value>,
}

#[derive(Serialize)]
struct WithText<'a> {
    #[serde(flatten)]
    cause: &'a Cause,
    text: Sentence,
}

/// Whose a secret is, for programs.
#[derive(Serialize)]
pub(crate) struct OwnerAnswer<'a> {
    version: u32,
    now: String,
    config: &'a str,
    owner: &'static str,
    key: Option<String>,
    key_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    as_expected: Option<bool>,
    writing: Option<Writing>,
    text: Option<Sentence>,
    advice: Sentence,
}

impl<'a> TokenAnswer<'a> {
    pub(crate) fn new(
        question: &'a Question<'_>,
        verifier: &Verifier,
        place: Option<KeyPlace>,
        claims: Option<&serde_json::Value>,
    ) -> Self {
        let expires = claims.and_then(|claims| NumericDate::new(claims.get("exp")?.as_i64()?));
        Self {
            version: 1,
            now: question.now.to_string(),
            config: &question.config,
            accepted: false,
            code: None,
            message: None,
            key: place.map(|place| verifier.name(place)),
            key_state: place.and_then(|place| question.state_id(place)),
            as_expected: None,
            cause: None,
            advice: None,
            expires: expires.map(|at| at.to_string()),
            undetermined: None,
            claims: None,
        }
    }

    pub(crate) fn accepted(
        question: &'a Question<'_>,
        verifier: &Verifier,
        accepted: &Accepted,
        claims: Option<&serde_json::Value>,
    ) -> Self {
        let left_behind = question.key(accepted.key).filter(|key| question.state(key).is_left_behind());
        Self {
            accepted: true,
            as_expected: question.is_expected(accepted.key),
            advice: left_behind.map(|key| question.switch_before_removal(key)),
            ..Self::new(question, verifier, Some(accepted.key), claims)
        }
    }

    /// One of several; alone it is an error.
    pub(crate) fn undetermined(question: &'a Question<'_>, verifier: &Verifier, why: &Undetermined) -> Self {
        Self { undetermined: Some(why.message()), ..Self::new(question, verifier, None, None) }
    }

    pub(crate) fn rejected(
        question: &'a Question<'_>,
        verifier: &Verifier,
        (rejection, cause): (&Rejection, &'a Cause),
        claims: Option<&serde_json::Value>,
    ) -> Self {
        Self {
            code: Some(rejection.code().to_string()),
            message: Some(rejection.to_string()),
            cause: Some(WithText { cause, text: cause.message() }),
            advice: Some(cause.advice()),
            ..Self::new(question, verifier, rejection.key(), claims)
        }
    }
}

impl<'a> OwnerAnswer<'a> {
    pub(crate) fn new(question: &'a Question<'_>, ownership: &Ownership<'_>) -> Self {
        let (owner, found): (_, Option<&Owner<'_>>) = match ownership {
            Ownership::Key(owner) => ("key", Some(owner)),
            Ownership::Removed(owner) => ("removed", Some(owner)),
            Ownership::Nobody => ("nobody", None),
        };
        let known = found.filter(|_| matches!(ownership, Ownership::Key(_)));
        Self {
            version: 1,
            now: question.now.to_string(),
            config: &question.config,
            owner,
            key: found.map(|owner| owner.key.name()),
            key_state: known.map(|owner| question.state(owner.key).id()),
            as_expected: known.and_then(|owner| question.is_expected(KeyPlace::File(owner.key.index))),
            writing: found.map(|owner| owner.writing),
            text: found.map(Owner::message),
            advice: known.map_or_else(|| question.switch(), Owner::advice),
        }
    }
}
