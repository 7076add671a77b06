//! Files: finding the config, reading it, and writing it whole or not at all.

mod file;
mod find;
pub mod git;
mod search;

pub use file::{Locked, Snapshot, StoreError, create, mode, read, snapshot};
pub use find::{FindError, find};
pub use search::{TOP_MEMBERS, configs_below, is_config, may_be_config};
