//! What each step of a command costs, by the number of keys: `cargo bench --bench core`, with `-- read` for one of them.

use divan::Bencher;
use divan::counter::BytesCount;
use powersync_jwks::config::edit::{self, Edits, MemberEdit, NewValue};
use powersync_jwks::config::{Config, Input};
use powersync_jwks::for_tests::{Inspected, Redactor, Selection, check, events, text_diff};
use powersync_jwks::keyset::{KeySet, Secret};
use powersync_jwks::schedule::{Policy, next_due};
use powersync_jwks::time::{NumericDate, Seconds};
use powersync_jwks::token::{Claims, Signer, Verifier};
use ring::digest::{SHA256, digest};

const SIZES: [usize; 5] = [10, 100, 1_000, 10_000, 100_000];
const NOW: i64 = 1_795_426_260;
const SELECTION: Selection = Selection { only: Vec::new(), skip: Vec::new(), pedantic: false };

fn main() {
    divan::main();
}

fn config(keys: usize) -> String {
    let head = "storage: {type: mongodb}\nclient_auth:\n  audience: ['https://sync.example.com']\n  jwks:\n    keys:\n";
    let entry = |index: usize| {
        let bytes = digest(&SHA256, &index.to_le_bytes()).as_ref().to_vec();
        let secret = Secret::new(bytes.into()).to_base64url();
        format!("      - kty: oct\n        alg: HS256\n        kid: key-{index}\n        k: {}\n", *secret)
    };
    head.to_owned() + &(0..keys).map(entry).collect::<String>()
}

fn read_config(text: &str) -> Config<'_> {
    Config::parse_str(text, Input::Yaml).expect("the text is a config")
}

fn now() -> NumericDate {
    NumericDate::new(NOW).expect("a date between 1970 and 9999")
}

#[divan::bench(args = SIZES)]
fn read(bencher: Bencher<'_, '_>, keys: usize) {
    let text = config(keys);
    bencher.counter(BytesCount::of_str(&text)).bench(|| read_config(&text).entries().len());
}

#[divan::bench(args = SIZES)]
fn keys(bencher: Bencher<'_, '_>, keys: usize) {
    let text = config(keys);
    let config = read_config(&text);
    bencher.bench(|| KeySet::read(&config));
}

/// One member, and the reading back.
#[divan::bench(args = SIZES)]
fn edit_and_read_back(bencher: Bencher<'_, '_>, keys: usize) {
    let text = config(keys);
    let config = read_config(&text);
    let date = NewValue::Date { seconds: NOW, comment: "remove after 2026".to_owned() };
    let edits =
        Edits { members: vec![MemberEdit { entry: 0, name: "exp", value: Some(date) }], ..Edits::default() };
    bencher.bench(|| edit::apply(&config, &edits).expect("the edit reads back"));
}

#[divan::bench(args = SIZES)]
fn decide(bencher: Bencher<'_, '_>, keys: usize) {
    let text = config(keys);
    let keys = KeySet::read(&read_config(&text));
    let policy = Policy::default();
    bencher.bench(|| next_due(&keys, &policy, now()));
}

/// What it means, and the lines, where the last key is gone.
#[divan::bench(args = SIZES)]
fn diff(bencher: Bencher<'_, '_>, keys: usize) {
    let (old, new) = (config(keys), config(keys - 1));
    let (old, new) = (read_config(&old), read_config(&new));
    let (old_keys, new_keys) = (KeySet::read(&old), KeySet::read(&new));
    bencher.bench(|| {
        let lines = text_diff(&mut Redactor::default(), Some(&old), Some(&new), "powersync.yaml");
        (lines, events(&old_keys, &new_keys, now()))
    });
}

#[divan::bench(args = SIZES)]
fn check_rules(bencher: Bencher<'_, '_>, keys: usize) {
    let text = config(keys);
    let config = read_config(&text);
    let (keys, policy) = (KeySet::read(&config), Policy::default());
    bencher.bench(|| check(&Inspected::new(&config, &keys, &policy, now()), &SELECTION).findings.len());
}

#[divan::bench(args = SIZES)]
fn redact(bencher: Bencher<'_, '_>, keys: usize) {
    let text = config(keys);
    let config = read_config(&text);
    bencher.bench(|| Redactor::default().mark(&config));
}

fn claims() -> Claims {
    let audience = vec!["https://sync.example.com".to_owned()];
    Claims::new("user", now(), Seconds::hours(1)).expect("a life within the limit").with_audience(audience)
}

#[divan::bench(args = SIZES)]
fn mint(bencher: Bencher<'_, '_>, keys: usize) {
    let text = config(keys);
    let keys = KeySet::read(&read_config(&text));
    let (signer, claims) = (Signer::new(&keys, None, now()).expect("the first key signs"), claims());
    bencher.bench(|| signer.sign(&claims).expect("the claims can be written"));
}

#[divan::bench(args = SIZES)]
fn verify(bencher: Bencher<'_, '_>, keys: usize) {
    let text = config(keys);
    let keys = KeySet::read(&read_config(&text));
    let signer = Signer::new(&keys, None, now()).expect("the first key signs");
    let token = signer.sign(&claims()).expect("the claims can be written");
    let verifier = Verifier::new(&keys).expect("the service starts");
    bencher.bench(|| verifier.verify(&token, now()));
}
