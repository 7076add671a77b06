//! Writes the man pages into a directory: `cargo run --example man -- DIRECTORY`.

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let directory = std::env::args_os().nth(1).map(PathBuf::from);
    let directory = directory.ok_or_else(|| std::io::Error::other("usage: man DIRECTORY"))?;
    std::fs::create_dir_all(&directory)?;
    clap_mangen::generate_to(powersync_jwks::for_tests::definition().disable_help_subcommand(true), directory)
}
