//! A hostile machine: the program is killed, its system calls fail, its disk fills up, its files move away. The real
//! program, counted.
//!
//! `cargo test --test it faults` runs a part of it; all of it, with the numbers, takes some minutes:
//! `cargo test --test it faults -- --include-ignored --nocapture --test-threads=1`. What a machine can't do (no `strace`,
//! no right to mount) is skipped out loud; with `SKIPS_FAIL=1` it fails.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Seek as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use crate::common::dice::Dice;
use crate::common::process::{PROGRAM, in_directory, program};
use crate::common::{Scene, skip};
use powersync_jwks::config::{Config, Input};
use powersync_jwks::for_tests::EnvFile;
use powersync_jwks::for_tests::{Locked, StoreError};
use powersync_jwks::keyset::KeySet;

const SECRET: &str = "7oOUMQRmDAtPFHSxu4FGTLlfCXJ2dXBPZuXeJVAtlHY";
const OTHER_SECRET: &str = "kMn4m0Y4HfWap3jCdEyZXfFZnlAqmVVfcx2J4_kwQ9A";
/// What the program says when it panics.
const PANIC: &str = "internal error";
/// The last line of every config: a file without it is half of one.
const END: &str = "# the end\n";
/// Lines that make a config long enough for its write to take a while.
const LONG: usize = 5_000;
const SHORT: usize = 100;

// --- the command lines, and what they may leave ------------------------------------------------------------------

/// A command line, the files it finds, and those it writes, in this order.
struct Line {
    name: &'static str,
    arguments: &'static str,
    finds: Vec<(&'static str, String)>,
    writes: &'static [&'static str],
    /// The config and the env file that the service starts with.
    service: (&'static str, &'static str),
    /// What somebody runs next.
    next: &'static str,
    /// Whether that is refused once everything is written: what is there is not replaced.
    only_once: bool,
    /// Options of `strace`, for a system that lacks something.
    lacks: &'static [&'static str],
}

const CONFIG: &str = "powersync.yaml";
/// Left by a run that was killed.
const STALE: &str = ".powersync.yaml.jwks-AbCdEf.tmp";

fn config(k: &str, more: &str, filler: usize) -> String {
    let filler = "# a comment that makes the file long\n".repeat(filler);
    format!(
        "storage:\n  type: mongodb\nclient_auth:\n  audience: ['app']\n  jwks:\n    keys:\n      - kty: oct\n        alg: HS256\n        kid: prod-1\n        k: {k}\n{more}{filler}{END}"
    )
}

/// With the secret in it.
fn inline(filler: usize) -> String {
    config(SECRET, "", filler)
}

/// With the secret in the env file beside it.
fn pair(filler: usize) -> Vec<(&'static str, String)> {
    let env = format!("# ours\nPS_JWKS_KEY_1={SECRET}\n");
    vec![(CONFIG, config("!env PS_JWKS_KEY_1", "", filler)), (".env", env)]
}

/// A rotation of a config alone, and of a config and its env file.
fn rotations(filler: usize) -> [Line; 2] {
    let alone = Line {
        name: "rotate",
        arguments: "rotate --yes",
        finds: vec![(CONFIG, inline(filler)), (STALE, "half of it".to_owned())],
        writes: &[CONFIG],
        service: (CONFIG, ".env"),
        next: "rotate --yes",
        only_once: false,
        lacks: &[],
    };
    let with_env =
        Line { name: "rotate, pair", finds: pair(filler), writes: &[".env", CONFIG], ..like(&alone) };
    [alone, with_env]
}

/// The same line, without its files.
fn like(line: &Line) -> Line {
    Line { finds: Vec::new(), ..*line }
}

fn lines(filler: usize) -> Vec<Line> {
    let [rotate, rotate_pair] = rotations(filler);
    let like = || like(&rotate);
    let here = || vec![(CONFIG, inline(filler))];
    let gone = "      - {kty: oct, alg: HS256, kid: gone, exp: 1, k: !env PS_GONE}\n";
    let export = |name, lacks| Line {
        name,
        arguments: "export --out new.env",
        finds: here(),
        writes: &["new.env"],
        service: (CONFIG, "new.env"),
        next: "export --out new.env",
        only_once: true,
        lacks,
    };
    let others = [
        Line {
            name: "add, new env file",
            arguments: "add --yes --secrets env --env-file new.env",
            finds: here(),
            writes: &["new.env", CONFIG],
            service: (CONFIG, "new.env"),
            next: "add --yes --secrets env --env-file new.env",
            ..like()
        },
        export("export", &[]),
        // Some network file systems: there a link takes the place of the rename that replaces nothing.
        export("export, by a link", &["-e", "inject=renameat2:error=EINVAL"]),
        Line {
            name: "prune --drop-env",
            arguments: "prune --yes --drop-env",
            finds: vec![
                (CONFIG, config(SECRET, gone, filler)),
                (".env", format!("# ours\nPS_GONE={OTHER_SECRET}\n")),
            ],
            writes: &[CONFIG, ".env"],
            next: "prune --yes --drop-env=PS_GONE --env-file .env",
            ..like()
        },
        Line {
            name: "move-secret",
            arguments: "move-secret prod-1 --to env --env-file .env --yes",
            finds: vec![(CONFIG, inline(filler)), (".env", "# ours\nOTHER=1\n".to_owned())],
            writes: &[".env", CONFIG],
            next: "move-secret prod-1 --to env --env-file .env --yes",
            ..like()
        },
        Line {
            name: "init",
            arguments: "init --yes --dir new",
            finds: Vec::new(),
            writes: &["new/sync-config.yaml", "new/.env.example", "new/.env", "new/powersync.yaml"],
            service: ("new/powersync.yaml", "new/.env"),
            next: "init --yes --dir new",
            only_once: true,
            ..like()
        },
    ];
    [rotate, rotate_pair].into_iter().chain(others).collect()
}

/// The files of `init` that anybody may read: there is no secret in them.
const PUBLIC: [&str; 4] = [".gitignore", "new/sync-config.yaml", "new/.env.example", "new/powersync.yaml"];

impl Line {
    fn found(&self, name: &str) -> Option<&str> {
        self.finds.iter().find(|(found, _)| *found == name).map(|(_, text)| text.as_str())
    }

    /// The directory as the line finds it, and nothing else in it.
    fn reset(&self, scene: &Scene) {
        for name in names(scene.folder.path()) {
            let path = scene.folder.path().join(name);
            if path.is_dir() {
                fs::remove_dir_all(path).unwrap();
            } else {
                fs::remove_file(path).unwrap();
            }
        }
        for (name, text) in &self.finds {
            scene.write(name, text);
        }
    }

    fn command(&self, scene: &Scene) -> Command {
        run_in(scene, self.arguments)
    }
}

/// How far a run came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Left {
    Old,
    /// So many of its files are written.
    Part(usize),
    New,
}

/// A line that is about to be run many times.
struct Case {
    line: Line,
    scene: Scene,
    /// What it writes when nothing is in its way.
    written: Vec<String>,
    took: Duration,
    log: tempfile::NamedTempFile,
}

impl Case {
    fn new(line: Line) -> Self {
        let scene = Scene::new();
        let mut took = Vec::new();
        for _ in 0..5 {
            line.reset(&scene);
            let start = Instant::now();
            let status = quiet(line.command(&scene)).wait().unwrap();
            took.push(start.elapsed());
            assert!(status.success(), "{}", line.name);
        }
        took.sort();
        let written = line.writes.iter().map(|name| scene.text(name)).collect();
        let log = tempfile::NamedTempFile::new().unwrap();
        let case = Self { line, scene, written, took: took[2], log };
        assert_eq!(case.left("undisturbed"), Left::New);
        case
    }

    fn reset(&self) {
        self.line.reset(&self.scene);
    }

    fn text(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.scene.path(name)).ok()
    }

    /// Fails unless each file is whole, old or new, they were written in their order, for their owner only, and the
    /// service starts with them.
    fn left(&self, what: &str) -> Left {
        let what = format!("{}, {what}", self.line.name);
        let written: Vec<bool> = self
            .line
            .writes
            .iter()
            .zip(&self.written)
            .map(|(name, new)| self.is_new(name, new, &what))
            .collect();
        let count = written.iter().take_while(|new| **new).count();
        assert!(!written[count..].contains(&true), "{what}: not in their order: {written:?}");
        for (name, text) in &self.line.finds {
            let may_change = self.line.writes.contains(name) || *name == STALE;
            assert!(may_change || self.text(name).as_deref() == Some(text), "{what}: {name}");
        }
        self.check_others(&what);
        self.check_service(&what);
        match count {
            0 => Left::Old,
            _ if count == written.len() => Left::New,
            _ => Left::Part(count),
        }
    }

    fn is_new(&self, name: &str, new: &str, what: &str) -> bool {
        let now = self.text(name);
        if now.as_deref() == self.line.found(name) {
            return false;
        }
        let now = now.unwrap_or_else(|| panic!("{what}: {name} is gone"));
        assert!(shape(&now) == shape(new), "{what}: {name} is neither old nor new:\n{now:.900}");
        true
    }

    /// Nothing else is in the directory but temporary files, and nobody else can read what has secrets.
    fn check_others(&self, what: &str) {
        let root = self.scene.folder.path();
        for path in files_below(root) {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            // What keeps a new env file out of git stays, whatever becomes of the file.
            let known =
                self.line.writes.contains(&name) || self.line.found(name).is_some() || name == ".gitignore";
            assert!(known || is_temporary(&path), "{what}: {name} is left");
            // A temporary file has in its name which file it is to be.
            let becomes =
                name.split_once(".jwks-").map_or(name.to_owned(), |(start, _)| start.replacen("/.", "/", 1));
            let becomes = becomes.strip_prefix('.').filter(|rest| rest.starts_with('.')).unwrap_or(&becomes);
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert!(
                PUBLIC.contains(&becomes) || mode.trailing_zeros() >= 6,
                "{what}: {name} has mode {mode:o}"
            );
        }
    }

    fn check_service(&self, what: &str) {
        let (config, env) = self.line.service;
        let Some(config) = self.text(config) else {
            assert_eq!(self.line.found(config), None, "{what}");
            return;
        };
        let env = self.text(env);
        assert!(is_accepted(&config, env.as_deref()), "{what}:\n{config:.600}\n{env:?}");
        assert!(self.line.found(CONFIG).is_none() || config.ends_with(END), "{what}: half a config");
    }

    /// The temporary files that the line did not find.
    fn temporary(&self) -> usize {
        let root = self.scene.folder.path();
        let new = |path: &&PathBuf| is_temporary(path) && !path.ends_with(STALE);
        files_below(root).iter().filter(new).count()
    }

    /// Nothing is in the way of the next run, which also clears up.
    fn runs_again(&self, left: Left, what: &str) {
        let what = format!("{}, {what}, and the next run", self.line.name);
        let output = run_in(&self.scene, self.line.next).output().unwrap();
        let (code, stderr) = text_of(&output);
        let refused = self.line.only_once && left == Left::New;
        assert_eq!(code, Some(if refused { 2 } else { 0 }), "{what}: {stderr}");
        assert!(!refused || stderr.contains("overwrit"), "{what}: {stderr}");
        self.check_service(&what);
        assert_eq!(temporary_files(&self.scene), 0, "{what}");
    }

    fn strace(&self, options: &[&str]) -> Command {
        let mut command = Command::new("strace");
        in_directory(&mut command, self.scene.folder.path());
        command.arg("-o").arg(self.log.path()).args(self.line.lacks).args(options);
        command.arg(PROGRAM).args(self.line.arguments.split(' '));
        command
    }

    fn traced(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log.path()).unwrap()).into_owned()
    }

    /// Whether the last run got as far as the call that was to fail.
    fn was_injected(&self, call: &str) -> bool {
        let call = format!("{call}(");
        self.traced().lines().any(|line| line.starts_with(&call) && line.ends_with("(INJECTED)"))
    }

    /// How often the line makes each system call; `None` where that can't be told here.
    fn system_calls(&self) -> Option<BTreeMap<String, usize>> {
        self.reset();
        let output = self.strace(&[]).output();
        if !output.is_ok_and(|output| output.status.success()) {
            skip("strace is not here, or may not trace");
            return None;
        }
        let mut calls = BTreeMap::new();
        for line in self.traced().lines() {
            let name = line.split('(').next().unwrap();
            if name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_') {
                *calls.entry(name.to_owned()).or_insert(0) += 1;
            }
        }
        let moved = calls.keys().any(|name| name.starts_with("rename"));
        assert!(moved && calls.contains_key("fsync"), "{}: {calls:?}", self.line.name);
        Some(calls)
    }
}

/// A text with every word of the same length in its place: fresh secrets, names and dates differ in nothing else, but for
/// the quotes of one that begins with a dash.
fn shape(text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    text.chars().filter(|c| *c != '\'').map(|c| if is_word(c) { 'x' } else { c }).collect()
}

fn names(folder: &Path) -> Vec<OsString> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

fn is_temporary(path: &Path) -> bool {
    path.as_os_str().as_bytes().ends_with(b".tmp")
}

fn temporary_files(scene: &Scene) -> usize {
    files_below(scene.folder.path()).iter().filter(|path| is_temporary(path)).count()
}

fn run_in(scene: &Scene, arguments: &str) -> Command {
    let mut command = program(scene.folder.path());
    command.args(arguments.split(' '));
    command
}

fn quiet(mut command: Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn text_of(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
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

// --- killed ------------------------------------------------------------------------------------------------------

/// What kills left.
#[derive(Default)]
struct Kills {
    done: u32,
    /// Runs that had ended before.
    misses: u32,
    left: BTreeMap<Left, u32>,
    /// Temporary files, until the next run.
    temporary: usize,
}

impl Kills {
    /// Counts a run that should have been killed, if it was.
    fn count(&mut self, case: &Case, status: ExitStatus, what: &str) {
        if status.signal() != Some(9) {
            assert!(status.success(), "{}, {what}: neither killed nor done: {status}", case.line.name);
            self.misses += 1;
            return;
        }
        self.done += 1;
        let left = case.left(what);
        *self.left.entry(left).or_default() += 1;
        self.temporary += case.temporary();
        case.runs_again(left, what);
    }

    fn print(&self, case: &Case, how: &str) {
        let Self { done, misses, left, temporary } = self;
        let name = case.line.name;
        println!(
            "{name}: {done} kills {how} ({misses} runs ended before theirs): {left:?}; {temporary} temporary files left"
        );
    }
}

/// Kills each line at every one of these calls in turn.
fn kill_at_calls(wanted: impl Fn(&str) -> bool) {
    for line in lines(SHORT) {
        let case = Case::new(line);
        let Some(calls) = case.system_calls() else { return };
        let mut kills = Kills::default();
        for (name, count) in calls.iter().filter(|(name, _)| wanted(name)) {
            for nth in 1..=*count {
                case.reset();
                let inject = format!("inject={name}:signal=SIGKILL:when={nth}");
                // It ends as what it traces.
                let status = quiet(case.strace(&["-e", &inject])).wait().unwrap();
                kills.count(&case, status, &format!("killed at {name} {nth} of {count}"));
            }
        }
        kills.print(&case, "at system calls");
        assert!(kills.done > 10 * kills.misses, "{} kills, {} misses", kills.done, kills.misses);
        assert!(kills.left.contains_key(&Left::Old) && kills.left.contains_key(&Left::New));
        for part in 1..case.line.writes.len() {
            assert!(kills.left.contains_key(&Left::Part(part)), "{part}: {:?}", kills.left);
        }
    }
}

#[test]
fn killed_at_the_calls_that_matter() {
    kill_at_calls(|name| is_about_names(name) || ["fsync", "fchmod", "flock"].contains(&name));
}

fn is_about_names(call: &str) -> bool {
    ["rename", "link", "unlink", "mkdir"].iter().any(|start| call.starts_with(start))
}

#[test]
#[ignore = "minutes: a kill at every system call"]
fn killed_at_every_call() {
    kill_at_calls(|name| name != "execve" && name != "exit_group");
}

/// Kills each line that often at random instants. The delays follow from the seed and the machine.
fn kill_at_random(wanted: u32, lines: impl IntoIterator<Item = Line>, seed: u64) {
    for line in lines {
        let case = Case::new(line);
        let whole = i64::try_from(case.took.as_micros()).unwrap();
        let mut random = Dice::new(seed);
        let mut kills = Kills::default();
        while kills.done < wanted {
            assert!(kills.misses < 100 + 10 * wanted, "{}: most runs end before their kill", case.line.name);
            case.reset();
            let mut child = quiet(case.line.command(&case.scene));
            // The only wait of these tests: its length is what is tried.
            std::thread::sleep(Duration::from_micros(
                u64::try_from(random.uniform(0, whole * 5 / 4)).unwrap(),
            ));
            child.kill().unwrap();
            let status = child.wait().unwrap();
            kills.count(&case, status, &format!("kill {} of seed {seed}", kills.done));
        }
        kills.print(&case, &format!("within {whole} µs"));
    }
}

#[test]
fn killed_at_random_instants() {
    kill_at_random(15, rotations(LONG), 0x5eed);
}

#[test]
#[ignore = "minutes: 1,000 kills of each command line"]
fn killed_a_thousand_times() {
    kill_at_random(1_000, lines(LONG), 0xfa11);
}

// --- system calls that fail --------------------------------------------------------------------------------------

/// Makes every one of these calls fail in turn.
fn fail_calls(wanted: impl Fn(&str) -> &'static [&'static str]) {
    for line in lines(SHORT) {
        let case = Case::new(line);
        let Some(calls) = case.system_calls() else { return };
        let mut counts = BTreeMap::new();
        let (mut injected, mut missed) = (0, 0);
        for (name, count) in &calls {
            for error in wanted(name) {
                for nth in 1..=*count {
                    let what = format!("{error} at {name} {nth} of {count}");
                    case.reset();
                    let inject = format!("inject={name}:error={error}:when={nth}");
                    let output = case.strace(&["-e", &inject]).output().unwrap();
                    let end = check_failed(&case, name, &output, &what);
                    if case.was_injected(name) {
                        injected += 1;
                        *counts.entry(end).or_insert(0) += 1;
                    } else {
                        missed += 1;
                        assert_eq!(end, (Some(0), Left::New), "{what}");
                    }
                }
            }
        }
        println!(
            "{}: {injected} failures injected ({missed} runs made fewer calls): {counts:?}",
            case.line.name
        );
        assert!(injected > 10 * missed, "{injected} injected, {missed} missed");
        assert!(counts.keys().any(|(code, left)| (*code, *left) == (Some(2), Left::Old)), "{counts:?}");
    }
}

/// A run of which a call failed: told, and nothing half-done.
fn check_failed(case: &Case, call: &str, output: &Output, what: &str) -> (Option<i32>, Left) {
    let (code, stderr) = text_of(output);
    let left = case.left(what);
    let what = format!("{}, {what}: {code:?} {left:?}: {stderr}", case.line.name);
    // 127: the program was not even loaded.
    assert!(matches!(code, Some(0 | 2 | 127)), "{what}{}", output.status);
    assert!(!stderr.contains(PANIC) || is_fault_of_std(call, &stderr), "{what}");
    assert!(!stderr.contains(SECRET) && !stderr.contains(OTHER_SECRET), "{what}");
    let told = stderr.contains("error: ") || stderr.contains("error while loading");
    assert!(code == Some(0) || told || call.starts_with("write"), "silent: {what}");
    match (code, left) {
        (Some(0), left) => assert_eq!(left, Left::New, "{what}"),
        (_, Left::New) => assert!(stderr.contains("in place"), "{what}"),
        _ => {}
    }
    // What can't be removed stays.
    assert!(case.temporary() == 0 || call.starts_with("unlink"), "{what}");
    (code, left)
}

/// The standard library panics where a directory that was read can't be closed.
fn is_fault_of_std(call: &str, stderr: &str) -> bool {
    call == "close" && stderr.contains("library/std/src/sys/fs/")
}

#[test]
fn calls_that_matter_fail() {
    fail_calls(|name| match name {
        "fsync" => &["EIO"],
        "fchmod" => &["EPERM"],
        "flock" => &["ENOLCK"],
        _ if is_about_names(name) => &["EACCES"],
        _ => &[],
    });
}

#[test]
#[ignore = "minutes: every call that may fail, fails"]
fn every_call_fails() {
    fail_calls(|name| match name {
        "fsync" => &["EIO", "ENOSPC"],
        "write" => &["ENOSPC", "EIO", "EINTR"],
        "read" | "close" => &["EIO", "EINTR"],
        "openat" => &["EMFILE", "EACCES", "ENOENT"],
        "fchmod" => &["EPERM", "EROFS"],
        "flock" => &["ENOLCK", "EINTR", "EAGAIN"],
        "statx" | "readlink" => &["EACCES", "EIO"],
        "getdents64" => &["EIO"],
        // As of a kernel that has none, and of a sandbox.
        "getrandom" => &["ENOSYS", "EPERM"],
        "mkdir" => &["EACCES", "ENOSPC", "EROFS"],
        _ if name.starts_with("rename") => &["EXDEV", "EACCES", "EROFS", "EISDIR"],
        _ if name.starts_with("link") => &["EXDEV", "EACCES", "EMLINK", "EPERM"],
        _ if name.starts_with("unlink") => &["EACCES", "EIO", "EROFS"],
        _ => &[],
    });
}

// --- many at once ------------------------------------------------------------------------------------------------

#[test]
#[ignore = "64 processes at once"]
fn sixty_four_processes_add_a_key_each() {
    for line in rotations(LONG) {
        let scene = Scene::new();
        line.reset(&scene);
        let children: Vec<_> = (0..64).map(|_| quiet(run_in(&scene, "add --yes"))).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        let config = scene.text(CONFIG);
        let env = fs::read_to_string(scene.path(".env")).ok();
        assert!(is_accepted(&config, env.as_deref()) && config.ends_with(END));
        assert_eq!(Config::parse_str(&config, Input::Yaml).unwrap().entries().len(), 65);
        assert_eq!(temporary_files(&scene), 0);
    }
}

/// One process of many.
struct Process {
    line: &'static str,
    child: Child,
    /// What it says. A pipe that nobody reads until it ends would be full before that.
    stderr: fs::File,
}

impl Process {
    /// What it ran and how that ended, if it has.
    fn ended(&mut self) -> Option<(&'static str, End)> {
        let code = self.child.try_wait().unwrap()?.code();
        let mut stderr = String::new();
        self.stderr.rewind().unwrap();
        self.stderr.read_to_string(&mut stderr).unwrap();
        let end = match code {
            Some(0) if stderr.contains("Written: ") => End::Written,
            Some(0) => End::NothingToDo,
            Some(2) if stderr.contains("error: ") && !stderr.contains(PANIC) => End::Refused,
            other => panic!("{}: {other:?} {stderr}", self.line),
        };
        Some((self.line, end))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Written,
    NothingToDo,
    Refused,
}

/// After so many runs for each write that is asked for, a line writes too seldom.
const MOST_RUNS: u32 = 600;

/// Many processes that each do one thing after the other for that long, while every state on the way is read. Each command
/// line has to write at least that often, for which it gets as many runs more as a slow machine needs.
fn churn(processes: usize, time: Duration, least: u32) {
    const LINES: [&str; 10] = [
        "rotate --yes --overlap 1s --allow short-overlap",
        // Thrice: others do its work, too.
        "prune --yes",
        "prune --yes",
        "prune --yes",
        "reconcile --yes",
        "rotate --standby --yes",
        "promote @2 --yes --overlap 1s --allow before-nbf,older-key,short-overlap",
        "rotate --revoke --yes",
        // Twice: else there are ever more keys.
        "remove @5 --yes --allow live-key",
        "remove @5 --yes --allow live-key",
    ];
    for line in rotations(SHORT) {
        let scene = Scene::new();
        line.reset(&scene);
        let (mut states, mut ends) = (0, BTreeMap::new());
        let lacks = |ends: &BTreeMap<(&str, End), u32>| {
            LINES.iter().find(|line| ends.get(&(**line, End::Written)).is_none_or(|count| *count < least))
        };
        // In an order, some would always keep others from their work.
        let mut random = Dice::new(0x5eed);
        let mut running: Vec<Process> = Vec::new();
        let start = Instant::now();
        loop {
            let runs: u32 = ends.values().sum();
            let over = start.elapsed() > time && (lacks(&ends).is_none() || runs > MOST_RUNS * least);
            if over && running.is_empty() {
                break;
            }
            assert!(start.elapsed() < 6 * time + Duration::from_secs(600), "{} hang", running.len());
            while running.len() < processes && !over {
                let line = *random.pick(&LINES);
                let mut command = run_in(&scene, line);
                let stderr = tempfile::tempfile().unwrap();
                command.stdout(Stdio::null()).stderr(stderr.try_clone().unwrap());
                running.push(Process { line, child: command.spawn().unwrap(), stderr });
            }
            running.retain_mut(|process| {
                let ended = process.ended();
                if let Some(end) = ended {
                    *ends.entry(end).or_insert(0) += 1;
                }
                ended.is_none()
            });
            // In this order: a variable is there before the config that refers to it.
            let config = scene.text(CONFIG);
            let env = fs::read_to_string(scene.path(".env")).ok();
            assert!(is_accepted(&config, env.as_deref()) && config.ends_with(END), "{config:.900}");
            states += 1;
        }
        let runs: u32 = ends.values().sum();
        println!("{}: {runs} runs in {:.0?}, {states} states read", line.name, start.elapsed());
        for ((line, end), count) in &ends {
            println!("  {line}: {end:?} {count}");
        }
        assert_eq!(lacks(&ends), None, "written too seldom: {ends:?}");
        assert_eq!(temporary_files(&scene), 0);
    }
}

#[test]
fn every_state_on_the_way_is_accepted() {
    churn(4, Duration::from_secs(2), 1);
}

#[test]
#[ignore = "minutes: 16 processes, a minute each"]
fn every_state_on_the_way_of_sixteen_is_accepted() {
    churn(16, Duration::from_secs(60), 10);
}

// --- disks, files and directories ------------------------------------------------------------------------------------

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
        skip("a file system can't be mounted here");
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

#[test]
fn a_full_disk_and_one_that_is_read_only() {
    let Some(disk) = Disk::mount(512) else { return };
    let folder = disk.0.path();
    let old = inline(LONG);
    fs::write(folder.join(CONFIG), &old).unwrap();
    let all = fs::write(folder.join("rest"), vec![0; 1 << 20]);
    assert!(all.is_err(), "the disk is full");
    // By a link from another file system.
    let scene = Scene::new();
    symlink(folder.join(CONFIG), scene.path(CONFIG)).unwrap();
    for place in [folder, scene.folder.path()] {
        let (code, stderr) = text_of(&program(place).args(["rotate", "--yes"]).output().unwrap());
        assert_eq!(code, Some(2));
        assert!(stderr.contains("No space left on device") && stderr.contains("is as it was"), "{stderr}");
        assert_eq!(fs::read_to_string(folder.join(CONFIG)).unwrap(), old);
        assert_eq!(names(folder).len(), 2);
    }
    fs::remove_file(folder.join("rest")).unwrap();
    disk.remount("ro");
    let (code, stderr) = text_of(&program(folder).args(["rotate", "--yes"]).output().unwrap());
    assert!(code == Some(2) && stderr.contains("this file system is read-only"), "{stderr}");
    disk.remount("rw");
    assert!(run_in(&scene, "rotate --yes").output().unwrap().status.success());
    assert!(fs::symlink_metadata(scene.path(CONFIG)).unwrap().is_symlink());
    assert_ne!(fs::read_to_string(folder.join(CONFIG)).unwrap(), old);
}

#[test]
fn a_pair_on_a_full_disk() {
    // From no room at all to room for both.
    let Some(disk) = Disk::mount(1024) else { return };
    let folder = disk.0.path();
    let files = pair(LONG);
    let mut seen = Vec::new();
    for room in (0..=220).step_by(20) {
        for name in names(folder) {
            fs::remove_file(folder.join(name)).unwrap();
        }
        for (name, text) in &files {
            fs::write(folder.join(name), text).unwrap();
        }
        let used = fs::metadata(folder.join(CONFIG)).unwrap().len() / 4096 * 4 + 8;
        let rest = 1024_u64.saturating_sub(used + room);
        let _ = fs::write(folder.join("rest"), vec![0; usize::try_from(rest * 1024).unwrap()]);
        let (code, stderr) = text_of(&program(folder).args(["rotate", "--yes"]).output().unwrap());
        let config = fs::read_to_string(folder.join(CONFIG)).unwrap();
        let env = fs::read_to_string(folder.join(".env")).unwrap();
        assert!(is_accepted(&config, Some(&env)) && config.ends_with(END), "{room}: {stderr}");
        assert_eq!(code == Some(0), config != files[0].1, "{room}: {stderr}");
        assert_eq!(names(folder).len(), 3, "{room}");
        seen.push(code);
    }
    assert!(seen.contains(&Some(0)) && seen.contains(&Some(2)), "{seen:?}");
}

#[test]
fn files_of_somebody_else() {
    let scene = Scene::with(CONFIG, inline(LONG));
    let folder = scene.folder.path();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    let as_nobody = |arguments: &[&str]| program(folder).args(arguments).uid(65534).gid(65534).output().ok();
    if as_nobody(&["--version"]).is_none_or(|output| !output.status.success()) {
        skip("the program can't be run as another user here");
        return;
    }
    let config = CONFIG;
    for (mode, arguments, said) in [
        (0o600, ["-c", config, "status"].as_slice(), "there is no permission to read this file"),
        (0o600, &["-c", config, "rotate", "--yes"], "there is no permission"),
        (0o644, &["-c", config, "rotate", "--yes"], "there is no permission to write this file"),
        (
            0o644,
            &["-c", config, "export", "--out", "new"],
            "there is no permission to write in this file's directory",
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
        assert_eq!(scene.text(config), inline(LONG));
        assert_eq!(names(folder), [config]);
    }
}

#[test]
fn a_file_that_moves_away_under_the_lock() {
    let old = inline(LONG);
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
        let scene = Scene::with(CONFIG, inline(LONG));
        let path = scene.path(CONFIG);
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
        fs::write(&path, inline(LONG)).unwrap();
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

/// A file and its mode.
type Mode = (&'static str, u32);

#[test]
fn new_files_are_for_their_owner_under_any_umask() {
    let config = || vec![(CONFIG, inline(1))];
    // Only in a repository there is something to ignore.
    let repository = vec![(".git/HEAD", "ref: refs/heads/main\n".to_owned())];
    let open: &[Mode] = &[
        (".env", 0o600),
        (".env.example", 0o644),
        (CONFIG, 0o644),
        ("sync-config.yaml", 0o644),
        (".gitignore", 0o644),
    ];
    let cases: [(&str, _, &[Mode]); 6] = [
        ("init --yes", repository, open),
        ("init --yes --secrets inline", Vec::new(), &[(CONFIG, 0o600)]),
        ("add --yes --secrets env --env-file new.env", config(), &[("new.env", 0o600), (CONFIG, 0o600)]),
        ("add --yes --secret-out new.txt", pair(1), &[("new.txt", 0o600), (CONFIG, 0o600)]),
        ("export --out new.env", config(), &[("new.env", 0o600)]),
        ("rotate --yes", pair(1), &[(".env", 0o600), (CONFIG, 0o600)]),
    ];
    for umask in ["000", "777"] {
        for (arguments, finds, modes) in &cases {
            let scene = Scene::new();
            for (name, text) in finds {
                scene.write(name, text);
            }
            let mut command = Command::new("sh");
            in_directory(&mut command, scene.folder.path());
            // Root may read what nobody may, so another user runs it where that can be.
            if is_for_nobody(scene.folder.path()) {
                command.uid(NOBODY).gid(NOBODY);
            }
            let script = format!("umask {umask}; exec '{PROGRAM}' {arguments}");
            let (code, stderr) = text_of(&command.args(["-c", &script]).output().unwrap());
            assert_eq!(code, Some(0), "{umask} {arguments}: {stderr}");
            for (name, mode) in *modes {
                let now = fs::metadata(scene.path(name)).unwrap().permissions().mode() & 0o7777;
                assert_eq!(now, *mode, "umask {umask}, {arguments}: {name} has mode {now:o}");
            }
        }
    }
}

const NOBODY: u32 = 65534;

/// Gives a directory and all in it to a user who is not root, and can run the program.
fn is_for_nobody(folder: &Path) -> bool {
    let run = Command::new(PROGRAM).arg("--version").uid(NOBODY).gid(NOBODY).output();
    if !run.is_ok_and(|output| output.status.success()) {
        return false;
    }
    chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
    for path in files_below(folder) {
        chown(path.parent().unwrap(), Some(NOBODY), Some(NOBODY)).unwrap();
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    true
}

/// What becomes of a stream.
#[derive(Clone, Copy)]
enum Streams {
    /// As the shell says.
    Shell(&'static str),
    /// Stdout is a pipe whose reader is gone; so is stderr, where `both`.
    Unread { both: bool },
}

const STREAMS: [(&str, Streams); 10] = [
    ("fine", Streams::Shell("")),
    ("<&-", Streams::Shell("<&-")),
    ("< .", Streams::Shell("< .")),
    (">&-", Streams::Shell(">&-")),
    ("2>&-", Streams::Shell("2>&-")),
    ("all", Streams::Shell("<&- >&- 2>&-")),
    ("pipe", Streams::Unread { both: false }),
    ("pipes", Streams::Unread { both: true }),
    (">full", Streams::Shell("> /dev/full")),
    ("2>full", Streams::Shell("2> /dev/full")),
];

/// For each command line and each column of [`STREAMS`]: the exit code, with a `+` where the files are the new ones.
/// After `<` comes what is stdin. A `?` is any code: a stdout that is closed is one that leads nowhere for the standard
/// library, so that nothing tells of it.
const ENDS: &str = "
                                                        fine   <&-    < .    >&-    2>&-   all    pipe   pipes  >full  2>full
status                                                  0      0      0      ?      0      ?      2      2      2      0
timeline                                                0      0      0      ?      0      ?      2      2      2      0
check --pedantic --deny no-schedule                     1      1      1      1      1      1      2      2      2      1
redact                                                  0      0      0      ?      0      ?      2      2      2      0
diff powersync.yaml powersync.yaml                      0      0      0      ?      0      ?      2      2      2      0
--help                                                  0      0      0      ?      0      ?      0      0      ?      0
token --sub u                                           0      0      0      ?      0      ?      2      2      2      0
verify < token                                          0      2      2      0      0      2      2      2      2      0
export                                                  0      0      0      ?      0      ?      2      2      2      0
export --out new.env                                    0+     0+     0+     0+     0+     0+     0+     0+     0+     0+
rotate                                                  2      2      2      2      2      2      2      2      2      2
rotate --dry-run                                        0      0      0      ?      0      ?      2      2      2      0
rotate --yes                                            0+     0+     0+     0+     0+     0+     2      2      2      0+
add --yes                                               0+     0+     0+     0+     0+     0+     2      2      2      0+
add --secret-stdin --encoding base64url --yes < secret  0+     2      2      0+     0+     2      2      2      2      0+
prune --yes                                             0      0      0      0      0      0      0      0      0      0
reconcile --yes                                         0+     0+     0+     0+     0+     0+     2      2      2      0+
-c - rotate < powersync.yaml                            0      2      2      ?      0      2      2      2      2      0
-c - prune < powersync.yaml                             0      2      2      ?      0      2      2      2      2      0
init --yes --dir new                                    0+     0+     0+     0+     0+     0+     2      2      2      0+
";

/// A pipe that nobody reads.
fn unread() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// Runs a command line with such streams, and says how it ended.
fn end_with(streams: Streams, line: &str) -> String {
    let scene = Scene::with(CONFIG, inline(SHORT));
    scene.write("secret", OTHER_SECRET);
    let token = run_in(&scene, "token --sub u").output().unwrap().stdout;
    scene.write("token", token);
    let before = names(scene.folder.path()).len();
    let (arguments, stdin) = line.split_once(" < ").unwrap_or((line, "/dev/null"));
    let mut command = Command::new("sh");
    in_directory(&mut command, scene.folder.path());
    let redirected = match streams {
        Streams::Shell(redirected) => redirected,
        Streams::Unread { both } => {
            command.stdout(unread());
            if both {
                command.stderr(unread());
            }
            ""
        }
    };
    let script = format!("exec '{PROGRAM}' {arguments} < {stdin} {redirected}");
    if let Streams::Shell(_) = streams {
        command.stdout(Stdio::null());
    }
    let (code, stderr) = text_of(&command.args(["-c", &script]).output().unwrap());
    assert!(!stderr.contains(PANIC), "{line}: {stderr}");
    assert_eq!(temporary_files(&scene), 0, "{line}");
    let code = code.map_or("killed".to_owned(), |code| code.to_string());
    let config = scene.text(CONFIG);
    assert!(config.ends_with(END) && is_accepted(&config, None), "{line}");
    let as_it_was = config == inline(SHORT) && names(scene.folder.path()).len() == before;
    if line.starts_with("init") && !as_it_was {
        let (config, env) = (scene.text("new/powersync.yaml"), scene.text("new/.env"));
        assert!(is_accepted(&config, Some(&env)) && names(&scene.path("new")).len() == 4, "{line}");
    }
    if line.starts_with("export") && !as_it_was {
        assert!(scene.text("new.env").ends_with(&format!("{SECRET}\n")), "{line}");
    }
    format!("{code}{}", if as_it_was { "" } else { "+" })
}

#[test]
fn streams_that_are_closed_early() {
    let mut rows = ENDS.trim_matches('\n').lines();
    let heads = rows.next().unwrap();
    let width = heads.find("fine").unwrap();
    let columns: Vec<&str> = STREAMS.iter().map(|(name, _)| *name).collect();
    assert_eq!(heads.split("  ").map(str::trim).filter(|head| !head.is_empty()).collect::<Vec<_>>(), columns);
    let mut wrong = String::new();
    for row in rows {
        let line = row[..width].trim_end();
        let expected: Vec<&str> = row[width..].split_whitespace().collect();
        assert_eq!(expected.len(), STREAMS.len(), "{line}");
        for ((name, streams), expected) in STREAMS.iter().zip(expected) {
            let end = end_with(*streams, line);
            if end != expected && (expected != "?" || end.starts_with("killed")) {
                writeln!(wrong, "{line}, {name}: {end} and not {expected}").unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What a run took, where `/usr/bin/time` can tell. Fails where it needs more memory or time than is bearable.
fn measured(folder: &Path, arguments: &str, megabytes: u32, seconds: u32) -> (Option<i32>, String) {
    let timer = if Path::new("/usr/bin/time").exists() { "/usr/bin/time -f 'took %e %M'" } else { "" };
    let kilobytes = megabytes * 1024;
    let script = format!("ulimit -v {kilobytes}; exec timeout {seconds} {timer} {PROGRAM} {arguments}");
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()
        .unwrap();
    let (code, stderr) = text_of(&output);
    let took = stderr.lines().last().and_then(|line| line.strip_prefix("took ")?.split_once(' '));
    let took = took.map_or(String::new(), |(seconds, kilobytes)| format!(", {seconds} s, {kilobytes} KB"));
    println!("{arguments}: exit code {code:?}{took}");
    // 124: it took too long.
    let fine = matches!(code, Some(0..=2)) && !stderr.contains(PANIC);
    assert!(fine, "{arguments}: {code:?} {stderr:.400}");
    (code, stderr)
}

const HEAD: &str = "client_auth:\n  audience: [a]\n  jwks:\n    keys:\n";

fn keys(count: usize) -> String {
    let mut text = HEAD.to_owned();
    let mut random = Dice::new(1);
    for number in 0..count {
        let mut k = String::new();
        while k.len() < 43 {
            k.extend(char::from_digit(u32::try_from(random.uniform(0, 35)).unwrap(), 36));
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

fn try_hostile(files: &[(&str, String, u32)], lines: &[&str], seconds: u32) {
    let scene = Scene::new();
    for (name, text, megabytes) in files {
        scene.write(CONFIG, text);
        for line in lines {
            let (code, stderr) = measured(scene.folder.path(), line, *megabytes, seconds);
            assert!(code != Some(2) || stderr.contains("error: "), "{name}: {stderr:.400}");
            if code == Some(2) {
                assert_eq!(scene.text(CONFIG), *text, "{name}");
            }
        }
        println!("^ {name}, {} KB", text.len() / 1024);
    }
}

#[test]
fn files_that_are_made_to_hurt() {
    try_hostile(&hostile_files(), &["status", "check", "redact", "rotate --yes"], 60);
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
    try_hostile(&files, &["status", "check", "redact", "timeline", "add --yes"], 300);
}
