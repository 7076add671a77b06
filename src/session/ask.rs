//! Running services, asked on behalf of a command.

use crate::base::random::Random;
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::list;
use crate::base::time::{Clock, Seconds};
use crate::keyset::{Key, KeySet};
use crate::probe::{
    Ask, AskOptions, Asker, Certificates, Endpoint, Expectation, PlaceReport, ProbePlan, ProbeTarget, Round,
    ServiceAddress, WhyLeftOut,
};
use crate::report::paint::warning_line;
use crate::schedule::{self, Allowed, Change, Liveness, NotLiveAt, Outcome};
use crate::session::arguments::{AskArgs, Global, ProbeArgs};
use crate::session::{Error, Source, Usage, World};
use crate::store;

use super::operation::Decided;
use super::run::Mode;
use super::values::KnownValues;

/// How long an answer may take.
const TIMEOUT: Seconds = Seconds::new(10);

/// The services to ask, and how.
pub(crate) struct Services<'w> {
    ask: Box<dyn Ask>,
    endpoints: Vec<Endpoint>,
    all_addresses: bool,
    tries: usize,
    clock: &'w dyn Clock,
    random: &'w dyn Random,
}

/// The same for a command that writes, with the values of variables that it needs for that.
pub(crate) struct Asked<'w> {
    /// Those that are asked, or those that only a policy names, where a run that writes nothing sends nothing to them.
    services: Result<Services<'w>, Vec<Endpoint>>,
    pub(crate) values: KnownValues<'w>,
}

/// Reads URLs as they are in arguments.
pub(crate) fn endpoints(urls: &[String]) -> Result<Vec<Endpoint>, Error> {
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for url in urls {
        // There may be a password before an `@`.
        let name = if url.contains('@') { "URL" } else { url };
        let endpoint = url.parse().map_err(|why| Usage::Endpoint { url: name.to_owned(), why })?;
        if !endpoints.contains(&endpoint) {
            endpoints.push(endpoint);
        }
    }
    Ok(endpoints)
}

/// Fails where several configs would be held against one service.
pub(crate) fn check_alone(urls: &[String], sources: &[Source]) -> Result<(), Error> {
    if urls.is_empty() || sources.len() < 2 {
        return Ok(());
    }
    Err(Usage::ProbeSeveral.into())
}

/// What services say of a key that is removed.
enum Removal {
    /// They don't know it.
    Gone,
    /// They still know it, at these places.
    Known(Vec<String>),
    /// It can't be asked for: why, but for a public key.
    NotAsked(Option<WhyLeftOut>),
}

impl Removal {
    fn of(round: &Round) -> Self {
        let knows = |report: &&PlaceReport| !report.seen.iter().all(|seen| seen.is(Expectation::Gone));
        let places: Vec<String> =
            round.reports.iter().filter(knows).map(|report| report.place.to_string()).collect();
        if places.is_empty() { Self::Gone } else { Self::Known(places) }
    }

    fn message(&self, key: &str) -> Sentence {
        match self {
            Self::Gone => {
                sentence!("the running service doesn't know {key} any more, as far as it was asked")
            }
            Self::Known(places) => sentence!(
                "the running service still knows {key}, at {}: it accepts its tokens until every replica has restarted with the \
                 new file",
                list(places)
            ),
            Self::NotAsked(Some(why)) => sentence!("the service was not asked for {key}: {}", why.message()),
            Self::NotAsked(None) => sentence!("the service was not asked for {key}: it is a public key"),
        }
    }
}

impl<'w> Services<'w> {
    /// Prepares what asks. Nothing is connected yet.
    pub(crate) fn new(
        global: &Global,
        endpoints: Vec<Endpoint>,
        args: &AskArgs,
        world: &mut World<'w>,
    ) -> Result<Self, Error> {
        if global.now.is_some() {
            return Err(Usage::ProbeAtOtherTime.into());
        }
        let file = args.ca.as_ref().map(|path| path.display().to_string());
        let certificates = match (&args.ca, &file) {
            (Some(path), Some(name)) => {
                let pem = store::snapshot(&world.path(path)).map_err(Error::store(name))?;
                Certificates::Pem(pem.to_vec())
            }
            _ if args.insecure => {
                let text = "certificates are not checked (`--insecure`): a machine in the middle can answer for the service";
                writeln!(world.stderr, "{}", warning_line(&text))?;
                Certificates::Unchecked
            }
            _ => Certificates::System,
        };
        let options = AskOptions { timeout: args.timeout.unwrap_or(TIMEOUT), certificates };
        Ok(Self {
            ask: (world.ask)(options).map_err(|source| Error::CannotAsk { file, source })?,
            endpoints,
            all_addresses: args.all_addresses,
            tries: usize::from(args.tries.unwrap_or(1)),
            clock: world.clock,
            random: world.random,
        })
    }

    /// Asks everywhere for the keys of a plan.
    pub(crate) fn round(&self, plan: &ProbePlan) -> Round {
        let targets: Vec<ProbeTarget> =
            self.endpoints.iter().flat_map(|endpoint| self.targets(endpoint)).collect();
        let asker = Asker { ask: self.ask.as_ref(), clock: self.clock, random: self.random };
        Round::ask(plan, &targets, self.tries, &asker)
    }

    fn targets(&self, endpoint: &Endpoint) -> Vec<ProbeTarget> {
        let place = |address| ProbeTarget::Place(ServiceAddress { endpoint: endpoint.clone(), address });
        if !self.all_addresses {
            return vec![place(None)];
        }
        match self.ask.addresses(endpoint) {
            Ok(addresses) => addresses.into_iter().map(|address| place(Some(address))).collect(),
            Err(why) => vec![ProbeTarget::Unresolved(endpoint.clone(), why)],
        }
    }
}

impl<'w> Asked<'w> {
    /// The services of the flags, else of the policy; nothing, where none is named.
    pub(crate) fn new(
        global: &Global,
        args: &ProbeArgs,
        (policy, mode): (&[Endpoint], Mode),
        values: &KnownValues<'w>,
        world: &mut World<'w>,
    ) -> Result<Option<Self>, Error> {
        let named = if args.urls.is_empty() { policy.to_vec() } else { endpoints(&args.urls)? };
        if named.is_empty() || args.no_probe {
            return Ok(None);
        }
        // A policy may be that of a branch under review: to look at it sends nothing anywhere.
        let looks = matches!(mode, Mode::Check | Mode::DryRun);
        let services = if looks && args.urls.is_empty() && !args.probe_policy {
            Err(named)
        } else {
            Ok(Services::new(global, named, &args.ask, world)?)
        };
        Ok(Some(Self { services, values: values.clone() }))
    }

    /// That services were not asked, if so.
    fn not_asked(&self) -> Option<Sentence> {
        let endpoints = self.services.as_ref().err()?;
        let names: Vec<String> = endpoints.iter().map(ToString::to_string).collect();
        Some(sentence!(
            "not asked: which keys the running service knows. Only the policy names {}; `--probe-policy` asks there",
            list(&names)
        ))
    }

    /// Lets a promotion through if the key is live everywhere.
    pub(crate) fn promotion(
        &self,
        outcome: Outcome,
        keys: &KeySet,
        allowed: &Allowed,
    ) -> Result<Decided, Error> {
        schedule::guard_live(&outcome, keys, &|key| self.liveness(keys, key), allowed)?;
        let live_at = self.live_at(&outcome, allowed);
        let notes = self.not_asked().into_iter().collect();
        Ok(Decided { notes, live_at, ..outcome.into() })
    }

    /// Where the key of a promotion is live that was let through.
    pub(crate) fn live_at(&self, outcome: &Outcome, allowed: &Allowed) -> Vec<String> {
        if outcome.promoted().is_none() || allowed.contains(&schedule::RefusalId::NotLive) {
            return Vec::new();
        }
        self.services.iter().flat_map(|services| &services.endpoints).map(ToString::to_string).collect()
    }

    /// Whether a key is live everywhere. Fails where that can't be determined.
    pub(crate) fn liveness(&self, keys: &KeySet, key: &Key) -> Result<Liveness, Error> {
        let Ok(services) = &self.services else { return Ok(Liveness::Live) };
        self.values.check(keys)?;
        let plan = ProbePlan::one(keys, key);
        if let Some(left_out) = plan.left_out.first() {
            return Err(Error::LivenessUnknown(left_out.clone()));
        }
        let round = round(services, &plan, key)?;
        if round.is_as_planned(&plan) {
            return Ok(Liveness::Live);
        }
        let found = round.reports.iter().flat_map(|report| {
            let place = &report.place;
            let others = report.seen.iter().filter(|seen| !seen.is(Expectation::Live));
            others.map(|seen| NotLiveAt { place: place.to_string(), answer: sentence!("{seen}") })
        });
        Ok(Liveness::NotLive(found.collect()))
    }

    /// Says of the keys that a decision removes whether services still know them.
    pub(crate) fn removals(&self, outcome: &Outcome, keys: &KeySet) -> Result<Vec<Sentence>, Error> {
        let Ok(services) = &self.services else { return Ok(self.not_asked().into_iter().collect()) };
        self.values.check(keys)?;
        let mut notes = Vec::new();
        for change in &outcome.changes {
            let Change::Remove { index } = change else { continue };
            let Some(key) = keys.keys().get(*index) else { continue };
            let plan = ProbePlan::one(keys, key);
            let asked = if plan.subjects.is_empty() {
                Removal::NotAsked(plan.left_out.first().map(|out| out.why.clone()))
            } else {
                Removal::of(&round(services, &plan, key)?)
            };
            notes.push(asked.message(&key.name()));
        }
        Ok(notes)
    }
}

fn round(services: &Services<'_>, plan: &ProbePlan, key: &Key) -> Result<Round, Error> {
    let round = services.round(plan);
    match round.unanswered().into_iter().next() {
        None => Ok(round),
        Some(first) => Err(Error::LivenessUnanswered { key: key.name(), source: Box::new(first) }),
    }
}
