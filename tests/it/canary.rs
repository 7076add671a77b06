//! No piece of a secret comes out of `check`, `diff` and `redact`, in any format, whatever the file looks like.

use crate::common::pieces::{Pieces, secrets_in};
use crate::common::{Outcome, Scene, fixtures};

const FORMATS: [&str; 5] = ["human", "json", "markdown", "github", "sarif"];

/// Secrets in every place where people leave them.
const CANARIES: [&str; 12] = [
    "Zq8xW3nVt5LmRk2PbY7cHd4FgJ6sTaUe9iOoXwQzEvM",
    "hunter2hunter2pw",
    "uRiPa55w0rdCanary",
    "tokenCanary1234567890",
    "B1ockSca1arCanary0123456789abcdefghijklmnop",
    "C0mmentedOutKeyCanary0123456789ABCDEFGHIJKL",
    "trailingCommentCanary0123456789",
    "privateExponentCanaryDDDDDDDDDDDDDDDDDDDDDD",
    "5upa6aseJwt5ecretCanary0123456789",
    "ENVINTHEWRONGPLACECANARY0123456789",
    "0therSecretOfTheSameKid_0123456789abcdefghi",
    "-----BEGIN CANARY KEY-----",
];

fn config() -> String {
    let [k, password, uri, token, block, commented, trailing, d, supabase, env, other, pem] = CANARIES;
    format!(
        "\
replication:
  connections:
    - type: postgresql
      uri: postgres://me:{uri}@host:5432/db?sslpassword={password}
      client_private_key: |
        {pem}
        {block}
storage:
  type: mongodb
  password: {password}
api:
  tokens: ['{token}']
client_auth:
  supabase_jwt_secret: {supabase}
  jwks:
    keys:
      # - kty: oct
      #   k: {commented}
      - kty: oct
        alg: HS256
        kid: a
        k: '{k}' # was {trailing}
      - {{kty: oct, alg: hs256, kid: 12, k: \"{other}\"}}
      - kty: oct
        alg: HS256
        k: >
          {block}
      - kty: oct
        alg: HS256
        kid: a
        k: !env {env}
      - kty: RSA
        kid: r
        n: AQAB
        e: AQAB
        d: {d}
"
    )
}

fn assert_clean(outcome: &Outcome, what: &str) {
    Pieces::of(CANARIES).assert_absent(&format!("{}{}", outcome.stdout, outcome.stderr), what);
}

#[test]
fn no_format_shows_a_piece_of_a_secret() {
    let full = config();
    let scene = Scene::with("powersync.yaml", &full);
    scene.write("old.yaml", full.replace(CANARIES[0], CANARIES[10]).replace("kid: r\n", "kid: r2\n"));
    scene.write("readable.yaml", full.replace("kid: 12", "kid: '12'"));
    // Broken in every line once.
    let lines: Vec<&str> = full.lines().collect();
    for broken in 0..lines.len() {
        let text: Vec<String> = lines
            .iter()
            .enumerate()
            .map(
                |(number, line)| {
                    if number == broken { format!("{line}\n\t- : [") } else { (*line).to_owned() }
                },
            )
            .collect();
        scene.write(&format!("broken-{broken}.yaml"), text.join("\n"));
    }
    for format in FORMATS {
        let arguments = format!("check --pedantic --format {format} powersync.yaml old.yaml readable.yaml");
        assert_clean(&scene.run(&arguments), &arguments);
        let arguments = format!("diff --format {format} old.yaml powersync.yaml");
        let outcome = scene.run(&arguments);
        assert!(outcome.code == 1 && !outcome.stdout.is_empty(), "{outcome:?}");
        assert_clean(&outcome, &arguments);
        let arguments = format!("check --format {format} .");
        assert_clean(&scene.run(&arguments), &arguments);
        for broken in 0..lines.len() {
            let arguments = format!("diff --format {format} powersync.yaml broken-{broken}.yaml");
            assert_clean(&scene.run(&arguments), &arguments);
        }
    }
    assert_clean(&scene.run("redact powersync.yaml"), "redact");
    assert_clean(&scene.run("check --fix --yes readable.yaml"), "fix");
}

#[test]
fn every_fixture_is_checked_in_every_format_without_its_secrets() {
    for (name, file, content) in fixtures() {
        let scene = Scene::with(&file, &content);
        let text = String::from_utf8_lossy(&content).into_owned();
        let pieces = Pieces::of(secrets_in(&text));
        scene.write("none.yaml", "client_auth: {}\n");
        let reports = FORMATS.iter().flat_map(|format| {
            ["check --pedantic", "diff none.yaml", "diff"]
                .map(|command| format!("{command} --format {format} {file}"))
        });
        let others =
            ["status", "status --format json", "redact", "timeline"].map(|line| format!("-c {file} {line}"));
        for line in reports.chain(others) {
            let line = if line.starts_with("diff --") { format!("{line} none.yaml") } else { line };
            let outcome = scene.run(&line);
            pieces
                .assert_absent(&format!("{}{}", outcome.stdout, outcome.stderr), &format!("{name}: {line}"));
        }
    }
}
