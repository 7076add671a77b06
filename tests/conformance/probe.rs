//! `probe` against a server that verifies with `jose`, as the service does. Needs Node, `npm ci` in `tests/conformance`,
//! and the feature `conformance`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::common::{Scene, root};
use powersync_jwks::time::{Clock as _, Seconds, SystemClock};
use serde_json::Value;

/// A Node process, and the lines it writes.
struct Server {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    port: String,
}

impl Server {
    fn start(arguments: &[&Path]) -> Self {
        let mut child = Command::new("node")
            .current_dir(root().join("tests/conformance"))
            .arg("server.mjs")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let port = line(&mut stdout);
        Self { child, stdin, stdout, port }
    }

    fn restart(&mut self) {
        writeln!(self.stdin).unwrap();
        assert_eq!(line(&mut self.stdout), "started");
    }

    /// It restarts by itself behind that many answers.
    fn restart_after(&mut self, answers: usize) {
        writeln!(self.stdin, "{answers}").unwrap();
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its own child, which may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn line(from: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    from.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

/// Before it is believed: every row of the token table, over HTTP.
#[test]
fn the_server_says_what_the_service_says() {
    let kept = std::fs::read_to_string(root().join("tests/tokens/tokens.json")).unwrap();
    let kept: Value = serde_json::from_str(&kept).unwrap();
    let scene = Scene::new();
    let mut servers = BTreeMap::new();
    for (name, config) in kept["configs"].as_object().unwrap() {
        scene.write(name, config.as_str().unwrap());
        servers.insert(name.as_str(), Server::start(&[&scene.path(name)]));
    }
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let mut asked = 0;
    for token in kept["tokens"].as_array().unwrap() {
        let text = token["token"].as_str().unwrap();
        // It has no other sets of keys to ask for.
        if token["sets"].as_array().is_some_and(|sets| !sets.is_empty()) {
            continue;
        }
        // Node takes no longer headers, and HTTP trims and refuses some characters.
        if text.len() > 15_000 || text.trim() != text || !text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        {
            continue;
        }
        let request = agent
            .post(format!("{}/sync/stream", servers[token["config"].as_str().unwrap()].url()))
            .header("authorization", format!("Bearer {text}"))
            .header("x-now", token["at"].to_string());
        let mut response = request.send("{}").unwrap();
        let body: Value = serde_json::from_str(&response.body_mut().read_to_string().unwrap()).unwrap();
        let name = &token["name"];
        if token["decision"] == "accepted" {
            assert_eq!(response.status(), 200, "{name}: {body}");
        } else if let Some(status) = token["code"].as_str().unwrap().strip_prefix("HTTP ") {
            assert_eq!(response.status().as_str(), status, "{name}: {body}");
        } else {
            assert_eq!(response.status(), 401, "{name}");
            assert_eq!(
                (&body["error"]["code"], &body["error"]["description"]),
                (&token["code"], &token["message"]),
                "{name}"
            );
        }
        asked += 1;
    }
    assert!(asked > 140, "{asked}");
}

const ONE: &str = "      - {kty: oct, alg: HS256, kid: one, k: MDEyMzQ1Njc4OWFiY2RlZi1maXJzdC1zZWNyZXQ}\n";
const TWO: &str = "      - {kty: oct, alg: HS512, kid: two, k: MDEyMzQ1Njc4OWFiY2RlZi1zZWNvbmQtc2VjcmV0}\n";
const ANY: &str = "      - {kty: oct, alg: HS512, k: MDEyMzQ1Njc4OWFiY2RlZi1zZWNvbmQtc2VjcmV0}\n";

fn config(keys: &str) -> String {
    format!("client_auth:\n  audience: ['app']\n  jwks:\n    keys:\n{keys}")
}

/// A config in a directory, at the time it is: Node looks at the clock of the machine.
fn scene() -> Scene {
    let mut scene = Scene::with("powersync.yaml", config(&format!("{ONE}{TWO}")));
    scene.now = SystemClock.now();
    scene
}

#[test]
fn probe_sees_a_restart_with_jose() {
    let scene = scene();
    scene.write("service.yaml", config(ONE));
    let mut server = Server::start(&[&scene.path("service.yaml")]);
    let probe = format!("-c powersync.yaml probe {}", server.url());
    for (keys, found, code) in [
        (ONE.to_owned(), "one  live\n  two  absent\n", 1),
        (format!("{ONE}{ANY}"), "one  live\n  two  absent; a key without kid has its secret\n", 1),
        (format!("{ONE}{TWO}{ANY}"), "one  live\n  two  live\n", 0),
        (format!("{ONE}{}", TWO.replace("HS512", "HS256")), "one  live\n  two  other algorithm\n", 1),
        (format!("{ONE}{}", TWO.replace("k: MDEy", "k: NDU2")), "one  live\n  two  other secret\n", 1),
        (format!("{ONE}{TWO}"), "one  live\n  two  live\n", 0),
    ] {
        let before = scene.run(&probe);
        scene.write("service.yaml", config(&keys));
        assert_eq!(scene.run(&probe).stdout, before.stdout, "an edit alone changes nothing");
        server.restart();
        let outcome = scene.run(&probe);
        assert_eq!(outcome.stdout, format!("{}\n  {found}", server.url()), "{}", outcome.stderr);
        assert_eq!(outcome.code, code, "{}", outcome.stderr);
    }
}

#[test]
fn a_restart_in_the_middle_of_a_probe_is_noticed_with_jose() {
    let scene = scene();
    scene.write("powersync.yaml", config(TWO));
    scene.write("service.yaml", config(ONE));
    let mut server = Server::start(&[&scene.path("service.yaml")]);
    for answers in 1..3 {
        scene.write("service.yaml", config(ONE));
        server.restart();
        scene.write("service.yaml", config(TWO));
        server.restart_after(answers);
        let outcome = scene.run(&format!("-c powersync.yaml probe {}", server.url()));
        assert_eq!(line(&mut server.stdout), "started");
        assert_eq!(outcome.stdout, format!("{}\n  two  answers differ\n", server.url()));
        assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    }
    let outcome = scene.run(&format!("-c powersync.yaml probe {}", server.url()));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}

/// A rotation in two steps, over three replicas that verify with `jose`.
#[test]
fn a_key_is_promoted_once_the_last_of_three_replicas_has_restarted_with_jose() {
    let mut scene = Scene::with("powersync.yaml", config(ONE));
    scene.now = SystemClock.now();
    let mut servers: Vec<Server> = (0..3).map(|_| Server::start(&[&scene.path("powersync.yaml")])).collect();
    // Made an hour ago, so that it may be promoted now: what holds it back is that it isn't known.
    let begin = scene.now;
    scene.now = begin + Seconds::hours(-1);
    assert_eq!(scene.run("rotate --standby --yes --deploy-within 50m").code, 0);
    scene.now = begin;
    let probes: Vec<String> = servers.iter().map(|server| format!("--probe {}", server.url())).collect();
    let reconcile = format!("reconcile --yes --deploy-within 50m {}", probes.join(" "));
    let waiting = scene.text("powersync.yaml");
    for stale in [2, 0, 1] {
        scene.now = SystemClock.now();
        let outcome = scene.run(&reconcile);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        assert!(outcome.stderr.contains("waiting: "), "{}", outcome.stderr);
        assert_eq!(scene.text("powersync.yaml"), waiting);
        servers[stale].restart();
    }
    scene.now = SystemClock.now();
    let outcome = scene.run(&reconcile);
    assert!(outcome.stdout.contains("~ promoted "), "{} {}", outcome.stdout, outcome.stderr);
}

#[test]
fn probe_over_https_to_node() {
    let scene = scene();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate =
        rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    scene.write("key.pem", key.serialize_pem());
    scene.write("certificate.pem", certificate.pem());
    let server = Server::start(
        &["powersync.yaml", "key.pem", "certificate.pem"]
            .map(|name| scene.path(name))
            .each_ref()
            .map(AsRef::as_ref),
    );
    let url = format!("https://localhost:{}", server.port);
    let outcome = scene.run(&format!("probe {url} --ca certificate.pem"));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let outcome = scene.run(&format!("probe {url}"));
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("its certificate is not trusted here"), "{}", outcome.stderr);
}
