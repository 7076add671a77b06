//! Every form a config comes in: the config inside is edited as it would be by itself, and nothing around it moves.
//! `docs/forms.md` is made here: `BLESS=1 cargo test --test it forms::` rewrites it.

use std::fmt::Write as _;

use crate::common::{Scene, expect_file, fixtures, root};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const RUNS: [&str; 4] = [
    "rotate --yes --secrets inline --allow other-login,wildcard",
    "add --yes --secrets inline --kid new --allow other-login,wildcard,clock",
    "retire @1 --yes --in 30d --allow current-key,last-key,short-overlap",
    "remove @1 --yes --allow live-key,last-key,current-key",
];

/// A form: what the page calls it, the file, the options that it needs, and how a config is put into it. `EXT` is `yaml` or
/// `json`.
struct Form {
    what: &'static str,
    file: &'static str,
    options: &'static str,
    put: fn(&[u8], &str) -> Vec<u8>,
    takes: Takes,
}

/// Which texts a form takes byte for byte.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Any,
    /// Lines of text.
    Lines,
    /// YAML in lines.
    Yaml,
    /// Text on one line.
    Text,
}

fn encode(bytes: &[u8], width: usize, separator: &str) -> String {
    let text = STANDARD.encode(bytes);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(width.min(text.len()).max(1))
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    lines.join(separator)
}

fn indented(bytes: &[u8], spaces: usize) -> String {
    let text = std::str::from_utf8(bytes).unwrap();
    let line =
        |line: &str| if line == "\n" { line.to_owned() } else { format!("{}{line}", " ".repeat(spaces)) };
    text.split_inclusive('\n').map(line).collect()
}

fn secret(name: &str, data: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}}} # ours\ndata:\n  other: AAAA\n{data}type: Opaque\n"
    )
}

const FORMS: &[Form] = &[
    Form {
        what: "base64 in one line, as `POWERSYNC_CONFIG_B64` takes it",
        file: "config.b64",
        options: "--base64",
        put: |text, _| STANDARD.encode(text).into_bytes(),
        takes: Takes::Any,
    },
    Form {
        what: "base64 in lines",
        file: "config.b64",
        options: "--base64",
        put: |text, _| (encode(text, 76, "\n") + "\n").into_bytes(),
        takes: Takes::Any,
    },
    Form {
        what: "`data` of a Secret, in one line",
        file: "secret.yaml",
        options: "",
        put: |text, ext| {
            let value = STANDARD.encode(text);
            secret("powersync", &format!("  powersync.{ext}:   '{value}' # base64\n"))
                .replace('\n', "\r\n")
                .into_bytes()
        },
        takes: Takes::Any,
    },
    Form {
        what: "`data` of a Secret, in lines, as kustomize writes it",
        file: "secret.yaml",
        options: "",
        put: |text, ext| {
            let value = encode(text, 70, "\n    ");
            secret("powersync", &format!("  powersync.{ext}: |\n    {value}\n")).into_bytes()
        },
        takes: Takes::Any,
    },
    Form {
        what: "`data` of a Secret in JSON, as kubectl prints it",
        file: "secret.json",
        options: "",
        put: |text, ext| {
            let value = STANDARD.encode(text);
            format!("{{\n  \"kind\": \"Secret\",\"apiVersion\":\"v1\",\n  \"data\": {{\"powersync.{ext}\": \"{value}\", \"b\": \"AAAA\"}}}}")
                .into_bytes()
        },
        takes: Takes::Any,
    },
    Form {
        what: "`data` of a Secret in JSON, with line breaks",
        file: "secret.json",
        options: "",
        put: |text, ext| {
            let value = encode(text, 76, "\\n");
            format!("{{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"data\":{{\"powersync.{ext}\":\"{value}\\n\"}}}}").into_bytes()
        },
        takes: Takes::Any,
    },
    Form {
        what: "`stringData` of a Secret",
        file: "secret.yaml",
        options: "",
        put: |text, ext| {
            let value = indented(text, 4);
            format!("apiVersion: v1\nkind: Secret\nstringData:\n  powersync.{ext}: |\n{value}  other: |-\n    text\n").into_bytes()
        },
        takes: Takes::Lines,
    },
    Form {
        what: "`stringData` of a Secret in JSON",
        file: "secret.json",
        options: "",
        put: |text, ext| {
            let value = serde_json::to_string(std::str::from_utf8(text).unwrap()).unwrap();
            format!(
                "{{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"stringData\":{{\"powersync.{ext}\":{value}}}}}"
            )
            .into_bytes()
        },
        takes: Takes::Text,
    },
    Form {
        what: "`configs: content: |` of a Compose file",
        file: "compose.yaml",
        options: "",
        put: |text, _| {
            let value = indented(text, 6);
            format!("services:\n  powersync:\n    image: journeyapps/powersync-service\nconfigs:\n  powersync:\n    content: |\n{value}")
                .into_bytes()
        },
        takes: Takes::Lines,
    },
    Form {
        what: "a text value of a chart",
        file: "values.yaml",
        options: "",
        put: |text, _| {
            format!("image: {{tag: latest}}\nconfig: |\n{}replicas: 2\n", indented(text, 2)).into_bytes()
        },
        takes: Takes::Lines,
    },
    Form {
        what: "a mapping of a chart's values",
        file: "values.yaml",
        options: "",
        put: |text, _| {
            format!("image: {{tag: latest}}\npowersync:\n  config:\n{}", indented(text, 4)).into_bytes()
        },
        takes: Takes::Yaml,
    },
    Form {
        what: "several documents",
        file: "all.yaml",
        options: "",
        put: |text, ext| {
            let value = secret("powersync", &format!("  powersync.{ext}: {}\n", STANDARD.encode(text)));
            format!("# all\napiVersion: v1\nkind: Namespace\n---\n{value}---\napiVersion: apps/v1\nkind: Deployment\n---\n")
                .into_bytes()
        },
        takes: Takes::Any,
    },
    Form {
        what: "a List of several objects",
        file: "list.json",
        options: "",
        put: |text, ext| {
            let value = STANDARD.encode(text);
            format!(
                "{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{{\"apiVersion\":\"v1\",\"kind\":\"Service\"}}, \
                 {{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{{\"name\":\"a\"}},\"data\":{{\"powersync.{ext}\":\"{value}\"}}}}]}}"
            )
            .into_bytes()
        },
        takes: Takes::Any,
    },
    Form {
        what: "`POWERSYNC_CONFIG_B64` in a Compose file",
        file: "compose.yaml",
        options: "",
        put: |text, _| {
            let value = STANDARD.encode(text);
            format!(
                "services:\n  sync:\n    environment:\n      PORT: 80\n      POWERSYNC_CONFIG_B64: {value}\n"
            )
            .into_bytes()
        },
        takes: Takes::Any,
    },
    Form {
        what: "`POWERSYNC_CONFIG_B64` in the list of a Compose file",
        file: "compose.yaml",
        options: "",
        put: |text, _| {
            format!(
                "services:\n  sync:\n    environment: [A=b, \"POWERSYNC_CONFIG_B64={}\"]\n",
                STANDARD.encode(text)
            )
            .into_bytes()
        },
        takes: Takes::Any,
    },
    Form {
        what: "`POWERSYNC_CONFIG_B64` in an env file",
        file: "powersync.env",
        options: "",
        put: |text, _| {
            format!("# ours\nA=b\nPOWERSYNC_CONFIG_B64='{}'\nC=d", STANDARD.encode(text)).into_bytes()
        },
        takes: Takes::Any,
    },
];

impl Takes {
    fn takes(self, text: &[u8], extension: &str) -> bool {
        let Ok(text) = std::str::from_utf8(text) else { return false };
        let is_odd_line =
            |line: &str| line.trim_end().is_empty() && !line.is_empty() || line.starts_with('\t');
        let in_lines = text.ends_with('\n')
            && !text.ends_with("\n\n")
            && !text.starts_with([' ', '\n', '\u{feff}', '#'])
            && !text.contains('\r')
            && !text.lines().any(is_odd_line);
        match self {
            Self::Any => true,
            Self::Text => !text.contains('\r') && !text.starts_with('\u{feff}'),
            Self::Lines => in_lines,
            // Document marks, and block texts that keep blank lines, mean something else further in.
            Self::Yaml => {
                in_lines
                    && extension == "yaml"
                    && !text.contains("---")
                    && !text.contains("...")
                    && !text.contains("|+")
            }
        }
    }
}

#[test]
fn what_is_wrapped_is_edited_as_it_would_be_by_itself() {
    let mut tried = vec![0; FORMS.len()];
    for (name, file, content) in fixtures().iter().filter(|(name, ..)| !name.starts_with("bad-")) {
        let extension = file.rsplit('.').next().unwrap();
        for run in RUNS {
            let plain = Scene::with(file, content);
            let expected = plain.run(&format!("-c {file} {run}"));
            for (number, Form { what, file: path, options, put, takes }) in FORMS.iter().enumerate() {
                // Without a name, text is read as YAML and then as JSON: not what a `.json` file is read as.
                let has_name = put(b"", extension).windows(10).any(|text| text == b"powersync.");
                if !takes.takes(content, extension) || (!has_name && extension == "json") {
                    continue;
                }
                let scene = Scene::with(path, put(content, extension));
                let outcome = scene.run(&format!("-c {path} {options} {run}"));
                let said = format!("{name} {what} {run}: {}", outcome.stderr);
                // By itself, an empty mapping or a broken text is a config where it is named; further in, none is found.
                if outcome.stderr.contains("no config is in it")
                    || outcome.stderr.contains("is a PowerSync config")
                    || outcome.stderr.contains("this is no PowerSync config")
                {
                    let edited = plain.read(file) != *content;
                    let is_empty = !String::from_utf8_lossy(content).contains(':')
                        || !String::from_utf8_lossy(content).contains("client_auth");
                    assert!(!edited || is_empty, "{said}");
                    continue;
                }
                // What can't be told as YAML is read as JSON where the name doesn't say that it is YAML.
                if expected.stderr.contains("may read this differently")
                    && serde_json::from_slice::<serde_json::Value>(content).is_ok()
                {
                    continue;
                }
                assert_eq!(outcome.code, expected.code, "{said}\n{}", expected.stderr);
                let (is, wanted) = (scene.read(path), put(&plain.read(file), extension));
                // From a single line it can't be told how long lines may get.
                let is_short = STANDARD.encode(content).len() <= 70;
                let clean = |text: &[u8]| {
                    let text = String::from_utf8_lossy(text).into_owned();
                    if is_short {
                        text.split_whitespace().collect::<String>().replace("\\n", "")
                    } else {
                        text
                    }
                };
                assert_eq!(clean(&is), clean(&wanted), "{said}");
                tried[number] += 1;
            }
        }
    }
    for (form, tried) in FORMS.iter().zip(tried) {
        assert!(tried > 100, "{} was tried {tried} times", form.what);
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

/// JSON stays JSON, however little there is to imitate.
#[test]
fn an_empty_json_object_stays_json() {
    for (text, options) in [("{}", "-c -"), ("{}\n", "-c -"), ("e30=", "-c - --base64")] {
        let mut scene = Scene::new();
        scene.stdin = text.as_bytes().to_vec();
        let outcome = scene.run(&format!("{options} add --kid a"));
        let json = if options.contains("base64") {
            STANDARD.decode(outcome.stdout.trim()).unwrap()
        } else {
            outcome.stdout.into_bytes()
        };
        let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(value["client_auth"]["jwks"]["keys"][0]["kid"], "a", "{text}");
    }
}

const CONFIG: &str = "replication:\n  connections:\n    - type: postgresql\n      uri: !env PS_URI\nstorage:\n  type: mongodb\n  \
                      uri: !env PS_STORAGE\nsync_config: {content: 'config: {edition: 3}'}\nclient_auth:\n  audience: [app]\n  \
                      jwks:\n    keys:\n      - kty: oct\n        alg: HS256\n        kid: prod-1\n        k: \
                      7oOUMQRmDAtPFHSxu4FGTLlfCXJ2dXBPZuXeJVAtlHY\n";

/// What can be read, if anything, and is not edited: what it is, the file, and its text.
fn refused() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let config = |from: &str, to: &str| CONFIG.replace(from, to).into_bytes();
    let k = "7oOUMQRmDAtPFHSxu4FGTLlfCXJ2dXBPZuXeJVAtlHY";
    let map = format!(
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  powersync.yaml: |\n{}",
        indented(CONFIG.as_bytes(), 4)
    );
    vec![
        ("a ConfigMap with a secret in it", "map.yaml", map.into_bytes()),
        ("a chart template or Jinja: `{{ … }}` without quotes", "powersync.yaml", config(k, "{{ .Values.secret }}")),
        ("the same in quotes", "powersync.yaml", config(k, "'{{ .Values.secret }}'")),
        ("envsubst: `${…}`", "powersync.yaml", config(k, "${JWT_SECRET}")),
        ("envsubst in an address", "powersync.yaml", config("audience: [app]", "audience: [app]\n  jwks_uri: ${JWKS_URL}")),
        ("1Password: `op://…`", "powersync.yaml", config(k, "op://vault/powersync/jwt")),
        ("sops", "powersync.yaml", (config(k, "ENC[AES256_GCM,data:Zm9v]"), "sops: {mac: a}\n").concat_bytes()),
        ("Ansible Vault, the whole file", "powersync.yaml", b"$ANSIBLE_VAULT;1.1;AES256\n3365\n".to_vec()),
        (
            "Ansible Vault, a value",
            "powersync.yaml",
            config(k, "!vault |\n          $ANSIBLE_VAULT;1.1;AES256\n          3365"),
        ),
        ("git-crypt", "powersync.yaml", b"\0GITCRYPT\0\x01\x02".to_vec()),
        ("age", "powersync.yaml", b"age-encryption.org/v1\n-> X25519 a\n".to_vec()),
        ("SealedSecret", "sealed.yaml", b"apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nspec: {encryptedData: {}}\n".to_vec()),
        (
            "ExternalSecret",
            "external.yaml",
            b"apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec: {data: []}\n".to_vec(),
        ),
        ("a Compose file without one", "compose.yaml", b"services:\n  sync:\n    image: a\n    volumes: ['./conf/powersync.yaml:/config/powersync.yaml']\n".to_vec()),
        ("chart values without one", "values.yaml", b"replication: {enabled: true}\nstorage: {size: 1Gi}\napi: {}\n".to_vec()),
        ("a kustomization", "kustomization.yaml", b"resources: [a.yaml]\nsecretGenerator: []\n".to_vec()),
        ("a package.json", "package.json", b"{\"name\": \"a\", \"scripts\": {}}".to_vec()),
    ]
}

trait ConcatBytes {
    fn concat_bytes(self) -> Vec<u8>;
}

impl ConcatBytes for (Vec<u8>, &str) {
    fn concat_bytes(self) -> Vec<u8> {
        [self.0.as_slice(), self.1.as_bytes()].concat()
    }
}

const HEAD: &str = "# Forms

A config is found by what is at the top of a file: `client_auth`, `sync_config` or `sync_rules`, `_type: self-hosted` or
`cloud`, or `replication.connections`. It may come in another file. This page is made by the tests, from what the program
does.

Where several are in one file, `--entry NAME` (or `KIND/OBJECT/NAME`) names an entry of a Secret or ConfigMap, and `--at
a.b.c` the members that lead to it elsewhere.

```sh
kubectl get secret powersync -o json | powersync-jwks -c - rotate > new.json
# read the diff on the screen
kubectl replace -f new.json    # the cluster refuses it if someone else changed the Secret meanwhile
```

## Read and edited

Only the bytes of the config change.

| form | options | read | edited |
| --- | --- | --- | --- |
";

fn page() -> String {
    let mut text = HEAD.to_owned();
    let row = |form: &Form| {
        let scene = Scene::with(form.file, (form.put)(CONFIG.as_bytes(), "yaml"));
        let run =
            |command: &str| scene.run(&format!("-c {} {} {command}", form.file, form.options)).code == 0;
        let (read, edited) = (run("status"), run("rotate --yes"));
        let changed = scene.read(form.file) != (form.put)(CONFIG.as_bytes(), "yaml");
        let yes = |yes| if yes { "yes" } else { "no" };
        let options = if form.options.is_empty() { String::new() } else { format!("`{}`", form.options) };
        let what = form.what.replace('|', "\\|");
        format!("| {what} | {options} | {} | {} |\n", yes(read), yes(edited && changed))
    };
    text.extend(FORMS.iter().map(row));
    text += "\n## Not edited\n\nWhat is said, and whether `status` reads it all the same.\n\n| form | read | what is said |\n| --- | --- | --- |\n";
    for (what, file, content) in refused() {
        let scene = Scene::with(file, &content);
        let read = scene.run(&format!("-c {file} status")).code == 0;
        let edit = scene.run(&format!("-c {file} rotate --yes"));
        assert_eq!((edit.code, scene.read(file)), (2, content), "{what}: {}", edit.stderr);
        let last = edit.stderr.lines().find_map(|line| line.strip_prefix("error: ")).unwrap();
        let said = last.strip_prefix(&format!("{file}: ")).unwrap_or(last).replace('|', "\\|");
        writeln!(text, "| {what} | {} | {said} |", if read { "yes" } else { "no" }).unwrap();
    }
    text
}

#[test]
fn the_page_is_current() {
    if let Err(difference) = expect_file(&root().join("docs/forms.md"), &page()) {
        panic!("{difference}");
    }
}

/// The commands that may change a file, and those that only read.
const COMMANDS: [&str; 17] = [
    "rotate --yes",
    "rotate --standby --yes",
    "add --yes --kid other",
    "promote --yes",
    "prune --yes",
    "reconcile --yes",
    "retire @1 --yes --allow current-key,last-key",
    "remove @1 --yes --allow live-key,last-key,current-key",
    "move-secret @1 --to env --secret-out out.txt --yes",
    "check --fix --yes",
    "init --fill --yes",
    "status",
    "check",
    "redact",
    "timeline",
    "token --sub me",
    "export --as env",
];

/// The secrets that are in the cases.
const SECRETS: [&str; 4] = [
    "pmiwglbUG50UbN6KT3TXJX9egP7SbL2xKyEPJUIGmkM",
    "ZHJvd3NzYXB4eXo",
    "drowssapxyz",
    "super-secret-jwt-token",
];

/// Each case with every command: what changes is only what a config owns, and no secret is shown but by `export`.
#[test]
fn no_case_is_harmed_and_none_is_told() {
    let mut cases: Vec<_> = std::fs::read_dir(root().join("tests/forms")).unwrap().flatten().collect();
    cases.sort_by_key(std::fs::DirEntry::file_name);
    let mut told = String::new();
    for case in &cases {
        let name = case.file_name().into_string().unwrap();
        let content = std::fs::read(case.path()).unwrap();
        for command in COMMANDS {
            let scene = Scene::with(&name, &content);
            let outcome = scene.run(&format!("-c {name} {command}"));
            let said = format!("{name} {command}: {outcome:?}");
            assert!(outcome.code <= 2 && !outcome.stderr.contains("Please report"), "{said}");
            let shown = [outcome.stdout.as_str(), &outcome.stderr];
            let may_show = command.starts_with("export") || command.starts_with("token");
            // What a comment says in words, the redaction of texts is to find.
            let is_comment = name.starts_with("comment-copy");
            let is_told =
                !is_comment && SECRETS.iter().any(|secret| shown.iter().any(|text| text.contains(secret)));
            assert!(may_show || !is_told, "a secret is told: {said}");
            let is = scene.read(&name);
            if outcome.code == 2 {
                assert!(is == content, "a failed run wrote: {said}");
            }
            if std::path::Path::new(&name).extension().is_some_and(|extension| extension == "env") {
                assert!(is == content && outcome.code == 2, "{said}");
            }
            // Lines that go are the ones of keys, or what encodes the config.
            let lines =
                |text: &[u8]| String::from_utf8_lossy(text).lines().map(str::to_owned).collect::<Vec<_>>();
            let after = lines(&is);
            let gone: Vec<String> =
                lines(&content).into_iter().filter(|line| !after.contains(line)).collect();
            let is_own = |line: &String| {
                let line = line.trim();
                [
                    "keys:", "- kty", "kty:", "alg:", "kid:", "k:", "n:", "e:", "- {kty", "# shared", "pmiw",
                    "# \"",
                ]
                .iter()
                .any(|begin| line.starts_with(begin))
                    || line.len() > 40
                    || !line.contains([' ', ':'])
                    || line.contains("-----")
            };
            assert!(gone.iter().all(is_own), "{said}\n{gone:?}");
        }
        let scene = Scene::with(&name, &content);
        let (status, rotate) =
            (scene.run(&format!("-c {name} status")), scene.run(&format!("-c {name} rotate --yes")));
        let error = |outcome: &crate::common::Outcome| {
            outcome.stderr.lines().find(|line| line.starts_with("error: ")).map(str::to_owned)
        };
        let of = |outcome: &crate::common::Outcome| error(outcome).unwrap_or_else(|| "done".to_owned());
        writeln!(told, "{name}\n  status: {}\n  rotate: {}", of(&status), of(&rotate)).unwrap();
    }
    if let Err(difference) = expect_file(&root().join("tests/forms-told.txt"), &told) {
        panic!("{difference}");
    }
}
