//! Whether the work grows in proportion to the input: instructions of the release binary, counted by callgrind, for each
//! command on inputs of each shape, at n and at 4n. The cost of a run on a config with one key is taken off both. Where 4n
//! costs more than 5 × n, something is searched again and again, and this fails. A count isn't a time: it does not depend
//! on what else the machine does.
//!
//! `cargo test --release --bench growth`, with `-- --only 'TEXT|TEXT'` for the rows that contain one of the texts, and
//! `--binary PATH` for another binary. Needs `valgrind`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How many times more 4n may cost, in hundredths.
const LIMIT: u64 = 500;
/// A run that costs fewer instructions beyond the smallest has nothing to grow.
const FLOOR: u64 = 200_000;
/// How many runs at a time.
const AT_ONCE: usize = 2;
const NOW: &str = "2026-11-27T00:00:00Z";
/// Seconds since 1970: when keys were made, and dates in the past and in the future of that moment.
const MADE: u64 = 1_767_225_600;
const PAST: u64 = 1_790_000_000;
const FUTURE: u64 = 1_796_083_200;

/// What a run reads.
#[derive(Default)]
struct Input {
    config: String,
    is_json: bool,
    env: Option<String>,
    policy: Option<String>,
}

struct Shape {
    name: &'static str,
    /// Large enough that what grows outweighs the rest, and small enough for a short run.
    n: usize,
    /// The input of this size. The version makes the secrets.
    input: fn(usize, usize) -> Input,
}

/// A secret of 32 bytes, the same in every run.
fn secret(version: usize, index: usize) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, format!("{version} {index}").as_bytes()))
}

const HEAD: &str = "\
replication:
  connections:
    - type: postgresql
      uri: postgres://user:a-password@db:5432/app
storage:
  type: mongodb
  uri: mongodb://storage
sync_rules:
  content: |
    bucket_definitions: {}
client_auth:
  audience: [https://sync.example.com]
  jwks:
    keys:
";

/// A config with these entries of `keys`, numbered from 0.
fn yaml(n: usize, entry: impl Fn(usize) -> String) -> Input {
    let entries = (0..n.max(1)).map(|index| format!("      - {}\n", entry(index)));
    Input { config: HEAD.to_owned() + &entries.collect::<String>(), ..Input::default() }
}

fn flow(version: usize, index: usize, more: &str) -> String {
    let secret = secret(version, index);
    format!("{{kty: oct, alg: HS256, kid: key-{index}, k: {secret}, iat: {}{more}}}", MADE + index as u64)
}

/// A config with one key, and this text before and after it.
fn around(before: &str, after: &str, version: usize) -> Input {
    let Input { config, .. } = yaml(1, |index| flow(version, index, ""));
    Input { config: format!("{before}{config}{after}"), ..Input::default() }
}

fn json(n: usize, separator: &str, entry: impl Fn(usize) -> String) -> Input {
    let entries: Vec<String> = (0..n.max(1)).map(entry).collect();
    let config = format!(
        "{{\"replication\":{{\"connections\":[{{\"type\":\"postgresql\",\"uri\":\"postgres://user:a-password@db/app\"}}]}},{separator}\
         \"storage\":{{\"type\":\"mongodb\",\"uri\":\"mongodb://storage\"}},{separator}\"sync_rules\":{{\"content\":\"bucket_definitions: {{}}\"}},{separator}\
         \"client_auth\":{{\"audience\":[\"https://sync.example.com\"],\"jwks\":{{\"keys\":[{separator}{}]}}}}}}{separator}",
        entries.join(&format!(",{separator}"))
    );
    Input { config, is_json: true, ..Input::default() }
}

fn lines(n: usize, line: impl Fn(usize) -> String) -> String {
    (0..n).map(|index| line(index) + "\n").collect()
}

const SHAPES: &[Shape] = &[
    Shape {
        name: "block keys",
        n: 64,
        input: |n, version| {
            yaml(n, |index| {
                format!(
                    "kty: oct\n        alg: HS256\n        kid: key-{index} # made by hand\n        k: {}",
                    secret(version, index)
                )
            })
        },
    },
    Shape { name: "flow keys", n: 64, input: |n, version| yaml(n, |index| flow(version, index, "")) },
    Shape {
        name: "JSON keys",
        n: 64,
        input: |n, version| {
            json(n, "\n", |index| {
                let secret = secret(version, index);
                format!("{{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"key-{index}\",\"k\":\"{secret}\"}}")
            })
        },
    },
    Shape {
        name: "one line, one kid",
        n: 64,
        input: |n, version| {
            json(n, "", |index| {
                let secret = secret(version, index);
                format!("{{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"same\",\"k\":\"{secret}\"}}")
            })
        },
    },
    Shape {
        name: "standby keys",
        n: 64,
        input: |n, version| {
            yaml(n, |index| {
                let later =
                    if index == 0 { String::new() } else { format!(", nbf: {}", FUTURE + index as u64) };
                flow(version, index, &later)
            })
        },
    },
    Shape {
        name: "retiring keys",
        n: 64,
        input: |n, version| {
            yaml(n, |index| {
                let until =
                    if index == 0 { String::new() } else { format!(", exp: {}", FUTURE + index as u64) };
                flow(version, index, &until)
            })
        },
    },
    Shape {
        name: "removable keys",
        n: 64,
        input: |n, version| {
            yaml(n, |index| {
                flow(version, index, &if index == 0 { String::new() } else { format!(", exp: {PAST}") })
            })
        },
    },
    Shape {
        name: "keys without kid",
        n: 64,
        input: |n, version| {
            yaml(n, |index| format!("{{kty: oct, alg: HS256, k: {}}}", secret(version, index)))
        },
    },
    Shape {
        name: "one kid for all",
        n: 64,
        input: |n, version| {
            yaml(n, |index| format!("{{kty: oct, alg: HS256, kid: same, k: {}}}", secret(version, index)))
        },
    },
    Shape {
        name: "one secret for all",
        n: 64,
        input: |n, version| {
            yaml(n, |index| format!("{{kty: oct, alg: HS256, kid: key-{index}, k: {}}}", secret(version, 0)))
        },
    },
    Shape {
        name: "keys with HS512",
        n: 64,
        input: |n, version| {
            yaml(n, |index| {
                let secret = secret(version, index);
                format!(
                    "{{kty: oct, alg: HS512, kid: key-{index}, k: {secret}, nbf: {}}}",
                    FUTURE + index as u64
                )
            })
        },
    },
    Shape {
        name: "public keys",
        n: 64,
        input: |n, version| {
            yaml(n, |index| {
                let (x, exp) = (secret(version, index), FUTURE + index as u64);
                format!("{{kty: OKP, alg: EdDSA, crv: Ed25519, kid: key-{index}, x: {x}, exp: {exp}}}")
            })
        },
    },
    Shape {
        name: "unusable keys",
        n: 64,
        input: |n, version| {
            yaml(n, |index| format!("{{kty: oct, alg: HS25, kid: {index}, k: {}}}", secret(version, index)))
        },
    },
    Shape {
        name: "padded secrets",
        n: 64,
        input: |n, version| {
            let keys = yaml(n, |index| {
                format!("{{kty: oct, alg: HS256, kid: key-{index}, k: {}=}}", secret(version, index))
            });
            let config = keys.config.replace("\n      - ", ", ").replacen("keys:, ", "keys: [", 1);
            Input { config: config.trim_end().to_owned() + "]\n", ..keys }
        },
    },
    Shape {
        name: "unknown variables",
        n: 64,
        input: |n, version| {
            yaml(n, |index| format!("{{kty: oct, alg: HS256, k: !env PS_KEY_{version}_{index}}}"))
        },
    },
    Shape {
        name: "ignored at keys",
        n: 64,
        input: |n, version| {
            yaml(n, |index| {
                flow(version, 0, "") + &format!(" # powersync-jwks: ignore[duplicate-kid] because of {index}")
            })
        },
    },
    Shape {
        name: "audiences, URIs",
        n: 256,
        input: |n, version| {
            let Input { config, .. } = yaml(1, |index| flow(version, index, ""));
            let all = |text: &str| {
                (0..n.max(1)).map(|index| format!("{text}{version}-{index}")).collect::<Vec<_>>().join(", ")
            };
            let (audiences, uris) = (all("https://app-"), all("https://keys-"));
            let config = config.replace("https://sync.example.com", &audiences);
            Input {
                config: config.replace("  jwks:\n", &format!("  jwks_uri: [{uris}]\n  jwks:\n")),
                ..Input::default()
            }
        },
    },
    Shape {
        name: "keys in variables",
        n: 64,
        input: |n, version| Input {
            env: Some(lines(n.max(1), |index| format!("PS_KEY_{index}={}", secret(version, index)))),
            ..yaml(n, |index| format!("{{kty: oct, alg: HS256, kid: key-{index}, k: !env PS_KEY_{index}}}"))
        },
    },
    Shape {
        name: "env file",
        n: 2048,
        input: |n, version| Input {
            env: Some(lines(n.max(1), |index| format!("PS_KEY_{index}={}", secret(version, index)))),
            ..yaml(1, |_| "{kty: oct, alg: HS256, kid: a, k: !env PS_KEY_0}".to_owned())
        },
    },
    Shape {
        name: "comments",
        n: 512,
        input: |n, version| {
            around(&lines(n, |index| format!("# Comment {index}, as people write them")), "", version)
        },
    },
    Shape {
        name: "= in a comment",
        n: 4096,
        input: |n, version| around(&format!("# {}\n", "=".repeat(n)), "", version),
    },
    Shape {
        name: "base64 in a comment",
        n: 512,
        input: |n, version| around(&format!("# {}\n", "AbCdEfGhIjKlMnOp ".repeat(n)), "", version),
    },
    Shape {
        name: "ignored rules",
        n: 256,
        input: |n, version| {
            let names: Vec<String> = (0..n).map(|index| format!("rule-{index}")).collect();
            around(&format!("# powersync-jwks: ignore[{}] as they are\n", names.join(",")), "", version)
        },
    },
    Shape {
        name: "URIs in a value",
        n: 512,
        input: |n, version| around("", &format!("other: x{}\n", "://a@".repeat(n)), version),
    },
    Shape {
        name: "many values",
        n: 512,
        input: |n, version| {
            around(
                "",
                &format!("other:\n{}", lines(n, |index| format!("  name-{index}: text {index}"))),
                version,
            )
        },
    },
    Shape {
        name: "block scalars",
        n: 256,
        input: |n, version| {
            let value = |index| format!("  name-{index}: |\n    first line\n\n    last line");
            around("", &format!("other:\n{}", lines(n, value)), version)
        },
    },
    Shape {
        name: "text over lines",
        n: 1024,
        input: |n, version| {
            around("", &format!("other: text\n{}", lines(n, |index| format!("  line {index}"))), version)
        },
    },
    Shape {
        name: "long block scalar",
        n: 1024,
        input: |n, version| {
            around("", &format!("other: |\n  text\n{}", lines(n, |index| format!("  line {index}"))), version)
        },
    },
    Shape {
        // No more aliases than are read.
        name: "anchors, aliases",
        n: 16,
        input: |n, version| {
            let pair = |index| format!("  a-{index}: &a{index} {{b: c}}\n  d-{index}: *a{index}");
            around("", &format!("other:\n{}", lines(n, pair)), version)
        },
    },
    Shape {
        name: "one long secret",
        n: 8192,
        input: |n, _| {
            yaml(1, |_| format!("{{kty: oct, alg: HS256, kid: a, k: {}}}", "A".repeat(n.next_multiple_of(4))))
        },
    },
    Shape {
        name: "one long kid",
        n: 8192,
        input: |n, version| {
            yaml(1, |index| {
                format!("{{kty: oct, alg: HS256, kid: {}, k: {}}}", "a".repeat(n), secret(version, index))
            })
        },
    },
    Shape {
        name: "one long comment",
        n: 1024,
        input: |n, version| around(&format!("# {}\n", "why it is so ".repeat(n)), "", version),
    },
    Shape {
        name: "one long value",
        n: 1024,
        input: |n, version| around("", &format!("other: {}\n", "some words ".repeat(n).trim_end()), version),
    },
    Shape {
        name: "[ in a value",
        // No deeper than is read.
        n: 32,
        input: |n, version| around("", &format!("other: {}{}\n", "[".repeat(n), "]".repeat(n)), version),
    },
    Shape {
        name: "escapes in a value",
        n: 1024,
        input: |n, version| around("", &format!("other: \"{}\"\n", "\\u0041\\n".repeat(n)), version),
    },
    Shape {
        name: "tabs, blank lines",
        n: 1024,
        input: |n, version| {
            around(&lines(n, |_| "\t# why".to_owned()), &lines(n, |_| String::new()), version)
        },
    },
    Shape {
        name: "variable of length n",
        n: 4096,
        input: |n, version| Input {
            env: Some(format!("PS_KEY_0={}\nOTHER={}\n", secret(version, 0), "a=b ".repeat(n))),
            ..yaml(1, |_| "{kty: oct, alg: HS256, kid: a, k: !env PS_KEY_0}".to_owned())
        },
    },
    Shape {
        name: "long policy",
        n: 512,
        input: |n, version| Input {
            policy: Some(format!("{}rotate_every: 90d\n", lines(n, |index| format!("# Reason {index}")))),
            ..around("", "", version)
        },
    },
    Shape {
        name: "[ in the policy",
        n: 1024,
        input: |n, version| Input {
            policy: Some(format!("rotate_every: {}{}\n", "[".repeat(n), "]".repeat(n))),
            ..around("", "", version)
        },
    },
];

/// A command and its arguments. Those of options for env files follow where the input has one.
struct Row {
    name: &'static str,
    arguments: &'static [&'static str],
    env: &'static [&'static str],
    /// Which version of the secrets the old config has, for `diff`.
    old: usize,
}

const fn row(name: &'static str, arguments: &'static [&'static str], env: &'static [&'static str]) -> Row {
    Row { name, arguments, env, old: 0 }
}

const ENV: &[&str] = &["--env-file", "env"];
const DROPPED_ENV: &[&str] = &["--env-file", "env", "--drop-env"];
const CHANGED_ENV: &[&str] = &["--env-file-old", "env-old", "--env-file-new", "env"];

const ROWS: &[Row] = &[
    row("status", &["status"], ENV),
    row("check", &["check"], ENV),
    row("check --fix", &["check", "--fix", "-n", "--pedantic"], ENV),
    row("timeline", &["timeline"], &[]),
    row("redact", &["redact"], &[]),
    row("diff, as it was", &["diff"], CHANGED_ENV),
    Row { old: 1, ..row("diff, new secrets", &["diff"], CHANGED_ENV) },
    row("rotate", &["rotate", "-n"], ENV),
    row("promote", &["promote", "-n", "--no-probe", "--allow", "before-nbf"], ENV),
    row("prune", &["prune", "-n", "--no-probe"], DROPPED_ENV),
    row("reconcile", &["reconcile", "-n", "--no-probe"], ENV),
    row("add", &["add", "-n"], ENV),
    row("retire", &["retire", "@2", "-n"], &[]),
    row("remove", &["remove", "@2", "-n", "--allow", "live-key"], ENV),
    row("move-secret", &["move-secret", "@1", "--to", "env", "-n"], ENV),
    row("token", &["token", "--sub", "user"], ENV),
    row("verify", &["verify"], ENV),
    row("export", &["export", "--as", "jwks"], ENV),
    // Nothing listens there.
    row("probe", &["probe", "http://127.0.0.1:9", "--against", "old"], ENV),
    row("init", &["init", "--fill", "-n"], ENV),
];

/// A directory with the input of one run.
struct Scene {
    directory: tempfile::TempDir,
    config: &'static str,
    has_env: bool,
}

impl Scene {
    fn new(shape: &Shape, size: usize, old: usize) -> Result<Self, Failure> {
        let directory = tempfile::tempdir()?;
        let write = |name: &str, text: &str| fs::write(directory.path().join(name), text);
        let (input, before) = ((shape.input)(size, 0), (shape.input)(size, old));
        let config = if input.is_json { "config.json" } else { "config.yaml" };
        write(config, &input.config)?;
        write("old", &before.config)?;
        if let Some((new, old)) = input.env.as_ref().zip(before.env.as_ref()) {
            write("env", new)?;
            write("env-old", old)?;
        }
        if let Some(policy) = &input.policy {
            write("powersync-jwks.yaml", policy)?;
        }
        Ok(Self { directory, config, has_env: input.env.is_some() })
    }

    fn arguments(&self, row: &Row) -> Vec<&str> {
        let (command, rest) = row.arguments.split_first().unwrap_or((&"", &[]));
        let mut arguments = vec![*command];
        match *command {
            "diff" => arguments.extend(["old", self.config]),
            _ => arguments.extend(["-c", self.config]),
        }
        // What asks a service goes by its clock, and new secrets depend on none.
        if !matches!(*command, "probe" | "init") {
            arguments.extend(["--now", NOW]);
        }
        arguments.extend(rest);
        if self.has_env {
            arguments.extend(row.env);
        }
        arguments
    }

    /// Runs the command under callgrind.
    fn run(&self, binary: &Path, row: &Row) -> Result<Run, Failure> {
        let run = |program: &str, first: &[&str], arguments: &[&str]| {
            let mut command = Command::new(program);
            command.args(first).arg(binary).args(arguments).current_dir(self.directory.path());
            command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
            command
        };
        let mut stdin = Stdio::null();
        if row.name == "verify" {
            let token = self.directory.path().join("token");
            let mint = ["token", "--sub", "user", "--now", NOW, "-c", self.config];
            let env = if self.has_env { ENV } else { &[] };
            let minted = run("env", &[], &[&mint, env].concat()).stdin(Stdio::null()).output()?;
            fs::write(&token, minted.stdout)?;
            stdin = fs::File::open(token)?.into();
        }
        let valgrind = ["--tool=callgrind", "--callgrind-out-file=/dev/null"];
        let output = run("valgrind", &valgrind, &self.arguments(row)).stdin(stdin).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        let count = said.lines().find_map(|line| line.split_once("Collected : "));
        let count = count.ok_or_else(|| format!("valgrind counted nothing:\n{said}"))?;
        match output.status.code() {
            Some(exit @ 0..=2) if !said.contains("unexpected argument") => {
                Ok(Run { instructions: count.1.trim().parse()?, exit })
            }
            _ => Err(format!("{:?} did not run:\n{said}", self.arguments(row)).into()),
        }
    }
}

struct Run {
    instructions: u64,
    exit: i32,
}

/// One line of the table.
struct Growth {
    row: &'static str,
    shape: &'static str,
    n: usize,
    at_n: u64,
    at_4n: u64,
    /// The exit code: with 2, the command refused early, and what is counted is the way there.
    exit: i32,
}

impl Growth {
    /// In hundredths.
    fn ratio(&self) -> u64 {
        100 * self.at_4n / self.at_n.max(FLOOR)
    }

    fn verdict(&self) -> &'static str {
        if self.ratio() > LIMIT { "FAIL" } else { "ok" }
    }
}

/// What each of these makes of an item, in order, some at a time.
fn all<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R, Failure> + Sync,
) -> Result<Vec<R>, Failure> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((index, item)) = Some(next.fetch_add(1, Ordering::Relaxed))
                    .and_then(|index| Some((index, items.get(index)?)))
                {
                    let result = work(item);
                    if let Ok(mut done) = done.lock() {
                        done.push((index, result));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().map_err(|_| "a worker panicked")?;
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// The text behind an option of this run.
fn option(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}

fn measure(binary: &Path, only: &str) -> Result<Vec<Growth>, Failure> {
    let pairs = ROWS.iter().flat_map(|row| SHAPES.iter().map(move |shape| (row, shape)));
    let wanted = |row: &Row, shape: &Shape| {
        let name = format!("{}, {}", row.name, shape.name);
        only.split('|').any(|text| name.contains(text))
    };
    let pairs: Vec<_> = pairs.filter(|(row, shape)| wanted(row, shape)).collect();
    let mut rows: Vec<&Row> = pairs.iter().map(|(row, _)| *row).collect();
    rows.dedup_by_key(|row| row.name);
    let smallest =
        all(&rows, |row| Ok((row.name, Scene::new(&SHAPES[0], 1, row.old)?.run(binary, row)?.instructions)))?;
    all(&pairs, |(row, shape)| {
        let base = smallest.iter().find(|(name, _)| *name == row.name).map_or(0, |(_, count)| *count);
        let run = |size| Scene::new(shape, size, row.old)?.run(binary, row);
        let (small, large) = (run(shape.n)?, run(4 * shape.n)?);
        let growth = |base: u64| Growth {
            row: row.name,
            shape: shape.name,
            n: shape.n,
            at_n: small.instructions.saturating_sub(base),
            at_4n: large.instructions.saturating_sub(base),
            exit: large.exit,
        };
        let mut result = growth(base);
        // A config with one key that costs more than the smallest of this shape makes n look small.
        if result.verdict() == "FAIL" {
            result = growth(run(1)?.instructions);
        }
        if result.verdict() == "FAIL" {
            eprintln!("{}, {}: {} %", result.row, result.shape, result.ratio());
        }
        Ok(result)
    })
}

fn main() -> Result<ExitCode, Failure> {
    let binary =
        option("--binary").map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_powersync-jwks")), PathBuf::from);
    let table = measure(&binary, &option("--only").unwrap_or_default())?;
    let mut text = format!(
        "{:<18} {:<20} {:>4} {:>5} {:>14} {:>14} {:>6}\n",
        "command", "shape", "exit", "n", "at n", "at 4n", "ratio"
    );
    for growth in &table {
        let Growth { row, shape, n, at_n, at_4n, exit } = growth;
        let (ratio, verdict) = (growth.ratio(), growth.verdict());
        let ratio = format!("{}.{:02}", ratio / 100, ratio % 100);
        writeln!(text, "{row:<18} {shape:<20} {exit:>4} {n:>5} {at_n:>14} {at_4n:>14} {ratio:>6} {verdict}")?;
    }
    print!("{text}");
    let failed = table.iter().filter(|growth| growth.verdict() == "FAIL").count();
    println!("{} rows, {failed} of them grow faster than their input", table.len());
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
