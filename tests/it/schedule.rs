//! Two years on a weekly timer, with half a year in which nobody ran it. `tests/two-years.md` keeps the file after
//! each step, to be read; `BLESS=1 cargo test --test it schedule` rewrites it.

use crate::common::{Scene, date, expect_file, root};
use powersync_jwks::config::{Config, Input};
use powersync_jwks::keyset::{KeySet, Phase};
use powersync_jwks::time::{NumericDate, Seconds};

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
                let events = events.join("\n");
                told.push(format!("## {now}\n\n```text\n{events}\n\n{table}\n```\n\n```yaml\n{after}```\n"));
            }
            config = after;
        } else if week == 40 {
            told.push("## Half a year without a run\n".to_owned());
        }
        now = now + WEEK;
    }
    if let Err(difference) = expect_file(&root().join("tests/two-years.md"), &told.join("\n")) {
        panic!("{difference}");
    }
}

/// No key goes before its time, and none takes the first place before its own.
fn never_unsafe(before: &str, after: &str, now: NumericDate) {
    let read = |text: &str| KeySet::read(&Config::parse_str(text, Input::Yaml).unwrap());
    let (before, after) = (read(before), read(after));
    for key in before.keys() {
        let stays = after.keys().iter().any(|other| other.kid == key.kid);
        assert!(stays || matches!(key.phase(now), Phase::Removable { .. }), "{} went too early", key.name());
    }
    let current = after.current().unwrap().unwrap();
    let was = before.keys().iter().find(|key| key.kid == current.kid).unwrap();
    assert!(was.nbf.value().is_none_or(|nbf| *nbf <= now), "{} was promoted too early", was.name());
}
