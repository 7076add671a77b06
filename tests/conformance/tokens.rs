//! Against the programs we have to agree with: `jose`, PowerSync's CLI, Node, and the shell lines of PowerSync's guide.
//! Needs Node, `npm ci` in `tests/conformance`, and the feature `conformance`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::common::odd::Dice;
use crate::common::{Scene, root};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use powersync_jwks::config::Input;
use powersync_jwks::for_tests::EnvFile;
use powersync_jwks::for_tests::{Envelope, Unwrap};
use powersync_jwks::time::{Clock as _, NumericDate, SystemClock};

fn folder() -> PathBuf {
    root().join("tests/conformance")
}

/// Runs a program with something on stdin, and returns its stdout.
fn output(command: &mut Command, stdin: &str) -> String {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

fn node(script: &str) -> Command {
    let mut node = Command::new("node");
    node.current_dir(folder()).arg(script);
    node
}

fn shell(line: &str) -> String {
    output(Command::new("sh").args(["-c", line]), "")
}

/// At the time it is: the programs look at the clock of the machine.
fn scene(config: &str) -> Scene {
    let mut scene = Scene::with("powersync.yaml", config);
    scene.now = SystemClock.now();
    scene
}

/// Runs a command that has to succeed, and returns its stdout.
fn run(scene: &Scene, arguments: &str) -> String {
    let outcome = scene.run(arguments);
    assert_eq!(outcome.code, 0, "{arguments}: {}", outcome.stderr);
    outcome.stdout.trim_end().to_owned()
}

/// What `verify` says to a token made just now: the clocks of two processes may differ by a second.
fn verify(scene: &mut Scene, token: &str) -> String {
    scene.stdin = token.as_bytes().to_vec();
    scene.now = SystemClock.now();
    // The second line says for whom it is.
    run(scene, "verify -").lines().next().unwrap_or_default().to_owned()
}

const KEYS: &str = "\
storage: {type: mongodb}
client_auth:
  audience: ['app', 'other']
  jwks:
    keys:
      - {kty: oct, alg: HS256, kid: hs256, k: MDEyMzQ1Njc4OWFiY2RlZi1maXJzdC1zZWNyZXQtb2YtdGhlLXRlc3Rz}
      - {kty: oct, alg: HS384, kid: \"it's hs384\", k: YSBzZWNyZXQgb2YgZm9ydHktZWlnaHQgYnl0ZXMgZm9yIHRoZSBIUzM4NCBrZXkhIQ}
      - {kty: oct, alg: HS512, k: YSBzZWNyZXQgb2Ygc2l4dHktZm91ciBieXRlcyBmb3IgdGhlIEhTNTEyIGtleSwgbG9uZyBlbm91Z2ggZm9yIGl0}
";

#[test]
fn jose_verifies_what_token_prints() {
    let scene = scene(KEYS);
    for number in 1..=3 {
        let token = run(&scene, &format!("token --sub user-1 --kid @{number} --claim role=admin"));
        let jwk = run(&scene, &format!("export @{number} --as jwk"));
        let question = format!("{{\"jwk\": {jwk}, \"now\": {}}}", scene.now.seconds());
        let answer: serde_json::Value =
            serde_json::from_str(&output(node("verify.mjs").arg(question), &token)).unwrap();
        let jwk: serde_json::Value = serde_json::from_str(&jwk).unwrap();
        assert_eq!(answer["header"]["alg"], jwk["alg"]);
        assert_eq!(answer["header"]["kid"], jwk["kid"]);
        assert_eq!(answer["header"]["typ"], "JWT");
        assert_eq!(answer["claims"]["iat"], scene.now.seconds());
        assert_eq!(answer["claims"]["exp"], scene.now.seconds() + 3600);
        assert_eq!(answer["claims"]["aud"], serde_json::json!(["app", "other"]));
        assert_eq!(
            (&answer["claims"]["sub"], &answer["claims"]["role"]),
            (&"user-1".into(), &"admin".into())
        );
    }
}

#[test]
fn verify_accepts_what_the_exported_function_signs() {
    let mut scene = scene(KEYS);
    // Inside of the directory, so that it finds `jose`.
    let place = tempfile::tempdir_in(folder()).unwrap();
    for number in 1..=3 {
        let module = place.path().join(format!("key-{number}.mjs"));
        run(&scene, &format!("export @{number} --as node --out '{}'", module.display()));
        let jwk: serde_json::Value =
            serde_json::from_str(&run(&scene, &format!("export @{number} --as jwk"))).unwrap();
        let mut call = node("call.mjs");
        call.arg(&module).env("POWERSYNC_JWT_SECRET", jwk["k"].as_str().unwrap());
        call.env("POWERSYNC_JWT_KID", jwk["kid"].as_str().unwrap_or_default());
        let token = output(&mut call, "");
        let said = verify(&mut scene, &token);
        assert!(said.starts_with("accepted, signed by "), "{said}");
    }
}

/// The lines that `export --as env` writes, as a shell reads them.
#[test]
fn a_shell_reads_the_exported_assignments() {
    let mut scene = scene(KEYS);
    let assignments = run(&scene, "export --as env");
    let module = tempfile::Builder::new().suffix(".mjs").tempfile_in(folder()).unwrap();
    fs::write(module.path(), run(&scene, "export --as node")).unwrap();
    let line = format!(
        "set -a\n{assignments}\ncd '{}' && node call.mjs '{}'",
        folder().display(),
        module.path().display()
    );
    let said = verify(&mut scene, &shell(&line));
    assert_eq!(said, "accepted, signed by hs256, the current key");
}

/// A config as PowerSync's CLI keeps it, written by our commands: how many days ago, and what was run.
type Life = &'static [(i64, &'static str)];

const INIT: &str = "init --layout cli --secrets inline --audience app --yes";
const INIT_ENV: &str = "init --layout cli --secrets env --audience app --yes";

const LIVES: [Life; 11] = [
    &[(0, INIT)],
    &[(40, INIT), (10, "rotate --yes")],
    // It waits.
    &[(40, INIT), (1, "rotate --standby --yes")],
    &[(40, INIT), (10, "rotate --standby --yes"), (5, "promote --yes")],
    &[(40, INIT), (10, "rotate --yes"), (1, "prune --yes")],
    &[(40, INIT), (10, "rotate --revoke --yes")],
    &[(100, INIT), (8, "reconcile --yes"), (3, "reconcile --yes")],
    &[(40, INIT), (10, "add --alg HS512 --yes"), (9, "rotate --all --yes")],
    // A key of another algorithm first, which the CLI doesn't sign with.
    &[
        (40, INIT),
        (30, "add --alg HS384 --yes"),
        (20, "remove @1 --yes --allow live-key,current-key"),
        (10, "add --alg HS256 --yes --allow current-key"),
        (9, "add --alg HS256 --yes"),
    ],
    &[(40, INIT_ENV), (10, "rotate --yes --env-file powersync/docker/.env")],
    &[
        (40, INIT_ENV),
        (10, "move-secret @1 --to inline --env-file powersync/docker/.env --yes"),
        (9, "rotate --yes"),
    ],
];

fn live(life: Life) -> Scene {
    let mut scene = Scene::new();
    for (days, command) in life {
        scene.now = NumericDate::new(SystemClock.now().seconds() - days * 86_400).unwrap();
        run(&scene, command);
    }
    scene.now = SystemClock.now();
    scene
}

/// What `powersync generate token` prints in this directory.
fn token_of_powersync(scene: &Scene) -> String {
    let mut powersync = Command::new("node");
    powersync
        .arg(folder().join("node_modules/powersync/bin/run.js"))
        .args(["generate", "token", "--subject", "user-1"])
        .current_dir(scene.folder.path())
        .envs(scene.variables.iter().cloned())
        // It reads these where a project is not linked, and sends nothing to them.
        .env("API_URL", "http://localhost:8080")
        .env("PS_ADMIN_TOKEN", "none")
        .env("HOME", scene.folder.path());
    output(&mut powersync, "")
}

/// The kid in the header of a token, read without our own code.
fn kid_of(token: &str) -> String {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

#[test]
fn powersyncs_cli_signs_with_the_current_key_and_verify_accepts_it() {
    for life in LIVES {
        let mut scene = live(life);
        let env = fs::read(scene.path("powersync/docker/.env")).unwrap_or_default();
        let env = EnvFile::parse(&env).unwrap();
        scene.variables =
            env.names().map(|name| (name.to_owned(), env.value(name).unwrap().to_owned())).collect();
        let token = token_of_powersync(&scene);
        let kid = kid_of(&token);
        let status: serde_json::Value = serde_json::from_str(&run(&scene, "status --format json")).unwrap();
        assert_eq!(current(&status), [kid.as_str()], "{life:?}");
        assert_eq!(
            verify(&mut scene, &token),
            format!("accepted, signed by {kid}, the current key"),
            "{life:?}"
        );
    }
    println!(
        "{} configs that our commands wrote: `powersync generate token` signs with the current key",
        LIVES.len()
    );
}

/// The kids of the keys that `status` calls current.
fn current(status: &serde_json::Value) -> Vec<&str> {
    let keys = status["configs"][0]["keys"].as_array().unwrap().iter();
    keys.filter(|key| key["current"] == true).map(|key| key["kid"].as_str().unwrap()).collect()
}

/// PowerSync's HS256 guide by hand, and with the tool, on one secret.
#[test]
fn the_guide_by_hand_and_with_the_tool() {
    let secret = shell("openssl rand -base64 32");
    let k = shell(&format!("echo -n '{secret}' | base64 -w 0 | tr '+/' '-_' | tr -d '='"));
    let entry = format!("      - kty: oct\n        alg: 'HS256'\n        kid: 'my-kid'\n        k: '{k}'\n");
    let head = "storage: {type: mongodb}\nclient_auth:\n  audience: ['app']\n  jwks:\n    keys:";
    let mut by_hand = scene(&format!("{head}\n{entry}"));

    let mut with_tool = scene(&format!("{head} []\n"));
    with_tool.stdin = format!("{secret}\n").into_bytes();
    run(&with_tool, "add --secret-stdin --encoding text --kid my-kid --yes");
    // The same members, written the same; the tool adds when it made the key, which the service strips.
    let members = |text: String| -> BTreeSet<String> {
        let lines = text.lines().map(|line| line.trim_start_matches([' ', '-']).replace("keys: []", "keys:"));
        lines.filter(|line| !line.starts_with("iat: ")).collect()
    };
    assert_eq!(members(with_tool.text("powersync.yaml")), members(by_hand.text("powersync.yaml")));
    assert_eq!(run(&with_tool, "export --as jwk"), run(&by_hand, "export --as jwk"));
    assert_eq!(run(&by_hand, "export --as raw"), secret);
    assert_eq!(run(&with_tool, "export --as raw"), secret);

    let mut sign = node("guide.mjs");
    let by_jose = output(sign.env("KID", "my-kid").env("SECRET", &secret).env("AUDIENCE", "app"), "");
    let by_us = run(&with_tool, "token --sub user-1");
    for token in [&by_jose, &by_us] {
        for scene in [&mut by_hand, &mut with_tool] {
            assert_eq!(verify(scene, token), "accepted, signed by my-kid, the current key");
        }
        let question = format!(
            "{{\"jwk\": {}, \"now\": {}}}",
            run(&by_hand, "export --as jwk"),
            SystemClock.now().seconds()
        );
        output(node("verify.mjs").arg(question), token);
    }
}

/// The tokens that are kept were made as they are made today.
#[test]
fn the_kept_tokens_are_those_of_the_script() {
    let place = tempfile::tempdir_in(folder()).unwrap();
    let out = place.path().join("tokens.json");
    output(node("tokens.mjs").arg(&out), "");
    let read = |path: PathBuf| -> Vec<(String, String, serde_json::Value)> {
        let all: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let said = |token: &serde_json::Value| {
            serde_json::json!([token["decision"], token["code"], token["message"], token["key"], token["at"]])
        };
        let tokens = all["tokens"].as_array().unwrap().iter();
        tokens.map(|token| (text(&token["row"]), text(&token["name"]), said(token))).collect()
    };
    assert_eq!(read(root().join("tests/tokens/tokens.json")), read(out));
}

/// Base64 that we refuse and the service decodes, on purpose: a config that was cut off or mixed up on the way is better
/// not edited. What it is, one of its kind, and how such a text is known.
type Lenient = (&'static str, &'static str, fn(&str) -> bool);

const LENIENT: [Lenient; 5] = [
    ("characters that are none of base64's, which Node skips", "YWJj*ZGV", |text| {
        text.contains(|c: char| !(c.is_ascii_alphanumeric() || "+/-_=".contains(c)))
    }),
    ("characters of both alphabets", "YW+/_-Jj", |text| {
        text.contains(['+', '/']) && text.contains(['-', '_'])
    }),
    ("`=` that is not the padding it needs", "YWJj=ZGV", |text| {
        let body = text.trim_end_matches('=');
        let padding = text.len() - body.len();
        body.contains('=') || (padding > 0 && padding != (4 - body.len() % 4) % 4)
    }),
    ("a character too many, which Node drops", "YWJjZ", |text| text.trim_end_matches('=').len() % 4 == 1),
    ("bits too many in the last character, which Node drops", "YWJjZB", |text| {
        let body = text.trim_end_matches('=');
        let unused: &[u8] = match body.len() % 4 {
            2 => b"AQgw",
            3 => b"AEIMQUYcgkosw048",
            _ => return false,
        };
        body.bytes().last().is_some_and(|last| !unused.contains(&last))
    }),
];

/// Base64 as it comes: of anything, in any form, on one line or several, and half of it broken.
fn base64_text(dice: &mut Dice) -> String {
    const PIECES: [&str; 16] =
        ["=", "==", "A", "-", "_", "+", "/", " ", "\n", "\t", "\r", "*", ".", "é", "\u{feff}", "\u{a0}"];
    let length = dice.below(40);
    let bytes = if dice.one_in(8) { crate::common::odd::document(dice).1 } else { dice.bytes(length) };
    let engine = dice.pick(&[&STANDARD, &STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD]);
    let mut text: Vec<char> = engine.encode(bytes).chars().collect();
    if dice.one_in(3) {
        let (width, newline) = (dice.pick(&[4, 10, 64, 76]), dice.pick(&["\n", "\r\n"]));
        let lines: Vec<String> = text.chunks(width).map(|line| line.iter().collect()).collect();
        text = (lines.join(newline) + dice.pick(&["", newline])).chars().collect();
    }
    for _ in 0..dice.pick(&[0, 0, 1, 2]) {
        let at = dice.below(text.len() + 1);
        let end = (at + dice.below(3)).min(text.len());
        text.splice(at..end, dice.pick(&PIECES).chars());
    }
    text.into_iter().collect()
}

/// What Node decodes of each, as `POWERSYNC_CONFIG_B64` is decoded.
fn decoded_by_node(texts: &[String]) -> Vec<Vec<u8>> {
    let answer = output(&mut node("base64.mjs"), &serde_json::json!(texts).to_string());
    let hex: Vec<String> = serde_json::from_str(&answer).unwrap();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    hex.iter().map(|text| text.as_bytes().chunks(2).map(byte).collect()).collect()
}

const BASE64: Unwrap = Unwrap { base64: true, entry: None, at: None };

fn lenient(text: &str) -> Vec<&'static str> {
    let clean: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    LENIENT.iter().filter(|(.., fits)| fits(&clean)).map(|(what, ..)| *what).collect()
}

#[test]
fn base64_is_decoded_as_the_service_decodes_it() {
    let mut dice = Dice::new(1);
    let texts: Vec<String> = (0..20_000).map(|_| base64_text(&mut dice)).collect();
    let (mut accepted, mut refused, mut empty) = (0, BTreeMap::new(), 0);
    let (mut written, mut meant) = (Vec::new(), Vec::new());
    for (text, by_node) in texts.iter().zip(decoded_by_node(&texts)) {
        if let Ok(envelope) = Envelope::open(text.as_bytes(), &BASE64, Input::Yaml) {
            assert_eq!(envelope.inner(), by_node, "{text:?}");
            let changed = [envelope.inner(), b"# more"].concat();
            written.push(String::from_utf8(envelope.wrap(&changed).unwrap().to_vec()).unwrap());
            meant.push(changed);
            accepted += 1;
        } else if by_node.is_empty() {
            empty += 1;
        } else {
            let reasons = lenient(text);
            assert!(!reasons.is_empty(), "we refuse what Node decodes: {text:?}");
            *refused.entry(reasons[0]).or_insert(0) += 1;
        }
    }
    println!(
        "{} texts in base64: {accepted} decoded alike, {empty} with nothing in them for either; refused by us: {refused:?}",
        texts.len()
    );
    assert!(accepted > 8_000 && refused.len() == LENIENT.len(), "{accepted} {refused:?}");
    assert!(decoded_by_node(&written) == meant, "Node decodes something else of what we write back");
}

#[test]
fn base64_that_is_refused_on_purpose() {
    let examples: Vec<String> = LENIENT.iter().map(|(_, example, _)| (*example).to_owned()).collect();
    for ((what, example, _), by_node) in LENIENT.iter().zip(decoded_by_node(&examples)) {
        assert!(Envelope::open(example.as_bytes(), &BASE64, Input::Yaml).is_err(), "{what}: we take it");
        assert!(!by_node.is_empty(), "{what}: the service doesn't take it either");
        assert_eq!(lenient(example), [*what]);
    }
}
