//! Rotate, retire and review the JWT signing keys of a self-hosted PowerSync Service.
//!
//! One way, no back and forth:
//!
//! ```text
//! store ─► config ─► keyset ─► lifecycle ─► config ─► review ─► store
//!  bytes    text +     keys      decides      text      shows     writes
//!           spans    (typed)    (changes)    edited    & asks    whole
//! ```
//!
//! [`config`] reads what the service would read and edits the text in place, [`keyset`] makes typed keys of it,
//! [`lifecycle`] decides, [`review`] says what a change means, [`check`] finds what would break a config, [`token`] mints
//! and verifies, [`probe`] asks running services, [`init`] makes what isn't there yet. They know no clock, no randomness, no
//! files and, but for `probe::http`, no network: [`run`] hands these in, through [`World`].

pub mod check;
pub mod cli;
mod commands;
pub mod config;
pub mod display;
pub mod env_file;
pub mod envelope;
mod error;
pub mod init;
pub mod keyset;
pub mod lifecycle;
mod manifest;
pub mod policy_file;
pub mod probe;
pub mod random;
mod report;
pub mod review;
pub mod store;
pub mod time;
pub mod token;
mod wiped;
mod world;

pub use cli::Cli;
pub use commands::run;
pub use error::{Error, Source};
pub use report::CannotExport;
pub use world::{Terminal, World};
