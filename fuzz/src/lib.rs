//! What is tried on bytes of any kind: the bodies of the fuzz targets, which `tests/fuzz.rs` replays on stable Rust.
//!
//! Each takes what the program reads from others, and panics where something doesn't hold. Where an input has settings,
//! they are its last bytes, so that a file as it is can serve as a seed.

#![allow(clippy::unwrap_used, reason = "a target fails by panicking")]
#![allow(clippy::missing_panics_doc, reason = "that is what they are for")]

use std::collections::HashMap;
use std::path::PathBuf;

use anstream::StripStream;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use powersync_jwks::config::{Config, Document, Input, Kind, NodeId, Scalar};
use powersync_jwks::for_tests::EnvFile;
use powersync_jwks::for_tests::{Envelope, Unwrap};
use powersync_jwks::for_tests::{Redactor, text_diff};
use powersync_jwks::for_tests::{claims_of, nearest_cause, policy_file, read_answer};
use powersync_jwks::keyset::KeySet;
use powersync_jwks::probe::{self, Endpoint, HttpAnswer};
use powersync_jwks::random::{Random, RandomError};
use powersync_jwks::time::{FixedClock, NumericDate, Seconds};
use powersync_jwks::token::{Verdict, Verifier};
use powersync_jwks::{Cli, Terminal, World, run};
use ring::hmac;

/// The moment of all runs: 2026-11-23T09:31:00Z.
const NOW: i64 = 1_795_426_260;

fn now() -> NumericDate {
    NumericDate::new(NOW).unwrap()
}

/// The last byte as a setting, and what stands before it.
fn setting(data: &[u8]) -> Option<(usize, &[u8])> {
    let (last, rest) = data.split_last()?;
    Some((usize::from(*last), rest))
}

fn input(setting: usize) -> Input {
    [Input::Yaml, Input::Json, Input::Either][setting % 3]
}

/// The same bytes in every run.
struct Counter;

impl Random for Counter {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        for (byte, number) in buffer.iter_mut().zip(0_u8..) {
            *byte = number.wrapping_mul(151) ^ 0xa7;
        }
        Ok(())
    }
}

/// How a run ended, and what it said.
struct Outcome {
    code: u8,
    stdout: Vec<u8>,
    stderr: String,
}

/// Runs a command on a config from stdin, in a folder that isn't there.
fn filter(arguments: &[&str], stdin: &[u8]) -> Outcome {
    let words = ["powersync-jwks", "-c", "-"].iter().chain(arguments);
    let cli = Cli::read(words).unwrap();
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let code = run(
        &cli,
        &mut World {
            clock: &FixedClock(now()),
            random: &Counter,
            directory: PathBuf::from("/nowhere"),
            variable: &|_| None,
            stdin: &mut &*stdin,
            stdout: &mut stdout,
            stderr: &mut StripStream::new(&mut stderr),
            terminal: Terminal::default(),
            ask: &probe::not_built_in,
            sleep: &|_| {},
        },
    );
    Outcome { code, stdout, stderr: String::from_utf8(stderr).unwrap() }
}

// --- read ------------------------------------------------------------------------------------------------------

/// A config is read or refused, and what is read of it has its place in the text.
pub fn read(data: &[u8]) {
    let Some((form, bytes)) = setting(data) else { return };
    let config = match Config::parse(bytes, input(form)) {
        Ok(config) => config,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let text = config.text();
    for (id, node) in config.document().nodes() {
        assert!(
            text.get(node.span.clone()).is_some(),
            "a span outside of the text, or inside of a character"
        );
        assert!(config.document().end_of(id) <= text.len());
    }
    for region in config.entry_regions() {
        assert!(text.get(region).is_some());
    }
    for comment in config.document().comments() {
        assert!(text.get(comment.clone()).is_some());
    }
    let keys = KeySet::read(&config);
    assert_eq!(keys.keys().len(), config.entries().len());
    let _ = (keys.current().is_ok(), config.duplicates(), config.variables(), config.audience());
    for key in keys.keys() {
        let _ = (key.name(), key.weakness());
    }
    let form = if form % 3 == 1 { "json" } else { "yaml" };
    for command in [&["status"][..], &["status", "--format", "json"], &["timeline"]] {
        let outcome = filter(&[&["--input", form], command].concat(), bytes);
        assert!(outcome.code <= 2);
        let told = outcome.stderr.contains("error: ") || !outcome.stdout.is_empty();
        assert!(outcome.code != 2 || told, "silent: {}", outcome.stderr);
    }
}

// --- edit ------------------------------------------------------------------------------------------------------

const ALLOW: &str = "live-key,last-key,current-key,short-overlap,before-nbf,older-key,same-secret,weak-secret,wildcard,\
                     clock,other-login";

/// What a command may do to the bytes around what it is about.
#[derive(Clone, Copy, PartialEq)]
enum Bytes {
    /// It writes, and takes nothing away.
    Added,
    /// It takes away, and writes nothing.
    Removed,
    /// Both.
    Changed,
}

/// A config that is edited reads as what was meant, and keeps every byte that isn't the change's.
pub fn edit(data: &[u8]) {
    const COMMANDS: [(&[&str], Bytes); 9] = [
        (&["add", "--secrets", "inline"], Bytes::Added),
        (&["rotate", "--secrets", "inline"], Bytes::Changed),
        (&["rotate", "--standby", "--secrets", "inline"], Bytes::Added),
        (&["rotate", "--revoke", "--secrets", "inline"], Bytes::Changed),
        (&["retire"], Bytes::Changed),
        (&["retire", "--undo"], Bytes::Removed),
        (&["promote"], Bytes::Changed),
        (&["remove"], Bytes::Removed),
        (&["prune"], Bytes::Removed),
    ];
    let Some((form, rest)) = setting(data) else { return };
    let Some((choice, bytes)) = setting(rest) else { return };
    let input = input(form % 2);
    let Ok(old) = Config::parse(bytes, input) else { return };
    let (command, kind) = COMMANDS[choice % COMMANDS.len()];
    let key = format!("@{}", choice / COMMANDS.len() % old.entries().len().max(1) + 1);
    let form = if form % 2 == 1 { "json" } else { "yaml" };
    let mut words = vec!["--input", form];
    words.extend(command);
    if matches!(command[0], "retire" | "promote" | "remove") {
        words.push(&key);
    }
    words.extend(["--allow", ALLOW]);
    let outcome = filter(&words, bytes);
    match outcome.code {
        0 => {}
        2 => {
            assert!(outcome.stdout.is_empty(), "a config is written, and the exit code is 2");
            assert!(outcome.stderr.contains("error: "), "silent: {}", outcome.stderr);
            assert!(
                !outcome.stderr.contains("Please report"),
                "neither edited nor refused by name: {words:?} {:?} {}",
                old.text(),
                outcome.stderr
            );
            return;
        }
        code => panic!("exit code {code}: {}", outcome.stderr),
    }
    if outcome.stdout == bytes {
        return;
    }
    let text = String::from_utf8(outcome.stdout).expect("text stays text");
    let new = Config::parse_str(&text, input).expect("what is written can be read");
    assert!(old.same_around_the_list(&new), "something outside of the keys changed");
    let (old_count, new_count) = (old.entries().len(), new.entries().len());
    let emptied = old_count == 0 || new_count == 0;
    if kind == Bytes::Added && !emptied {
        assert!(is_within(bytes, text.as_bytes()), "bytes were lost");
    }
    if kind == Bytes::Removed && !emptied {
        assert!(is_within(text.as_bytes(), bytes), "bytes were written");
    }
    assert_eq!(bytes.starts_with(b"\xef\xbb\xbf"), text.starts_with('\u{feff}'), "byte order mark");
    if !bytes.contains(&b'\r') {
        assert!(!text.contains('\r'), "a foreign line ending");
    }
    // A key that isn't among those changed is there as it was, secret and all.
    let (before, after) = (keys(&old), keys(&new));
    let lost = before.iter().filter(|(key, count)| after.get(*key).unwrap_or(&0) < count).count();
    let changed = match command[0] {
        "add" => 0,
        "prune" => old_count - new_count,
        "rotate" if command.contains(&"--revoke") => old_count + 1 - new_count,
        "rotate" if command.contains(&"--standby") => 0,
        // The one that was current, and the one that takes its place.
        "promote" => 2,
        _ => 1,
    };
    assert!(lost <= changed, "{lost} keys changed, {changed} may");
}

fn is_within(part: &[u8], whole: &[u8]) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|byte| rest.any(|other| other == byte))
}

/// The entries as they are read, and how often each stands there.
fn keys(config: &Config<'_>) -> HashMap<String, usize> {
    let mut keys = HashMap::new();
    for entry in config.entries() {
        *keys.entry(said(config.document(), *entry, 0)).or_default() += 1;
    }
    keys
}

/// A value as it is read.
fn said(doc: &Document<'_>, id: NodeId, depth: usize) -> String {
    if depth > 20 {
        return "…".to_owned();
    }
    match &doc.resolve(id).kind {
        Kind::Mapping { .. } => {
            let member = |(name, value): &(NodeId, NodeId)| {
                format!("{}: {}", said(doc, *name, depth + 1), said(doc, *value, depth + 1))
            };
            format!("{:?}", doc.members(id).unwrap().iter().map(member).collect::<Vec<_>>())
        }
        Kind::Sequence { .. } => {
            format!(
                "{:?}",
                doc.items(id).unwrap().iter().map(|item| said(doc, *item, depth + 1)).collect::<Vec<_>>()
            )
        }
        _ => match doc.scalar(id) {
            Some(Scalar::Bool(value)) => value.to_string(),
            Some(Scalar::Integer(number)) => number.to_string(),
            Some(Scalar::Float(number)) => format!("{number}f"),
            Some(Scalar::String(text)) => format!("{text:?}"),
            Some(Scalar::Env(name)) => format!("!env {name:?}"),
            Some(Scalar::Null) | None => "null".to_owned(),
        },
    }
}

// --- redact ----------------------------------------------------------------------------------------------------

/// No piece of a secret stands in a redacted config, in a diff, or in what `check` says.
pub fn redact(data: &[u8]) {
    let Some((form, bytes)) = setting(data) else { return };
    let form = input(form);
    // Two configs, or one that comes from nothing.
    let (first, second) = match bytes.iter().position(|byte| *byte == 0) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (&b"{}"[..], bytes),
    };
    let (Ok(old), Ok(new)) = (Config::parse(first, form), Config::parse(second, form)) else {
        // Of what can't be read, no text is shown.
        if form != Input::Either {
            assert_hidden(&pieces_of_lines(bytes), &checked(form, bytes));
        }
        return;
    };
    let pieces: Vec<String> = [&old, &new].into_iter().flat_map(secret_pieces).collect();
    let everywhere = [first, second].concat();
    let pieces: Vec<&str> =
        pieces.iter().map(String::as_str).filter(|piece| stands_once(piece, &everywhere)).collect();
    let mut redactor = Redactor::default();
    let mut shown = String::new();
    for config in [&old, &new] {
        let marked = redactor.mark(config);
        shown.push_str(&redactor.show(&marked));
    }
    for line in text_diff(&mut redactor, Some(&old), Some(&new), "config") {
        shown.push_str(&line.text);
        shown.push('\n');
    }
    shown.push_str(&checked(form, second));
    assert_hidden(&pieces, &shown);
}

fn assert_hidden(pieces: &[impl AsRef<str>], shown: &str) {
    for piece in pieces {
        assert!(!shown.contains(piece.as_ref()), "{:?} is shown in\n{shown}", piece.as_ref());
    }
}

fn checked(form: Input, bytes: &[u8]) -> String {
    let form = if form == Input::Json { "json" } else { "yaml" };
    ["human", "json"]
        .map(|format| {
            let outcome = filter(&["--input", form, "check", "--pedantic", "--format", format], bytes);
            format!("{}{}", String::from_utf8(outcome.stdout).unwrap(), outcome.stderr)
        })
        .concat()
}

/// Whether it looks like a piece of random text, which no sentence holds by chance.
fn is_random(piece: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| piece.bytes().any(|byte| kind(&byte));
    piece.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
}

fn pieces(text: &str) -> impl Iterator<Item = &str> {
    (0..text.len()).filter_map(move |at| text.get(at..at + 8)).filter(|piece| is_random(piece))
}

/// Also as a name or in an address, a text may be shown that a secret holds: then it is none.
fn stands_once(piece: &str, text: &[u8]) -> bool {
    text.windows(piece.len()).filter(|window| *window == piece.as_bytes()).count() <= 1
}

fn secret_pieces(config: &Config<'_>) -> Vec<String> {
    const NAMES: [&str; 3] = ["password", "supabase_jwt_secret", "client_private_key"];
    let doc = config.document();
    let mut secrets: Vec<&str> = (0..config.entries().len())
        .filter(|entry| config.text_of(*entry, "kty") == Some("oct"))
        .filter_map(|entry| config.text_of(entry, "k"))
        .collect();
    for (id, node) in doc.nodes() {
        if matches!(node.kind, Kind::Mapping { .. }) {
            secrets.extend(NAMES.iter().filter_map(|name| doc.string(doc.member(id, name)?.1)));
        }
    }
    let comments: Vec<&str> = doc.comments().iter().map(|span| &config.text()[span.clone()]).collect();
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "-_+/=".contains(c);
    let in_comments = comments.iter().flat_map(|comment| comment.split(|c| !is_base64(c)));
    secrets.extend(in_comments.filter(|run| run.len() >= 16));
    secrets.iter().flat_map(|secret| pieces(secret)).map(str::to_owned).collect()
}

fn pieces_of_lines(bytes: &[u8]) -> Vec<&str> {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    // A name that is told in a message: a variable, a member, a tag.
    let secret = |line: &&str| line.trim_start().starts_with("k: ") && !line.contains(['!', '&', '*', ':']);
    text.lines().filter(secret).flat_map(pieces).filter(|piece| stands_once(piece, bytes)).collect()
}

// --- verify ----------------------------------------------------------------------------------------------------

const ONE: &str = "Zq8xW3nVt5LmRk2PbY7cHd4FgJ6sTaUe9iOoXwQzEvM";
const ANY: &str = "pD0r7QyXk3vTn8sWb2LcGm5HfJ9uKe4RaZ6iYoVxNtE";
const KEYS: &str = r#"{"storage": {"type": "mongodb"}, "client_auth": {"audience": ["app"], "jwks": {"keys": [
  {"kty": "oct", "alg": "HS256", "kid": "one", "k": "Zq8xW3nVt5LmRk2PbY7cHd4FgJ6sTaUe9iOoXwQzEvM"},
  {"kty": "oct", "alg": "HS512", "k": "pD0r7QyXk3vTn8sWb2LcGm5HfJ9uKe4RaZ6iYoVxNtE"}]}}}"#;

/// A token is accepted, rejected or not judged; accepted only if it is signed and its claims let it in.
pub fn verify(data: &[u8]) {
    let Some((form, bytes)) = setting(data) else { return };
    let config = Config::parse_str(KEYS, Input::Json).unwrap();
    let keys = KeySet::read(&config);
    let signed = match form % 3 {
        0 => None,
        1 => Some(sign(r#"{"alg":"HS256","kid":"one"}"#, hmac::HMAC_SHA256, ONE, bytes)),
        _ => Some(sign(r#"{"alg":"HS512","kid":"two"}"#, hmac::HMAC_SHA512, ANY, bytes)),
    };
    let token = signed.clone().unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned());
    let verifier = Verifier::new(&keys).unwrap();
    let verdict = verifier.verify(&token, now());
    let _ = claims_of(&token);
    match &verdict {
        Verdict::Rejected(why) => {
            let _ = (why.code(), why.to_string());
            let cause = nearest_cause(&verifier, None, &token, why, now());
            assert!(!cause.message().to_string().is_empty() && !cause.advice().to_string().is_empty());
        }
        Verdict::Undetermined(why) => assert!(!why.message().to_string().is_empty()),
        Verdict::Accepted(accepted) => {
            assert!(signed.is_some(), "nobody signed {token:?}");
            // As another reader of JSON sees it; what it can't read, it can't judge.
            let Ok(claims) = serde_json::from_str::<serde_json::Value>(&accepted.claims) else { return };
            let number = |name: &str| claims[name].as_f64().unwrap_or(f64::NAN);
            let moment = 1_795_426_260.0;
            assert!(claims.get("sub").is_some(), "{claims}");
            assert!(number("exp") > moment - 60.0 && number("exp") - number("iat") <= 86_400.0, "{claims}");
            assert!(!claims["nbf"].is_number() || number("nbf") <= moment + 60.0, "{claims}");
            assert!(claims["aud"].to_string().contains("app"), "{claims}");
        }
    }
}

/// Whatever the payload is, rightly signed.
fn sign(header: &str, algorithm: hmac::Algorithm, k: &str, payload: &[u8]) -> String {
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let key = hmac::Key::new(algorithm, &URL_SAFE_NO_PAD.decode(k).unwrap());
    let tag = hmac::sign(&key, text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag))
}

// --- the other inputs ------------------------------------------------------------------------------------------

/// An env file is read or refused, and an edit keeps all other variables and bytes.
pub fn env_file(data: &[u8]) {
    let Ok(file) = EnvFile::parse(data) else { return };
    let names: Vec<&str> = file.names().collect();
    let name = names.first().copied().unwrap_or("A");
    if let Ok(new) = file.with("PS_NEW", "x-1") {
        let read = EnvFile::parse(new.as_bytes()).unwrap();
        assert_eq!(read.value("PS_NEW"), Some("x-1"));
        assert!(file.defines("PS_NEW") || is_within(data, new.as_bytes()), "bytes were lost");
        for other in names.iter().filter(|other| **other != "PS_NEW") {
            assert_eq!(read.value(other), file.value(other), "{other}");
        }
    }
    if let Ok(new) = file.without(name) {
        let read = EnvFile::parse(new.as_bytes()).unwrap();
        assert!(!read.defines(name), "{name} is still there");
        assert!(is_within(new.as_bytes(), data), "bytes were written");
        for other in names.iter().filter(|other| **other != name) {
            assert_eq!(read.value(other), file.value(other), "{other}");
        }
    }
}

/// A policy is taken or refused; what is taken keeps the rules of the schedule.
pub fn policy(data: &[u8]) {
    thread_local! {
        static FOLDER: tempfile::TempDir = tempfile::tempdir().unwrap();
    }
    FOLDER.with(|folder| {
        let path = folder.path().join("powersync-jwks.yaml");
        std::fs::write(&path, data).unwrap();
        match policy_file::read(&path, "powersync-jwks.yaml") {
            Ok(found) => {
                assert!(found.policy.check().is_ok());
                assert!(found.policy.overlap() > found.policy.token_ttl);
            }
            Err(error) => assert!(error.to_string().contains("powersync-jwks.yaml")),
        }
    });
}

/// A duration and a date read back as what they are written as.
pub fn spans(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(duration) = text.parse::<Seconds>() {
        assert!(duration.get() > 0);
        assert_eq!(duration.compact().parse::<Seconds>().ok(), Some(duration), "{duration}");
        let _ = (duration.largest(), duration.rounded());
    }
    if let Ok(date) = text.parse::<NumericDate>() {
        assert_eq!(date.to_string().parse::<NumericDate>().ok(), Some(date), "{date}");
    }
    if let Ok(endpoint) = text.parse::<Endpoint>() {
        assert_eq!(endpoint.to_string().parse::<Endpoint>().ok(), Some(endpoint), "{text:?}");
    }
}

/// What wraps a config gives it back byte for byte, and takes another in its place.
pub fn envelope(data: &[u8]) {
    let Some((form, bytes)) = setting(data) else { return };
    let entry = (form & 2 != 0).then(|| "powersync.yaml".to_owned());
    let unwrap = Unwrap { base64: form & 1 != 0, entry, at: None };
    let envelope = match Envelope::open(bytes, &unwrap, Input::Either) {
        Ok(envelope) => envelope,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    if !envelope.is_wrapped() {
        return;
    }
    let other = b"client_auth: {audience: [other]}\n";
    for inner in [envelope.inner(), other] {
        // Not every way of writing takes every text.
        let Ok(wrapped) = envelope.wrap(inner) else { continue };
        let again = Envelope::open(&wrapped, &unwrap, Input::Either).unwrap();
        assert!(
            again.inner().trim_ascii_end() == inner.trim_ascii_end(),
            "the config is not the one that was put in"
        );
        assert_eq!(envelope.entry(), again.entry());
    }
}

/// An answer says something of a key or nothing, and no word of it steers a terminal or repeats the token.
pub fn answer(data: &[u8]) {
    let Some((first, rest)) = setting(data) else { return };
    let Some((second, body)) = setting(rest) else { return };
    let token = format!("{0}.{0}.{0}", URL_SAFE_NO_PAD.encode([0x5a ^ u8::try_from(second).unwrap(); 24]));
    let statuses = [401, 401, 401, 400, 404, 500, 503, 302, 200];
    let text = String::from_utf8_lossy(body).into_owned();
    let body = if second % 4 == 0 { [body, token.as_bytes()].concat() } else { body.to_owned() };
    let answer = HttpAnswer {
        status: statuses[first % statuses.len()],
        location: (first % 5 == 0).then(|| format!("{text}{token}")),
        encoding: (first % 11 == 0).then(|| text.clone()),
        date: None,
        body,
        cut: first % 13 == 0,
    };
    if let Err(why) = read_answer(&answer, &token) {
        let said = why.to_string();
        assert!(!said.contains(token.split('.').next().unwrap()), "the token is repeated: {said}");
        assert!(said.chars().all(|c| !c.is_control()), "{said:?}");
        assert!(said.chars().count() < 2_000);
    }
}
