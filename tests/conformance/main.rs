//! Against the programs we have to agree with: PowerSync's npm packages, `jose`, Node. Needs Node, `npm ci` in this
//! directory, and the feature `conformance`.

#![allow(unreachable_pub, reason = "nobody uses a test crate")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../it/common/mod.rs"]
mod common;
mod formats;
mod init;
#[cfg(feature = "probe")]
mod probe;
mod reading;
mod tokens;
