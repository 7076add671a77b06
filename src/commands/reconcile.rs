//! `reconcile`: what is due by the schedule, for one config or many.

use crate::base::time::Seconds;
use crate::session::arguments::Ending;
use crate::session::arguments::ProbeArgs;
use crate::session::arguments::ScheduleArgs;
use crate::session::arguments::SecretArgs;
use std::path::PathBuf;
use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::base::sentence::Sentence;
use crate::base::text::{Named, Printable, count, list};
use crate::base::time::NumericDate;
use crate::session::arguments::{Format, Global, NewKeyArgs};
use crate::config::Config;
use crate::keyset::{Key, KeySet};
use crate::redact::Redactor;
use crate::report::human::{self, Row};
use crate::report::json;
use crate::report::paint::error_line;
use crate::schedule::{self, Due, Liveness, Policy, Terms, Waiting};
use crate::session::World;
use crate::session::ask::{self, Asked};
use crate::session::change::{Decided, Run, ask as ask_person, tell_steps};
use crate::session::destination::Reservations;
use crate::session::draft::Draft;
use crate::session::new_key::KeySource;
use crate::session::secret_write::{OwnWrites, SecretWrite};
use crate::session::{Answer, policy, source};
use crate::session::{Error, Source};
use crate::store::{Snapshot, StoreError};

/// Do what the schedule says is due: put this on a timer
///
/// Per config the first that applies: promote a standby key whose time has come, add a new one where the current
/// key is older than `rotate_every`, remove what is removable. Nothing due is fine. Runs that were missed do no
/// harm: times are counted from what was really done.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  powersync-jwks reconcile --yes                       from a timer\n  powersync-jwks reconcile --check instances/*.yaml    an alarm: exit 1 when something is due"
)]
pub struct Args {
    /// Configs to bring up to date, in place of `-c`
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Write nothing; exit 1 when something is due
    #[arg(long, conflicts_with = "yes")]
    pub check: bool,
    /// How old to take a current key without `iat` to be; written down once
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub assume_age: Option<Seconds>,
    /// How to report
    #[arg(long, default_value = "human")]
    pub format: Format,
    /// Where a new secret goes.
    #[command(flatten)]
    pub secret: SecretArgs,
    /// The schedule.
    #[command(flatten)]
    pub schedule: ScheduleArgs,
    /// Whether every replica knows a key before it is promoted.
    #[command(flatten)]
    pub probe: ProbeArgs,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

/// What was found out about a config, for the table.
#[derive(Clone, Default)]
struct Finding {
    current: Option<String>,
    due: Option<Due>,
    next: Option<Due>,
    /// Why the promotion that is due by the dates has to wait.
    waiting: Option<Sentence>,
    written: bool,
}

/// One config on its way through the run.
struct Item<'a> {
    source: &'a Source,
    policy: Policy,
    new: KeySource<'a>,
    /// One for the output of the run.
    redactor: &'a RefCell<Redactor>,
    asked: Option<Asked<'a>>,
    finding: RefCell<Finding>,
}

/// Its bytes as they were read, and what would be written.
type Drafted = (Snapshot, Draft);

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let sources = source::several(&args.paths, global, world)?;
    ask::check_alone(&args.probe.urls, &sources)?;
    let writes = !(args.check || args.ending.dry_run);
    let is_stdin = sources.iter().any(|source| !matches!(source, Source::File(_)));
    if is_stdin && args.format == Format::Json {
        let text = "with `-c -` the config is what goes to stdout. `--format json` goes with files";
        return Err(Error::Usage(text.to_owned()));
    }
    if writes && global.now.is_some() && !is_stdin {
        let text = "`--now` pretends it is another time, so no file is written with it. Add `--dry-run` or `--check`, or \
                    use `-c -`";
        return Err(Error::Usage(text.to_owned()));
    }
    let destination = &args.secret.destination;
    let is_one =
        destination.env_name.is_some() || destination.secret_out.is_some() || destination.print_secret;
    if is_one && (sources.len() > 1 || args.format == Format::Json) {
        let text =
            "`--env-name`, `--secret-out` and `--print-secret` go with one config, and a report for people";
        return Err(Error::Usage(text.to_owned()));
    }
    let fresh = NewKeyArgs { secret: args.secret.clone(), ..NewKeyArgs::default() };
    let (reserved, redactor) = (Reservations::default(), RefCell::default());
    let mut items = Vec::new();
    let mut failures = Failures { alone: sources.len() == 1, all: Vec::new() };
    for source in &sources {
        match item(global, args, &fresh, (&reserved, &redactor), source, world) {
            Ok(item) => items.push(item),
            Err(error) => failures.tell(source, error, world)?,
        }
    }
    let mut answer = Answer::Done;
    let drafts = loop {
        let drafts = read_all(global, args, &mut items, &mut failures, world)?;
        if let (true, [item], [(bytes, draft)]) = (is_stdin, items.as_slice(), drafts.as_slice()) {
            return filter(global, args, item, bytes, draft, world);
        }
        review(args, &drafts, world)?;
        table(args, &items, world)?;
        let changed = drafts.iter().filter(|(_, draft)| draft.text.is_some()).count();
        if changed == 0 || !writes || args.ending.yes {
            break drafts;
        }
        if !(world.terminal.stdin && world.terminal.stderr) {
            let text = "nothing was written: there is no terminal to ask on. Add `--yes` to write without asking, or \
                        `--check` to only look";
            return Err(Error::Usage(text.to_owned()));
        }
        if !ask_person(&question(changed, &drafts), world)? {
            writeln!(world.stderr, "Nothing was written.")?;
            answer = Answer::No;
            break Vec::new();
        }
        let now = world.clock.now();
        if drafts.iter().all(|(_, draft)| !draft.is_stale(now)) {
            break drafts;
        }
        writeln!(
            world.stderr,
            "\nThe times above have moved while the question waited. Here they are anew.\n"
        )?;
    };
    let due = items.iter().any(|item| item.finding.borrow().due.is_some());
    if answer == Answer::Done {
        finish(global, args, &items, &drafts, &mut failures, world)?;
    }
    report(args, &items, &failures, world)?;
    if failures.alone
        && let Some((_, error)) = failures.all.pop()
    {
        return Err(error);
    }
    match failures.all.len() {
        0 if args.check && due => Ok(Answer::No),
        0 => Ok(answer),
        failed => Err(Error::Some { failed, all: sources.len() }),
    }
}

/// Names what is written beside the configs: the configs themselves were shown, one by one.
fn question(changed: usize, drafts: &[Drafted]) -> String {
    let beside = drafts.iter().filter_map(|(_, draft)| draft.beside().and_then(SecretWrite::file));
    let beside: BTreeSet<String> = beside.map(|file| Printable(file).to_string()).collect();
    if beside.is_empty() {
        return format!("Write {}?", count(changed, "file"));
    }
    let all = std::iter::once(count(changed, "config")).chain(beside);
    format!("Write {}?", list(&all.collect::<Vec<String>>()))
}

/// The configs that something went wrong with.
struct Failures {
    /// Whether there is only one config: then its error is that of the run.
    alone: bool,
    /// Each with what it was.
    all: Vec<(String, Error)>,
}

impl Failures {
    fn tell(&mut self, source: &Source, error: Error, world: &mut World<'_>) -> Result<(), Error> {
        if !self.alone {
            let (name, text) = (Named(&source.name()).to_string(), error.to_string());
            let text = if text.contains(&name) { text } else { format!("{name}: {text}") };
            writeln!(world.stderr, "{}", error_line(&text))?;
        }
        self.all.push((source.name(), error));
        Ok(())
    }
}

/// Reads and decides, and drops what fails from the run once that is told.
fn read_all(
    global: &Global,
    args: &Args,
    items: &mut Vec<Item<'_>>,
    failures: &mut Failures,
    world: &mut World<'_>,
) -> Result<Vec<Drafted>, Error> {
    let mut drafts = Vec::new();
    for item in std::mem::take(items) {
        match read(global, args, &item, world) {
            Ok(draft) => {
                drafts.push(draft);
                items.push(item);
            }
            Err(error) => failures.tell(item.source, error, world)?,
        }
    }
    Ok(drafts)
}

fn item<'a, 'w: 'a>(
    global: &Global,
    args: &Args,
    fresh: &'a NewKeyArgs,
    (reserved, redactor): (&'a Reservations, &'a RefCell<Redactor>),
    source: &'a Source,
    world: &mut World<'w>,
) -> Result<Item<'a>, Error> {
    let rules = policy::of_schedule(&args.schedule, source, world)?;
    let new = KeySource::new(fresh, &rules, source, world)?.among(reserved);
    let file = args.secret.destination.env_file.clone().or_else(|| rules.env_file.clone());
    let asked = Asked::new(global, &args.probe, &rules.probe, file.as_deref(), world)?;
    Ok(Item { source, policy: rules.policy, new, redactor, asked, finding: RefCell::default() })
}

/// The decision of the schedule, which notes on its way what the table shows.
fn decide(
    args: &Args,
    item: &Item<'_>,
    config: &Config<'_>,
    keys: &KeySet,
    now: NumericDate,
) -> Result<Decided, Error> {
    // A look needs no key, nor a place for its secret.
    let make = |alg| {
        if args.check { Ok(schedule::stand_in(keys, alg, now)) } else { item.new.key(config, keys, alg, now) }
    };
    let allowed = &args.ending.allow;
    let live = |key: &Key| match &item.asked {
        Some(asked) => asked.liveness(keys, key),
        None => Ok::<_, Error>(Liveness::Live),
    };
    let terms = Terms { policy: &item.policy, now, allowed };
    let (due, outcome) = schedule::reconcile(keys, args.assume_age, &terms, &make, &live)?;
    let mut decided = Decided::from(outcome);
    if let Some(asked) = &item.asked {
        decided.live_at = asked.live_at(&decided.outcome, allowed);
        decided.notes = asked.removals(&decided.outcome, keys)?;
    }
    let outcome = &decided.outcome;
    let after = schedule::apply(keys, &outcome.changes, now);
    let next = schedule::next_due(&after, &item.policy, now)?;
    let current = after.current().ok().flatten().map(Key::name);
    let waiting = outcome.waiting.as_ref().map(Waiting::reason);
    *item.finding.borrow_mut() = Finding { current, due, next, waiting, written: false };
    Ok(decided)
}

fn with_run<T>(
    global: &Global,
    args: &Args,
    item: &Item<'_>,
    work: impl FnOnce(&Run<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    work(&Run {
        global,
        source: item.source,
        ending: &args.ending,
        policy: &item.policy,
        values: item.new.values(),
        decide: &|config, keys, now| decide(args, item, config, keys, now),
        beside: Some(item.new.beside()),
        drop_env: None,
        redactor: Some(item.redactor),
        on_cloud: false,
        nothing: "Nothing is due.",
        flags: policy::flags(&args.schedule.times),
    })
}

fn read(global: &Global, args: &Args, item: &Item<'_>, world: &mut World<'_>) -> Result<Drafted, Error> {
    let bytes = item.source.read(world)?;
    let draft = with_run(global, args, item, |run| run.draft(&bytes, world))?;
    Ok((bytes, draft))
}

/// From stdin to stdout, all talk on stderr.
fn filter(
    global: &Global,
    args: &Args,
    item: &Item<'_>,
    bytes: &[u8],
    draft: &Draft,
    world: &mut World<'_>,
) -> Result<Answer, Error> {
    let writes = !(args.check || args.ending.dry_run);
    if writes {
        draft.check_now(global)?;
    }
    // A look makes no key that could be shown.
    if !args.check {
        world.stderr.write_all(draft.review.as_bytes())?;
    }
    draft.put_out(bytes, writes, world)?;
    draft.tell_notes(world)?;
    let finding = item.finding.borrow().clone();
    writeln!(
        world.stderr,
        "{}",
        human::schedule_table(&[row(item.source, &finding)], world.clock.now(), world.terminal.width)
            .trim_end()
    )?;
    if draft.text.is_some() && writes {
        tell_steps(&draft.steps, "What to do next", world)?;
    }
    let due = finding.due.is_some();
    Ok(if args.check && due { Answer::No } else { Answer::Done })
}

fn row(source: &Source, finding: &Finding) -> Row {
    Row {
        config: source.name(),
        current: finding.current.clone(),
        due: finding.due.clone(),
        next: finding.next.clone(),
    }
}

/// The diffs, one after the other: on stderr where stdout is for a report.
fn review(args: &Args, drafts: &[Drafted], world: &mut World<'_>) -> Result<(), Error> {
    for (_, draft) in drafts {
        if draft.text.is_some() && !args.check {
            let to = if args.format == Format::Human { &mut *world.stdout } else { &mut *world.stderr };
            to.write_all(draft.review.as_bytes())?;
            writeln!(to)?;
        }
        world.stdout.flush()?;
        draft.tell_notes(world)?;
    }
    Ok(())
}

fn table(args: &Args, items: &[Item<'_>], world: &mut World<'_>) -> Result<(), Error> {
    let rows: Vec<Row> = items.iter().map(|item| row(item.source, &item.finding.borrow())).collect();
    if args.format == Format::Human && !rows.is_empty() {
        write!(world.stdout, "{}", human::schedule_table(&rows, world.clock.now(), world.terminal.width))?;
    }
    Ok(world.stdout.flush()?)
}

/// Writes one config after the other. What fails is told, and the others are written all the same.
fn finish(
    global: &Global,
    args: &Args,
    items: &[Item<'_>],
    drafts: &[Drafted],
    failures: &mut Failures,
    world: &mut World<'_>,
) -> Result<(), Error> {
    if drafts.iter().all(|(_, draft)| draft.text.is_none()) {
        // That one waits was told already.
        if failures.all.is_empty() && items.iter().all(|item| item.finding.borrow().waiting.is_none()) {
            writeln!(world.stderr, "Nothing is due.")?;
        }
        return Ok(());
    }
    if args.check || args.ending.dry_run {
        if args.ending.dry_run {
            writeln!(world.stderr, "\nDry run: nothing was written.")?;
        }
        return Ok(());
    }
    let mut own = OwnWrites::default();
    for (item, drafted) in items.iter().zip(drafts) {
        if drafted.1.text.is_none() {
            continue;
        }
        match with_run(global, args, item, |run| write_one(args, item, run, drafted, &mut own, world)) {
            Ok(written) => item.finding.borrow_mut().written = written,
            Err(error) => failures.tell(item.source, error, world)?,
        }
    }
    Ok(())
}

/// Decided anew under the lock: another run may have done the step meanwhile, or another may be due.
fn write_one(
    args: &Args,
    item: &Item<'_>,
    run: &Run<'_>,
    (shown_bytes, shown): &Drafted,
    own: &mut OwnWrites,
    world: &mut World<'_>,
) -> Result<bool, Error> {
    let Source::File(path) = run.source else { return Ok(false) };
    let name = run.source.name();
    let action =
        |item: &Item<'_>| item.finding.borrow().due.as_ref().map(|due| (due.action, due.key.clone()));
    let shown_action = action(item);
    let locked = run.lock(&world.path(path), world)?;
    let bytes = locked.snapshot().map_err(Error::store(&name))?;
    let (draft, beside) = run.draft_locked(&bytes, world)?;
    if !args.ending.yes {
        if *bytes != **shown_bytes || action(item) != shown_action {
            return Err(Error::store(&name)(StoreError::Changed));
        }
        draft.check_beside(shown, own)?;
    }
    let written = run.write(&locked, &bytes, &draft, beside.as_ref(), world);
    if let (Some(beside), Ok(_) | Err(Error::Half { .. })) = (draft.beside(), &written) {
        own.note(beside);
    }
    written?;
    Ok(draft.text.is_some())
}

fn report(
    args: &Args,
    items: &[Item<'_>],
    failures: &Failures,
    world: &mut World<'_>,
) -> Result<(), Error> {
    if args.format != Format::Json {
        return Ok(());
    }
    let error_of =
        |name: &str| failures.all.iter().find(|(other, _)| other == name).map(|(_, e)| e.to_string());
    let mut configs = Vec::new();
    for item in items {
        let finding = item.finding.borrow().clone();
        let row = row(item.source, &finding);
        let error = error_of(&row.config);
        configs.push(json::ReconcileConfig::new(row, finding.waiting, finding.written, error));
    }
    for (name, error) in &failures.all {
        if !items.iter().any(|item| item.source.name() == *name) {
            let row = Row { config: Named(name).to_string(), current: None, due: None, next: None };
            configs.push(json::ReconcileConfig::new(row, None, false, Some(error.to_string())));
        }
    }
    let report = json::ReconcileReport::new(world.clock.now(), configs);
    writeln!(world.stdout, "{}", serde_json::to_string_pretty(&report).map_err(std::io::Error::from)?)?;
    Ok(())
}
