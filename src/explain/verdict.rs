//! Whether a change, or a config, is safe: one sentence, from what was found.

use super::harm::{Deed, From, Harm, LockOut, Way, Whose, both};
use crate::base::command_line::CommandLine;
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{count, list};
use crate::base::time::NumericDate;

/// What it comes to, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum VerdictKind {
    /// The service does not start with it.
    WontStart,
    /// Someone may forge tokens, or get in who should not.
    LetsIn,
    /// Valid tokens are rejected.
    LocksOut,
    /// Safe once something is done.
    ActFirst,
    /// Something that matters was not seen.
    Unjudged,
    Safe,
}

impl VerdictKind {
    /// For programs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::WontStart => "wont-start",
            Self::LetsIn => "lets-in",
            Self::LocksOut => "locks-out",
            Self::ActFirst => "act-first",
            Self::Unjudged => "unjudged",
            Self::Safe => "safe",
        }
    }

    /// What its line begins with.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::WontStart | Self::LetsIn | Self::LocksOut => "❌",
            Self::ActFirst => "⚠️",
            Self::Unjudged => "❔",
            Self::Safe => "✅",
        }
    }
}

/// A finding, as far as a verdict depends on it.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    /// The id of its rule.
    pub(crate) rule: &'static str,
    pub(crate) harm: Harm,
    /// What to do about it.
    pub(crate) remedy: Sentence,
    /// How to do it.
    pub(crate) command: Option<CommandLine>,
    pub(crate) standing: Standing,
}

/// Whether a finding counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Counts,
    /// `--skip` leaves it out: someone knows, and means it.
    Accepted,
    /// `--deny` makes an error of it.
    Denied,
}

/// What is judged, as far as a verdict without a ground depends on it.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// A config as it is: the key that signs.
    Config { current: Option<String> },
    /// The new side of a change whose old one can't be read.
    NewAlone,
    /// A change: what becomes of the keys, in a few words each.
    Change { news: Vec<Sentence>, scope: Scope, was_broken: bool },
}

/// How far a change reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// There is no difference.
    Nothing,
    /// Not to what tokens are verified with.
    Around,
    Keys,
}

#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) kind: VerdictKind,
    /// The ids of the rules that lead to it.
    pub(crate) because: Vec<&'static str>,
    /// What to do.
    pub(crate) remedy: Option<Sentence>,
    pub(crate) command: Option<CommandLine>,
    subject: Subject,
    harms: Vec<Harm>,
    accepted: Vec<(&'static str, Harm)>,
    unseen: Vec<Sentence>,
    /// Findings that change nothing about it.
    warnings: usize,
}

/// How many clauses a first line has at most.
const CLAUSES: usize = 3;

impl Verdict {
    /// The verdict on what was found. `unseen`: what matters and could not be seen.
    pub(crate) fn of(subject: Subject, grounds: &[Ground], unseen: Vec<Sentence>) -> Self {
        let counted = grounds.iter().filter(|ground| ground.kind().is_some());
        let worst = counted.clone().filter_map(Ground::kind).min();
        let still_broken = matches!(subject, Subject::Change { was_broken: true, .. });
        let kind = worst.unwrap_or(match (still_broken, unseen.is_empty()) {
            (true, _) => VerdictKind::ActFirst,
            (false, false) => VerdictKind::Unjudged,
            (false, true) => VerdictKind::Safe,
        });
        let mut leading: Vec<&Ground> = counted.filter(|ground| ground.kind() == Some(kind)).collect();
        leading.sort_by_key(|ground| ground.harm.order());
        let mut because: Vec<&'static str> = leading.iter().map(|ground| ground.rule).collect();
        because.dedup();
        let first = leading.first().filter(|ground| ground.standing != Standing::Accepted);
        let still =
            || still_broken.then(|| sentence!("Run `check`, and fix what it reports before any restart"));
        let remedy = first.map(|ground| ground.remedy.clone()).or_else(still);
        let command = first.and_then(|ground| ground.command.clone());
        let is_told = |ground: &&Ground| match kind {
            VerdictKind::ActFirst => true,
            _ => ground.harm.is_grave(),
        };
        let (accepted, found): (Vec<&Ground>, Vec<&Ground>) =
            grounds.iter().partition(|ground| ground.standing == Standing::Accepted);
        let told: Vec<&Ground> = found.into_iter().filter(is_told).collect();
        let mut harms = joined_all(&told);
        harms.sort_by_key(Harm::order);
        drop_told(&mut harms);
        let counts = |ground: &&Ground| ground.harm == Harm::None && ground.standing == Standing::Counts;
        let warnings = grounds.iter().filter(counts).count();
        let grave = accepted.into_iter().filter(|ground| ground.harm.is_grave());
        let accepted = grave.map(|ground| (ground.rule, ground.harm.clone())).collect();
        Self { kind, because, remedy, command, subject, harms, accepted, unseen, warnings }
    }

    /// With something more that was not seen: nothing is safe then.
    pub(crate) fn leave_unjudged(&mut self, what: Sentence) {
        self.unseen.push(what);
        self.kind = self.kind.min(VerdictKind::Unjudged);
    }

    /// Of a file that could not be looked at.
    pub(crate) fn failed(why: Sentence) -> Self {
        Self::of(Subject::Config { current: None }, &[], vec![why])
    }

    /// Whether keys, audiences or login sources are the same as before.
    pub(crate) fn is_about_nothing(&self) -> bool {
        matches!(self.subject, Subject::Change { scope: Scope::Nothing | Scope::Around, .. })
    }

    /// Who is let in or locked out, by the names of keys, audiences or addresses.
    pub(crate) fn who(&self) -> Vec<String> {
        self.worst().flat_map(Harm::who).collect()
    }

    /// When it begins: with the next restart, or with a later step.
    pub(crate) fn from(&self) -> Option<From> {
        self.lock_outs().map(|lock_out| lock_out.from).next()
    }

    /// When the last of the tokens that are rejected has expired.
    pub(crate) fn until(&self) -> Option<NumericDate> {
        self.lock_outs().filter_map(|lock_out| lock_out.until).max()
    }

    fn worst(&self) -> impl Iterator<Item = &Harm> {
        self.harms.iter().filter(|harm| harm.kind() == Some(self.kind))
    }

    fn lock_outs(&self) -> impl Iterator<Item = &LockOut> {
        self.worst().filter_map(|harm| match harm {
            Harm::LocksOut(lock_out) => Some(lock_out),
            _ => None,
        })
    }

    /// In one sentence, without its sign and without an end.
    pub(crate) fn message(&self, now: NumericDate) -> Sentence {
        match self.kind {
            VerdictKind::WontStart | VerdictKind::LetsIn | VerdictKind::LocksOut => self.grave(now),
            VerdictKind::ActFirst => self.deeds(now),
            VerdictKind::Unjudged => {
                let unseen: Vec<String> = self.unseen.iter().map(Sentence::to_string).collect();
                sentence!("Not judged: {}", list(&unseen))
            }
            VerdictKind::Safe => self.safe(),
        }
    }

    fn grave(&self, now: NumericDate) -> Sentence {
        let harms = self.harms.iter().filter(|harm| harm.is_grave());
        let clauses: Vec<Sentence> =
            harms.enumerate().map(|(at, harm)| harm.message(now, clause(at))).collect();
        joined(&clauses)
    }

    fn deeds(&self, now: NumericDate) -> Sentence {
        let deeds = self.harms.iter().filter_map(|harm| match harm {
            Harm::First(deed) => Some(deed.message()),
            _ => None,
        });
        let deeds: Vec<String> = deeds.map(|deed| deed.to_string()).collect();
        if !self.accepted.is_empty() {
            let rules: Vec<String> = self.accepted.iter().map(|(rule, _)| format!("--skip {rule}")).collect();
            let mut harms = Vec::new();
            for (_, harm) in &self.accepted {
                push(&mut harms, harm.clone());
            }
            let harms: Vec<Sentence> = harms.iter().map(|harm| harm.message(now, Clause::Later)).collect();
            let also =
                if deeds.is_empty() { String::new() } else { format!("; and only once {}", list(&deeds)) };
            return sentence!("Accepted by `{}`: {}{also}", rules.join(" "), joined(&harms));
        }
        if deeds.is_empty() {
            return sentence!(
                "The service does not start with this file, as it did not with the old one: fix what `check` reports \
                 before any restart"
            );
        }
        sentence!("Safe once {}", list(&deeds))
    }

    fn safe(&self) -> Sentence {
        let below = match self.warnings {
            0 => String::new(),
            number => format!("; {} below", count(number, "warning")),
        };
        match &self.subject {
            Subject::Config { current } => {
                let key =
                    current.as_ref().map_or_else(String::new, |key| format!("; {key} is the current key"));
                match self.warnings {
                    0 => sentence!("Nothing found that breaks or weakens this config{key}"),
                    _ => sentence!("No errors{key}{below}"),
                }
            }
            Subject::NewAlone => {
                sentence!("The old file could not be read; nothing in the new one breaks the service{below}")
            }
            Subject::Change { scope: Scope::Nothing, .. } => sentence!("Nothing changes"),
            Subject::Change { scope: Scope::Around, news, .. } if news.is_empty() => {
                sentence!("Nothing about keys changes{below}")
            }
            Subject::Change { scope: Scope::Around, news, .. } => {
                sentence!("Nothing about keys changes: {}{below}", joined(news))
            }
            Subject::Change { scope: Scope::Keys, news, .. } if news.is_empty() => {
                sentence!("Safe to merge{below}")
            }
            Subject::Change { scope: Scope::Keys, news, .. } => {
                sentence!("Safe to merge: {}{below}", joined(news))
            }
        }
    }
}

/// The first clauses, and how many more there are.
fn joined(clauses: &[Sentence]) -> Sentence {
    let told: Vec<String> = clauses.iter().take(CLAUSES).map(Sentence::to_string).collect();
    match clauses.len().saturating_sub(CLAUSES) {
        0 => sentence!("{}", told.join("; ")),
        more => sentence!("{}; and {more} more below", told.join("; ")),
    }
}

/// Where a clause is in its sentence.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clause {
    First,
    Later,
}

fn clause(at: usize) -> Clause {
    if at == 0 { Clause::First } else { Clause::Later }
}

/// The harms of findings, those together that one clause tells. By halves, so that many names are not copied for each.
fn joined_all(grounds: &[&Ground]) -> Vec<Harm> {
    match grounds {
        [] => Vec::new(),
        [ground] => match &ground.harm {
            Harm::None if ground.standing == Standing::Denied => {
                vec![Harm::First(Deed::Fix { rule: ground.rule })]
            }
            Harm::None => Vec::new(),
            harm => vec![harm.clone()],
        },
        several => {
            let (first, rest) = several.split_at(several.len() / 2);
            let mut harms = joined_all(first);
            for harm in joined_all(rest) {
                push(&mut harms, harm);
            }
            harms
        }
    }
}

/// Leaves out what a worse harm makes of no matter: who is locked out of a service that doesn't start, or of one that takes
/// nobody.
fn drop_told(harms: &mut Vec<Harm>) {
    let is_dead = harms.iter().any(|harm| matches!(harm, Harm::NoStart(_)));
    let all = |harm: &Harm| matches!(harm, Harm::LocksOut(LockOut { whose: Whose::Everyone, .. }));
    let all_out = harms.iter().any(all);
    harms.retain(|harm| !matches!(harm, Harm::LocksOut(_)) || !is_dead && (!all_out || all(harm)));
}

fn push(harms: &mut Vec<Harm>, harm: Harm) {
    for other in harms.iter_mut() {
        if let Some(both) = other.joined(&harm) {
            *other = both;
            return;
        }
    }
    harms.push(harm);
}

impl Ground {
    /// What it comes to by itself, if to anything.
    fn kind(&self) -> Option<VerdictKind> {
        match (self.standing, &self.harm) {
            (Standing::Accepted, harm) => harm.is_grave().then_some(VerdictKind::ActFirst),
            (Standing::Denied, Harm::None) => Some(VerdictKind::ActFirst),
            (_, harm) => harm.kind(),
        }
    }
}

impl Harm {
    pub(super) fn kind(&self) -> Option<VerdictKind> {
        match self {
            Self::NoStart(_) => Some(VerdictKind::WontStart),
            Self::LetsIn { .. } => Some(VerdictKind::LetsIn),
            Self::LocksOut(_) => Some(VerdictKind::LocksOut),
            Self::First(_) => Some(VerdictKind::ActFirst),
            Self::None => None,
        }
    }

    /// In which order they are told: the worst first.
    fn order(&self) -> (Option<VerdictKind>, (bool, bool, bool)) {
        let order = match self {
            Self::LocksOut(lock_out) => lock_out.order(),
            _ => (false, false, false),
        };
        (self.kind(), order)
    }

    fn who(&self) -> Vec<String> {
        match self {
            Self::LetsIn { keys, .. } => keys.clone(),
            Self::LocksOut(lock_out) => lock_out.whose.names(),
            Self::NoStart(_) => Whose::Everyone.names(),
            Self::First(_) | Self::None => Vec::new(),
        }
    }

    /// Both in one, where one clause tells both.
    fn joined(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::LetsIn { by, keys }, Self::LetsIn { by: other, keys: more })
                if by == other && *by != Way::Empty =>
            {
                Some(Self::LetsIn { by: *by, keys: both(keys, more) })
            }
            (Self::LocksOut(one), Self::LocksOut(two)) => one.joined(two).map(Self::LocksOut),
            (
                Self::First(Deed::SetVariables { names, is_cloud }),
                Self::First(Deed::SetVariables { names: more, .. }),
            ) => Some(Self::First(Deed::SetVariables { names: both(names, more), is_cloud: *is_cloud })),
            (Self::NoStart(one), Self::NoStart(two)) => one.joined(two).map(Self::NoStart),
            (one, two) => (one == two).then(|| one.clone()),
        }
    }

    fn message(&self, now: NumericDate, clause: Clause) -> Sentence {
        let is_first = clause == Clause::First;
        match self {
            Self::NoStart(start) => start.message(),
            Self::None => sentence!(""),
            Self::LetsIn { by, keys } => {
                sentence!("{} in {}", if is_first { "Lets" } else { "lets" }, by.message(keys))
            }
            Self::LocksOut(lock_out) => {
                sentence!("{} out {}", if is_first { "Locks" } else { "locks" }, lock_out.message(now))
            }
            Self::First(deed) => deed.message(),
        }
    }
}
