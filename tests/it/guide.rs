//! PowerSync's HS256 guide, followed by hand and with this tool on the same secret: the same key, the same entry, and
//! tokens that verify across. By hand, that is `openssl rand -base64 32`, `base64 -w 0 | tr '+/' '-_' | tr -d '='` of
//! that text, and `jose`. tests/conformance.rs follows it with those programs themselves.

use crate::common::Scene;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

const SECRET: &str = "n+4HHWQyF6sg2+GKustLFjjgwPIJ7m6n1UceXnL431A=";
const K: &str = "bis0SEhXUXlGNnNnMitHS3VzdExGampnd1BJSjdtNm4xVWNlWG5MNDMxQT0";
/// What `jose` signed with the text of the secret.
const BY_JOSE: &str = "eyJhbGciOiJIUzI1NiIsImtpZCI6Im15LWtpZCJ9.eyJzdWIiOiJ1c2VyLTEiLCJpYXQiOjE3OTU0MjYyNjAsImF1ZCI6InBvd2Vyc3luYy1kZXYiLCJleHAiOjE3OTU0Mjk4NjB9.nv00LVvxki1Lkm3I6E5v6We6h02z7KbuJDxl7xSewik";

fn config(entry: &str) -> String {
    format!(
        "storage: {{type: mongodb}}\nclient_auth:\n  audience: ['powersync-dev']\n  jwks:\n    keys:{entry}\n"
    )
}

fn by_hand() -> Scene {
    let entry = format!("\n      - kty: oct\n        alg: 'HS256'\n        k: '{K}'\n        kid: 'my-kid'");
    Scene::with("powersync.yaml", config(&entry))
}

fn with_tool() -> Scene {
    let mut scene = Scene::with("powersync.yaml", config(" []"));
    // With the line break that `openssl` prints.
    scene.stdin = format!("{SECRET}\n").into_bytes();
    assert_eq!(scene.run("add --secret-stdin --encoding text --kid my-kid --yes").code, 0);
    scene
}

fn verify(scene: &mut Scene, token: &str) -> String {
    scene.stdin = token.as_bytes().to_vec();
    scene.run("verify").stdout
}

#[test]
fn both_ways_give_the_same_entry_and_the_same_bytes() {
    let (by_hand, with_tool) = (by_hand(), with_tool());
    // The tool adds when it made the key, which the service strips.
    let iat = "        iat: 1795426260 # made 2026-11-23T09:31:00Z\n";
    assert_eq!(with_tool.text("powersync.yaml").replace(iat, ""), by_hand.text("powersync.yaml"));
    for scene in [by_hand, with_tool] {
        assert_eq!(scene.run("export --as raw").stdout, SECRET);
        assert_eq!(scene.run("export --as dashboard").stdout, format!("KID: my-kid\nShared Secret: {K}\n"));
    }
}

#[test]
fn tokens_verify_across() {
    let by_us = with_tool().run("token --sub user-1").stdout;
    for token in [BY_JOSE, by_us.trim_end()] {
        for mut scene in [by_hand(), with_tool()] {
            let said = verify(&mut scene, token);
            assert_eq!(said.lines().next(), Some("accepted, signed by my-kid, the current key"));
        }
        // As a backend checks it that took the guide at its word: the text is the key.
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        hmac::verify(&key, signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    }
}

/// The other recipe of PowerSync's documentation, on the same text, is another key: the tool says which one it is.
#[test]
fn the_other_recipe_is_told_apart() {
    let mut scene = Scene::with("powersync.yaml", config(" []"));
    scene.stdin = SECRET.as_bytes().to_vec();
    assert_eq!(scene.run("add --secret-stdin --encoding base64 --kid my-kid --yes").code, 0);
    scene.stdin = BY_JOSE.as_bytes().to_vec();
    let outcome = scene.run("verify");
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (1, "rejected: PSYNC_S2101 signature verification failed\n")
    );
    assert!(outcome.stderr.contains("its base64 text was used as"), "{}", outcome.stderr);
}
