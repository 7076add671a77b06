//! What running services said.

use std::fmt::Write as _;

use serde::Serialize;

use super::paint::{BOLD, DIM, GREEN, RED, YELLOW, paint};
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Printable, list};
use crate::base::time::NumericDate;
use crate::probe::{Expectation, PlaceReport, ProbePlan, ProbedKey, Round, Seen, ServiceAddress, Standing};
use crate::schedule::CLOCK_SKEW;

/// What was found, place by place.
pub(crate) fn human(plan: &ProbePlan, round: &Round) -> String {
    let name = |subject: &ProbedKey| match subject.expected {
        Expectation::Live => subject.name.clone(),
        Expectation::Gone => format!("{} (removed)", subject.name),
    };
    let width = plan.subjects.iter().map(|subject| name(subject).chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (number, report) in round.reports.iter().enumerate() {
        let gap = if number == 0 { "" } else { "\n" };
        // Writing to a `String` can't fail.
        let _ = writeln!(text, "{gap}{}", paint(BOLD, &report.place));
        if report.tries > 1 {
            let through = format!(
                "through one address: {} of {} answers; replicas unknown",
                report.answered, report.tries
            );
            let _ = writeln!(text, "  {}", paint(DIM, through));
        }
        if report.answered == 0 {
            let _ = writeln!(text, "  {}", paint(RED, "not asked"));
            continue;
        }
        for (subject, seen) in plan.subjects.iter().zip(&report.seen) {
            let style = match seen.standing() {
                _ if seen.is(subject.expected) => GREEN,
                Some(_) => RED,
                None => YELLOW,
            };
            let _ = writeln!(text, "  {:<width$}  {}", name(subject), paint(style, seen));
        }
    }
    text
}

/// What answers mean, where they are not as the config says.
pub(crate) enum Meaning {
    /// It knows none of the keys.
    KnowsNone,
    /// It doesn't know these.
    Absent(Vec<String>),
    /// It has these kids with another secret or algorithm.
    OtherKeys(Vec<String>),
    /// The answers about these differ.
    Mixed(Vec<String>),
    /// It knows these, which the config no longer has.
    StillKnown(Vec<String>),
}

impl Meaning {
    /// What a place says.
    fn all(plan: &ProbePlan, report: &PlaceReport) -> Vec<Self> {
        let these = |fits: &dyn Fn(Expectation, &Seen) -> bool| {
            let pairs = plan.subjects.iter().zip(&report.seen);
            let pairs = pairs.filter(|(subject, seen)| fits(subject.expected, seen));
            pairs.map(|(subject, _)| subject.name.clone()).collect::<Vec<_>>()
        };
        let live = |wanted: &'static [Standing]| {
            these(&|expected, seen| {
                expected == Expectation::Live
                    && seen.standing().is_some_and(|standing| wanted.contains(&standing))
            })
        };
        let all = plan.subjects.iter().filter(|subject| subject.expected == Expectation::Live).count();
        let absent = live(&[Standing::Absent, Standing::Wildcard]);
        let absent = if absent.len() == all { Self::KnowsNone } else { Self::Absent(absent) };
        let still = these(&|expected, seen| {
            expected == Expectation::Gone && seen.counts().any(|(standing, _)| standing == Standing::Live)
        });
        let meanings = [
            absent,
            Self::OtherKeys(live(&[Standing::OtherSecret, Standing::OtherAlgorithm])),
            Self::Mixed(these(&|_, seen| matches!(seen.standing(), None | Some(Standing::Differs)))),
            Self::StillKnown(still),
        ];
        meanings.into_iter().filter(|meaning| !meaning.is_empty(all)).collect()
    }

    fn is_empty(&self, all: usize) -> bool {
        match self {
            Self::KnowsNone => all == 0,
            Self::Absent(keys) | Self::OtherKeys(keys) | Self::Mixed(keys) | Self::StillKnown(keys) => {
                keys.is_empty()
            }
        }
    }

    fn message(&self, place: &ServiceAddress, config: &str) -> Sentence {
        match self {
            Self::KnowsNone => sentence!(
                "{place} knows none of the keys of {config}. Is it the service that runs with this config? If so, it has not \
                 restarted since they were written"
            ),
            Self::Absent(keys) => sentence!(
                "{place} doesn't know {}: it has not restarted since that was written to {config}",
                list(keys)
            ),
            Self::OtherKeys(keys) => sentence!(
                "{place} has the kid {} with another secret or algorithm: it runs with another file, or a variable has \
                 another value there",
                list(keys)
            ),
            Self::Mixed(keys) => sentence!(
                "the answers of {place} about {} differ: some of the replicas behind it have restarted, others not yet",
                list(keys)
            ),
            Self::StillKnown(keys) => sentence!(
                "{place} still knows {}, which {config} no longer has: it accepts its tokens until it has restarted",
                list(keys)
            ),
        }
    }
}

/// What that means, where it is not as the config says.
pub(crate) fn meaning(plan: &ProbePlan, round: &Round, config: &str) -> Vec<Sentence> {
    let answered = round.reports.iter().filter(|report| report.answered > 0);
    let told = answered.flat_map(|report| {
        Meaning::all(plan, report).into_iter().map(move |meaning| meaning.message(&report.place, config))
    });
    told.collect()
}

/// What clocks say: the schedule counts on five minutes at most.
pub(crate) fn clocks(round: &Round) -> Vec<Sentence> {
    let told = |report: &PlaceReport| {
        let place = &report.place;
        match report.ahead.filter(|ahead| ahead.abs() > CLOCK_SKEW || report.expired) {
            Some(ahead) if ahead.abs().get() > 0 => Some(sentence!(
                "the clock of {place} is {ahead} {} this machine's. The schedule allows for 5 minutes at most",
                if ahead.get() < 0 { "behind" } else { "ahead of" }
            )),
            _ if report.expired => Some(sentence!(
                "{place} rejects a token of this moment as one that expired a minute ago or more: its clock is at least 2 \
                 minutes ahead of this machine's"
            )),
            _ => None,
        }
    };
    round.reports.iter().filter_map(told).collect()
}

/// Where keys from elsewhere can't be fetched.
pub(crate) fn fetching(round: &Round) -> Vec<Sentence> {
    let fails = round.reports.iter().filter(|report| report.fetch_fails);
    let told = fails.map(|report| {
        sentence!(
            "{} can't fetch the keys of its `jwks_uri` just now (`PSYNC_S2204`), and rejects the tokens of whoever logs in \
             with them. Keys of the file are found before that, so what is said of them above holds",
            report.place
        )
    });
    told.collect()
}

#[derive(Serialize)]
pub(crate) struct Json {
    version: u32,
    now: String,
    config: String,
    as_config: Option<bool>,
    places: Vec<JsonPlace>,
    not_asked: Vec<JsonLeftOut>,
}

#[derive(Serialize)]
struct JsonPlace {
    url: String,
    address: Option<String>,
    tries: usize,
    answered: usize,
    clock_ahead: Option<i64>,
    jwks_uri_fails: bool,
    error: Option<String>,
    keys: Vec<JsonKey>,
}

#[derive(Serialize)]
struct JsonKey {
    key: String,
    expected: &'static str,
    found: Vec<JsonFound>,
}

#[derive(Serialize)]
struct JsonFound {
    state: &'static str,
    answers: usize,
}

#[derive(Serialize)]
struct JsonLeftOut {
    key: String,
    why: Sentence,
}

impl Json {
    pub(crate) fn new(config: &str, now: NumericDate, plan: &ProbePlan, round: &Round) -> Self {
        let complete = round.is_complete() && !plan.left_out.iter().any(|out| out.why.is_unknown());
        let place = |report: &PlaceReport| JsonPlace {
            url: report.place.endpoint.to_string(),
            address: report.place.address.map(|address| address.to_string()),
            tries: report.tries,
            answered: report.answered,
            jwks_uri_fails: report.fetch_fails,
            clock_ahead: report.ahead.map(crate::base::time::Seconds::get),
            error: report.unanswered().map(|unanswered| unanswered.trouble.to_string()),
            keys: plan.subjects.iter().zip(&report.seen).map(|(subject, seen)| key(subject, seen)).collect(),
        };
        let left_out = plan.left_out.iter();
        Self {
            version: 1,
            now: now.to_string(),
            config: config.to_owned(),
            as_config: complete.then(|| round.is_as_planned(plan)),
            places: round.reports.iter().map(place).collect(),
            not_asked: left_out
                .map(|out| JsonLeftOut { key: out.name.clone(), why: out.why.message() })
                .collect(),
        }
    }
}

fn key(subject: &ProbedKey, seen: &Seen) -> JsonKey {
    JsonKey {
        key: Printable(&subject.name).to_string(),
        expected: match subject.expected {
            Expectation::Live => "live",
            Expectation::Gone => "gone",
        },
        found: seen.counts().map(|(standing, answers)| JsonFound { state: standing.id(), answers }).collect(),
    }
}
