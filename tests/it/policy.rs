//! The policy file: its reader agrees with the JSON schema that editors use.

use std::fs;

use crate::common::root;
use powersync_jwks::for_tests::policy_file;
use powersync_jwks::schedule::Policy;
use powersync_jwks::time::Seconds;
use serde_json::Value;

fn schema() -> Value {
    serde_json::from_str(&fs::read_to_string(root().join("docs/powersync-jwks.schema.json")).unwrap())
        .unwrap()
}

fn reads(text: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(policy_file::NAMES[0]);
    fs::write(&path, text).unwrap();
    policy_file::read(&path, policy_file::NAMES[0]).map(drop).map_err(|error| error.to_string())
}

/// A value that a property takes, and one that it doesn't.
fn samples(property: &Value) -> (&'static str, &'static str) {
    match property.get("type").and_then(Value::as_str) {
        None => ("'4d'", "4"),
        Some("string") => ("text", "[1]"),
        Some("array") => ("['https://a.example']", "text"),
        Some(other) => panic!("what is a property of type {other}?"),
    }
}

#[test]
fn every_property_of_the_schema_is_read_and_nothing_else() {
    let schema = schema();
    assert_eq!(schema["additionalProperties"], false);
    // Spans that go together with any other of the samples.
    let room = |name: &str| match name {
        "rotate_every" => "rotate_every: '400d'",
        "standby" => "standby: '4d'",
        "token_ttl" => "token_ttl: '4h'",
        _ => "",
    };
    for (name, property) in schema["properties"].as_object().unwrap() {
        let (good, bad) = samples(property);
        let line = room(name);
        let text =
            if line.is_empty() { format!("{name}: {good}\nstandby: '5d'\n") } else { format!("{line}\n") };
        let text = if name == "standby" { "standby: '4d'\n".to_owned() } else { text };
        assert_eq!(reads(&text), Ok(()), "{text}");
        let error = reads(&format!("{name}: {bad}\n")).unwrap_err();
        assert!(error.starts_with(policy_file::NAMES[0]), "{error}");
    }
    let error = reads("rotate_evry: 90d\n").unwrap_err();
    assert!(error.contains("unknown field `rotate_evry`: did you mean `rotate_every`?"), "{error}");
    let error = reads("something_else: 90d\n").unwrap_err();
    for name in schema["properties"].as_object().unwrap().keys() {
        assert!(error.contains(&format!("`{name}`")), "the reader doesn't know {name}: {error}");
    }
}

#[test]
fn defaults_of_the_schema_are_those_of_the_reader() {
    let schema = schema();
    let text: String = schema["properties"]
        .as_object()
        .unwrap()
        .iter()
        .filter_map(|(name, property)| Some(format!("{name}: {}\n", property.get("default")?)))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(policy_file::NAMES[0]);
    fs::write(&path, text).unwrap();
    let read = policy_file::read(&path, policy_file::NAMES[0]).unwrap().policy;
    assert_eq!(read, Policy::default());
}

#[test]
fn the_nearest_file_up_to_the_root_of_the_repository() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("repository/instances/eu");
    fs::create_dir_all(&deep).unwrap();
    let config = deep.join("powersync.yaml");
    fs::write(folder.path().join(policy_file::NAMES[0]), "").unwrap();
    assert_eq!(policy_file::find(&config), Some(folder.path().join(policy_file::NAMES[0])));
    fs::create_dir(folder.path().join("repository/.git")).unwrap();
    assert_eq!(policy_file::find(&config), None);
    let in_repository = folder.path().join("repository").join(policy_file::NAMES[0]);
    fs::write(&in_repository, "").unwrap();
    assert_eq!(policy_file::find(&config), Some(in_repository));
    fs::write(deep.join(policy_file::NAMES[0]), "").unwrap();
    assert_eq!(policy_file::find(&config), Some(deep.join(policy_file::NAMES[0])));
}

#[test]
fn the_schema_takes_the_durations_that_the_reader_takes() {
    let schema = schema();
    let duration = &schema["$defs"]["duration"];
    let pattern = duration["pattern"].as_str().unwrap();
    let (_, units) = pattern.rsplit_once("\\s*(").unwrap();
    let (units, _) = units.split_once(')').unwrap();
    for unit in units.split('|') {
        assert!(format!("400{unit}").parse::<powersync_jwks::time::Seconds>().is_ok(), "{unit}");
    }
    for text in ["3months", "1month"] {
        assert_eq!(reads(&format!("rotate_every: {text}\n")).is_ok(), units.contains("months"), "{text}");
    }
    // What is nothing, the reader refuses, and so does the schema: by a second pattern, which needs a digit that counts.
    assert_eq!(duration["allOf"][0]["pattern"], "[1-9]");
    for text in ["standby: 0s\n", "rollout: 0h\n", "rollout: 00h 0m\n"] {
        assert!(reads(text).is_err(), "{text}");
    }
    // To keep a key for no time longer than it has to stay is what the default does.
    let kept = schema["properties"]["keep_retired"]["anyOf"][1]["enum"].as_array().unwrap();
    for zero in kept {
        assert!(reads(&format!("keep_retired: {zero}\n")).is_ok(), "{zero}");
    }
    for text in ["keep_retired: 1\n", "keep_retired: 0.5s\n", "keep_retired: 10ms\n", "keep_retired: ''\n"] {
        assert!(reads(text).is_err(), "{text}");
    }
}

#[test]
fn overlap_is_derived() {
    assert_eq!(Policy::default().overlap().to_string(), "5 days and 6 minutes");
    let short = Policy {
        deploy_within: Seconds::new(1800),
        rollout: Seconds::new(1800),
        token_ttl: Seconds::hours(1),
        ..Policy::default()
    };
    assert_eq!(short.overlap().to_string(), "2 hours and 6 minutes");
}

#[test]
fn deadlines_leave_time_for_the_last_token() {
    let now = crate::common::date(crate::common::NOW);
    for overlap in [None, Some(Seconds::hours(25)), Some(Seconds::hours(48)), Some(Seconds::hours(1))] {
        let policy = Policy { overlap, ..Policy::default() };
        let (deployed, switched) = policy.deadlines(now);
        assert!(now <= deployed && deployed <= switched);
        assert!(switched == now || switched + policy.least_overlap() <= now + policy.overlap());
    }
}
