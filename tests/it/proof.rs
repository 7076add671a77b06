//! The proof that the schedule never rejects a valid token: a model of service replicas, backends, tool runs and
//! people, over random histories of up to years. The decisions are those of [`lifecycle`]; all else is made here.
//!
//! # What is proved
//!
//! - No replica ever rejects a token that is valid by its own dates.
//! - No run removes a key before its `exp`, and after a run that finds nothing due, no key is left whose `exp` has
//!   passed, but for the current one. Runs repeated in the same second soon find nothing due. What may stop a run is a
//!   clock that went back.
//!
//! # What is assumed of operators
//!
//! - A file that is written at W, and reviewed and merged where that is the way, is what every replica restarts with
//!   by W + `deploy_within`. A replica may crash and restart at any time; it reads the file that is merged then.
//! - Each version is made from the one before it, merged or not, and they are merged in that order.
//! - When a write at W promotes a key, every backend signs with it by W + `deploy_within` + `rollout`, and not before
//!   W. Nobody signs with a key that was never current.
//! - No token lives longer than `token_ttl`, by the clock of the backend that signs it.
//! - (how far a backend's clock is ahead of a replica's) + (how far the clock of the run that removes a key is ahead
//!   of that of the run that wrote its `exp`) is at most 300 s, and so is how far the clock of the run that promotes a
//!   key is ahead of that of the run that added it. Clocks show whole seconds; the part of a second that a clock cuts
//!   off counts as a part of its difference.
//! - One policy for the whole history, and no `--allow`.
//!
//! Where the tool asks before it promotes, every replica by its own address, replicas restart whenever they do, and files
//! are merged whenever they are, in their order: nothing is assumed of `deploy_within` but that backends switch within
//! `deploy_within` + `rollout`. What remains is that no replica starts from an older file than is merged then.
//!
//! - Where another way in works, the last shared secret may be retired: every backend stops signing with it by W +
//!   `deploy_within` + `rollout`, as if another were promoted. Tokens of the other way in are no concern here.
//!
//! - By hand: an `exp` is only moved to a later date, and a key is only added behind the current one, with its `iat`.
//!
//! # How time works here
//!
//! In whole seconds. Within a second, files are written and merged first, then replicas restart, then backends sign
//! and tokens are verified, and in the end backends switch. As the service does, a replica takes a token for valid while
//! its clock shows less than `exp` + 60 s.
//!
//! `PROOF_HISTORIES=1000000 cargo test --test it proof -- --nocapture` tries more histories, and shows what was tried.

use std::cell::Cell;
use std::fmt;
use std::fmt::Write as _;
use std::ops::AddAssign;
use std::thread;

use crate::common::dice::Dice;
use powersync_jwks::config::{Config, Input};
use powersync_jwks::for_tests;
use powersync_jwks::keyset::{HmacAlg, Key, KeyName, KeySet, Kid, Secret};
use powersync_jwks::schedule::{
    self, Action, Change, Liveness, NewKey, Outcome, Policy, RefusalId, ScheduleError, Terms, When,
};
use powersync_jwks::time::{NumericDate, Seconds};
use zeroize::Zeroizing;

const HISTORIES: u64 = 100_000;
/// Those in which replicas are asked.
const ASKED_HISTORIES: u64 = 50_000;
/// Within so many histories, a broken schedule is found out.
const MUTANT_HISTORIES: u64 = 20_000;

/// The first second of every history: some day of 2027.
const START: i64 = 1_800_000_000;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;
// The model shares no number with the code that it tests.
/// How long the service accepts a token past its `exp`.
const TOLERANCE: i64 = 60;
const CLOCK_SKEW: i64 = 300;
const MAX_TOKEN_TTL: i64 = DAY;

// --- the properties ------------------------------------------------------------------------------------------

#[test]
fn no_valid_token_is_ever_rejected() {
    let wanted = std::env::var("PROOF_HISTORIES").ok().and_then(|count| count.parse().ok());
    let count = HISTORIES.max(wanted.unwrap_or_default());
    let every_other = |first| {
        move || {
            let mut tally = Tally::default();
            for number in (first..count).step_by(2) {
                tally += history(number, Mutant::None, Replicas::Prompt)
                    .map_err(|why| format!("history {number}: {why}"))?;
            }
            Ok::<_, String>(tally)
        }
    };
    let mut tally = Tally::default();
    for thread in [0, 1].map(every_other).map(thread::spawn) {
        match thread.join().unwrap() {
            Ok(half) => tally += half,
            Err(rejection) => panic!("{rejection}"),
        }
    }
    println!("{tally}");
    assert_eq!(tally.histories, count);
    assert!(tally.tokens > 1_000_000, "too few tokens");
    assert!(tally.promotions > 100_000, "too few promotions");
    assert!(tally.removals > 100_000, "too few removals");
    assert!(tally.left > 1_000 && tally.gone > 300, "too few last secrets retired and removed");
    assert!(tally.rollbacks > 10_000, "too few rollbacks");
    assert!(tally.idle_runs > 100_000, "too few runs that found nothing due");
}

#[test]
fn no_valid_token_is_ever_rejected_where_replicas_are_asked_whenever_they_restart() {
    let mut tally = Tally::default();
    for number in 0..ASKED_HISTORIES {
        match history(number, Mutant::None, Replicas::Asked) {
            Ok(one) => tally += one,
            Err(rejection) => panic!("history {number}: {rejection}"),
        }
    }
    println!("asked: {tally}");
    assert!(tally.tokens > 100_000, "too few tokens");
    assert!(tally.promotions > 10_000, "too few promotions");
    assert!(tally.removals > 10_000, "too few removals");
    assert!(tally.rollbacks > 1_000, "too few rollbacks");
    assert!(tally.waits > 10_000, "too few promotions that had to wait");
}

#[test]
fn promotion_without_asking_is_found_out() {
    is_found_out(Mutant::NotAsked);
}

#[test]
fn asking_all_but_one_replica_is_found_out() {
    is_found_out(Mutant::OneNotAsked);
}

#[test]
fn one_second_less_overlap_is_found_out() {
    is_found_out(Mutant::ShortOverlap);
}

#[test]
fn removal_counted_from_the_planned_promotion_is_found_out() {
    is_found_out(Mutant::CountedFromPlan);
}

#[test]
fn rotation_in_one_step_is_found_out() {
    is_found_out(Mutant::OneStep);
}

#[test]
fn a_replica_restarted_one_second_late_is_found_out() {
    is_found_out(Mutant::LateReplica);
}

#[test]
fn a_rollback_that_removes_what_it_replaces_is_found_out() {
    is_found_out(Mutant::RollbackRemoves);
}

/// What is broken on purpose, so that the model has something to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mutant {
    None,
    /// Outgoing keys may be removed one second too early.
    ShortOverlap,
    /// Outgoing keys stay for the overlap from `nbf` on, not from the promotion.
    CountedFromPlan,
    /// `reconcile` puts new keys first at once.
    OneStep,
    /// Replicas restart up to one second after `deploy_within`.
    LateReplica,
    /// Replicas restart whenever they do, and keys are promoted by their dates alone.
    NotAsked,
    /// One of the replicas is not asked.
    OneNotAsked,
    /// `rollback` removes the key that it replaces.
    RollbackRemoves,
}

/// Which replicas there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Replicas {
    /// They keep to `deploy_within`.
    Prompt,
    /// They restart whenever they do, and are asked before a key is promoted.
    Asked,
}

fn is_found_out(mutant: Mutant) {
    let replicas = match mutant {
        Mutant::NotAsked | Mutant::OneNotAsked => Replicas::Asked,
        _ => Replicas::Prompt,
    };
    let found =
        (0..MUTANT_HISTORIES).find_map(|number| Some((number, history(number, mutant, replicas).err()?)));
    let Some((number, rejection)) = found else {
        panic!("{mutant:?}: no token was rejected in {MUTANT_HISTORIES} histories");
    };
    println!("{mutant:?} is found out after {} histories: {rejection}", number + 1);
}

/// What was tried.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    histories: u64,
    seconds: i64,
    idle_runs: u64,
    writes: u64,
    promotions: u64,
    removals: u64,
    /// How often the last shared secret was retired, and how often it was removed then.
    left: u64,
    gone: u64,
    rollbacks: u64,
    /// Runs in which a promotion had to wait for a replica.
    waits: u64,
    tokens: u64,
    /// Tokens times replicas: each over the whole time for which it is valid there.
    verified: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.histories += other.histories;
        self.seconds += other.seconds;
        self.idle_runs += other.idle_runs;
        self.writes += other.writes;
        self.promotions += other.promotions;
        self.removals += other.removals;
        self.left += other.left;
        self.gone += other.gone;
        self.rollbacks += other.rollbacks;
        self.waits += other.waits;
        self.tokens += other.tokens;
        self.verified += other.verified;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { histories, seconds, writes, promotions, removals, .. } = self;
        let Self { rollbacks, left, gone, waits, idle_runs, tokens, verified, .. } = self;
        let years = seconds / YEAR;
        write!(
            f,
            "{histories} histories, {years} years: {writes} writes, {promotions} promotions, {removals} removals, {rollbacks} rollbacks, \
             {waits} waits, {left} last secrets retired and {gone} removed, {idle_runs} runs with nothing due, {tokens} tokens, {verified} verified"
        )
    }
}

/// One history from its number: first all that happens to the file, then what replicas and backends make of it.
fn history(number: u64, mutant: Mutant, replicas: Replicas) -> Result<Tally, Box<Rejection>> {
    let dice = &mut Dice::new(number.wrapping_add(1));
    // Those of numbers that follow each other begin alike.
    for _ in 0..4 {
        dice.next();
    }
    let world = World::random(dice, mutant);
    let mut file = File::start(&world, dice);
    if replicas == Replicas::Asked {
        file.asked = (0..dice.uniform(1, 4)).map(|_| Asked::random(dice)).collect();
    }
    for _ in 0..dice.uniform(8, 36) {
        file.step(&world, dice);
    }
    file.settle(&world, dice);

    let replicas: Vec<Replica> = if replicas == Replicas::Asked {
        file.asked.iter().map(|asked| Replica::asked(&world, &file, asked, dice)).collect()
    } else {
        (0..dice.uniform(1, 4)).map(|_| Replica::live(&world, &file, dice)).collect()
    };
    let mut tally = file.tally;
    for _ in 0..dice.uniform(1, 3) {
        let backend = Backend::live(&world, &file, dice);
        for token in backend.tokens(&world, dice) {
            tally.tokens += 1;
            for replica in &replicas {
                tally.verified += 1;
                if let Some(at) = replica.rejects(&token) {
                    return Err(Box::new(Rejection {
                        world,
                        file,
                        backend,
                        replica: replica.clone(),
                        token,
                        at,
                    }));
                }
            }
        }
    }
    tally.histories = 1;
    tally.seconds = file.at - START;
    Ok(tally)
}

// --- chance --------------------------------------------------------------------------------------------------

/// Times of histories: `uniform` ones, and these.
trait Times {
    /// A number of the range, and two times in three one of its ends: there the schedule is tight.
    fn extreme(&mut self, least: i64, most: i64) -> i64;
    /// A span of time of one second up to about so many: small and large ones are equally likely.
    fn span(&mut self, most: i64) -> i64;
}

impl Times for Dice {
    fn extreme(&mut self, least: i64, most: i64) -> i64 {
        match self.uniform(0, 5) {
            0 | 1 => least,
            2 | 3 => most,
            _ => self.uniform(least, most),
        }
    }

    fn span(&mut self, most: i64) -> i64 {
        let scale = *self.pick(&[1, 60, HOUR, DAY, 30 * DAY]);
        self.extreme(1, scale.max(2)).min(most)
    }
}

// --- what is promised, and how far clocks differ -------------------------------------------------------------

/// What stays the same for a whole history.
#[derive(Debug)]
struct World {
    policy: Policy,
    /// How far the clock of a backend may be ahead of the clock of a replica.
    services_differ: i64,
    /// How far the clock of one run may be ahead of another run's.
    runs_differ: i64,
    alg: HmacAlg,
    /// What `reconcile` is told about a current key without `iat`.
    assume_age: Option<Seconds>,
    /// One step in so many is a person's, not the timer's. `None`: nobody's.
    by_hand: Option<i64>,
    /// Whether users can log in with keys from elsewhere, too.
    another_way_in: bool,
    mutant: Mutant,
}

impl World {
    fn random(dice: &mut Dice, mutant: Mutant) -> Self {
        let services_differ = dice.extreme(0, CLOCK_SKEW);
        Self {
            policy: random_policy(dice),
            services_differ,
            runs_differ: CLOCK_SKEW - services_differ,
            alg: if dice.one_in(8) { HmacAlg::Hs512 } else { HmacAlg::Hs256 },
            assume_age: dice.one_in(4).then(|| Seconds::new(dice.uniform(1, YEAR))),
            by_hand: *dice.pick(&[None, None, Some(8), Some(2)]),
            another_way_in: dice.one_in(3),
            mutant,
        }
    }

    fn deploy_within(&self) -> i64 {
        self.policy.deploy_within.get()
    }

    /// From a promotion until every backend has switched.
    fn switched_within(&self) -> i64 {
        self.deploy_within() + self.policy.rollout.get()
    }
}

/// A policy whose spans can be kept, as tight as that allows or with time to spare.
fn random_policy(dice: &mut Dice) -> Policy {
    let (deploy_within, rollout) = (dice.span(14 * DAY), dice.span(14 * DAY));
    let longer = deploy_within + dice.span(30 * DAY);
    let standby = *dice.pick(&[None, Some(deploy_within), Some(longer)]);
    let keep_retired = if dice.one_in(3) { dice.span(30 * DAY) } else { 0 };
    let mut policy = Policy {
        deploy_within: Seconds::new(deploy_within),
        rollout: Seconds::new(rollout),
        standby: standby.map(Seconds::new),
        token_ttl: Seconds::new(dice.span(MAX_TOKEN_TTL)),
        keep_retired: Seconds::new(keep_retired),
        ..Policy::default()
    };
    let least = policy.stay().get().max(policy.standby().get() + CLOCK_SKEW + 1);
    let some = dice.span(30 * DAY);
    let more = *dice.pick(&[0, some, 90 * DAY]);
    policy.rotate_every = Seconds::new(least + more);
    policy.check().unwrap();
    policy
}

// --- the file ------------------------------------------------------------------------------------------------

/// The kids of a file. In the model, kids are `k0` to `k127`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kids(u128);

impl Kids {
    fn of(keys: &KeySet) -> Self {
        Self(keys.keys().iter().fold(0, |all, key| all | 1 << number(key)))
    }

    fn contains(self, kid: u32) -> bool {
        self.0 >> kid & 1 == 1
    }
}

impl fmt::Display for Kids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> =
            (0..128).filter(|kid| self.contains(*kid)).map(|kid| format!("k{kid}")).collect();
        f.write_str(&names.join(" "))
    }
}

fn number(key: &Key) -> u32 {
    key.kid.value().unwrap().as_str()[1..].parse().unwrap()
}

fn date(seconds: i64) -> NumericDate {
    NumericDate::new(seconds).unwrap()
}

/// One version of the file.
#[derive(Debug)]
struct Version {
    /// When it was written.
    at: i64,
    /// From when replicas that restart read it.
    merged: i64,
    kids: Kids,
    /// The key that backends should sign with; none, where the last shared secret is on its way out.
    signs: Option<u32>,
    /// What wrote it.
    why: &'static str,
}

/// The file, and all it has been.
#[derive(Debug)]
struct File {
    keys: KeySet,
    versions: Vec<Version>,
    /// The moment it is.
    at: i64,
    /// How many keys were made: the number of the next kid.
    made: u32,
    /// The replicas that are asked before a promotion; none where they are prompt.
    asked: Vec<Asked>,
    tally: Tally,
}

impl File {
    /// A file as people have it before they hear of schedules, or a while after.
    fn start(world: &World, dice: &mut Dice) -> Self {
        let text = format!(
            "storage: {{type: mongodb}}\nclient_auth:\n  audience: [app]\n{}  jwks:\n    keys:\n      - {{kty: oct, alg: {}, kid: k0, k: {}}}\n",
            if world.another_way_in { "  jwks_uri: https://auth.example.com/keys\n" } else { "" },
            world.alg,
            *random_secret(world.alg, dice).to_base64url()
        );
        let config = Config::parse(text.as_bytes(), Input::Yaml).unwrap();
        let mut file = Self {
            keys: KeySet::read(&config),
            versions: Vec::new(),
            at: START,
            made: 1,
            asked: Vec::new(),
            tally: Tally::default(),
        };
        let born = START - dice.span(YEAR);
        let mut changes = Vec::new();
        if !dice.one_in(3) {
            changes.push(Change::Assume { index: 0, iat: date(born) });
        }
        if dice.one_in(8) {
            changes.push(Change::Retire { index: 0, exp: date(START + dice.uniform(-YEAR, YEAR)) });
        }
        let accepted = dice.one_in(4);
        if accepted || dice.one_in(4) {
            let nbf = (!accepted).then(|| date(START + dice.uniform(-DAY, DAY)));
            changes.push(Change::Add { key: file.new_key(world, dice), at: 1, nbf });
        }
        let made = date(dice.uniform(born + 1, START));
        file.made += u32::from(adds_a_key(&changes));
        file.keys = schedule::apply(&file.keys, &changes, made);
        file.note("start", START);
        file
    }

    /// The next run of the tool, or something that a person does.
    fn step(&mut self, world: &World, dice: &mut Dice) {
        let ahead = dice.extreme(0, world.runs_differ);
        self.at += self.gap(world, ahead, dice);
        let now = date(self.at + ahead);
        for asked in &mut self.asked {
            asked.restart_until(self.at, dice);
        }
        if world.by_hand.is_some_and(|sides| dice.one_in(sides)) {
            self.by_hand(world, now, dice);
        } else {
            self.reconcile(world, now, dice);
        }
    }

    /// The time until the next step: often the very second in which something is due by the clock of that run.
    fn gap(&self, world: &World, ahead: i64, dice: &mut Dice) -> i64 {
        let now = date(self.at + ahead);
        match dice.uniform(0, 15) {
            0 => 0,
            1 => dice.uniform(0, 2 * CLOCK_SKEW),
            2 => dice.uniform(0, 2 * world.deploy_within()),
            3 => dice.uniform(0, world.policy.stay().get()),
            4 => dice.uniform(0, 2 * world.policy.rotate_every.get()),
            5 => 7 * DAY,
            6 if dice.one_in(2) => dice.uniform(0, YEAR),
            _ => {
                let due = schedule::next_due(&self.keys, &world.policy, now).ok().flatten();
                let wait = due.map_or(0, |due| due.at.since(now).get());
                (wait + *dice.pick(&[0, 0, 0, 0, 0, 1, -1])).max(0)
            }
        }
    }

    /// A run of the timer. Where it finds nothing due, no key is in the file that could go.
    fn reconcile(&mut self, world: &World, now: NumericDate, dice: &mut Dice) -> Option<Action> {
        let key = self.new_key(world, dice);
        let make = |_| Ok::<_, ScheduleError>(key.clone());
        let waits = Cell::new(0);
        let live = |key: &Key| {
            let liveness = self.liveness(key, world);
            waits.set(waits.get() + u64::from(matches!(liveness, Liveness::NotLive(_))));
            Ok(liveness)
        };
        let run = |assume_age| {
            let terms = Terms { policy: &world.policy, now, allowed: &[] };
            schedule::reconcile(&self.keys, assume_age, &terms, &make, &live)
        };
        let run = match run(world.assume_age) {
            // An age that would give up a rotation is refused: whoever gave it leaves it out.
            Err(ScheduleError::AssumedNewer { .. }) => run(None),
            run => run,
        };
        self.tally.waits += waits.get();
        let (due, mut decision) = match run {
            Ok(run) => run,
            Err(ScheduleError::Refused(why)) if why.iter().all(|why| why.id() == RefusalId::Clock) => {
                return None;
            }
            Err(error) => panic!("{error}: {self:#?}"),
        };
        let action = due.map(|due| due.action);
        if world.mutant == Mutant::OneStep && action == Some(Action::Rotate) {
            let options = schedule::RotateOptions::default();
            let terms = Terms { policy: &world.policy, now, allowed: &[] };
            decision = schedule::rotate(&self.keys, key, options, &terms).ok()?;
        }
        if action.is_none() {
            self.tally.idle_runs += 1;
            let left = self.removable(now);
            assert!(left.is_empty(), "nothing is due, but these keys could go: {left:?}, in {self:#?}");
        }
        self.write(world, "reconcile", now, decision, dice);
        action
    }

    /// What the replicas say of a key.
    fn liveness(&self, key: &Key, world: &World) -> Liveness {
        let skipped = usize::from(world.mutant == Mutant::OneNotAsked);
        let knows = |asked: &Asked| self.known_to(asked).contains(number(key));
        let live = self.asked.iter().skip(skipped).all(knows) || world.mutant == Mutant::NotAsked;
        if live { Liveness::Live } else { Liveness::NotLive(Vec::new()) }
    }

    /// The kids a replica knows that is asked now: of its last restart. Those of this second come after the question.
    fn known_to(&self, asked: &Asked) -> Kids {
        let restarts = asked.restarts.partition_point(|at| *at < self.at);
        self.newest(if restarts == 0 { START } else { asked.restarts[restarts - 1] })
    }

    /// What a replica reads that restarts at that moment.
    fn newest(&self, at: i64) -> Kids {
        let merged = self.versions.partition_point(|version| version.merged <= at);
        self.versions[merged - 1].kids
    }

    /// A promotion by hand, if the replicas let it through.
    fn if_live(
        &self,
        decision: Result<Outcome, ScheduleError>,
        world: &World,
    ) -> Result<Outcome, ScheduleError> {
        let decision = decision?;
        for_tests::guard_live(&decision, &self.keys, &|key| Ok(self.liveness(key, world)), &[])
            .map(|()| decision)
    }

    /// What could go: it is past its `exp`, and not the current key.
    fn removable(&self, now: NumericDate) -> Vec<String> {
        let first = self.keys.current().unwrap().map(|key| key.index);
        let goes = |key: &&Key| Some(key.index) != first && key.exp.value().is_some_and(|exp| *exp <= now);
        self.keys.keys().iter().filter(goes).map(Key::name).collect()
    }

    /// Runs repeated within a second come to an end: a promotion, the next rotation, a removal, an assumed `iat`.
    fn settle(&mut self, world: &World, dice: &mut Dice) {
        let now = date(self.at + world.runs_differ);
        let settles = (0..5).any(|_| self.reconcile(world, now, dice).is_none());
        assert!(settles, "five runs at {now}, and still something is due: {self:#?}");
    }

    /// What a person does: a command, which may be refused, or an edit.
    fn by_hand(&mut self, world: &World, now: NumericDate, dice: &mut Dice) {
        let (policy, keys) = (&world.policy, &self.keys);
        if keys.keys().is_empty() {
            return;
        }
        // People are busy with the key they made last.
        let newest = keys.keys().iter().max_by_key(|key| number(key)).filter(|_| dice.one_in(2));
        let name = KeyName::Kid(newest.unwrap_or_else(|| dice.pick(keys.keys())).name());
        let new = self.new_key(world, dice);
        let one = |change| {
            let mut outcome = Outcome::default();
            outcome.changes.push(change);
            Ok(outcome)
        };
        let terms = &Terms { policy, now, allowed: &[] };
        let (why, decision) = match dice.uniform(0, 9) {
            0 => {
                let longer = Seconds::new(dice.span(30 * DAY));
                let wait = dice.one_in(2).then(|| policy.deploy_within + longer);
                ("rotate --standby", schedule::standby(keys, new, wait, terms))
            }
            1 => ("promote", self.if_live(schedule::promote(keys, None, terms), world)),
            2 => ("promote KEY", self.if_live(schedule::promote(keys, Some(&name), terms), world)),
            3 => ("retire", schedule::retire(keys, &[name], When::Overlap, terms)),
            8 => ("retire --undo", schedule::unretire(keys, &[name], now, &[])),
            9 => {
                // Where services can be asked, `rollback` asks; who leaves that out knows that the key was in use.
                let asks = dice.one_in(2);
                let was_used =
                    |key: &Key| self.versions.iter().any(|version| version.signs == Some(number(key)));
                let live = |key: &Key| {
                    let is_taken_for_live = !asks && was_used(key);
                    Ok(if is_taken_for_live { Liveness::Live } else { self.liveness(key, world) })
                };
                let name = Some(&name).filter(|_| dice.one_in(4));
                let ask = (!self.asked.is_empty()).then_some(&live as &schedule::AskLive<'_, _>);
                ("rollback", schedule::rollback(keys, name, terms, ask))
            }
            4 => ("prune", schedule::prune(keys, now, &[])),
            5 => ("add", schedule::add(keys, new, now, &[])),
            6 => {
                let key = dice.pick(keys.keys());
                let Some(exp) = key.exp.value() else { return };
                let exp = *exp + Seconds::new(dice.span(YEAR));
                ("exp moved by hand", one(Change::Retire { index: key.index, exp }))
            }
            _ => {
                let last = i64::try_from(keys.keys().len()).unwrap();
                let at = usize::try_from(dice.uniform(1, last)).unwrap();
                ("key added by hand", one(Change::Add { key: new, at, nbf: None }))
            }
        };
        if let Ok(decision) = decision {
            self.write(world, why, now, decision, dice);
        }
    }

    /// Carries a decision out, if it changes anything. No key goes before its time.
    fn write(
        &mut self,
        world: &World,
        why: &'static str,
        now: NumericDate,
        mut decision: Outcome,
        dice: &mut Dice,
    ) {
        if decision.changes.is_empty() {
            return;
        }
        for change in &decision.changes {
            if let Change::Remove { index } = change {
                let key = &self.keys.keys()[*index];
                // Nobody has signed with a key that waits.
                let was_current = self.versions.iter().any(|version| version.signs == Some(number(key)));
                let is_given_up = why == "rollback" && key.nbf.value().is_some() && !was_current;
                let is_over = key.exp.value().is_some_and(|exp| *exp <= now);
                assert!(is_over || is_given_up, "{now} is too early for {key:?}");
                self.tally.removals += 1;
            }
        }
        mutate(&mut decision.changes, &self.keys, world);
        if why == "rollback" {
            self.tally.rollbacks += 1;
            if world.mutant == Mutant::RollbackRemoves {
                for change in &mut decision.changes {
                    if let Change::Retire { index, .. } = change {
                        *change = Change::Remove { index: *index };
                    }
                }
            }
        }
        self.made += u32::from(adds_a_key(&decision.changes));
        self.keys = schedule::apply(&self.keys, &decision.changes, now);
        self.tally.writes += 1;
        // Versions are merged in the order in which they were written.
        let before = self.versions.last().map_or(START, |version| version.merged);
        let earliest = before.max(self.at);
        let late = dice.one_in(3);
        // Where replicas are asked, a review may take as long as it does.
        let review = if self.asked.is_empty() { world.deploy_within() } else { dice.span(60 * DAY) };
        let merged = if late { dice.extreme(earliest, earliest.max(self.at + review)) } else { earliest };
        self.note(why, merged);
    }

    fn note(&mut self, why: &'static str, merged: i64) {
        let current = self.keys.current().unwrap().map(number);
        let signs = current.filter(|_| schedule::leaving(&self.keys, date(self.at)).is_none());
        let before = self.versions.last();
        self.tally.promotions += u64::from(before.is_some_and(|last| signs.is_some() && last.signs != signs));
        self.tally.left += u64::from(before.is_some_and(|last| signs.is_none() && last.signs.is_some()));
        self.tally.gone +=
            u64::from(before.is_some_and(|last| last.kids.0 != 0) && self.keys.keys().is_empty());
        self.versions.push(Version { at: self.at, merged, kids: Kids::of(&self.keys), signs, why });
    }

    fn new_key(&self, world: &World, dice: &mut Dice) -> NewKey {
        NewKey {
            kid: Some(Kid::new(&format!("k{}", self.made)).unwrap()),
            kid_is_chosen: false,
            secret_is_imported: false,
            alg: world.alg,
            secret: random_secret(world.alg, dice),
            iat: None,
            form: powersync_jwks::schedule::SecretForm::Inline,
        }
    }
}

fn random_secret(alg: HmacAlg, dice: &mut Dice) -> Secret {
    Secret::new(Zeroizing::new((0..alg.hash_length() / 8).flat_map(|_| dice.next().to_le_bytes()).collect()))
}

fn adds_a_key(changes: &[Change]) -> bool {
    changes.iter().any(|change| matches!(change, Change::Add { .. }))
}

/// Breaks what was decided, where that is the test.
fn mutate(changes: &mut [Change], keys: &KeySet, world: &World) {
    let promoted = changes.iter().find_map(|change| match change {
        Change::Promote { index } => keys.keys()[*index].nbf.value().copied(),
        _ => None,
    });
    for change in changes {
        let Change::Retire { exp, .. } = change else { continue };
        *exp = match (world.mutant, promoted) {
            (Mutant::ShortOverlap, _) => *exp + Seconds::new(-1),
            (Mutant::CountedFromPlan, Some(nbf)) => nbf + world.policy.stay(),
            _ => *exp,
        };
    }
}

/// A replica that restarts whenever it does.
#[derive(Clone, Debug)]
struct Asked {
    /// About how long it runs.
    runs: i64,
    /// When it restarts, in order.
    restarts: Vec<i64>,
}

impl Asked {
    fn random(dice: &mut Dice) -> Self {
        Self { runs: dice.span(30 * DAY), restarts: Vec::new() }
    }

    /// Restarts up to some moment, and one later.
    fn restart_until(&mut self, until: i64, dice: &mut Dice) {
        let mut last = self.restarts.last().copied().unwrap_or(START);
        while last <= until {
            // Many restarts between two looks are as good as the last of them.
            last = last.max(until - 20 * self.runs) + dice.uniform(1, 2 * self.runs);
            self.restarts.push(last);
        }
    }
}

// --- who reads it --------------------------------------------------------------------------------------------

/// A replica of the service: it knows the keys of its last restart.
#[derive(Clone, Debug)]
struct Replica {
    clock_ahead: i64,
    /// From when it knows which keys, in order.
    restarts: Vec<(i64, Kids)>,
}

impl Replica {
    fn live(world: &World, file: &File, dice: &mut Dice) -> Self {
        let late = i64::from(world.mutant == Mutant::LateReplica);
        let written = &file.versions[1..];
        let mut moments: Vec<i64> = written
            .iter()
            .map(|version| dice.extreme(version.merged, version.at + world.deploy_within() + late))
            .collect();
        moments.extend((0..dice.uniform(0, 3)).map(|_| dice.uniform(START, file.at)));
        moments.sort_unstable();
        Self::restarting(world, file, moments, dice)
    }

    /// A replica that was asked: it restarted when it did, and does so for a while after the last run.
    fn asked(world: &World, file: &File, asked: &Asked, dice: &mut Dice) -> Self {
        let mut asked = asked.clone();
        asked.restart_until(file.at + world.switched_within() + 31 * DAY, dice);
        Self::restarting(world, file, asked.restarts, dice)
    }

    fn restarting(world: &World, file: &File, moments: Vec<i64>, dice: &mut Dice) -> Self {
        let restarts = moments.into_iter().map(|at| (at, file.newest(at)));
        Self {
            clock_ahead: dice.extreme(0, world.services_differ),
            restarts: [(START, file.newest(START))].into_iter().chain(restarts).collect(),
        }
    }

    /// The first moment at which a token is rejected although it is valid.
    fn rejects(&self, token: &Token) -> Option<i64> {
        let last = token.exp + TOLERANCE - 1 - self.clock_ahead;
        let before = self.restarts.partition_point(|(at, _)| *at <= token.signed) - 1;
        let meanwhile = self.restarts[before..].iter().take_while(|(at, _)| *at <= last);
        let mut unknown = meanwhile.filter(|(_, kids)| !kids.contains(token.kid));
        unknown.next().map(|(at, _)| token.signed.max(*at)).filter(|at| *at <= last)
    }
}

/// A token.
#[derive(Clone, Copy, Debug)]
struct Token {
    kid: u32,
    /// When it was signed, truly.
    signed: i64,
    /// Its `exp`, by the clock of the backend.
    exp: i64,
}

/// A time in which a backend signs with one key, both ends included: it switches at the end of a second.
#[derive(Clone, Copy, Debug)]
struct Stint {
    kid: u32,
    from: i64,
    until: i64,
}

/// A backend: it signs with one key, and some time after a promotion with the next.
#[derive(Debug)]
struct Backend {
    clock_ahead: i64,
    stints: Vec<Stint>,
}

impl Backend {
    fn live(world: &World, file: &File, dice: &mut Dice) -> Self {
        let end = file.at + world.switched_within() + 30 * DAY;
        let mut stints = Vec::new();
        stints.extend(file.versions[0].signs.map(|kid| Stint { kid, from: START, until: end }));
        for pair in file.versions.windows(2).filter(|pair| pair[0].signs != pair[1].signs) {
            let from = dice.extreme(pair[1].at, pair[1].at + world.switched_within());
            // A key whose turn would come after its successor's is left out.
            while stints.last().is_some_and(|last: &Stint| last.from >= from && last.from > START) {
                stints.pop();
            }
            if let Some(last) = stints.last_mut().filter(|last: &&mut Stint| last.until > from) {
                last.until = from;
            }
            stints.extend(pair[1].signs.map(|kid| Stint { kid, from, until: end }));
        }
        Self { clock_ahead: dice.extreme(0, world.services_differ), stints }
    }

    /// For every key the first and the last tokens, and some between.
    fn tokens(&self, world: &World, dice: &mut Dice) -> Vec<Token> {
        let longest = world.policy.token_ttl.get();
        let mut tokens = Vec::new();
        for Stint { kid, from, until } in self.stints.iter().copied() {
            let shortly_before = until - dice.uniform(0, longest).min(until - from);
            for signed in [from, until, until, shortly_before, dice.uniform(from, until)] {
                let ttl = dice.uniform(1, longest);
                let ttl = if dice.one_in(4) { ttl } else { longest };
                tokens.push(Token { kid, signed, exp: signed + self.clock_ahead + ttl });
            }
        }
        tokens
    }
}

// --- what went wrong -----------------------------------------------------------------------------------------

/// A valid token that was rejected, and all that led to it.
#[derive(Debug)]
struct Rejection {
    world: World,
    file: File,
    backend: Backend,
    replica: Replica,
    token: Token,
    at: i64,
}

/// In seconds since the start of the history.
impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { world, token, .. } = self;
        let since = |at: i64| at - START;
        let mut story = String::new();
        for Version { at, merged, kids, signs, why } in &self.file.versions {
            let (at, merged) = (since(*at), since(*merged));
            let signs = signs.map_or_else(|| "nobody signs".to_owned(), |kid| format!("k{kid} signs"));
            writeln!(story, "  {at}: {why}, merged at {merged}: {kids}; {signs}")?;
        }
        for (at, kids) in &self.replica.restarts {
            writeln!(story, "  {}: the replica restarts and knows {kids}", since(*at))?;
        }
        for stint in &self.backend.stints {
            writeln!(story, "  {}: the backend begins to sign with k{}", since(stint.from), stint.kid)?;
        }
        write!(
            f,
            "a token of k{}, signed at {} with exp {}, is rejected at {}.\n  {:?}\n  clocks: backend +{}, replica +{}, \
             runs up to +{}\n{story}",
            token.kid,
            since(token.signed),
            since(token.exp),
            since(self.at),
            world.policy,
            self.backend.clock_ahead,
            self.replica.clock_ahead,
            world.runs_differ,
        )
    }
}
