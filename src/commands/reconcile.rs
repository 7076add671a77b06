//! `reconcile`: what is due by the schedule, for one config or many.

use std::cell::RefCell;

use super::change::{Draft, Run, ask, tell_steps};
use super::new_key::KeySource;
use super::{Answer, policy, source};
use crate::World;
use crate::cli::{Format, Global, NewKeyArgs, Reconcile};
use crate::display::count;
use crate::error::{Error, Source};
use crate::keyset::KeySet;
use crate::lifecycle::{self, Decision, Due, Policy};
use crate::report::human::{self, Row};
use crate::report::json;
use crate::report::paint::{BOLD, RED, paint};
use crate::store::{Snapshot, StoreError};
use crate::time::NumericDate;

/// What was found out about a config, for the table.
#[derive(Clone, Default)]
struct Finding {
    current: Option<String>,
    due: Option<Due>,
    next: Option<Due>,
}

/// One config on its way through the run.
struct Item<'a> {
    source: &'a Source,
    policy: Policy,
    new: KeySource<'a>,
    finding: RefCell<Finding>,
}

/// Its bytes as they were read, and what would be written.
type Drafted = (Snapshot, Draft);

pub(super) fn run(global: &Global, args: &Reconcile, world: &mut World<'_>) -> Result<Answer, Error> {
    let sources = source::several(&args.paths, global, world)?;
    let writes = !(args.check || args.ending.dry_run);
    if writes && global.now.is_some() && sources.iter().any(|source| *source != Source::Stdin) {
        let text = "`--now` pretends it is another time, so no file is written with it. Add `--dry-run` or `--check`, or \
                    use `-c -`";
        return Err(Error::Usage(text.to_owned()));
    }
    let fresh = NewKeyArgs { secrets: args.secrets, ..NewKeyArgs::default() };
    let mut items = Vec::new();
    for source in &sources {
        items.push(item(args, &fresh, source, world));
    }
    let mut drafts: Vec<Result<Drafted, Error>> = Vec::new();
    for item in &mut items {
        drafts.push(match item {
            Ok(item) => read(global, args, item, world),
            Err(error) => Err(std::mem::replace(error, Error::Usage(String::new()))),
        });
    }
    if let [Source::Stdin] = sources.as_slice()
        && let (Some(Ok(item)), Some(Ok((bytes, draft)))) = (items.first(), drafts.first())
    {
        return filter(args, item, bytes, draft, world);
    }
    let due = drafts.iter().flatten().any(|(_, draft)| draft.text.is_some());
    let written = if writes && due {
        review(args, &drafts, world)?;
        table(args, &sources, &items, &drafts, world)?;
        if !(args.ending.yes || confirmed(&drafts, world)?) {
            return Ok(Answer::No);
        }
        write_all(global, args, &items, drafts, world)
    } else {
        review(args, &drafts, world)?;
        table(args, &sources, &items, &drafts, world)?;
        if due && args.ending.dry_run {
            writeln!(world.stderr, "\nDry run: nothing was written.")?;
        }
        drafts.into_iter().map(|draft| draft.map(|_| false)).collect()
    };
    report(args, &sources, &items, &written, world)?;
    finish(args, &sources, written, due, world)
}

fn item<'a, 'w: 'a>(
    args: &Reconcile,
    fresh: &'a NewKeyArgs,
    source: &'a Source,
    world: &mut World<'w>,
) -> Result<Item<'a>, Error> {
    let policy = policy::of_schedule(&args.schedule, source, world)?;
    let new = KeySource::new(fresh, &policy, source, world)?;
    Ok(Item { source, policy, new, finding: RefCell::default() })
}

/// The decision of the schedule, which notes on its way what the table shows.
fn decide(args: &Reconcile, item: &Item<'_>, keys: &KeySet, now: NumericDate) -> Result<Decision, Error> {
    let named = |error: Error| error.named(&item.source.name());
    let make = |alg| item.new.key(keys, alg, now);
    let allowed = &args.ending.allow;
    let (due, decision) =
        lifecycle::reconcile(keys, &item.policy, now, args.assume_age, &make, allowed).map_err(named)?;
    let after = lifecycle::apply(keys, &decision.changes, now);
    let next =
        lifecycle::next_due(&after, &item.policy, now).map_err(Error::lifecycle(&item.source.name()))?;
    let current = after.current().ok().flatten().map(crate::keyset::Key::name);
    *item.finding.borrow_mut() = Finding { current, due, next };
    Ok(decision)
}

fn with_run<T>(
    global: &Global,
    args: &Reconcile,
    item: &Item<'_>,
    work: impl FnOnce(&Run<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    work(&Run {
        global,
        source: item.source,
        ending: &args.ending,
        policy: &item.policy,
        decide: &|keys, now| decide(args, item, keys, now),
        nothing: "Nothing is due.",
    })
}

fn read(global: &Global, args: &Reconcile, item: &Item<'_>, world: &mut World<'_>) -> Result<Drafted, Error> {
    let bytes = item.source.read(world)?;
    let draft = with_run(global, args, item, |run| run.draft(&bytes, world))?;
    Ok((bytes, draft))
}

/// From stdin to stdout, all talk on stderr.
fn filter(
    args: &Reconcile,
    item: &Item<'_>,
    bytes: &[u8],
    draft: &Draft,
    world: &mut World<'_>,
) -> Result<Answer, Error> {
    let writes = !(args.check || args.ending.dry_run);
    match draft.text.as_ref().filter(|_| writes) {
        Some(text) => world.stdout.write_all(text.as_bytes())?,
        None => world.stdout.write_all(bytes)?,
    }
    world.stdout.flush()?;
    world.stderr.write_all(draft.review.as_bytes())?;
    draft.tell_notes(world)?;
    let finding = item.finding.borrow().clone();
    writeln!(
        world.stderr,
        "{}",
        human::schedule_table(&[row(item.source, &finding)], world.clock.now()).trim_end()
    )?;
    if draft.text.is_some() && writes {
        tell_steps(&draft.steps, "What to do next", world.stderr)?;
    }
    let due = draft.text.is_some();
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

/// The diffs, one after the other.
fn review(args: &Reconcile, drafts: &[Result<Drafted, Error>], world: &mut World<'_>) -> Result<(), Error> {
    for (_, draft) in drafts.iter().flatten() {
        if args.format == Format::Human && draft.text.is_some() && !args.check {
            world.stdout.write_all(draft.review.as_bytes())?;
            writeln!(world.stdout)?;
        }
        world.stdout.flush()?;
        draft.tell_notes(world)?;
    }
    Ok(())
}

fn table(
    args: &Reconcile,
    sources: &[Source],
    items: &[Result<Item<'_>, Error>],
    drafts: &[Result<Drafted, Error>],
    world: &mut World<'_>,
) -> Result<(), Error> {
    let usable = sources.iter().zip(items).zip(drafts).filter(|(_, draft)| draft.is_ok());
    let rows: Vec<Row> = usable
        .filter_map(|((source, item), _)| Some(row(source, &item.as_ref().ok()?.finding.borrow())))
        .collect();
    if args.format == Format::Human && !rows.is_empty() {
        write!(world.stdout, "{}", human::schedule_table(&rows, world.clock.now()))?;
    }
    Ok(world.stdout.flush()?)
}

fn confirmed(drafts: &[Result<Drafted, Error>], world: &mut World<'_>) -> Result<bool, Error> {
    if !(world.terminal.stdin && world.terminal.stderr) {
        let text = "nothing was written: there is no terminal to ask on. Add `--yes` to write without asking, or \
                    `--check` to only look";
        return Err(Error::Usage(text.to_owned()));
    }
    let changed = drafts.iter().flatten().filter(|(_, draft)| draft.text.is_some()).count();
    let yes = ask(&format!("Write {}?", count(changed, "file")), world)?;
    if !yes {
        writeln!(world.stderr, "Nothing was written.")?;
    }
    Ok(yes)
}

/// Writes one config after the other. What fails is listed in the end, and the others are written all the same.
fn write_all(
    global: &Global,
    args: &Reconcile,
    items: &[Result<Item<'_>, Error>],
    drafts: Vec<Result<Drafted, Error>>,
    world: &mut World<'_>,
) -> Vec<Result<bool, Error>> {
    let mut written = Vec::new();
    for (item, draft) in items.iter().zip(drafts) {
        written.push(match (item, draft) {
            (Ok(item), Ok((bytes, draft))) if draft.text.is_some() => {
                with_run(global, args, item, |run| write_one(args, run, &bytes, world))
            }
            (_, draft) => draft.map(|_| false),
        });
    }
    written
}

fn write_one(args: &Reconcile, run: &Run<'_>, shown: &[u8], world: &mut World<'_>) -> Result<bool, Error> {
    let Source::File(path) = run.source else { return Ok(false) };
    let name = run.source.name();
    let locked = run.lock(&world.path(path), world)?;
    let bytes = locked.snapshot().map_err(Error::store(&name))?;
    if *bytes != *shown && !args.ending.yes {
        return Err(Error::store(&name)(StoreError::Changed));
    }
    // Decided anew under the lock: another run may have done the step meanwhile.
    let draft = run.draft(&bytes, world)?;
    run.write(&locked, &bytes, &draft, world)?;
    Ok(draft.text.is_some())
}

fn report(
    args: &Reconcile,
    sources: &[Source],
    items: &[Result<Item<'_>, Error>],
    written: &[Result<bool, Error>],
    world: &mut World<'_>,
) -> Result<(), Error> {
    if args.format != Format::Json {
        return Ok(());
    }
    let configs = sources.iter().zip(items).zip(written).map(|((source, item), written)| {
        let finding = item.as_ref().map(|item| item.finding.borrow().clone()).unwrap_or_default();
        let error = written.as_ref().err().map(ToString::to_string);
        json::ReconcileConfig::new(row(source, &finding), *written.as_ref().unwrap_or(&false), error)
    });
    let report = json::Reconcile::new(world.clock.now(), configs.collect());
    writeln!(world.stdout, "{}", serde_json::to_string_pretty(&report).map_err(std::io::Error::from)?)?;
    Ok(())
}

fn finish(
    args: &Reconcile,
    sources: &[Source],
    written: Vec<Result<bool, Error>>,
    due: bool,
    world: &mut World<'_>,
) -> Result<Answer, Error> {
    let mut errors: Vec<Error> = written.into_iter().filter_map(Result::err).collect();
    match errors.len() {
        0 if !due => writeln!(world.stderr, "Nothing is due.")?,
        0 => {}
        1 if sources.len() == 1 => return Err(errors.remove(0)),
        failed => {
            for error in errors {
                writeln!(world.stderr, "{} {error}", paint(RED, paint(BOLD, "error:")))?;
            }
            return Err(Error::Some { failed, all: sources.len() });
        }
    }
    Ok(if args.check && due { Answer::No } else { Answer::Done })
}
