//! The first `rotate` without options on configs as people have them, and each command that it prints, run in the state in
//! which it was printed.

use crate::common::{Outcome, Scene};

const SECRET: &str = "7oOUMQRmDAtPFHSxu4FGTLlfCXJ2dXBPZuXeJVAtlHY";

fn config(k: &str) -> String {
    format!(
        "replication:\n  connections:\n    - type: postgresql\n      uri: !env PS_URI\nstorage:\n  type: mongodb\n  uri: !env \
         PS_STORAGE\nsync_config: {{path: sync.yaml}}\nclient_auth:\n  audience: [app]\n  jwks:\n    keys:\n      - kty: \
         oct\n        alg: HS256\n        kid: prod-1\n        k: {k}\n"
    )
}

/// What the first `rotate` without options comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum First {
    /// The secret is in the config.
    InConfig,
    /// It is in this env file, which was there.
    In(&'static str),
    /// It asks: this new env file is offered, and named where nobody can be asked.
    Asks(&'static str),
}

struct Project {
    what: &'static str,
    files: Vec<(&'static str, String)>,
    first: First,
}

fn compose(environment: &str) -> (&'static str, String) {
    let service = "services:\n  powersync:\n    image: journeyapps/powersync-service:1.25.0\n    volumes: \
                   ['./powersync.yaml:/config/powersync.yaml']\n";
    ("compose.yaml", format!("{service}{environment}"))
}

#[allow(clippy::too_many_lines, reason = "a list")]
fn projects() -> Vec<Project> {
    let variable = || ("powersync.yaml", config("!env PS_JWT"));
    let env = |name: &'static str, text: &str| (name, text.replace("=@", &format!("={SECRET}")));
    let mut all = Vec::new();
    let mut push = |what, files, first| all.push(Project { what, files, first });
    for name in [
        "powersync.yaml",
        "service.yaml",
        "powersync.yml",
        "powersync/service.yaml",
        "powersync/sync-service.yaml",
        "config/powersync.yaml",
        "config/config.yaml",
        "config/service.yaml",
        "envs/prod/powersync.yaml",
    ] {
        push("a secret in the file", vec![(name, config(SECRET))], First::InConfig);
    }
    push(
        "a secret in the file, Compose beside it",
        vec![("powersync.yaml", config(SECRET)), compose("")],
        First::InConfig,
    );
    for name in [".env", ".env.local", "powersync.env"] {
        push("an env file", vec![variable(), env(name, "PS_JWT=@\nPS_URI=a\n")], First::In(name));
    }
    push("docker/.env", vec![variable(), env("docker/.env", "PS_JWT=@\n")], First::In("docker/.env"));
    push(
        "the env file above",
        vec![("config/powersync.yaml", config("!env PS_JWT")), env(".env", "PS_JWT=@\n")],
        First::In(".env"),
    );
    push(
        "an env file and an example",
        vec![variable(), env(".env", "PS_JWT=@\n"), env(".env.example", "PS_JWT=\n")],
        First::In(".env"),
    );
    push("an example alone", vec![variable(), env(".env.example", "PS_JWT=\n")], First::Asks(".env"));
    push("no env file", vec![variable()], First::Asks(".env"));
    push("another env file", vec![variable(), env("other.env", "A=b\n")], First::Asks(".env"));
    let literal = format!("    environment:\n      PS_JWT: {SECRET}\n");
    push("Compose with the value", vec![variable(), compose(&literal)], First::Asks(".env"));
    let literal = format!("    environment:\n      - PS_JWT={SECRET}\n");
    push("a list in Compose with the value", vec![variable(), compose(&literal)], First::Asks(".env"));
    push(
        "Compose that passes another name on",
        vec![
            variable(),
            compose("    environment: {PS_JWT: '${JWT_SECRET}'}\n"),
            env(".env", "JWT_SECRET=@\n"),
        ],
        First::In(".env"),
    );
    push(
        "Compose that passes another name on in a list",
        vec![
            variable(),
            compose("    environment: ['PS_JWT=${JWT_SECRET:?}']\n"),
            env(".env", "JWT_SECRET=@\n"),
        ],
        First::In(".env"),
    );
    push(
        "Compose that passes a name on that nobody sets",
        vec![variable(), compose("    environment: {PS_JWT: '${JWT_SECRET}'}\n")],
        First::Asks(".env"),
    );
    push(
        "Compose with an env file",
        vec![variable(), compose("    env_file: conf/sync.env\n"), env("conf/sync.env", "PS_JWT=@\n")],
        First::In("conf/sync.env"),
    );
    push(
        "Compose with an env file that isn't there",
        vec![variable(), compose("    env_file: [sync.env]\n")],
        First::Asks("sync.env"),
    );
    push(
        "an entrypoint that makes the value",
        vec![
            variable(),
            compose("    entrypoint: ['/entrypoint.sh']\n"),
            ("entrypoint.sh", "export PS_JWT=$(cat /s)\n".to_owned()),
        ],
        First::Asks(".env"),
    );
    push(
        "several values merged in Compose",
        vec![
            (
                "compose.yaml",
                format!(
                    "x-env: &env\n  PS_JWT: {SECRET}\nservices:\n  sync:\n    image: powersync-service\n    environment:\n      <<: *env\n"
                ),
            ),
            variable(),
        ],
        First::Asks(".env"),
    );
    push(
        "a policy with an env file",
        vec![
            variable(),
            ("powersync-jwks.yml", "env_file: secrets.env\n".to_owned()),
            env("secrets.env", "PS_JWT=@\n"),
        ],
        First::In("secrets.env"),
    );
    all
}

fn scene(project: &Project) -> Scene {
    let scene = Scene::new();
    for (name, text) in &project.files {
        scene.write(name, text);
    }
    scene
}

#[test]
fn the_first_rotation_without_options_does_the_right_thing_or_asks() {
    let all = projects();
    assert!(all.len() >= 29, "{}", all.len());
    for project in all {
        let mut scene = scene(&project);
        let what = project.what;
        let run = scene.run("rotate --yes");
        match project.first {
            First::InConfig => {
                let text = scene.text(project.files[0].0);
                assert!(run.code == 0 && text.matches("k: ").count() == 2, "{what}: {run:?}");
            }
            First::In(file) => {
                assert!(run.code == 0 && scene.text(file).contains("PS_JWKS_KEY_1="), "{what}: {run:?}");
            }
            First::Asks(file) => {
                assert!(
                    run.code == 2 && run.stderr.contains(&format!("--env-file {file}")),
                    "{what}: {run:?}"
                );
                assert!(!scene.path(file).exists() && !run.stderr.contains(SECRET), "{what}: {run:?}");
                // At a terminal it is the one question.
                (scene.terminal, scene.stdin) = (true, b"y\n".to_vec());
                let run = scene.run("rotate");
                assert!(run.code == 0 && run.stderr.matches("[y/N]").count() == 1, "{what}: {run:?}");
                assert!(scene.text(file).contains("PS_JWKS_KEY_1="), "{what}: {run:?}");
                assert!(scene.text(".gitignore").contains(file.rsplit('/').next().unwrap()), "{what}");
            }
        }
    }
}

/// The commands of the tool that an output gives, joined where they are broken.
fn printed(outcome: &Outcome) -> Vec<String> {
    let lines = outcome.stderr.lines().filter_map(|line| line.trim_start().strip_prefix("powersync-jwks "));
    lines.map(|line| line.split("   #").next().unwrap().to_owned()).collect()
}

#[test]
fn every_printed_command_works_as_printed() {
    let mut tried = 0;
    for project in projects() {
        let options =
            if let First::Asks(file) = project.first { format!(" --env-file {file}") } else { String::new() };
        for start in ["rotate --yes", "rotate --standby --yes", "add --yes --kid other"] {
            let start = format!("{start}{options}");
            let after = || {
                let mut scene = scene(&project);
                let outcome = scene.run(&start);
                assert_eq!(outcome.code, 0, "{} {start}: {outcome:?}", project.what);
                scene.seed = 2;
                (scene, outcome)
            };
            for command in printed(&after().1) {
                let (mut scene, _) = after();
                if command.contains("TOKEN_FILE") {
                    let token = scene.run("token --sub me");
                    assert_eq!(token.code, 0, "{}: {token:?}", project.what);
                    scene.write("TOKEN_FILE", token.stdout);
                }
                // What is due later is only looked at: it says so, and is no error.
                (scene.terminal, scene.stdin) = (true, b"y\n".to_vec());
                let outcome = scene.run(&command);
                let early = command.starts_with("promote") && outcome.stderr.contains("before-nbf");
                assert!(outcome.code == 0 || early, "{} {start}: {command}: {outcome:?}", project.what);
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried}");
}

/// What goes to a secrets manager is in no env file: the commands have a place for it.
#[test]
fn printed_commands_name_the_env_file_that_they_need() {
    let scene = Scene::with("powersync.yaml", config("!env PS_JWT"));
    let run = scene.run("rotate --yes --secret-out secret.txt");
    let commands = printed(&run);
    assert!(commands.iter().all(|command| !command.starts_with("export")), "{commands:?}");
    let verify = commands.iter().find(|command| command.starts_with("verify")).unwrap();
    assert!(verify.contains("--env-file ENV_FILE TOKEN_FILE"), "{verify}");
    let text = scene.text("powersync.yaml");
    let kid = text.lines().find_map(|line| line.trim().strip_prefix("kid: ")).unwrap();
    scene.write("ENV_FILE", format!("PS_JWKS_KEY_1={}\n", scene.text("secret.txt").trim()));
    let token = scene.run(&format!("token --sub me --kid {kid} --env-file ENV_FILE"));
    scene.write("TOKEN_FILE", token.stdout);
    let outcome = scene.run(verify);
    assert_eq!(outcome.code, 0, "{verify}: {outcome:?}");
}
