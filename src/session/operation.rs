//! What a changing command says of itself: what it decides for each config, and what holds for all of them.

use super::drop_env::DropEnv;
use super::facts::Facts;
use super::secret_write::SecretWrite;
use super::values::KnownValues;
use crate::base::sentence::Sentence;
use crate::base::text::Printable;
use crate::config::Config;
use crate::keyset::{KeySet, Login};
use crate::schedule::{Due, Outcome, Policy, Wait};
use crate::session::arguments::{Ending, Format, FormatArgs, Global};
use crate::session::{Error, Source, Usage};

/// What holds for all configs of a run.
pub(crate) struct Operation<'a> {
    /// The command, as the report for programs names it.
    pub(crate) command: &'static str,
    pub(crate) global: &'a Global,
    pub(crate) ending: &'a Ending,
    pub(crate) format: Format,
    pub(crate) cloud: Cloud,
    pub(crate) idle: Idle,
    pub(crate) failing: Failing,
    /// The flags that later commands need to count as this one does.
    pub(crate) flags: Vec<String>,
}

impl<'a> Operation<'a> {
    /// An operation on one config, on Cloud as well.
    pub(crate) fn new(
        command: &'static str,
        global: &'a Global,
        ending: &'a Ending,
        output: &FormatArgs,
    ) -> Self {
        Self {
            command,
            global,
            ending,
            format: output.format,
            cloud: Cloud::Accepts,
            idle: Idle::Change,
            failing: Failing::Together,
            flags: Vec::new(),
        }
    }
}

/// One config, and what is decided for it.
pub(crate) struct Task<'a> {
    pub(crate) source: Source,
    pub(crate) policy: Policy,
    /// What is known of variables.
    pub(crate) values: KnownValues<'a>,
    pub(crate) decide: Box<Decide<'a>>,
    /// Variables to drop.
    pub(crate) drop_env: Option<DropEnv>,
}

/// Decides from what is seen of a config.
pub(crate) type Decide<'a> = dyn FnMut(&Facts<'_>) -> Result<Decided, Error> + 'a;

/// What was decided.
#[derive(Default)]
pub(crate) struct Decided {
    pub(crate) outcome: Outcome,
    /// What else there is to say.
    pub(crate) notes: Vec<Sentence>,
    /// Where running services were asked for the key that is promoted, and know it.
    pub(crate) live_at: Vec<String>,
    /// The value of a variable that the config will refer to.
    pub(crate) set: Option<SecretWrite>,
    /// What a schedule says of the config.
    pub(crate) outlook: Option<Outlook>,
    /// What its keys wait for after this.
    pub(crate) waits: Vec<Wait>,
}

impl From<Outcome> for Decided {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, ..Self::default() }
    }
}

/// What a schedule says of a config.
#[derive(Clone, Default)]
pub(crate) struct Outlook {
    /// The current key, after what is due.
    pub(crate) current: Option<String>,
    /// What is due now.
    pub(crate) due: Option<Due>,
    /// What will be due next.
    pub(crate) next: Option<Due>,
    /// Why the promotion that is due by the dates has to wait.
    pub(crate) waiting: Option<Sentence>,
}

/// Whether PowerSync Cloud's schema takes what a command writes.
#[derive(Clone, Copy)]
pub(crate) enum Cloud {
    Accepts,
    Refuses,
}

impl Cloud {
    pub(super) fn check(self, config: &Config<'_>, name: &str) -> Result<(), Error> {
        let keys = KeySet::read(config);
        let ways: Vec<String> = keys.logins.all().iter().map(Login::name).collect();
        match self {
            Self::Refuses if config.is_cloud() && keys.keys().is_empty() && !ways.is_empty() => {
                Err(Usage::NoKeyOnCloud { config: name.to_owned(), ways }.into())
            }
            Self::Refuses if config.is_cloud() => Err(Usage::NoScheduleOnCloud(name.to_owned()).into()),
            Self::Accepts | Self::Refuses => Ok(()),
        }
    }
}

/// What a command looked for, said where there is none of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Idle {
    Change,
    Removal,
    Correction,
    Due,
}

impl Idle {
    pub(super) fn message(self, config: &str) -> String {
        match self {
            Self::Change => "Nothing to do.".to_owned(),
            Self::Removal => format!("{}: nothing to remove.", Printable(config)),
            Self::Correction => "Nothing to correct.".to_owned(),
            Self::Due => "Nothing is due.".to_owned(),
        }
    }
}

/// What an error with one of several configs means for the others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failing {
    /// None is written.
    Together,
    /// It is told, and the others are written.
    Apart,
}
