//! The npm packages that hold the service's own reading code accept every config that `init` can write, and read the
//! key we read. Needs Node 20.12 or newer and `npm ci` in tests/conformance: `cargo test --features conformance`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::common::{Scene, root};
use powersync_jwks::config::{Config, Input};
use powersync_jwks::for_tests::EnvFile;
use powersync_jwks::keyset::{KeySet, Material, SecretSource};
use serde_json::{Value, json};

/// What Node says to these files.
fn ask_node(files: &[Value]) -> Vec<Value> {
    let script = root().join("tests/conformance/config.mjs");
    let command = Command::new("node").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut node = command.unwrap();
    node.stdin.take().unwrap().write_all(json!(files).to_string().as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "node failed. Is `npm ci` done in tests/conformance?");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A config that was written, and where its parts are.
struct Written {
    options: String,
    scene: Scene,
    config: &'static str,
    env: Option<&'static str>,
}

impl Written {
    fn files(&self) -> Value {
        let path = |name: &str| self.scene.path(name);
        let sync: PathBuf = path(self.config).with_file_name("sync-config.yaml");
        json!({"config": path(self.config), "env": self.env.map(path), "sync": sync})
    }

    /// The kid and the bytes of its key, as we read them.
    fn key(&self) -> (String, String) {
        let bytes = self.scene.read(self.config);
        let config = Config::parse(&bytes, Input::Yaml).unwrap();
        let env = self.env.map(|env| EnvFile::parse(&self.scene.read(env)).unwrap());
        let keys = KeySet::read_with(&config, &|name: &str| {
            Some(zeroize::Zeroizing::new(env.as_ref()?.value(name)?.to_owned()))
        });
        let [key] = keys.keys() else { panic!("{}: {} keys", self.options, keys.keys().len()) };
        let Material::Symmetric { secret, .. } = &key.material else { panic!("{}", self.options) };
        let known = match secret {
            SecretSource::Inline(known) => known,
            SecretSource::Variable { known, .. } => known.as_ref().unwrap(),
        };
        let mut hex = String::new();
        for byte in known.secret.bytes() {
            write!(hex, "{byte:02x}").unwrap();
        }
        (key.kid.value().unwrap().as_str().to_owned(), hex)
    }
}

fn write_all() -> Vec<Written> {
    let mut all = Vec::new();
    for source in ["postgresql", "mongodb", "mysql", "mssql", "convex"] {
        for storage in ["mongodb", "postgresql"] {
            for secrets in ["env", "env --compose", "inline"] {
                for (layout, config, env) in [
                    ("service", "powersync.yaml", ".env"),
                    ("cli", "powersync/service.yaml", "powersync/docker/.env"),
                ] {
                    let scene = Scene::new();
                    let options = format!(
                        "--source {source} --storage {storage} --secrets {secrets} --layout {layout}"
                    );
                    let outcome = scene
                        .run(&format!("init --yes {options} --audience app --audience https://a.example"));
                    assert_eq!(outcome.code, 0, "{options}: {}", outcome.stderr);
                    let env = (secrets != "inline").then_some(env);
                    all.push(Written { options, scene, config, env });
                }
            }
        }
    }
    all
}

#[test]
fn the_service_reads_every_new_config_as_we_do() {
    let all = write_all();
    let files: Vec<Value> = all.iter().map(Written::files).collect();
    let answers = ask_node(&files);
    assert_eq!(answers.len(), all.len());
    for (written, answer) in all.iter().zip(answers) {
        let (kid, bytes) = written.key();
        let expected = json!({
            "keys": [{"kid": kid, "bytes": bytes}], "audience": ["app", "https://a.example"], "tokens": 1
        });
        assert_eq!(answer, expected, "{}", written.options);
    }
}

/// `powersync init self-hosted`, uncommented by hand, and then filled.
#[test]
fn the_service_reads_a_template_that_was_filled() {
    let scene = Scene::with(
        "powersync/service.yaml",
        "_type: self-hosted\nreplication:\n  connections:\n    - {type: postgresql, uri: !env PS_DATA_SOURCE_URI}\n\
         storage: {type: mongodb, uri: !env PS_MONGO_URI}\nport: !env PS_PORT\nclient_auth:\n  jwks:\n    keys:\n      \
         - {kty: oct, alg: HS256, kid: example-key, k: !env PS_CLIENT_AUTH_KEY}\n  audience: [authenticated]\n\
         api:\n  tokens: [!env PS_ADMIN_TOKEN]\n",
    );
    scene.write(
        "powersync/docker/.env",
        "PS_DATA_SOURCE_URI=postgresql://a:b@c/d\nPS_MONGO_URI=mongodb://m/d\nPS_PORT=80\n",
    );
    let written = Written {
        options: String::new(),
        scene,
        config: "powersync/service.yaml",
        env: Some("powersync/docker/.env"),
    };
    let without = json!({"config": written.files()["config"], "env": written.files()["env"], "sync": null});
    let [before] = ask_node(std::slice::from_ref(&without)).try_into().unwrap();
    assert!(before["error"].as_str().unwrap().contains("is not set"), "{before}");
    assert_eq!(written.scene.run("init --fill --yes").code, 0);
    let [after] = ask_node(&[without]).try_into().unwrap();
    let (kid, bytes) = written.key();
    assert_eq!(
        after,
        json!({"keys": [{"kid": kid, "bytes": bytes}], "audience": ["authenticated"], "tokens": 1})
    );
}
