//! Two timers on two clones of one repository: what each sees, and that nothing is lost.

use std::path::Path;
use std::process::Command;

use crate::common::process::git;
use crate::common::{Scene, date};

const CONFIG: &str = "\
storage: {type: mongodb}
client_auth:
  audience: ['app']
  jwks:
    keys:
      - kty: oct
        alg: HS256
        kid: prod-1
        k: 7oOUMQRmDAtPFHSxu4FGTLlfCXJ2dXBPZuXeJVAtlHY
        iat: 1780000000
";

/// A clone, in which a timer runs.
fn clone(origin: &Scene, seed: u64) -> Scene {
    let mut scene = Scene::new();
    scene.seed = seed;
    let path = origin.folder.path().to_str().unwrap();
    git(scene.folder.path(), &["clone", "--quiet", path, "."]);
    scene
}

/// Runs the timer, and commits what it wrote. Tells whether it wrote anything.
fn run(scene: &mut Scene, now: &str) -> bool {
    scene.now = date(now);
    let before = scene.text("powersync.yaml");
    let outcome = scene.run("reconcile --yes");
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let wrote = scene.text("powersync.yaml") != before;
    if wrote {
        git(scene.folder.path(), &["commit", "--quiet", "--all", "--message", "reconcile"]);
    }
    wrote
}

fn push(scene: &Scene, branch: &str) {
    git(scene.folder.path(), &["push", "--quiet", "origin", &format!("HEAD:{branch}")]);
}

/// Whether a branch could be merged.
fn merges(at: &Path, branch: &str) -> bool {
    let merge =
        Command::new("git").current_dir(at).args(["merge", "--quiet", "--no-edit", branch]).output().unwrap();
    merge.status.success()
}

#[test]
fn two_clones_that_both_reconcile_conflict_and_lose_nothing() {
    let origin = Scene::with("powersync.yaml", CONFIG);
    let root = origin.folder.path();
    git(root, &["init", "--quiet", "--initial-branch", "main"]);
    git(root, &["add", "--all"]);
    git(root, &["commit", "--quiet", "--message", "start"]);
    let (mut one, mut two) = (clone(&origin, 1), clone(&origin, 2));
    for (first, second) in
        [("2026-11-23T06:00:00Z", "2026-11-23T06:00:07Z"), ("2026-11-30T06:00:00Z", "2026-11-30T09:00:00Z")]
    {
        // Each finds the same due, and commits it.
        assert!(run(&mut one, first) && run(&mut two, second));
        push(&one, "one");
        push(&two, "two");
        assert!(merges(root, "one"));
        let merged = origin.text("powersync.yaml");
        assert!(!merges(root, "two"), "{}", origin.text("powersync.yaml"));
        git(root, &["merge", "--abort"]);
        assert_eq!(origin.text("powersync.yaml"), merged);
        // Who comes second takes what is merged, and finds nothing due.
        for scene in [&one, &two] {
            git(scene.folder.path(), &["fetch", "--quiet"]);
            git(scene.folder.path(), &["reset", "--quiet", "--hard", "origin/main"]);
        }
        assert!(!run(&mut two, second));
        assert_eq!(two.text("powersync.yaml"), merged);
        git(root, &["branch", "--quiet", "--delete", "--force", "one", "two"]);
        git(two.folder.path(), &["fetch", "--quiet", "--prune"]);
    }
}

#[test]
fn two_runs_on_one_file_are_one_after_the_other() {
    let mut scene = Scene::with("powersync.yaml", CONFIG);
    for (seed, writes) in [(1, true), (2, false)] {
        scene.seed = seed;
        let before = scene.text("powersync.yaml");
        assert_eq!(scene.run("reconcile --yes").code, 0);
        assert_eq!(scene.text("powersync.yaml") != before, writes);
    }
}
