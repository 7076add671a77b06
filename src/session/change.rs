//! How every changing command runs: what would change, the question, the write, and what to do next.

pub(crate) use super::run::Mode;

use super::changeset::{Changeset, Content, FileWrite, Locks};
use super::config_plan::{Board, ConfigPlan};
use super::drop_env::{DropEnv, Left, drop_variables};
use super::operation::{Failing, Idle, Operation, Task};
use super::run::{Ended, ReportTo, Run, RunPlan};
use super::used_by::{Referrer, Uses};
use super::{Answer, change_report, change_talk};
use crate::base::text::{Named, Printable};
use crate::base::time::Seconds;
use crate::report::paint::error_line;
use crate::schedule::ANSWER_WITHIN;
use crate::session::arguments::Format;
use crate::session::{Error, Source, Usage, World};
use crate::store::StoreError;

/// Carries an operation out on all configs, as far as the person and the options let it.
pub(crate) fn run(
    operation: &Operation<'_>,
    tasks: Vec<Task<'_>>,
    world: &mut World<'_>,
) -> Result<Answer, Error> {
    run_in(Mode::of(operation.ending), operation, (tasks, Vec::new()), world)
}

/// The tasks of a run, and the configs that are out of it already, each with what went wrong.
pub(crate) type Tasks<'a> = (Vec<Task<'a>>, Vec<(Source, Error)>);

/// A task for each config, as far as that works.
pub(crate) fn tasks<'a>(
    sources: Vec<Source>,
    mut task: impl FnMut(&Source) -> Result<Task<'a>, Error>,
) -> Tasks<'a> {
    let mut all = (Vec::new(), Vec::new());
    for source in sources {
        match task(&source) {
            Ok(task) => all.0.push(task),
            Err(error) => all.1.push((source, error)),
        }
    }
    all
}

/// The same in a mode, where some configs may be out of the run already.
pub(crate) fn run_in(
    mode: Mode,
    operation: &Operation<'_>,
    (mut tasks, failures): Tasks<'_>,
    world: &mut World<'_>,
) -> Result<Answer, Error> {
    let is_filter = tasks.iter().any(|task| task.source.path(world).is_none());
    let (output, mode) = match (is_filter, mode) {
        (true, Mode::Ask) => (ReportTo::Stderr, Mode::Write),
        (true, mode) => (ReportTo::Stderr, mode),
        (false, mode) if operation.format == Format::Json => (ReportTo::Json, mode),
        (false, mode) => (ReportTo::Stdout, mode),
    };
    if mode == Mode::Ask {
        for task in &mut tasks {
            task.policy.written_within = ANSWER_WITHIN;
        }
    }
    let all = tasks.len() + failures.len();
    let tasks = tasks.into_iter().map(|task| (task, Content::default())).collect();
    let mut run = Run { operation, mode, output, tasks, failures: Vec::new(), all };
    run.check()?;
    for (source, error) in failures {
        run.fail(source, error, world)?;
    }
    let (plan, ended) = run.carry_out(world)?;
    run.end(&plan, ended, world)
}

impl Run<'_, '_> {
    /// What doesn't go together.
    fn check(&self) -> Result<(), Error> {
        let writes = matches!(self.mode, Mode::Ask | Mode::Write);
        let why = match self.output {
            ReportTo::Stderr if self.operation.format == Format::Json => Usage::ReportBesideConfig,
            ReportTo::Stderr if self.tasks.iter().any(|(task, _)| task.drop_env.is_some()) => {
                Usage::DropBesideConfig
            }
            ReportTo::Stdout | ReportTo::Json if writes && self.operation.global.now.is_some() => {
                Usage::ClockOverridden
            }
            _ => return Ok(()),
        };
        Err(why.into())
    }

    /// Notes that something went wrong with a config, which is out of the run then.
    fn fail(&mut self, source: Source, error: Error, world: &mut World<'_>) -> Result<(), Error> {
        // A schedule's report has a place for errors.
        let alone = self.all == 1 && (self.output != ReportTo::Json || self.operation.idle != Idle::Due);
        if alone || self.operation.failing == Failing::Together {
            return Err(error);
        }
        let name = source.name();
        if error.file() == Some(&name) {
            writeln!(world.stderr, "{}", error_line(&error))?;
        } else {
            writeln!(world.stderr, "{}", error_line(&format!("{}: {error}", Named(&name))))?;
        }
        self.failures.push((source, error));
        Ok(())
    }

    /// Plans, shows, asks and writes. What waited too long, or whose file changed, is planned and shown again.
    fn carry_out(&mut self, world: &mut World<'_>) -> Result<(RunPlan, Ended), Error> {
        loop {
            let mut locks = Locks::default();
            let plan = self.plan(&mut locks, world)?;
            self.check_beside(&plan)?;
            change_talk::show(self, &plan, world)?;
            match self.mode {
                _ if plan.changeset.is_empty() => return Ok((plan, Ended::Looked)),
                Mode::Check | Mode::DryRun => return Ok((plan, Ended::Looked)),
                Mode::Ask if !plan.changeset.confirm(world)? => return Ok((plan, Ended::Declined)),
                Mode::Ask if !still_holds(&plan, &mut locks, world)? => continue,
                Mode::Ask | Mode::Write => {}
            }
            let written = plan.changeset.write(&locks, world);
            written.tell(&plan.changeset, world)?;
            return Ok((plan, Ended::Written(written)));
        }
    }

    /// With another time than now, what goes to stdout is only looked at, and a file beside it stays.
    fn check_beside(&self, plan: &RunPlan) -> Result<(), Error> {
        let files = plan.changeset.files();
        let refused = self.mode == Mode::Write && self.operation.global.now.is_some();
        match files.into_iter().next() {
            Some(file) if refused => Err(Usage::ClockOverriddenFor(file).into()),
            _ => Ok(()),
        }
    }

    /// Reads and decides for all configs. Where nobody is asked, all of it happens under the locks.
    fn plan(&mut self, locks: &mut Locks, world: &mut World<'_>) -> Result<RunPlan, Error> {
        for (mut task, _) in std::mem::take(&mut self.tasks) {
            match self.read(&mut task, locks, world) {
                Ok(bytes) => self.tasks.push((task, bytes)),
                Err(error) => self.fail(task.source, error, world)?,
            }
        }
        loop {
            let plan = self.plan_read(world)?;
            if self.mode != Mode::Write {
                return Ok(plan);
            }
            let Err(error) = plan.changeset.lock(locks, world) else { return Ok(plan) };
            let of_task = |(task, _): &(Task<'_>, Content)| error.file() == Some(&task.source.name());
            match (self.tasks.iter().position(of_task), &error) {
                // It is planned again without the config that can't be written.
                (Some(at), _) => {
                    let (task, _) = self.tasks.remove(at);
                    self.fail(task.source, error, world)?;
                }
                // Likewise where another run wrote an env file meanwhile.
                (None, Error::Store { source: StoreError::Changed, .. }) => {}
                (None, _) => return Err(error),
            }
        }
    }

    /// The bytes of a config, under its lock where it may be written. What can't be locked may need no write.
    fn read(&self, task: &mut Task<'_>, locks: &mut Locks, world: &mut World<'_>) -> Result<Content, Error> {
        let name = task.source.name();
        if let Some(path) = task.source.path(world).filter(|_| self.mode == Mode::Write)
            && let Ok(locked) = locks.lock(&name, &path, world)
        {
            return Ok(locked.snapshot().map_err(Error::store(&name))?.into());
        }
        Ok(task.source.read(world)?.into())
    }

    fn plan_read(&mut self, world: &mut World<'_>) -> Result<RunPlan, Error> {
        let (now, mut board, mut configs) = (world.clock.now(), Board::default(), Vec::new());
        for (mut task, bytes) in std::mem::take(&mut self.tasks) {
            let mut attempt = || {
                let of = (self.operation, &mut task, configs.len());
                ConfigPlan::make(of, bytes.clone(), now, &mut board, world)
            };
            let made = match attempt() {
                // Another run took the variable between two looks at the env file. The second one counts now.
                Err(Error::Store { source: StoreError::Changed, .. }) => attempt(),
                other => other,
            };
            match made {
                Ok(plan) => {
                    configs.push(plan);
                    self.tasks.push((task, bytes));
                }
                Err(error) => self.fail(task.source, error, world)?,
            }
        }
        let kept = self.drop_variables(&configs, &mut board, world)?;
        let drops = board.env_files.dropped(&mut board.redactor);
        let mut writes: Vec<FileWrite> = board.env_files.writes().chain(board.env_files.ignores()).collect();
        for (number, config) in configs.iter_mut().enumerate() {
            writes.extend(config.writes(number));
        }
        Ok(RunPlan { now, configs, drops, kept, changeset: Changeset::new(writes) })
    }

    /// Drops the variables that no config needs any more, as far as the options let it.
    fn drop_variables(
        &self,
        configs: &[ConfigPlan],
        board: &mut Board,
        world: &mut World<'_>,
    ) -> Result<Vec<String>, Error> {
        let drops: Vec<(&DropEnv, &Left)> = self
            .tasks
            .iter()
            .zip(configs)
            .filter_map(|((task, _), plan)| Some((task.drop_env.as_ref()?, &plan.left)))
            .collect();
        if drops.is_empty() {
            return Ok(Vec::new());
        }
        let mut referrers: Vec<Referrer> = self
            .tasks
            .iter()
            .zip(configs)
            .map(|((task, _), plan)| Referrer { name: task.source.name(), uses: plan.left.uses.clone() })
            .collect();
        for (source, _) in &self.failures {
            referrers.push(Referrer { name: source.name(), uses: uses(self.operation, source, world) });
        }
        let sources = self.tasks.iter().map(|(task, _)| &task.source);
        let sources = sources.chain(self.failures.iter().map(|(source, _)| source));
        let own: Vec<_> = sources.filter_map(|source| source.path(world)).collect();
        drop_variables(&drops, &referrers, &own, &mut board.env_files)
    }

    /// Says what to do next and what went wrong, and writes the report for programs.
    fn end(self, plan: &RunPlan, ended: Ended, world: &mut World<'_>) -> Result<Answer, Error> {
        change_talk::tell_steps_of(&self, plan, &ended, world)?;
        let declined = matches!(ended, Ended::Declined);
        let written = if let Ended::Written(written) = ended { Some(written) } else { None };
        if self.output == ReportTo::Json {
            change_report::write(&self, plan, written.as_ref(), world)?;
        }
        let mut written = written.unwrap_or_default();
        let lost = written.failed.len().max(written.errors.len().min(1));
        let failed = self.failures.len() + lost;
        if self.all == 1
            && self.output != ReportTo::Json
            && let Some(error) = written.errors.pop()
        {
            return Err(error);
        }
        for error in &written.errors {
            writeln!(world.stderr, "{}", error_line(error))?;
        }
        let is_due = plan.configs.iter().any(ConfigPlan::is_due);
        match failed {
            0 if declined || self.mode == Mode::Check && is_due => Ok(Answer::No),
            0 => Ok(Answer::Done),
            failed => Err(Error::SomeFiles { failed, all: self.all }),
        }
    }
}

/// Whether what was shown may be written now, under the locks.
fn still_holds(plan: &RunPlan, locks: &mut Locks, world: &mut World<'_>) -> Result<bool, Error> {
    let why = match plan.changeset.lock(locks, world) {
        Err(Error::Store { name, source: StoreError::Changed | StoreError::Exists }) => {
            format!("{} changed while waiting; updated plan:", Printable(&name))
        }
        Err(error) => return Err(error),
        Ok(()) => {
            let waited = world.clock.now().since(plan.now);
            if (Seconds::default()..=ANSWER_WITHIN).contains(&waited) {
                return Ok(true);
            }
            "Dates changed while waiting; updated plan:".to_owned()
        }
    };
    writeln!(world.stderr, "\n{why}\n")?;
    Ok(false)
}

/// What a config refers to that is out of the run.
fn uses(operation: &Operation<'_>, source: &Source, world: &mut World<'_>) -> Uses {
    let Ok(bytes) = source.read(world) else { return Uses::Unseen };
    let opened = source.unwrap(operation.global, &bytes);
    opened.map_or(Uses::Unseen, |opened| Uses::read(opened.envelope.inner(), opened.input))
}
