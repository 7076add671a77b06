//! Tokens made by `jose`, and what the service says to each: `tests/conformance/tokens.mjs` wrote them. Those that are
//! signed with HMAC are made here, too, and must come out the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::common::{Scene, root};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use powersync_jwks::config::{Config, Input};
use powersync_jwks::keyset::{FetchedSet, KeyName, KeySet};
use powersync_jwks::time::NumericDate;
use powersync_jwks::token::{Accepted, Behind, KeyPlace, Signer, Verdict, Verifier};
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
    key: Option<serde_json::Value>,
    /// What is behind each address of keys; nothing where none answers.
    #[serde(default)]
    sets: Vec<Option<String>>,
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
    /// What is known of the keys behind each address.
    fn behind(&self) -> Vec<Behind> {
        let read = |set: &Option<String>| match set.as_deref().map(FetchedSet::read) {
            Some(Ok(set)) => Behind::Seen(set),
            Some(Err(why)) => Behind::Invalid(why),
            None => Behind::Failed,
        };
        self.sets.iter().map(read).collect()
    }

    fn title(&self) -> String {
        format!("{}: {}", self.row, self.name)
    }
}

fn tokens() -> Tokens {
    let text = fs::read_to_string(root().join("tests/tokens/tokens.json")).unwrap();
    let mut tokens: Tokens = serde_json::from_str(&text).unwrap();
    // They were judged by the part of the service that knows the keys alone.
    tokens.configs.values_mut().for_each(|config| config.insert_str(0, "storage: {type: mongodb}\n"));
    assert!(tokens.tokens.len() >= 300);
    tokens
}

fn keys(text: &str) -> KeySet {
    KeySet::read(&Config::parse_str(text, Input::Yaml).unwrap())
}

fn verifier(tokens: &Tokens, token: &Case) -> Verifier {
    Verifier::with_fetched(&keys(&tokens.configs[&token.config]), token.behind()).unwrap()
}

/// Decision, code, message and key in one line.
fn expected(token: &Case) -> String {
    match (&token.decision[..], &token.key) {
        // What ring can't check is found out before anything else is.
        ("accepted", _) if token.not_checked => "not checked".to_owned(),
        ("accepted", Some(serde_json::Value::String(key))) => format!("accepted by {key}"),
        ("accepted", Some(key)) => format!("accepted by {key}"),
        _ => format!("{} {}", token.code.as_ref().unwrap(), token.message.as_ref().unwrap()),
    }
}

fn found(verdict: Verdict) -> String {
    match verdict {
        Verdict::Accepted(Accepted { key: KeyPlace::File(key), .. }) => format!("accepted by {key}"),
        Verdict::Accepted(Accepted { key: KeyPlace::SupabaseSecret, .. }) => {
            "accepted by supabase".to_owned()
        }
        Verdict::Accepted(Accepted { key: KeyPlace::Elsewhere { login, key }, .. }) => {
            format!("accepted by {login}/{key}")
        }
        Verdict::Rejected(rejection) => format!("{} {rejection}", rejection.code()),
        Verdict::Undetermined(_) => "not checked".to_owned(),
    }
}

#[test]
fn the_service_and_we_say_the_same() {
    let tokens = tokens();
    let mut differ = Vec::new();
    for token in &tokens.tokens {
        let found = found(verifier(&tokens, token).verify(&token.token, NumericDate::new(token.at).unwrap()));
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
        "a key behind jwks_uri",
        "entries that are passed over",
        "a set that fails",
        "the Supabase secret",
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
        let mut command = "verify -".to_owned();
        for (number, set) in token.sets.iter().enumerate() {
            let name = format!("set-{number}.json");
            // No JSON is answered as no answer is.
            scene.write(&name, set.as_deref().unwrap_or("nothing"));
            command = format!("{command} --jwks {name}");
        }
        let outcome = scene.run(&command);
        let title = token.title();
        let accepted = token.decision == "accepted";
        let code = if token.not_checked && accepted { 2 } else { u8::from(!accepted) };
        assert_eq!(outcome.code, code, "{title}: {outcome:?}");
        if code == 1 {
            let line = outcome.stdout.lines().next().unwrap();
            let rest = line.strip_prefix("rejected: ").unwrap();
            let rest = rest
                .strip_prefix(token.code.as_deref().unwrap())
                .unwrap_or_else(|| panic!("{title}: {line}"));
            assert_eq!(
                rest.trim_start(),
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

/// Sets on loopback: `verify --fetch` asks the config's own addresses, and sends no token there.
#[cfg(feature = "probe")]
#[test]
fn what_is_fetched_is_judged_the_same_and_no_token_is_sent() {
    use crate::common::service::{Reply, Server};
    let tokens = tokens();
    let mut sets = BTreeSet::new();
    let server = Server::new(|_| Reply::Silence);
    for token in tokens.tokens.iter().filter(|token| !token.sets.is_empty()) {
        if token.config.contains("project") {
            continue;
        }
        let bodies: BTreeMap<String, Option<String>> = ["keys.json", "a.json", "b.json"]
            .into_iter()
            .filter(|name| tokens.configs[&token.config].contains(name))
            .map(str::to_owned)
            .zip(token.sets.iter().cloned())
            .collect();
        let answers = bodies.clone();
        server.set(move |request| {
            let path = request.line.split(' ').nth(1).unwrap().trim_start_matches('/');
            match answers.get(path).cloned().flatten() {
                Some(body) => Reply::Answer(200, "", body),
                None => Reply::Answer(503, "", String::new()),
            }
        });
        let config = tokens.configs[&token.config].replace("http://127.0.0.1:1", &server.url());
        let mut scene = Scene::with("powersync.yaml", &config);
        scene.now = NumericDate::new(token.at).unwrap();
        scene.stdin = token.token.clone().into_bytes();
        let outcome = scene.run("verify --fetch");
        let line = outcome.stdout.lines().next().unwrap_or_default();
        if token.decision == "accepted" {
            assert_eq!(outcome.code, if token.not_checked { 2 } else { 0 }, "{}: {outcome:?}", token.title());
        } else {
            let said = format!("rejected: {} ", token.code.as_ref().unwrap());
            assert!(line.starts_with(&said), "{}: {outcome:?}", token.title());
        }
        sets.extend(token.sets.iter().flatten().cloned());
    }
    for request in server.requests() {
        assert!(request.line.starts_with("GET /"), "{}", request.line);
        assert!(!request.headers.contains_key("authorization") && request.body.is_empty());
    }
    assert!(sets.len() >= 60, "{}", sets.len());
}
