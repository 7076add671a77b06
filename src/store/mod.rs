//! Files: finding the config, reading it, and writing it whole or not at all.

mod error;
mod file;
mod find;
pub(crate) mod git;
mod ignored;
mod mounts;
mod platform;
mod preflight;
mod search;
mod temporary;

pub use error::StoreError;
pub use file::{Locked, create};
pub(crate) use file::{Snapshot, exists, is_inside, is_open_to_others, mode, read, small, snapshot};
pub(crate) use find::{FindError, find, found};
pub(crate) use ignored::is_ignored;
pub(crate) use platform::{ObjectFile, Platform, compose_file, detect, in_git};
pub(crate) use preflight::{try_create, try_replace};
pub(crate) use search::{all_below, files_below, is_looked_into, may_be_config};
