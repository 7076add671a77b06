//! What to do with a new config.

use std::path::Path;

use super::directory::Directory;
use super::draft::Draft;
use crate::base::command_line::CommandLine;
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::list;
use crate::explain::{Action as Do, Step, Steps};
use crate::init::{ConfigOptions, FileLayout, KEY, SecretLocation};
use crate::session::arguments::Global;
use crate::session::source::host_path;
use crate::session::{Source, World};

pub(crate) fn next_steps(
    options: &ConfigOptions,
    draft: &Draft,
    directory: &Directory,
    global: &Global,
    world: &World<'_>,
) -> Steps {
    let paths = options.layout.paths();
    let name = |path: &Path| directory.name(path);
    let tool = Source::File(directory.named.join(&paths.config)).command(global, world);
    let token = tool.args(["token", "--sub", "me"]);
    let names: Vec<String> = draft.fill_in.iter().map(|name| (*name).to_owned()).collect();
    let (place, what, secret, token) = match options.secrets {
        SecretLocation::Env { .. } => {
            let env = name(&paths.env);
            let token = token.arg("--env-file").arg(&env);
            (env, list(&names), format!("the value of {KEY}"), token)
        }
        SecretLocation::Inline => (
            name(&paths.config),
            "what is marked `# fill in`".to_owned(),
            "the `k` beside it".to_owned(),
            token,
        ),
    };
    let mut steps = Vec::new();
    if options.secrets == SecretLocation::Inline || !names.is_empty() {
        let text = sentence!(
            "Fill in {what} in {place}, in place of the words in capitals. The source database has to be prepared, too: \
             https://docs.powersync.com/configuration/source-db/setup"
        );
        steps.push(step("fill-in", text, Vec::new()));
    }
    let sync = sentence!("Say what each user may sync, in {}", name(&paths.sync_config));
    steps.push(step("sync-config", sync, Vec::new()));
    steps.push(start(options, draft, directory));
    steps.push(step("token", sentence!("Get a first token, for a user called `me`"), vec![token]));
    let connect = sentence!(
        "Connect: give your client the endpoint http://localhost:{} and that token. The first request right after the \
         start may be answered with 500: ask again. Later your backend signs such \
         tokens itself: with kid {} and its secret, {secret} (base64url)",
        options.port,
        draft.key.kid
    );
    steps.push(step("connect", connect, Vec::new()));
    Steps { now: world.clock.now(), list: steps }
}

fn step(kind: &'static str, text: Sentence, commands: Vec<CommandLine>) -> Step {
    Step::new(Do::SetUp(kind, text), commands)
}

fn start(options: &ConfigOptions, draft: &Draft, directory: &Directory) -> Step {
    let paths = options.layout.paths();
    let port = options.port;
    let check = CommandLine::new("curl").arg("-i").arg(format!("http://localhost:{port}/probes/liveness"));
    let check = check.note("200 once it runs");
    if let SecretLocation::Env { compose: true } = options.secrets {
        let usual = directory.named.as_os_str().is_empty() && options.layout == FileLayout::Service;
        let file = (!usual).then(|| ["-f".to_owned(), directory.name(&paths.compose)]);
        let up =
            CommandLine::new("docker").arg("compose").args(file.into_iter().flatten()).args(["up", "-d"]);
        let text = match &draft.compose_entry {
            Some(_) => sentence!("Put the entry above into the Compose file, and start the service"),
            None => sentence!("Start the service and its storage database"),
        };
        return step("start", text, vec![up, check]);
    }
    let run = CommandLine::new("docker").arg("run");
    let (run, text) = match options.secrets {
        SecretLocation::Env { .. } => (
            run.arg("--env-file").arg(directory.name(&paths.env)),
            sentence!("Start the service: with Docker, or in any other way that sets the variables"),
        ),
        SecretLocation::Inline => (
            // Its secrets are in the file, which others must not read.
            run.verbatim("--user \"$(id -u)\""),
            sentence!(
                "Start the service as a user who can read {}: only you can, and the official image's own user (901) can't",
                directory.name(&paths.config)
            ),
        ),
    };
    let config = paths.config.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mount = |path: &Path, inside: &str| {
        format!("-v {}:/config/{inside}:ro", host_path(&directory.named.join(path)))
    };
    let run = run
        .verbatim(format!("-p {port}:{port} -e POWERSYNC_CONFIG_PATH=/config/{config}"))
        .next_line()
        .verbatim(mount(&paths.config, &config))
        .next_line()
        .verbatim(mount(&paths.sync_config, "sync-config.yaml"))
        .next_line()
        .args(["journeyapps/powersync-service:latest", "start", "-r", "unified"]);
    step("start", text, vec![run, check])
}
