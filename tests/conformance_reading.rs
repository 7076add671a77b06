//! We read what the service reads: the npm packages that hold its own reading code, and ours, side by side.
//! Needs Node, `npm ci` in `tests/conformance`, and the feature `conformance`.
//!
//! `CONFORMANCE_SEED` and `CONFORMANCE_DOCUMENTS` give another seed and number of generated documents.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/generate.rs"]
#[allow(dead_code, reason = "what is in a document is for the properties")]
mod generate;
#[path = "common/odd.rs"]
mod odd;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{NOW, RUNS, Scene, date, fixtures, root, run_on_fixture};
use odd::{Dice, VARIABLES};
use powersync_jwks::check::{self, FileFacts, Selection, Subject};
use powersync_jwks::config::{Config, Input};
use powersync_jwks::env_file::EnvFile;
use powersync_jwks::keyset::{KeySet, Material, Member, PublicNumbers, SecretSource};
use powersync_jwks::lifecycle::Policy;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config as Proptest, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use zeroize::Zeroizing;

/// The rules whose findings say that the service doesn't start.
const NOT_STARTING: [&str; 9] = [
    "unreadable",
    "invalid-shape",
    "missing-member",
    "non-string-member",
    "unknown-kty",
    "unknown-alg",
    "env-name",
    "bad-public-key",
    "unset-variable",
];

/// A config to be read.
#[derive(Clone)]
struct Asked {
    file: String,
    bytes: Vec<u8>,
    variables: BTreeMap<String, String>,
}

/// Node, reading one config after the other.
struct Service {
    node: Child,
    to: Option<BufWriter<ChildStdin>>,
    from: BufReader<ChildStdout>,
}

impl Service {
    fn start() -> Self {
        let script = root().join("tests/conformance/read.mjs");
        let mut command = Command::new("node");
        command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut node = command.spawn().unwrap();
        let (to, from) = (node.stdin.take().unwrap(), node.stdout.take().unwrap());
        Self { node, to: Some(BufWriter::new(to)), from: BufReader::new(from) }
    }

    fn ask(&mut self, asked: &Asked) {
        let Asked { file, bytes, variables } = asked;
        let question = json!({"file": file, "bytes": STANDARD.encode(bytes), "variables": variables});
        writeln!(self.to.as_mut().unwrap(), "{question}").unwrap();
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("node ended. Is `npm ci` done in tests/conformance?")
    }

    /// What the service makes of all of them, in order.
    fn read_all(&mut self, asked: &[Asked]) -> Vec<Value> {
        let mut answers = Vec::new();
        // So many that neither side waits with full pipes.
        for some in asked.chunks(8) {
            for one in some {
                self.ask(one);
            }
            self.to.as_mut().unwrap().flush().unwrap();
            answers.extend(some.iter().map(|_| self.answer()));
        }
        answers
    }

    fn read(&mut self, asked: &Asked) -> Value {
        self.read_all(std::slice::from_ref(asked)).remove(0)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.to = None;
        let _ = self.node.wait();
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// What we make of a config, in the words of `read.mjs`, or why we refuse it.
fn ours(asked: &Asked) -> Result<Value, String> {
    let config = Config::parse(&asked.bytes, Input::of_path(Path::new(&asked.file)))
        .map_err(|error| error.problem.to_string())?;
    let values = |name: &str| asked.variables.get(name).cloned().map(Zeroizing::new);
    let keys = KeySet::read_with(&config, &values);
    let subject = Subject {
        config: &config,
        keys: &keys,
        values: Some(&values),
        policy: &Policy::default(),
        now: date(NOW),
        file: FileFacts::default(),
        tool: "powersync-jwks",
    };
    let only = NOT_STARTING.iter().map(|id| check::rule(id).unwrap().id).collect();
    let found = check::check(&subject, &Selection { only, ..Selection::default() });
    if !found.is_empty() {
        let said: Vec<String> = found.iter().map(|one| format!("{}: {}", one.rule.id, one.message)).collect();
        return Err(said.join("; "));
    }
    let audience: Vec<Value> = keys.audiences.iter().map(member).collect();
    let keys: Vec<Value> = keys.keys().iter().map(key).collect();
    Ok(json!({"keys": keys, "audience": audience}))
}

fn member(member: &Member<String>) -> Value {
    member.value().map_or_else(|| format!("{member:?}").into(), |text| text.as_str().into())
}

fn key(key: &powersync_jwks::keyset::Key) -> Value {
    let mut members = serde_json::Map::new();
    let mut add = |name: &str, value: &str| drop(members.insert(name.to_owned(), value.into()));
    match &key.kid {
        Member::Value(kid) => add("kid", kid.as_str()),
        Member::Absent => {}
        // The one that is there, is text, and never matches.
        Member::Unreadable(_) => add("kid", ""),
        Member::Variable(name) => add("kid", &format!("!env {name}")),
    }
    match &key.material {
        Material::Symmetric { alg, secret } => {
            add("kty", "oct");
            alg.value().into_iter().for_each(|alg| add("alg", alg.name()));
            let known = match secret {
                SecretSource::Inline(known) => Some(known),
                SecretSource::Variable { known, .. } => known.as_ref(),
            };
            if let Some(known) = known {
                add("k", &hex(known.secret.bytes()));
            }
        }
        Material::Public(public) => {
            add("kty", public.kty);
            public.alg.iter().for_each(|alg| add("alg", alg));
            if public.kty != "RSA" {
                public.crv.iter().for_each(|crv| add("crv", crv));
            }
            match public.numbers.as_ref() {
                Some(PublicNumbers::Rsa { n, e }) => {
                    [("n", n), ("e", e)].map(|(name, value)| add(name, &hex(value))).len()
                }
                Some(PublicNumbers::Ec { x, y }) => {
                    [("x", x), ("y", y)].map(|(name, value)| add(name, &hex(value))).len()
                }
                Some(PublicNumbers::Okp { x }) => {
                    [("x", x)].map(|(name, value)| add(name, &hex(value))).len()
                }
                None => 0,
            };
        }
        Material::Unusable(fault) => add("unusable", &format!("{fault:?}")),
    }
    Value::Object(members)
}

/// How two readers differ.
#[derive(Clone, Debug, PartialEq)]
enum Differ {
    /// We refuse what the service accepts, for this reason.
    WeRefuse(String),
    /// The service refuses what we accept, for this reason.
    WeAccept(String),
    /// Both accept, and read something else.
    Read,
}

/// The refusals that are meant: the service reads these files, and we don't.
const DELIBERATE: &[(&str, &[&str])] = &[
    (
        "bytes that are no UTF-8: the service reads each as U+FFFD, so no secret would be what stands there",
        &["not UTF-8"],
    ),
    ("values nested over 256 levels", &["nested more than 256 levels"]),
    ("encrypted with sops: what stands there as secrets are none", &["encrypted with sops"]),
    (
        "an alias inside of what it stands for: a value without an end",
        &["stands inside of what it stands for"],
    ),
    (
        "a name left out before its colon",
        &[
            "there is no name before this `:`",
            "expected `name: value` here; the space after the colon counts",
        ],
    ),
    (
        "a name behind a `?`, on one line or two",
        &["a name behind a `?`", "a `?` alone is no text", "mapping keys are not allowed in this context"],
    ),
    (
        "blank space below a text with a number in its header, or with nothing in it; a comment right below such a number",
        &["reads the blank space below this text differently", "a comment right below a text with a number"],
    ),
    (
        "a quote that is never closed, or with something behind it, which the service's parser lets pass",
        &["unclosed quote", "invalid trailing content after"],
    ),
    (
        "YAML 1.1's `!!binary`, `!!merge`, `!!omap`, `!!pairs`, `!!set`, `!!timestamp`",
        &["reads a value with this tag in a way of its own"],
    ),
    ("a list or a mapping as a name", &["can't be a name"]),
    ("a list as a port, of which the service reads the first entry", &["port` must be"]),
    ("a carriage return without a line feed", &["stands here without a line feed"]),
    (
        "a byte order mark further down, or a space behind it",
        &["a BOM must not appear inside", "behind a byte order mark"],
    ),
    ("a text of nothing but blank space, which the service reads as none", &["reads no text where"]),
    ("brackets right behind a colon (`{a:[]}`)", &["may not precede any of"]),
    (
        "directives and tags that are none",
        &[
            "unsupported YAML major version",
            "while parsing a tag",
            "while scanning a directive",
            "verbatim tag",
            "global tag",
        ],
    ),
    ("control characters, which YAML doesn't allow", &["unexpected character"]),
    (
        "half a character (`\\ud800`), which can't be written as UTF-8",
        &["invalid escape or a control character", "surrogate"],
    ),
    (
        "variables whose name has other characters than letters, digits and `_`: what stands there may be a secret",
        &["no variable whose name begins with `PS_`"],
    ),
];

/// The beginning of a message, without what is of the one file.
fn kind(why: &str) -> String {
    let why = why.split(" at line ").next().unwrap();
    why.chars().filter(|c| c.is_ascii_alphabetic() || *c == ' ').take(60).collect()
}

/// How we and the service differ on a config, or which deliberate refusal it is.
fn compare(asked: &Asked, service: &Value) -> Result<Option<&'static str>, Differ> {
    match (ours(asked), service.get("error")) {
        (Err(_), Some(_)) => Ok(None),
        (Ok(_), Some(why)) => Err(Differ::WeAccept(kind(why.as_str().unwrap()))),
        (Ok(ours), None) => {
            if ours == *service {
                Ok(None)
            } else {
                Err(Differ::Read)
            }
        }
        (Err(why), None) => {
            let is_question = |line: &str| line.trim_start().trim_start_matches("- ").starts_with("? ");
            if String::from_utf8_lossy(&asked.bytes).lines().any(is_question) {
                // Whatever stands in the way first.
                return Ok(Some("a name behind a `?`, on one line or two"));
            }
            let meant = DELIBERATE.iter().find(|(_, words)| words.iter().any(|words| why.contains(words)));
            meant.map(|(name, _)| Some(*name)).ok_or_else(|| Differ::WeRefuse(kind(&why)))
        }
    }
}

/// The smallest config found that differs in the same way.
fn shrink(asked: &Asked, service: &mut Service) -> Asked {
    let way = |asked: &Asked, service: &mut Service| compare(asked, &service.read(asked)).err();
    let (mut best, wanted) = (asked.clone(), way(asked, service));
    let mut size = best.bytes.len();
    while size > 0 {
        let mut at = 0;
        while at < best.bytes.len() {
            let mut less = best.clone();
            less.bytes.drain(at..(at + size).min(less.bytes.len()));
            if way(&less, service) == wanted { best = less } else { at += size }
        }
        size /= 2;
    }
    best
}

/// What to tell of a difference.
fn report(asked: &Asked, service: &mut Service) -> String {
    let small = shrink(asked, service);
    let answer = service.read(&small);
    let said = match ours(&small) {
        Ok(read) => read.to_string(),
        Err(why) => why,
    };
    let text = String::from_utf8_lossy(&small.bytes).into_owned();
    format!("{} {text:?}\n    service: {answer}\n    ours:    {said}\n", small.file)
}

fn variables() -> BTreeMap<String, String> {
    VARIABLES.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |value| value.parse().unwrap())
}

/// No config goes without a storage, and many of ours here do.
fn with_storage(text: &str) -> String {
    if text.contains("storage") {
        text.to_owned()
    } else if text.starts_with('{') {
        text.replacen('{', "{\"storage\": {\"type\": \"mongodb\"},", 1)
    } else if text.starts_with(['c', '#', 'a', 'p']) {
        format!("storage: {{type: mongodb}}\n{text}")
    } else {
        text.to_owned()
    }
}

/// Documents without end.
struct Documents {
    dice: Dice,
    proptest: TestRunner,
    fixtures: Vec<(String, String, Vec<u8>)>,
}

impl Documents {
    fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        Self {
            dice: Dice::new(seed),
            proptest: TestRunner::new_with_rng(Proptest::default(), rng),
            fixtures: fixtures(),
        }
    }

    fn next(&mut self) -> Asked {
        let (file, mut bytes) = match self.dice.below(10) {
            0 => {
                let doc = generate::document().new_tree(&mut self.proptest).unwrap().current();
                (doc.file.to_owned(), with_storage(&doc.text).into_bytes())
            }
            1 | 2 => {
                let (_, file, bytes) = &self.fixtures[self.dice.below(self.fixtures.len())];
                let text = String::from_utf8(bytes.clone()).map(|text| with_storage(&text).into_bytes());
                (file.clone(), text.unwrap_or_else(|_| bytes.clone()))
            }
            _ => {
                let (file, bytes) = odd::document(&mut self.dice);
                (file.to_owned(), bytes)
            }
        };
        if self.dice.one_in(4) {
            odd::mutate(&mut self.dice, &mut bytes);
        }
        Asked { file, bytes, variables: variables() }
    }
}

/// What another reading is no matter of: Cloud's configs, and comments that silence rules.
fn is_other(asked: &Asked) -> bool {
    let text = String::from_utf8_lossy(&asked.bytes);
    text.contains("cloud") || text.contains("ignore[")
}

/// Every fixture, and everything that commands make of it.
#[test]
fn fixtures_and_what_is_written_of_them_are_read_as_the_service_reads_them() {
    let mut service = Service::start();
    let mut scene = Scene::new();
    let (mut accepted, mut refused, mut meant, mut written) = (0, 0, 0, 0);
    for (name, file, content) in fixtures() {
        let content = String::from_utf8(content.clone()).map_or(content, |text| with_storage(&text).into());
        let asked = Asked { file: file.clone(), bytes: content.clone(), variables: variables() };
        if is_other(&asked) {
            continue;
        }
        let mut outputs = vec![(String::new(), asked.clone())];
        for run in RUNS {
            let (before, outcome) = run_on_fixture(&mut scene, &file, &content, run);
            let after = scene.read(&file);
            if outcome.code != 0 || before == after {
                continue;
            }
            let mut variables = variables();
            if let Ok(env) = std::fs::read(scene.path("secrets.env")) {
                let env = EnvFile::parse(&env).unwrap();
                variables
                    .extend(env.names().map(|name| (name.to_owned(), env.value(name).unwrap().to_owned())));
            }
            outputs.push((run.to_owned(), Asked { file: file.clone(), bytes: after, variables }));
            written += 1;
        }
        let all: Vec<Asked> = outputs.iter().map(|(_, asked)| asked.clone()).collect();
        let was_accepted = service.read(&asked).get("error").is_none();
        for ((run, asked), answer) in outputs.iter().zip(service.read_all(&all)) {
            let is_accepted = answer.get("error").is_none();
            *(if is_accepted { &mut accepted } else { &mut refused }) += 1;
            assert!(
                is_accepted || !was_accepted,
                "{name}: the service doesn't start after `{run}`: {answer}"
            );
            match compare(asked, &answer) {
                Ok(refusal) => meant += usize::from(refusal.is_some()),
                Err(differ) => panic!("{name}, {run}: {differ:?}: {}", report(asked, &mut service)),
            }
        }
    }
    println!(
        "{accepted} accepted and {refused} refused by the service, {meant} by us on purpose; {written} were written"
    );
    assert!(accepted > 1_000 && refused > 100, "{accepted} {refused}");
}

#[test]
fn generated_documents_are_read_as_the_service_reads_them() {
    let seed = setting("CONFORMANCE_SEED", 1);
    let count = setting("CONFORMANCE_DOCUMENTS", 20_000);
    let most = usize::try_from(setting("CONFORMANCE_REPORTS", 10)).unwrap();
    let mut documents = Documents::new(seed);
    let mut service = Service::start();
    let (mut accepted, mut meant, mut different) = (0, BTreeMap::new(), 0);
    let mut reports: BTreeMap<String, String> = BTreeMap::new();
    let mut left = count;
    while left > 0 {
        let some: Vec<Asked> =
            (0..left.min(64)).map(|_| documents.next()).filter(|asked| !is_other(asked)).collect();
        left -= left.min(64);
        for (asked, answer) in some.iter().zip(service.read_all(&some)) {
            accepted += u64::from(answer.get("error").is_none());
            match compare(asked, &answer) {
                Ok(None) => {}
                Ok(Some(name)) => *meant.entry(name).or_insert(0) += 1,
                Err(differ) => {
                    different += 1;
                    let kind = format!("{differ:?}");
                    // One of each kind tells enough.
                    if reports.len() < most && !reports.contains_key(&kind) {
                        let report = report(asked, &mut service);
                        reports.insert(kind, report);
                    }
                }
            }
        }
    }
    println!(
        "{count} documents of seed {seed}: {accepted} accepted by the service, {different} read differently"
    );
    for (name, count) in &meant {
        println!("{count} refused on purpose: {name}");
    }
    let reports: Vec<String> = reports.into_values().collect();
    assert!(different == 0, "{different} of {count} are read differently:\n{}", reports.join("\n"));
    // Else they'd all be broken, and nothing be compared.
    assert!(accepted * 10 > count, "{accepted} of {count} accepted");
}
