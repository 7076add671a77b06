//! Two years on a weekly timer, with half a year in which nobody ran it. `tests/two-years.md` keeps the file after
//! each step, to be read; `BLESS=1 cargo test --test it schedule` rewrites it.

use std::collections::HashMap;

use crate::common::{Scene, date, expect_file, root};
use powersync_jwks::config::{Config, Input};
use powersync_jwks::keyset::{Key, KeySet, Phase};
use powersync_jwks::time::{NumericDate, Seconds};
use serde_json::Value;

const START: &str = "2026-11-23T06:00:00Z";
const WEEK: Seconds = Seconds::hours(7 * 24);

const CONFIG: &str = "\
storage: {type: mongodb}
client_auth:
  audience: ['app']
  jwks:
    keys:
      # the first one, made by hand
      - kty: oct
        alg: 'HS256'
        kid: 'prod-1'
        k: '7oOUMQRmDAtPFHSxu4FGTLlfCXJ2dXBPZuXeJVAtlHY'
";

/// Runs the timer at a moment. Gives the config after it, what happened, and the table.
fn timer(config: &str, now: NumericDate, week: u64) -> (String, Vec<String>, String) {
    let mut scene = Scene::new();
    scene.stdin = config.as_bytes().to_vec();
    scene.seed = week + 1;
    let outcome = scene.run(&format!("-c - reconcile --now {now}"));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let lines = || outcome.stderr.lines().map(str::to_owned);
    let events = lines().take_while(|line| !line.is_empty()).filter(|line| line.starts_with(['+', '-', '~']));
    let table: Vec<String> = lines().skip_while(|line| !line.starts_with("CONFIG")).take(2).collect();
    (outcome.stdout, events.collect(), table.join("\n"))
}

#[test]
fn two_years_on_a_weekly_timer() {
    let mut config = CONFIG.to_owned();
    let mut now = date(START);
    let mut told = vec![format!(
        "# Two years on a weekly timer\n\nFrom {START}, `reconcile` runs every Monday, but for half a year in which nobody \
         ran it.\nWhat is shown is each run that changed something.\n\n```yaml\n{CONFIG}```\n"
    )];
    let mut retired: HashMap<String, NumericDate> = HashMap::new();
    let mut whys = 0;
    for week in 0..104 {
        let missed = (40..66).contains(&week);
        if !missed {
            let before = config.clone();
            let (after, events, table) = timer(&config, now, week);
            assert_eq!(events.is_empty(), after == before, "week {week}");
            never_unsafe(&before, &after, now);
            let (again, _, _) = timer(&after, now, week + 1000);
            assert!(again == after || !events.is_empty(), "week {week}: not idempotent");
            if after != before {
                for key in read(&after).keys().iter().filter(|key| key.exp.value().is_some()) {
                    retired.entry(key.name()).or_insert(now);
                }
                whys += whys_are_right(&after, now, &retired);
                let events = events.join("\n");
                told.push(format!("## {now}\n\n```text\n{events}\n\n{table}\n```\n\n```yaml\n{after}```\n"));
            }
            config = after;
        } else if week == 40 {
            told.push("## Half a year without a run\n".to_owned());
        }
        now = now + WEEK;
    }
    assert!(whys > 20, "only {whys} reasons");
    if let Err(difference) = expect_file(&root().join("tests/two-years.md"), &told.join("\n")) {
        panic!("{difference}");
    }
}

fn read(config: &str) -> KeySet {
    KeySet::read(&Config::parse_str(config, Input::Yaml).unwrap())
}

/// Runs a command on a config, and gives what it printed.
fn run(config: &str, line: &str) -> String {
    let mut scene = Scene::new();
    scene.stdin = config.as_bytes().to_vec();
    let outcome = scene.run(line);
    assert_eq!(outcome.code, 0, "{line}: {}", outcome.stderr);
    outcome.stdout
}

/// Every reason for a wait is right: its sum begins when the key was made or retired, what it waits for comes then and not a
/// second before, and the command that shortens it works and does what it says. Tells how many reasons there were.
fn whys_are_right(config: &str, now: NumericDate, retired: &HashMap<String, NumericDate>) -> usize {
    let report: Value =
        serde_json::from_str(&run(config, &format!("-c - status --format json --now {now}"))).unwrap();
    let waits = report["configs"][0]["waits"].as_array().unwrap();
    for wait in waits {
        let text = |field: &str| wait[field].as_str().unwrap_or_default();
        let (key, until) = (text("key"), date(text("until")));
        let spans = wait["spans"].as_array().unwrap();
        let sum: i64 = spans.iter().map(|span| span["seconds"].as_i64().unwrap()).sum();
        let from = date(text("counted_from"));
        assert_eq!(from + Seconds::new(sum), until, "{wait}");
        let keys = read(config);
        let entry = keys.keys().iter().find(|other| other.name() == key).unwrap();
        let began = if text("event") == "removal" { retired[key] } else { *entry.iat.value().unwrap() };
        assert_eq!(from, began, "{wait}");
        let command = wait["sooner"]["command"].as_str().unwrap().strip_prefix("powersync-jwks ").unwrap();
        let after = run(config, &format!("{command} --now {now}"));
        if let Some(sooner) = wait["sooner"]["until"].as_str() {
            let after = read(&after);
            let entry = after.keys().iter().find(|other| other.name() == key).unwrap();
            assert_eq!(entry.exp.value(), Some(&date(sooner)), "{wait}");
        }
        assert!(!has_come(config, text("event"), key, until + Seconds::new(-1)), "too early: {wait}");
        assert!(has_come(config, text("event"), key, until), "too late: {wait}");
    }
    waits.len()
}

/// Whether runs at that moment do it.
fn has_come(config: &str, event: &str, key: &str, now: NumericDate) -> bool {
    let mut after = config.to_owned();
    for _ in 0..5 {
        after = run(&after, &format!("-c - reconcile --now {now}"));
    }
    let after = read(&after);
    let is_new = |other: &Key| !read(config).keys().iter().any(|old| old.kid == other.kid);
    match event {
        "removal" => !after.keys().iter().any(|other| other.name() == key),
        "promotion" => after.current().unwrap().unwrap().name() == key,
        _ => after.keys().iter().any(is_new),
    }
}

/// No key goes before its time, and none takes the first place before its own.
fn never_unsafe(before: &str, after: &str, now: NumericDate) {
    let (before, after) = (read(before), read(after));
    for key in before.keys() {
        let stays = after.keys().iter().any(|other| other.kid == key.kid);
        assert!(stays || matches!(key.phase(now), Phase::Removable { .. }), "{} went too early", key.name());
    }
    let current = after.current().unwrap().unwrap();
    let was = before.keys().iter().find(|key| key.kid == current.kid).unwrap();
    assert!(was.nbf.value().is_none_or(|nbf| *nbf <= now), "{} was promoted too early", was.name());
}
