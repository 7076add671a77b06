//! Against the programs we have to agree with: `jose`, PowerSync's CLI, Node, and the shell lines of PowerSync's guide.
//! Needs Node, `npm ci` in `tests/conformance`, and the feature `conformance`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use common::{Scene, root};
use powersync_jwks::time::{Clock as _, SystemClock};

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
    run(scene, "verify -")
}

const KEYS: &str = "\
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
    // Inside of the folder, so that it finds `jose`.
    let place = tempfile::tempdir_in(folder()).unwrap();
    for number in 1..=3 {
        let module = place.path().join(format!("key-{number}.mjs"));
        run(&scene, &format!("export @{number} --as node --out '{}'", module.display()));
        let jwk: serde_json::Value =
            serde_json::from_str(&run(&scene, &format!("export @{number} --as jwk"))).unwrap();
        let mut call = node("call.mjs");
        call.arg(&module).env("POWERSYNC_JWT_SECRET", jwk["k"].as_str().unwrap());
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

#[test]
fn verify_accepts_the_tokens_of_powersyncs_cli() {
    let config = format!(
        "_type: self-hosted\nreplication:\n  connections:\n    - type: postgresql\n      uri: postgres://localhost/db\n\
         storage:\n  type: mongodb\n  uri: mongodb://localhost/db\n{KEYS}"
    )
    .replace("      - {kty: oct, alg: HS512, k:", "      - {kty: oct, alg: HS512, kid: hs512, k:");
    let mut scene = Scene::with("powersync/service.yaml", &config);
    scene.write("powersync/sync-config.yaml", "config: {edition: 3}\n");
    let mut powersync = Command::new("node");
    powersync
        .arg(folder().join("node_modules/powersync/bin/run.js"))
        .args(["generate", "token", "--subject", "user-1"])
        .current_dir(scene.folder.path())
        // It reads these where a project is not linked, and sends nothing to them.
        .env("API_URL", "http://localhost:8080")
        .env("PS_ADMIN_TOKEN", "none")
        .env("HOME", scene.folder.path());
    let token = output(&mut powersync, "");
    assert_eq!(verify(&mut scene, &token), "accepted, signed by hs256, the current key");
}

/// PowerSync's HS256 guide by hand, and with the tool, on one secret.
#[test]
fn the_guide_by_hand_and_with_the_tool() {
    let secret = shell("openssl rand -base64 32");
    let k = shell(&format!("echo -n '{secret}' | base64 -w 0 | tr '+/' '-_' | tr -d '='"));
    let entry = format!("      - kty: oct\n        alg: 'HS256'\n        kid: 'my-kid'\n        k: '{k}'\n");
    let head = "client_auth:\n  audience: ['app']\n  jwks:\n    keys:";
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
