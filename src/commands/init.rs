//! `init`: a new config, and the files that go with it.

use crate::session::arguments::Ending;
use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use zeroize::Zeroizing;

use crate::base::command_line::CommandLine;
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Printable, list};
use crate::session::arguments::{self, Global, Times};
use crate::explain::{Action as Do, Step, Steps};
use crate::init::{
    self, Audience, Database, KEY, Layout, NewFile, NewKey, Options, SecretPlace, Secrets, Storage,
    VariableValue,
};
use crate::keyset::Kid;
use crate::keyset::strength::weakness_of_k;
use crate::report::paint::warning_line;
use crate::schedule::{Hazard, Refusal, RefusalId, ScheduleError};
use crate::session::World;
use crate::session::change::tell_steps;
use crate::session::files::{self, Action, FileChange, Written};
use crate::session::source::{host_path, shell_word};
use crate::session::{Answer, policy};
use crate::session::{Error, Source};
use crate::store;
use crate::wrap::env_file::EnvFile;

/// Write a new config, with secrets where they belong
///
/// A complete config for a self-hosted service, an env file with fresh secrets (`--secrets inline`: in the config
/// itself), and a sync config to begin with. A file that is there is completed or left alone, never replaced. On a
/// terminal it asks what isn't said by an option; elsewhere it takes the defaults.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  powersync-jwks init                                   asks, shows, writes\n  powersync-jwks init --compose --yes                   with a storage database, in containers\n  powersync-jwks init --source mongodb --audience https://sync.example.com --dir sync\n  powersync-jwks init --layout cli                      as PowerSync's own command line keeps it\n  powersync-jwks init --fill                            the secrets that an existing config lacks"
)]
pub struct Args {
    /// Where the data comes from [default: postgresql]
    #[arg(long, value_name = "DATABASE")]
    pub source: Option<Database>,
    /// Where the service keeps what it syncs [default: mongodb]
    #[arg(long, value_name = "DATABASE")]
    pub storage: Option<Storage>,
    /// Where the secrets go: env (an env file) or inline (the config, in clear)
    #[arg(long, value_name = "WHERE", default_value = "env", hide_possible_values = true)]
    pub secrets: arguments::SecretPlace,
    /// Whom tokens are meant for, as their `aud` says; may be given several times [default: powersync]
    #[arg(long, value_name = "AUDIENCE")]
    pub audience: Vec<Audience>,
    /// Where the service listens [default: 8080]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// The folder to write into
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub dir: PathBuf,
    /// How the files are laid out
    #[arg(long, value_name = "LAYOUT", default_value = "service")]
    pub layout: Layout,
    /// A Compose file, too, which passes the variables and runs the storage database
    #[arg(long)]
    pub compose: bool,
    /// Generate only the secrets that an existing config's variables lack, into its env file
    #[arg(long, conflicts_with_all = ["source", "storage", "secrets", "audience", "port", "layout", "compose"])]
    pub fill: bool,
    /// Which env file to fill [default: .env, or docker/.env, beside the config]
    #[arg(long, value_name = "PATH", requires = "fill")]
    pub env_file: Option<PathBuf>,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    if args.fill {
        return super::fill::run(global, args, world);
    }
    if global.config.is_some() {
        let text =
            "`init` writes a config of its own: `--dir` says where. `init --fill` works on an existing one";
        return Err(Error::Usage(text.to_owned()));
    }
    files::check_now(global, &args.ending)?;
    let place = place(args)?;
    let folder = Folder::new(&args.dir, world)?;
    check_place_is_free(args, &folder)?;
    let options = options(args, place, &folder, world)?;
    let draft = draft(&options, args, &folder, world)?;

    files::show(&draft.files, world)?;
    if let Some(entry) = &draft.compose_entry {
        writeln!(world.stdout, "\n{entry}")?;
        world.stdout.flush()?;
    }
    if !(draft.notes.is_empty() && draft.warnings.is_empty()) {
        writeln!(world.stderr)?;
    }
    for note in &draft.notes {
        writeln!(world.stderr, "note: {note}")?;
    }
    for warning in &draft.warnings {
        writeln!(world.stderr, "{}", warning_line(warning))?;
    }
    let written = files::write(&draft.files, global, &args.ending, world)?;
    let title = match written {
        Written::Yes => "What to do next",
        Written::NotNow => "What to do once it is written",
        Written::Declined => return Ok(Answer::No),
    };
    let steps = next_steps(&options, &draft, &folder, global, world);
    tell_steps(&steps, title, world)?;
    Ok(written.into())
}

fn place(args: &Args) -> Result<SecretPlace, Error> {
    match (args.secrets, args.compose) {
        (arguments::SecretPlace::Env, compose) => Ok(SecretPlace::Env { compose }),
        (arguments::SecretPlace::Inline, false) => Ok(SecretPlace::Inline),
        (arguments::SecretPlace::Inline, true) => Err(Error::Usage(
            "`--compose` passes the secrets as variables, and with `--secrets inline` there are none. Leave one of them out"
                .to_owned(),
        )),
    }
}

/// The folder of the new config.
pub(super) struct Folder {
    /// As the user named it; empty for the folder of this run.
    named: PathBuf,
    path: PathBuf,
}

impl Folder {
    pub(super) fn new(named: &Path, world: &World<'_>) -> Result<Self, Error> {
        let path = world.path(named);
        let there = path.ancestors().find(|above| above.exists());
        if there.is_some_and(|there| !there.is_dir()) {
            return Err(Error::Usage(format!(
                "--dir: {} is no folder, or lies in none",
                Printable(&named.display().to_string())
            )));
        }
        let named = if named == Path::new(".") { PathBuf::new() } else { named.to_owned() };
        Ok(Self { named, path })
    }

    /// A file in it, as messages name it.
    fn name(&self, file: &Path) -> String {
        self.named.join(file).display().to_string()
    }

    /// Its own name, without the path to it.
    fn own_name(&self) -> String {
        let real = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        real.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// A config that is there is not replaced, and gets no second one beside it.
fn check_place_is_free(args: &Args, folder: &Folder) -> Result<(), Error> {
    let config = args.layout.paths().config;
    let name = folder.name(&config);
    let others: Vec<String> = store::found(&folder.path)
        .into_iter()
        .filter(|found| Path::new(found) != config)
        .map(|found| folder.name(Path::new(found)))
        .collect();
    if !others.is_empty() {
        return Err(Error::Usage(format!(
            "there is a config here already: {}. `powersync-jwks init --fill` generates the secrets it lacks; `--dir` \
             writes a new one elsewhere",
            list(&others)
        )));
    }
    if store::exists(&folder.path.join(&config)) && !args.ending.allow.contains(&RefusalId::Overwrite) {
        return Err(refused(&name, Hazard::Overwrite));
    }
    Ok(())
}

fn refused(name: &str, hazard: Hazard) -> Error {
    Error::lifecycle(name)(ScheduleError::Refused(vec![Refusal(hazard)]))
}

// --- questions -----------------------------------------------------------------------------------------------

/// What the options say; what they leave open is asked on a terminal.
fn options(
    args: &Args,
    secrets: SecretPlace,
    folder: &Folder,
    world: &mut World<'_>,
) -> Result<Options, Error> {
    let asks = world.terminal.stdin && world.terminal.stderr && !args.ending.yes;
    let source = match args.source {
        Some(source) => source,
        None if asks => choose("Which database does the data come from", &Database::default(), world)?,
        None => Database::default(),
    };
    let storage = match args.storage {
        Some(storage) => storage,
        None if asks => {
            choose("Which database does the service keep what it syncs in", &Storage::default(), world)?
        }
        None => Storage::default(),
    };
    let audience = match args.audience.as_slice() {
        [] if asks => {
            let question = "Whom are tokens meant for: any text that your backend writes into their `aud`";
            let default = Audience::default();
            vec![answer(question, default.as_str(), world, |text| text.parse().ok())?]
        }
        [] => vec![Audience::default()],
        some => some.to_vec(),
    };
    let port = match args.port {
        Some(port) => port,
        None if asks => answer("Which port does the service listen on", "8080", world, |text| {
            text.parse().ok().filter(|p| *p > 0)
        })?,
        None => 8080,
    };
    if asks {
        writeln!(world.stderr)?;
    }
    Ok(Options { source, storage, secrets, audience, port, layout: args.layout, folder: folder.own_name() })
}

/// One of several words.
fn choose<T: ValueEnum>(question: &str, default: &T, world: &mut World<'_>) -> Result<T, Error> {
    let name = |value: &T| value.to_possible_value().map_or_else(String::new, |v| v.get_name().to_owned());
    let names: Vec<String> = T::value_variants().iter().map(name).collect();
    let question = format!("{question}: {}", names.join(", "));
    answer(&question, &name(default), world, |text| T::from_str(text, true).ok())
}

/// Asks until the answer can be read. Nothing at all is the default.
fn answer<T>(
    question: &str,
    default: &str,
    world: &mut World<'_>,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, Error> {
    loop {
        write!(world.stderr, "{question}? [{default}] ")?;
        world.stderr.flush()?;
        let line = world.read_line()?;
        let text = if line.trim().is_empty() { default } else { line.trim() };
        if let Some(value) = read(text) {
            return Ok(value);
        }
        writeln!(world.stderr, "That can't be used here.")?;
    }
}

// --- what is written -----------------------------------------------------------------------------------------

/// All that would be written, and what is said about it.
struct Draft {
    /// In the order of writing: the config last, so that a run that was killed can simply be run again.
    files: Vec<FileChange>,
    /// What has to go into a Compose file that is there.
    compose_entry: Option<String>,
    notes: Vec<String>,
    warnings: Vec<String>,
    key: NewKey,
    /// The variables that still hold placeholders.
    fill_in: Vec<&'static str>,
}

fn draft(options: &Options, args: &Args, folder: &Folder, world: &mut World<'_>) -> Result<Draft, Error> {
    let paths = options.layout.paths();
    let source = Source::File(folder.named.join(&paths.config));
    let policy = policy::of(&Times::default(), &source, world)?;
    let made = world.clock.now();
    let key = NewKey { kid: Kid::fresh(&policy.kid_prefix, made, world.random)?, made };
    let secrets = Secrets::fresh(world.random)?;

    let (mut notes, mut warnings) = (Vec::new(), Vec::new());
    let mut changes: Vec<FileChange> =
        init::companions(options).into_iter().map(|file| unless_there(file, folder)).collect();
    changes.extend(gitignore(options, folder)?);
    changes.extend(init::env_example(options).map(|file| example(file, options, folder)));
    let mut fill_in = Vec::new();
    if let Some(file) = init::env_file(options, &secrets) {
        let variables = init::variables(options, &secrets);
        let (change, content) = env(file, options, &variables, folder)?;
        let parsed = EnvFile::parse(&content).map_err(Error::env_file(&change.name))?;
        if parsed.value(KEY) != Some(&*secrets.key) {
            notes.push(format!(
                "{KEY} has a value in {} already, and the new key takes it over; its `iat` is the date of the config",
                Printable(&change.name)
            ));
        }
        check_key(&parsed, &change.name, &args.ending.allow)?;
        let open = |variable: &&init::Variable| {
            let filled = |value| !init::is_placeholder(value);
            matches!(variable.value, VariableValue::FillIn(_))
                && !parsed.value(variable.name).is_some_and(filled)
        };
        fill_in = variables.iter().filter(open).map(|variable| variable.name).collect();
        if store::is_open_to_others(&change.path) {
            let name = &change.name;
            warnings.push(format!(
                "other users of this machine can read {}: `chmod 600 {}`",
                Printable(name),
                shell_word(name)
            ));
        }
        changes.push(change);
    }
    let mut compose_entry = None;
    if let Some(file) = init::compose_file(options) {
        let beside = folder.path.join(&file.path);
        match crate::store::compose_file(beside.parent().unwrap_or(&folder.path)) {
            Some(there) if fs::read(&there).is_ok_and(|text| *text == *file.content.as_bytes()) => {
                changes.push(unless_there(file, folder));
            }
            Some(there) => {
                let name = there.file_name().unwrap_or_default().to_string_lossy().into_owned();
                compose_entry = Some(format!(
                    "{} is there, and left alone. This has to go into it:\n\n{}",
                    Printable(&name),
                    init::service_entry(options).trim_end()
                ));
            }
            None => changes.push(unless_there(file, folder)),
        }
    }
    changes.push(config(init::config_file(options, &key, &secrets), folder)?);
    Ok(Draft { files: changes, compose_entry, notes, warnings, key, fill_in })
}

fn bytes(text: &Zeroizing<String>) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.as_bytes().to_vec())
}

/// Written if nothing of its name is there.
fn unless_there(file: NewFile, folder: &Folder) -> FileChange {
    let path = folder.path.join(&file.path);
    let action = if store::exists(&path) {
        Action::Keep
    } else {
        Action::Create { content: bytes(&file.content), mode: file.access.mode() }
    };
    let name = folder.name(&file.path);
    FileChange { name, path, purpose: file.purpose.to_owned(), action, shown: file.shown }
}

/// The config, in the place of one that may be replaced.
fn config(file: NewFile, folder: &Folder) -> Result<FileChange, Error> {
    let (content, mode) = (bytes(&file.content), file.access.mode());
    let mut change = unless_there(file, folder);
    if let Action::Keep = change.action {
        let old = store::snapshot(&change.path).map_err(Error::store(&change.name))?;
        change.action = Action::Overwrite { old, content, mode };
    }
    Ok(change)
}

/// The env file, with the values that are there already: a run that was killed may have left them.
fn env(
    file: NewFile,
    options: &Options,
    variables: &[init::Variable],
    folder: &Folder,
) -> Result<(FileChange, Zeroizing<Vec<u8>>), Error> {
    let content = bytes(&file.content);
    let mut change = unless_there(file, folder);
    let Action::Keep = change.action else { return Ok((change, content)) };
    let old = store::snapshot(&change.path).map_err(Error::store(&change.name))?;
    let values = variables.iter().map(|variable| (variable.name, variable.value.text()));
    let (content, lacked) = init::complete(&old, values).map_err(Error::env_file(&change.name))?;
    if !lacked.is_empty() {
        let shown = init::variables(options, &Secrets::shown());
        let lines = shown.iter().filter(|variable| lacked.contains(&variable.name));
        let lines: Vec<String> = lines.map(|v| format!("{}={}", v.name, v.value.text())).collect();
        change.shown = lines.join("\n");
        change.action = Action::Extend { old, content: content.clone() };
    }
    Ok((change, content))
}

/// The example, with the names it lacks. One that can't be read as an env file is left as it is.
fn example(file: NewFile, options: &Options, folder: &Folder) -> FileChange {
    // Its text is that of the env file once more.
    let mut change = FileChange { shown: String::new(), ..unless_there(file, folder) };
    if let Action::Keep = change.action {
        let names = init::variables(options, &Secrets::shown());
        let names: Vec<&str> = names.iter().map(|variable| variable.name).collect();
        let old = store::snapshot(&change.path).ok();
        let completed = old.and_then(|old| {
            let (content, lacked) = init::complete_example(&old, names).ok()?;
            (!lacked.is_empty()).then_some((old, content, lacked))
        });
        if let Some((old, content, lacked)) = completed {
            change.shown = lacked.iter().map(|name| format!("{name}=")).collect::<Vec<_>>().join("\n");
            change.action = Action::Extend { old, content };
        }
    }
    change
}

/// What keeps the file with the secrets out of git, where the folder is in a repository.
fn gitignore(options: &Options, folder: &Folder) -> Result<Option<FileChange>, Error> {
    let pattern = match options.secrets {
        SecretPlace::Env { .. } => ".env".to_owned(),
        SecretPlace::Inline => format!("/{}", options.layout.paths().config.display()),
    };
    if is_ignored_above(&folder.path, &pattern).unwrap_or(true) {
        return Ok(None);
    }
    let file = Path::new(".gitignore");
    let (name, path) = (folder.name(file), folder.path.join(file));
    let purpose = "keeps the secrets out of git".to_owned();
    let old = match store::snapshot(&path) {
        Ok(old) => Some(old),
        Err(store::StoreError::Missing) => None,
        Err(error) => return Err(Error::store(&name)(error)),
    };
    let text = old.as_deref().map(|old| String::from_utf8_lossy(old).into_owned()).unwrap_or_default();
    let Some(new) = init::ignoring(&text, &pattern) else { return Ok(None) };
    // What is added stands at the end, so that bytes that are no text stay as they are.
    let added = new.strip_prefix(&text).unwrap_or(&new).as_bytes();
    let content = Zeroizing::new([old.as_deref().map_or(&[][..], Vec::as_slice), added].concat());
    let action = match old {
        Some(old) => Action::Extend { old, content },
        None => Action::Create { content, mode: init::Access::Everyone.mode() },
    };
    Ok(Some(FileChange { name, path, purpose, action, shown: pattern }))
}

/// Whether a `.gitignore` of a folder above ignores this name in every folder. `None` outside of a repository.
pub(super) fn is_ignored_above(folder: &Path, pattern: &str) -> Option<bool> {
    let root = folder.ancestors().find(|above| above.join(".git").exists())?;
    let everywhere = !pattern.starts_with('/');
    let ignores = |above: &Path| {
        fs::read(above.join(".gitignore"))
            .is_ok_and(|text| init::ignores(&String::from_utf8_lossy(&text), pattern))
    };
    let above = folder.ancestors().skip(1).take_while(|above| above.starts_with(root));
    Some(everywhere && above.into_iter().any(ignores))
}

/// A key that was in the env file before is as good as one of ours.
fn check_key(file: &EnvFile, name: &str, allowed: &[RefusalId]) -> Result<(), Error> {
    let Some(weakness) = file.value(KEY).and_then(weakness_of_k) else { return Ok(()) };
    if allowed.contains(&RefusalId::WeakSecret) {
        return Ok(());
    }
    Err(refused(name, Hazard::WeakValue { variable: KEY, weakness }))
}

// --- what to do next -----------------------------------------------------------------------------------------

fn next_steps(
    options: &Options,
    draft: &Draft,
    folder: &Folder,
    global: &Global,
    world: &World<'_>,
) -> Steps {
    let paths = options.layout.paths();
    let name = |path: &Path| folder.name(path);
    let tool = Source::File(folder.named.join(&paths.config)).command(global, world);
    let token = tool.args(["token", "--sub", "me"]);
    let names: Vec<String> = draft.fill_in.iter().map(|name| (*name).to_owned()).collect();
    let (place, what, secret, token) = match options.secrets {
        SecretPlace::Env { .. } => {
            let env = name(&paths.env);
            let token = token.arg("--env-file").arg(&env);
            (env, list(&names), format!("the value of {KEY}"), token)
        }
        SecretPlace::Inline => {
            (name(&paths.config), "both `uri`s".to_owned(), "the `k` beside it".to_owned(), token)
        }
    };
    let mut steps = Vec::new();
    if options.secrets == SecretPlace::Inline || !names.is_empty() {
        let text = sentence!(
            "Fill in {what} in {place}, in place of the words in capitals. The source database has to be prepared, too: \
             https://docs.powersync.com/configuration/source-db/setup"
        );
        steps.push(step("fill-in", text, Vec::new()));
    }
    let sync = sentence!("Say what each user may sync, in {}", name(&paths.sync_config));
    steps.push(step("sync-config", sync, Vec::new()));
    steps.push(start(options, draft, folder));
    steps.push(step("token", sentence!("Get a first token, for a user called `me`"), vec![token]));
    let connect = sentence!(
        "Connect: give your client the endpoint http://localhost:{} and that token. Later your backend signs such \
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

fn start(options: &Options, draft: &Draft, folder: &Folder) -> Step {
    let paths = options.layout.paths();
    let port = options.port;
    let check = CommandLine::new("curl").arg("-i").arg(format!("http://localhost:{port}/probes/liveness"));
    let check = check.note("200 once it runs");
    if let SecretPlace::Env { compose: true } = options.secrets {
        let usual = folder.named.as_os_str().is_empty() && options.layout == Layout::Service;
        let file = (!usual).then(|| ["-f".to_owned(), folder.name(&paths.compose)]);
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
        SecretPlace::Env { .. } => (
            run.arg("--env-file").arg(folder.name(&paths.env)),
            sentence!("Start the service: with Docker, or in any other way that sets the variables"),
        ),
        SecretPlace::Inline => (
            // Its secrets are in the file, which others must not read.
            run.verbatim("--user \"$(id -u)\""),
            sentence!(
                "Start the service as a user who can read {}: only you can, and the official image's own user (901) can't",
                folder.name(&paths.config)
            ),
        ),
    };
    let config = paths.config.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mount =
        |path: &Path, inside: &str| format!("-v {}:/config/{inside}:ro", host_path(&folder.named.join(path)));
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
