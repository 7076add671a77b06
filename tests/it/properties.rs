//! What holds for every command on every config, tried on configs of random shape.

use std::path::Path;

use crate::common::generate::{Doc, List, document, document_with_keys};
use crate::common::meaning::{
    Command, Meant, Tried, current, exp, fail, is_usable, meant, read, reads_as_meant, removable,
};
use crate::common::owned::{comments_stay, only_owned_bytes_change};
use crate::common::{NOW, Outcome, Scene, date};
use powersync_jwks::config::{Config, Input};
use powersync_jwks::for_tests::EnvFile;
use powersync_jwks::keyset::{Key, KeySet, Material};
use powersync_jwks::time::NumericDate;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use proptest::test_runner::TestCaseError;
use serde_yaml::Value;

/// All that is refused as unsafe is meant here: the properties are about the text.
const ALLOW: &str = "--yes --allow live-key,last-key,current-key,short-overlap,before-nbf,older-key,same-secret,\
                     weak-secret,wildcard,clock,other-login";
/// The same cases in every run; `PROPTEST_RNG_SEED=… PROPTEST_CASES=…` tries others, and more of them.
fn config() -> ProptestConfig {
    let asked = ProptestConfig::default();
    let rng_seed = match asked.rng_seed {
        RngSeed::Random => RngSeed::Fixed(20_261_123),
        fixed @ RngSeed::Fixed(_) => fixed,
    };
    ProptestConfig { failure_persistence: None, max_shrink_iters: 8192, rng_seed, ..asked }
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        any::<(bool, bool)>().prop_map(|(all, revoke)| Command::Rotate { all, revoke }),
        Just(Command::Rotate { all: false, revoke: false }),
        Just(Command::Standby),
        (0..6_usize).prop_map(Command::Promote),
        Just(Command::Add),
        (0..6_usize).prop_map(Command::Retire),
        (0..6_usize).prop_map(Command::Undo),
        Just(Command::Prune),
        vec(0..6_usize, 1..4).prop_map(Command::Remove),
    ]
}

fn step_of_life() -> impl Strategy<Value = Command> {
    prop_oneof![4 => command(), 1 => Just(Command::Reconcile)]
}

fn run(command: &Command, scene: &Scene, file: &str) -> Outcome {
    scene.run(&format!("-c {file} {} {ALLOW}", command.line()))
}

/// Runs a command, and checks that it fails where it should and then leaves the file alone. Gives the new text
/// and what the list should be.
fn changed(doc: &Doc, command: &Command) -> Result<Option<(String, Vec<Meant>)>, TestCaseError> {
    let (_, keys) = read(doc.file, &doc.text)?;
    let Some(command) = command.among(keys.len()) else { return Ok(None) };
    let scene = Scene::with(doc.file, &doc.text);
    let outcome = run(&command, &scene, doc.file);
    let new = scene.text(doc.file);
    let Some(meant) = meant(&command, &keys, date(NOW).seconds()) else {
        prop_assert_eq!(outcome.code, 2, "{} should fail", command.line());
        prop_assert_eq!(&new, &doc.text);
        return Ok(None);
    };
    // The one form that can be read and not edited which the generator makes.
    if outcome.stderr.contains("would become a part of the text above it") {
        return Ok(None);
    }
    prop_assert_eq!(outcome.code, 0, "{}: {}", command.line(), outcome.stderr);
    Ok(Some((new, meant)))
}

proptest! {
    #![proptest_config(config())]

    /// No byte changes that the operation doesn't own; line endings, byte order mark, final newline and comments
    /// stay.
    #[test]
    fn edits_touch_only_what_they_own(doc in document(), command in command()) {
        if let Some((new, meant)) = changed(&doc, &command)? {
            only_owned_bytes_change(&doc, &new, &meant)?;
            comments_stay(&doc, &new, &meant)?;
        }
    }

    /// A reader that isn't ours sees the operation applied to what it saw before, and nothing else.
    #[test]
    fn a_second_reader_sees_what_was_meant(doc in document(), command in command()) {
        if let Some((new, meant)) = changed(&doc, &command)? {
            reads_as_meant(&doc, &new, &meant, date(NOW).seconds())?;
        }
    }

    /// Where the list had entries, or was `keys: []` on a line of its own.
    #[test]
    fn removing_what_was_added_gives_the_original(doc in document()) {
        let count = match &doc.list {
            List::Entries { entries, .. } => entries.len(),
            List::Missing { canonical: true, .. } => 0,
            List::Missing { .. } => return Ok(()),
        };
        let scene = Scene::with(doc.file, &doc.text);
        let added = run(&Command::Add, &scene, doc.file);
        prop_assert_eq!(added.code, 0, "{}", added.stderr);
        prop_assert_ne!(scene.text(doc.file), doc.text.clone());
        let removed = run(&Command::Remove(vec![count]), &scene, doc.file);
        prop_assert_eq!(removed.code, 0, "{}", removed.stderr);
        given_back(&doc, &scene.text(doc.file))?;
    }

    /// Where the key had neither `exp` nor `nbf`.
    #[test]
    fn undoing_retire_gives_the_original(doc in document_with_keys(), n in 0..6_usize) {
        let (_, keys) = read(doc.file, &doc.text)?;
        let n = n % keys.len();
        if !is_usable(&keys[n]) || keys[n].get("exp").or(keys[n].get("nbf")).is_some() {
            return Ok(());
        }
        let scene = Scene::with(doc.file, &doc.text);
        let retired = run(&Command::Retire(n), &scene, doc.file);
        prop_assert_eq!(retired.code, 0, "{}", retired.stderr);
        prop_assert_ne!(scene.text(doc.file), doc.text.clone());
        let undone = run(&Command::Undo(n), &scene, doc.file);
        prop_assert_eq!(undone.code, 0, "{}", undone.stderr);
        given_back(&doc, &scene.text(doc.file))?;
    }

    /// Any number of commands, as time goes on, leaves a config with keys that can be used; `prune` never takes a
    /// key before its time.
    #[test]
    fn a_life_of_commands(doc in document(), life in vec((step_of_life(), 0..400_000_i64), 1..=12)) {
        let mut scene = Scene::with(doc.file, &doc.text);
        for (number, (command, pause)) in life.iter().enumerate() {
            scene.now = later(scene.now, *pause);
            scene.seed = number as u64 + 1;
            step(&scene, &doc, command)?;
        }
    }

    /// An outgoing key outlives its overlap, and no more than that.
    #[test]
    fn prune_waits_for_the_overlap(
        doc in document_with_keys(),
        (ttl, deploy, rollout) in (1..=86_400_i64, 0..1_000_000_i64, 0..1_000_000_i64),
        part in 0.0..1.0_f64,
    ) {
        outgoing_key_stays(&doc, ttl, deploy, rollout, part)?;
    }

    #[test]
    fn nothing_panics_on_any_bytes(bytes in vec(any::<u8>(), 0..200), command in command()) {
        for file in ["powersync.yaml", "powersync.json", "powersync.conf"] {
            fails_or_works(file, &bytes, &command)?;
        }
    }

    #[test]
    fn nothing_panics_on_almost_yaml(bytes in vec(syntax_byte(), 0..60), command in command()) {
        let mut text = b"client_auth:\n  jwks:\n    keys:\n".to_vec();
        text.extend(bytes);
        for file in ["powersync.yaml", "powersync.conf"] {
            fails_or_works(file, &text, &command)?;
        }
    }

    #[test]
    fn nothing_panics_on_mutated_configs(doc in document(), edits in edits(), command in command()) {
        fails_or_works(doc.file, &mutated(&doc.text, &edits), &command)?;
    }

    /// No piece of a secret is shown, neither of those in the file nor of the new one.
    #[test]
    fn no_output_holds_a_secret(doc in document(), n in 0..6_usize) {
        let (_, keys) = read(doc.file, &doc.text)?;
        let mut lines = vec!["status".to_owned(), "status --format json".to_owned()];
        let rotate = Command::Rotate { all: true, revoke: false };
        let some = [Command::Add, Command::Remove(vec![n]), Command::Retire(n), Command::Prune, rotate];
        for command in some.iter().filter_map(|command| command.among(keys.len())) {
            lines.push(format!("{} {ALLOW}", command.line()));
            lines.push(format!("{} {ALLOW} --dry-run", command.line()));
        }
        let schedule = [
            "rotate --standby --secrets inline --yes",
            "promote @2 --yes",
            "reconcile --secrets inline --yes",
            "reconcile --secrets inline --dry-run --format json",
            "reconcile --check",
            "timeline",
            "timeline --format mermaid",
            "timeline --format json",
            "redact",
        ];
        lines.extend(schedule.iter().map(|line| (*line).to_owned()));
        for line in lines {
            let scene = Scene::with(doc.file, &doc.text);
            let outcome = scene.run(&format!("-c {} {line}", doc.file));
            let (_, new_keys) = read(doc.file, &scene.text(doc.file))?;
            let fresh = new_keys.iter().filter_map(|key| Some(key.get("k")?.as_str()?.to_owned()));
            shows_none_of(&doc.secrets.iter().cloned().chain(fresh).collect::<Vec<_>>(), &outcome)?;
        }
    }

    /// A new secret that goes into a variable is in no byte of the config, and the service reads it from there.
    #[test]
    fn secrets_in_variables_stay_out_of_the_config(doc in document(), choice in 0..4_usize) {
        let command = ["add", "rotate", "rotate --standby", "rotate --revoke"][choice];
        let scene = Scene::with(doc.file, &doc.text);
        let outcome = scene.run(&format!("-c {} {command} --secrets env --env-file .env {ALLOW}", doc.file));
        if outcome.code == 0 {
            let (name, value) = only_variable(&scene)?;
            let text = scene.text(doc.file);
            prop_assert!(!text.contains(&value), "{}", text);
            let values = |other: &str| (other == name).then(|| value.clone().into());
            let config = Config::parse_str(&text, Input::of_path(Path::new(doc.file))).unwrap();
            let keys = KeySet::read_with(&config, &values);
            let new: Vec<_> = keys.keys().iter().filter(|key| key.variable() == Some(name.as_str())).collect();
            prop_assert_eq!(new.len(), 1);
            let secret = new[0].secret().map(|secret| secret.to_base64url().to_string());
            prop_assert_eq!(secret, Some(value.clone()));
            shows_none_of(&[value], &outcome)?;
        } else {
            prop_assert_eq!(scene.text(doc.file), doc.text.clone());
            prop_assert!(!scene.path(".env").exists(), "{}", outcome.stderr);
        }
        shows_none_of(&doc.secrets, &outcome)?;
    }

    /// A secret that moves into a variable and back is the same key, and no other key changes.
    #[test]
    fn moving_a_secret_keeps_the_key(doc in document_with_keys(), n in 0..6_usize) {
        let input = Input::of_path(Path::new(doc.file));
        let config = Config::parse_str(&doc.text, input).unwrap();
        let before = KeySet::read(&config);
        let n = n % before.keys().len() + 1;
        let scene = Scene::with(doc.file, &doc.text);
        let moved = format!("-c {} move-secret @{n} --env-file .env --yes", doc.file);
        let outcome = scene.run(&format!("{moved} --to env"));
        shows_none_of(&doc.secrets, &outcome)?;
        if outcome.code != 0 || scene.text(doc.file) == doc.text {
            prop_assert_eq!(scene.text(doc.file), doc.text.clone());
            return Ok(());
        }
        let (name, value) = only_variable(&scene)?;
        let values = |other: &str| (other == name).then(|| value.clone().into());
        let text = scene.text(doc.file);
        let config = Config::parse_str(&text, input).unwrap();
        same_keys(&before, &KeySet::read_with(&config, &values))?;
        prop_assert_eq!(text.lines().filter(|line| !doc.text.contains(line)).count(), 1, "{}", text);

        let back = scene.run(&format!("{moved} --to inline"));
        prop_assert_eq!(back.code, 0, "{}", back.stderr);
        shows_none_of(&doc.secrets, &back)?;
        let text = scene.text(doc.file);
        let config = Config::parse_str(&text, input).unwrap();
        same_keys(&before, &KeySet::read(&config))?;
    }

    #[test]
    fn no_error_holds_a_secret(doc in document(), edits in edits(), command in command()) {
        let scene = Scene::with(doc.file, mutated(&doc.text, &edits));
        for line in [format!("{} --dry-run {ALLOW}", command.line()), "status".to_owned()] {
            let outcome = scene.run(&format!("-c {} {line}", doc.file));
            if outcome.code == 2 {
                shows_none_of(&doc.secrets, &outcome)?;
            }
        }
    }
}

// --- parts of the properties ---------------------------------------------------------------------------------

fn same_text(old: &str, new: &str) -> Tried {
    let shown = || crate::common::raw_diff(old.as_bytes(), new.as_bytes());
    if old == new { Ok(()) } else { fail(format!("not the original:\n{}", shown())) }
}

/// Byte for byte. Only in brackets, where a new last line takes over the end of the one before, and lines end
/// differently or in spaces, these ends may be swapped.
fn given_back(doc: &Doc, new: &str) -> Tried {
    let in_lines = matches!(doc.list, List::Entries { lines: true, .. } | List::Missing { .. });
    let crlf = doc.text.matches("\r\n").count();
    let even = crlf == 0 || crlf == doc.text.matches('\n').count();
    let tidy = doc.text.lines().all(|line| line.trim_end_matches(' ') == line);
    if in_lines || (even && tidy) {
        return same_text(&doc.text, new);
    }
    let trimmed = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    same_text(&trimmed(&doc.text), &trimmed(new))
}

fn later(moment: NumericDate, seconds: i64) -> NumericDate {
    NumericDate::new(moment.seconds() + seconds).unwrap()
}

/// How many entries the service would not start with.
fn unusable(file: &str, text: &str) -> Result<usize, TestCaseError> {
    let input = Input::of_path(Path::new(file));
    let config = Config::parse_str(text, input).or_else(|error| fail(format!("{error}\n{text}")))?;
    let keys = KeySet::read(&config);
    Ok(keys.keys().iter().filter(|key| matches!(key.material, Material::Unusable(_))).count())
}

/// One command of a life.
fn step(scene: &Scene, doc: &Doc, command: &Command) -> Tried {
    let old = scene.text(doc.file);
    let (around, keys) = read(doc.file, &old)?;
    let Some(command) = command.among(keys.len()) else { return Ok(()) };
    let outcome = run(&command, scene, doc.file);
    let new = scene.text(doc.file);
    prop_assert!(
        !outcome.stderr.contains("Please report"),
        "{}: {}\n{}",
        command.line(),
        outcome.stderr,
        old
    );
    if outcome.code != 0 {
        prop_assert_eq!(outcome.code, 2);
        return same_text(&old, &new);
    }
    let (new_around, new_keys) = read(doc.file, &new)?;
    prop_assert_eq!(around, new_around);
    prop_assert!(unusable(doc.file, &new)? <= unusable(doc.file, &old)?);
    if matches!(command, Command::Prune | Command::Reconcile) && new_keys.len() < keys.len() {
        let now = scene.now.seconds();
        let gone: Vec<&Value> = keys.iter().filter(|key| !new_keys.contains(key)).collect();
        prop_assert!(
            gone.iter().all(|key| exp(key).ok().flatten().is_some_and(|exp| exp <= now)),
            "{:?}",
            gone
        );
    }
    Ok(())
}

/// Rotates, and prunes at a moment before the overlap ends, and when it does.
fn outgoing_key_stays(doc: &Doc, ttl: i64, deploy: i64, rollout: i64, part: f64) -> Tried {
    let (_, keys) = read(doc.file, &doc.text)?;
    let Some(outgoing) = current(&keys) else { return Ok(()) };
    let mut scene = Scene::with(doc.file, &doc.text);
    let times = format!("--token-ttl {ttl}s --deploy-within {deploy}s --rollout {rollout}s");
    let rotated = scene.run(&format!("-c {} rotate --secrets inline {times} {ALLOW}", doc.file));
    if rotated.code == 2 {
        return Ok(());
    }
    let (_, after) = read(doc.file, &scene.text(doc.file))?;
    let key = &after[outgoing + 1];
    let overlap = ttl + deploy + rollout + 360;
    let end = exp(&keys[outgoing]).ok().flatten().unwrap_or(0).max(scene.now.seconds() + overlap);
    prop_assert_eq!(exp(key), Ok(Some(end)));
    let wait = end - scene.now.seconds();
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "any moment will do")]
    let early = ((wait as f64 * part) as i64).min(wait - 1);
    for (moment, due) in [(early, false), (wait - 1, false), (wait, true)] {
        let text = scene.text(doc.file);
        scene.now = later(date(NOW), moment);
        let removable = removable(&after, scene.now.seconds());
        let outcome = run(&Command::Prune, &scene, doc.file);
        let (_, left) = read(doc.file, &scene.text(doc.file))?;
        scene.write(doc.file, text);
        let Some(removable) = removable else {
            prop_assert_eq!(outcome.code, 2);
            continue;
        };
        prop_assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        let shared =
            after.iter().filter(|other| key.get("kid").is_some() && other.get("kid") == key.get("kid"));
        let shared = shared.count() > 1 && key.get("kid").and_then(Value::as_str) != Some("");
        prop_assert_eq!(removable.contains(&(outgoing + 1)), due && !shared);
        let stay = (0..after.len()).filter(|n| !removable.contains(n)).map(|n| &after[n]);
        prop_assert_eq!(stay.collect::<Vec<_>>(), left.iter().collect::<Vec<_>>());
    }
    Ok(())
}

/// A byte that means something to one of the parsers.
fn syntax_byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        6 => proptest::sample::select(b" \n\r\t:-#'\"[]{},&*!|>%@`\\.?~0ak".to_vec()),
        1 => any::<u8>(),
    ]
}

/// Edits of bytes: where, what, and whether to put in, overwrite, take away, or cut off.
fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, u8)>> {
    vec((any::<prop::sample::Index>(), syntax_byte(), 0..16_u8), 1..5)
}

fn mutated(text: &str, edits: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for (place, byte, what) in edits {
        let at = place.index(bytes.len() + 1);
        match what {
            0 => bytes.truncate(at),
            1..=5 if at < bytes.len() => bytes[at] = *byte,
            6..=10 if at < bytes.len() => drop(bytes.remove(at)),
            _ => bytes.insert(at, *byte),
        }
    }
    bytes
}

/// A command ends with 0, or with 2 and an untouched file.
fn fails_or_works(file: &str, bytes: &[u8], command: &Command) -> Tried {
    let input = Input::of_path(Path::new(file));
    let count = Config::parse(bytes, input).map_or(0, |config| config.entries().len());
    let Some(command) = command.among(count) else { return Ok(()) };
    let scene = Scene::with(file, bytes);
    let status = scene.run(&format!("-c {file} status --format json"));
    prop_assert!(matches!(status.code, 0 | 2), "{}", status.code);
    let outcome = run(&command, &scene, file);
    match outcome.code {
        0 => prop_assert_eq!(status.code, 0),
        code => {
            prop_assert_eq!(code, 2);
            prop_assert!(scene.read(file) == bytes, "failed, and changed the file");
        }
    }
    Ok(())
}

/// The one variable of the env file.
fn only_variable(scene: &Scene) -> Result<(String, String), TestCaseError> {
    let file = EnvFile::parse(&scene.read(".env")).map_err(|error| TestCaseError::fail(error.to_string()))?;
    match file.names().collect::<Vec<_>>().as_slice() {
        [name] => Ok(((*name).to_owned(), file.value(name).unwrap_or_default().to_owned())),
        names => fail(format!("{names:?}")),
    }
}

/// Every key has the kid and the secret that it had.
fn same_keys(before: &KeySet, after: &KeySet) -> Tried {
    prop_assert_eq!(before.keys().len(), after.keys().len());
    for (one, two) in before.keys().iter().zip(after.keys()) {
        prop_assert_eq!(&one.kid, &two.kid);
        let bytes = |key: &Key| key.secret().map(|secret| secret.bytes().to_vec());
        prop_assert!(bytes(one) == bytes(two), "{} has another secret", one.name());
    }
    Ok(())
}

/// No eight characters in a row of any of these secrets are in the output.
fn shows_none_of(secrets: &[String], outcome: &Outcome) -> Tried {
    let output = format!("{}{}", outcome.stdout, outcome.stderr);
    for secret in secrets.iter().filter(|secret| secret.is_ascii()) {
        let pieces = secret.trim().as_bytes().windows(8).filter_map(|piece| std::str::from_utf8(piece).ok());
        for piece in pieces {
            prop_assert!(!output.contains(piece), "{} of {} is shown:\n{}", piece, secret, output);
        }
    }
    Ok(())
}
