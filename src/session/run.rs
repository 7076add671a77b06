//! A run that changes files: what it works on, what it would do, and what came of that.

use super::changeset::{Changeset, Content, Written};
use super::config_plan::ConfigPlan;
use super::operation::{Operation, Task};
use crate::base::time::NumericDate;
use crate::redact::DiffLine;
use crate::session::arguments::Ending;
use crate::session::{Error, Source};

/// How a run ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Tells what is due.
    Check,
    /// Shows what would change.
    DryRun,
    /// Asks before it writes.
    Ask,
    /// Writes.
    Write,
}

impl Mode {
    /// As the options say.
    pub(crate) fn of(ending: &Ending) -> Self {
        match ending {
            Ending { dry_run: true, .. } => Self::DryRun,
            Ending { yes: true, .. } => Self::Write,
            Ending { .. } => Self::Ask,
        }
    }
}

/// Where the report of a run goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReportTo {
    Stdout,
    /// The config goes to stdout.
    Stderr,
    /// To stdout as JSON, and to stderr for people.
    Json,
}

/// A run under way.
pub(crate) struct Run<'r, 'a> {
    pub(crate) operation: &'r Operation<'a>,
    pub(super) mode: Mode,
    pub(crate) output: ReportTo,
    /// Each with its bytes, once they are read.
    pub(super) tasks: Vec<(Task<'a>, Content)>,
    /// The configs that something went wrong with, each with what it was.
    pub(crate) failures: Vec<(Source, Error)>,
    /// How many configs there were.
    pub(super) all: usize,
}

/// What a run would do.
pub(crate) struct RunPlan {
    pub(crate) now: NumericDate,
    pub(crate) configs: Vec<ConfigPlan>,
    /// Variables that go, as people see them: each file with its diff.
    pub(crate) drops: Vec<(String, Vec<DiffLine>)>,
    /// Which variables stay, and why.
    pub(crate) kept: Vec<String>,
    pub(crate) changeset: Changeset,
}

/// What came of a plan.
pub(crate) enum Ended {
    /// Nothing was to be written, or it was only looked at.
    Looked,
    Declined,
    Written(Written),
}
