//! Files: finding the config, reading it, and writing it whole or not at all.

mod file;
mod find;

pub use file::{Locked, Snapshot, StoreError, create, exists, is_open_to_others, read, snapshot};
pub use find::{FindError, find, found};
