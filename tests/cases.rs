//! The command line, as documentation that is run: each `tests/cases/*.md` is a session in a folder of its own.
//!
//! Fenced blocks, from top to bottom: `yaml NAME` writes a file, `stdin` is what the next command reads, `console`
//! runs a command and holds what it printed on stdout, `stderr` what it printed there, `yaml after NAME` shows a file
//! as it is then, `yaml running HOST` is what a replica of the service runs with. `console now=… terminal jump=…` sets the clock, puts a person at the terminal, or lets the clock
//! jump by that many seconds after the first look at it. `BLESS=1 cargo test --test cases` writes the outputs anew.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::Path;

use common::service::Replicas;
use common::{Scene, date, expect_file, root};
use powersync_jwks::time::NumericDate;

/// The session as it comes out, with the same prose and inputs.
fn play(text: &str) -> String {
    let mut scene = Scene::new();
    let replicas = Replicas::default();
    scene.ask = replicas.ask();
    let mut played: Vec<String> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            played.push(line.to_owned());
            continue;
        };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        match info.split(' ').collect::<Vec<_>>().as_slice() {
            // Written anew behind its command.
            ["stderr"] => {
                if played.last().is_some_and(String::is_empty) {
                    played.pop();
                }
            }
            ["stdin"] => {
                scene.stdin = (body.join("\n") + "\n").into_bytes();
                played.extend(block(info, &body.join("\n")));
            }
            ["console", options @ ..] => {
                replicas.set_clocks(now_of(options).unwrap_or(scene.now));
                let command = body.first().unwrap();
                let (stdout, stderr) = console(&mut scene, options, command);
                played.extend(block(info, &stdout));
                if !stderr.is_empty() {
                    played.push(String::new());
                    played.extend(block("stderr", &stderr));
                }
            }
            [_, "running", host] => {
                replicas.restart(host, &body.join("\n"), scene.now);
                played.extend(block(info, &body.join("\n")));
            }
            [_, "after", name] => played.extend(block(info, scene.text(name).trim_end_matches('\n'))),
            [_, name] => {
                scene.write(name, body.join("\n") + "\n");
                played.extend(block(info, &body.join("\n")));
            }
            other => panic!("what is a block of {other:?}?"),
        }
    }
    played.join("\n") + "\n"
}

fn block(info: &str, body: &str) -> Vec<String> {
    vec![format!("```{info}"), body.to_owned(), "```".to_owned()]
}

fn now_of(options: &[&str]) -> Option<NumericDate> {
    options.iter().find_map(|option| Some(date(option.strip_prefix("now=")?)))
}

/// Runs a command and returns what belongs into its two blocks.
fn console(scene: &mut Scene, options: &[&str], command: &str) -> (String, String) {
    scene.terminal = options.contains(&"terminal");
    scene.jump = 0;
    for option in options {
        match option.split_once('=') {
            Some(("now", moment)) => scene.now = date(moment),
            Some(("jump", seconds)) => scene.jump = seconds.parse().unwrap(),
            _ => {}
        }
    }
    let outcome = scene.run(command.strip_prefix("$ powersync-jwks ").unwrap());
    scene.stdin.clear();
    let mut stdout = format!("{command}\n{}", outcome.stdout);
    if outcome.code != 0 {
        stdout = format!("{}\n[exit {}]", stdout.trim_end_matches('\n'), outcome.code);
    }
    let clean = |text: &str| text.replace(scene.folder.path().to_str().unwrap(), "FOLDER");
    (clean(stdout.trim_end_matches('\n')), clean(outcome.stderr.trim_end_matches('\n')))
}

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
