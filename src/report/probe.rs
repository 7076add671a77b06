//! What running services said.

use std::fmt::Write as _;

use serde::Serialize;

use super::paint::{BOLD, DIM, GREEN, RED, YELLOW, paint};
use crate::base::text::{Printable, list};
use crate::base::time::NumericDate;
use crate::probe::{Expected, Plan, Report, Round, Seen, Standing, Subject};
use crate::schedule::CLOCK_SKEW;

/// The places that could not be asked, and why.
pub(crate) fn troubles(round: &Round) -> Vec<(String, String)> {
    let why = |report: &Report| {
        let blind = |seen: &Seen| seen.counts().any(|(standing, _)| standing == Standing::SameToAll);
        let trouble = report.trouble.as_ref().map(ToString::to_string);
        trouble.or_else(|| {
            report.seen.iter().any(blind).then(|| {
                "it says the same whatever it is asked, also of a kid and a secret that were made up just now. So it is not \
                 the service that answers, but something in between"
                    .to_owned()
            })
        })
    };
    let named = |report: &Report| Some((report.place.to_string(), why(report)?));
    round.reports.iter().filter_map(named).collect()
}

/// What was found, place by place.
pub(crate) fn human(plan: &Plan, round: &Round) -> String {
    let name = |subject: &Subject| match subject.expected {
        Expected::Live => subject.name.clone(),
        Expected::Gone => format!("{} (removed)", subject.name),
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

/// What that means, sentence by sentence, where it is not as the config says.
pub(crate) fn meaning(plan: &Plan, round: &Round, config: &str) -> Vec<String> {
    let mut told = Vec::new();
    for report in round.reports.iter().filter(|report| report.answered > 0) {
        let place = &report.place;
        let these = |fits: &dyn Fn(&Subject, &Seen) -> bool| {
            let pairs = plan.subjects.iter().zip(&report.seen).filter(|(subject, seen)| fits(subject, seen));
            pairs.map(|(subject, _)| subject.name.clone()).collect::<Vec<_>>()
        };
        let live = |wanted: &'static [Standing]| {
            these(&|subject, seen| {
                subject.expected == Expected::Live
                    && seen.standing().is_some_and(|standing| wanted.contains(&standing))
            })
        };
        let absent = live(&[Standing::Absent, Standing::Wildcard]);
        let all = plan.subjects.iter().filter(|subject| subject.expected == Expected::Live).count();
        if !absent.is_empty() && absent.len() == all {
            told.push(format!(
                "{place} knows none of the keys of {config}. Is it the service that runs with this config? If so, it has not \
                 restarted since they were written"
            ));
        } else if !absent.is_empty() {
            told.push(format!(
                "{place} doesn't know {}: it has not restarted since that was written to {config}",
                list(&absent)
            ));
        }
        let other = live(&[Standing::OtherSecret, Standing::OtherAlgorithm]);
        if !other.is_empty() {
            told.push(format!(
                "{place} has the kid {} with another secret or algorithm: it runs with another file, or a variable has \
                 another value there",
                list(&other)
            ));
        }
        let mixed = these(&|_, seen| matches!(seen.standing(), None | Some(Standing::Differs)));
        if !mixed.is_empty() {
            told.push(format!(
                "the answers of {place} about {} differ: some of the replicas behind it have restarted, others not yet",
                list(&mixed)
            ));
        }
        let still = these(&|subject, seen| {
            subject.expected == Expected::Gone
                && seen.counts().any(|(standing, _)| standing == Standing::Live)
        });
        if !still.is_empty() {
            told.push(format!(
                "{place} still knows {}, which {config} no longer has: it accepts its tokens until it has restarted",
                list(&still)
            ));
        }
    }
    told
}

/// What clocks say: the schedule counts on five minutes at most.
pub(crate) fn clocks(round: &Round) -> Vec<String> {
    let told = |report: &Report| {
        let place = &report.place;
        let by = report.ahead.filter(|ahead| ahead.abs() > CLOCK_SKEW || report.expired);
        let way = |ahead: crate::base::time::Seconds| if ahead.get() < 0 { "behind" } else { "ahead of" };
        match by {
            Some(ahead) if ahead.abs().get() > 0 => Some(format!(
                "the clock of {place} is {ahead} {} this machine's. The schedule takes them to differ by 5 minutes at most",
                way(ahead)
            )),
            _ if report.expired => Some(format!(
                "{place} takes a token of this moment for one that ended a minute ago or more: its clock is at least 2 minutes \
                 ahead of this machine's"
            )),
            _ => None,
        }
    };
    round.reports.iter().filter_map(told).collect()
}

/// What services say of a key that is removed.
pub(crate) fn removal(key: &str, round: &Round) -> String {
    let knows = |report: &&Report| !report.seen.iter().all(|seen| seen.is(Expected::Gone));
    let places: Vec<String> =
        round.reports.iter().filter(knows).map(|report| report.place.to_string()).collect();
    if places.is_empty() {
        return format!("the running service doesn't know {key} any more, as far as it was asked");
    }
    format!(
        "the running service still knows {key}, at {}: it accepts its tokens until every replica has restarted with the new \
         file",
        list(&places)
    )
}

#[derive(Serialize)]
pub(crate) struct Json {
    version: u32,
    now: String,
    config: String,
    as_config: Option<bool>,
    places: Vec<JsonPlace>,
    not_asked: Vec<NotAsked>,
}

#[derive(Serialize)]
struct JsonPlace {
    url: String,
    address: Option<String>,
    tries: usize,
    answered: usize,
    clock_ahead: Option<i64>,
    error: Option<String>,
    keys: Vec<JsonKey>,
}

#[derive(Serialize)]
struct JsonKey {
    key: String,
    expected: &'static str,
    found: Vec<Found>,
}

#[derive(Serialize)]
struct Found {
    state: &'static str,
    answers: usize,
}

#[derive(Serialize)]
struct NotAsked {
    key: String,
    why: String,
}

impl Json {
    pub(crate) fn new(config: &str, now: NumericDate, plan: &Plan, round: &Round) -> Self {
        let complete = round.is_complete() && !plan.left_out.iter().any(|out| out.unknown);
        let errors = troubles(round);
        let place = |report: &Report| {
            let name = report.place.to_string();
            JsonPlace {
                url: report.place.endpoint.to_string(),
                address: report.place.address.map(|address| address.to_string()),
                tries: report.tries,
                answered: report.answered,
                clock_ahead: report.ahead.map(crate::base::time::Seconds::get),
                error: errors.iter().find(|(place, _)| *place == name).map(|(_, why)| why.clone()),
                keys: plan
                    .subjects
                    .iter()
                    .zip(&report.seen)
                    .map(|(subject, seen)| key(subject, seen))
                    .collect(),
            }
        };
        let left_out = plan.left_out.iter();
        Self {
            version: 1,
            now: now.to_string(),
            config: config.to_owned(),
            as_config: complete.then(|| round.is_as_planned(plan)),
            places: round.reports.iter().map(place).collect(),
            not_asked: left_out.map(|out| NotAsked { key: out.name.clone(), why: out.why.clone() }).collect(),
        }
    }
}

fn key(subject: &Subject, seen: &Seen) -> JsonKey {
    JsonKey {
        key: Printable(&subject.name).to_string(),
        expected: match subject.expected {
            Expected::Live => "live",
            Expected::Gone => "gone",
        },
        found: seen.counts().map(|(standing, answers)| Found { state: standing.id(), answers }).collect(),
    }
}
