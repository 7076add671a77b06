//! Configs in base64 and in Kubernetes Secrets: the config inside is edited as it would be by itself, and nothing
//! around it moves.

use crate::common::{Scene, fixtures};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const RUNS: [&str; 4] = [
    "rotate --yes --secrets inline --allow other-login,wildcard",
    "add --yes --secrets inline --kid new --allow other-login,wildcard,clock",
    "retire @1 --yes --in 30d --allow current-key,last-key,short-overlap",
    "remove @1 --yes --allow live-key,last-key,current-key",
];

/// A way to wrap a config: the file's name, the flags, what is before and after the base64, and its line length.
type Form = (&'static str, &'static str, &'static str, &'static str, usize);

const FORMS: [Form; 4] = [
    ("config.b64", "--base64", "", "\n", 76),
    ("config.b64", "--base64", "", "", usize::MAX),
    (
        "secret.json",
        "",
        "{\n  \"kind\": \"Secret\",\"apiVersion\":\"v1\",\n  \"data\": {\"powersync.NAME\": \"",
        "\", \"b\": \"AAAA\"}}",
        usize::MAX,
    ),
    (
        "secret.yaml",
        "--entry powersync.NAME",
        "# of ours\r\napiVersion: v1\r\nkind: Secret\r\ndata:\r\n  powersync.NAME:   '",
        "' # base64\r\n  a: ''\r\n",
        usize::MAX,
    ),
];

fn encode(bytes: &[u8], width: usize) -> String {
    let text = STANDARD.encode(bytes);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(width.min(text.len()).max(1))
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    lines.join("\n")
}

#[test]
fn what_is_wrapped_is_edited_as_it_would_be_by_itself() {
    for (name, file, content) in fixtures().iter().filter(|(name, ..)| !name.starts_with("bad-")) {
        let extension = file.rsplit('.').next().unwrap();
        for run in RUNS {
            let plain = Scene::with(file, content);
            let expected = plain.run(&format!("-c {file} {run}"));
            for (path, flags, before, after, width) in FORMS {
                let (before, flags) = (before.replace("NAME", extension), flags.replace("NAME", extension));
                // Without a name, text is read as YAML and then as JSON: not what a `.json` file is read as.
                if flags == "--base64" && extension == "json" {
                    continue;
                }
                let wrapped = |inner: &[u8]| format!("{before}{}{after}", encode(inner, width));
                let scene = Scene::with(path, wrapped(content));
                let outcome = scene.run(&format!("-c {path} {flags} {run}"));
                // Without a member by which a config is known, an entry has to be named.
                if flags.is_empty() && outcome.stderr.contains("no entry of this Secret") {
                    continue;
                }
                // What can't be told as YAML is read as JSON where the name doesn't say that it is YAML.
                if expected.stderr.contains("may read this differently")
                    && serde_json::from_slice::<serde_json::Value>(content).is_ok()
                {
                    continue;
                }
                let what = format!("{name} {path} {run}: {}", outcome.stderr);
                assert_eq!(outcome.code, expected.code, "{what}\n{}", expected.stderr);
                // From a single line it can't be told how long lines may get.
                let is_short = STANDARD.encode(content).len() <= width;
                let clean = |text: &str| if is_short { text.replace('\n', "") } else { text.to_owned() };
                assert_eq!(clean(&scene.text(path)), clean(&wrapped(&plain.read(file))), "{what}");
            }
        }
    }
}

#[test]
fn the_variable_of_the_service_is_read_and_the_result_goes_to_stdout() {
    let config = "client_auth:\n  jwks:\n    keys:\n      - {kty: oct, alg: HS256, kid: a, k: 7oOUMQRmDAtPFHSxu4FGTLlfCXJ2dXBPZuXeJVAtlHY}\n";
    let mut scene = Scene::new();
    scene.variables = vec![("POWERSYNC_CONFIG_B64".to_owned(), STANDARD.encode(config))];
    let status = scene.run("--base64 status");
    assert!(status.code == 0 && status.stdout.contains("oct HS256"), "{status:?}");
    let added = scene.run("--base64 add --kid b");
    let text = String::from_utf8(STANDARD.decode(added.stdout.trim_end()).unwrap()).unwrap();
    assert!(added.code == 0 && text.starts_with(config.trim_end()) && text.contains("kid: b"), "{added:?}");
    let bad = scene.run("status");
    assert_eq!(bad.code, 2, "without the flag, no config is there");
}
