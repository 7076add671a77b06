//! The decisions: those of the program, taken on key sets of the model.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::setting::{Mutant, Setting};
use crate::world::Kids;
use powersync_jwks::config::{Config, Input};
use powersync_jwks::for_tests::stand_in;
use powersync_jwks::keyset::{HmacAlg, Key, KeyName, KeySet, Kid};
use powersync_jwks::schedule::{
    self, Change, Liveness, NewKey, Outcome, Policy, RefusalId, RotateOptions, ScheduleError, Terms,
};
use powersync_jwks::time::{NumericDate, Seconds};

/// Seconds of a tick: what the service tolerates. Clocks may differ by five.
pub const TICK: i32 = 60;
const START: i64 = 1_800_000_000;

/// A key of the file. Dates are seconds from now.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Entry {
    pub id: u8,
    pub iat: i32,
    pub nbf: Option<i32>,
    pub exp: Option<i32>,
}

/// What is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    Reconcile,
    /// In one step.
    Rotate,
    Rollback,
    Add,
    /// A tick more for a key that has an `exp`.
    LaterExp(u8),
    /// `retire --undo`.
    Undo(u8),
}

/// What a run sees.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    pub tick: i32,
    pub file: Vec<Entry>,
    pub operation: Operation,
    /// How many seconds its clock is ahead.
    pub ahead: i32,
    /// The keys that all replicas know which are asked.
    pub known: Kids,
    /// The id of a new key.
    pub new: u8,
}

/// What comes of it.
#[derive(Clone, Debug)]
pub struct Decided {
    pub file: Vec<Entry>,
    pub wrong: Option<&'static str>,
}

/// Decisions of a setting, each taken once.
pub struct Decisions {
    mutant: Mutant,
    policy: Policy,
    taken: Mutex<HashMap<Question, Decided>>,
}

impl Decisions {
    pub fn new(setting: &Setting) -> Self {
        let mut policy = setting.policy();
        let tick = Seconds::new(TICK.into());
        match setting.mutant {
            Mutant::ShortDeploy => policy.deploy_within = policy.deploy_within - tick,
            Mutant::ShortRollout => policy.rollout = policy.rollout - tick,
            Mutant::ShortTokenTtl => policy.token_ttl = policy.token_ttl - tick,
            Mutant::RotatesEarly => policy.rotate_every = policy.rotate_every - tick,
            Mutant::RotatesLate => policy.rotate_every = policy.rotate_every + tick,
            _ => {}
        }
        Self { mutant: setting.mutant, policy, taken: Mutex::new(HashMap::new()) }
    }

    pub fn take(&self, question: &Question) -> Decided {
        if let Some(decided) = self.taken.lock().unwrap().get(question) {
            return decided.clone();
        }
        let decided = self.decide(question);
        self.taken.lock().unwrap().insert(question.clone(), decided.clone());
        decided
    }

    fn decide(&self, question: &Question) -> Decided {
        let keys = key_set(question, &question.file);
        // What a broken comparison sees.
        let seen = key_set(question, &self.view(question));
        let now = date(question, question.ahead);
        let mut wrong = None;
        let outcome = match question.operation {
            Operation::Reconcile => {
                let (outcome, left_over) = self.reconcile(question, &keys, &seen, now);
                wrong = left_over.then_some("a removable key is left where nothing is due");
                outcome
            }
            other => self.by_hand(other, question, &keys, now),
        };
        let mut changes = outcome.map(|outcome| outcome.changes).unwrap_or_default();
        self.mutate(&mut changes, question, &keys);
        let after = schedule::apply(&keys, &changes, now);
        let file: Vec<Entry> = after.keys().iter().map(|key| entry(question, key)).collect();
        let signs = after.current().ok().flatten().is_some();
        Decided { wrong: wrong.or((!signs).then_some("no key signs")), file }
    }

    fn terms<'a>(&'a self, now: NumericDate) -> Terms<'a> {
        const CLOCK: &[RefusalId] = &[RefusalId::Clock];
        let allowed = if self.mutant == Mutant::NoClockGuard { CLOCK } else { &[] };
        Terms { policy: &self.policy, now, allowed }
    }

    /// A run of the timer, and whether it leaves a removable key where it finds nothing due.
    fn reconcile(
        &self,
        question: &Question,
        keys: &KeySet,
        seen: &KeySet,
        now: NumericDate,
    ) -> (Result<Outcome, ScheduleError>, bool) {
        let make = |alg| Ok::<_, ScheduleError>(new_key(question, keys, alg, now));
        let live = |key: &Key| {
            let known = question.known >> id(key) & 1 == 1;
            Ok(if known { Liveness::Live } else { Liveness::NotLive(Vec::new()) })
        };
        let terms = self.terms(now);
        let (due, outcome) = match schedule::reconcile(seen, None, &terms, &make, &live) {
            Ok(decided) => decided,
            Err(error) => return (Err(error), false),
        };
        let rotates = due.as_ref().is_some_and(|due| due.action == schedule::Action::Rotate);
        if self.mutant == Mutant::OneStep && rotates {
            let new = new_key(question, keys, HmacAlg::Hs256, now);
            return (schedule::rotate(keys, new, RotateOptions::default(), &terms), false);
        }
        let over = |key: &&Key| key.exp.value().is_some_and(|exp| *exp <= now);
        let left_over = due.is_none() && keys.keys()[1..].iter().any(|key| over(&key));
        (Ok(outcome), left_over)
    }

    fn by_hand(
        &self,
        operation: Operation,
        question: &Question,
        keys: &KeySet,
        now: NumericDate,
    ) -> Result<Outcome, ScheduleError> {
        let new = || new_key(question, keys, HmacAlg::Hs256, now);
        let name = |at: u8| [KeyName::Number(usize::from(at) + 1)];
        let terms = self.terms(now);
        match operation {
            Operation::Rotate => schedule::rotate(keys, new(), RotateOptions::default(), &terms),
            Operation::Rollback => {
                let allowed: &[RefusalId] = match self.mutant {
                    Mutant::RollbackTooNew => &[RefusalId::BeforeNbf],
                    _ => &[],
                };
                schedule::rollback(keys, None, &Terms { allowed, ..terms }, None)
            }
            Operation::Add => schedule::add(keys, new(), now, &[]),
            Operation::Undo(at) => schedule::unretire(keys, &name(at), now, &[]),
            Operation::LaterExp(at) => {
                let mut outcome = Outcome::default();
                let later = question.file[usize::from(at)].exp.filter(|exp| *exp <= TICK);
                outcome.changes.extend(
                    later.map(|exp| Change::Retire {
                        index: at.into(),
                        exp: date(question, exp.max(0) + TICK),
                    }),
                );
                Ok(outcome)
            }
            Operation::Reconcile => Ok(Outcome::default()),
        }
    }

    /// The file as a broken comparison takes it.
    fn view(&self, question: &Question) -> Vec<Entry> {
        let mut file = question.file.clone();
        let first = file[0].clone();
        for key in file.iter_mut().skip(1) {
            match self.mutant {
                Mutant::PromotesEarly => key.nbf = key.nbf.map(|nbf| nbf - TICK),
                Mutant::PromotesLate => key.nbf = key.nbf.map(|nbf| nbf + 1),
                Mutant::PrunesEarly => key.exp = key.exp.map(|exp| exp - TICK),
                Mutant::PrunesLate => key.exp = key.exp.map(|exp| exp + 1),
                Mutant::AnyIsNewer if key.nbf.is_some() => key.iat = key.iat.max(first.iat + 1),
                _ => {}
            }
        }
        file
    }

    /// Breaks what was decided.
    fn mutate(&self, changes: &mut Vec<Change>, question: &Question, keys: &KeySet) {
        let less = |exp: NumericDate, ticks: i32| exp + Seconds::new(i64::from(-ticks * TICK));
        let is_rollback = question.operation == Operation::Rollback;
        let nbf = changes.iter().find_map(|change| match change {
            Change::Promote { index } => keys.keys()[*index].nbf.value().copied(),
            _ => None,
        });
        if self.mutant == Mutant::PrunesCurrent && changes.is_empty() {
            let over = question.file[0].exp.is_some_and(|exp| exp <= question.ahead);
            changes.extend((over && question.file.len() > 1).then_some(Change::Remove { index: 0 }));
        }
        for change in changes {
            match (self.mutant, &mut *change) {
                (Mutant::NoTolerance, Change::Retire { exp, .. }) => *exp = less(*exp, 1),
                (Mutant::ShortOverlapSkew, Change::Retire { exp, .. }) => *exp = less(*exp, 5),
                (Mutant::ShortRollback, Change::Retire { exp, .. }) if is_rollback => *exp = less(*exp, 1),
                (Mutant::CountedFromPlan, Change::Retire { exp, .. }) => {
                    *exp = nbf.map_or(*exp, |nbf| nbf + self.policy.stay());
                }
                (Mutant::KeepsOwnExp, Change::Retire { index, exp }) => {
                    *exp = keys.keys()[*index].exp.value().copied().unwrap_or(*exp);
                }
                (Mutant::ShortStandby, Change::Add { nbf: Some(nbf), .. }) => *nbf = less(*nbf, 1),
                (Mutant::ShortStandbySkew, Change::Add { nbf: Some(nbf), .. }) => *nbf = less(*nbf, 5),
                (Mutant::RollbackRemoves, Change::Retire { index, .. }) if is_rollback => {
                    *change = Change::Remove { index: *index };
                }
                _ => {}
            }
        }
    }
}

fn date(question: &Question, seconds: i32) -> NumericDate {
    NumericDate::new(START + i64::from(question.tick * TICK + seconds)).unwrap()
}

fn id(key: &Key) -> u8 {
    key.kid.value().unwrap().as_str()[1..].parse().unwrap()
}

fn entry(question: &Question, key: &Key) -> Entry {
    let now = date(question, 0);
    let relative = |date: Option<&NumericDate>| date.map(|date| date.since(now).get() as i32);
    Entry {
        id: id(key),
        iat: relative(key.iat.value()).unwrap(),
        nbf: relative(key.nbf.value()),
        exp: relative(key.exp.value()),
    }
}

fn key_set(question: &Question, file: &[Entry]) -> KeySet {
    let member = |name: &str, at: Option<i32>| {
        at.map_or_else(String::new, |at| format!(", {name}: {}", date(question, at).seconds()))
    };
    let line = |key: &Entry| {
        let secret = format!("{}oOUMQRmDAtPFHSxu4FGTLlfCXJ2dXBPZuXeJVAtlHY", (b'a' + key.id) as char);
        let dates =
            [("iat", Some(key.iat)), ("nbf", key.nbf), ("exp", key.exp)].map(|(name, at)| member(name, at));
        format!("      - {{kty: oct, alg: HS256, kid: k{}, k: {secret}{}}}\n", key.id, dates.concat())
    };
    let lines: String = file.iter().map(line).collect();
    let text = format!("client_auth:\n  audience: [app]\n  jwks:\n    keys:\n{lines}");
    KeySet::read(&Config::parse_str(&text, Input::Yaml).unwrap())
}

fn new_key(question: &Question, keys: &KeySet, alg: HmacAlg, now: NumericDate) -> NewKey {
    NewKey { kid: Some(Kid::new(&format!("k{}", question.new)).unwrap()), ..stand_in(keys, alg, now) }
}
