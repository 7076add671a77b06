//! Where a run's inputs come from, where secrets go, and how files change.

pub(crate) mod arguments;
pub(crate) mod ask;
pub(crate) mod change;
pub(crate) mod change_report;
pub(crate) mod change_talk;
pub(crate) mod changeset;
pub(crate) mod checking;
pub(crate) mod compared;
mod config_plan;
pub(crate) mod destination;
pub(crate) mod differ;
pub(crate) mod drop_env;
pub(crate) mod env_files;
mod error;
pub(crate) mod facts;
pub(crate) mod findings;
pub(crate) mod key_sets;
pub(crate) mod mask;
mod moved;
pub(crate) mod near;
pub(crate) mod new_config;
pub(crate) mod new_key;
pub(crate) mod operation;
pub(crate) mod outlook;
pub(crate) mod overview;
pub(crate) mod policy;
pub mod policy_file;
pub(crate) mod probe_wait;
pub(crate) mod question;
pub(crate) mod read;
pub(crate) mod review_policy;
mod run;
pub(crate) mod secret_write;
pub(crate) mod shared;
pub(crate) mod sides;
pub(crate) mod source;
pub(crate) mod token_input;
pub(crate) mod token_judge;
pub(crate) mod trees;
pub(crate) mod two_steps;
mod usage;
pub(crate) mod used_by;
pub(crate) mod values;
mod world;

pub use error::Error;
pub(crate) use source::Source;
pub(crate) use usage::{NoPlace, Usage};
pub use world::{Terminal, World};

/// How a command ended that could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Done, or nothing to do.
    Done,
    /// Declined, or the answer to the question is no.
    No,
}
