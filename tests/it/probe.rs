//! Asking running services, over loopback: every answer that may come, and what is said of it.

#![cfg(feature = "probe")]

use std::cell::RefCell;
use std::net::TcpListener;
use std::rc::Rc;

use crate::common::service::{self, Reply, Server, counter, error, tls};
use crate::common::{NOW, Outcome, Scene, date, in_one_line};
use powersync_jwks::time::{NumericDate, Seconds};

const ONE: &str = "      - {kty: oct, alg: HS256, kid: one, k: MDEyMzQ1Njc4OWFiY2RlZi1maXJzdC1zZWNyZXQ}\n";
const TWO: &str = "      - {kty: oct, alg: HS256, kid: two, k: MDEyMzQ1Njc4OWFiY2RlZi1zZWNvbmQtc2VjcmV0}\n";
/// The secret of `two`, for any kid.
const ANY: &str = "      - {kty: oct, alg: HS256, k: MDEyMzQ1Njc4OWFiY2RlZi1zZWNvbmQtc2VjcmV0}\n";

fn config(keys: &str) -> String {
    let keys = if keys.is_empty() { " []\n".to_owned() } else { format!("\n{keys}") };
    format!("storage: {{type: mongodb}}\nclient_auth:\n  audience: ['app']\n  jwks:\n    keys:{keys}")
}

fn now() -> NumericDate {
    date(NOW)
}

fn scene() -> Scene {
    Scene::with("powersync.yaml", config(&format!("{ONE}{TWO}")))
}

/// Runs it, and looks that no token is shown, and no piece of a secret.
fn run(scene: &Scene, arguments: &str) -> Outcome {
    let outcome = scene.run(arguments);
    let shown = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(!shown.contains("eyJ"), "a token is shown: {shown}");
    for secret in [
        "MDEyMzQ1Njc4OWFiY2RlZi1maXJzdC1zZWNyZXQ",
        "OWFiY2RlZi1zZWNvbmQtc2VjcmV0",
        "0123456789abcdef-first-secret",
    ] {
        let piece = secret.as_bytes().windows(8).find(|piece| shown.contains(str::from_utf8(piece).unwrap()));
        assert!(piece.is_none(), "a piece of a secret is shown: {shown}");
    }
    outcome
}

/// What a service with these keys says of the config's, line by line without the heading.
fn said(scene: &Scene, server: &Server, options: &str) -> (u8, String, String) {
    let Outcome { code, stdout, stderr } = run(scene, &format!("probe {} {options}", server.url()));
    let lines: Vec<&str> = stdout.lines().skip(1).map(str::trim).collect();
    (code, lines.join("; "), in_one_line(&stderr))
}

#[test]
fn a_service_that_runs_with_the_config() {
    let server = Server::with(&config(&format!("{ONE}{TWO}")), now());
    let (code, found, stderr) = said(&scene(), &server, "");
    assert_eq!((code, found.as_str()), (0, "one  live; two  live"), "{stderr}");
    assert_eq!(stderr, "The running service knows every key of powersync.yaml, wherever it was asked.");
    let requests = server.requests();
    assert_eq!(requests.len(), 6, "three questions a key");
    for request in &requests {
        assert_eq!(request.line, "POST /sync/stream HTTP/1.1");
        assert_eq!(request.body, "{}");
        assert_eq!(request.headers["host"], server.address.to_string());
        assert!(!request.headers.contains_key("accept-encoding"), "{request:?}");
        assert_eq!(request.connection, 0, "one connection a try");
    }
}

#[test]
fn what_differs_is_told_key_by_key() {
    let scene = scene();
    let other_secret = TWO.replace("k: MDEy", "k: NDU2");
    let other_algorithm = TWO.replace("HS256", "HS384");
    for (keys, found, told) in [
        (ONE.to_owned(), "one  live; two  absent", "doesn't know two: it has not restarted"),
        (
            format!("{ONE}{other_secret}"),
            "one  live; two  other secret",
            "has the kid two with another secret",
        ),
        (
            format!("{ONE}{other_algorithm}"),
            "one  live; two  other algorithm",
            "has the kid two with another secret",
        ),
        (
            format!("{ONE}{ANY}"),
            "one  live; two  absent; a key without kid has its secret",
            "doesn't know two",
        ),
        (String::new(), "one  absent; two  absent", "knows none of the keys of powersync.yaml"),
    ] {
        let server = Server::with(&config(&keys), now());
        let (code, said, stderr) = said(&scene, &server, "");
        assert_eq!((code, said.as_str()), (1, found), "{stderr}");
        assert!(stderr.contains(told) && stderr.contains("To do: restart every replica"), "{stderr}");
    }
}

#[test]
fn a_wildcard_beside_the_key_hides_nothing() {
    let server = Server::with(&config(&format!("{ONE}{TWO}{ANY}")), now());
    assert_eq!(said(&scene(), &server, "").1, "one  live; two  live");
    let scene = Scene::with("powersync.yaml", config(&format!("{ONE}{ANY}")));
    assert_eq!(said(&scene, &server, "").1, "one  live; @2   live");
    let without = Server::with(&config(&format!("{ONE}{TWO}")), now());
    assert_eq!(said(&scene, &without, "").1, "one  live; @2   absent");
}

#[test]
fn something_in_between_that_answers_for_the_service_is_noticed() {
    let scene = scene();
    for (code, description) in [
        ("PSYNC_S2105", "Unexpected \"aud\" claim value: \"x\""),
        ("PSYNC_S2104", "Token must expire in a maximum of 86400 seconds, got 86401s"),
        ("PSYNC_S2101", "signature verification failed"),
        ("PSYNC_S2101", "Unexpected token algorithm HS256"),
    ] {
        let server = Server::new(move |_| Reply::Answer(401, "", error(code, description)));
        let (exit, _, stderr) = said(&scene, &server, "");
        assert_eq!(exit, 2, "{stderr}");
        assert!(stderr.contains("it gives the same answer whatever it is asked"), "{stderr}");
    }
    // As a service without these keys does.
    let server = Server::new(|_| {
        Reply::Answer(401, "", error("PSYNC_S2101", "Could not find an appropriate key in the keystore."))
    });
    assert_eq!(said(&scene, &server, "").0, 1);
}

#[test]
fn s2104_and_s2103_come_after_the_signature() {
    let scene = scene();
    let config = config(&format!("{ONE}{TWO}"));
    let as_is = service::service(&config, now());
    let server = Server::new(move |request| match as_is(request) {
        Reply::Answer(401, _, body) if body.contains("S2105") => Reply::Answer(
            401,
            "",
            error("PSYNC_S2104", "Token must expire in a maximum of 86400 seconds, got 9s"),
        ),
        other => other,
    });
    assert_eq!(said(&scene, &server, "").1, "one  live; two  live");

    server.restart(&config, now() + Seconds::hours(1));
    let (code, found, stderr) = said(&scene, &server, "");
    assert_eq!((code, found.as_str()), (0, "one  live; two  live"), "{stderr}");
    assert!(stderr.contains("is 1 hour ahead of this machine's"), "{stderr}");

    server.restart(&config, now() + Seconds::new(-600));
    let (code, _, stderr) = said(&scene, &server, "");
    assert_eq!(code, 0);
    assert!(stderr.contains("is 10 minutes behind this machine's"), "{stderr}");
    // What the schedule takes for granted is not worth a word.
    server.restart(&config, now() + Seconds::new(60));
    assert!(!said(&scene, &server, "").2.contains("clock"));
}

#[test]
fn three_replicas_of_which_one_is_stale() {
    let scene = scene();
    let new = config(&format!("{ONE}{TWO}"));
    let servers = [Server::with(&new, now()), Server::with(&config(ONE), now()), Server::with(&new, now())];
    let urls: Vec<String> = servers.iter().map(Server::url).collect();
    let outcome = run(&scene, &format!("probe {}", urls.join(" ")));
    assert_eq!(outcome.code, 1);
    let told = format!("{} doesn't know two", urls[1]);
    assert!(in_one_line(&outcome.stderr).contains(&told), "{}", outcome.stderr);
    assert_eq!(outcome.stdout.matches("live").count(), 5, "{}", outcome.stdout);
    servers[1].restart(&new, now());
    assert_eq!(run(&scene, &format!("probe {}", urls.join(" "))).code, 0);
}

#[test]
fn a_restart_in_the_middle_is_not_taken_for_one_state() {
    let scene = Scene::with("powersync.yaml", config(TWO));
    for switch in 1..3 {
        let (old, new) = (service::service(&config(ONE), now()), service::service(&config(TWO), now()));
        let count = counter();
        let server = Server::new(move |request| if count() < switch { old(request) } else { new(request) });
        let (code, found, stderr) = said(&scene, &server, "");
        assert_eq!((code, found.as_str()), (1, "two  answers differ"), "{stderr}");
        assert!(stderr.contains("some of the replicas behind it have restarted"), "{stderr}");
    }
}

#[test]
fn many_connections_through_a_load_balancer() {
    let scene = scene();
    let (old, new) = (config(ONE), config(&format!("{ONE}{TWO}")));
    let server = Server::with(&new, now());
    let (code, found, _) = said(&scene, &server, "--tries 12");
    assert_eq!(
        (code, found.as_str()),
        (0, "through one address: 12 of 12 answers; replicas unknown; one  live; two  live")
    );
    let last = server.requests().last().unwrap().connection;
    assert_eq!(last, 11, "a connection for each try");

    let (old, new) = (service::service(&old, now()), service::service(&new, now()));
    server.set(move |request| if request.connection % 4 == 0 { old(request) } else { new(request) });
    let (code, found, stderr) = said(&scene, &server, "--tries 12");
    assert_eq!(code, 1);
    assert!(found.ends_with("one  live; two  live 9 of 12, absent 3 of 12"), "{found}");
    assert!(stderr.contains("about two differ"), "{stderr}");
}

#[test]
fn where_nobody_answers_twice_nobody_is_asked_again() {
    let scene = scene();
    let server = Server::new(|_| Reply::Answer(503, "", String::new()));
    assert_eq!(said(&scene, &server, "--tries 12").0, 2);
    assert_eq!(server.requests().len(), 2);
    // One bad answer in between is no reason to stop.
    let fine = service::service(&config(&format!("{ONE}{TWO}")), now());
    server.set(
        move |request| {
            if request.connection == 2 { Reply::Answer(503, "", String::new()) } else { fine(request) }
        },
    );
    let (code, found, _) = said(&scene, &server, "--tries 12");
    assert_eq!(code, 2);
    assert!(found.starts_with("through one address: 11 of 12 answers"), "{found}");
}

#[test]
fn what_was_removed_and_is_still_known() {
    let scene = Scene::with("powersync.yaml", config(TWO));
    scene.write("old.yaml", config(&format!("{ONE}{TWO}")));
    let server = Server::with(&config(&format!("{ONE}{TWO}")), now());
    assert_eq!(said(&scene, &server, "").0, 0);
    let (code, found, stderr) = said(&scene, &server, "--against old.yaml");
    assert_eq!((code, found.as_str()), (1, "two            live; one (removed)  live"));
    assert!(stderr.contains("still knows one, which powersync.yaml no longer has"), "{stderr}");
    server.restart(&config(TWO), now());
    let (code, found, stderr) = said(&scene, &server, "--against old.yaml");
    assert_eq!((code, found.as_str()), (0, "two            live; one (removed)  absent"), "{stderr}");
}

type Answering = dyn Fn() -> Reply + Send + Sync;

#[test]
fn answers_that_are_none_are_named() {
    let scene = scene();
    let page = || "<!doctype html><title>Sign in</title>".to_owned();
    let elsewhere = Server::new(|_| Reply::Silence);
    let location: &'static str = Box::leak(format!("location: {}/\r\n", elsewhere.url()).into_boxed_str());
    let answers: Vec<(Box<Answering>, &str)> = vec![
        (Box::new(move || Reply::Answer(307, location, String::new())), "which is not followed with a token"),
        (
            Box::new(move || Reply::Answer(302, location, String::new())),
            "it answers with a redirect to http://",
        ),
        (
            Box::new(|| Reply::Answer(200, "", "{}".to_owned())),
            "it answers 200 to a token that nobody should accept",
        ),
        (Box::new(|| Reply::Answer(404, "", "no".to_owned())), "there is no `/sync/stream` below this URL"),
        (
            Box::new(|| Reply::Answer(400, "", error("PSYNC_S1001", "invalid"))),
            "it answers 400 before it looks at the token: PSYNC_S1001 invalid",
        ),
        (
            Box::new(|| Reply::Answer(500, "", error("PSYNC_S2302", "No sync config available"))),
            "it answers 500: PSYNC_S2302 No sync config available",
        ),
        (Box::new(move || Reply::Answer(503, "", page())), "it answers 503: a page of HTML"),
        (Box::new(move || Reply::Answer(401, "", page())), "Something in between wants a login of its own"),
        (Box::new(|| Reply::Answer(401, "", "{}".to_owned())), "not as the PowerSync Service does"),
        (
            Box::new(|| Reply::Answer(401, "", error("PSYNC_S2106", "Authentication required"))),
            "removes the Authorization header",
        ),
        (
            Box::new(|| Reply::Answer(401, "content-encoding: gzip\r\n", "x".to_owned())),
            "the answer is compressed (gzip)",
        ),
        (Box::new(|| Reply::Endless), "longer than 64 KiB"),
        (Box::new(|| Reply::Noise), "the connection broke"),
    ];
    for (answer, told) in answers {
        let server = Server::new(move |_| answer());
        let (code, found, stderr) = said(&scene, &server, "");
        assert_eq!((code, found.as_str()), (2, "not asked"), "{stderr}");
        assert!(
            stderr.starts_with(&format!("error: {}: ", server.url())) && stderr.contains(told),
            "{told}: {stderr}"
        );
    }
    assert!(elsewhere.requests().is_empty(), "a token went elsewhere");
}

#[test]
fn a_server_that_repeats_the_token_gets_no_echo() {
    let scene = scene();
    for status in [400, 401, 500] {
        let server = Server::new(move |request| {
            Reply::Answer(status, "", error("PSYNC_S2101", &request.headers["authorization"]))
        });
        let (code, _, stderr) = said(&scene, &server, "");
        assert_eq!(code, 2);
        assert!(stderr.contains("(not shown: it repeats the token)"), "{stderr}");
    }
}

#[test]
fn no_answer_at_all_is_named() {
    let scene = scene();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let outcome = run(&scene, &format!("probe {gone}"));
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("the connection was refused: nothing listens there"),
        "{}",
        outcome.stderr
    );

    let server = Server::new(|_| Reply::Silence);
    let (code, _, stderr) = said(&scene, &server, "--timeout 1s");
    assert_eq!(code, 2);
    assert!(stderr.contains("no answer came within 1 second"), "{stderr}");

    let outcome = run(&scene, &format!("probe {gone} {}", gone.replace("http", "https")));
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.ends_with("error: 2 of 2 endpoints unreachable\n"), "{}", outcome.stderr);
}

#[test]
fn what_is_no_url_is_refused_before_anything_is_asked() {
    for (url, told) in [
        ("localhost:8080", "this is not a URL"),
        ("ftp://localhost", "must begin with https:// or http://"),
        ("https://user:hunter2@localhost", "has a user name or a password in it"),
        ("https://localhost/?x=1", "ends in `?…` or `#…`"),
        ("http://localhost:123456", "the port of the URL"),
    ] {
        let outcome = run(&scene(), &format!("probe {url}"));
        assert_eq!(outcome.code, 2, "{url}");
        assert!(
            outcome.stderr.contains(told) && !outcome.stderr.contains("hunter2"),
            "{url}: {}",
            outcome.stderr
        );
    }
    let outcome = run(&scene(), "probe");
    assert!(outcome.stderr.contains("name the service as its clients reach it"), "{}", outcome.stderr);
    let outcome = run(&scene(), "probe --now 2027-01-01 http://localhost:1");
    assert!(outcome.stderr.contains("`--now` overrides the clock here"), "{}", outcome.stderr);
}

#[test]
fn https_with_an_authority_of_ones_own() {
    let scene = scene();
    let text = config(&format!("{ONE}{TWO}"));
    let (server, authority) =
        tls::serve("127.0.0.1:0", &["localhost"], service::service(&text, now())).unwrap();
    scene.write("ca.pem", &authority);
    scene.write("empty.pem", "nothing\n");
    let port = server.address.port();
    let outcome = run(&scene, &format!("probe https://localhost:{port} --ca ca.pem"));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);

    for (arguments, told) in [
        (format!("https://localhost:{port}"), "its certificate is not trusted here: "),
        (format!("https://127.0.0.1:{port} --ca ca.pem"), "its certificate is not trusted here: "),
        (format!("http://localhost:{port}"), "the connection broke"),
        (format!("https://localhost:{port} --ca empty.pem"), "empty.pem: there is no certificate in it"),
        (format!("https://localhost:{port} --ca none.pem"), "none.pem: "),
    ] {
        let outcome = run(&scene, &format!("probe {arguments}"));
        assert_eq!(outcome.code, 2, "{arguments}");
        assert!(outcome.stderr.contains(told), "{arguments}: {}", outcome.stderr);
    }
    let outcome = run(&scene, &format!("probe https://localhost:{port} --insecure"));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(
        outcome.stderr.starts_with("warning: certificates are not checked (`--insecure`)"),
        "{}",
        outcome.stderr
    );

    let plain = Server::plain();
    let outcome = run(&scene, &format!("probe https://{} --ca ca.pem", plain.address));
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("TLS handshake failed"), "{}", outcome.stderr);
}

#[test]
fn every_address_of_a_name_is_asked_under_that_name() {
    let scene = scene();
    let text = config(&format!("{ONE}{TWO}"));
    let (four, authority) =
        tls::serve("127.0.0.1:0", &["localhost"], service::service(&text, now())).unwrap();
    let port = four.address.port();
    // The same port on the other family, where this machine has it.
    let six = tls::serve(&format!("[::1]:{port}"), &["localhost"], service::service(&config(ONE), now()));
    scene.write(
        "ca.pem",
        six.as_ref().map_or_else(|_| authority.clone(), |(_, other)| format!("{authority}{other}")),
    );
    let outcome = run(&scene, &format!("probe --all-addresses https://localhost:{port} --ca ca.pem"));
    assert!(
        outcome
            .stdout
            .contains(&format!("https://localhost:{port} at 127.0.0.1\n  one  live\n  two  live\n")),
        "{} {}",
        outcome.stdout,
        outcome.stderr
    );
    assert!(four.requests().iter().all(|request| request.headers["host"] == format!("localhost:{port}")));
}

#[test]
fn ipv6_and_a_path_before_the_asked_one() {
    let text = config(&format!("{ONE}{TWO}"));
    let server = Server::with(&text, now());
    let outcome = run(&scene(), &format!("probe {}/sync/", server.url()));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(server.requests()[0].line, "POST /sync/sync/stream HTTP/1.1");
    if let Ok(server) = Server::on("[::1]:0", service::service(&text, now())) {
        let outcome = run(&scene(), &format!("probe http://[::1]:{}/a/sync/stream", server.address.port()));
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        assert_eq!(server.requests()[0].line, "POST /a/sync/stream HTTP/1.1");
    }
}

#[test]
fn waiting_ends_when_the_service_has_restarted_or_the_time_is_over() {
    let mut scene = scene();
    let server = Rc::new(Server::with(&config(ONE), now()));
    let pauses = Rc::new(RefCell::new(Vec::new()));
    let (to_restart, noted) = (Rc::clone(&server), Rc::clone(&pauses));
    scene.sleep = Box::new(move |pause| {
        noted.borrow_mut().push(pause.as_secs());
        match noted.borrow().len() {
            // Away in the middle of a restart: no reason to give up.
            2 => to_restart.set(|_| Reply::Answer(503, "", String::new())),
            4 => to_restart.restart(&config(&format!("{ONE}{TWO}")), now()),
            _ => {}
        }
    });
    let outcome = run(&scene, &format!("probe {} --wait 10m", server.url()));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(*pauses.borrow(), [1, 2, 4, 8]);

    server.restart(&config(ONE), now());
    pauses.borrow_mut().extend([0; 10]);
    let outcome = run(&scene, &format!("probe {} --wait 100s", server.url()));
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert_eq!(pauses.borrow()[14..], [1, 2, 4, 8, 16, 30, 30, 9]);

    scene.terminal = true;
    pauses.borrow_mut().clear();
    server.restart(&config(ONE), now());
    let outcome = run(&scene, &format!("probe {} --wait 10m", server.url()));
    assert!(
        outcome.stderr.contains("Waiting: 1 of 2 keys as the config says; 10 min left"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn secrets_in_variables() {
    let in_variable = TWO.replace("MDEyMzQ1Njc4OWFiY2RlZi1zZWNvbmQtc2VjcmV0", "!env PS_TWO");
    let mut scene = Scene::with("powersync.yaml", config(&format!("{ONE}{in_variable}")));
    let server = Server::with(&config(&format!("{ONE}{TWO}")), now());
    let (code, found, stderr) = said(&scene, &server, "");
    assert_eq!((code, found.as_str()), (2, "one  live"));
    assert!(stderr.starts_with("note: two is not asked for: its `k` is in PS_TWO"), "{stderr}");
    scene.write("service.env", "PS_TWO=MDEyMzQ1Njc4OWFiY2RlZi1zZWNvbmQtc2VjcmV0\n");
    assert_eq!(said(&scene, &server, "--env-file service.env").0, 0);
    // The environment wins, and here it is not the service's.
    scene.variables.push(("PS_TWO".to_owned(), "b3RoZXI".to_owned()));
    assert_eq!(said(&scene, &server, "--env-file service.env").1, "one  live; two  other secret");
}

#[test]
fn for_programs() {
    let scene = scene();
    let server = Server::with(&config(ONE), now());
    let outcome = run(&scene, &format!("probe {} --format json --tries 2", server.url()));
    assert_eq!(outcome.code, 1);
    let report: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!((&report["version"], &report["as_config"]), (&1.into(), &false.into()));
    let place = &report["places"][0];
    assert_eq!(
        (&place["url"], &place["answered"], &place["clock_ahead"]),
        (&server.url().into(), &2.into(), &0.into())
    );
    assert_eq!(place["keys"][1]["found"], serde_json::json!([{"state": "absent", "answers": 2}]));

    server.set(|_| Reply::Answer(503, "", String::new()));
    let outcome = run(&scene, &format!("probe {} --format json", server.url()));
    assert_eq!(outcome.code, 2);
    let report: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(report["as_config"], serde_json::Value::Null);
    assert_eq!(report["places"][0]["error"], "it answers 503: (nothing more)");
}

#[test]
fn status_gets_a_column() {
    let scene = scene();
    let server = Server::with(&config(ONE), now());
    let outcome = run(&scene, &format!("status --probe {}", server.url()));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let rows: Vec<&str> = outcome.stdout.lines().collect();
    assert!(
        rows[0].ends_with("SECRET   SERVICE") && rows[1].ends_with("in file  live"),
        "{}",
        outcome.stdout
    );
    assert!(rows[2].ends_with("in file  absent"), "{}", outcome.stdout);
    let outcome = run(&scene, &format!("status --format json --probe {}", server.url()));
    let report: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(report["configs"][0]["keys"][1]["service"], "absent");
    drop(server);
    let outcome = run(&scene, "status --probe http://127.0.0.1:1");
    assert_eq!(outcome.code, 2);
    assert!(outcome.stdout.contains("not asked"), "{}", outcome.stdout);
    scene.write("other.yaml", config(ONE));
    let outcome = run(&scene, "status powersync.yaml other.yaml --probe http://127.0.0.1:1");
    assert!(outcome.stderr.contains("`--probe` goes with one config"), "{}", outcome.stderr);
}
