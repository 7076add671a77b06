//! Everything that commands make of a config: the runs of the transcripts, and those that write it elsewhere or into
//! something else.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use powersync_jwks::for_tests::EnvFile;
use powersync_jwks::time::NumericDate;

use crate::common::{NOW, Outcome, RUNS, Scene, date, goes_on, run_on_fixture};

/// The env file of every run that has one.
const ENV: &str = "secrets.env";

/// Where a run finds the config and leaves the new one.
#[derive(Clone, Copy)]
enum Form {
    File,
    /// From stdin to stdout.
    Stdin,
    Base64,
    /// An entry of a Kubernetes Secret.
    Secret,
}

/// A run, and those that come before it.
type Other = (Form, &'static [&'static str], &'static str);

/// Not among [`RUNS`], which end in a transcript: these are for what they write alone.
const OTHERS: [Other; 10] = [
    (Form::File, &[], "check --fix --yes"),
    (Form::File, &[], "rotate --all --yes --secrets inline --allow other-login,wildcard,clock"),
    (
        Form::File,
        &["rotate --yes --secrets env --env-file secrets.env --allow other-login,wildcard,clock"; 2],
        "prune --drop-env --env-file secrets.env --yes  # a week later",
    ),
    (Form::File, &[], "init --fill --env-file secrets.env --yes"),
    (Form::Stdin, &[], "rotate --yes --secrets inline --allow other-login,wildcard,clock"),
    (Form::Stdin, &[], "retire @1 --in 30d --yes --allow current-key,last-key,short-overlap"),
    (Form::Base64, &[], "rotate --yes --secrets inline --allow other-login,wildcard,clock"),
    (Form::Base64, &[], "remove @1 --yes --allow live-key,last-key,current-key"),
    (Form::Secret, &[], "rotate --yes --secrets inline --allow other-login,wildcard,clock"),
    (Form::Secret, &[], "add --alg HS384 --secrets inline --yes --allow other-login,wildcard,clock"),
];

/// A run on a config, which may come out of something else.
pub struct Ran {
    /// The run, and the form where it isn't a file.
    pub name: String,
    /// Its command line, without the config.
    pub line: &'static str,
    /// What the program was given: a path.
    pub path: String,
    /// The name that says how to read the config.
    pub file: String,
    pub now: NumericDate,
    /// All of the file.
    pub whole: (Vec<u8>, Vec<u8>),
    /// The config in it.
    pub config: (Vec<u8>, Vec<u8>),
    /// The env file.
    pub env: (Vec<u8>, Vec<u8>),
    pub outcome: Outcome,
}

/// A config that a run wrote, out of what it came in.
pub struct Output {
    pub run: String,
    /// The name that says how to read it.
    pub file: String,
    pub bytes: Vec<u8>,
    /// What the env file sets then.
    pub variables: Vec<(String, String)>,
}

/// All runs on a config.
pub fn runs(scene: &mut Scene, file: &str, content: &[u8]) -> Vec<Ran> {
    let mut all = Vec::new();
    for line in RUNS {
        if !goes_on(line) {
            let _ = std::fs::remove_file(scene.path(ENV));
        }
        let env_before = env(scene);
        let (before, outcome) = run_on_fixture(scene, file, content, line);
        let after = scene.read(file);
        all.push(Ran {
            name: line.to_owned(),
            line,
            path: file.to_owned(),
            file: file.to_owned(),
            now: scene.now,
            whole: (before.clone(), after.clone()),
            config: (before, after),
            env: (env_before, env(scene)),
            outcome,
        });
    }
    all.extend(OTHERS.iter().map(|other| run_other(scene, file, content, *other)));
    all
}

/// What all runs make of a config, where they change anything.
pub fn of_config(scene: &mut Scene, file: &str, content: &[u8]) -> Vec<Output> {
    let wrote = |ran: &Ran| ran.outcome.code == 0 && ran.config.0 != ran.config.1;
    let is_of_env = |ran: &Ran| ran.line.contains("--drop-env") || ran.line.contains("--fill");
    let wrote_env = |ran: &Ran| ran.outcome.code == 0 && is_of_env(ran) && ran.env.0 != ran.env.1;
    runs(scene, file, content).into_iter().filter(|ran| wrote(ran) || wrote_env(ran)).map(output).collect()
}

fn env(scene: &Scene) -> Vec<u8> {
    std::fs::read(scene.path(ENV)).unwrap_or_default()
}

/// The runs, as outputs name them.
pub fn names() -> impl Iterator<Item = String> {
    RUNS.iter().map(|run| (*run).to_owned()).chain(OTHERS.iter().map(|(form, _, run)| named(*form, run)))
}

fn named(form: Form, run: &str) -> String {
    let how = match form {
        Form::File => "",
        Form::Stdin => "-c - ",
        Form::Base64 => "--base64 ",
        Form::Secret => "--entry ",
    };
    format!("{how}{run}")
}

fn output(ran: Ran) -> Output {
    let env = EnvFile::parse(&ran.env.1).unwrap();
    let variables = env.names().map(|name| (name.to_owned(), env.value(name).unwrap().to_owned())).collect();
    Output { run: ran.name, file: ran.file, bytes: ran.config.1, variables }
}

fn run_other(scene: &mut Scene, file: &str, content: &[u8], (form, first, line): Other) -> Ran {
    let (path, options) = match form {
        Form::File => (file, format!("-c {file}")),
        Form::Stdin => ("-", "-c -".to_owned()),
        Form::Base64 => ("config.b64", "-c config.b64 --base64".to_owned()),
        Form::Secret => ("secret.yaml", format!("-c secret.yaml --entry {file}")),
    };
    let wrapped = wrap(form, file, content);
    let _ = std::fs::remove_file(scene.path(ENV));
    if let Form::Stdin = form {
        scene.stdin.clone_from(&wrapped);
    } else {
        scene.write(path, &wrapped);
    }
    scene.now = date(NOW);
    for first in first {
        scene.run(&format!("{options} {first}"));
    }
    if line.ends_with("# a week later") {
        scene.now = date("2026-11-30T09:31:00Z");
    }
    let (before, env_before) = (if path == "-" { wrapped } else { scene.read(path) }, env(scene));
    let outcome = scene.run(&format!("{options} {}", line.split("  # ").next().unwrap()));
    let after = match form {
        Form::Stdin if outcome.code == 0 => outcome.stdout.clone().into_bytes(),
        Form::Stdin => before.clone(),
        _ => scene.read(path),
    };
    let config = (unwrap(form, file, before.clone()), unwrap(form, file, after.clone()));
    // Wherever the config's name doesn't reach it, it is read as either syntax.
    let file = if matches!(form, Form::Stdin | Form::Base64) { "powersync" } else { file };
    Ran {
        name: named(form, line),
        line,
        path: path.to_owned(),
        file: file.to_owned(),
        now: scene.now,
        whole: (before, after),
        config,
        env: (env_before, env(scene)),
        outcome,
    }
}

fn wrap(form: Form, entry: &str, config: &[u8]) -> Vec<u8> {
    match form {
        Form::File | Form::Stdin => config.to_vec(),
        Form::Base64 => STANDARD.encode(config).into_bytes(),
        Form::Secret => format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: powersync}}\ndata:\n  {entry}: '{}' # ours\n  other: AAAA\n",
            STANDARD.encode(config)
        )
        .into_bytes(),
    }
}

/// Without our own code, which this judges.
fn unwrap(form: Form, entry: &str, outer: Vec<u8>) -> Vec<u8> {
    match form {
        Form::File | Form::Stdin => outer,
        Form::Base64 => STANDARD.decode(outer).unwrap(),
        Form::Secret => {
            let secret: serde_yaml::Value = serde_yaml::from_slice(&outer).unwrap();
            assert_eq!(secret["data"]["other"], "AAAA");
            STANDARD.decode(secret["data"][entry].as_str().unwrap()).unwrap()
        }
    }
}
