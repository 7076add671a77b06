//! The rules of the schedule hold to the second: what is refused one second before is done then.

use crate::common::{NOW, Scene, date};

const A: &str = "k: 7oOUMQRmDAtPFHSxu4FGTLlfCXJ2dXBPZuXeJVAtlHY";
const B: &str = "k: mWvJtPvLDbBY5hjZ7bXOXUQNn1nTtIUB6b1pFLrD8lE";
const DAY: i64 = 86_400;

/// A config with these keys.
fn scene(keys: &[String]) -> Scene {
    let entry = |key: &String| format!("      - {{kty: oct, alg: HS256, {key}}}\n");
    let keys = keys.iter().map(entry).collect::<Vec<_>>().concat();
    Scene::with("powersync.yaml", format!("client_auth:\n  audience: [app]\n  jwks:\n    keys:\n{keys}"))
}

/// The exit code, and the id of the refusal if there is one.
fn outcome(scene: &Scene, line: &str) -> (u8, String) {
    let outcome = scene.run(&format!("{line} --yes"));
    let id = outcome.stderr.split("refused as ").nth(1).and_then(|rest| rest.split(':').next());
    (outcome.code, id.unwrap_or_default().to_owned())
}

fn assert_from(keys: impl Fn(i64) -> Vec<String>, line: &str, id: &str) {
    let now = date(NOW).seconds();
    assert_eq!(outcome(&scene(&keys(now + 1)), line), (2, id.to_owned()), "{line}, a second too early");
    assert_eq!(outcome(&scene(&keys(now)), line), (0, String::new()), "{line}, in time");
}

#[test]
fn a_key_is_promoted_from_its_nbf() {
    let keys = |nbf: i64| {
        let made = nbf - 4 * DAY;
        vec![format!("kid: a, {A}"), format!("kid: b, {B}, iat: {made}, nbf: {nbf}")]
    };
    assert_from(keys, "promote b", "before-nbf");
}

#[test]
fn a_key_without_nbf_is_promoted_once_every_replica_may_know_it() {
    let keys = |at: i64| vec![format!("kid: a, {A}"), format!("kid: b, {B}, iat: {}", at - 3600 - 300)];
    assert_from(keys, "promote b --deploy-within 1h", "before-nbf");
}

#[test]
fn a_key_of_the_same_second_is_not_newer() {
    let made = date(NOW).seconds() - 9 * DAY;
    let keys =
        |later: i64| vec![format!("kid: a, {A}, iat: {made}"), format!("kid: b, {B}, iat: {}", made + later)];
    assert_eq!(outcome(&scene(&keys(0)), "promote b"), (2, "older-key".to_owned()));
    assert_eq!(outcome(&scene(&keys(1)), "promote b"), (0, String::new()));
}

/// A token signed now lives for an hour, is accepted for a minute more, and clocks differ by five.
const LEAST: i64 = 3600 + 60 + 300;

#[test]
fn a_key_stays_until_the_last_token_has_expired() {
    let at = |seconds: i64| {
        let at = crate::common::date(NOW) + powersync_jwks::time::Seconds::new(seconds);
        format!("retire b --at {at} --token-ttl 1h")
    };
    let keys = [format!("kid: a, {A}"), format!("kid: b, {B}")];
    for (seconds, refused) in [(0, true), (1, true), (LEAST - 1, true), (LEAST, false)] {
        let (code, id) = outcome(&scene(&keys), &at(seconds));
        assert_eq!((code == 2, id == "short-overlap"), (refused, refused), "{seconds} s");
    }
    let overlap = |seconds: i64| format!("rotate --token-ttl 1h --overlap {seconds}s");
    assert_eq!(outcome(&scene(&keys), &overlap(LEAST - 1)), (2, "short-overlap".to_owned()));
    assert_eq!(outcome(&scene(&keys), &overlap(LEAST)), (0, String::new()));
}

#[test]
fn a_time_that_was_told_is_cut_only_down_to_the_overlap() {
    let now = date(NOW).seconds();
    let overlap = LEAST + 3600 + 3600;
    let flags = "--token-ttl 1h --deploy-within 1h --rollout 1h";
    for (had, seconds, refused) in [
        (overlap + 100, overlap - 1, true),
        (overlap + 100, overlap, false),
        // What it had already.
        (overlap - 50, overlap - 50, false),
        (overlap - 50, overlap - 51, true),
        (overlap - 50, overlap - 49, false),
    ] {
        let keys = [format!("kid: a, {A}"), format!("kid: b, {B}, exp: {}", now + had)];
        let at = date(NOW) + powersync_jwks::time::Seconds::new(seconds);
        let (code, id) = outcome(&scene(&keys), &format!("retire b --at {at} {flags}"));
        assert_eq!((code == 2, id == "short-overlap"), (refused, refused), "{had} {seconds}");
    }
}

#[test]
fn a_waiting_key_follows_a_removed_one_from_its_nbf() {
    let keys =
        |nbf: i64| vec![format!("kid: a, {A}"), format!("kid: b, {B}, iat: {}, nbf: {nbf}", nbf - DAY)];
    assert_from(keys, "remove a --allow live-key", "current-key");
}

#[test]
fn a_key_that_is_over_goes_from_its_exp() {
    let keys = |exp: i64| vec![format!("kid: a, {A}"), format!("kid: b, {B}, exp: {exp}")];
    assert_from(keys, "remove b", "live-key");
    let now = date(NOW).seconds();
    for (exp, left) in [(now + 1, 2), (now, 1)] {
        let scene = scene(&keys(exp));
        assert_eq!(outcome(&scene, "prune").0, 0);
        assert_eq!(scene.text("powersync.yaml").matches("kid: ").count(), left, "{exp}");
    }
}

/// What is left when a key goes is one that verifies tokens, not one that the service can't start with.
#[test]
fn a_broken_key_is_no_key_to_be_left_with() {
    let keys = [format!("kid: a, {A}"), "kid: b, k: ''".to_owned()];
    assert_eq!(outcome(&scene(&keys), "remove a --allow live-key,current-key"), (2, "last-key".to_owned()));
    // Nobody's tokens are verified by it.
    assert_eq!(outcome(&scene(&keys), "remove b"), (0, String::new()));
}

#[test]
fn an_imported_secret_needs_as_many_bits_as_the_hash() {
    let mut scene = scene(&[format!("kid: a, {A}")]);
    // 32 bytes are enough for HS256, and not for HS384; 31 are too few.
    for (alg, secret, refused) in [
        ("HS256", "mWvJtPvLDbBY5hjZ7bXOXUQNn1nTtIUB6b1pFLrD8lE", false),
        ("HS384", "mWvJtPvLDbBY5hjZ7bXOXUQNn1nTtIUB6b1pFLrD8lE", true),
        ("HS256", "mWvJtPvLDbBY5hjZ7bXOXUQNn1nTtIUB6b1pFLrD8g", true),
    ] {
        scene.stdin = secret.as_bytes().to_vec();
        let line = format!("add --secret-stdin --encoding base64url --alg {alg}");
        let (code, id) = outcome(&scene, &line);
        assert_eq!((code == 2, id == "weak-secret"), (refused, refused), "{alg} {secret}");
        scene.write(
            "powersync.yaml",
            scene.text("powersync.yaml").lines().take(5).fold(String::new(), |t, l| t + l + "\n"),
        );
    }
}
