//! The command line, as documentation that is run: each `tests/cases/*.md` is a session in a directory of its own.
//!
//! Fenced blocks, from top to bottom: `yaml NAME` writes a file, `stdin` is what the next command reads, `console`
//! runs a command and holds what it printed on stdout, `stderr` what it printed there, `yaml after NAME` shows a file
//! as it is then, `yaml running HOST` is what a replica of the service runs with. `console now=… terminal jump=…` sets the clock, puts a person at the terminal, or lets the clock
//! jump by that many seconds after the first look at it. `BLESS=1 cargo test --test it cases` rewrites the outputs.

use std::fs;
use std::path::Path;

use crate::common::session::play;
use crate::common::{expect_file, root};

#[test]
fn every_case_plays_as_written() {
    let mut failures = Vec::new();
    let mut paths: Vec<_> =
        fs::read_dir(root().join("tests/cases")).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        failures.extend(expect_file(&path, &play(&text)).err());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_wrong_output_is_noticed() {
    let text =
        "```yaml powersync.yaml\nport: 1\n```\n\n```console\n$ powersync-jwks status\nsomething else\n```\n";
    assert_ne!(play(text), text);
    let dir = tempfile::tempdir().unwrap();
    let path: &Path = &dir.path().join("case.md");
    fs::write(path, text).unwrap();
    assert!(std::env::var_os("BLESS").is_some() || expect_file(path, &play(text)).is_err());
}
