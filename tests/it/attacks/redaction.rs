//! Secrets in places where none belongs, and texts that are none.

use super::{BASE, has};
use crate::common::Scene;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

const LONG: &str = "Zq8xW3nVt5LmRk2PbY7cHd4FgJ6sTaUe9iOoXwQzEvM";
const SHORT: &str = "hunter2-42";

fn redacted(text: &str) -> String {
    const HEAD: &str = "sync_rules: {}\n";
    let scene = Scene::with("powersync.yaml", format!("{HEAD}{text}"));
    let outcome = scene.run("redact powersync.yaml");
    has(&outcome, 0, &[]);
    let shown = outcome.stdout.strip_prefix(HEAD).unwrap();
    assert_eq!(shown.lines().count(), text.lines().count(), "{shown}");
    shown.to_owned()
}

/// Values that are secret in one place, pasted elsewhere: inside a longer text, in a comment, in another spelling.
#[test]
fn copies_of_a_secret() {
    let bytes = URL_SAFE_NO_PAD.decode(LONG).unwrap();
    let hex = crate::common::pieces::hex(&bytes);
    let copies = [
        format!("note: before{LONG}after"),
        format!("# it was {LONG}."),
        format!("# {}", LONG.replace('-', "+").replace('_', "/")),
        format!("note: {hex}"),
        format!("note: '{}'", STANDARD.encode(LONG)),
        format!("note: the password is {SHORT}, really"),
        format!("# \"{SHORT}\" for now"),
        format!("note: '{}'", STANDARD.encode(SHORT)),
    ];
    for copy in copies {
        let shown = redacted(&format!(
            "{copy}\nreplication: {{password: {SHORT}}}\n{}",
            BASE.replace("mWvJtPvLDbBY5hjZ7bXOXUQNn1nTtIUB6b1pFLrD8lE", LONG)
        ));
        let first = shown.lines().next().unwrap();
        assert!(first.contains("‹secret"), "{copy}: {first}");
        assert!(!shown.contains(LONG) && !shown.contains(SHORT) && !shown.contains(&hex), "{shown}");
    }
    // The text of a key that is base64 of it.
    let text = "client_auth:\n  jwks:\n    keys:\n      # \"drowssapxyz\" as base64url = ZHJvd3NzYXB4eXo\n      - {kty: oct, alg: HS256, kid: a, k: ZHJvd3NzYXB4eXo}\n";
    let shown = redacted(text);
    assert!(!shown.contains("drowssapxyz") && !shown.contains("ZHJvd3NzYXB4eXo"), "{shown}");
}

/// A short password that is a word of the file: names of members and values of `type` stay.
#[test]
fn passwords_that_are_words() {
    let shown = redacted(
        "replication:\n  connections:\n    - type: postgresql\n      postgres: 1\n      password: postgres\nstorage: {type: postgres, x: postgres-1}\n",
    );
    assert!(shown.contains("type: postgresql\n      postgres: 1\n      password: ‹secret 1›"), "{shown}");
    assert!(shown.contains("type: postgres, x: ‹secret 1›-1"), "{shown}");
}

/// Connection strings, headers, keys in PEM, names that hold secrets.
#[test]
fn secrets_in_other_forms() {
    for (text, secret) in [
        ("a: 'Server=h;User Id=sa;Password=s3cret word;Encrypt=true'\n", "s3cret word"),
        ("a: host=h password=s3cretword user=y\n", "s3cretword"),
        ("# Server=h;Pwd=s3cretword;\na: 1\n", "s3cretword"),
        ("a: 'Authorization: Bearer s3cr3tW0rd9'\n", "s3cr3tW0rd9"),
        ("# curl -H 'Authorization: Basic dXNlcjpwYXNzd29yZA=='\na: 1\n", "dXNlcjpwYXNz"),
        (
            "a: |\n  -----BEGIN EC PRIVATE KEY-----\n  s3cretword\n  -----END EC PRIVATE KEY-----\nb: 1\n",
            "s3cretword",
        ),
        (
            "# -----BEGIN RSA PRIVATE KEY-----\n# s3cretword\n# -----END RSA PRIVATE KEY-----\na: 1\n",
            "s3cretword",
        ),
        ("a: \"-----BEGIN PRIVATE KEY-----\\ns3cretword\\n-----END PRIVATE KEY-----\"\n", "s3cretword"),
        ("pwd: s3cretword\n", "s3cretword"),
        ("pw: s3cretword\n", "s3cretword"),
        ("db_pass: s3cretword\n", "s3cretword"),
        ("a: 'u:s3cretword@tcp(h:3306)/db'\n", "s3cretword"),
        ("a: 'Authorization: Token s3cr3tW0rd9'\n", "s3cr3tW0rd9"),
        ("admin_token: s3cretword\n", "s3cretword"),
        ("x: {sslkey: s3cretword}\n", "s3cretword"),
        ("encryption-key: s3cretword\n", "s3cretword"),
        ("# session_cookie = s3cretword\na: 1\n", "s3cretword"),
        ("slack_webhook: https://hooks.slack.com/services/T0/B0/s3cretword\n", "s3cretword"),
        ("credentials: s3cretword\n", "s3cretword"),
        ("a: postgres://u:s3cret%2Fword@h/d\n# s3cret/word\n", "s3cret/word"),
        ("password: s3cret/w@rd\n# s3cret%2Fw%40rd\n", "s3cret%2Fw%40rd"),
        ("login: {user: u, pass: s3cretword}\n", "s3cretword"),
        ("# curl -H 'X-Api-Key: s3cretword' h\na: 1\n", "s3cretword"),
        ("headers: {x-api-key: s3cretword, private-key: s3cretword}\n", "s3cretword"),
        ("sasl: {username: u, extra: s3cretword}\n", "s3cretword"),
        ("aws_access_key: s3cretword\n", "s3cretword"),
        (
            "configs:\n  a:\n    content: |\n      client_auth:\n        jwks:\n          keys:\n            - kid: x\n              k: 's3cretword'\nb: 1\n",
            "s3cretword",
        ),
        ("configs:\n  a:\n    content: |\n      k: |\n        s3cretword\n      b: 1\n", "s3cretword"),
        ("a: \"client_auth:\\n  jwks:\\n    keys:\\n      - k: s3cretword\\n\"\n", "s3cretword"),
    ] {
        let shown = redacted(text);
        assert!(!shown.contains(secret) && shown.contains("‹secret"), "{text}\n{shown}");
    }
    let config = STANDARD.encode(format!("client_auth:\n  jwks:\n    keys:\n      - k: {LONG}\n"));
    let shown = redacted(&format!("env: {{POWERSYNC_CONFIG_B64: {config}}}\n"));
    assert_eq!(shown, "env: {POWERSYNC_CONFIG_B64: ‹secret 1›}\n");
}

/// What is no secret stays readable.
#[test]
fn what_is_no_secret() {
    for text in [
        "# yaml-language-server: $schema=https://unpkg.com/@powersync/service-schema@latest/json-schema/powersync-config.json\na: 1\n",
        "# See https://docs.powersync.com/self-hosting/telemetry/configuration-options\na: 1\n",
        "#   disable_auto_migration: true\na: 1\n",
        "# postgresql-connection-string, replication_slot_name, 2026-11-24T09:31:00Z\na: 1\n",
        "sync_config:\n  content: |\n    bucket_definitions:\n      user_lists:\n        parameters: SELECT request.user_id() as user_id\n        data:\n          - SELECT d.id = p.k FROM some_long_table_name_here WHERE owner_id = bucket.user_id\n",
        "jwks_uri: https://project.example.com/auth/v1/.well-known/jwks.json\n",
        "# Basic authentication, bearer tokens\na: 1\n",
        "a: |\n  -----BEGIN CERTIFICATE-----\n  MIIB\n  -----END CERTIFICATE-----\n",
    ] {
        assert_eq!(redacted(text), text);
    }
}

/// A secret in a block, with an empty line after it: the next line keeps its indentation.
#[test]
fn the_line_after_a_block() {
    let keys = |end: &str| {
        format!("client_auth:\n  jwks:\n    keys:\n      - kty: oct\n        k: |\n          {LONG}\n{end}")
    };
    for end in [
        "\n        alg: HS256\n",
        "\n\n      - kty: oct\n",
        "      - kty: oct\n",
        "\n  audience: [a]\n",
        "\n# x\n",
    ] {
        let shown = redacted(&keys(end));
        assert!(shown.ends_with(end), "{shown:?}");
        assert!(!shown.contains(LONG), "{shown}");
    }
}

/// A secret that is in one of two texts is hidden in the other.
#[test]
fn a_secret_of_the_other_side() {
    let scene = Scene::with("old.yaml", BASE.replace("mWvJtPvLDbBY5hjZ7bXOXUQNn1nTtIUB6b1pFLrD8lE", SHORT));
    scene.write(
        "new.yaml",
        BASE.replace(
            "k: mWvJtPvLDbBY5hjZ7bXOXUQNn1nTtIUB6b1pFLrD8lE",
            &format!("k: !env PS_K # was {SHORT}"),
        ),
    );
    for format in ["human", "json", "markdown"] {
        let outcome = scene.run(&format!("diff old.yaml new.yaml --format {format}"));
        assert!(!super::all(&outcome).contains(SHORT), "{outcome:?}");
    }
}

/// Secrets that are printed on purpose, in CI.
#[test]
fn secrets_in_a_log_of_ci() {
    let mut scene = Scene::with("powersync.yaml", BASE);
    for command in ["export", "export --as jwk", "token --sub a", "add --secrets env --print-secret --yes"] {
        let plain = scene.run(command);
        assert!(!plain.stderr.contains("add-mask") && !plain.stderr.contains("--mask"), "{plain:?}");
        scene.write("powersync.yaml", BASE);
        scene.variables = vec![("GITHUB_ACTIONS".to_owned(), "true".to_owned())];
        assert!(scene.run(command).stderr.contains("`--mask`"), "{command}");
        scene.write("powersync.yaml", BASE);
        let masked = scene.run(&format!("{command} --mask"));
        let mask =
            masked.stderr.lines().find_map(|line| line.strip_prefix("::add-mask::")).unwrap_or_default();
        assert!(!mask.is_empty() && masked.stdout.contains(mask), "{command}: {masked:?}");
        scene.write("powersync.yaml", BASE);
        scene.variables.clear();
    }
}

/// A kid and an audience that name the variable of a secret.
#[test]
fn a_secret_as_a_name() {
    const SECRET: &str = "hunter2-long-enough";
    let new = BASE.replace("kid: prod-2", "kid: !env PS_DB").replace("['app']", "['app', !env PS_DB]");
    let mut scene = Scene::with("old.yaml", BASE);
    scene.write("new.yaml", &new);
    scene.write("s.env", format!("PS_DB={SECRET}\n"));
    scene.variables = vec![("PS_DB".to_owned(), SECRET.to_owned())];
    for format in ["human", "json", "markdown", "github", "sarif"] {
        for command in ["diff old.yaml new.yaml --env-file-new s.env", "check new.yaml --env-file s.env"] {
            let outcome = scene.run(&format!("{command} --format {format}"));
            assert!(!super::all(&outcome).contains(SECRET), "{command}: {outcome:?}");
        }
    }
    for command in ["status new.yaml", "status new.yaml --format json", "status new.yaml --env-file s.env"] {
        let outcome = scene.run(command);
        assert!(!super::all(&outcome).contains(SECRET), "{command}: {outcome:?}");
    }
}

/// A secret that stands where a kid or an audience belongs.
#[test]
fn secrets_in_the_place_of_names() {
    let kid = BASE
        .replace("kid: prod-1", &format!("kid: {LONG}"))
        .replace("mWvJtPvLDbBY5hjZ7bXOXUQNn1nTtIUB6b1pFLrD8lE", LONG);
    let audience = kid.replace("['app']", &format!("['app', '{LONG}']"));
    let scene = super::branch();
    scene.write("deploy/powersync.yaml", &audience);
    for format in ["human", "json", "markdown", "github", "sarif"] {
        for command in ["diff --git", "check deploy/powersync.yaml", "diff old.yaml deploy/powersync.yaml"] {
            scene.write("old.yaml", &kid);
            let outcome = scene.run(&format!("{command} --format {format}"));
            assert!(!super::all(&outcome).contains(LONG), "{command}: {outcome:?}");
        }
    }
    for command in ["status", "status --format json"] {
        let outcome = scene.run(&format!("-c deploy/powersync.yaml {command}"));
        assert!(!super::all(&outcome).contains(LONG), "{command}: {outcome:?}");
    }
}
