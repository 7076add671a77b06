//! Whether the service starts is asked of one function: `check`, `status`, `verify` and `rotate` agree with it.

use std::path::Path;

use powersync_jwks::config::{Config, Input};
use powersync_jwks::keyset::{KeySet, Startability};
use serde_json::Value;

use crate::common::{Scene, fixtures};

/// The rules that say what keeps the service from starting.
const RULES: [&str; 7] = [
    "invalid-shape",
    "missing-member",
    "non-string-member",
    "unknown-kty",
    "unknown-alg",
    "env-name",
    "bad-public-key",
];

const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEifQ.QUFB";

#[test]
fn every_command_says_the_same_of_every_fixture() {
    let (mut starting, mut failing) = (0, 0);
    for (name, file, content) in fixtures() {
        let Ok(config) = Config::parse(&content, Input::of_path(Path::new(&file))) else { continue };
        let startability = KeySet::read(&config).startability();
        let fails = matches!(startability, Startability::Fails(_));
        let scene = Scene::with(&file, &content);
        scene.write("token", TOKEN);

        let check = scene.run(&format!("check --format json --rule {} {file}", RULES.join(" --rule ")));
        let found: Value = serde_json::from_str(&check.stdout).unwrap();
        let findings = found["files"][0]["findings"].as_array().unwrap();
        assert_eq!(!findings.is_empty(), fails, "{name}: check: {findings:?}; {startability:?}");
        assert_eq!(check.code, u8::from(fails), "{name}");

        let status = scene.run(&format!("-c {file} status"));
        let warned =
            ["does not start with", "does not take"].iter().any(|words| status.stderr.contains(words));
        assert_eq!(warned, fails, "{name}: status: {}; {startability:?}", status.stderr);

        let verify = scene.run(&format!("-c {file} verify token"));
        let refused = verify.code == 2 && verify.stderr.contains("does not start with this config");
        assert_eq!(refused, fails, "{name}: verify: {}; {startability:?}", verify.stderr);

        // It is what was written that counts: `rotate` fills in what is missing on the way to the keys.
        let rotate = scene.run(&format!("-c {file} rotate --yes"));
        if rotate.code == 0 && rotate.stderr.contains("What to do") {
            let after = scene.read(&file);
            let config = Config::parse(&after, Input::of_path(Path::new(&file))).unwrap();
            let fails = KeySet::read(&config).check_start().is_err();
            let words: Vec<&str> = rotate.stderr.split_whitespace().collect();
            let first = words.join(" ").contains("the service does not start with this file");
            assert_eq!(first, fails, "{name}: rotate: {}; {startability:?}", rotate.stderr);
        }
        *(if fails { &mut failing } else { &mut starting }) += 1;
    }
    assert!(starting > 50 && failing > 20, "{starting} fixtures start, {failing} don't");
}

#[test]
fn what_a_variable_holds_is_unknown() {
    let read = |text: &str| {
        let config = Config::parse(text.as_bytes(), Input::Yaml).unwrap();
        KeySet::read(&config).startability()
    };
    assert_eq!(read("storage: {type: mongodb}\n"), Startability::Starts);
    assert_eq!(
        read("storage: {type: mongodb, uri: !env PS_URI}\n"),
        Startability::DependsOn(vec!["PS_URI".to_owned()])
    );
    let kty = "storage: {type: mongodb}\nclient_auth: {jwks: {keys: [{kty: !env PS_KTY}]}}\n";
    assert_eq!(read(kty), Startability::DependsOn(vec!["PS_KTY".to_owned()]));
    assert!(matches!(read("port: 8080\n"), Startability::Fails(_)));
}
