//! Tokens made by `jose`, and what the service says to each: `tests/conformance/tokens.mjs` wrote them. Those that are
//! signed with HMAC are made here, too, and must come out the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::common::{Scene, root};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use powersync_jwks::config::{Config, Input};
use powersync_jwks::keyset::{KeyName, KeySet};
use powersync_jwks::time::NumericDate;
use powersync_jwks::token::{Accepted, KeyPlace, Signer, Verdict, Verifier};
use ring::hmac;
use serde::Deserialize;

#[derive(Deserialize)]
struct Tokens {
    configs: BTreeMap<String, String>,
    tokens: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    row: String,
    name: String,
    config: String,
    at: i64,
    token: String,
    decision: String,
    code: Option<String>,
    message: Option<String>,
    key: Option<usize>,
    made: Option<Made>,
    #[serde(default)]
    not_checked: bool,
}

#[derive(Deserialize)]
struct Made {
    header: String,
    payload: String,
    secret: String,
    alg: String,
}

impl Case {
    fn title(&self) -> String {
        format!("{}: {}", self.row, self.name)
    }
}

fn tokens() -> Tokens {
    let text = fs::read_to_string(root().join("tests/tokens/tokens.json")).unwrap();
    let mut tokens: Tokens = serde_json::from_str(&text).unwrap();
    // They were judged by the part of the service that knows the keys alone.
    tokens.configs.values_mut().for_each(|config| config.insert_str(0, "storage: {type: mongodb}\n"));
    tokens
}

fn keys(text: &str) -> KeySet {
    KeySet::read(&Config::parse_str(text, Input::Yaml).unwrap())
}

fn verifiers(tokens: &Tokens) -> BTreeMap<&str, Verifier> {
    let verifier = |text: &String| Verifier::new(&keys(text)).unwrap();
    tokens.configs.iter().map(|(name, text)| (name.as_str(), verifier(text))).collect()
}

/// Decision, code, message and key in one line.
fn expected(token: &Case) -> String {
    match (&token.decision[..], token.key) {
        _ if token.not_checked => "not checked".to_owned(),
        ("accepted", Some(key)) => format!("accepted by {key}"),
        _ => format!("{} {}", token.code.as_ref().unwrap(), token.message.as_ref().unwrap()),
    }
}

fn found(verdict: Verdict) -> String {
    match verdict {
        Verdict::Accepted(Accepted { key: KeyPlace::File(key), .. }) => format!("accepted by {key}"),
        Verdict::Accepted(accepted) => format!("accepted by {:?}", accepted.key),
        Verdict::Rejected(rejection) => format!("{} {rejection}", rejection.code()),
        Verdict::Undetermined(_) => "not checked".to_owned(),
    }
}

#[test]
fn the_service_and_we_say_the_same() {
    let tokens = tokens();
    let verifiers = verifiers(&tokens);
    let mut differ = Vec::new();
    for token in &tokens.tokens {
        let found =
            found(verifiers[&token.config[..]].verify(&token.token, NumericDate::new(token.at).unwrap()));
        if found != expected(token) {
            differ.push(format!(
                "{}\n  the service: {}\n  here:        {found}",
                token.title(),
                expected(token)
            ));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn what_jose_signs_comes_out_the_same_here() {
    let tokens = tokens();
    let made = tokens.tokens.iter().filter_map(|token| Some((token, token.made.as_ref()?)));
    let mut count = 0;
    for (token, made) in made {
        let algorithm = match &made.alg[..] {
            "HS384" => hmac::HMAC_SHA384,
            "HS512" => hmac::HMAC_SHA512,
            _ => hmac::HMAC_SHA256,
        };
        let secret: Vec<u8> = made.secret.as_bytes().chunks(2).map(hex).collect();
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(&made.header), URL_SAFE_NO_PAD.encode(&made.payload));
        let tag = hmac::sign(&hmac::Key::new(algorithm, &secret), signed.as_bytes());
        assert_eq!(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag)), token.token, "{}", token.title());
        count += 1;
    }
    assert!(count >= 80, "{count}");
}

fn hex(pair: &[u8]) -> u8 {
    u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()
}

/// The same claims, minted by us, are answered as those that `jose` signed.
#[test]
fn what_we_mint_is_answered_the_same() {
    let tokens = tokens();
    let config = keys(&tokens.configs["main"]);
    let verifier = Verifier::new(&config).unwrap();
    let mut count = 0;
    for token in &tokens.tokens {
        let Some(made) = token.made.as_ref().filter(|_| token.config == "main") else { continue };
        let claims = serde_json::from_str::<serde_json::Value>(&made.payload).ok();
        let header = serde_json::from_str::<serde_json::Value>(&made.header).ok();
        let kid = header.as_ref().and_then(|header| header["kid"].as_str()).map(str::to_owned);
        let (Some(claims), Some(kid)) = (claims, kid) else { continue };
        let now = NumericDate::new(token.at).unwrap();
        let Ok(signer) = Signer::new(&config, Some(&KeyName::Kid(kid)), now) else { continue };
        // Those with a right header and secret: their claims decide.
        if matches!(&expected(token)[..], text if text.contains("signature") || text.contains("algorithm") || text.contains("not a"))
            || expected(token).contains("Header")
        {
            continue;
        }
        assert_eq!(
            found(verifier.verify(&signer.sign(&claims).unwrap(), now)),
            expected(token),
            "{}",
            token.title()
        );
        count += 1;
    }
    assert!(count >= 50, "{count}");
}

/// Each row of the table of the service's behaviour, and how many tokens it has at least.
#[test]
fn every_row_has_tokens() {
    let tokens = tokens();
    let rows: BTreeSet<&str> = tokens.tokens.iter().map(|token| &token.row[..]).collect();
    for row in [
        "kid equals a key",
        "no such kid",
        "wrong signature",
        "alg differs from the key's",
        "alg none, unknown or lowercase",
        "malformed",
        "sub, iat or exp missing or of the wrong type",
        "nbf",
        "exp",
        "exp - iat",
        "iat in the future",
        "aud missing",
        "aud matches none",
        "parameters",
        "sub of any type",
        "the service fails",
        "too large for Node",
        "header not Bearer T or Token T",
    ] {
        assert!(rows.contains(row), "{row}");
    }
    assert!(tokens.tokens.len() >= 80);
}

/// The command says what the library says, and never shows a token or what signed it.
#[test]
fn the_command_says_the_same_and_shows_no_token() {
    let tokens = tokens();
    for token in &tokens.tokens {
        let mut scene = Scene::with("powersync.yaml", &tokens.configs[&token.config]);
        scene.now = NumericDate::new(token.at).unwrap();
        scene.stdin = token.token.clone().into_bytes();
        let outcome = scene.run("verify -");
        let title = token.title();
        let code = if token.not_checked { 2 } else { u8::from(token.decision == "rejected") };
        assert_eq!(outcome.code, code, "{title}: {outcome:?}");
        if code == 1 {
            let line = outcome.stdout.lines().next().unwrap();
            let (code, rest) = line.strip_prefix("rejected: ").unwrap().split_once(' ').unwrap();
            assert_eq!(Some(code), token.code.as_deref(), "{title}");
            assert_eq!(
                rest,
                powersync_jwks::for_tests::Printable(token.message.as_ref().unwrap()).to_string(),
                "{title}"
            );
            assert!(outcome.stderr.contains("Why: ") && outcome.stderr.contains("To do: "), "{title}");
        }
        let shown = format!("{}{}", outcome.stdout, outcome.stderr);
        for part in token.token.split('.').filter(|part| part.len() > 8) {
            assert!(!shown.contains(part), "{title}");
        }
        for secret in
            token.made.iter().map(|made| made.secret.as_bytes().chunks(2).map(hex).collect::<Vec<u8>>())
        {
            let text = String::from_utf8_lossy(&secret).into_owned();
            assert!(text.len() < 8 || !shown.contains(&text), "{title}");
            assert!(secret.len() < 8 || !shown.contains(&URL_SAFE_NO_PAD.encode(&secret)), "{title}");
        }
    }
}
