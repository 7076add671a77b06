//! What is published, and who could change it on its way.

use crate::common::root;

/// The lines of all workflows, without white space and the sign of a list.
fn lines() -> Vec<String> {
    let files = std::fs::read_dir(root().join(".github/workflows")).unwrap();
    let texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    texts
        .flat_map(|text| {
            text.lines().map(|line| line.trim().trim_start_matches("- ").to_owned()).collect::<Vec<_>>()
        })
        .collect()
}

/// An action that someone moves to another commit, and a token that stays in the clone.
#[test]
fn actions_that_move() {
    let lines = lines();
    assert!(lines.iter().any(|line| line.starts_with("uses:")));
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("uses:")) {
        let commit = line.split('@').nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_default();
        assert!(commit.len() == 40 && commit.bytes().all(|c| c.is_ascii_hexdigit()), "{line}");
        if line.contains("actions/checkout") {
            assert_eq!(lines[at + 1], "with: {persist-credentials: false}");
        }
    }
}

/// A build that could write: the one job that may has no source and builds nothing.
#[test]
fn builds_that_may_write() {
    let release = std::fs::read_to_string(root().join(".github/workflows/release.yaml")).unwrap();
    let (builds, publish) = release.split_once("\n  publish:\n").unwrap();
    assert!(builds.contains("\npermissions: {contents: read}\n") && !builds.contains("write}"), "{builds}");
    for word in ["checkout", "cargo", "buildx", "npm ci", "scripts/", "--clobber"] {
        assert!(!publish.contains(word), "{word}");
    }
}
