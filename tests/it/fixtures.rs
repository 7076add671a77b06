//! What holds for every command on every config in `fixtures/`: a program checks it, nobody has to read it. Which
//! commands work on which fixture is in `fixtures/outcomes.txt`; what some of them write is shown in
//! `tests/transcripts/`.

use std::fmt::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use powersync_jwks::config::{Config, Input};
use powersync_jwks::for_tests::EnvFile;
use powersync_jwks::keyset::{Key, KeySet, Phase};
use powersync_jwks::time::NumericDate;
use proptest::prelude::{prop_assert, prop_assert_eq};
use serde_yaml::Value;

use crate::common::generate::{Doc, List};
use crate::common::meaning::{
    Command, Meant, New, Tried, current, exp, fail, is_usable, meant, read, reads_as_meant,
};
use crate::common::outputs::{Ran, runs};
use crate::common::owned::{comments_stay, only_owned_bytes_change};
use crate::common::pieces::{Pieces, secrets_in};
use crate::common::{NOW, Scene, date, expect_file, fixtures, raw_diff, root};

const DAY: i64 = 86_400;
const JSON: &str = "powersync.json";
const ALL: &str =
    "--yes --allow live-key,last-key,current-key,short-overlap,weak-secret,wildcard,clock,other-login";

/// A config of the fixtures.
struct Fixture {
    name: String,
    /// Its file.
    file: &'static str,
    content: Vec<u8>,
}

impl Fixture {
    fn all() -> Vec<Self> {
        let names = ["powersync.yaml", "powersync.json", "service.yaml"];
        let file = |file: &str| names.into_iter().find(|name| *name == file).unwrap();
        fixtures().into_iter().map(|(name, of, content)| Self { name, file: file(&of), content }).collect()
    }

    fn input(&self) -> Input {
        Input::of_path(Path::new(self.file))
    }

    fn scene(&self) -> Scene {
        Scene::with(self.file, &self.content)
    }

    fn run(&self, scene: &Scene, line: &str) -> Result<bool, proptest::test_runner::TestCaseError> {
        let outcome = scene.run(&format!("-c {} {line}", self.file));
        prop_assert!(matches!(outcome.code, 0 | 2), "{line}: {outcome:?}");
        Ok(outcome.code == 0)
    }

    fn must(&self, scene: &Scene, line: &str) -> Tried {
        if self.run(scene, line)? { Ok(()) } else { fail(format!("refused: {line}")) }
    }

    /// The keys, as a second reader sees them.
    fn keys(&self) -> Option<Vec<Value>> {
        let text = std::str::from_utf8(&self.content).ok()?;
        Some(read(self.file, text).ok()?.1)
    }
}

/// Checks all fixtures, on all processors.
fn of_each(check: impl Fn(&Fixture) -> Tried + Sync) {
    let all = Fixture::all();
    assert!(all.len() >= 290, "fixtures are missing");
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let failed = |fixture: &Fixture| {
        let name = |error| format!("{}: {error}", fixture.name);
        check(fixture).err().map(name)
    };
    let part = |from: usize| all.iter().skip(from).step_by(threads).filter_map(failed).collect::<Vec<_>>();
    let failures = std::thread::scope(|scope| {
        let part = &part;
        let running: Vec<_> = (0..threads).map(|from| scope.spawn(move || part(from))).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

// --- each run by itself --------------------------------------------------------------------------------------

#[test]
fn every_run_on_every_fixture_changes_what_it_says_and_nothing_else() {
    let outcomes = std::sync::Mutex::new(Vec::new());
    of_each(|fixture| {
        let mut scene = Scene::new();
        let all = runs(&mut scene, fixture.file, &fixture.content);
        outcomes.lock().unwrap().push((fixture.name.clone(), all.iter().map(sign).collect::<String>()));
        let mut failures = String::new();
        for ran in &all {
            if let Err(error) = check(ran) {
                writeln!(failures, "`{}`: {error}", ran.name).unwrap();
            }
        }
        if let Err(error) = reconcile_takes_the_first_that_is_due(&all) {
            writeln!(failures, "reconcile: {error}").unwrap();
        }
        if failures.is_empty() { Ok(()) } else { fail(failures) }
    });
    let mut outcomes = outcomes.into_inner().unwrap();
    outcomes.sort();
    expect_file(&root().join("fixtures/outcomes.txt"), &table(&outcomes)).unwrap();
}

fn sign(ran: &Ran) -> char {
    match ran.outcome.code {
        0 if ran.whole.0 == ran.whole.1 && ran.env.0 == ran.env.1 => '=',
        0 => '+',
        1 => '1',
        _ => '-',
    }
}

/// Which runs work on which fixture.
fn table(outcomes: &[(String, String)]) -> String {
    let mut text =
        "Each column is a run: + changed the config, = found nothing to do, - refused, 1 found errors.\n"
            .to_owned();
    for (number, name) in crate::common::outputs::names().enumerate() {
        writeln!(text, "{:>3} {name}", number + 1).unwrap();
    }
    text.push('\n');
    for (name, signs) in outcomes {
        writeln!(text, "{name:<44} {signs}").unwrap();
    }
    text
}

fn check(ran: &Ran) -> Tried {
    let Ran { outcome, whole, config, line, .. } = ran;
    let shown = || format!("{}{}", outcome.stdout, outcome.stderr);
    prop_assert!(!shown().contains("Please report"), "neither edited nor refused by name: {}", shown());
    shows_no_secret(ran)?;
    if outcome.code != 0 {
        prop_assert_eq!(outcome.code, if line.starts_with("check") { 1 } else { 2 }.max(outcome.code));
    }
    if outcome.code == 2 {
        prop_assert!(whole.0 == whole.1 && ran.env.0 == ran.env.1, "failed, and changed a file");
        return is_refused_by_name(ran);
    }
    if config.0 == config.1 {
        return Ok(());
    }
    if !line.contains("inline") && !outcome.stderr.contains("inline") {
        no_value_of_the_env_file_is_in_the_config(ran)?;
    }
    let (Ok(old), Ok(new)) = (std::str::from_utf8(&config.0), std::str::from_utf8(&config.1)) else {
        return fail("not UTF-8");
    };
    // A config in base64 is edited inside.
    let inner = |text: &str| String::from_utf8(STANDARD.decode(text.trim_end()).ok()?).ok();
    let of_itself = || (old.to_owned(), new.to_owned());
    let (old, new) = inner(old).zip(inner(new)).unwrap_or_else(of_itself);
    let (old, new) = (&*old, &*new);
    // Without a name, it is what its text says; an empty one may be either.
    let by_text = ran.file == "powersync" && is_json(old) && old.trim() != "{}";
    let file = if ran.file == JSON || by_text { JSON } else { "powersync.yaml" };
    keeps_its_form(file, old, new)?;
    is_as_meant(file, ran, old, new)
}

/// The message names the file and, where it is about its text, the place.
fn is_refused_by_name(ran: &Ran) -> Tried {
    let stderr = &ran.outcome.stderr;
    let name = if ran.path == "-" { "stdin" } else { &ran.path };
    prop_assert!(stderr.starts_with("error: "), "{stderr}");
    prop_assert!(stderr.contains(name), "doesn't name {name}: {stderr}");
    if let Err(error) = Config::parse(&ran.config.0, Input::of_path(Path::new(&ran.file)))
        && let (Some(at), true) = (error.at, ran.path == ran.file)
        // There, it is about the whole file.
        && (at.line, at.column) != (1, 1)
    {
        let place = format!("error: {name}:{}:{}: ", at.line, at.column);
        prop_assert!(stderr.starts_with(&place), "not at {place} {stderr}");
    }
    Ok(())
}

fn shows_no_secret(ran: &Ran) -> Tried {
    let texts = [&ran.config.0, &ran.config.1].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let env = EnvFile::parse(&ran.env.1).unwrap();
    let values = env.names().filter_map(|name| env.value(name)).filter(|value| value.len() >= 20);
    let pieces = Pieces::of(texts.iter().flat_map(|text| secrets_in(text)).chain(values));
    let shown =
        [ran.outcome.stderr.as_str(), if ran.path == "-" { "" } else { &ran.outcome.stdout }].concat();
    let found = pieces.find(&shown).map(String::from_utf8_lossy);
    prop_assert!(found.is_none(), "{found:?} in\n{shown}");
    Ok(())
}

fn no_value_of_the_env_file_is_in_the_config(ran: &Ran) -> Tried {
    let env = EnvFile::parse(&ran.env.1).unwrap();
    let (old, new) = (String::from_utf8_lossy(&ran.config.0), String::from_utf8_lossy(&ran.config.1));
    for name in env.names() {
        // What is shorter may be there by chance; another key may have the same secret.
        let value = env.value(name).unwrap();
        let (old, new) = (old.matches(value).count(), new.matches(value).count());
        let is_elsewhere = ran.line.starts_with("move-secret") && new <= old;
        prop_assert!(value.len() < 8 || new == 0 || is_elsewhere, "the value of {name} is in the config");
    }
    Ok(())
}

/// Line endings, byte order mark, JSON.
fn keeps_its_form(file: &str, old: &str, new: &str) -> Tried {
    let crlf = |text: &str| text.matches("\r\n").count();
    let lf = |text: &str| text.matches('\n').count() - crlf(text);
    prop_assert!(crlf(old) > 0 || crlf(new) == 0, "line endings");
    prop_assert!(lf(old) > 0 || crlf(old) == 0 || lf(new) == 0, "line endings");
    prop_assert_eq!(old.starts_with('\u{feff}'), new.starts_with('\u{feff}'));
    if file == JSON {
        let read: Result<serde_json::Value, _> = serde_json::from_str(new);
        prop_assert!(read.is_ok(), "no JSON any more: {read:?}");
    }
    Ok(())
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok()
}

fn is_as_meant(file: &'static str, ran: &Ran, old: &str, new: &str) -> Tried {
    // Not even the second reader takes everything that the service does.
    let Ok((_, keys)) = read(file, old) else {
        return if ran.file == "powersync" { Ok(()) } else { fail("the second reader refuses the original") };
    };
    let lists = lists_meant(ran.line, &keys, ran.now.seconds());
    if lists.is_empty() {
        return comments_are_left(file, old, new);
    }
    let doc = Doc::of(file, old).or_else(fail)?;
    let mut why = Vec::new();
    for list in &lists {
        match reads_as_meant(&doc, new, list, ran.now.seconds()) {
            Ok(()) => {
                only_owned_bytes_change(&doc, new, list)?;
                return comments_stay(&doc, new, list);
            }
            Err(error) => why.push(format!("not {list:?}: {error}")),
        }
    }
    fail(format!("{}\n{}", why.join("\n"), raw_diff(old.as_bytes(), new.as_bytes())))
}

/// What is fixed may be anywhere; no comment is.
fn comments_are_left(file: &str, old: &str, new: &str) -> Tried {
    let words = |text| -> Result<Vec<String>, String> {
        Ok(crate::common::layout::comments(file, text)?.into_iter().map(|(_, words)| words).collect())
    };
    let left = words(new).or_else(fail)?;
    for comment in words(old).or_else(fail)? {
        prop_assert!(
            left.contains(&comment),
            "lost: {comment}\n{}",
            raw_diff(old.as_bytes(), new.as_bytes())
        );
    }
    Ok(())
}

/// What a run may make of the list: one of these. None where it is about other things.
fn lists_meant(line: &str, keys: &[Value], now: i64) -> Vec<Vec<Meant>> {
    let of = |command: &Command| -> Vec<_> { meant(command, keys, now).into_iter().collect() };
    let words: Vec<&str> = line.split(' ').collect();
    let has = |word: &str| words.contains(&word);
    let in_variable = line.contains("--secrets env");
    let mut lists = match words[0] {
        "rotate" if has("--standby") => of(&Command::Standby),
        "rotate" => of(&Command::Rotate { all: has("--all"), revoke: has("--revoke") }),
        "promote" => waiting(keys).flat_map(|n| of(&Command::Promote(n))).collect(),
        "prune" => of(&Command::Prune),
        "reconcile" => {
            let promoted = waiting(keys).flat_map(|n| of(&Command::Promote(n)));
            promoted.chain(of(&Command::Standby)).chain(of(&Command::Prune)).collect()
        }
        "remove" => of(&Command::Remove(vec![0])),
        "retire" if has("--undo") => of(&Command::Undo(0)),
        "retire" => {
            let mut list: Vec<Meant> = (0..keys.len()).map(Meant::Same).collect();
            let had = exp(&keys[0]).ok().flatten().unwrap_or(0);
            list[0] = Meant::Retired(0, had.max(now + 30 * DAY));
            vec![list]
        }
        "move-secret" => {
            let mut list: Vec<Meant> = (0..keys.len()).map(Meant::Same).collect();
            list[0] = Meant::Moved(0);
            vec![list]
        }
        "add" => of(&Command::Add),
        _ => Vec::new(),
    };
    for meant in lists.iter_mut().flatten() {
        match meant {
            Meant::New(new) if has("HS384") => {
                *new = New {
                    alg: Some("HS384"),
                    kid: has("--kid").then_some("its: #1"),
                    in_variable,
                    ..new.clone()
                };
            }
            Meant::New(new) => new.in_variable = in_variable,
            _ => {}
        }
    }
    lists
}

/// The keys that may be promoted by themselves.
fn waiting(keys: &[Value]) -> impl Iterator<Item = usize> {
    (0..keys.len()).filter(|n| keys[*n].get("nbf").is_some() && exp(&keys[*n]) == Ok(None))
}

/// What `reconcile` writes is what one of the others would have written.
fn reconcile_takes_the_first_that_is_due(all: &[Ran]) -> Tried {
    let of = |line: &str| all.iter().find(|ran| ran.name == line);
    let reconciled = of("reconcile --yes --secrets inline").unwrap();
    let mut others = ["rotate --standby --yes", "prune --yes"].into_iter().filter_map(of);
    let original = &reconciled.config.0;
    let is_other = others.any(|other| other.config.1 == reconciled.config.1);
    // Promoting has no run of its own on the original; nor has a new key whose secret belongs in a variable.
    let has_other = |word: &str| String::from_utf8_lossy(original).contains(word);
    prop_assert!(
        is_other || *original == reconciled.config.1 || has_other("nbf") || has_other("!env"),
        "what it wrote is what no other command writes"
    );
    Ok(())
}

// --- runs that undo each other ---------------------------------------------------------------------------------

#[test]
fn removing_what_was_added_gives_the_original() {
    of_each(|fixture| {
        let Some(keys) = fixture.keys() else { return Ok(()) };
        let scene = fixture.scene();
        if !fixture.run(&scene, &format!("add --secrets inline {ALL}"))? {
            return Ok(());
        }
        let added = scene.text(fixture.file);
        fixture.must(&scene, &format!("remove @{} {ALL}", keys.len() + 1))?;
        let old = std::str::from_utf8(&fixture.content).unwrap();
        match Doc::of(fixture.file, old).or_else(fail)?.list {
            List::Entries { .. } | List::Missing { canonical: true, .. } => {
                same(old, &scene.text(fixture.file))
            }
            // What was not there stays, and is empty.
            List::Missing { .. } => {
                let (around, keys) = read(fixture.file, &scene.text(fixture.file))?;
                prop_assert!(keys.is_empty());
                prop_assert_eq!(around, read(fixture.file, &added)?.0);
                Ok(())
            }
        }
    });
}

#[test]
fn undoing_retire_gives_the_original() {
    of_each(|fixture| {
        for (n, key) in fixture.keys().unwrap_or_default().iter().enumerate() {
            if !is_usable(key) || key.get("exp").or(key.get("nbf")).is_some() {
                continue;
            }
            let scene = fixture.scene();
            if fixture.run(&scene, &format!("retire @{} {ALL}", n + 1))? {
                prop_assert_ne_text(&scene.text(fixture.file), &fixture.content)?;
                fixture.must(&scene, &format!("retire --undo @{} {ALL}", n + 1))?;
                same(std::str::from_utf8(&fixture.content).unwrap(), &scene.text(fixture.file))?;
            }
        }
        Ok(())
    });
}

/// Rotated and pruned a week later, a config differs from the original in these two keys alone: without the new one it
/// is, byte for byte, the original without the old one.
#[test]
fn pruning_after_a_rotation_exchanges_one_key() {
    of_each(|fixture| {
        let Some(outgoing) = fixture.keys().and_then(|keys| current(&keys)) else { return Ok(()) };
        let mut scene = fixture.scene();
        if !fixture.run(&scene, &format!("rotate --secrets inline {ALL}"))? {
            return Ok(());
        }
        scene.now = NumericDate::new(date(NOW).seconds() + 7 * DAY).unwrap();
        if !fixture.run(&scene, &format!("prune {ALL}"))? {
            return Ok(());
        }
        let rotated = scene.text(fixture.file);
        fixture.must(&scene, &format!("remove @1 {ALL}"))?;
        let without_new = scene.text(fixture.file);

        scene.write(fixture.file, &fixture.content);
        fixture.must(&scene, &format!("remove @{} {ALL}", outgoing + 1))?;
        fixture.must(&scene, &format!("prune {ALL}"))?;
        // A key whose `exp` was later than that stays.
        let keys =
            |text: &str| Ok::<_, proptest::test_runner::TestCaseError>(read(fixture.file, text)?.1.len());
        if keys(&rotated)? != fixture.keys().unwrap_or_default().len() {
            return Ok(());
        }
        // The comment at the end of a line that is not the old key's alone goes the one way and stays the other.
        if fixture.name == "flow-list-comment-before-last" {
            return Ok(());
        }
        same(&scene.text(fixture.file), &without_new)
    });
}

fn same(old: &str, new: &str) -> Tried {
    if old == new {
        Ok(())
    } else {
        fail(format!("not the same:\n{}", raw_diff(old.as_bytes(), new.as_bytes())))
    }
}

fn prop_assert_ne_text(new: &str, old: &[u8]) -> Tried {
    if new.as_bytes() == old { fail("nothing changed") } else { Ok(()) }
}

// --- status --------------------------------------------------------------------------------------------------------

#[test]
fn status_shows_the_keys_that_the_library_reads() {
    of_each(|fixture| {
        let scene = fixture.scene();
        let outcome = scene.run(&format!("-c {} status --format json", fixture.file));
        let Ok(config) = Config::parse(&fixture.content, fixture.input()) else {
            prop_assert_eq!(outcome.code, 2);
            return Ok(());
        };
        prop_assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        let keys = KeySet::read(&config);
        let status: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
        let shown = status["configs"][0]["keys"].as_array().unwrap();
        prop_assert_eq!(shown.len(), keys.keys().len());
        for (shown, key) in shown.iter().zip(keys.keys()) {
            prop_assert_eq!(shown, &shown_as(shown, &keys, key));
        }
        Ok(())
    });
}

/// What `status` should say of a key.
fn shown_as(shown: &serde_json::Value, keys: &KeySet, key: &Key) -> serde_json::Value {
    let is_current = keys.current().is_ok_and(|current| current.is_some_and(|it| it.index == key.index));
    let time = |date: Option<&NumericDate>| date.map(ToString::to_string);
    let mut expected = shown.clone();
    expected["number"] = key.number().into();
    expected["kid"] = key.kid.value().map(powersync_jwks::keyset::Kid::as_str).into();
    expected["current"] = is_current.into();
    expected["made"] = time(key.iat.value()).into();
    expected["bits"] = key.bits().into();
    let phase = match key.phase(date(NOW)) {
        Phase::Unusable => "unusable",
        Phase::Standby { .. } => "standby",
        Phase::Accepted => "accepted",
        Phase::Retiring { .. } => "retiring",
        Phase::Removable { .. } => "removable",
        Phase::Unknown => "unreadable",
    };
    let kind = if is_current { Some("current") } else { key.is_public().then_some("public") };
    expected["state"] = match (kind, phase) {
        (Some(kind), "accepted" | "standby") => kind.into(),
        (Some(kind), phase) => format!("{kind}, {phase}").into(),
        (None, phase) => phase.into(),
    };
    expected
}

// --- what is checked can fail ---------------------------------------------------------------------------------------

/// What happens to a run in one of the tests below.
type Fault = fn(&mut Ran);

fn replace(ran: &mut Ran, from: &str, to: &str) {
    let text = String::from_utf8(ran.config.1.clone()).unwrap();
    assert!(text.contains(from), "{from} is not in\n{text}");
    ran.config.1 = text.replacen(from, to, 1).into_bytes();
    ran.whole.1.clone_from(&ran.config.1);
}

const FAULTS: [(&str, Fault); 12] = [
    ("a comment is lost", |ran| replace(ran, "# PowerSync, self-hosted", "# PowerSync")),
    ("another section changed", |ran| replace(ran, "port: 8080", "port: 8081")),
    ("a blank line went", |ran| replace(ran, "port: 8080\n\n", "port: 8080\n")),
    ("a foreign line ending", |ran| replace(ran, "kty: oct\n", "kty: oct\r\n")),
    ("the final line break went", |ran| {
        let text = String::from_utf8(ran.config.1.clone()).unwrap();
        ran.config.1 = text.trim_end().as_bytes().to_vec();
    }),
    ("a byte order mark came", |ran| ran.config.1.splice(..0, "\u{feff}".bytes()).for_each(drop)),
    ("the outgoing key goes too early", |ran| replace(ran, "exp: 1795858620", "exp: 1795858619")),
    ("the new key has another algorithm", |ran| replace(ran, "alg: HS256", "alg: HS384")),
    ("another key changed", |ran| replace(ran, "kid: around-1", "kid: around-0")),
    ("it failed, and changed the file", |ran| ran.outcome.code = 2),
    ("it was not foreseen", |ran| ran.outcome.stderr.push_str("Please report this")),
    ("a secret is shown", |ran| {
        ran.outcome.stderr.push_str("V_gIpWiE5wG1b15BpizDIr8QkbocRGNiWhPe5f23KvI");
    }),
];

#[test]
fn every_fault_in_an_output_is_noticed() {
    let all = Fixture::all();
    let fixture = all.iter().find(|fixture| fixture.name == "comments-around").unwrap();
    let rotated = || {
        let mut ran = runs(&mut Scene::new(), fixture.file, &fixture.content);
        ran.swap_remove(0)
    };
    assert!(check(&rotated()).is_ok());
    for (what, fault) in FAULTS {
        let mut ran = rotated();
        fault(&mut ran);
        assert!(check(&ran).is_err(), "{what}");
    }
    let mut refused = rotated();
    refused.outcome.code = 2;
    refused.config.1.clone_from(&refused.config.0);
    refused.whole.1.clone_from(&refused.whole.0);
    for (stderr, is_named) in
        [("error: powersync.yaml: no", true), ("error: no", false), ("powersync.yaml", false)]
    {
        stderr.clone_into(&mut refused.outcome.stderr);
        assert_eq!(check(&refused).is_ok(), is_named, "{stderr}");
    }
}
