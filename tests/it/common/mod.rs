//! Runs the program inside of the test, in a directory of its own, with a fixed clock and random bytes that
//! are the same in every run.

#![allow(dead_code, reason = "each test file uses a part of this")]

pub mod deliberate;
pub mod dice;
pub mod generate;
pub mod layout;
pub mod meaning;
pub mod odd;
pub mod outputs;
pub mod owned;
pub mod pieces;
pub mod process;
pub mod profile;
pub mod service;
pub mod session;
pub mod svg;

use std::cell::Cell;
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use powersync_jwks::probe;
use powersync_jwks::time::{Clock, NumericDate};
use powersync_jwks::{Cli, Terminal, World, run};

use self::dice::Noise;

/// The moment of all tests that don't set another.
pub const NOW: &str = "2026-11-23T09:31:00Z";

pub fn date(text: &str) -> NumericDate {
    text.parse().unwrap()
}

/// A clock that moves on by that many seconds after the first look at it.
pub struct JumpingClock {
    pub next: Cell<NumericDate>,
    pub jump: Cell<i64>,
}

impl Clock for JumpingClock {
    fn now(&self) -> NumericDate {
        let now = self.next.get();
        self.next.set(NumericDate::new(now.seconds() + self.jump.take()).unwrap());
        now
    }
}

/// What a run printed and how it ended.
#[derive(Debug)]
pub struct Outcome {
    pub code: u8,
    pub stdout: String,
    pub stderr: String,
}

/// A directory with files, and the world a run sees.
pub struct Scene {
    pub folder: tempfile::TempDir,
    pub now: NumericDate,
    pub jump: i64,
    pub stdin: Vec<u8>,
    pub terminal: bool,
    pub seed: u64,
    pub variables: Vec<(String, String)>,
    /// What asks running services: the real one, on loopback, unless a test sets another.
    pub ask: Box<probe::Open>,
    /// Called while a command waits.
    pub sleep: Box<dyn Fn(Duration)>,
}

#[cfg(feature = "probe")]
const ASK: fn(probe::AskOptions) -> Result<Box<dyn probe::Ask>, probe::CannotAsk> = probe::http::direct;
#[cfg(not(feature = "probe"))]
const ASK: fn(probe::AskOptions) -> Result<Box<dyn probe::Ask>, probe::CannotAsk> = probe::not_built_in;

impl Scene {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            now: date(NOW),
            jump: 0,
            stdin: Vec::new(),
            terminal: false,
            seed: 1,
            variables: Vec::new(),
            ask: Box::new(ASK),
            sleep: Box::new(|_| {}),
        }
    }

    pub fn with(name: &str, content: impl AsRef<[u8]>) -> Self {
        let scene = Self::new();
        scene.write(name, content);
        scene
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        #[cfg(unix)]
        {
            // Whatever the umask of the machine.
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    /// Runs a command line, with the arguments as one text. Quotes keep words together.
    pub fn run(&self, arguments: &str) -> Outcome {
        let mut words = vec!["powersync-jwks".to_owned()];
        words.extend(split(arguments));
        let cli = match Cli::read(words) {
            Ok(cli) => cli,
            Err(error) => {
                let stderr = error.render().to_string();
                return Outcome {
                    code: u8::try_from(error.exit_code()).unwrap(),
                    stdout: String::new(),
                    stderr,
                };
            }
        };
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let code = run(
            &cli,
            &mut World {
                clock: &JumpingClock { next: Cell::new(self.now), jump: Cell::new(self.jump) },
                random: &Noise::new(self.seed),
                directory: self.folder.path().to_owned(),
                variable: &|name| {
                    self.variables
                        .iter()
                        .find(|(other, _)| other == name)
                        .map(|(_, value)| OsString::from(value))
                },
                stdin: &mut self.stdin.as_slice(),
                stdout: &mut anstream::StripStream::new(&mut stdout),
                stderr: &mut anstream::StripStream::new(&mut stderr),
                terminal: Terminal { stdin: self.terminal, stderr: self.terminal, width: None },
                ask: &self.ask,
                sleep: &self.sleep,
            },
        );
        Outcome {
            code,
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }
}

fn split(arguments: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for c in arguments.chars() {
        match c {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' | '\n' if !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Says that something can't be tried here, even where the test passes: what `eprintln!` says is kept back then. Fails
/// where nothing may be left out.
pub fn skip(why: &str) {
    assert!(std::env::var_os("SKIPS_FAIL").is_none_or(|required| required != "1"), "SKIPPED: {why}");
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// The directory of the crate.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Compares with a file of the repository; with `BLESS=1`, writes it.
pub fn expect_file(path: &Path, actual: &str) -> Result<(), String> {
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, actual).unwrap();
        return Ok(());
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    if expected == actual {
        return Ok(());
    }
    let diff = similar::TextDiff::from_lines(expected.as_str(), actual);
    // A test runs in a thread of its name.
    let thread = std::thread::current();
    let test = thread.name().filter(|name| name.contains("::")).unwrap_or_default();
    Err(format!(
        "{}: not what comes out. Where that is meant, write it with `BLESS=1 cargo test --test it {test}`, and read \
         `git diff`\n{}",
        path.display(),
        diff.unified_diff().header("expected", "actual")
    ))
}

/// A unified diff of raw bytes, with what can't be seen made visible.
pub fn raw_diff(old: &[u8], new: &[u8]) -> String {
    let visible = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes).replace('\r', "␍").replace('\u{feff}', "␂BOM").replace('\t', "→")
    };
    let (old, new) = (visible(old), visible(new));
    if old == new {
        return "(unchanged)\n".to_owned();
    }
    let diff = similar::TextDiff::from_lines(&old, &new);
    let mut text = diff.unified_diff().context_radius(2).to_string();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// The fixtures: name, file name, content.
pub fn fixtures() -> Vec<(String, String, Vec<u8>)> {
    let mut all = Vec::new();
    for folder in fs::read_dir(root().join("fixtures")).unwrap() {
        let folder = folder.unwrap();
        for name in ["powersync.yaml", "powersync.json", "service.yaml"] {
            if let Ok(content) = fs::read(folder.path().join(name)) {
                all.push((folder.file_name().into_string().unwrap(), name.to_owned(), content));
            }
        }
    }
    all.sort();
    all
}

/// The runs of a fixture: each starts from the original file, but for those a week later and those that come `then`,
/// which go on from the one before. Their transcripts are kept with the fixtures; `outputs.rs` has further runs, of which
/// only what they write is looked at.
pub const RUNS: [&str; 15] = [
    "rotate --yes",
    "prune --yes  # a week later",
    "rotate --standby --yes",
    "promote --yes  # a week later",
    "reconcile --yes --secrets inline",
    "retire --undo @1 --yes",
    "remove @1 --yes --allow live-key,last-key,current-key",
    "add --yes",
    "add --alg HS384 --kid 'its: #1' --yes --allow other-login,wildcard,clock",
    "rotate --revoke --yes",
    "retire @1 --in 30d --yes --allow current-key,last-key,short-overlap",
    "prune --yes",
    "add --secrets env --env-file secrets.env --yes --allow other-login,wildcard,clock",
    "move-secret @1 --to env --env-file secrets.env --yes",
    "move-secret @1 --to inline --env-file secrets.env --yes  # then",
];

/// Whether a run goes on from the one before.
pub fn goes_on(run: &str) -> bool {
    run.ends_with("# a week later") || run.ends_with("# then")
}

/// Makes one of [`RUNS`]. Gives the config as it was before it, and how it ended.
pub fn run_on_fixture(scene: &mut Scene, file: &str, content: &[u8], run: &str) -> (Vec<u8>, Outcome) {
    let later = run.ends_with("# a week later");
    if !goes_on(run) {
        scene.write(file, content);
        let _ = fs::remove_file(scene.path("secrets.env"));
    }
    scene.now = date(if later { "2026-11-30T09:31:00Z" } else { NOW });
    let before = scene.read(file);
    let outcome = scene.run(&format!("-c {file} {}", run.split("  # ").next().unwrap()));
    (before, outcome)
}

/// A text without its line breaks: prose is wrapped.
pub fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
