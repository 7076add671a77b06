//! Output for programs fits its schema: that of each command in `docs/output.schema.json`, and the published one of SARIF
//! 2.1.0. Needs Node, `npm ci` in `tests/conformance`, and the feature `conformance`.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::common::{Scene, fixtures, root};
use serde_json::{Value, json};

/// What is wrong with these reports, or null for each.
fn faults(reports: &[Value]) -> Vec<Value> {
    let mut command = Command::new("node");
    command.arg(root().join("tests/conformance/schemas.mjs")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut node = command.spawn().unwrap();
    node.stdin.take().unwrap().write_all(json!(reports).to_string().as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "node failed. Is `npm ci` done in tests/conformance?");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn fixture(name: &str) -> Vec<u8> {
    let (.., content) = fixtures().into_iter().find(|(other, ..)| other == name).unwrap();
    content
}

/// A directory with many configs, one of which can't be read.
fn scene() -> Scene {
    let scene = Scene::new();
    for name in [
        "secrets-everywhere",
        "k-encodings",
        "bad-tab-indentation",
        "docs-example",
        "rsa-broken",
        "cli-cloud",
    ] {
        scene.write(&format!("all/{name}.yaml"), fixture(name));
    }
    scene.write("all/name with spaces, ключ & 100%.yaml", fixture("k-encodings"));
    scene.write("old.yaml", fixture("schedule-all-states"));
    scene.write("new.yaml", fixture("mixed-types"));
    scene.write("empty.yaml", "");
    scene.write("latin.yaml", b"a: \xe9\n");
    scene
}

#[test]
fn reports_fit_their_schemas() {
    let commands = [
        "check all/secrets-everywhere.yaml",
        "check all/k-encodings.yaml",
        "check --pedantic all/k-encodings.yaml all/docs-example.yaml",
        "check all/rsa-broken.yaml",
        "check all/cli-cloud.yaml",
        "check all",
        "check 'all/name with spaces, ключ & 100%.yaml'",
        "check all/bad-tab-indentation.yaml",
        "check empty.yaml latin.yaml",
        "check nowhere.yaml all/k-encodings.yaml",
        "diff old.yaml new.yaml",
        "diff new.yaml old.yaml",
        "diff old.yaml old.yaml",
        "diff old.yaml latin.yaml",
    ];
    let scene = scene();
    let (mut reports, mut of) = (Vec::new(), Vec::new());
    for command in commands {
        for (format, schema) in [("json", "findings"), ("sarif", "sarif")] {
            let command = format!("{command} --format {format}");
            let outcome = scene.run(&command);
            assert!(!outcome.stdout.is_empty(), "{command}: {}", outcome.stderr);
            reports.push(json!({"schema": schema, "text": outcome.stdout}));
            of.push(command);
        }
    }
    for (command, fault) in of.iter().zip(faults(&reports)) {
        assert_eq!(fault, Value::Null, "{command}");
    }
}

/// Wrong in every way, for a config with the keys `prod-2` and `prod-1`.
fn tokens(scene: &Scene) {
    let token = |options: &str| {
        let outcome = scene.run(&format!("token --sub user-1 {options}"));
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        outcome.stdout.trim().to_owned()
    };
    let good = token("-c tokens.yaml --kid prod-2");
    let leaving = token("-c before.yaml --kid prod-1");
    let parts: Vec<&str> = good.split('.').collect();
    let tampered = format!("{}.{}.{}", parts[0], parts[1], &leaving[leaving.rfind('.').unwrap() + 1..]);
    for (name, text) in [
        ("good", good.clone()),
        ("leaving", leaving),
        ("other-key", tampered),
        ("nobody", format!("{}.{}.AAAA", parts[0], parts[1])),
        ("quoted", format!("\"{good}\"")),
        ("stray", format!("<{good}>")),
        ("word", "hello".to_owned()),
        ("words", "a b c".to_owned()),
        ("two-parts", "a.b".to_owned()),
        ("audience", token("-c tokens.yaml --kid prod-2 --aud ap")),
        ("other-audience", token("-c tokens.yaml --kid prod-2 --aud elsewhere")),
        ("early", token("-c tokens.yaml --kid prod-2 --claim nbf=9999999999")),
    ] {
        scene.write(&format!("{name}.txt"), text);
    }
}

#[test]
fn other_output_fits_its_schema() {
    let scene = Scene::new();
    let keys = "storage: {type: mongodb}\nclient_auth:\n  audience: [app]\n  jwks:\n    keys:\n      \
                - {kty: oct, alg: HS256, kid: prod-2, k: ZmVkY2JhOTg3NjU0MzIxMC1zZWNvbmQtc2VjcmV0LW9mLXRoZS10ZXN0cw}\n      \
                - {kty: oct, alg: HS256, kid: prod-1, k: MDEyMzQ1Njc4OWFiY2RlZi1maXJzdC1zZWNyZXQtb2YtdGhlLXRlc3Rz";
    scene.write("before.yaml", format!("{keys}}}\n"));
    scene.write("tokens.yaml", format!("{keys}, exp: 1795512660}}\n"));
    scene.write("states.yaml", fixture("schedule-all-states"));
    scene.write("secret.txt", "0123456789abcdef-first-secret-of-the-tests\n");
    tokens(&scene);
    let mut commands: Vec<(String, &str)> = Vec::new();
    for name in [
        "good",
        "leaving",
        "other-key",
        "nobody",
        "quoted",
        "stray",
        "word",
        "words",
        "two-parts",
        "audience",
        "other-audience",
        "early",
    ] {
        commands.push((format!("-c tokens.yaml verify {name}.txt --show-claims"), "verify"));
    }
    for (command, schema) in [
        ("-c tokens.yaml verify good.txt --at 2027-01-01", "verify"),
        ("-c tokens.yaml verify good.txt --expect prod-1", "verify"),
        ("-c tokens.yaml verify --secret-file secret.txt", "verify"),
        ("-c tokens.yaml verify --secret-file good.txt", "verify"),
        ("-c tokens.yaml token --sub user-1", "token"),
        ("-c tokens.yaml token --sub user-1 --aud elsewhere", "token"),
        ("-c tokens.yaml export", "export"),
        ("-c tokens.yaml export --as jwk", "export"),
        ("-c tokens.yaml export --as jwks", "export"),
        ("-c tokens.yaml export --as raw", "export"),
        ("-c tokens.yaml export --as dashboard", "export"),
        ("-c tokens.yaml export --as node", "export"),
        ("-c tokens.yaml export --out new.env", "export"),
        ("status tokens.yaml", "status"),
        ("status tokens.yaml states.yaml nowhere.yaml", "status"),
        ("-c tokens.yaml timeline", "timeline"),
        ("reconcile tokens.yaml --check", "reconcile"),
        ("-c tokens.yaml probe http://127.0.0.1:9", "probe"),
    ] {
        commands.push((command.to_owned(), schema));
    }
    for arguments in
        [&["init", "--quiet"][..], &["add", "tokens.yaml"], &["commit", "--quiet", "--message", "keys"]]
    {
        crate::common::process::git(scene.folder.path(), arguments);
    }
    commands.push(("-c tokens.yaml history".to_owned(), "history"));
    let mut reports = Vec::new();
    for (command, schema) in &commands {
        let outcome = scene.run(&format!("{command} --format json"));
        assert!(outcome.stdout.starts_with('{'), "{command}: {}{}", outcome.stdout, outcome.stderr);
        reports.push(json!({"schema": schema, "text": outcome.stdout}));
    }
    for ((command, _), fault) in commands.iter().zip(faults(&reports)) {
        assert_eq!(fault, Value::Null, "{command}");
    }
}

#[test]
fn the_schemas_refuse_other_reports() {
    let scene = scene();
    let mut reports = Vec::new();
    for (format, schema, pointer) in
        [("json", "findings", "/files/0/findings/0/severity"), ("sarif", "sarif", "/runs/0/results/0/level")]
    {
        let outcome = scene.run(&format!("check all/k-encodings.yaml --format {format}"));
        let mut report: Value = serde_json::from_str(&outcome.stdout).unwrap();
        *report.pointer_mut(pointer).unwrap() = "grave".into();
        reports.push(json!({"schema": schema, "text": report.to_string()}));
    }
    assert!(faults(&reports).iter().all(Value::is_string));
}
