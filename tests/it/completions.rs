//! What shells offer when Tab is pressed.

use crate::common::Scene;
use crate::common::process::{PROGRAM, program, shell};

/// What bash offers behind a line, one word each.
fn bash(scene: &Scene, words: &[&str]) -> Vec<String> {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let script = format!(
        "exec bash -c '
            source <(\"{PROGRAM}\" completions bash)
            powersync-jwks() {{ \"{PROGRAM}\" \"$@\"; }}
            COMP_WORDS=(powersync-jwks {}); COMP_CWORD={}; COMP_TYPE=9
            _clap_complete_powersync_jwks powersync-jwks \"${{COMP_WORDS[COMP_CWORD]}}\"
            printf \"%s\\n\" \"${{COMPREPLY[@]}}\"'",
        quoted.join(" ").replace('\'', "\""),
        words.len(),
    );
    let output = shell(scene.folder.path(), &script).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

const KEYS: &str = "\
client_auth:
  jwks:
    keys:
      - {kty: oct, alg: HS256, kid: prod-1, k: c2VjcmV0LW9mLXRoZS1leGFtcGxl}
      - {kty: oct, alg: HS256, kid: '$(touch broken)', k: c2VjcmV0LW9mLXRoZS1leGFtcGxl}
";

#[test]
fn bash_offers_commands_options_and_the_keys_of_the_config() {
    let scene = Scene::with("powersync.yaml", KEYS);
    scene.write(
        "other/powersync.json",
        r#"{"client_auth": {"jwks": {"keys": [{"kty": "oct", "kid": "other-1"}]}}}"#,
    );
    assert_eq!(bash(&scene, &["rot"]), ["rotate"]);
    assert_eq!(bash(&scene, &["st"]), ["status"]);
    let commands = bash(&scene, &[""]);
    assert!(
        commands.contains(&"status".to_owned()) && !commands.contains(&"list".to_owned()),
        "{commands:?}"
    );
    assert!(bash(&scene, &["rotate", "--deploy"]).contains(&"--deploy-within".to_owned()));
    assert!(bash(&scene, &["check", "--format", "sa"]).contains(&"sarif".to_owned()));
    let keys = bash(&scene, &["retire", ""]);
    assert!(keys.contains(&"prod-1".to_owned()), "{keys:?}");
    assert!(bash(&scene, &["-c", "other/powersync.json", "remove", "o"]).contains(&"other-1".to_owned()));
}

#[test]
fn a_kid_that_a_shell_would_run_is_offered_by_its_place() {
    let scene = Scene::with("powersync.yaml", KEYS);
    let keys = bash(&scene, &["retire", ""]);
    assert!(keys.contains(&"@2".to_owned()), "{keys:?}");
    assert!(!keys.iter().any(|key| key.contains('$')), "{keys:?}");
}

#[test]
fn where_there_is_no_config_the_rest_is_offered() {
    let scene = Scene::new();
    assert!(bash(&scene, &["retire", "--und"]).contains(&"--undo".to_owned()));
}

#[test]
fn every_shell_has_its_script() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let output = program(Scene::new().folder.path()).args(["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && script.contains("POWERSYNC_JWKS_COMPLETE"), "{shell}: {script}");
    }
}
