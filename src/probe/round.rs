//! One round of questions at every place.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use super::answer::{Answer, Reading, Unexpected, read};
use super::ask::{Ask, Connection, NoAnswer};
use super::endpoint::Endpoint;
use super::plan::{Expected, Plan, Subject};
use super::standing::{Standing, judge};
use crate::base::random::{Random, RandomError};
use crate::base::time::{Clock, Seconds};

/// A service, or one of the addresses that its name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The URL.
    pub endpoint: Endpoint,
    /// The address, where each is asked by itself.
    pub address: Option<IpAddr>,
}

/// Something to ask.
#[derive(Clone, Debug)]
pub enum Target {
    /// A place.
    Place(Place),
    /// A URL whose addresses were not found.
    Unresolved(Endpoint, NoAnswer),
}

impl fmt::Display for Place {
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
}

/// What was found of a key at a place: how often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen(BTreeMap<Standing, usize>);

impl Seen {
    /// What was found, where it was the same every time.
    #[must_use]
    pub fn standing(&self) -> Option<Standing> {
        match self.0.keys().collect::<Vec<_>>().as_slice() {
            [one] => Some(**one),
            _ => None,
        }
    }

    /// Each finding and how often.
    pub fn counts(&self) -> impl Iterator<Item = (Standing, usize)> {
        self.0.iter().map(|(standing, count)| (*standing, *count))
    }

    /// Whether it is what a service with the config says.
    #[must_use]
    pub fn is(&self, expected: Expected) -> bool {
        match expected {
            Expected::Live => self.standing() == Some(Standing::Live),
            // Under this kid, another key may stand now.
            Expected::Gone => {
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
pub struct Report {
    /// Where.
    pub place: Place,
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
    /// Why a try failed; the last one, where several did.
    pub trouble: Option<Trouble>,
}

/// What all places said.
#[derive(Clone, Debug)]
pub struct Round {
    /// One for each place.
    pub reports: Vec<Report>,
}

/// The clock and randomness of the side that asks.
pub struct Asker<'a> {
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
    pub fn ask(plan: &Plan, targets: &[Target], tries: usize, asker: &Asker<'_>) -> Self {
        let report = |target: &Target| match target {
            Target::Place(place) => asker.report(plan, place, tries),
            Target::Unresolved(endpoint, why) => {
                let place = Place { endpoint: endpoint.clone(), address: None };
                Report { trouble: Some(why.clone().into()), ..Report::new(plan, &place, tries) }
            }
        };
        Self { reports: targets.iter().map(report).collect() }
    }

    /// Whether every place gave every answer, and none says the same to all.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let blind = |seen: &Seen| seen.counts().any(|(standing, _)| standing == Standing::SameToAll);
        self.reports.iter().all(|report| report.trouble.is_none() && !report.seen.iter().any(blind))
    }

    /// Whether every place says what a service with the config says.
    #[must_use]
    pub fn is_as_planned(&self, plan: &Plan) -> bool {
        let fits = |report: &Report| {
            report.seen.iter().zip(&plan.subjects).all(|(seen, subject)| seen.is(subject.expected))
        };
        self.reports.iter().all(fits)
    }

    /// What was found of one key of the plan, with all places taken together.
    #[must_use]
    pub fn of(&self, number: usize) -> Seen {
        let mut all = Seen::default();
        for (standing, count) in
            self.reports.iter().filter_map(|report| report.seen.get(number)).flat_map(Seen::counts)
        {
            *all.0.entry(standing).or_default() += count;
        }
        all
    }
}

impl Report {
    fn new(plan: &Plan, place: &Place, tries: usize) -> Self {
        Self {
            place: place.clone(),
            tries,
            answered: 0,
            seen: vec![Seen::default(); plan.subjects.len()],
            ahead: None,
            expired: false,
            trouble: None,
        }
    }
}

impl Asker<'_> {
    fn report(&self, plan: &Plan, place: &Place, tries: usize) -> Report {
        let mut report = Report::new(plan, place, tries);
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
        plan: &Plan,
        connection: &mut dyn Connection,
        report: &mut Report,
    ) -> Result<Vec<Standing>, Trouble> {
        plan.subjects.iter().map(|subject| self.standing(subject, connection, report)).collect()
    }

    fn standing(
        &self,
        subject: &Subject,
        connection: &mut dyn Connection,
        report: &mut Report,
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
        Ok(judge(subject.has_kid(), own, other_kid, reading(&questions.other_secret)?))
    }

    fn note_clock(&self, answer: &Answer, reading: Reading, report: &mut Report) {
        report.expired |= reading == Reading::Expired;
        report.ahead = answer.date.map(|date| date.since(self.clock.now())).or(report.ahead);
    }
}
