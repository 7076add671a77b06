//! Every rule of `check` and `diff`: `tests/rules/ID.md` is a session (see `tests/it/cases.rs`) that shows a file with the
//! fault, and one that comes near it and is fine.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::common::process::git;
use crate::common::session::play;
use crate::common::{Scene, expect_file, root};
use powersync_jwks::for_tests::RULES;

/// Rules about what a session has not: permissions and a git repository.
const SHOWN_BELOW: [&str; 4] = ["file-mode", "inline-secret", "policy-changed", "config-moved"];

const WITH_SECRET: &str = "storage: {type: mongodb}
client_auth:
  audience: ['app']
  jwks:
    keys:
      - kty: oct
        alg: HS256
        k: cGBLqZyvwPcfxEbYpKD3m0rAWlJ0VQZkdh1sDXRt9XE
        kid: prod-1
";

#[test]
fn every_rule_finds_its_fault_and_no_near_miss() {
    let mut failures = Vec::new();
    for rule in RULES {
        let path = root().join(format!("tests/rules/{}.md", rule.id));
        let text = fs::read_to_string(&path).unwrap_or_default();
        let played = play(&text);
        failures.extend(expect_file(&path, &played).err());
        let outputs = played.split("```console").skip(1).map(|rest| rest.split("```").next().unwrap());
        let (found, fine): (Vec<_>, Vec<_>) =
            outputs.partition(|output| output.contains(&format!("[{}]", rule.id)));
        let elsewhere = SHOWN_BELOW.contains(&rule.id);
        if found.is_empty() != elsewhere || fine.is_empty() {
            failures.push(format!(
                "{}: a command must find `{}`, and another, on a file that comes near it, nothing",
                path.display(),
                rule.id
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn rules_are_told_apart_and_described() {
    for (index, rule) in RULES.iter().enumerate() {
        assert!(RULES[..index].iter().all(|other| other.id != rule.id), "{}", rule.id);
        for text in [rule.finds, rule.why, &rule.fix().to_string()] {
            assert!(text.ends_with(['.', ')']) && !text.contains("  "), "{}: {text}", rule.id);
        }
    }
}

fn set_mode(scene: &Scene, name: &str, mode: u32) {
    fs::set_permissions(scene.path(name), fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn file_mode_is_found_where_others_may_read_a_secret() {
    let scene = Scene::with("powersync.yaml", WITH_SECRET);
    for mode in [0o644, 0o604, 0o666] {
        set_mode(&scene, "powersync.yaml", mode);
        let outcome = scene.run("check --rule file-mode");
        let message = format!("(mode {mode:o}), and secrets are in it\n");
        assert!(outcome.stdout.contains("warning[file-mode]: everyone on this machine may read this file"));
        assert!(outcome.stdout.contains(&message), "{}", outcome.stdout);
        // The official image has to be able to read it still.
        assert!(outcome.stdout.contains("901"), "{}", outcome.stdout);
        assert_eq!(outcome.code, 0);
    }
    for mode in [0o600, 0o640, 0o660] {
        set_mode(&scene, "powersync.yaml", mode);
        assert!(!scene.run("check --rule file-mode").stdout.contains("file-mode"), "{mode:o}");
    }
    // It is never changed, not even by `--fix`.
    set_mode(&scene, "powersync.yaml", 0o644);
    scene.run("check --fix --yes --rule file-mode");
    let mode = fs::metadata(scene.path("powersync.yaml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    // Git keeps no such modes: in a checkout they say nothing.
    git(scene.folder.path(), &["init", "-q"]);
    git(scene.folder.path(), &["add", "powersync.yaml"]);
    assert!(!scene.run("check --rule file-mode").stdout.contains("file-mode"));
}

#[test]
fn inline_secret_is_found_where_git_tracks_the_file() {
    let scene = Scene::with("powersync.yaml", WITH_SECRET);
    scene.write("local.yaml", WITH_SECRET);
    scene.write(
        "variable.yaml",
        WITH_SECRET.replace("cGBLqZyvwPcfxEbYpKD3m0rAWlJ0VQZkdh1sDXRt9XE", "!env PS_K"),
    );
    git(scene.folder.path(), &["init", "-q"]);
    git(scene.folder.path(), &["add", "powersync.yaml", "variable.yaml"]);
    git(scene.folder.path(), &["commit", "-q", "-m", "a"]);
    let outcome = scene.run("check --rule inline-secret powersync.yaml local.yaml variable.yaml");
    let found = "warning[inline-secret]: the secret of prod-1 is in plaintext in a file that git tracks
 --> powersync.yaml:8:12
  |
8 |         k: ‹secret 1›
  |            ^^^^^^^^^^
  = Move it into a variable, in an env file that git ignores:
    `powersync-jwks move-secret prod-1 --to env --env-file .env`. Then rotate: the old one is in the
    history.
";
    assert!(outcome.stdout.ends_with(found), "{}", outcome.stdout);
    assert!(scene.run("check powersync.yaml").stdout.contains("inline-secret"));
}
