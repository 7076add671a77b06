//! What people see of a run that changes files.

use super::config_plan::ConfigPlan;
use super::operation::Idle;
use super::run::{Ended, Mode, ReportTo, Run, RunPlan};
use crate::base::text::Printable;
use crate::base::time::NumericDate;
use crate::explain::{Action, Step, Steps};
use crate::redact::DiffLine;
use crate::report::human::{self, Row, hanging, schedule_table};
use crate::report::paint::{self, diff_line, event_line, warning_line};
use crate::session::{Error, World};

/// The changes, in blocks with a blank line between them, and what is to be known of them.
pub(super) fn show(run: &Run<'_, '_>, plan: &RunPlan, world: &mut World<'_>) -> Result<(), Error> {
    let mut blocks: Vec<String> = Vec::new();
    if run.mode != Mode::Check {
        blocks.extend(
            plan.configs
                .iter()
                .map(|config| review(config, plan.now, world.terminal.width))
                .filter(|review| !review.is_empty()),
        );
        blocks.extend(plan.drops.iter().map(|(_, lines)| diff(lines)));
    }
    if run.output == ReportTo::Stdout {
        blocks.extend(table(plan, world.terminal.width));
    }
    let to = if run.output == ReportTo::Stdout { &mut *world.stdout } else { &mut *world.stderr };
    to.write_all(blocks.join("\n").as_bytes())?;
    world.stdout.flush()?;
    for config in &plan.configs {
        notes(config, world)?;
    }
    let has_notes =
        |config: &ConfigPlan| !(config.review.notes.is_empty() && config.review.warnings.is_empty());
    if !(plan.kept.is_empty() || plan.changeset.is_empty() || plan.configs.iter().any(has_notes)) {
        writeln!(world.stderr)?;
    }
    for note in &plan.kept {
        world.note(note)?;
    }
    if run.output == ReportTo::Stderr {
        let table = table(plan, world.terminal.width).unwrap_or_default();
        world.stderr.write_all(table.as_bytes())?;
    }
    nothing(run, plan, world)?;
    if let [config] = plan.configs.as_slice() {
        let waits = human::waits(&config.review.waits, world.terminal.width);
        world.stderr.write_all(waits.as_bytes())?;
    }
    unwritten(run, plan, world)
}

/// What happens to the keys, and the diff.
fn review(config: &ConfigPlan, now: NumericDate, width: Option<u16>) -> String {
    let mut text: String = config
        .review
        .events
        .iter()
        .map(|event| event_line(event.kind.sign(), hanging(&event.message(now), 2, width)) + "\n")
        .collect();
    if !text.is_empty() {
        text.push('\n');
    }
    text + &diff(&config.review.diff)
}

fn diff(lines: &[DiffLine]) -> String {
    lines.iter().map(|line| diff_line(line) + "\n").collect()
}

/// What a schedule says of the configs.
fn table(plan: &RunPlan, width: Option<u16>) -> Option<String> {
    let row = |config: &ConfigPlan| {
        let outlook = config.outlook.clone()?;
        let (config, current) = (config.name.clone(), outlook.current);
        Some(Row { config, current, due: outlook.due, next: outlook.next })
    };
    let rows: Vec<Row> = plan.configs.iter().filter_map(row).collect();
    (!rows.is_empty()).then(|| schedule_table(&rows, plan.now, width))
}

fn notes(config: &ConfigPlan, world: &mut World<'_>) -> Result<(), Error> {
    let review = &config.review;
    if config.text.is_some() && !(review.notes.is_empty() && review.warnings.is_empty()) {
        writeln!(world.stderr)?;
    }
    for note in &review.notes {
        world.note(&note.text)?;
    }
    for warning in &review.warnings {
        writeln!(world.stderr, "{}", warning_line(&hanging(warning, 9, world.terminal.width)))?;
    }
    Ok(())
}

/// Says where there is nothing to do.
fn nothing(run: &Run<'_, '_>, plan: &RunPlan, world: &mut World<'_>) -> Result<(), Error> {
    let idle = run.operation.idle;
    if idle == Idle::Due {
        // That one waits was told already.
        let waits = |config: &ConfigPlan| config.outlook.as_ref().is_some_and(|of| of.waiting.is_some());
        if plan.changeset.is_empty() && run.failures.is_empty() && !plan.configs.iter().any(waits) {
            writeln!(world.stderr, "{}", idle.message(""))?;
        }
        return Ok(());
    }
    let untouched = plan.configs.iter().filter(|config| config.text.is_none());
    for config in untouched.filter(|_| plan.changeset.is_empty() || plan.configs.len() > 1) {
        writeln!(world.stderr, "{}", idle.message(&config.name))?;
    }
    Ok(())
}

/// Says that nothing is written. To stdout goes the config as it is, where it is what goes there.
fn unwritten(run: &Run<'_, '_>, plan: &RunPlan, world: &mut World<'_>) -> Result<(), Error> {
    let looks = matches!(run.mode, Mode::Check | Mode::DryRun);
    if run.output == ReportTo::Stderr && (looks || plan.changeset.is_empty()) {
        for config in &plan.configs {
            world.stdout.write_all(&config.bytes)?;
        }
        world.stdout.flush()?;
    }
    match run.output {
        _ if run.mode != Mode::DryRun || plan.changeset.is_empty() => {}
        ReportTo::Stderr => writeln!(world.stderr, "\nDry run: the config on stdout is the old one.")?,
        ReportTo::Stdout | ReportTo::Json => writeln!(world.stderr, "\nDry run: nothing was written.")?,
    }
    Ok(())
}

/// What to do next, for each config that was written, or would be.
pub(super) fn tell_steps_of(
    run: &Run<'_, '_>,
    plan: &RunPlan,
    ended: &Ended,
    world: &mut World<'_>,
) -> Result<(), Error> {
    let title = match (ended, run.mode) {
        (Ended::Written(_), _) => "What to do next",
        (Ended::Looked, Mode::DryRun) if run.output != ReportTo::Stderr => "What to do once it is written",
        _ => return Ok(()),
    };
    let is_lost =
        |number: &usize| matches!(ended, Ended::Written(written) if written.failed.contains(number));
    let told =
        plan.configs.iter().enumerate().filter(|(number, config)| config.text.is_some() && !is_lost(number));
    let told: Vec<&ConfigPlan> = told.map(|(_, config)| config).collect();
    for config in &told {
        if run.output == ReportTo::Stderr {
            let what = match config.object {
                Some(kind) => {
                    format!("The new {} is on stdout. Put it in place of the old one.", kind.name())
                }
                None => "The new config is on stdout. Put it in place of the old one.".to_owned(),
            };
            writeln!(world.stderr, "\n{what}")?;
        }
        if let [_] = told.as_slice() {
            tell_steps(&config.review.steps, title, world)?;
        } else {
            tell_steps(&config.review.steps, &format!("{title}: {}", Printable(&config.name)), world)?;
        }
    }
    if told.is_empty() && !plan.drops.is_empty() {
        let list = vec![Step::new(Action::NothingElse, Vec::new())];
        tell_steps(&Steps { now: plan.now, list }, title, world)?;
    }
    Ok(())
}

pub(crate) fn tell_steps(steps: &Steps, title: &str, world: &mut World<'_>) -> Result<(), Error> {
    Ok(world.stderr.write_all(paint::steps(steps, title, world.terminal.width).as_bytes())?)
}
