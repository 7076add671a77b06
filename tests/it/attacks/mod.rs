//! What a branch, a network or another user might try, by kind. `docs/security-tests.md` is made of these tests.

mod code;
mod hiding;
mod names;
mod reach;
mod redaction;
mod silence;
mod supply;

use std::fmt::Write as _;

use crate::common::process::git;
use crate::common::{Outcome, Scene, expect_file, root};

/// A config as it is on the base branch.
const BASE: &str = "\
storage: {type: mongodb}
client_auth:
  audience: ['app']
  jwks:
    keys:
      - kty: oct
        alg: HS256
        kid: prod-2
        k: 7oOUMQRmDAtPFHSxu4FGTLlfCXJ2dXBPZuXeJVAtlHY
        iat: 1795000000
      - kty: oct
        alg: HS256
        kid: prod-1
        k: mWvJtPvLDbBY5hjZ7bXOXUQNn1nTtIUB6b1pFLrD8lE
        exp: 1795858620
";

/// What a branch would like to hide: a key that signs for anyone, in place of the one that retires.
const BAD: &str = "\
storage: {type: mongodb}
client_auth:
  audience: ['app']
  jwks:
    keys:
      - kty: oct
        alg: HS256
        kid: prod-2
        k: 7oOUMQRmDAtPFHSxu4FGTLlfCXJ2dXBPZuXeJVAtlHY
        iat: 1795000000
";

/// What is found in [`BAD`].
const FOUND: &str = "removed-early";

/// A repository whose `main` has a config, on a branch.
fn branch() -> Scene {
    let scene = Scene::with("deploy/powersync.yaml", BASE);
    git(scene.folder.path(), &["init", "--quiet"]);
    commit(&scene);
    git(scene.folder.path(), &["switch", "--quiet", "--create", "branch"]);
    scene
}

fn commit(scene: &Scene) {
    git(scene.folder.path(), &["add", "--all", "--force"]);
    git(scene.folder.path(), &["commit", "--quiet", "--allow-empty", "--message", "change"]);
}

fn all(outcome: &Outcome) -> String {
    format!("{}\n{}", outcome.stdout, outcome.stderr)
}

/// Fails unless the run ended with this code and said all of this.
fn has(outcome: &Outcome, code: u8, words: &[&str]) {
    let all = all(outcome);
    assert_eq!(outcome.code, code, "{all}");
    for word in words {
        assert!(all.contains(word), "{word} is missing in\n{all}");
    }
}

/// The table of attacks: what each test says about itself.
#[test]
fn the_table_of_attacks_is_made_of_the_tests() {
    const KINDS: [(&str, &str); 7] = [
        ("code", "Code runs, or the branch chooses what it is compared with"),
        ("silence", "The branch judges itself"),
        ("hiding", "A config is hidden"),
        ("reach", "A policy or a file reaches elsewhere, or never ends"),
        ("names", "Names become commands or markup"),
        ("redaction", "A secret is shown"),
        ("supply", "A release is another than its source"),
    ];
    let mut page = String::from(
        "# Attacks, and the tests that hold against them\n\nMade from `tests/it/attacks/`: each line is what a test says \
         of itself. `cargo test --test it attacks` runs them.\n",
    );
    for (kind, title) in KINDS {
        let file = format!("tests/it/attacks/{kind}.rs");
        let text = std::fs::read_to_string(root().join(&file)).unwrap();
        let _ = writeln!(page, "\n## {title}\n\n| attack | test in `{file}` |\n| --- | --- |");
        let mut said = String::new();
        let mut is_test = false;
        for line in text.lines() {
            if let Some(line) = line.strip_prefix("///") {
                said.push_str(line);
            } else if line.starts_with("#[") {
                is_test |= line == "#[test]";
            } else {
                if let Some(name) = line.strip_prefix("fn ").and_then(|line| line.split('(').next())
                    && is_test
                {
                    assert!(!said.is_empty(), "{file}: {name} doesn't say what it tries");
                    let _ = writeln!(page, "| {} | `{name}` |", said.trim().replace('|', "\\|"));
                }
                (said, is_test) = (String::new(), false);
            }
        }
    }
    expect_file(&root().join("docs/security-tests.md"), &page).unwrap();
}
