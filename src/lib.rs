//! Rotate, retire and review the JWT signing keys of a self-hosted PowerSync Service.
//!
//! One way, no back and forth:
//!
//! ```text
//! store ─► wrap ─► config ─► keyset ─► schedule ─► config ─► changeset ─► report
//! bytes    what is  what the   keys     decides     edits     shows, asks,  lays out,
//!          this?    service    (typed)  (typed      the text  writes whole  one format
//!                   reads               outcome)                            a file
//! ```
//!
//! [`config`] reads what the service would read and edits the text in place, [`keyset`] makes typed keys of it,
//! [`schedule`] decides, [`explain`] says what a change means, [`rules`] finds what would break a config, [`token`] mints
//! and verifies, [`probe`] asks running services, [`init`] makes what isn't there yet. They know no clock, no randomness,
//! no files and, but for `probe::http`, no network: [`run`] hands these in, through [`World`].

mod app;
pub mod base;
pub mod cli;
mod commands;
pub mod config;
pub mod explain;
pub mod init;
pub mod keyset;
pub mod probe;
pub mod redact;
mod report;
pub mod rules;
pub mod schedule;
pub mod session;
pub mod store;
mod syntax;
pub mod token;
pub mod wrap;

pub use app::{json_usage_error, run};
pub use base::{random, text, time};
pub use cli::Cli;
pub use report::CannotExport;
pub use session::{Error, Source, Terminal, World, policy_file};
