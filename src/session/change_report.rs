//! The report of a run that changes files, for programs.

use std::fmt::Display;

use serde::Serialize;

use super::changeset::Written;
use super::config_plan::ConfigPlan;
use super::operation::Failing;
use super::run::{Run, RunPlan};
use crate::base::sentence::sentence;
use crate::base::text::Named;
use crate::base::time::NumericDate;
use crate::explain::Steps;
use crate::report::change_json::{self, File, Note, Step};
use crate::report::human::Row;
use crate::report::json::{self, DueStep, ReconcileConfig};
use crate::session::{Error, World};

/// What every command that changes files tells programs.
#[derive(Serialize)]
pub(crate) struct ChangeReport {
    version: u32,
    command: &'static str,
    now: String,
    pub(crate) written: bool,
    files: Vec<File>,
    notes: Vec<Note>,
    steps: Vec<Step>,
    next_due: Option<DueStep>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    configs: Vec<ReconcileConfig>,
}

impl ChangeReport {
    pub(crate) fn new(command: &'static str, now: NumericDate, files: Vec<File>) -> Self {
        Self {
            version: 1,
            command,
            now: now.to_string(),
            written: false,
            files,
            notes: Vec::new(),
            steps: Vec::new(),
            next_due: None,
            configs: Vec::new(),
        }
    }

    pub(crate) fn with_notes<'n>(
        mut self,
        kind: &'static str,
        notes: impl IntoIterator<Item = &'n (impl Display + 'n)>,
    ) -> Self {
        let note = |note| Note::new(kind, None, sentence!("{note}"));
        self.notes.extend(notes.into_iter().map(note));
        self
    }

    pub(crate) fn with_steps(mut self, steps: &Steps) -> Self {
        self.steps.extend(change_json::steps(steps));
        self
    }

    pub(crate) fn print(&self, world: &mut World<'_>) -> Result<(), Error> {
        writeln!(world.stdout, "{}", serde_json::to_string_pretty(self).map_err(std::io::Error::from)?)?;
        Ok(world.stdout.flush()?)
    }
}

/// Writes it to stdout.
pub(super) fn write(
    run: &Run<'_, '_>,
    plan: &RunPlan,
    written: Option<&Written>,
    world: &mut World<'_>,
) -> Result<(), Error> {
    let file = |config: &ConfigPlan| {
        File::new(config.name.clone(), &config.review.diff, &config.review.events, plan.now)
    };
    let mut files: Vec<File> = plan.configs.iter().filter(|config| config.text.is_some()).map(file).collect();
    files.extend(plan.drops.iter().map(|(name, diff)| File::new(name.clone(), diff, &[], plan.now)));
    let mut report = ChangeReport::new(run.operation.command, plan.now, files);
    for ConfigPlan { review, .. } in &plan.configs {
        report.notes.extend(review.notes.iter().cloned());
        report = report.with_notes("warning", &review.warnings);
        report = report.with_steps(&review.steps);
    }
    let next = plan.configs.iter().filter_map(|config| config.outlook.as_ref()?.next.as_ref());
    ChangeReport {
        written: written.is_some_and(|written| !written.files.is_empty()),
        next_due: next.min_by_key(|due| due.at).map(DueStep::from),
        configs: configs(run, plan, written),
        ..report.with_notes("kept-variable", &plan.kept)
    }
    .print(world)
}

/// What came of each config, where there may be several.
fn configs(run: &Run<'_, '_>, plan: &RunPlan, written: Option<&Written>) -> Vec<ReconcileConfig> {
    if run.operation.failing == Failing::Together {
        return Vec::new();
    }
    let planned = plan.configs.iter().enumerate().map(|(number, config)| {
        let outlook = config.outlook.clone().unwrap_or_default();
        let is_written =
            config.text.is_some() && written.is_some_and(|written| !written.failed.contains(&number));
        let waits = json::waits(&config.review.waits);
        let (config, current) = (config.name.clone(), outlook.current);
        let row = Row { config, current, due: outlook.due, next: outlook.next };
        ReconcileConfig { waiting: outlook.waiting, waits, written: is_written, ..row.into() }
    });
    let failed = run.failures.iter().map(|(source, error)| {
        let row = Row { config: Named(&source.name()).to_string(), current: None, due: None, next: None };
        ReconcileConfig { error: Some(error.to_string()), ..row.into() }
    });
    planned.chain(failed).collect()
}
