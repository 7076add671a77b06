//! The reports of `check` and `diff` for programs fit their schemas: `docs/findings.schema.json`, and the published one of
//! SARIF 2.1.0. Needs Node, `npm ci` in `tests/conformance`, and the feature `conformance`.

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
