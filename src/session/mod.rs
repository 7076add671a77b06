//! Where a run's inputs come from, where secrets go, and how files change.

pub(crate) mod arguments;
pub(crate) mod ask;
pub(crate) mod change;
pub(crate) mod checking;
pub(crate) mod compared;
pub(crate) mod destination;
pub(crate) mod differ;
pub(crate) mod draft;
pub(crate) mod drop_env;
mod error;
pub(crate) mod files;
pub(crate) mod findings;
pub(crate) mod new_key;
pub(crate) mod policy;
pub mod policy_file;
pub(crate) mod read;
pub(crate) mod secret_write;
pub(crate) mod source;
pub(crate) mod token_input;
pub(crate) mod used_by;
pub(crate) mod values;
mod world;

pub use error::{Error, Source};
pub use world::{Terminal, World};

/// How a command ended that could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Done, or nothing to do.
    Done,
    /// Declined, or the answer to the question is no.
    No,
}
