//! `history`: what git knows of each key.

use std::fmt::Write as _;
use std::process::Command;

use crate::common::Scene;
use crate::common::process::git;
use serde_json::Value;

const DAY: i64 = 86_400;
/// The commit of the first config; each later one comes some days after it.
const FIRST: i64 = 1_795_000_000;

const K1: &str = "7oOUMQRmDAtPFHSxu4FGTLlfCXJ2dXBPZuXeJVAtlHY";
const K2: &str = "mWvJtPvLDbBY5hjZ7bXOXUQNn1nTtIUB6b1pFLrD8lE";

fn config(keys: &[(&str, &str, &str)]) -> String {
    let mut text =
        String::from("storage: {type: mongodb}\nclient_auth:\n  audience: [app]\n  jwks:\n    keys:\n");
    for (kid, k, dates) in keys {
        writeln!(text, "      - {{kty: oct, alg: HS256, kid: {kid}, k: {k}{dates}}}").unwrap();
    }
    text
}

/// Commits what is there, that many days after the first.
fn commit(scene: &Scene, days: i64, subject: &str) {
    git(scene.folder.path(), &["add", "--all"]);
    let date = format!("{} +0000", FIRST + days * DAY);
    let status = Command::new("git")
        .current_dir(scene.folder.path())
        .args(["-c", "user.name=Ada <b>", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"])
        .args(["commit", "--quiet", "--allow-empty", "--message", subject])
        .envs([("GIT_COMMITTER_DATE", &date), ("GIT_AUTHOR_DATE", &date)])
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .status();
    assert!(status.unwrap().success());
}

/// A rotation in two steps, a key that is removed too soon, and a commit about something else.
fn repository() -> Scene {
    let scene = Scene::new();
    git(scene.folder.path(), &["init", "--quiet"]);
    let retired = format!(", exp: {}", FIRST + 20 * DAY);
    for (days, keys, subject) in [
        (0, vec![("prod-1", K1, "")], "Set up"),
        (2, vec![("prod-1", K1, ""), ("prod-2", K2, ", nbf: 1795300000, iat: 1795200000")], "Add prod-2"),
        (10, vec![("prod-2", K2, ", iat: 1795200000"), ("prod-1", K1, &retired)], "Promote prod-2"),
        (21, vec![("prod-2", K2, ", iat: 1795200000")], "Prune"),
        (22, vec![("prod-3", K1, "")], "Oh no"),
    ] {
        scene.write("powersync.yaml", config(&keys));
        commit(&scene, days, subject);
    }
    scene.write("other.txt", "x");
    commit(&scene, 30, "Something else");
    scene
}

#[test]
fn each_key_has_its_record() {
    let scene = repository();
    let outcome = scene.run("history --now 2026-12-31");
    assert_eq!(outcome.code, 0, "{outcome:?}");
    for line in [
        "2 keys removed, 1 too soon: ",
        "+ added prod-1 (HS256, 256 bits)",
        "+ added prod-2 (HS256, 256 bits), to be promoted later",
        "~ promoted prod-2, in the place of prod-1",
        "~ retired prod-1: to stay until ",
        "- removed prod-1: its overlap was over, since ",
        "- removed prod-2, which had no `exp`: its tokens were rejected from then on",
    ] {
        assert!(outcome.stdout.contains(line), "{line} is missing in\n{}", outcome.stdout);
    }
    assert!(outcome.stdout.starts_with("Last rotation: "), "{}", outcome.stdout);
    assert!(!outcome.stdout.contains(K1) && !outcome.stdout.contains("Something else"), "{}", outcome.stdout);
    assert!(outcome.stderr.contains("when replicas restarted"), "{}", outcome.stderr);
    let one = scene.run("history powersync.yaml --key prod-3 --now 2026-12-31");
    assert!(one.stdout.contains("prod-3") && !one.stdout.contains("added prod-1"), "{}", one.stdout);
}

#[test]
fn for_programs_and_documents() {
    let scene = repository();
    let report: Value = serde_json::from_str(&scene.run("history --format json").stdout).unwrap();
    let kinds = |commit: &Value| {
        let events = commit["events"].as_array().unwrap().iter();
        events.map(|event| event["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let commits = report["commits"].as_array().unwrap();
    let told: Vec<_> = commits.iter().map(kinds).collect();
    assert_eq!(
        told,
        [
            vec!["added"],
            vec!["added"],
            vec!["promoted", "retired"],
            vec!["removed"],
            vec!["added", "removed"]
        ]
    );
    assert_eq!(commits[3]["events"][0]["overlap"]["kind"], "kept");
    assert_eq!(commits[4]["events"][1]["overlap"]["kind"], "none");
    assert_eq!(commits[0]["subject"], "Set up");
    let markdown = scene.run("history --format markdown").stdout;
    assert!(markdown.contains("| 2026-") && markdown.contains("promoted `prod-2`"), "{markdown}");
    assert!(!markdown.contains("<b>") || markdown.contains("`<b>`"), "{markdown}");
}

#[test]
fn what_cannot_be_told_is_said() {
    let scene = repository();
    scene.write("powersync.yaml", "client_auth: [\n");
    commit(&scene, 31, "Break it");
    let broken = scene.run("history");
    assert_eq!(broken.code, 0);
    assert!(broken.stderr.contains("warning: powersync.yaml at "), "{}", broken.stderr);
    scene.write("new.yaml", config(&[("prod-1", K1, "")]));
    let new = scene.run("history -c new.yaml");
    assert_eq!(new.code, 2);
    assert!(new.stderr.contains("no commit here has this file"), "{}", new.stderr);
    // A commit may carry a date that is none.
    let raw = format!(
        "tree {}parent {}author a <a@b> 99999999999999 +0000\ncommitter a <a@b> 99999999999999 +0000\n\nlate\n",
        git(scene.folder.path(), &["rev-parse", "HEAD~2^{tree}"]),
        git(scene.folder.path(), &["rev-parse", "HEAD~3"]),
    );
    scene.write("raw", raw);
    let late = git(scene.folder.path(), &["hash-object", "-t", "commit", "-w", "--literally", "raw"]);
    git(scene.folder.path(), &["reset", "--quiet", "--hard", late.trim()]);
    assert!(scene.run("history").stdout.contains("9999-12-31"), "{:?}", scene.run("history"));
    let stdin = scene.run("history -c -");
    assert_eq!((stdin.code, stdin.stderr.contains("`history` reads git")), (2, true), "{}", stdin.stderr);
    assert_eq!(Scene::with("powersync.yaml", config(&[])).run("history").code, 2);
}
