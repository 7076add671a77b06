//! No command shows a piece of a secret, whichever way it ends: in plain, in base64, base64url or hexadecimal. `canary`
//! has the places in a file where people leave secrets; this has the commands and their errors.

#![cfg(unix)]

use std::fmt::{Debug, Write as _};
use std::fs;

use crate::common::pieces::{Pieces, hex};
use crate::common::process::{git, program};
use crate::common::{NOW, Scene, date};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clap::CommandFactory as _;
use powersync_jwks::Cli;
use powersync_jwks::config::{Config, Input};
use powersync_jwks::for_tests::ClaimArg;
use powersync_jwks::for_tests::EnvFile;
use powersync_jwks::for_tests::report_of_panic;
use powersync_jwks::for_tests::{ProbePlan, Redactor, events, owner_of, text_diff};
use powersync_jwks::keyset::strength::Weakness;
use powersync_jwks::keyset::{Encoding, KeyName, KeySet, Secret, SecretText, import};
use powersync_jwks::probe::HttpAnswer;
use powersync_jwks::schedule::Policy;
use powersync_jwks::time::Seconds;
use powersync_jwks::token;
use zeroize::Zeroizing;

/// Base64url of 32 bytes: what `k` holds.
const INLINE: &str = "Zq8xW3nVt5LmRk2PbY7cHd4FgJ6sTaUe9iOoXwQzEvM";
const RETIRED: &str = "pD0r7QyXk3vTn8sWb2LcGm5HfJ9uKe4RaZ6iYoVxNtE";
const IN_VARIABLE: &str = "u1BvQh6ZrX9wKj3MsTn5YdLg8FcPe2RaWk7iOyHtVxQ";
const IMPORTED: &str = "hT4mXc9VbQ2wLz7KpJ5sRn8YfGd3UeAk6iOoWyHtMvA";
const PASSWORD: &str = "Xk29vQmTz7LpWr4s";
const SECRETS: [&str; 5] = [INLINE, RETIRED, IN_VARIABLE, IMPORTED, PASSWORD];

const CONFIG: &str = "\
storage:
  type: mongodb
  password: {PASSWORD}
client_auth:
  audience: ['app']
  jwks:
    keys:
      - kty: oct
        alg: HS256
        kid: one
        k: {INLINE}
      - kty: oct
        alg: HS256
        kid: two
        k: !env PS_TWO
        iat: 1790000000
        nbf: 1790000000
      - kty: oct
        alg: HS256
        kid: old
        k: {RETIRED} # was {IMPORTED}
        exp: 1790000000
";

fn filled(text: &str) -> String {
    text.replace("{PASSWORD}", PASSWORD)
        .replace("{INLINE}", INLINE)
        .replace("{RETIRED}", RETIRED)
        .replace("{IMPORTED}", IMPORTED)
}

fn scene() -> Scene {
    let mut scene = Scene::with("powersync.yaml", filled(CONFIG));
    scene.write(".env", format!("PS_TWO={IN_VARIABLE}\n"));
    scene.write("imported.txt", IMPORTED);
    scene.write("other.yaml", filled(CONFIG).replace(INLINE, IMPORTED).replace("kid: old", "kid: older"));
    scene.write("broken.yaml", format!("{}\t- : [ {INLINE}", filled(CONFIG)));
    scene.write("twice.yaml", format!("{}password: {PASSWORD}\npassword: {IMPORTED}\n", filled(CONFIG)));
    scene.write("shape.yaml", format!("client_auth: {INLINE}\n"));
    scene.write("kid.yaml", filled(CONFIG).replace("kid: one", "kid: 12"));
    scene.write("env.yaml", filled(CONFIG).replace("!env PS_TWO", &format!("!env {IN_VARIABLE}")));
    scene.write("latin.yaml", [filled(CONFIG).as_bytes(), b"\xff\n"].concat());
    scene.write("broken.env", format!("PS_TWO='{IN_VARIABLE}\n"));
    scene.write("twice.env", format!("PS_TWO={IN_VARIABLE}\nPS_TWO={IMPORTED}\n"));
    scene.write("value.env", format!("{IN_VARIABLE}\n"));
    scene.write("policy.yaml", format!("rotate_every: {PASSWORD}\n{INLINE}: 1\n"));
    scene.write("claims.json", format!("{{\"role\": \"{PASSWORD}"));
    scene.write("fill.yaml", filled(CONFIG).replace("PS_TWO", "PS_THREE"));
    let token = scene.run("token --sub u --kid one --ttl 5m").stdout;
    scene.write("token.txt", &token);
    scene.write("cut.txt", &token[..token.len() - 9]);
    scene.write("no-token.txt", IMPORTED);
    let encoded = STANDARD.encode(filled(CONFIG));
    scene.write("wrapped.b64", &encoded);
    let secret = "apiVersion: v1\nkind: Secret\ndata:\n";
    scene.write("secret.yaml", format!("{secret}  powersync.yaml: {encoded}\n"));
    scene.write("secrets.yaml", format!("{secret}  a: {encoded}\n  b: {encoded}\n"));
    scene.variables = vec![("JWT_SECRET".to_owned(), IMPORTED.to_owned())];
    scene.stdin = IMPORTED.as_bytes().to_vec();
    scene
}

/// Everything that files hold as secrets after a run: fresh ones, too.
fn secrets_in(scene: &Scene) -> Vec<String> {
    let mut secrets: Vec<String> = SECRETS.map(str::to_owned).to_vec();
    for entry in fs::read_dir(scene.folder.path()).unwrap() {
        let Ok(bytes) = fs::read(entry.unwrap().path()) else { continue };
        if let Ok(file) = EnvFile::parse(&bytes) {
            secrets.extend(file.names().filter_map(|name| file.value(name)).map(str::to_owned));
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Ok(config) = Config::parse_str(&text, Input::Yaml) else { continue };
        let keys = KeySet::read(&config);
        secrets.extend(
            keys.keys().iter().filter_map(|key| key.secret()).map(|secret| secret.to_base64url().to_string()),
        );
    }
    secrets.retain(|secret| secret.len() >= 16 && !secret.contains("eyJ"));
    secrets
}

/// Nothing of these may show a secret. `CONFIG` is each config in turn.
const LINES: [&str; 76] = [
    "status",
    "status --format json",
    "status --env-file .env",
    "status --env-file ENV",
    "rotate --yes",
    "rotate --dry-run",
    "rotate",
    "rotate --yes --secrets env --env-file .env",
    "rotate --yes --secrets inline",
    "rotate --standby --yes",
    "rotate --revoke --yes --allow live-key",
    "rotate --yes --secret-file imported.txt --encoding base64url",
    "rotate --yes --secret-file imported.txt --encoding text --secrets inline",
    "rotate --yes --secret-file imported.txt --encoding hex",
    "add --yes",
    "add --yes --secret-stdin --encoding text",
    "add --yes --secret-stdin --encoding base64",
    "add --yes --secret-stdin --encoding hex",
    "add --yes --secret-file imported.txt --encoding base64url --secrets env --env-file new.env",
    "add --yes --secret-file imported.txt --encoding text --secret-out out.txt --env-name PS_OUT",
    "add --yes --env-file ENV",
    "promote --yes",
    "promote two --yes --env-file .env",
    "rollback --yes",
    "prune --yes",
    "prune --yes --drop-env",
    "prune --yes --drop-env=PS_TWO --env-file ENV",
    "reconcile --yes",
    "reconcile --check --format json",
    "reconcile --dry-run --format json --assume-age 400d",
    "reconcile --yes --assume-age 400d",
    "history",
    "history --format json",
    "timeline",
    "timeline --format json",
    "timeline --format mermaid",
    "timeline --policy policy.yaml",
    "retire one --yes",
    "retire one --yes --allow current-key,last-key",
    "retire --undo old --yes",
    "remove one --yes",
    "remove one two --yes --allow live-key,current-key,last-key --drop-env --env-file .env",
    "move-secret one --to env --env-file .env --yes",
    "move-secret one --to env --secret-out moved.txt --yes",
    "move-secret two --to inline --env-file .env --yes",
    "move-secret two --to inline --env-file ENV --yes",
    "init --yes --dir new",
    "init --dry-run --dir new --secrets inline",
    "init --fill --yes",
    "init --fill --yes --env-file ENV",
    "verify token.txt",
    "verify cut.txt --show-claims",
    "verify no-token.txt",
    "verify token.txt --against other.yaml --expect two",
    "verify --secret-stdin",
    "verify --secret-file imported.txt",
    "verify --secret-env JWT_SECRET --against other.yaml",
    "token --sub u --kid two",
    "token --sub u --claims claims.json",
    "token --sub u --ttl 90h",
    "export two",
    "export --as jwks --public",
    "export one --as raw --out raw.bin",
    "export one --out export.env",
    "export --as node",
    "redact",
    "check",
    "check --pedantic --env-file .env --format json",
    "check --fix",
    "check --fix --yes --format sarif",
    "diff powersync.yaml other.yaml",
    "diff other.yaml broken.yaml --format markdown",
    "diff twice.yaml powersync.yaml --format github",
    "diff powersync.yaml env.yaml --env-file-old .env --env-file-new ENV",
    "probe http://127.0.0.1:1",
    "probe http://127.0.0.1:1 --format json --env-file .env",
];

const CONFIGS: [&str; 8] = [
    "powersync.yaml",
    "broken.yaml",
    "twice.yaml",
    "shape.yaml",
    "kid.yaml",
    "env.yaml",
    "latin.yaml",
    "fill.yaml",
];

/// The same config as other things hold it.
const WRAPPED: [&str; 3] = ["--base64 -c wrapped.b64", "-c secret.yaml", "--entry b -c secrets.yaml"];

#[test]
fn every_command_is_among_them() {
    // These two print no config, nor what is in one.
    let others = ["explain", "completions"];
    for command in Cli::command().get_subcommands() {
        let name = command.get_name();
        let is_run = LINES.iter().any(|line| line.split(' ').next() == Some(name));
        assert!(is_run || others.contains(&name), "LINES has no run of {name}");
    }
}

#[test]
fn no_command_shows_a_secret_however_it_ends() {
    let mut endings = [0; 3];
    let mut runs = 0;
    let configs = CONFIGS.map(|config| format!("-c {config}")).into_iter().chain(WRAPPED.map(str::to_owned));
    for config in configs {
        for line in LINES {
            for env in ["broken.env", "twice.env", "value.env"] {
                if env != "broken.env" && !line.contains("ENV") {
                    continue;
                }
                let mut scene = scene();
                let line = format!("{config} {}", line.replace("ENV", env));
                // A question that somebody answers.
                if !line.contains("--yes") && !line.contains("stdin") {
                    scene.terminal = true;
                    scene.stdin = b"y\n".to_vec();
                }
                let outcome = scene.run(&line);
                endings[usize::from(outcome.code)] += 1;
                runs += 1;
                let pieces = Pieces::of(secrets_in(&scene).iter().map(String::as_str));
                pieces.assert_absent(&outcome.stderr, &line);
                if !outcome.stdout.starts_with("eyJ") {
                    pieces.assert_absent(&outcome.stdout, &line);
                }
            }
        }
    }
    println!("{runs} runs, by exit code {endings:?}");
    assert!(endings.iter().all(|count| *count > 10), "{endings:?}");
}

#[test]
fn where_a_secret_is_what_was_asked_for_the_talk_has_none() {
    for line in [
        "export",
        "export --as jwk",
        "export --as jwks --env-file .env",
        "export --as dashboard",
        "add --yes --secrets env --print-secret --env-name PS_NEW",
        "move-secret one --to env --print-secret --yes",
        "-c - add --secrets inline",
    ] {
        let mut scene = scene();
        if line.starts_with("-c -") {
            scene.stdin = filled(CONFIG).into_bytes();
        }
        let outcome = scene.run(line);
        assert_eq!(outcome.code, 0, "{line}: {}", outcome.stderr);
        let mut secrets = secrets_in(&scene);
        secrets.extend(
            outcome
                .stdout
                .split(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c)))
                .filter(|word| word.len() >= 40)
                .map(str::to_owned),
        );
        Pieces::of(secrets.iter().map(String::as_str)).assert_absent(&outcome.stderr, line);
    }
    // A token is no secret key.
    let scene = scene();
    let outcome = scene.run("token --sub u --kid one");
    Pieces::of(SECRETS).assert_absent(&format!("{}{}", outcome.stdout, outcome.stderr), "token");
}

/// Where a secret has no place: the message doesn't repeat it.
#[test]
fn a_secret_among_the_arguments_is_not_repeated() {
    let scene = scene();
    for line in [&["init", "-q"][..], &["add", "powersync.yaml"], &["commit", "-qm", "a"]] {
        git(scene.folder.path(), line);
    }
    let token = scene.text("token.txt").trim().to_owned();
    let hexadecimal = hex(&URL_SAFE_NO_PAD.decode(IMPORTED).unwrap());
    let base64 = STANDARD.encode(URL_SAFE_NO_PAD.decode(IMPORTED).unwrap());
    let lines = [
        "S",
        "--S",
        "verify S",
        "verify --expect S token.txt",
        "verify --secret-file S",
        "verify --secret-env S",
        "verify --secret-stdin S",
        "verify --secret-stdin=S",
        "verify --at S token.txt",
        "verify --against S token.txt",
        "add S",
        "add --secret S",
        "add --secret=S",
        "add --secret-stdin=S",
        "add --secret-file S --encoding text",
        "add --encoding S",
        "add --env-name S --secrets env",
        "add --secrets S",
        "rotate S",
        "rotate --overlap S",
        "rotate --allow S",
        "rotate --policy S",
        "retire S",
        "remove S",
        "promote S",
        "export S",
        "export --as S",
        "token S",
        "token --sub u --kid S",
        "token --sub u --claim S",
        "token --sub u --claims S",
        "token --sub u --parameters S",
        "token --sub u --ttl S",
        "move-secret S --to env",
        "move-secret one --to S",
        "prune --drop-env=S",
        "--now S status",
        "-c S status",
        "status S",
        "status --env-file S",
        "check S",
        "check --rule S",
        "check --format json S",
        "redact S",
        "diff S S",
        "diff --format json S powersync.yaml",
        "timeline --until S",
        "reconcile S",
        "reconcile --format json S",
        "--color S status",
        "init --storage S",
        "help S",
        "add --env-name S --secrets env --env-file .env",
        "add --yes --secrets env --env-file S/x",
        "rotate --yes --secrets env --secret-out S/x",
        "diff --git S",
        "diff --git -- S",
        "probe S",
        "status --probe S",
        "--entry S status",
    ];
    let (header, url) = (format!("Bearer {token}"), format!("postgresql://app:{PASSWORD}@db/app"));
    let whole = filled(CONFIG);
    for secret in [IMPORTED.to_owned(), token, hexadecimal, base64, header, url.clone(), whole.clone()] {
        let pieces = match secret.as_str() {
            secret if secret == url => Pieces::of([PASSWORD]),
            secret if secret == whole => Pieces::of(SECRETS),
            secret => Pieces::of([secret.trim_start_matches("Bearer ")]),
        };
        for line in lines {
            if line.contains("--claim ") && secret.contains('=') {
                // That is a claim, and what is in it is in the token.
                continue;
            }
            let output = program(scene.folder.path())
                .args(line.split(' ').map(|word| word.replace('S', &secret)))
                .output()
                .unwrap();
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            assert_eq!(output.status.code(), Some(2), "{line}: {said}");
            pieces.assert_absent(&said, line);
        }
    }
}

/// A fault of our own: the message of the standard library quotes the text it happened in.
#[test]
fn a_panic_tells_where_and_shows_no_secret() {
    use std::sync::{Arc, Mutex};

    let said = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&said);
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        heard.lock().unwrap().push((report_of_panic(panic), panic.to_string()));
        usual(panic);
    }));
    let in_the_middle_of_a_character = std::thread::spawn(|| format!("ü{INLINE}")[1..].len());
    assert!(in_the_middle_of_a_character.join().is_err());
    let told = said.lock().unwrap().clone();
    let (report, by_default) = told.iter().find(|(_, text)| text.contains(INLINE)).unwrap();
    assert!(report.contains(" at tests/it/secrecy.rs:") && report.contains("Please report"), "{report}");
    Pieces::of(SECRETS).assert_absent(report, by_default);
}

/// What can be printed with `{:?}` of what was read from these files.
#[test]
fn debug_of_no_public_type_shows_a_secret() {
    let scene = scene();
    let mut said = String::new();
    let mut show = |value: &dyn Debug| write!(said, "{value:?}\n{value:#?}\n").unwrap();
    for name in CONFIGS {
        let bytes = scene.read(name);
        match Config::parse(&bytes, Input::Yaml) {
            Ok(config) => {
                let value = |name: &str| (name == "PS_TWO").then(|| IN_VARIABLE.to_owned().into());
                let keys = KeySet::read_with(&config, &value);
                show(&keys);
                show(&keys.current());
                for key in keys.keys() {
                    show(&(key, key.secret(), key.weakness().unwrap_or(Weakness::Empty)));
                }
                for entry in config.entries() {
                    show(&KeySet::faults_of(&config, *entry, &value));
                }
                let old = KeySet::read(&Config::parse_str("{}", Input::Yaml).unwrap());
                show(&(ProbePlan::new(&keys, Some(&old)), events(&old, &keys, date(NOW))));
                let mut redactor = Redactor::default();
                show(&text_diff(&mut redactor, None, Some(&config), name));
                let imported = Secret::new(Zeroizing::new(RETIRED.as_bytes().to_vec()));
                show(&owner_of(&keys, &imported));
                show(&token::Signer::new(&keys, None, date(NOW)).err());
                if let Ok(verifier) = token::Verifier::new(&keys) {
                    show(&verifier.verify(&scene.text("cut.txt"), date(NOW)));
                }
            }
            Err(error) => show(&error),
        }
    }
    for name in ["broken.env", "twice.env", "value.env"] {
        match EnvFile::parse(&scene.read(name)) {
            Ok(file) => show(&(file.check("PS_TWO"), file.with("PS_NEW", "'").err())),
            Err(error) => show(&error),
        }
    }
    show(&import(IMPORTED.as_bytes(), Encoding::Text));
    show(&import(IMPORTED.as_bytes(), Encoding::Hex));
    show(&Secret::new(Zeroizing::new(IMPORTED.as_bytes().to_vec())));
    show(&SecretText(Zeroizing::new(IMPORTED.to_owned())));
    show(&Policy::default());
    show(&IMPORTED.parse::<KeyName>());
    let mut claims = token::Claims::new(PASSWORD, date(NOW), Seconds::new(3600)).unwrap();
    claims.add("role", IMPORTED.into()).unwrap();
    let keys = KeySet::read(&Config::parse_str(&filled(CONFIG), Input::Yaml).unwrap());
    let signed = token::Signer::new(&keys, None, date(NOW)).unwrap().sign(&claims).unwrap();
    show(&(claims, token::Verifier::new(&keys).unwrap().verify(&signed, date(NOW))));
    show(&format!("role={IMPORTED}").parse::<ClaimArg>());
    show(&HttpAnswer { location: Some(IMPORTED.to_owned()), body: IMPORTED.into(), ..HttpAnswer::default() });
    Pieces::of(SECRETS).assert_absent(&said, "Debug");
    for shown in ["Secret(…)", "SecretText(…)", "Fingerprint(…)"] {
        assert!(said.contains(shown), "{shown} in {said}");
    }
}
