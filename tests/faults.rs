//! A hostile machine: the program is killed, its system calls fail, its disk fills up, its files move away. The real
//! program, counted.
//!
//! `cargo test --test faults` runs a part of it; all of it, with the numbers, takes some minutes:
//! `cargo test --test faults -- --include-ignored --nocapture --test-threads=1`. What a machine can't do (no `strace`,
//! no right to mount) is skipped out loud.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use common::Scene;
use powersync_jwks::config::{Config, Input};
use powersync_jwks::env_file::EnvFile;
use powersync_jwks::keyset::KeySet;
use powersync_jwks::store::{Locked, StoreError};

const PROGRAM: &str = env!("CARGO_BIN_EXE_powersync-jwks");
const SECRET: &str = "7oOUMQRmDAtPFHSxu4FGTLlfCXJ2dXBPZuXeJVAtlHY";
/// Stands last in every config: a file without it is half of one.
const END: &str = "# the end\n";

/// What a write touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Files {
    Config,
    Pair,
}

impl Files {
    /// The config, long enough for its write to take a while.
    fn config(self) -> String {
        let k = if self == Self::Config { SECRET } else { "!env PS_JWKS_KEY_1" };
        let filler = "# a comment that makes the file long\n".repeat(5_000);
        format!(
            "client_auth:\n  audience: ['app']\n  jwks:\n    keys:\n      - kty: oct\n        alg: HS256\n        kid: prod-1\n        k: {k}\n{filler}{END}"
        )
    }

    fn scene(self) -> Scene {
        let scene = Scene::with("powersync.yaml", self.config());
        self.reset(&scene);
        scene
    }

    /// As it was, and nothing else in the folder.
    fn reset(self, scene: &Scene) {
        for name in names(scene.folder.path()) {
            fs::remove_file(scene.folder.path().join(name)).unwrap();
        }
        scene.write("powersync.yaml", self.config());
        if self == Self::Pair {
            scene.write(".env", format!("# ours\nPS_JWKS_KEY_1={SECRET}\n"));
        }
    }
}

/// What a run left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Left {
    Old,
    /// The variable is there, and nothing refers to it yet.
    VariableOnly,
    New,
}

fn names(folder: &Path) -> Vec<OsString> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
}

fn temporary_files(scene: &Scene) -> usize {
    names(scene.folder.path()).iter().filter(|name| name.as_bytes().ends_with(b".tmp")).count()
}

fn program(folder: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.current_dir(folder).stdin(Stdio::null()).env_remove("POWERSYNC_CONFIG_PATH");
    command
}

fn quiet(mut command: Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// The service starts with this config and these variables, and one key signs.
fn is_accepted(config: &str, env: Option<&str>) -> bool {
    let config = Config::parse_str(config, Input::Yaml).unwrap();
    let env = EnvFile::parse(env.unwrap_or_default().as_bytes()).unwrap();
    let value = |name: &str| env.value(name).map(|value| value.to_owned().into());
    let keys = KeySet::read_with(&config, &value);
    let starts = config.entries().iter().all(|entry| KeySet::faults_of(&config, *entry, &value).is_empty());
    starts
        && keys.current().ok().flatten().is_some()
        && config.variables().iter().all(|name| env.value(name).is_some())
}

/// Fails unless the files are whole, old or new, and such that the service starts.
fn left_by_rotation(files: Files, scene: &Scene, what: &str) -> Left {
    let config = scene.text("powersync.yaml");
    let env = (files == Files::Pair).then(|| scene.text(".env"));
    assert!(is_accepted(&config, env.as_deref()), "{what}:\n{config:.600}\n{env:?}");
    assert!(config.ends_with(END), "{what}: half a file");
    let variables = env.map_or(0, |env| EnvFile::parse(env.as_bytes()).unwrap().names().count());
    let keys = Config::parse_str(&config, Input::Yaml).unwrap().entries().len();
    match (keys, variables) {
        (1, 0 | 1) => {
            assert_eq!(config, files.config(), "{what}");
            Left::Old
        }
        (1, 2) => {
            assert_eq!(config, files.config(), "{what}");
            Left::VariableOnly
        }
        (2, 0 | 2) => Left::New,
        other => panic!("{what}: {other:?}"),
    }
}

/// Nothing is in the way of the next run, which also clears up.
fn assert_runs_again(scene: &Scene, what: &str) {
    let output = program(scene.folder.path()).args(["rotate", "--yes"]).output().unwrap();
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    assert!(scene.text("powersync.yaml").ends_with(END));
    assert_eq!(temporary_files(scene), 0, "{what}");
}

fn strace(scene: &Scene, options: &[&str]) -> Command {
    let mut command = Command::new("strace");
    command.current_dir(scene.folder.path()).stdin(Stdio::null()).env_remove("POWERSYNC_CONFIG_PATH");
    command.args(["-o", "/dev/null"]).args(options).args([PROGRAM, "rotate", "--yes"]);
    command
}

/// How often a rotation makes each system call; `None` where that can't be told here.
fn system_calls(files: Files) -> Option<BTreeMap<String, usize>> {
    let scene = files.scene();
    let log = tempfile::NamedTempFile::new().unwrap();
    let output = strace(&scene, &["-o", log.path().to_str().unwrap()]).output();
    if !output.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: strace is not here, or may not trace");
        return None;
    }
    let mut calls = BTreeMap::new();
    for line in fs::read_to_string(log.path()).unwrap().lines() {
        let name = line.split('(').next().unwrap();
        if name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_') {
            *calls.entry(name.to_owned()).or_insert(0) += 1;
        }
    }
    Some(calls)
}

/// Kills a rotation at every one of these calls in turn.
fn kill_at_calls(wanted: impl Fn(&str) -> bool) {
    for files in [Files::Config, Files::Pair] {
        let Some(calls) = system_calls(files) else { return };
        assert!(
            calls.keys().any(|name| name.starts_with("rename")) && calls.contains_key("fsync"),
            "{calls:?}"
        );
        let mut counts = BTreeMap::new();
        let (mut runs, mut temporary) = (0, 0);
        let scene = files.scene();
        for (name, count) in calls.iter().filter(|(name, _)| wanted(name)) {
            for nth in 1..=*count {
                let what = format!("killed at {name} {nth} of {count}");
                files.reset(&scene);
                let inject = format!("inject={name}:signal=SIGKILL:when={nth}");
                quiet(strace(&scene, &["-e", &inject])).wait().unwrap();
                *counts.entry(left_by_rotation(files, &scene, &what)).or_insert(0) += 1;
                temporary += temporary_files(&scene);
                assert_runs_again(&scene, &what);
                runs += 1;
            }
        }
        println!("{files:?}: {runs} kills at system calls: {counts:?}, {temporary} temporary files left");
        assert!(runs > 0 && counts.contains_key(&Left::Old));
    }
}

#[test]
fn killed_at_the_calls_that_matter() {
    kill_at_calls(|name| name.starts_with("rename") || ["fsync", "fchmod", "flock"].contains(&name));
}

#[test]
#[ignore = "minutes: a kill at every system call"]
fn killed_at_every_call() {
    kill_at_calls(|name| name != "execve" && name != "exit_group");
}

/// Makes every one of these calls fail in turn.
fn fail_calls(wanted: impl Fn(&str) -> Option<&'static [&'static str]>) {
    for files in [Files::Config, Files::Pair] {
        let Some(calls) = system_calls(files) else { return };
        let scene = files.scene();
        let mut counts = BTreeMap::new();
        for (name, count) in &calls {
            for error in wanted(name).unwrap_or_default() {
                for nth in 1..=*count {
                    let what = format!("{error} at {name} {nth} of {count}");
                    files.reset(&scene);
                    let inject = format!("inject={name}:error={error}:when={nth}");
                    let output = strace(&scene, &["-e", &inject]).output().unwrap();
                    let stderr = String::from_utf8_lossy(&output.stderr);
                    let code = output.status.code();
                    let left = left_by_rotation(files, &scene, &what);
                    // 127: the program was not even loaded.
                    assert!(matches!(code, Some(0 | 2 | 127)), "{what}: {:?}\n{stderr}", output.status);
                    assert!(!stderr.contains("panicked") && !stderr.contains(SECRET), "{what}: {stderr}");
                    let told = stderr.contains("error: ") || stderr.contains("error while loading");
                    assert!(
                        code == Some(0) || told || name.starts_with("write"),
                        "{what}: silent: {code:?} {stderr}"
                    );
                    match (code, left) {
                        (Some(0), left) => assert_eq!(left, Left::New, "{what}: {stderr}"),
                        (_, Left::New) => assert!(stderr.contains("in place"), "{what}: {stderr}"),
                        _ => {}
                    }
                    assert_eq!(temporary_files(&scene), 0, "{what}");
                    *counts.entry((code, left)).or_insert(0) += 1;
                }
            }
        }
        println!("{files:?}: failing system calls: {counts:?}");
    }
}

#[test]
fn calls_that_matter_fail() {
    fail_calls(|name| match name {
        "fsync" => Some(&["EIO"]),
        "fchmod" => Some(&["EPERM"]),
        "flock" => Some(&["ENOLCK"]),
        _ if name.starts_with("rename") => Some(&["EXDEV"]),
        _ => None,
    });
}

#[test]
#[ignore = "minutes: every call that may fail, fails"]
fn every_call_fails() {
    fail_calls(|name| match name {
        "fsync" => Some(&["EIO", "ENOSPC"]),
        "write" => Some(&["ENOSPC", "EIO", "EINTR"]),
        "read" => Some(&["EIO", "EINTR"]),
        "openat" => Some(&["EMFILE", "EACCES", "ENOENT"]),
        "fchmod" => Some(&["EPERM", "EROFS"]),
        "flock" => Some(&["ENOLCK", "EINTR", "EAGAIN"]),
        "statx" | "readlink" => Some(&["EACCES", "EIO"]),
        "getdents64" => Some(&["EIO"]),
        _ if name.starts_with("rename") => Some(&["EXDEV", "EACCES", "EROFS", "EISDIR"]),
        _ => None,
    });
}

/// Kills rotations at random instants. The delays follow from the seed and the machine.
fn kill_at_random(kills: u32, seed: u64) {
    for files in [Files::Config, Files::Pair] {
        let scene = files.scene();
        let start = Instant::now();
        quiet(rotation(&scene)).wait().unwrap();
        let whole = u64::try_from(start.elapsed().as_micros()).unwrap();
        let mut state = seed;
        let mut counts = BTreeMap::new();
        let mut temporary = 0;
        for kill in 0..kills {
            files.reset(&scene);
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let mut child = quiet(rotation(&scene));
            // The only wait of these tests: its length is what is tried.
            std::thread::sleep(Duration::from_micros(state % (whole * 5 / 4)));
            child.kill().unwrap();
            child.wait().unwrap();
            let what = format!("kill {kill} of seed {seed}");
            *counts.entry(left_by_rotation(files, &scene, &what)).or_insert(0) += 1;
            temporary += temporary_files(&scene);
            if kill % 10 == 0 {
                assert_runs_again(&scene, &what);
            }
        }
        println!("{files:?}: {kills} kills within {whole} µs: {counts:?}, {temporary} temporary files left");
    }
}

fn rotation(scene: &Scene) -> Command {
    let mut command = program(scene.folder.path());
    command.args(["rotate", "--yes"]);
    command
}

#[test]
fn killed_at_random_instants() {
    kill_at_random(20, 0x5eed);
}

#[test]
#[ignore = "minutes: 1,000 kills each of config and pair"]
fn killed_a_thousand_times() {
    kill_at_random(1_000, 0xfa11);
}

#[test]
#[ignore = "64 processes at once"]
fn sixty_four_processes_add_a_key_each() {
    for files in [Files::Config, Files::Pair] {
        let scene = files.scene();
        let children: Vec<_> = (0..64)
            .map(|_| {
                let mut command = program(scene.folder.path());
                command.args(["add", "--yes"]);
                quiet(command)
            })
            .collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        let config = scene.text("powersync.yaml");
        let env = (files == Files::Pair).then(|| scene.text(".env"));
        assert!(is_accepted(&config, env.as_deref()) && config.ends_with(END));
        assert_eq!(Config::parse_str(&config, Input::Yaml).unwrap().entries().len(), 65);
        assert_eq!(temporary_files(&scene), 0);
    }
}

/// Many processes that each do one thing after the other, while every state on the way is read.
fn churn(processes: usize, rounds: usize) {
    const LINES: [&[&str]; 5] = [
        &["rotate", "--yes", "--overlap", "1s", "--allow", "short-overlap"],
        &["prune", "--yes"],
        &["reconcile", "--yes"],
        &["rotate", "--standby", "--yes"],
        &["rotate", "--revoke", "--yes"],
    ];
    for files in [Files::Config, Files::Pair] {
        let scene = files.scene();
        let (mut states, mut exits) = (0, BTreeMap::new());
        let mut next = 0;
        let mut start = || {
            let mut command = program(scene.folder.path());
            command.args(LINES[next % LINES.len()]);
            next += 1;
            quiet(command)
        };
        let mut running: Vec<Child> = (0..processes).map(|_| start()).collect();
        let mut left = processes * (rounds - 1);
        while !running.is_empty() {
            running.retain_mut(|child| match child.try_wait().unwrap() {
                Some(ended) => {
                    *exits.entry(ended.code()).or_insert(0) += 1;
                    false
                }
                None => true,
            });
            while running.len() < processes && left > 0 {
                left -= 1;
                running.push(start());
            }
            // In this order: a variable is there before the config that refers to it.
            let config = scene.text("powersync.yaml");
            let env = (files == Files::Pair).then(|| scene.text(".env"));
            assert!(is_accepted(&config, env.as_deref()) && config.ends_with(END), "{config:.900}");
            states += 1;
        }
        println!("{files:?}: {states} states read, exit codes {exits:?}");
        assert!(exits.keys().all(|code| matches!(code, Some(0 | 2))), "{exits:?}");
        assert_eq!(temporary_files(&scene), 0);
    }
}

#[test]
fn every_state_on_the_way_is_accepted() {
    churn(4, 3);
}

#[test]
#[ignore = "minutes: 16 processes, 60 runs each"]
fn every_state_on_the_way_of_sixteen_is_accepted() {
    churn(16, 60);
}

/// A small file system of its own; `None` where the test may not mount one.
struct Disk(tempfile::TempDir);

impl Disk {
    fn mount(kilobytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={kilobytes}k");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "none"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        if mount.is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        eprintln!("SKIPPED: a file system can't be mounted here");
        None
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(Command::new("mount").args(["-o", &options]).arg(self.0.path()).status().unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

fn text_of(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_full_disk_and_one_that_is_read_only() {
    let Some(disk) = Disk::mount(512) else { return };
    let folder = disk.0.path();
    let old = Files::Config.config();
    fs::write(folder.join("powersync.yaml"), &old).unwrap();
    let all = fs::write(folder.join("rest"), vec![0; 1 << 20]);
    assert!(all.is_err(), "the disk is full");
    // By a link from another file system.
    let scene = Scene::new();
    symlink(folder.join("powersync.yaml"), scene.path("powersync.yaml")).unwrap();
    for place in [folder, scene.folder.path()] {
        let (code, stderr) = text_of(&program(place).args(["rotate", "--yes"]).output().unwrap());
        assert_eq!(code, Some(2));
        assert!(stderr.contains("No space left on device") && stderr.contains("is as it was"), "{stderr}");
        assert_eq!(fs::read_to_string(folder.join("powersync.yaml")).unwrap(), old);
        assert_eq!(names(folder).len(), 2);
    }
    fs::remove_file(folder.join("rest")).unwrap();
    disk.remount("ro");
    let (code, stderr) = text_of(&program(folder).args(["rotate", "--yes"]).output().unwrap());
    assert!(code == Some(2) && stderr.contains("this file system is read-only"), "{stderr}");
    disk.remount("rw");
    assert!(rotation(&scene).output().unwrap().status.success());
    assert!(fs::symlink_metadata(scene.path("powersync.yaml")).unwrap().is_symlink());
    assert_ne!(fs::read_to_string(folder.join("powersync.yaml")).unwrap(), old);
}

#[test]
fn a_pair_on_a_full_disk() {
    // From no room at all to room for both.
    let Some(disk) = Disk::mount(1024) else { return };
    let folder = disk.0.path();
    let mut seen = Vec::new();
    for room in (0..=220).step_by(20) {
        for name in names(folder) {
            fs::remove_file(folder.join(name)).unwrap();
        }
        fs::write(folder.join("powersync.yaml"), Files::Pair.config()).unwrap();
        fs::write(folder.join(".env"), format!("PS_JWKS_KEY_1={SECRET}\n")).unwrap();
        let used = fs::metadata(folder.join("powersync.yaml")).unwrap().len() / 4096 * 4 + 8;
        let rest = 1024_u64.saturating_sub(used + room);
        let _ = fs::write(folder.join("rest"), vec![0; usize::try_from(rest * 1024).unwrap()]);
        let (code, stderr) = text_of(&program(folder).args(["rotate", "--yes"]).output().unwrap());
        let config = fs::read_to_string(folder.join("powersync.yaml")).unwrap();
        let env = fs::read_to_string(folder.join(".env")).unwrap();
        assert!(is_accepted(&config, Some(&env)) && config.ends_with(END), "{room}: {stderr}");
        assert_eq!(code == Some(0), config != Files::Pair.config(), "{room}: {stderr}");
        assert_eq!(names(folder).len(), 3, "{room}");
        seen.push(code);
    }
    assert!(seen.contains(&Some(0)) && seen.contains(&Some(2)), "{seen:?}");
}

#[test]
fn files_of_somebody_else() {
    let scene = Files::Config.scene();
    let folder = scene.folder.path();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    let as_nobody = |arguments: &[&str]| program(folder).args(arguments).uid(65534).gid(65534).output().ok();
    if as_nobody(&["--version"]).is_none_or(|output| !output.status.success()) {
        eprintln!("SKIPPED: the program can't be run as another user here");
        return;
    }
    let config = "powersync.yaml";
    for (mode, arguments, said) in [
        (0o600, ["-c", config, "status"].as_slice(), "there is no permission to read this file"),
        (0o600, &["-c", config, "rotate", "--yes"], "there is no permission"),
        (0o644, &["-c", config, "rotate", "--yes"], "there is no permission to write this file"),
        (
            0o644,
            &["-c", config, "export", "--out", "new"],
            "there is no permission to write in this file's folder",
        ),
        (
            0o644,
            &["-c", config, "move-secret", "prod-1", "--to", "env", "--env-file", ".env", "--yes"],
            "permission",
        ),
    ] {
        fs::set_permissions(scene.path(config), fs::Permissions::from_mode(mode)).unwrap();
        let (code, stderr) = text_of(&as_nobody(arguments).unwrap());
        assert!(code == Some(2) && stderr.contains(said), "{arguments:?}: {stderr}");
        assert!(!stderr.contains(&SECRET[..8]), "{stderr}");
        assert_eq!(scene.text(config), Files::Config.config());
        assert_eq!(names(folder), [config]);
    }
}

#[test]
fn a_file_that_moves_away_under_the_lock() {
    let old = Files::Config.config();
    let moves: [fn(&Path); 4] = [
        |path| fs::remove_file(path).unwrap(),
        |path| fs::rename(path, path.with_extension("moved")).unwrap(),
        |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        },
        |path| {
            fs::rename(path, path.with_extension("moved")).unwrap();
            symlink(path.with_extension("moved"), path).unwrap();
        },
    ];
    for (number, moved) in moves.iter().enumerate() {
        let scene = Files::Config.scene();
        let path = scene.path("powersync.yaml");
        let locked = Locked::open(&path, || ()).unwrap();
        moved(&path);
        let before = names(scene.folder.path());
        let result = locked.replace(old.as_bytes(), b"port: 1\n");
        assert!(matches!(result, Err(StoreError::Changed)), "{number}: {result:?}");
        assert_eq!(names(scene.folder.path()), before, "{number}");
    }
}

#[test]
fn names_that_are_long_or_no_text() {
    let scene = Scene::new();
    let long = format!("{}.yaml", "n".repeat(250));
    for name in [OsStr::from_bytes(b"caf\xe9 \xff.yaml"), OsStr::new(&long), OsStr::new("a\nb.yaml")] {
        let path = scene.folder.path().join(name);
        fs::write(&path, Files::Config.config()).unwrap();
        for line in [&["rotate", "--yes"][..], &["status"], &["check"], &["diff", "--git"], &["redact"]] {
            let output = program(scene.folder.path()).arg("-c").arg(name).args(line).output().unwrap();
            let (code, stderr) = text_of(&output);
            let fine = if line[0] == "diff" { &[1, 2][..] } else { &[0, 1] };
            assert!(code.is_some_and(|code| fine.contains(&code)), "{name:?} {line:?}: {code:?} {stderr}");
        }
        assert!(fs::read_to_string(&path).unwrap().matches("kid: ").count() == 2);
    }
    assert_eq!(names(scene.folder.path()).len(), 3);
    // Names and paths that no file system takes.
    for name in ["n".repeat(256), "d/".repeat(2_500)] {
        for line in [&["rotate", "--yes"][..], &["status"], &["check"]] {
            let output = program(scene.folder.path()).args(["-c", &name]).args(line).output().unwrap();
            let (code, stderr) = text_of(&output);
            let said = ["File name too long", "there is no such file"];
            assert!(
                code == Some(2) && said.iter().any(|said| stderr.contains(said)),
                "{line:?} {code:?}: {stderr:.200}"
            );
        }
    }
}

#[test]
fn streams_that_are_closed_early() {
    let lines = [
        "status",
        "rotate --yes",
        "rotate --dry-run",
        "add --yes",
        "check",
        "redact",
        "timeline",
        "export",
        "token --sub u",
        "verify",
        "reconcile --yes",
        "prune --yes",
        "-c - rotate",
        "diff powersync.yaml powersync.yaml",
        "init --yes --dir new",
        "add --secret-stdin --encoding base64url --yes",
        "rotate",
        "--help",
    ];
    for line in lines {
        for streams in [
            "<&-",
            ">&-",
            "2>&-",
            "<&- >&- 2>&-",
            "< powersync.yaml | head -c1",
            "2>&1 | head -c1",
            "> /dev/full",
            "2> /dev/full",
            "< .",
        ] {
            let scene = Files::Config.scene();
            let script = format!("({PROGRAM} {line}; echo $? > code) {streams}");
            let output = Command::new("bash")
                .args(["-c", &script])
                .current_dir(scene.folder.path())
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let (_, stderr) = text_of(&output);
            let code = fs::read_to_string(scene.path("code")).unwrap();
            assert!(["0\n", "1\n", "2\n"].contains(&code.as_str()), "{line} {streams}: {code} {stderr}");
            assert!(!stderr.contains("panicked"), "{line} {streams}: {stderr}");
            left_by_rotation(Files::Config, &scene, &format!("{line} {streams}"));
            assert_eq!(temporary_files(&scene), 0);
        }
    }
}

/// What a run took, where `/usr/bin/time` can tell.
fn measured(folder: &Path, arguments: &str, megabytes: u32) -> (Option<i32>, String) {
    // A limit of memory, so that a run that needs more than is bearable fails.
    let timer = if Path::new("/usr/bin/time").exists() { "/usr/bin/time -f '%e s, %M KB'" } else { "" };
    let script = format!("ulimit -v {}; exec {timer} {PROGRAM} {arguments}", megabytes * 1024);
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()
        .unwrap();
    let (code, stderr) = text_of(&output);
    println!("{arguments}: exit code {code:?}, {}", stderr.lines().last().unwrap_or_default());
    assert!(
        matches!(code, Some(0..=2)) && !stderr.contains("panicked"),
        "{arguments}: {code:?} {stderr:.400}"
    );
    (code, stderr)
}

const HEAD: &str = "client_auth:\n  audience: [a]\n  jwks:\n    keys:\n";

fn keys(count: usize) -> String {
    let mut text = HEAD.to_owned();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for number in 0..count {
        let mut k = String::new();
        while k.len() < 43 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            k.extend(char::from_digit(u32::try_from(state % 36).unwrap(), 36));
        }
        writeln!(text, "      - {{kty: oct, alg: HS256, kid: k{number}, k: {k}}}").unwrap();
    }
    text
}

/// Aliases of lists of aliases: ten times as many at each of 30 levels.
fn bomb() -> String {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(text, "a{level}: &a{level} [{aliases}]").unwrap();
    }
    text
}

fn hostile_files() -> Vec<(&'static str, String, u32)> {
    let key = keys(1);
    let mut anchors = String::new();
    for n in 0..1_000 {
        writeln!(anchors, "a{n}: &a{n} v\nb{n}: *a{n}").unwrap();
    }
    let x = "x".repeat(1_000_000);
    vec![
        ("depth", format!("{key}d: {}{}\n", "[".repeat(250), "]".repeat(250)), 200),
        ("deeper", format!("{key}d: {}{}\n", "[".repeat(100_000), "]".repeat(100_000)), 200),
        ("anchors", format!("{key}{anchors}"), 200),
        ("bomb", format!("{}{key}", bomb()), 200),
        ("bomb-keys", format!("{}client_auth:\n  jwks:\n    keys: *a29\n", bomb()), 200),
        ("bomb-kid", format!("{}{HEAD}      - {{kty: oct, alg: HS256, kid: *a29, k: *a28}}\n", bomb()), 200),
        ("itself", format!("a: &a [*a]\n{key}"), 200),
        ("lines", format!("{key}# {x}\nlong: {x}\nquoted: '{x}'\n"), 400),
        ("long-k", format!("{HEAD}      - {{kty: oct, alg: HS256, kid: a, k: {x}}}\n"), 400),
    ]
}

fn try_hostile(files: &[(&str, String, u32)], lines: &[&str]) {
    let scene = Scene::new();
    for (name, text, megabytes) in files {
        scene.write("powersync.yaml", text);
        for line in lines {
            let (code, stderr) = measured(scene.folder.path(), line, *megabytes);
            assert!(code != Some(2) || stderr.contains("error: "), "{name}: {stderr:.400}");
            if code == Some(2) {
                assert_eq!(scene.text("powersync.yaml"), *text, "{name}");
            }
        }
        println!("^ {name}, {} KB", text.len() / 1024);
    }
}

#[test]
fn files_that_are_made_to_hurt() {
    try_hostile(&hostile_files(), &["status", "check", "redact", "rotate --yes"]);
}

#[test]
#[ignore = "minutes: files of many megabytes"]
fn files_that_are_huge() {
    let filler = "# a comment that fills the file up to its size, and no more\n".repeat(870_000);
    let values = "  - a value that fills the file up to its size, and no more\n".repeat(870_000);
    let files = [
        ("10,000 keys", keys(10_000), 1_000),
        ("100,000 keys", keys(100_000), 2_000),
        ("50 MB of comments", format!("{}{filler}", keys(1)), 2_000),
        ("50 MB of values", format!("{}x:\n{values}", keys(1)), 2_000),
    ];
    try_hostile(&files, &["status", "check", "redact", "timeline", "add --yes"]);
}
