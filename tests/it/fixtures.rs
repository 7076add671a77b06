//! What each command makes of each file in `fixtures/`, down to the byte: `fixtures/NAME/expected.txt`.
//!
//! `BLESS=1 cargo test --test it fixtures` writes these files anew; read what `git diff` then shows.

use powersync_jwks::wrap::env_file::EnvFile;

use crate::common::{RUNS, Scene, expect_file, fixtures, raw_diff, root, run_on_fixture};

/// No value of the env file stands in the config.
fn holds_no_secret(scene: &Scene, config: &[u8]) -> bool {
    let Ok(bytes) = std::fs::read(scene.path("secrets.env")) else { return true };
    let secrets = EnvFile::parse(&bytes).unwrap();
    let config = String::from_utf8_lossy(config);
    secrets.names().all(|name| {
        // What is shorter may stand there by chance.
        let value = secrets.value(name).unwrap();
        value.len() < 8 || !config.contains(value)
    })
}

fn transcript(name: &str, file: &str, content: &[u8]) -> String {
    let mut scene = Scene::with(file, content);
    let config = format!("-c {file}");
    let status = scene.run(&format!("{config} status"));
    let mut parts = vec![format!("$ powersync-jwks {config} status"), status.stdout, status.stderr];
    if status.code != 0 {
        parts.push(format!("exit {}", status.code));
    }
    for run in RUNS {
        let (before, outcome) = run_on_fixture(&mut scene, file, content, run);
        parts.push(format!("\n$ powersync-jwks {config} {run}"));
        let after = scene.read(file);
        if outcome.code == 0 && !run.contains("inline") && before != after {
            let is_told = outcome.stderr.contains("still stands in clear");
            assert!(is_told || holds_no_secret(&scene, &after), "{name}: {run}");
        }
        if outcome.code == 0 {
            parts.push(raw_diff(&before, &after));
            let told =
                outcome.stderr.lines().filter(|l| l.starts_with("note: ") || l.starts_with("warning: "));
            parts.extend(told.map(str::to_owned));
        } else {
            parts.extend([outcome.stderr.clone(), format!("exit {}", outcome.code)]);
            assert_eq!(after, before, "{name}: {run} failed and changed the file");
        }
        let unforeseen = outcome.stderr.contains("Please report");
        assert!(!unforeseen, "{name}: {run}: a form that is neither edited nor refused by name");
    }
    let lines: Vec<&str> =
        parts.iter().map(|part| part.trim_end_matches('\n')).filter(|p| !p.is_empty()).collect();
    lines.join("\n") + "\n"
}

#[test]
fn every_command_on_every_fixture() {
    let mut failures = Vec::new();
    let all = fixtures();
    assert!(all.len() >= 60, "fixtures are missing");
    for (name, file, content) in all {
        let actual = transcript(&name, &file, &content);
        let expected = root().join("fixtures").join(&name).join("expected.txt");
        failures.extend(expect_file(&expected, &actual).err());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn bad_files_are_refused_by_every_command_that_writes() {
    for (name, file, content) in fixtures().iter().filter(|(name, ..)| name.starts_with("bad-")) {
        let scene = Scene::with(file, content);
        let outcome = scene.run(&format!("-c {file} rotate --yes"));

        assert_eq!(outcome.code, 2, "{name}: {}", outcome.stderr);
        assert!(outcome.stderr.starts_with("error: "), "{name}: {}", outcome.stderr);
    }
}
