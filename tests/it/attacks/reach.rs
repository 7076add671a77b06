//! A policy or a file that would have the tool read, write or send elsewhere, or never end.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use powersync_jwks::for_tests::{Locked, StoreError};

use super::{BASE, branch, has};
use crate::common::Scene;
use crate::common::process::git;

/// An env file of the policy that is outside of the repository or in its `.git`, by its path or through a link.
#[cfg(unix)]
#[test]
fn an_env_file_outside_of_the_repository() {
    let elsewhere = Scene::with(".env", "PS_JWKS_KEY_1=x\n");
    let outside = elsewhere.path(".env").display().to_string();
    for (name, target) in [
        (outside.clone(), None),
        ("../../elsewhere.env".to_owned(), None),
        ("link.env".to_owned(), Some(outside.clone())),
        ("link/.env".to_owned(), Some(elsewhere.folder.path().display().to_string())),
        ("new/../../../x.env".to_owned(), None),
        ("broken.env".to_owned(), Some("/nowhere/at/all".to_owned())),
        ("../.git/config".to_owned(), None),
        ("../.git/hooks/pre-commit".to_owned(), None),
        ("hooks/pre-commit".to_owned(), Some("../.git/hooks".to_owned())),
    ] {
        let scene = branch();
        scene.write("deploy/powersync-jwks.yaml", format!("env_file: '{name}'\n"));
        if let Some(target) = target {
            let link = name.split('/').next().unwrap();
            std::os::unix::fs::symlink(target, scene.path("deploy").join(link)).unwrap();
        }
        for command in ["rotate --secrets env --yes", "reconcile --secrets env --yes", "promote --yes"] {
            let outcome = scene.run(&format!("-c deploy/powersync.yaml {command}"));
            has(&outcome, 2, &["powersync-jwks.yaml:1: env_file: the path leads out"]);
        }
        has(&scene.run("check deploy/powersync.yaml"), 0, &["policy-unreadable", "env_file"]);
        assert_eq!(elsewhere.text(".env"), "PS_JWKS_KEY_1=x\n");
    }
    // Inside of the repository it may be anywhere.
    let scene = branch();
    scene.write("deploy/powersync-jwks.yaml", "env_file: ../secrets/.env\n");
    scene.write("secrets/.env", "");
    has(&scene.run("-c deploy/powersync.yaml rotate --secrets env --yes"), 0, &["secrets/.env"]);
}

/// Addresses that only a policy names: what writes nothing sends nothing there.
#[test]
fn addresses_of_the_policy() {
    let mut scene = branch();
    let standby = BASE.replace("iat: 1795000000", "iat: 1795000000\n      - kty: oct\n        alg: HS256\n        kid: next\n        k: hT4mXc9VbQ2wLz7KpJ5sRn8YfGd3UeAk6iOoWyHtMvA\n        iat: 1795100000\n        nbf: 1795200000");
    scene.write("deploy/powersync.yaml", standby);
    scene.write("deploy/powersync-jwks.yaml", "probe: [https://attacker.example]\nrotate_every: 400d\n");
    let asked = Rc::new(RefCell::new(0));
    let count = Rc::clone(&asked);
    scene.ask = Box::new(move |_| {
        *count.borrow_mut() += 1;
        Err(powersync_jwks::probe::CannotAsk::NotBuiltIn)
    });
    for command in [
        "-c deploy/powersync.yaml promote --dry-run",
        "-c deploy/powersync.yaml reconcile --dry-run",
        "-c deploy/powersync.yaml reconcile --check",
        "-c deploy/powersync.yaml prune --dry-run",
    ] {
        let said = super::all(&scene.run(command));
        assert!(said.contains("not asked") && said.contains("--probe-policy"), "{command}: {said}");
    }
    for command in [
        "-c deploy/powersync.yaml status",
        "check deploy/powersync.yaml",
        "check .",
        "diff --git",
        "-c deploy/powersync.yaml timeline",
    ] {
        scene.run(command);
    }
    assert_eq!(*asked.borrow(), 0);
    // Asked to, they ask; and what writes asks as the policy wants.
    for command in ["promote --dry-run --probe-policy", "reconcile --check --probe-policy", "promote --yes"] {
        let before = *asked.borrow();
        assert_eq!(scene.run(&format!("-c deploy/powersync.yaml {command}")).code, 2, "{command}");
        assert_eq!(*asked.borrow(), before + 1, "{command}");
    }
}

/// Many links to one large file, and one that they would hide.
#[cfg(unix)]
#[test]
fn many_links_to_a_large_file() {
    let scene = branch();
    scene.write("text", BASE);
    std::os::unix::fs::symlink("text", scene.path("z.yaml")).unwrap();
    super::commit(&scene);
    git(scene.folder.path(), &["branch", "--force", "main"]);
    scene.write("text", super::BAD);
    scene.write("large", "# a comment\n".repeat(1_500_000));
    for number in 0..8 {
        std::os::unix::fs::symlink("large", scene.path(&format!("a{number}.yaml"))).unwrap();
    }
    has(
        &scene.run("diff --git"),
        2,
        &["z.yaml", "the links up to this one lead to more than 64 MiB together"],
    );
    has(&scene.run("check ."), 0, &["z.yaml"]);
}

/// Files that don't end, or that nobody writes to, where the tool looks around.
#[cfg(unix)]
#[test]
fn files_that_do_not_end() {
    let begun = Instant::now();
    let pipe = |scene: &Scene, name: &str| {
        let made = std::process::Command::new("mkfifo").arg(scene.path(name)).status().unwrap();
        assert!(made.success());
    };
    for name in ["compose.yaml", "deployment.yaml", ".gitignore", ".env", "powersync-jwks.yaml", "other.json"]
    {
        for target in [Some("/dev/zero"), None] {
            let scene = branch();
            // No branch holds a pipe; git itself would wait for one of this name.
            if target.is_none() && name == ".gitignore" {
                continue;
            }
            match target {
                Some(target) => std::os::unix::fs::symlink(target, scene.path("deploy").join(name)).unwrap(),
                None => pipe(&scene, &format!("deploy/{name}")),
            }
            for command in [
                "check .",
                "diff --git",
                "-c deploy/powersync.yaml status",
                "-c deploy/powersync.yaml rotate --dry-run",
                "-c deploy/powersync.yaml rotate --secrets env --dry-run",
                "init --dry-run deploy",
            ] {
                scene.run(command);
            }
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(120), "{:?}", begun.elapsed());
}

/// A lock that another program never lets go.
#[test]
fn a_lock_that_is_never_let_go() {
    let scene = Scene::with("powersync.yaml", BASE);
    let path = scene.path("powersync.yaml");
    let _held = Locked::open(&path, || ()).unwrap();
    let mut told = 0;
    let second = Locked::open_within(Duration::from_millis(100), &path, || told += 1);
    assert!(matches!(second, Err(StoreError::Busy(_))));
    assert_eq!(told, 1);
}

/// Files that commands which write find below a directory: no links, and nothing that git ignores.
#[cfg(unix)]
#[test]
fn what_is_written_below_a_directory() {
    let elsewhere = Scene::with("powersync.yaml", BASE);
    let scene = branch();
    std::os::unix::fs::symlink(elsewhere.path("powersync.yaml"), scene.path("deploy/other.yaml")).unwrap();
    std::os::unix::fs::symlink(elsewhere.folder.path(), scene.path("away")).unwrap();
    scene.write("ignored/powersync.yaml", BASE);
    scene.write(".gitignore", "ignored/\n");
    git(scene.folder.path(), &["add", ".gitignore"]);
    let outcome = scene.run("reconcile --yes .");
    assert_eq!(elsewhere.text("powersync.yaml"), BASE);
    assert_eq!(scene.text("ignored/powersync.yaml"), BASE);
    has(&outcome, outcome.code, &["deploy/powersync.yaml"]);
}
