//! We read what the service reads: the npm packages that hold its own reading code, and ours, side by side.
//! Needs Node, `npm ci` in `tests/conformance`, and the feature `conformance`.
//!
//! `CONFORMANCE_SEED` and `CONFORMANCE_DOCUMENTS` give another seed and number of generated documents.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::common::deliberate::{DELIBERATE, deliberate};
use crate::common::odd::{Dice, VARIABLES};
use crate::common::profile::{self, PROFILE};
use crate::common::{NOW, Scene, date, fixtures, root};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use powersync_jwks::config::{Config, Input, Judgement, Problem};
use powersync_jwks::for_tests::{Inspected, Selection, check, rule};
use powersync_jwks::keyset::{KeySet, Material, Member, PublicNumbers, SecretSource, Startability};
use powersync_jwks::schedule::Policy;
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

/// Why we read a config in no way.
#[derive(Debug)]
enum Refused {
    /// The service may read it: nothing is said of it.
    NotJudged(Problem),
    /// The service does not start with it, for these reasons.
    DoesNotStart(Vec<String>),
}

/// What we make of a config, in the words of `read.mjs`.
fn ours(asked: &Asked) -> Result<Value, Refused> {
    let config = Config::parse(&asked.bytes, Input::of_path(Path::new(&asked.file))).map_err(|error| {
        match error.problem.judgement() {
            Judgement::Unknown => Refused::NotJudged(error.problem),
            Judgement::DoesNotStart => Refused::DoesNotStart(vec![error.problem.to_string()]),
        }
    })?;
    let values = |name: &str| asked.variables.get(name).cloned().map(Zeroizing::new);
    let keys = KeySet::read_with(&config, &values);
    let policy = Policy::default();
    let on = Inspected { values: Some(&values), ..Inspected::new(&config, &keys, &policy, date(NOW)) };
    let only = NOT_STARTING.iter().map(|id| rule(id).unwrap().id).collect();
    let found = check(&on, &Selection { only, ..Selection::default() }).findings;
    assert_eq!(keys.startability() == Startability::Starts, found.is_empty(), "{:?}", keys.startability());
    if !found.is_empty() {
        let reasons = found.iter().map(|one| format!("{}: {}", one.rule.id, one.message()));
        return Err(Refused::DoesNotStart(reasons.collect()));
    }
    let audience: Vec<Value> = keys.audiences.iter().map(member).collect();
    let keys: Vec<Value> = keys.keys().iter().map(key).collect();
    Ok(json!({"keys": keys, "audience": audience}))
}

fn member(member: &Member<String>) -> Value {
    member.value().map_or_else(|| format!("{member:?}").into(), |text| text.as_str().into())
}

/// The secret of a template, which another program puts in before the service reads the file.
const RENDERED: &str = "rendered";

/// What the service reads, less the secrets that nobody has put in.
fn less_rendered(service: &Value, ours: &Value) -> Value {
    let mut service = service.clone();
    let keys = service["keys"].as_array_mut().into_iter().flatten();
    for (key, own) in keys.zip(ours["keys"].as_array().into_iter().flatten()) {
        if own["k"] == RENDERED {
            key["k"] = RENDERED.into();
        }
    }
    service
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
            match (known, secret) {
                (Some(known), _) => add("k", &hex(known.secret.bytes())),
                (None, SecretSource::Variable { name, .. }) if !name.starts_with("PS_") => add("k", RENDERED),
                (None, _) => {}
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

/// The beginning of a message, without what is of the one file.
fn kind(why: &str) -> String {
    let why = why.split(" at line ").next().unwrap();
    why.chars().filter(|c| c.is_ascii_alphabetic() || *c == ' ').take(60).collect()
}

/// What comes of a comparison without a difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Same {
    /// Both read it in the same way, or both refuse it.
    Agreed,
    /// We refuse by name what may be read in two ways.
    NotJudged(String),
    /// A deliberate refusal.
    Deliberate(&'static str),
}

/// How we and the service differ on a config, if we do.
fn compare(asked: &Asked, service: &Value) -> Result<Same, Differ> {
    match (ours(asked), service.get("error")) {
        (Err(Refused::NotJudged(Problem::OutsideProfile { clause })), _) => {
            Ok(Same::NotJudged(format!("{clause:?}")))
        }
        (Err(Refused::NotJudged(problem)), _) => Ok(Same::NotJudged(kind(&problem.to_string()))),
        (Err(Refused::DoesNotStart(_)), Some(_)) => Ok(Same::Agreed),
        (Ok(_), Some(why)) => Err(Differ::WeAccept(kind(why.as_str().unwrap()))),
        (Ok(ours), None) if ours == less_rendered(service, &ours) => Ok(Same::Agreed),
        (Ok(_), None) => Err(Differ::Read),
        (Err(Refused::DoesNotStart(why)), None) => {
            // Each has to be meant: one that is would hide one that isn't.
            let meant: Result<Vec<&str>, Differ> =
                why.iter().map(|why| deliberate(why).ok_or_else(|| Differ::WeRefuse(kind(why)))).collect();
            meant.map(|names| Same::Deliberate(names[0]))
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
        Err(why) => format!("{why:?}"),
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

/// What prevents a comparison, and what was done about it.
#[derive(Default)]
struct Kept {
    compared: u64,
    /// Not compared, by reason.
    dropped: BTreeMap<&'static str, u64>,
    /// Of those compared, how many got a storage first.
    completed: u64,
    /// And how many have none: the service refuses each, and all that is seen of them is that we do, too.
    without: u64,
}

impl Kept {
    /// Whether it is compared.
    fn takes(&mut self, asked: &Asked) -> bool {
        if let Some(reason) = not_compared(asked) {
            *self.dropped.entry(reason).or_insert(0) += 1;
            return false;
        }
        self.compared += 1;
        self.without += u64::from(!String::from_utf8_lossy(&asked.bytes).contains("storage"));
        true
    }
}

impl std::fmt::Display for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { compared, dropped, completed, without } = self;
        write!(
            f,
            "{compared} compared, {completed} of them with a storage added and {without} without one; "
        )?;
        write!(f, "not compared: {dropped:?}")
    }
}

/// What the service's reading says nothing of: it reads no config of Cloud's, and knows no comment that silences rules.
fn not_compared(asked: &Asked) -> Option<&'static str> {
    let text = String::from_utf8_lossy(&asked.bytes);
    if text.contains("ignore[") {
        return Some("a comment that silences rules");
    }
    let is_cloud = text.contains("cloud")
        && Config::parse(&asked.bytes, Input::of_path(Path::new(&asked.file))).is_ok_and(|it| it.is_cloud());
    is_cloud.then_some("a config of PowerSync Cloud")
}

/// The service refuses a config without a storage, and says nothing of the rest then: its keys could not be compared. Many
/// fixtures have none, and get one in front. `None`: it has one, or begins in a way that leaves no place for one.
fn with_storage(text: &str) -> Option<String> {
    let rest = text.trim_start_matches(['\u{feff}', '\r', '\n']);
    let mark = &text[..text.len() - rest.len()];
    if rest.contains("storage") {
        None
    } else if let Some(members) = rest.strip_prefix('{') {
        Some(format!("{mark}{{\"storage\": {{\"type\": \"mongodb\"}},{members}"))
    } else if rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '#' | '_' | '"' | '\'')) {
        Some(format!("{mark}storage: {{type: mongodb}}\n{rest}"))
    } else {
        None
    }
}

/// The bytes with a storage, and whether it was added.
fn completed(bytes: &[u8]) -> (Vec<u8>, bool) {
    let more = std::str::from_utf8(bytes).ok().and_then(with_storage);
    more.map_or_else(|| (bytes.to_vec(), false), |text| (text.into_bytes(), true))
}

/// Documents without end.
struct Documents {
    dice: Dice,
    proptest: TestRunner,
    fixtures: Vec<(String, String, Vec<u8>)>,
    kept: Kept,
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
            kept: Kept::default(),
        }
    }

    /// One that is compared.
    fn next(&mut self) -> Asked {
        loop {
            let (asked, is_completed) = self.any();
            if self.kept.takes(&asked) {
                self.kept.completed += u64::from(is_completed);
                return asked;
            }
        }
    }

    fn any(&mut self) -> (Asked, bool) {
        let (file, (mut bytes, is_completed)) = match self.dice.below(10) {
            0 => {
                let doc = crate::common::generate::document().new_tree(&mut self.proptest).unwrap().current();
                (doc.file.to_owned(), completed(doc.text.as_bytes()))
            }
            1 | 2 => {
                let (_, file, bytes) = &self.fixtures[self.dice.below(self.fixtures.len())];
                (file.clone(), completed(bytes))
            }
            3 => (dice_file(&mut self.dice), (edge(&mut self.dice).into_bytes(), false)),
            _ => {
                let (file, bytes) = crate::common::odd::document(&mut self.dice);
                (file.to_owned(), (bytes, false))
            }
        };
        if self.dice.one_in(4) {
            crate::common::odd::mutate(&mut self.dice, &mut bytes);
        }
        (Asked { file, bytes, variables: variables() }, is_completed)
    }
}

fn dice_file(dice: &mut Dice) -> String {
    dice.pick(&["powersync.yaml", "powersync.yaml", "powersync"]).to_owned()
}

/// A document on one side of a clause of the profile, a character or so away from its edge.
fn edge(dice: &mut Dice) -> String {
    let shown = &PROFILE[dice.below(PROFILE.len())];
    let texts = if dice.one_in(2) { shown.inside } else { shown.outside };
    let mut bytes = profile::document(dice.pick(texts)).into_bytes();
    crate::common::odd::mutate(dice, &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What became of the configs that commands wrote.
#[derive(Default)]
struct Judged {
    accepted: usize,
    refused: usize,
    /// Fixtures that we refuse on purpose. Of outputs there is none.
    meant: usize,
    written: BTreeMap<String, usize>,
    /// Of these, how many start though the fixture doesn't.
    repaired: usize,
}

impl Judged {
    /// `run`: what wrote it; `None`: nobody, it is the fixture.
    fn take(&mut self, name: &str, run: Option<&str>, asked: &Asked, service: &mut Service) -> bool {
        let answer = service.read(asked);
        let is_accepted = answer.get("error").is_none();
        *(if is_accepted { &mut self.accepted } else { &mut self.refused }) += 1;
        match (compare(asked, &answer), run) {
            (Ok(Same::Agreed), _) => {}
            (Ok(_), None) => self.meant += 1,
            // On purpose or not: nothing else may edit it any more.
            (Ok(why), Some(run)) => panic!("{name}: we refuse what `{run}` wrote: {why:?}"),
            (Err(differ), _) => panic!("{name}, {run:?}: {differ:?}: {}", report(asked, service)),
        }
        if let Some(run) = run {
            let read = Config::parse(&asked.bytes, Input::of_path(Path::new(&asked.file)));
            assert!(read.is_ok(), "{name}: we can't read what `{run}` wrote: {:?}", read.err());
            *self.written.entry(run.to_owned()).or_insert(0) += 1;
        }
        is_accepted
    }
}

/// Every fixture, and everything that commands make of it.
#[test]
fn fixtures_and_what_is_written_of_them_are_read_as_the_service_reads_them() {
    let mut service = Service::start();
    let mut scene = Scene::new();
    let (mut kept, mut judged) = (Kept::default(), Judged::default());
    for (name, file, content) in fixtures() {
        let (content, is_completed) = completed(&content);
        let asked = Asked { file: file.clone(), bytes: content.clone(), variables: variables() };
        if !kept.takes(&asked) {
            continue;
        }
        kept.completed += u64::from(is_completed);
        let started = judged.take(&name, None, &asked, &mut service);
        for output in crate::common::outputs::of_config(&mut scene, &file, &content) {
            let mut variables = variables();
            variables.extend(output.variables);
            let written = Asked { file: output.file, bytes: output.bytes, variables };
            let starts = judged.take(&name, Some(&output.run), &written, &mut service);
            assert!(starts || !started, "{name}: the service doesn't start after `{}`", output.run);
            judged.repaired += usize::from(starts && !started);
        }
    }
    let Judged { accepted, refused, meant, written, repaired } = judged;
    println!("fixtures: {kept}");
    println!(
        "{accepted} accepted and {refused} refused by the service; of the fixtures {meant} by us on purpose"
    );
    println!(
        "{} were written by {} runs, {repaired} of which start though the fixture doesn't:",
        written.values().sum::<usize>(),
        written.len()
    );
    for run in crate::common::outputs::names() {
        let count = written.get(&run).copied().unwrap_or(0);
        println!("{count} by `{run}`");
        assert!(count > 0, "`{run}` wrote nothing: nothing is judged of it");
    }
    assert!(accepted > 2_000 && refused > 100, "{accepted} {refused}");
}

#[test]
fn generated_documents_are_read_as_the_service_reads_them() {
    let seed = setting("CONFORMANCE_SEED", 1);
    let count = setting("CONFORMANCE_DOCUMENTS", 20_000);
    let most = usize::try_from(setting("CONFORMANCE_REPORTS", 10)).unwrap();
    let mut documents = Documents::new(seed);
    let mut service = Service::start();
    let (mut accepted, mut others, mut different) = (0, BTreeMap::new(), 0);
    let mut reports: BTreeMap<String, String> = BTreeMap::new();
    while documents.kept.compared < count {
        let left = count - documents.kept.compared;
        let some: Vec<Asked> = (0..left.min(64)).map(|_| documents.next()).collect();
        for (asked, answer) in some.iter().zip(service.read_all(&some)) {
            accepted += u64::from(answer.get("error").is_none());
            match compare(asked, &answer) {
                Ok(Same::Agreed) => {}
                Ok(other) => *others.entry(other).or_insert(0) += 1,
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
    println!("documents of seed {seed}: {}", documents.kept);
    println!("{accepted} accepted by the service, {different} read differently");
    for (what, count) in &others {
        println!("{count} {what:?}");
    }
    let not_judged: u64 =
        others.iter().filter(|(what, _)| matches!(what, Same::NotJudged(_))).map(|(_, n)| n).sum();
    let inside = count - not_judged;
    println!("{inside} of {count} inside of the profile");
    let reports: Vec<String> = reports.into_values().collect();
    assert!(different == 0, "{different} are read differently:\n{}", reports.join("\n"));
    // Else they'd all be broken, or nothing be compared.
    assert!(accepted * 10 > count, "{accepted} of {count} accepted");
    assert!(inside * 3 > count, "{inside} of {count} inside of the profile");
}

/// Each deliberate refusal happens, and is one: the service reads what we refuse there.
#[test]
fn what_is_refused_on_purpose_is_read_by_the_service() {
    let mut service = Service::start();
    let mut shown = 0;
    for refusal in DELIBERATE {
        for (words, file, bytes) in refusal.shown {
            let asked = Asked { file: (*file).to_owned(), bytes: bytes.to_vec(), variables: variables() };
            let said = match ours(&asked) {
                Err(Refused::NotJudged(problem)) => problem.to_string(),
                Err(Refused::DoesNotStart(why)) => {
                    assert_eq!(compare(&asked, &service.read(&asked)), Ok(Same::Deliberate(refusal.what)));
                    why[0].clone()
                }
                Ok(_) => panic!("{words}: it is read"),
            };
            assert!(said.starts_with(words), "{words}: another refusal: {said}");
            assert_eq!(service.read(&asked).get("error"), None, "{words}");
            shown += 1;
        }
        assert!(!refusal.shown.is_empty(), "{}: nothing shows it", refusal.what);
    }
    println!("{} deliberate refusals, {shown} examples", DELIBERATE.len());
}

/// What keeps to the profile is read as the service reads it.
#[test]
fn documents_inside_of_the_profile_are_read_alike() {
    let mut service = Service::start();
    for text in PROFILE.iter().flat_map(|shown| shown.inside) {
        let bytes = profile::document(text).into_bytes();
        let asked = Asked { file: "powersync.yaml".to_owned(), bytes, variables: variables() };
        assert_eq!(compare(&asked, &service.read(&asked)), Ok(Same::Agreed), "{text:?}");
    }
}
