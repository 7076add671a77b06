//! Secrets in variables: what the other readers of an env file make of it, and pairs of files of which one can't be
//! written.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output, Stdio};

use crate::common::process::{PROGRAM, git, program, shell};
use crate::common::{Scene, skip};
use powersync_jwks::config::{Config, Input};
use powersync_jwks::for_tests::EnvFile;

const CONFIG: &str = "storage: {type: mongodb}
client_auth:
  audience: ['app']
  jwks:
    keys:
      - kty: oct
        alg: HS256
        k: !env PS_JWKS_KEY_1
        kid: prod-1
";
const ENV: &str = "# ours\nPS_JWKS_KEY_1=7oOUMQRmDAtPFHSxu4FGTLlfCXJ2dXBPZuXeJVAtlHY\n";

/// The values of an env file, by name.
fn values(text: &str) -> Vec<(String, String)> {
    let file = EnvFile::parse(text.as_bytes()).unwrap();
    file.names().map(|name| (name.to_owned(), file.value(name).unwrap().to_owned())).collect()
}

/// The service starts with this pair: it does not with a variable that nothing sets.
fn is_accepted(scene: &Scene) -> bool {
    let (config, env) = (scene.text("powersync.yaml"), scene.text(".env"));
    let set = EnvFile::parse(env.as_bytes()).unwrap();
    let config = Config::parse_str(&config, Input::Yaml).unwrap();
    config.variables().iter().all(|name| set.value(name).is_some())
}

/// Runs the program where no file may grow beyond a kilobyte, as on a disk that is about to be full.
fn on_a_full_disk(scene: &Scene, arguments: &str) -> Output {
    // Bash counts in kilobytes, other shells in half ones.
    let script = format!(
        "trap '' XFSZ; ulimit -f $(( ${{BASH_VERSION:+1}} + 0 ? 1 : 2 )); exec '{PROGRAM}' {arguments}"
    );
    shell(scene.folder.path(), &script).output().unwrap()
}

fn long_comment() -> String {
    "# a comment that fills the file\n".repeat(100)
}

#[test]
fn a_config_that_cant_be_written_takes_its_variable_back() {
    let config = format!("{CONFIG}{}", long_comment());
    let scene = Scene::with("powersync.yaml", &config);
    scene.write(".env", ENV);

    let output = on_a_full_disk(&scene, "rotate --yes");

    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(!stderr.contains("Written"), "{stderr}");
    assert_eq!(scene.text("powersync.yaml"), config);
    assert_eq!(scene.text(".env"), ENV);
    assert!(is_accepted(&scene));
    // Nothing is in the way of the next run.
    assert_eq!(scene.run("rotate --yes").code, 0);
    assert!(scene.text("powersync.yaml").contains("!env PS_JWKS_KEY_2"));
    let names: Vec<String> = values(&scene.text(".env")).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["PS_JWKS_KEY_1", "PS_JWKS_KEY_2"]);
    assert!(is_accepted(&scene));
}

#[test]
fn an_env_file_that_cant_be_written_keeps_a_variable_too_many() {
    let config = format!("{CONFIG}      - {{kty: oct, alg: HS256, k: !env PS_OLD, kid: old, exp: 1}}\n");
    let env = format!("{ENV}PS_OLD=kMn4m0Y4HfWap3jCdEyZXfFZnlAqmVVfcx2J4_kwQ9A\n{}", long_comment());
    let scene = Scene::with("powersync.yaml", &config);
    scene.write(".env", &env);

    let output = on_a_full_disk(&scene, "prune --drop-env --yes");

    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("nothing refers to PS_OLD"), "{stderr}");
    assert_eq!(scene.text("powersync.yaml"), CONFIG);
    assert_eq!(scene.text(".env"), env);
    assert!(is_accepted(&scene));
    assert_eq!(scene.run("prune --drop-env=PS_OLD --yes").code, 0);
    assert_eq!(scene.text(".env"), format!("{ENV}{}", long_comment()));
}

#[test]
fn an_env_file_that_cant_be_written_leaves_the_config() {
    let scene = Scene::with("powersync.yaml", CONFIG);
    scene.write(".env", ENV);
    fs::set_permissions(scene.path(".env"), fs::Permissions::from_mode(0o444)).unwrap();
    let outcome = scene.run("rotate --yes");
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains(".env: this file is read-only"), "{}", outcome.stderr);
    assert_eq!(scene.text("powersync.yaml"), CONFIG);
    assert_eq!(scene.text(".env"), ENV);
}

#[test]
fn new_files_are_for_their_owner_and_old_ones_keep_their_mode() {
    let mode =
        |scene: &Scene, name: &str| fs::metadata(scene.path(name)).unwrap().permissions().mode() & 0o777;
    let scene = Scene::with("powersync.yaml", CONFIG);
    assert_eq!(scene.run("add --env-file .env --yes").code, 0);
    assert_eq!(mode(&scene, ".env"), 0o600);
    assert_eq!(scene.run("add --secret-out secret.txt --yes").code, 0);
    assert_eq!(mode(&scene, "secret.txt"), 0o600);
    fs::set_permissions(scene.path(".env"), fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(scene.run("add --env-file .env --yes").code, 0);
    assert_eq!(mode(&scene, ".env"), 0o640);
}

#[test]
fn many_processes_lose_no_variable_of_a_shared_file() {
    let scene = Scene::with("a.yaml", CONFIG);
    scene.write("b.yaml", CONFIG);
    scene.write(".env", ENV);
    let children: Vec<_> = (0..12)
        .map(|n| {
            let config = if n % 2 == 0 { "a.yaml" } else { "b.yaml" };
            program(scene.folder.path())
                .args(["-c", config, "add", "--yes"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
        })
        .collect();
    for child in children {
        assert!(child.unwrap().wait().unwrap().success());
    }
    let names: Vec<String> = values(&scene.text(".env")).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 13);
    let (a, b) = (scene.text("a.yaml"), scene.text("b.yaml"));
    for name in &names[1..] {
        let refer = |text: &str| text.matches(&format!("!env {name}\n")).count();
        assert_eq!(refer(&a) + refer(&b), 1, "{name}");
    }
}

#[test]
fn the_environment_wins_over_the_env_file_and_its_names_are_taken() {
    let mut scene = Scene::with("powersync.yaml", CONFIG);
    scene.write(".env", ENV);
    scene.variables =
        vec![("PS_JWKS_KEY_1".to_owned(), "c2hvcnQ".to_owned()), ("PS_JWKS_KEY_2".to_owned(), String::new())];
    let status = scene.run("status --env-file .env");
    assert!(status.stdout.contains("  40  !env PS_JWKS_KEY_1"), "{}", status.stdout);
    assert!(!format!("{status:?}").contains("c2hvcnQ"));
    assert_eq!(scene.run("add --yes").code, 0);
    assert!(scene.text("powersync.yaml").contains("!env PS_JWKS_KEY_3"));
    let taken = scene.run("add --env-name PS_JWKS_KEY_2");
    assert!(taken.stderr.contains("the environment of this run sets it already"), "{}", taken.stderr);
}

#[test]
fn a_rotation_leaves_no_secret_in_any_tracked_file() {
    let scene = Scene::with("instances/eu/powersync.yaml", CONFIG);
    scene.write("instances/eu/.env", ENV);
    scene.write(".gitignore", ".env\n");
    let root = scene.folder.path();
    git(root, &["init", "--quiet"]);
    git(root, &["add", "."]);
    git(root, &["commit", "--quiet", "-m", "first"]);
    let lines =
        ["rotate --yes", "rotate --standby --yes", "reconcile --yes", "rotate --revoke --yes", "add --yes"];
    for line in lines {
        let outcome = scene.run(&format!("-c instances/eu/powersync.yaml {line}"));
        assert_eq!(outcome.code, 0, "{line}: {}", outcome.stderr);
        // Whatever is there now and isn't ignored is tracked from here on.
        git(root, &["add", "."]);
        git(root, &["commit", "--quiet", "--allow-empty", "-m", line]);
    }
    let secrets = values(&scene.text("instances/eu/.env"));
    assert!(secrets.len() >= 5, "{}", secrets.len());
    let tracked = git(root, &["log", "-p", "--all"]);
    assert!(tracked.contains("!env PS_JWKS_KEY_2"));
    for (name, value) in secrets {
        assert!(!tracked.contains(&value), "{name}");
    }
}

#[test]
fn an_env_file_that_git_tracks_is_warned_about() {
    let scene = Scene::with("instances/eu/powersync.yaml", CONFIG);
    scene.write("instances/eu/.env", ENV);
    scene.write("eu/.env.old", ENV);
    let root = scene.folder.path();
    git(root, &["init", "--quiet"]);
    git(root, &["add", "eu"]);
    let rotate = || scene.run("-c instances/eu/powersync.yaml rotate --dry-run").stderr;
    assert!(!rotate().contains("git tracks"));
    git(root, &["add", "."]);
    assert!(rotate().contains("git tracks instances/eu/.env"), "{}", rotate());
}

/// A file with a comment, quotes and a line break in a value, and with a key that a rotation wrote.
fn rotated() -> Scene {
    let scene = Scene::with("powersync.yaml", CONFIG);
    scene.write(".env", format!("{ENV}QUOTED=\"a # b\" # c\nexport SINGLE='d'\n"));
    assert_eq!(scene.run("rotate --yes").code, 0);
    scene
}

/// What else reads an env file, if it runs here.
fn other_reader(scene: &Scene, program: &str, arguments: &[&str]) -> Option<String> {
    let run =
        Command::new(program).args(arguments).current_dir(scene.folder.path()).stderr(Stdio::null()).output();
    let output = run.ok().filter(|output| output.status.success());
    if output.is_none() {
        skip(&format!("{program} can't read an env file here"));
    }
    output.map(|output| String::from_utf8(output.stdout).unwrap())
}

#[test]
fn other_readers_of_env_files_see_the_same_values() {
    let scene = rotated();
    let ours = values(&scene.text(".env"));
    assert_eq!(ours.len(), 4);
    let script = "set -a; . ./.env; env";
    let shell = other_reader(&scene, "sh", &["-c", script]).unwrap();
    let node = "const { parseEnv } = require('util'); const { readFileSync } = require('fs'); \
                for (const [k, v] of Object.entries(parseEnv(readFileSync('.env', 'utf8')))) console.log(`${k}=${v}`)";
    let node = other_reader(&scene, "node", &["-e", node]);
    for (name, value) in &ours {
        let line = format!("{name}={value}");
        assert!(shell.lines().any(|other| other == line), "{name}");
        assert!(node.as_ref().is_none_or(|node| node.lines().any(|other| other == line)), "{name}");
    }
}

/// Compose puts a value in place of `${NAME}` as it is. What it would read in another way is none of what a secret is
/// written with.
#[test]
fn compose_passes_the_new_variable_on_unchanged() {
    let scene = rotated();
    let (name, value) = values(&scene.text(".env")).pop().unwrap();
    assert!(value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    assert!(scene.text(".env").ends_with(&format!("\n{name}={value}\n")));
    let line = scene.run("add --dry-run").stderr;
    let line =
        line.lines().find_map(|line| line.trim().split_once("   # Compose, below")).unwrap().0.to_owned();
    assert_eq!(line, "PS_JWKS_KEY_3: ${PS_JWKS_KEY_3}");
    let line = line.replace("PS_JWKS_KEY_3", &name);
    scene.write(
        "compose.yaml",
        format!("services:\n  powersync:\n    image: a\n    environment:\n      {line}\n"),
    );
    let plugin = Command::new("docker").args(["compose", "version"]).output();
    let compose = if plugin.is_ok_and(|output| output.status.success()) {
        other_reader(&scene, "docker", &["compose", "config"])
    } else {
        other_reader(&scene, "docker-compose", &["config"])
    };
    assert!(compose.is_none_or(|text| text.contains(&format!("{name}: {value}"))));
}
