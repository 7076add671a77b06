//! A branch that would have its code run, or choose what it is compared with.

use std::fmt::Write as _;

use super::{BAD, BASE, FOUND, branch, commit, has};
use crate::common::process::{git, program};
use crate::common::{Scene, skip};

/// A command that leaves a trace, in a directory that no branch is in.
fn trace() -> (tempfile::TempDir, String) {
    let elsewhere = tempfile::tempdir().unwrap();
    let script = elsewhere.path().join("run");
    std::fs::write(
        &script,
        format!("#!/bin/sh\necho \"$0 $@\" >> '{}/ran'\ncat\n", elsewhere.path().display()),
    )
    .unwrap();
    executable(&script);
    let command = script.display().to_string();
    (elsewhere, command)
}

fn executable(path: &std::path::Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn ran(elsewhere: &tempfile::TempDir) -> Option<String> {
    std::fs::read_to_string(elsewhere.path().join("ran")).ok()
}

/// Every command that looks at a branch.
const LOOKS: [&str; 6] = [
    "check .",
    "check --pedantic deploy/powersync.yaml",
    "diff --git main",
    "diff --git main -- deploy/powersync.yaml",
    "diff --git main --format markdown",
    "-c deploy/powersync.yaml status",
];

/// A directory of the branch that git would take for a repository of its own, with a `fsmonitor` in its settings.
#[test]
fn a_directory_that_looks_like_a_repository() {
    let (elsewhere, command) = trace();
    let scene = branch();
    scene.write("deploy/HEAD", "ref: refs/heads/main\n");
    scene.write("deploy/objects/keep", "");
    scene.write("deploy/refs/keep", "");
    scene.write(
        "deploy/config",
        format!(
            "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n\tfsmonitor = {command}\n"
        ),
    );
    scene.write("deploy/powersync.yaml", BAD);
    commit(&scene);
    for look in LOOKS {
        scene.run(look);
    }
    let below = ["check --pedantic powersync.yaml", "check .", "diff --git main", "-c powersync.yaml status"];
    for look in below {
        let arguments: Vec<&str> = look.split(' ').collect();
        program(&scene.path("deploy")).args(arguments).output().unwrap();
    }
    assert_eq!(ran(&elsewhere), None);
    has(&scene.run("diff --git main"), 1, &[FOUND]);
}

/// Every setting of git that names a program, in the settings of the repository itself, with attributes of the branch that
/// ask for each.
#[test]
fn settings_that_name_a_program() {
    const SETTINGS: [&str; 37] = [
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "core.askPass",
        "core.gitProxy",
        "core.sshCommand",
        "core.alternateRefsCommand",
        "diff.external",
        "diff.evil.command",
        "diff.evil.textconv",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "merge.evil.driver",
        "difftool.evil.cmd",
        "mergetool.evil.cmd",
        "gpg.program",
        "gpg.ssh.program",
        "gpg.x509.program",
        "gpg.ssh.defaultKeyCommand",
        "credential.helper",
        "interactive.diffFilter",
        "sequence.editor",
        "pager.ls-files",
        "pager.ls-tree",
        "pager.rev-parse",
        "pager.cat-file",
        "pager.diff",
        "alias.ls-files",
        "alias.ls-tree",
        "trailer.evil.cmd",
        "uploadpack.packObjectsHook",
        "remote.origin.uploadpack",
        "remote.origin.receivepack",
        "remote.origin.vcs",
        "browser.evil.cmd",
        "man.evil.cmd",
    ];
    const HOOKS: [&str; 6] = [
        "post-checkout",
        "post-index-change",
        "pre-auto-gc",
        "reference-transaction",
        "fsmonitor-watchman",
        "query-watchman",
    ];
    let (scene, (elsewhere, command)) = (branch(), trace());
    scene.write(".gitattributes", "* diff=evil filter=evil merge=evil\n");
    scene.write("deploy/powersync.yaml", BAD);
    for setting in SETTINGS {
        // Its name tells which setting ran it.
        let own = format!("{command}-{setting}");
        std::fs::copy(&command, &own).unwrap();
        git(
            scene.folder.path(),
            &["config", setting, &if setting.starts_with("alias") { format!("!{own}") } else { own }],
        );
    }
    for hook in HOOKS {
        std::fs::copy(&command, scene.path(".git/hooks").join(hook)).unwrap();
        scene.write(&format!("hooks/{hook}"), "");
        std::fs::copy(&command, scene.path("hooks").join(hook)).unwrap();
    }
    std::fs::write(
        scene.path(".git/config"),
        format!("{}[core]\n\thooksPath = hooks\n", scene.text(".git/config")),
    )
    .unwrap();
    for look in LOOKS {
        scene.run(look);
    }
    assert_eq!(ran(&elsewhere), None);
    has(&scene.run("diff --git main"), 1, &[FOUND]);
}

/// A `git` that the branch holds, where the search path leads into the working tree.
#[cfg(unix)]
#[test]
fn a_git_of_the_branch_itself() {
    let (elsewhere, command) = trace();
    let scene = branch();
    for place in ["git", "bin/git", "node_modules/.bin/git", "deploy/git"] {
        scene.write(place, "");
        std::fs::copy(&command, scene.path(place)).unwrap();
    }
    scene.write("deploy/powersync.yaml", BAD);
    commit(&scene);
    let real = std::env::var("PATH").unwrap();
    let inside = scene.path("node_modules/.bin");
    for start in [".", "", "bin", "node_modules/.bin", &inside.display().to_string()] {
        for folder in [scene.folder.path().to_owned(), scene.path("deploy")] {
            let run = program(&folder)
                .args(["diff", "--git", "main"])
                .env("PATH", format!("{start}:{real}"))
                .output()
                .unwrap();
            assert_eq!(run.status.code(), Some(1), "{}", String::from_utf8_lossy(&run.stderr));
        }
    }
    assert_eq!(ran(&elsewhere), None);
}

/// A repository that belongs to another user of the machine: git refuses it, and its remedy is passed on whole.
#[cfg(unix)]
#[test]
fn a_repository_of_another_user() {
    let (elsewhere, command) = trace();
    let scene = branch();
    git(scene.folder.path(), &["config", "core.fsmonitor", &command]);
    let own = |path: &str| std::os::unix::fs::chown(scene.path(path), Some(12345), Some(12345));
    if own(".git").and_then(|()| own("")).is_err() {
        return skip("only root can give a directory to another user");
    }
    let run = program(scene.folder.path())
        .args(["diff", "--git", "main"])
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(2), "{said}");
    assert!(
        said.contains("dubious ownership") && said.contains("git config --global --add safe.directory"),
        "{said}"
    );
    assert_eq!(ran(&elsewhere), None);
}

/// File names that look like options or patterns of git.
#[test]
fn names_that_look_like_options() {
    let scene = branch();
    for name in ["--output=x.yaml", "-c.yaml", ":(exclude)x.yaml", "*.yaml", "HEAD.yaml"] {
        scene.write(name, BASE);
    }
    commit(&scene);
    for name in ["--output=x.yaml", "-c.yaml", ":(exclude)x.yaml", "*.yaml", "HEAD.yaml"] {
        scene.write(name, BAD);
    }
    let outcome = scene.run("diff --git HEAD");
    has(&outcome, 1, &["5 configs compared: 5 errors"]);
    has(&scene.run("diff --git HEAD -- ./--output=x.yaml"), 1, &["1 config compared: 1 error"]);
    assert!(!scene.path("x.yaml").exists());
}

/// A clone with a remote, and its own branch with the bad change.
fn clone() -> (Scene, Scene) {
    let origin = Scene::with("deploy/powersync.yaml", BASE);
    git(origin.folder.path(), &["init", "--quiet"]);
    commit(&origin);
    let clone = Scene::new();
    let url = format!("file://{}", origin.folder.path().display());
    git(clone.folder.path(), &["clone", "--quiet", &url, "."]);
    git(clone.folder.path(), &["switch", "--quiet", "--create", "branch"]);
    clone.write("deploy/powersync.yaml", BAD);
    commit(&clone);
    (origin, clone)
}

/// A tag or a local branch that has the name of the base.
#[test]
fn tags_that_have_the_name_of_the_base() {
    let (_origin, mut scene) = clone();
    for tag in ["origin/main", "origin/HEAD", "main", "HEAD", "refs/remotes/origin/main", "refs/heads/main"] {
        git(scene.folder.path(), &["tag", tag, "branch"]);
    }
    has(&scene.run("diff --git"), 1, &[FOUND]);
    scene.variables = vec![("GITHUB_BASE_REF".to_owned(), "main".to_owned())];
    has(&scene.run("diff --git"), 1, &[FOUND]);
    // On the command line, too, nobody else chooses what a name means.
    has(&scene.run("diff --git origin/main"), 2, &["names several revisions", "refs/remotes/origin/main"]);
    has(&scene.run("diff --git main"), 2, &["names several revisions", "refs/tags/main"]);
    has(&scene.run("diff --git refs/remotes/origin/main"), 1, &[FOUND]);
}

/// A base branch whose name is an expression of git.
#[test]
fn a_base_that_is_an_expression() {
    let (_origin, mut scene) = clone();
    for name in ["branch~0", "../heads/branch", "main@{upstream}", "-x", "x^{/change}", ":/change"] {
        scene.variables = vec![("GITHUB_BASE_REF".to_owned(), name.to_owned())];
        has(&scene.run("diff --git"), 2, &["there is none of"]);
    }
}

/// A pull request of which CI checked out the base: what it would change isn't there to be looked at.
#[test]
fn a_review_of_the_base_itself() {
    let (_origin, mut scene) = clone();
    git(scene.folder.path(), &["switch", "--quiet", "main"]);
    has(&scene.run("diff --git"), 0, &["0 configs compared"]);
    for (name, value) in [
        ("GITHUB_BASE_REF", "main".to_owned()),
        (
            "CI_MERGE_REQUEST_DIFF_BASE_SHA",
            git(scene.folder.path(), &["rev-parse", "main"]).trim().to_owned(),
        ),
    ] {
        scene.variables = vec![(name.to_owned(), value)];
        has(&scene.run("diff --git"), 2, &["nothing of the pull request would be seen"]);
    }
}

/// A replacement object and a graft that show another history.
#[test]
fn another_history() {
    let scene = branch();
    scene.write("deploy/powersync.yaml", BAD);
    commit(&scene);
    let of = |path: &str| git(scene.folder.path(), &["rev-parse", path]).trim().to_owned();
    git(
        scene.folder.path(),
        &["replace", &of("main:deploy/powersync.yaml"), &of("branch:deploy/powersync.yaml")],
    );
    git(scene.folder.path(), &["replace", &of("main"), &of("branch")]);
    has(&scene.run("diff --git"), 1, &[FOUND]);
}

/// A filter of a trusted program (Git LFS, git-crypt) that the branch aims at a config: its program isn't run, and the
/// file counts as not compared.
#[test]
fn filters_of_trusted_programs() {
    let (elsewhere, command) = trace();
    let scene = branch();
    for (name, text) in [
        (
            "lfs",
            "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n",
        ),
        ("git-crypt", "\0GITCRYPT\0\u{1}\u{2}"),
    ] {
        let mut attributes = String::new();
        let _ = writeln!(attributes, "*.yaml filter={name} diff={name}");
        scene.write(".gitattributes", attributes);
        for kind in ["clean", "smudge", "process"] {
            git(scene.folder.path(), &["config", &format!("filter.{name}.{kind}"), &command]);
        }
        scene.write("deploy/powersync.yaml", text);
        has(&scene.run("diff --git main"), 2, &["1 file not judged in full:\n  deploy/powersync.yaml: "]);
        has(&scene.run("check ."), 2, &["Not looked at: deploy/powersync.yaml, "]);
    }
    assert_eq!(ran(&elsewhere), None);
}

/// Settings of git in a home directory that is the working tree, or below it.
#[cfg(unix)]
#[test]
fn settings_in_a_home_of_the_branch() {
    let (elsewhere, command) = trace();
    let scene = branch();
    let settings = format!("[core]\n\tfsmonitor = {command}\n[include]\n\tpath = missing\n[core]\n\tbroken");
    for file in [".gitconfig", "git/config"] {
        scene.write(file, format!("{settings} = [\n[x\n"));
    }
    scene.write("deploy/powersync.yaml", BAD);
    let root = scene.path("");
    for (name, value) in [
        ("HOME", root.clone()),
        ("HOME", std::path::PathBuf::from(".")),
        ("XDG_CONFIG_HOME", root.clone()),
        ("GIT_CONFIG_GLOBAL", root.join(".gitconfig")),
        ("GIT_CONFIG_SYSTEM", root.join("deploy/../.gitconfig")),
    ] {
        let output = program(&root).args(["diff", "--git", "main"]).env(name, &value).output().unwrap();
        // Settings that can't be read would end git.
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.code() == Some(1) && said.contains(FOUND), "{name}={value:?}: {output:?}");
    }
    assert_eq!(ran(&elsewhere), None);
}
