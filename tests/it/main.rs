//! All tests of the program and its library, in one binary: `cargo test --test it NAME` runs those of a module.

#![allow(unreachable_pub, reason = "nobody uses a test crate")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attacks;
mod bounds;
mod canary;
mod cases;
mod common;
mod completions;
mod env;
mod faults;
mod fixtures;
mod forms;
mod fuzz;
mod git;
mod guide;
mod history;
mod init;
mod keys;
mod places;
mod policy;
mod printed;
mod probe;
mod probe_rotation;
mod profile;
mod proof;
mod properties;
mod readme;
mod refusals;
mod rules;
mod rules_page;
mod runners;
mod schedule;
mod secrecy;
mod start;
mod store;
#[path = "../../fuzz/src/lib.rs"]
mod targets;
mod token;
mod tokens;
mod transcripts;
mod verdicts;
