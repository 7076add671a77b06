//! What there is beside the decisions: a file and its versions, replicas, backends, tokens. Times are whole ticks; within a
//! tick, things happen in every order.

use crate::decide::{Decisions, Entry, Operation, Question, TICK};
use crate::setting::{Feature, Mutant, Setting};

/// So many keys are in the file before removals can't be put off any more.
const MOST_KEYS: usize = 3;

/// A set of keys, by their ids.
pub type Kids = u32;

/// A version of the file that some replica may have started with, or still has to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    pub kids: Kids,
    /// How many ticks ago it was written.
    pub age: u8,
}

/// A key that became the current one, which backends are to sign with.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Turn {
    pub id: u8,
    pub age: u8,
    /// Whether people wait until every replica knows it: after a rotation in one step.
    pub once_known: bool,
}

/// A moment of the world.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct State {
    /// How many ticks have gone by; always 0 where time is folded.
    pub tick: i32,
    pub file: Vec<Entry>,
    /// The oldest first; the last one is the file.
    pub versions: Vec<Version>,
    /// The version that replicas read which start now.
    pub merged: u8,
    /// The version that each replica runs with.
    pub replicas: Vec<u8>,
    pub turns: Vec<Turn>,
    /// The turn that each backend follows.
    pub backends: Vec<u8>,
    /// The keys of valid tokens, each with the ticks for which the newest one is accepted.
    pub tokens: Vec<(u8, u8)>,
    /// Keys whose secret has a value.
    pub values: Kids,
    /// A write that is half done: the values are there, the file isn't, or the other way round.
    pub half: Option<Half>,
    /// What a run left undone.
    pub wrong: Option<&'static str>,
}

/// A run between its two writes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Half {
    pub file: Vec<Entry>,
    pub once_known: bool,
}

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    Tick,
    /// A run, by a clock that is ahead as far as clocks may be, or isn't.
    Run(Operation, Ahead),
    /// The second write of a run.
    Finish,
    /// The run dies between its writes.
    Crash,
    Merge,
    Restart(u8),
    Switch {
        backend: u8,
        turn: u8,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ahead {
    Not,
    Fully,
}

fn bit(id: u8) -> Kids {
    1 << id
}

fn is_behind(numbers: &[u8], at: usize) -> bool {
    numbers.iter().any(|number| usize::from(*number) < at)
}

pub fn kids(file: &[Entry]) -> Kids {
    file.iter().fold(0, |all, key| all | bit(key.id))
}

impl State {
    /// One key, or one that waits behind it as well, and everyone knows all of it.
    pub fn start(setting: &Setting, file: Vec<Entry>) -> Self {
        let all = kids(&file);
        let mut state = Self {
            tick: 0,
            versions: vec![Version { kids: all, age: 0 }],
            merged: 0,
            replicas: vec![0; setting.replicas],
            turns: vec![Turn { id: file[0].id, age: 0, once_known: false }],
            backends: vec![0; setting.backends],
            tokens: Vec::new(),
            values: all,
            half: None,
            wrong: None,
            file,
        };
        state.sign(setting);
        state
    }

    /// Backends sign all the time, and with the longest life.
    fn sign(&mut self, setting: &Setting) {
        for backend in &self.backends {
            let id = self.turns[usize::from(*backend)].id;
            self.tokens.retain(|(other, _)| *other != id);
            self.tokens.push((id, setting.token_left()));
        }
        self.tokens.sort_unstable();
    }

    pub fn known(&self, replica: usize) -> Kids {
        self.versions[usize::from(self.replicas[replica])].kids
    }

    fn known_to_all(&self, skip: usize) -> Kids {
        (skip..self.replicas.len()).fold(Kids::MAX, |all, replica| all & self.known(replica))
    }

    /// Whether some replica rejects a valid token.
    pub fn rejects(&self) -> bool {
        let valid = self.tokens.iter().fold(0, |all, (id, _)| all | bit(*id));
        (0..self.replicas.len()).any(|replica| self.known(replica) & valid != valid)
    }

    /// Whether a replica has to restart now: at the end of the time to deploy, that comes before all else.
    fn owes_a_restart(&self, setting: &Setting) -> bool {
        let is_due = |version: &&Version| version.age >= setting.restart_within();
        let due = self.versions.iter().rposition(|version| is_due(&version));
        !setting.has(Feature::Asked) && due.is_some_and(|due| is_behind(&self.replicas, due))
    }

    /// Whether time may go on: each backend has switched that had to, at the end of its last tick.
    fn may_tick(&self, setting: &Setting) -> bool {
        let due = self.turns.iter().rposition(|turn| turn.age >= setting.switch_within());
        let switched = due.is_none_or(|due| !is_behind(&self.backends, due));
        // Runs so seldom that a rotation is due in each put removals off: at some time, there are more.
        let is_over = |key: &Entry| key.exp.is_some_and(|exp| exp <= 0);
        let is_pruned = self.file.len() <= MOST_KEYS || !self.file[1..].iter().any(is_over);
        is_pruned && self.half.is_none() && switched
    }

    /// How many versions and turns someone has yet to follow, and the one before them.
    fn open(&self) -> (usize, usize) {
        let oldest = self.replicas.iter().chain([&self.merged]).min().copied().unwrap_or(0);
        let slowest = self.backends.iter().min().copied().unwrap_or(0);
        (self.versions.len() - usize::from(oldest), self.turns.len() - usize::from(slowest))
    }

    /// All that may happen next.
    pub fn steps(&self, setting: &Setting) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.wrong.is_some() {
            return steps;
        }
        if usize::from(self.merged) + 1 < self.versions.len() {
            steps.push(Step::Merge);
        }
        let restarts = (0u8..).zip(&self.replicas).filter(|(_, version)| **version != self.merged);
        steps.extend(restarts.map(|(replica, _)| Step::Restart(replica)));
        if self.owes_a_restart(setting) {
            return steps;
        }
        if self.may_tick(setting) {
            steps.push(Step::Tick);
        }
        if self.half.is_some() {
            steps.extend([Step::Finish, Step::Crash]);
        } else {
            for operation in setting.operations(self.file.len(), self.open()) {
                steps.push(Step::Run(operation, Ahead::Not));
                if setting.runs_differ > 0 {
                    steps.push(Step::Run(operation, Ahead::Fully));
                }
            }
        }
        for (backend, follows) in (0u8..).zip(&self.backends) {
            let later = (0u8..).zip(&self.turns).skip(usize::from(*follows) + 1);
            let may = later.filter(|(_, turn)| !turn.once_known || self.known_to_all(0) & bit(turn.id) != 0);
            steps.extend(may.map(|(turn, _)| Step::Switch { backend, turn }));
        }
        steps
    }

    /// What comes of a step; nothing, where it changes nothing.
    pub fn after(&self, step: Step, setting: &Setting, decisions: &Decisions) -> Option<Self> {
        let mut next = self.clone();
        match step {
            Step::Tick => next.tick(),
            Step::Run(operation, ahead) => next.run(operation, ahead, setting, decisions)?,
            Step::Finish => next.finish(setting),
            Step::Crash => next.half = None,
            Step::Merge => next.merged += 1,
            Step::Restart(replica) => next.replicas[usize::from(replica)] = next.merged,
            Step::Switch { backend, turn } => next.backends[usize::from(backend)] = turn,
        }
        next.sign(setting);
        (next != *self).then_some(next)
    }

    fn tick(&mut self) {
        self.tick += 1;
        for key in &mut self.file {
            key.iat -= TICK;
            key.nbf = key.nbf.map(|nbf| nbf - TICK);
            key.exp = key.exp.map(|exp| exp - TICK);
        }
        for version in &mut self.versions {
            version.age = version.age.saturating_add(1);
        }
        for turn in &mut self.turns {
            turn.age = turn.age.saturating_add(1);
        }
        for (_, left) in &mut self.tokens {
            *left -= 1;
        }
        self.tokens.retain(|(_, left)| *left > 0);
    }

    fn run(
        &mut self,
        operation: Operation,
        ahead: Ahead,
        setting: &Setting,
        decisions: &Decisions,
    ) -> Option<()> {
        let used =
            self.versions.iter().fold(kids(&self.file) | self.values, |all, version| all | version.kids);
        let used = self.tokens.iter().fold(used, |all, (id, _)| all | bit(*id));
        let used = self.turns.iter().fold(used, |all, turn| all | bit(turn.id));
        let skip = usize::from(setting.mutant == Mutant::OneNotAsked);
        let asks = setting.has(Feature::Asked) && setting.mutant != Mutant::NotAsked;
        let decided = decisions.take(&Question {
            tick: self.tick,
            file: self.file.clone(),
            operation,
            ahead: if ahead == Ahead::Fully { setting.runs_differ * TICK } else { 0 },
            known: if asks { self.known_to_all(skip) & kids(&self.file) } else { Kids::MAX },
            new: used.trailing_ones() as u8,
        });
        self.wrong = decided.wrong;
        if decided.file == self.file {
            return self.wrong.map(|_| ());
        }
        let once_known = operation == Operation::Rotate;
        if setting.has(Feature::Crash) && kids(&decided.file) & !self.values != 0 {
            if setting.mutant == Mutant::FileBeforeValues {
                self.write(decided.file.clone(), once_known, setting);
            } else {
                self.values |= kids(&decided.file);
            }
            self.half = Some(Half { file: decided.file, once_known });
        } else {
            self.values |= kids(&decided.file);
            self.write(decided.file, once_known, setting);
        }
        Some(())
    }

    fn finish(&mut self, setting: &Setting) {
        let Some(Half { file, once_known }) = self.half.take() else { return };
        if setting.mutant == Mutant::FileBeforeValues {
            self.values |= kids(&file);
        } else {
            self.write(file, once_known, setting);
        }
    }

    fn write(&mut self, file: Vec<Entry>, once_known: bool, setting: &Setting) {
        if file[0].id != self.file[0].id {
            self.turns.push(Turn { id: file[0].id, age: 0, once_known });
        }
        // A replica that starts with a file and without a value of it doesn't start: it knows no key.
        let starts = kids(&file) & !self.values == 0;
        self.versions.push(Version { kids: if starts { kids(&file) } else { 0 }, age: 0 });
        if !setting.has(Feature::LateMerges) {
            self.merged = (self.versions.len() - 1) as u8;
        }
        self.file = file;
    }
}
