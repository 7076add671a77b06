//! Files: finding the config, reading it, and writing it whole or not at all.

mod file;
mod find;

pub use file::{Locked, Snapshot, StoreError, create_private, read, snapshot};
pub use find::{FindError, find};
