//! One round of questions at every place.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use super::answer::{HttpAnswer, Reading, Unexpected, read};
use super::ask::{Ask, Connection, NoAnswer};
use super::endpoint::Endpoint;
use super::plan::{Expectation, ProbePlan, ProbedKey};
use super::standing::{Standing, judge};
use crate::base::random::{Random, RandomError};
use crate::base::time::{Clock, Seconds};

/// A service, or one of the addresses that its name resolves to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAddress {
    /// The URL.
    pub endpoint: Endpoint,
    /// The address, where each is asked by itself.
    pub address: Option<IpAddr>,
}

/// Something to ask.
#[derive(Clone, Debug)]
pub(crate) enum ProbeTarget {
    /// A place.
    Place(ServiceAddress),
    /// A URL whose addresses were not found.
    Unresolved(Endpoint, NoAnswer),
}

impl fmt::Display for ServiceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(address) => write!(f, "{} at {address}", self.endpoint),
            None => self.endpoint.fmt(f),
        }
    }
}

/// Why a place says nothing of keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Nothing came back.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// Something else came back.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The same answer to whatever is asked.
    #[error(
        "it gives the same answer whatever it is asked, also about a kid and a secret that were made up just now. So it is not \
         the service that answers, but something in between"
    )]
    SameToAll,
}

/// A place that says nothing of keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {trouble}")]
pub struct Unanswered {
    /// Where.
    pub place: ServiceAddress,
    /// Why.
    pub trouble: Trouble,
}

/// What was found of a key at a place: how often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen(BTreeMap<Standing, usize>);

impl Seen {
    /// What was found, where it was the same every time.
    #[must_use]
    pub(crate) fn standing(&self) -> Option<Standing> {
        match self.0.keys().collect::<Vec<_>>().as_slice() {
            [one] => Some(**one),
            _ => None,
        }
    }

    /// Each finding and how often.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (Standing, usize)> {
        self.0.iter().map(|(standing, count)| (*standing, *count))
    }

    /// Whether it is what a service with the config says.
    #[must_use]
    pub(crate) fn is(&self, expected: Expectation) -> bool {
        match expected {
            Expectation::Live => self.standing() == Some(Standing::Live),
            // Under this kid, another key may stand now.
            Expectation::Gone => {
                let gone = |standing: &Standing| {
                    !matches!(standing, Standing::Live | Standing::Differs | Standing::SameToAll)
                };
                !self.0.is_empty() && self.0.keys().all(gone)
            }
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(standing) = self.standing() {
            return standing.fmt(f);
        }
        let all: usize = self.0.values().sum();
        let parts: Vec<String> =
            self.counts().map(|(standing, count)| format!("{standing} {count} of {all}")).collect();
        f.pad(&if parts.is_empty() { "not asked".to_owned() } else { parts.join(", ") })
    }
}

/// What a place said.
#[derive(Clone, Debug)]
pub(crate) struct PlaceReport {
    /// Where.
    pub place: ServiceAddress,
    /// How many connections were tried.
    pub tries: usize,
    /// How many of them gave all their answers.
    pub answered: usize,
    /// For each key of the plan, in its order.
    pub seen: Vec<Seen>,
    /// How far the clock of the other side is ahead of this one; negative where it is behind.
    pub ahead: Option<Seconds>,
    /// Whether it took a fresh token for one that is over.
    pub expired: bool,
    /// Whether it could not fetch the keys of a `jwks_uri`.
    pub fetch_fails: bool,
    /// Why a try failed; the last one, where several did.
    pub trouble: Option<Trouble>,
}

/// What all places said.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    /// One for each place.
    pub reports: Vec<PlaceReport>,
}

/// The clock and randomness of the side that asks.
pub(crate) struct Asker<'a> {
    /// What asks.
    pub ask: &'a dyn Ask,
    /// When the tokens are made.
    pub clock: &'a dyn Clock,
    /// For audiences, kids and secrets that nobody has.
    pub random: &'a dyn Random,
}

impl Round {
    /// Asks for every key of a plan at every place, on that many connections each.
    #[must_use]
    pub(crate) fn ask(plan: &ProbePlan, targets: &[ProbeTarget], tries: usize, asker: &Asker<'_>) -> Self {
        let report = |target: &ProbeTarget| match target {
            ProbeTarget::Place(place) => asker.report(plan, place, tries),
            ProbeTarget::Unresolved(endpoint, why) => {
                let place = ServiceAddress { endpoint: endpoint.clone(), address: None };
                PlaceReport { trouble: Some(why.clone().into()), ..PlaceReport::new(plan, &place, tries) }
            }
        };
        Self { reports: targets.iter().map(report).collect() }
    }

    /// Whether every place gave every answer, and none says the same to all.
    #[must_use]
    pub(crate) fn is_complete(&self) -> bool {
        self.reports.iter().all(|report| report.unanswered().is_none())
    }

    /// The places that said nothing of keys.
    #[must_use]
    pub(crate) fn unanswered(&self) -> Vec<Unanswered> {
        self.reports.iter().filter_map(PlaceReport::unanswered).collect()
    }

    /// Whether every place says what a service with the config says.
    #[must_use]
    pub(crate) fn is_as_planned(&self, plan: &ProbePlan) -> bool {
        let fits = |report: &PlaceReport| {
            report.seen.iter().zip(&plan.subjects).all(|(seen, subject)| seen.is(subject.expected))
        };
        self.reports.iter().all(fits)
    }

    /// What was found of one key of the plan, with all places taken together.
    #[must_use]
    pub(crate) fn of(&self, number: usize) -> Seen {
        let mut all = Seen::default();
        for (standing, count) in
            self.reports.iter().filter_map(|report| report.seen.get(number)).flat_map(Seen::counts)
        {
            *all.0.entry(standing).or_default() += count;
        }
        all
    }
}

impl PlaceReport {
    /// Why it says nothing of keys, where that is so.
    #[must_use]
    pub(crate) fn unanswered(&self) -> Option<Unanswered> {
        let is_blind = |seen: &Seen| seen.counts().any(|(standing, _)| standing == Standing::SameToAll);
        let blind = || self.seen.iter().any(is_blind).then_some(Trouble::SameToAll);
        let trouble = self.trouble.clone().or_else(blind)?;
        Some(Unanswered { place: self.place.clone(), trouble })
    }

    fn new(plan: &ProbePlan, place: &ServiceAddress, tries: usize) -> Self {
        Self {
            place: place.clone(),
            tries,
            answered: 0,
            seen: vec![Seen::default(); plan.subjects.len()],
            ahead: None,
            expired: false,
            fetch_fails: false,
            trouble: None,
        }
    }
}

impl Asker<'_> {
    fn report(&self, plan: &ProbePlan, place: &ServiceAddress, tries: usize) -> PlaceReport {
        let mut report = PlaceReport::new(plan, place, tries);
        for number in 1..=tries {
            let mut connection = self.ask.connect(&place.endpoint, place.address);
            match self.one_try(plan, connection.as_mut(), &mut report) {
                Ok(standings) => {
                    report.answered += 1;
                    for (seen, standing) in report.seen.iter_mut().zip(standings) {
                        *seen.0.entry(standing).or_default() += 1;
                    }
                }
                Err(trouble) => {
                    report.trouble = Some(trouble);
                    // Nobody is there: to wait for that as often as asked would take minutes.
                    if report.answered == 0 && number == 2 {
                        break;
                    }
                }
            }
        }
        report
    }

    fn one_try(
        &self,
        plan: &ProbePlan,
        connection: &mut dyn Connection,
        report: &mut PlaceReport,
    ) -> Result<Vec<Standing>, Trouble> {
        plan.subjects.iter().map(|subject| self.standing(subject, connection, report)).collect()
    }

    fn standing(
        &self,
        subject: &ProbedKey,
        connection: &mut dyn Connection,
        report: &mut PlaceReport,
    ) -> Result<Standing, Trouble> {
        let questions = subject.questions(self.clock.now(), self.random)?;
        let mut reading = |token: &str| {
            let answer = connection.ask(token)?;
            let reading = read(&answer, token)?;
            self.note_clock(&answer, reading, report);
            Ok::<_, Trouble>(reading)
        };
        let own = reading(&questions.own)?;
        let other_kid = reading(&questions.other_kid)?;
        Ok(judge(subject.asked(), own, other_kid, reading(&questions.other_secret)?))
    }

    fn note_clock(&self, answer: &HttpAnswer, reading: Reading, report: &mut PlaceReport) {
        report.expired |= reading == Reading::Expired;
        report.fetch_fails |= reading == Reading::NoKeyFetchFails;
        report.ahead = answer.date.map(|date| date.since(self.clock.now())).or(report.ahead);
    }
}
