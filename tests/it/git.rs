//! `diff --git` and what depends on git, in real repositories.

use std::process::Command;

use crate::common::process::{git, program};
use crate::common::{Outcome, Scene};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const OLD: &str = "\
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
storage: {type: mongodb}
";

/// A repository with one commit on `main`.
fn repository() -> Scene {
    let scene = Scene::with("deploy/powersync.yaml", OLD);
    git(scene.folder.path(), &["init", "--quiet"]);
    commit(&scene);
    scene
}

fn commit(scene: &Scene) {
    git(scene.folder.path(), &["add", "--all"]);
    git(scene.folder.path(), &["commit", "--quiet", "--message", "change"]);
}

/// The config without the key that retires.
fn without_prod_1() -> String {
    OLD.split_inclusive("      - kty: oct")
        .take(2)
        .collect::<String>()
        .trim_end_matches("      - kty: oct")
        .to_owned()
}

fn has(outcome: &Outcome, code: u8, words: &[&str]) {
    assert_eq!(outcome.code, code, "{outcome:?}");
    let all = format!("{}\n{}", outcome.stdout, outcome.stderr);
    for word in words {
        assert!(all.contains(word), "{word} is missing in\n{all}");
    }
}

#[test]
fn the_working_tree_is_compared_with_the_default_branch() {
    let scene = repository();
    has(&scene.run("diff --git"), 0, &["0 configs compared", "nothing found"]);
    git(scene.folder.path(), &["switch", "--quiet", "--create", "branch"]);
    scene.write("deploy/powersync.yaml", without_prod_1());
    has(
        &scene.run("diff --git"),
        1,
        &["deploy/powersync.yaml: ", "(main) → working tree", "error[removed-early]"],
    );
    commit(&scene);
    has(&scene.run("diff --git"), 1, &["- removed prod-1", "error[removed-early]: prod-1"]);
    has(&scene.run("diff --git HEAD"), 0, &["0 configs compared"]);
    has(
        &scene.run("diff --git HEAD~1 -- deploy/powersync.yaml"),
        1,
        &["HEAD~1 → working tree", "removed-early"],
    );
    has(&scene.run("diff --git=main deploy/powersync.yaml"), 1, &["removed-early"]);
    has(&scene.run("diff --git main -c deploy/powersync.yaml"), 1, &["removed-early"]);
}

#[test]
fn what_is_staged_and_two_revisions() {
    let scene = repository();
    scene.write("deploy/powersync.yaml", without_prod_1());
    has(&scene.run("diff --staged"), 0, &["0 configs compared"]);
    git(scene.folder.path(), &["add", "--all"]);
    let staged = ["HEAD → what is staged", "error[removed-early]"];
    has(&scene.run("diff --staged"), 1, &staged);
    // What is in the working tree besides is not what is to be committed.
    std::fs::remove_file(scene.path("deploy/powersync.yaml")).unwrap();
    has(&scene.run("diff --staged -- deploy/powersync.yaml"), 1, &staged);
    git(scene.folder.path(), &["switch", "--quiet", "--create", "branch"]);
    git(scene.folder.path(), &["commit", "--quiet", "--message", "remove it"]);
    for range in ["main..branch", "main..", "main...branch", "HEAD~1..HEAD"] {
        has(&scene.run(&format!("diff --git {range}")), 1, &["error[removed-early]"]);
    }
    has(&scene.run("diff --git branch..main"), 0, &["+ added prod-1"]);
    has(&scene.run("diff --git branch...main"), 0, &["0 configs compared"]);
    has(&scene.run("diff --git main..branch --staged"), 2, &["one revision"]);
    has(&scene.run("diff --git main..nowhere"), 2, &["no revision `nowhere`"]);
}

#[test]
fn only_what_the_branch_did_counts() {
    let scene = repository();
    git(scene.folder.path(), &["switch", "--quiet", "--create", "branch"]);
    scene.write("readme.md", "x");
    commit(&scene);
    git(scene.folder.path(), &["switch", "--quiet", "main"]);
    scene.write("deploy/powersync.yaml", without_prod_1());
    commit(&scene);
    git(scene.folder.path(), &["switch", "--quiet", "branch"]);
    has(&scene.run("diff --git"), 0, &["0 configs compared"]);
}

#[test]
fn the_ci_says_what_to_compare_with() {
    let mut scene = repository();
    git(scene.folder.path(), &["branch", "release"]);
    scene.write("deploy/powersync.yaml", without_prod_1());
    commit(&scene);
    has(&scene.run("diff --git"), 0, &["0 configs compared"]);
    for (name, value) in [
        ("GITHUB_BASE_REF", "release"),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "release"),
        ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/release"),
        ("BITBUCKET_PR_DESTINATION_BRANCH", "release"),
    ] {
        scene.variables = vec![(name.to_owned(), value.to_owned())];
        has(&scene.run("diff --git"), 1, &["(release) → working tree", "removed-early"]);
    }
    scene.variables = vec![("GITHUB_BASE_REF".to_owned(), "gone".to_owned())];
    has(&scene.run("diff --git"), 2, &["there is none of origin/gone and gone"]);
}

#[test]
fn a_shallow_clone_says_what_it_needs() {
    let origin = repository();
    git(origin.folder.path(), &["switch", "--quiet", "--create", "branch"]);
    origin.write("readme.md", "x");
    commit(&origin);
    let mut clone = Scene::new();
    let url = format!("file://{}", origin.folder.path().display());
    git(clone.folder.path(), &["clone", "--quiet", "--depth=1", "--branch=branch", &url, "."]);
    clone.variables = vec![("GITHUB_BASE_REF".to_owned(), "main".to_owned())];
    has(&clone.run("diff --git"), 2, &["the clone is shallow", "fetch-depth: 0"]);
    has(&clone.run("diff --git HEAD~1"), 2, &["no revision `HEAD~1`", "fetch-depth: 0"]);
}

#[test]
fn files_that_are_new_gone_renamed_or_no_config() {
    let scene = repository();
    scene.write("other.yaml", "services: {}\n");
    scene.write("new/powersync.yaml", OLD.replace("prod-", "new-"));
    std::fs::rename(scene.path("deploy/powersync.yaml"), scene.path("powersync.yaml")).unwrap();
    git(scene.folder.path(), &["add", "--all"]);
    let renamed = scene.run("diff --git HEAD");
    has(&renamed, 0, &["2 configs compared", "+ added new-2"]);
    assert!(
        !renamed.stdout.contains("prod-1") && !renamed.stdout.contains("other.yaml"),
        "{}",
        renamed.stdout
    );
    std::fs::remove_file(scene.path("powersync.yaml")).unwrap();
    std::fs::remove_file(scene.path("new/powersync.yaml")).unwrap();
    git(scene.folder.path(), &["add", "--all"]);
    has(&scene.run("diff --git HEAD"), 1, &["- removed prod-1", "- removed prod-2", "last-key-removed"]);
    has(&scene.run("diff --git HEAD -- deploy/powersync.yaml"), 1, &["- removed prod-2"]);
    has(
        &scene.run("diff --git HEAD -- nowhere.yaml"),
        2,
        &["there is no such file on either side (HEAD → working tree)"],
    );
}

#[test]
fn manifests_are_looked_into_or_named() {
    let scene = repository();
    let secret = |config: &str| {
        format!("apiVersion: v1\nkind: Secret\ndata:\n  powersync.yaml: {}\n", STANDARD.encode(config))
    };
    let map = |config: &str| {
        let text = config.replace('\n', "\n    ");
        format!("apiVersion: v1\nkind: ConfigMap\ndata:\n  powersync.yaml: |\n    {text}\n")
    };
    scene.write("secret.yaml", secret(OLD));
    scene.write("map.yaml", map(OLD));
    let sealed = |name: &str| {
        format!(
            "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {{name: powersync-{name}}}\n"
        )
    };
    scene.write("sealed.yaml", sealed("a"));
    commit(&scene);
    scene.write("sealed.yaml", sealed("b"));
    scene.write("secret.yaml", secret(&without_prod_1()));
    scene.write("map.yaml", map(&without_prod_1()));
    let words = [
        "error[removed-early]: prod-1",
        "secret.yaml (powersync.yaml):4:",
        "map.yaml (powersync.yaml):",
        "1 file not judged in full:\n  sealed.yaml: this is a SealedSecret",
    ];
    has(&scene.run("diff --git HEAD"), 1, &words);
    let github = scene.run("diff --git HEAD --format github");
    has(&github, 1, &["::error file=secret.yaml,line=4,endLine=4", "::notice file=sealed.yaml::"]);
}

#[test]
fn a_folder_stands_for_the_configs_below_it() {
    let scene = repository();
    scene.write("other/powersync.yaml", OLD);
    scene.write("other/readme.md", "x");
    commit(&scene);
    scene.write("deploy/powersync.yaml", without_prod_1());
    scene.write("other/powersync.yaml", OLD.replace("prod-2", "prod-9"));
    scene.write("other/readme.md", "y");
    let one = scene.run("diff --git HEAD -- other");
    has(&one, 1, &["1 config compared", "+ added prod-9"]);
    assert!(!one.stdout.contains("deploy/"), "{}", one.stdout);
    has(&scene.run("diff --git HEAD -- ."), 1, &["2 configs compared"]);
    has(&scene.run("diff --git HEAD -- other deploy/powersync.yaml"), 1, &["2 configs compared"]);
    scene.write("none/readme.md", "z");
    has(&scene.run("diff --git HEAD -- none"), 0, &["0 configs compared"]);
    std::fs::remove_file(scene.path("other/powersync.yaml")).unwrap();
    has(
        &scene.run("diff --git HEAD -- other"),
        1,
        &["- removed prod-2", "last-key-removed", "1. Running replicas keep"],
    );
}

#[test]
fn what_cannot_be_compared_is_said() {
    let scene = repository();
    has(&scene.run("diff --git no-such-branch"), 2, &["there is no revision `no-such-branch`"]);
    has(
        &scene.run("diff --git deploy/powersync.yaml"),
        2,
        &["is a file and no revision", "diff --git -- deploy"],
    );
    has(&scene.run("diff --git=--output=x"), 2, &["there is no revision"]);
    let outside = Scene::with("powersync.yaml", OLD);
    has(&outside.run("diff --git"), 2, &["not in a git repository"]);
    scene.write("deploy/powersync.yaml", [0xff, 0xfe, 0, 1]);
    has(&scene.run("diff --git HEAD"), 1, &["not UTF-8"]);
    scene.write("b/powersync.yaml", OLD);
    has(&scene.run("diff --git HEAD"), 1, &["not UTF-8", "+ added prod-2"]);
}

#[test]
fn a_secret_that_comes_out_of_its_variable_is_exposed_anywhere() {
    let scene = Scene::new();
    git(scene.folder.path(), &["init", "--quiet"]);
    let before = "replication:\n  connections:\n    - {type: postgresql, uri: !env PS_URI}\napi:\n  tokens: [!env PS_TOKEN]\n";
    scene.write("powersync.yaml", before);
    commit(&scene);
    let after = before.replace("!env PS_URI", "postgres://u:secret@h/d").replace("!env PS_TOKEN", "secret2");
    scene.write("powersync.yaml", after);
    let outcome = scene.run("diff --git HEAD");
    has(&outcome, 1, &["secret-exposed", "`uri` was in a variable", "`tokens` was in"]);
    assert!(!outcome.stdout.contains("secret@") && !outcome.stdout.contains("secret2"), "{}", outcome.stdout);
}

#[test]
fn line_endings_of_the_checkout_are_no_change() {
    let scene = Scene::new();
    git(scene.folder.path(), &["init", "--quiet"]);
    git(scene.folder.path(), &["config", "core.autocrlf", "true"]);
    scene.write("powersync.yaml", OLD.replace('\n', "\r\n"));
    commit(&scene);
    scene.write("powersync.yaml", OLD.replace('\n', "\r\n").replace("exp: 1795858620", "exp: 1796858620"));
    let outcome = scene.run("diff --git HEAD");
    has(&outcome, 0, &["~ retiring prod-1"]);
    assert_eq!(
        outcome.stdout.lines().filter(|line| line.starts_with("-  ")).count(),
        1,
        "{}",
        outcome.stdout
    );
}

#[test]
fn secrets_in_git_are_told_only_where_git_tracks_the_file() {
    let scene = repository();
    scene.write("untracked.yaml", OLD);
    has(
        &scene.run("check --rule inline-secret deploy/powersync.yaml"),
        0,
        &["[inline-secret]", "2 warnings"],
    );
    has(&scene.run("check --rule inline-secret untracked.yaml"), 0, &["nothing found"]);
}

/// A git that writes down what it was given.
#[cfg(unix)]
#[test]
fn git_gets_no_secret_of_the_environment() {
    use std::os::unix::fs::PermissionsExt as _;

    let scene = repository();
    let real = Command::new("sh").args(["-c", "command -v git"]).output().unwrap().stdout;
    let real = String::from_utf8(real).unwrap();
    // Not in the repository itself, where it would be a branch's.
    let elsewhere = Scene::new();
    elsewhere.write(
        "bin/git",
        format!(
            "#!/bin/sh\nenv >> \"$HOME/seen\"\necho \"$@\" >> \"$HOME/seen\"\nexec {} \"$@\"\n",
            real.trim()
        ),
    );
    std::fs::set_permissions(elsewhere.path("bin/git"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", elsewhere.path("bin").display(), std::env::var("PATH").unwrap());
    scene.write(
        "deploy/powersync.yaml",
        OLD.replace("k: 7oOUMQRmDAtPFHSxu4FGTLlfCXJ2dXBPZuXeJVAtlHY", "k: !env PS_KEY"),
    );
    let output = program(scene.folder.path())
        .args(["-c", "deploy/powersync.yaml", "diff", "--git"])
        .env("PATH", path)
        .env("HOME", elsewhere.folder.path())
        .env("PS_KEY", "canary-in-a-variable")
        .env("POWERSYNC_CONFIG_B64", "canary-in-base64")
        .output()
        .unwrap();
    assert!(output.status.code() < Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    let seen = elsewhere.text("seen");
    assert!(seen.contains("PATH=") && !seen.contains("canary"), "{seen}");
}

/// A directory of a branch that git would take for a repository, with settings that run a program.
#[test]
fn a_directory_that_looks_like_a_repository_runs_nothing() {
    let elsewhere = tempfile::tempdir().unwrap();
    let trace = elsewhere.path().join("ran");
    let scene = repository();
    scene.write("deploy/HEAD", "ref: refs/heads/main\n");
    scene.write("deploy/objects/keep", "");
    scene.write("deploy/refs/keep", "");
    let settings = "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n";
    let runs = format!("\tfsmonitor = \"touch '{}'; false\"\n", trace.display());
    scene.write("deploy/config", format!("{settings}{runs}"));
    commit(&scene);
    // Git itself falls for it, or the test would show nothing.
    let mut git = Command::new("git");
    git.current_dir(scene.path("deploy")).args(["-c", "safe.bareRepository=all", "status"]).output().unwrap();
    assert!(trace.exists());
    std::fs::remove_file(&trace).unwrap();
    for look in ["check .", "check --pedantic deploy/powersync.yaml", "diff --git main"] {
        scene.run(look);
    }
    for look in ["check --pedantic powersync.yaml", "check .", "diff --git main", "-c powersync.yaml status"]
    {
        program(&scene.path("deploy")).args(look.split(' ')).output().unwrap();
    }
    assert!(!trace.exists());
}

/// A config that gets the secret of another one, which the change doesn't touch.
#[test]
fn a_secret_of_another_config_is_found() {
    let scene = repository();
    let other = |kid: &str| OLD.replace("kid: prod", &format!("kid: {kid}"));
    scene.write("prod/powersync.yaml", other("live"));
    git(scene.folder.path(), &["add", "--all"]);
    git(scene.folder.path(), &["commit", "--quiet", "--message", "prod"]);
    // Both had it before: the change brings it to a third.
    scene.write("test/powersync.yaml", other("test"));
    scene.write("prod/powersync.yaml", format!("{}# a comment\n", other("live")));
    let report = scene.run("diff --git HEAD --rule shared-secret");
    let found = "is also in ";
    assert_eq!(report.stdout.matches(found).count(), OLD.matches("k: ").count(), "{}", report.stdout);
    assert!(report.stdout.contains("--> test/powersync.yaml"), "{}", report.stdout);
}
