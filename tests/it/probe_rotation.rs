//! Rotation that waits for the running service: promotion, removal and the timer, against replicas without a network.

use crate::common::dice::Dice;
use crate::common::service::Replicas;
use crate::common::{NOW, Outcome, Scene, date, in_one_line};
use powersync_jwks::time::{NumericDate, Seconds};

const CONFIG: &str = "\
storage: {type: mongodb}
client_auth:
  audience: ['app']
  jwks:
    keys:
      - kty: oct
        alg: HS256
        kid: one
        k: MDEyMzQ1Njc4OWFiY2RlZi1maXJzdC1zZWNyZXQtb2YtdGVzdHM
        iat: 1790000000
";
const ONE: &str = "http://one:8080";
const TWO: &str = "http://two:8080";

struct Deployment {
    scene: Scene,
    replicas: Replicas,
}

impl Deployment {
    /// Two replicas that run with the config as it is.
    fn new() -> Self {
        let mut scene = Scene::with("powersync.yaml", CONFIG);
        let replicas = Replicas::default();
        scene.ask = replicas.ask();
        let deployment = Self { scene, replicas };
        deployment.restart("one");
        deployment.restart("two");
        deployment
    }

    fn restart(&self, host: &str) {
        self.replicas.restart(host, &self.scene.text("powersync.yaml"), self.scene.now);
    }

    fn at(&mut self, now: NumericDate) {
        self.scene.now = now;
        self.replicas.set_clocks(now);
    }

    fn run(&self, arguments: &str) -> Outcome {
        self.scene.run(arguments)
    }

    fn done(&self, arguments: &str) -> String {
        let outcome = self.run(arguments);
        assert_eq!(outcome.code, 0, "{arguments}: {}{}", outcome.stdout, outcome.stderr);
        outcome.stderr
    }

    /// A key waits, and its time has come.
    fn waiting() -> Self {
        let mut deployment = Self::new();
        deployment.done("rotate --standby --yes");
        deployment.at(date("2026-11-27T12:00:00Z"));
        deployment
    }

    fn is_unchanged(&self, outcome: &Outcome, before: &str) {
        assert_eq!(self.scene.text("powersync.yaml"), before, "{}", outcome.stderr);
    }
}

/// What is wrapped on the screen.
fn probe() -> String {
    format!("--probe {ONE} --probe {TWO}")
}

#[test]
fn promote_is_refused_until_every_replica_knows_the_key() {
    let deployment = Deployment::waiting();
    let before = deployment.scene.text("powersync.yaml");
    deployment.restart("one");
    let outcome = deployment.run(&format!("promote --yes {}", probe()));
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains(
            "refused as not-live: 2026-11-23-tj2n98 would sign, and its tokens would be rejected: the running service doesn't \
             know it yet (absent at http://two:8080)"
        ),
        "{}",
        outcome.stderr
    );
    deployment.is_unchanged(&outcome, &before);
    deployment.restart("two");
    let stderr = deployment.done(&format!("promote --yes {}", probe()));
    let seen = "2026-11-23-tj2n98 is live at http://one:8080 and http://two:8080; a replica that was not asked must have \
                restarted";
    assert!(in_one_line(&stderr).contains(seen), "{stderr}");
    assert_ne!(deployment.scene.text("powersync.yaml"), before);
}

#[test]
fn promote_can_be_told_not_to_mind() {
    let deployment = Deployment::waiting();
    deployment.done(&format!("promote --yes --allow not-live {}", probe()));
}

#[test]
fn the_dates_hold_beside_the_answers() {
    let mut deployment = Deployment::new();
    deployment.done("rotate --standby --yes");
    deployment.restart("one");
    deployment.restart("two");
    deployment.at(date("2026-11-24T00:00:00Z"));
    let outcome = deployment.run(&format!("promote --yes {}", probe()));
    assert!(outcome.stderr.contains("refused as before-nbf"), "{}", outcome.stderr);
    deployment.done(&format!("promote --yes --allow before-nbf {}", probe()));
}

#[test]
fn reconcile_waits_and_does_what_else_is_due() {
    let deployment = Deployment::waiting();
    let before = deployment.scene.text("powersync.yaml");
    deployment.restart("one");
    let outcome = deployment.run(&format!("reconcile --yes {}", probe()));
    assert_eq!(outcome.code, 0);
    assert!(
        outcome.stderr.contains(
            "note: waiting: 2026-11-23-tj2n98 is not promoted yet: the running service doesn't know it yet (absent at \
             http://two:8080)"
        ),
        "{}",
        outcome.stderr
    );
    assert!(!outcome.stderr.contains("Nothing is due"), "{}", outcome.stderr);
    deployment.is_unchanged(&outcome, &before);
    let outcome = deployment.run(&format!("reconcile --check {}", probe()));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let outcome = deployment.run(&format!("reconcile --yes --format json {}", probe()));
    let report: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let config = &report["configs"][0];
    assert_eq!((&config["due"], &config["written"]), (&serde_json::Value::Null, &false.into()));
    assert!(config["waiting"].as_str().unwrap().contains("absent at http://two:8080"));

    // A key whose time is over doesn't wait for the one that waits.
    let over = before.replace("port: 8080\n", "");
    let over = format!(
        "{over}      - {{kty: oct, alg: HS256, kid: old, k: MDEyMzQ1Njc4OWFiY2RlZi1vbGQtc2VjcmV0LW9mLXRlc3Rz, iat: 1, exp: 2}}\n"
    );
    deployment.scene.write("powersync.yaml", &over);
    let stderr = deployment.done(&format!("reconcile --yes {}", probe()));
    assert_eq!(deployment.scene.text("powersync.yaml"), before, "{stderr}");
    assert!(stderr.contains("waiting: "), "{stderr}");

    deployment.restart("two");
    let stderr = deployment.done(&format!("reconcile --yes {}", probe()));
    assert!(in_one_line(&stderr).contains("is live at http://one:8080 and http://two:8080"), "{stderr}");
}

#[test]
fn what_cannot_be_asked_changes_nothing() {
    let mut deployment = Deployment::waiting();
    let before = deployment.scene.text("powersync.yaml");
    for command in ["promote --yes", "reconcile --yes", "reconcile --check"] {
        let outcome = deployment.run(&format!("{command} --probe http://nowhere"));
        assert_eq!(outcome.code, 2, "{command}");
        assert!(
            outcome.stderr.contains(
                "error: can't determine whether 2026-11-23-tj2n98 is live, so nothing was changed. http://nowhere: \
                 there is no such host. Check the name, and that this machine can resolve it"
            ),
            "{command}: {}",
            outcome.stderr
        );
        deployment.is_unchanged(&outcome, &before);
    }
    deployment.restart("one");
    deployment.restart("two");
    deployment.done(&format!("promote --yes {}", probe()));
    deployment.at(date("2026-12-24T00:00:00Z"));
    let before = deployment.scene.text("powersync.yaml");
    let outcome = deployment.run("prune --yes --probe http://nowhere");
    assert_eq!(outcome.code, 2);
    deployment.is_unchanged(&outcome, &before);
}

#[test]
fn removal_says_who_still_knows_the_key() {
    let mut deployment = Deployment::waiting();
    deployment.restart("one");
    deployment.restart("two");
    deployment.done(&format!("promote --yes {}", probe()));
    deployment.at(date("2026-12-24T00:00:00Z"));
    let before = deployment.scene.text("powersync.yaml");
    for command in ["prune", "reconcile"] {
        deployment.scene.write("powersync.yaml", &before);
        let stderr = deployment.done(&format!("{command} --yes {}", probe()));
        assert!(
            stderr.contains(
                "note: the running service still knows one, at http://one:8080 and http://two:8080: it accepts its tokens until \
                 every replica has restarted with the new file"
            ),
            "{stderr}"
        );
    }
    deployment.restart("one");
    deployment.restart("two");
    deployment.scene.write("powersync.yaml", &before);
    let stderr = deployment.done(&format!("prune --yes {}", probe()));
    assert!(stderr.contains("note: the running service doesn't know one any more"), "{stderr}");
    let stderr = deployment.done(&format!("prune --yes {}", probe()));
    assert!(stderr.contains("nothing to remove") && !stderr.contains("running service"), "{stderr}");
}

#[test]
fn the_policy_names_the_services_too() {
    let mut deployment = Deployment::waiting();
    deployment.scene.write("powersync-jwks.yaml", format!("probe: [{ONE}, '{TWO}']\n"));
    deployment.restart("one");
    let outcome = deployment.run("promote --yes");
    assert!(outcome.stderr.contains("refused as not-live"), "{}", outcome.stderr);
    let outcome = deployment.run("probe");
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert!(deployment.done("reconcile --yes").contains("waiting: "));
    // Flags win.
    deployment.done(&format!("promote --dry-run --probe {ONE}"));
    deployment.done("promote --dry-run --no-probe");
    // A check asks nobody whom only the policy names.
    assert_eq!(deployment.run("reconcile --check --now 2027-01-01").code, 1);
    let outcome = deployment.run("reconcile --check --now 2027-01-01 --probe-policy");
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("`--no-probe` leaves out what the policy says"), "{}", outcome.stderr);
    assert_eq!(deployment.run("reconcile --check --now 2027-01-01 --no-probe").code, 1);
    for (text, told) in [
        ("probe: https://h\n", "powersync-jwks.yaml:1: probe: expected a list of URLs"),
        ("probe: [7]\n", "powersync-jwks.yaml:1: probe: expected URLs, as text"),
        (
            "rollout: 1h\nprobe: ['https://u:hunter2@h']\n",
            "powersync-jwks.yaml:2: probe: the URL has a user name",
        ),
    ] {
        deployment.scene.write("powersync-jwks.yaml", text);
        let outcome = deployment.run("reconcile --check");
        assert!(outcome.stderr.contains(told) && !outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
    }
    deployment.at(date(NOW));
}

#[test]
fn a_secret_in_a_variable_needs_its_value() {
    let deployment = Deployment::waiting();
    let in_file = deployment.scene.text("powersync.yaml");
    let secret = in_file.rsplit("k: ").next().unwrap().lines().next().unwrap().to_owned();
    deployment.restart("one");
    deployment.scene.write("powersync.yaml", in_file.replace(&secret, "!env PS_NEW"));
    let outcome = deployment.run(&format!("promote --yes --probe {ONE}"));
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("its `k` is in PS_NEW, whose value is not known here"),
        "{}",
        outcome.stderr
    );
    deployment.scene.write("service.env", format!("PS_NEW={secret}\n"));
    let stderr = deployment.done(&format!("promote --yes --probe {ONE} --env-file service.env"));
    assert!(!stderr.contains(&secret), "{stderr}");
    assert!(deployment.scene.text("powersync.yaml").contains("!env PS_NEW"));
}

#[test]
fn several_configs_have_several_services() {
    let deployment = Deployment::new();
    deployment.scene.write("other.yaml", CONFIG);
    for command in ["reconcile", "prune"] {
        let outcome = deployment.run(&format!("{command} powersync.yaml other.yaml {}", probe()));
        assert_eq!(outcome.code, 2);
        assert!(outcome.stderr.contains("`--probe` goes with one config"), "{}", outcome.stderr);
    }
}

/// Three replicas restart one after the other, in any order and at any times, early or long after they should have. A
/// timer runs `reconcile` every quarter of an hour. A backend switches to the current key as soon as it is promoted.
#[test]
fn the_timer_promotes_exactly_after_the_last_restart() {
    const HOSTS: [&str; 3] = ["a", "b", "c"];
    const TICK: i64 = 900;
    let begin = date(NOW);
    // An hour, and five minutes for the clocks.
    let (flags, nbf) = ("--deploy-within 1h --rollout 1h", 3900_i64);
    for order in 0..100_u64 {
        let dice = &mut Dice::new(order + 1);
        let mut scene = Scene::with("powersync.yaml", CONFIG);
        scene.seed = order + 1;
        let replicas = Replicas::default();
        scene.ask = replicas.ask();
        for host in HOSTS {
            replicas.restart(host, CONFIG, begin);
        }
        assert_eq!(scene.run(&format!("rotate --standby --yes {flags}")).code, 0);
        // Days late, in every second order; in the others, some restart in time.
        let latest = if order % 2 == 0 { 2 * 86400 } else { 2 * nbf };
        let restarts: Vec<i64> = HOSTS.iter().map(|_| 1 + dice.uniform(0, latest - 1)).collect();
        let last = restarts.iter().copied().max().unwrap();
        // The first run of the timer after it: not one earlier, not one later.
        let expected = (last / TICK + 1).max((nbf + TICK - 1) / TICK) * TICK;
        // Restarts of one replica that crashes, later on: it comes back with the file as it is then.
        let crash = dice.uniform(0, 2 * 86400 - 1);
        let deployed = scene.text("powersync.yaml");

        let mut promoted = None;
        for at in (TICK..=expected + 2 * TICK).step_by(usize::try_from(TICK).unwrap()) {
            let now = begin + Seconds::new(at);
            scene.now = now;
            for (host, restart) in HOSTS.iter().zip(&restarts) {
                let crashed = *host == "a" && (at - TICK..at).contains(&crash) && crash > *restart;
                if (at - TICK..at).contains(restart) || crashed {
                    replicas.restart(host, &scene.text("powersync.yaml"), now);
                }
            }
            replicas.set_clocks(now);
            let probes: Vec<String> = HOSTS.iter().map(|host| format!("--probe http://{host}")).collect();
            let outcome = scene.run(&format!("reconcile --yes {flags} {}", probes.join(" ")));
            assert_eq!(outcome.code, 0, "{}", outcome.stderr);
            if promoted.is_none() && scene.text("powersync.yaml") != deployed {
                promoted = Some(at);
            }
            // The user's side: a token of the key that is current now.
            let token = scene.run("token --sub user-1").stdout;
            assert!(replicas.all_accept(token.trim()), "order {order}: a token is rejected at {at} s");
        }
        assert_eq!(promoted, Some(expected), "order {order}: restarts at {restarts:?}");
    }
}
