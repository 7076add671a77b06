//! What some commands make of some of the configs in `fixtures/`, to be read: `tests/transcripts/NAME.md` has those of
//! `fixtures/NAME`.
//!
//! A `console` block holds a run and what it changed, as a diff of the file, or why it refused. Each starts from the
//! fixture; `# then` goes on from the run before, `# a week later` does so at that time. `BLESS=1 cargo test --test it
//! transcripts` rewrites the outputs.

use std::fs;

use crate::common::{Scene, expect_file, fixtures, raw_diff, root, run_on_fixture};

/// The transcript as it comes out, with the same prose and runs.
fn play(text: &str, file: &str, content: &[u8]) -> String {
    let mut scene = Scene::with(file, content);
    let mut played = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        played.push(line.to_owned());
        if line != "```console" {
            continue;
        }
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let command = body[0].strip_prefix("$ powersync-jwks ").unwrap();
        let (before, outcome) = run_on_fixture(&mut scene, file, content, command);
        let after = scene.read(file);
        let mut output = outcome.stdout;
        if outcome.code != 0 {
            output = format!("{output}{}\n[exit {}]", outcome.stderr.trim_end(), outcome.code);
        } else {
            if before != after || output.is_empty() {
                output = raw_diff(&before, &after);
            }
            let told = |line: &&str| line.starts_with("note: ") || line.starts_with("warning: ");
            output.extend(outcome.stderr.lines().filter(told).map(|line| format!("{line}\n")));
        }
        played.extend([body[0].to_owned(), output.trim_end().to_owned(), "```".to_owned()]);
    }
    played.join("\n") + "\n"
}

#[test]
fn every_transcript_plays_as_written() {
    let mut failures = Vec::new();
    let fixtures = fixtures();
    for path in fs::read_dir(root().join("tests/transcripts")).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (_, file, content) = fixtures.iter().find(|(fixture, ..)| fixture == name).expect(name);
        let text = fs::read_to_string(&path).unwrap();
        failures.extend(expect_file(&path, &play(&text, file, content)).err());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
