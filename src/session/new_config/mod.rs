//! A new config and the files beside it, as they are planned, shown and written; and the secrets that an existing one lacks.

pub(crate) mod complete;
mod directory;
mod draft;
pub(crate) mod ending;
mod file_change;
pub(crate) mod fill;
pub(crate) mod questions;
mod steps;

pub(crate) use directory::Directory;
pub(crate) use draft::Draft;
pub(crate) use file_change::{FileChange, Finish, check_now, finish, show};
pub(crate) use steps::next_steps;
