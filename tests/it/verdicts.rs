//! The verdict on a change: `tests/it/verdicts/NAME.md` has the old text, the new one, and what it comes to; some have the
//! comment of a pull request, too. `BLESS=1` rewrites what comes out.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::common::{Scene, expect_file, root};

const KINDS: [&str; 6] = ["wont-start", "lets-in", "locks-out", "act-first", "unjudged", "safe"];

fn rank(kind: &str) -> usize {
    KINDS.iter().position(|one| *one == kind).unwrap()
}

fn report(scene: &Scene, options: &str) -> (Value, u8) {
    let outcome = scene.run(&format!("diff --format json {options} {}", sides(scene)));
    let json = serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome:?}"));
    (json, outcome.code)
}

/// The old file and the new one; one without content isn't there.
fn sides(scene: &Scene) -> String {
    let side =
        |name: &str| if scene.read(name).is_empty() { "/dev/null".to_owned() } else { name.to_owned() };
    format!("{} {}", side("old.yaml"), side("new.yaml"))
}

/// A verdict as the files have it.
fn told(json: &Value, code: u8) -> String {
    let verdict = &json["verdict"];
    let word = |name: &str| verdict[name].as_str().unwrap_or("-").to_owned();
    let words = |name: &str| {
        let all: Vec<&str> =
            verdict[name].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
        if all.is_empty() { "-".to_owned() } else { all.join(", ") }
    };
    let from = verdict["from"]["step"].as_str().map_or("-".to_owned(), |step| {
        format!("{step} {}", verdict["from"]["at"].as_str().unwrap_or_default()).trim().to_owned()
    });
    let mut text = String::new();
    for (name, value) in [
        ("kind", word("kind")),
        ("who", words("who")),
        ("from", from),
        ("until", word("until")),
        ("because", words("because")),
        ("exit", code.to_string()),
        ("text", word("text")),
        ("do", word("do")),
        ("command", word("command")),
    ] {
        writeln!(text, "{name}: {value}").unwrap();
    }
    text
}

#[test]
fn every_change_has_the_verdict_that_was_read() {
    let mut names: Vec<_> =
        fs::read_dir(root().join("tests/it/verdicts")).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert!(names.len() >= 60, "{}", names.len());
    let (mut failures, mut comments) = (Vec::new(), 0);
    for path in names {
        let text = fs::read_to_string(&path).unwrap();
        let scene = Scene::new();
        let mut played: Vec<String> = Vec::new();
        let mut lines = text.lines();
        let mut options = String::new();
        while let Some(line) = lines.next() {
            played.push(line.to_owned());
            let Some(info) = line.strip_prefix("~~~~") else { continue };
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "~~~~").collect();
            let (kind, rest) = info.split_once(' ').unwrap_or((info, ""));
            match kind {
                "verdict" => {
                    options = rest.to_owned();
                    let (json, code) = report(&scene, &options);
                    consistent(&path.display().to_string(), &json, code, &options);
                    played.push(told(&json, code).trim_end().to_owned());
                }
                "comment" => {
                    comments += 1;
                    let command = format!("diff --format markdown {options} {}", sides(&scene));
                    played.push(scene.run(&command).stdout.trim_end().to_owned());
                }
                _ => {
                    let content = body.join("\n") + if body.is_empty() { "" } else { "\n" };
                    scene.write(rest, content);
                    played.extend((!body.is_empty()).then(|| body.join("\n")));
                }
            }
            played.push("~~~~".to_owned());
        }
        failures.extend(expect_file(&path, &(played.join("\n") + "\n")).err());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(comments >= 12, "{comments}");
}

/// An error is among the findings exactly where the verdict is one of the first three, and exit 1 exactly then.
fn consistent(name: &str, json: &Value, code: u8, options: &str) {
    if options.contains("--deny") {
        return;
    }
    let is_grave = rank(json["verdict"]["kind"].as_str().unwrap()) < 3;
    let errors = json["summary"]["errors"].as_u64().unwrap();
    assert_eq!((errors > 0, code), (is_grave, u8::from(is_grave)), "{name}");
    if is_grave {
        assert_ne!(json["verdict"]["because"].as_array().unwrap().len(), 0, "{name}");
    }
}

const BASE: &str = "port: 8080
storage: {type: mongodb}
client_auth:
  audience: ['app']
  jwks:
    keys:
      - {kty: oct, alg: HS256, kid: prod-2, k: 7oOUMQRmDAtPFHSxu4FGTLlfCXJ2dXBPZuXeJVAtlHY, iat: 1795000000}
      - {kty: oct, alg: HS256, kid: prod-1, k: mWvJtPvLDbBY5hjZ7bXOXUQNn1nTtIUB6b1pFLrD8lE, exp: 1795900000}
      - {kty: oct, alg: HS256, kid: partner, k: vNN9dSWUdH8wJHmDfGHKyMCwPCMB5TTCQ0BgWKfM3xA}
      - {kty: oct, alg: HS256, kid: late, k: pH60535lwPne4HJzkKzC5kOLGfPzT4Gk2HzpHmeWqyE, exp: 1795100000}
      - {kty: oct, alg: HS256, kid: kiosk, k: !env PS_KIOSK}
";

/// Changes of the base, each with the key it touches.
const CHANGES: [(&str, &str, &str); 16] = [
    ("prod-2", "kid: prod-2, k: 7oOUM", "kid: prod-2, k: 8oOUM"),
    ("prod-2", "kid: prod-2", "kid: prod-two"),
    ("prod-1", "exp: 1795900000", "exp: 1795430000"),
    ("prod-1", "exp: 1795900000", "exp: 1796900000"),
    (
        "prod-1",
        "      - {kty: oct, alg: HS256, kid: prod-1, k: mWvJtPvLDbBY5hjZ7bXOXUQNn1nTtIUB6b1pFLrD8lE, exp: 1795900000}\n",
        "",
    ),
    (
        "partner",
        "      - {kty: oct, alg: HS256, kid: partner, k: vNN9dSWUdH8wJHmDfGHKyMCwPCMB5TTCQ0BgWKfM3xA}\n",
        "",
    ),
    ("partner", "kid: partner, k: vNN9", "kid: partner, use: sig, k: vNN9"),
    (
        "partner",
        "k: vNN9dSWUdH8wJHmDfGHKyMCwPCMB5TTCQ0BgWKfM3xA",
        "k: vNN9dSWUdH8wJHmDfGHKyMCwPCMB5TTCQ0BgWKfM3xA=",
    ),
    ("partner", "alg: HS256, kid: partner", "alg: HS257, kid: partner"),
    ("partner", "k: vNN9dSWUdH8wJHmDfGHKyMCwPCMB5TTCQ0BgWKfM3xA", "k: !env PS_PARTNER"),
    (
        "late",
        "      - {kty: oct, alg: HS256, kid: late, k: pH60535lwPne4HJzkKzC5kOLGfPzT4Gk2HzpHmeWqyE, exp: 1795100000}\n",
        "",
    ),
    (
        "late",
        "kid: late, k: pH60535lwPne4HJzkKzC5kOLGfPzT4Gk2HzpHmeWqyE, exp: 1795100000",
        "kid: late, k: c2VjcmV0",
    ),
    ("kiosk", "!env PS_KIOSK", "!env PS_OTHER"),
    ("kiosk", "!env PS_KIOSK", "!env KIOSK"),
    ("dev", "keys:\n", "keys:\n      - {kty: RSA, kid: dev, alg: RS256, n: AQAB, e: AQAB}\n"),
    ("app", "audience: ['app']", "audience: ['app', 'admin']"),
];

#[test]
fn two_changes_are_never_judged_milder_than_one() {
    let kind = |text: &str| {
        let scene = Scene::with("old.yaml", BASE);
        scene.write("new.yaml", text);
        let (json, code) = report(&scene, "");
        consistent(text, &json, code, "");
        rank(json["verdict"]["kind"].as_str().unwrap())
    };
    let edit = |text: &str, (_, find, with): (&str, &str, &str)| {
        assert!(text.contains(find), "{find}");
        text.replace(find, with)
    };
    let alone: Vec<usize> = CHANGES.iter().map(|one| kind(&edit(BASE, *one))).collect();
    // Some of each kind that a change of a key can come to.
    for expected in [0, 1, 2, 3, 5] {
        assert!(alone.contains(&expected), "{expected}: {alone:?}");
    }
    for (first, one) in CHANGES.iter().enumerate() {
        for (second, two) in CHANGES.iter().enumerate().skip(first + 1).filter(|(_, two)| two.0 != one.0) {
            let both = kind(&edit(&edit(BASE, *one), *two));
            assert!(both <= alone[first].min(alone[second]), "{one:?} and {two:?}");
        }
    }
}
