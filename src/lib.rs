//! Rotate, retire and review the JWT signing keys of a self-hosted PowerSync Service.
//!
//! [`config`] reads what the service would read and edits the text in place, [`keyset`] makes typed keys of it,
//! [`schedule`] decides, and [`token`] mints and verifies. They know no clock, no randomness, no files and no network: what
//! they need is passed in.
//!
//! A rotation, from the text of a config to its new text:
//!
//! ```
//! use powersync_jwks::config::{Config, Input, edit};
//! use powersync_jwks::keyset::{HmacAlg, KeySet, Kid, Secret};
//! use powersync_jwks::random::System;
//! use powersync_jwks::schedule::{NewKey, Policy, RotateOptions, SecretForm, Terms, plan, rotate};
//! use powersync_jwks::time::NumericDate;
//!
//! let text = "client_auth:
//!   audience: [app]
//!   jwks:
//!     keys:
//!       - {kty: oct, alg: HS256, kid: first, k: c2VjcmV0LW9mLXRoZS1leGFtcGxlLXdpdGgtMzItYg} # the backend's
//! ";
//! let config = Config::parse_str(text, Input::Yaml)?;
//! let keys = KeySet::read(&config);
//! let now: NumericDate = "2026-11-23T09:31:00Z".parse()?;
//!
//! // What the decision is made under: how long things take, and what is refused as unsafe.
//! let policy = Policy::default();
//! let terms = Terms { policy: &policy, now, allowed: &[] };
//! let new = NewKey {
//!     kid: Some(Kid::new("second")?),
//!     kid_is_chosen: true,
//!     secret_is_imported: false,
//!     alg: HmacAlg::Hs256,
//!     secret: Secret::fresh(HmacAlg::Hs256.hash_length(), &System::new())?,
//!     iat: None,
//!     form: SecretForm::Inline,
//! };
//! let outcome = rotate(&keys, new, RotateOptions::default(), &terms)?;
//!
//! // The new key imitates the first one, index 0. Comments and all other bytes keep their places.
//! let edited = edit::apply(&config, &plan(&outcome.changes, now, Some(0)))?;
//! let after = KeySet::read(&Config::parse_str(&edited, Input::Yaml)?);
//! let kids = after.keys().iter().map(|key| key.kid.value().map(Kid::as_str));
//! assert!(kids.eq([Some("second"), Some("first")]));
//! assert!(edited.contains("# the backend's"));
//!
//! // The old key stays for as long as its tokens may live.
//! assert_eq!(after.keys()[1].exp.value(), Some(&(now + policy.overlap())));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The program itself is [`run`]: a command line in, an exit code out, and all that it touches in [`World`].
//!
//! ```
//! use powersync_jwks::probe::not_built_in;
//! use powersync_jwks::random::System;
//! use powersync_jwks::time::SystemClock;
//! use powersync_jwks::{Cli, Terminal, World, run};
//!
//! let config = "client_auth: {audience: [app], jwks: {keys: []}}";
//! let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
//! let cli = Cli::read(["powersync-jwks", "status", "--format", "json", "-c", "-"])?;
//! let code = run(
//!     &cli,
//!     &mut World {
//!         clock: &SystemClock,
//!         random: &System::new(),
//!         directory: "/".into(),
//!         variable: &|_| None,
//!         stdin: &mut config.as_bytes(),
//!         stdout: &mut stdout,
//!         stderr: &mut stderr,
//!         terminal: Terminal::default(),
//!         ask: &not_built_in,
//!         sleep: &|_| {},
//!     },
//! );
//! assert_eq!(code, 0);
//! let report: serde_json::Value = serde_json::from_slice(&stdout)?;
//! assert_eq!(report["version"], 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Inside, data flows one way:
//!
//! ```text
//! store ─► wrap ─► config ─► keyset ─► schedule ─► config ─► changeset ─► report
//! bytes    what is  what the   keys     decides     edits     shows, asks,  lays out,
//!          this?    service    (typed)  (typed      the text  writes whole  one format
//!                   reads               outcome)                            a file
//! ```

mod app;
mod base;
mod cli;
mod commands;
mod completion;
pub mod config;
mod explain;
mod init;
pub mod keyset;
pub mod probe;
mod redact;
mod report;
mod rules;
pub mod schedule;
mod session;
mod store;
mod syntax;
pub mod token;
mod wrap;

pub use app::run;
pub use base::{random, time};
pub use cli::Cli;
pub use session::{Error, Terminal, World};

/// What the program, the tests, the fuzz targets and the benchmarks of this package use beside the rest. No promise is
/// made of it.
#[doc(hidden)]
pub mod for_tests {
    pub use crate::app::json_usage_error;
    pub use crate::base::text::{Printable, report_of_panic, without_secrets};
    pub use crate::cli::{ClaimArg, Color, definition};
    pub use crate::completion::answer_shell;
    pub use crate::explain::events;
    pub use crate::probe::answer::read as read_answer;
    pub use crate::probe::plan::ProbePlan;
    pub use crate::redact::{Redactor, text_diff};
    pub use crate::rules::{Inspected, RULES, Rule, Selection, Severity, check, rule};
    pub use crate::schedule::promote::guard_live;
    pub use crate::schedule::simulate::stand_in;
    pub use crate::session::policy_file;
    pub use crate::store::{Locked, StoreError, create};
    pub use crate::token::jws::claims_of;
    pub use crate::token::nearest::nearest_cause;
    pub use crate::token::owner::owner_of;
    pub use crate::wrap::env_file::EnvFile;
    pub use crate::wrap::envelope::{Envelope, Unwrap};
}
