//! `init`: a new config, and the files that go with it.

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::base::sentence::sentence;
use crate::explain::{Action, Sign, Step, Steps};
use crate::init::fill::{Purpose, needs};
use crate::keyset::KeySet;
use crate::report::paint::event_line;
use crate::session::arguments::{ConfigArgs, Ending, FormatArgs, Global};
use crate::session::change_report::ChangeReport;
use crate::session::new_config::complete::Completed;
use crate::session::new_config::ending::{end, files_of, talk, warn};
use crate::session::new_config::fill::{EnvState, beside, describe, next_steps as steps_of_fill};
use crate::session::new_config::questions::options;
use crate::session::question::Asks;
use crate::session::new_config::{
    Directory, Draft, Finish, check_now, finish, next_steps, show,
};
use crate::session::{Answer, Error, Source, Usage, World, source};

/// Write a new config, with secrets where they belong
///
/// A complete config for a self-hosted service, an env file with fresh secrets (`--secrets inline`: in the config
/// itself), and a sync config to begin with. A file that is there is completed or left alone, never replaced. On a
/// terminal it asks what isn't said by an option; elsewhere it takes the defaults.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  powersync-jwks init                                   asks, shows, writes\n  powersync-jwks init --compose --yes                   with a storage database, in containers\n  powersync-jwks init --source mongodb --audience https://sync.example.com --dir sync\n  powersync-jwks init --layout cli                      as PowerSync's own command line keeps it\n  powersync-jwks init --fill                            the secrets that an existing config lacks"
)]
pub(crate) struct Args {
    /// The new config.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// The directory to write into
    #[arg(long, value_name = "DIRECTORY", default_value = ".")]
    pub dir: PathBuf,
    /// Complete an existing config: the secrets that its variables lack, into its env file; and the key, audience and admin token
    /// that PowerSync's own template leaves out
    #[arg(long, conflicts_with_all = ["source", "storage", "tls", "secrets", "audience", "port", "layout", "compose"])]
    pub fill: bool,
    /// Which env file to fill [default: .env, or docker/.env, beside the config]
    #[arg(long, value_name = "PATH", requires = "fill")]
    pub env_file: Option<PathBuf>,
    /// How it is reported.
    #[command(flatten)]
    pub output: FormatArgs,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let directory = Directory::new(&args.dir, world)?;
    if args.fill {
        return fill(global, args, &directory, world);
    }
    if !global.config.is_empty() {
        return Err(Usage::InitNamed.into());
    }
    check_now(global, &args.ending)?;
    let secrets = args.config.secrets()?;
    directory.check_is_free(args.config.layout, &args.ending.allow)?;
    let asks = if args.ending.yes { Asks::Nothing } else { Asks::of(world) };
    let options = options(&args.config, secrets, &directory, asks, world)?;
    let mut draft = Draft::make(&options, &directory, &args.ending.allow, world)?;
    let (notes, now) = (draft.notes.clone(), world.clock.now());
    let width = world.terminal.width;
    let to = talk(args.output.format, world);
    show(&draft.files, width, to)?;
    if let Some(entry) = &draft.compose_entry {
        writeln!(to, "\n{entry}")?;
        to.flush()?;
    }
    if !(notes.is_empty() && draft.warnings.is_empty()) {
        writeln!(world.stderr)?;
    }
    for note in &notes {
        world.note(note)?;
    }
    warn(&draft.warnings, world)?;
    let files = std::mem::take(&mut draft.files);
    let report = ChangeReport::new("init", now, files_of(&files, now));
    let finish = finish(files, global, &args.ending, world)?;
    let steps = next_steps(&options, &draft, &directory, global, world);
    let report = report.with_notes("note", &notes).with_notes("warning", &draft.warnings).with_steps(&steps);
    end(args.output.format, finish, report, &steps, world)
}

/// `--fill`: the secrets that an existing config's variables lack.
fn fill(
    global: &Global,
    args: &Args,
    directory: &Directory,
    world: &mut World<'_>,
) -> Result<Answer, Error> {
    let source = config_of(global, directory, args, world)?;
    let Source::File(path) = &source else {
        return Err(Usage::FillStdin.into());
    };
    let bytes = source.read(world)?;
    let opened = source.unwrap(global, &bytes)?;
    let config = opened.config()?;
    if config.is_cloud() {
        return Err(Usage::FillOnCloud(source.name()).into());
    }
    let env = EnvState::read(&args.env_file.clone().unwrap_or_else(|| beside(path)), world)?;
    let completed = Completed::of(&source, &config, opened.input, &env, world)?;
    let text = completed.as_ref().map_or(config.text(), |completed| &completed.text);
    let config = Config::parse_str(text, opened.input).map_err(Error::config(&source.name()))?;
    let needs = needs(&config, &KeySet::read(&config));
    let generated = env.generate(&needs, world)?;
    let open = needs.iter().filter(|need| need.purpose == Purpose::Other && !env.is_filled_in(&need.name, world));
    let fill_in: Vec<String> = open.map(|need| need.name.clone()).collect();
    let (warnings, now) = (env.warnings(&needs, &generated), world.clock.now());
    let mut steps = steps_of_fill(&fill_in, &generated, &env, &source, global, world);
    steps.list.splice(0..0, missing(&config));
    if generated.is_empty() && completed.is_none() {
        warn(&warnings, world)?;
        writeln!(world.stderr, "Nothing to generate: {}.", env.nothing(&needs, world))?;
        let list = if fill_in.is_empty() { Vec::new() } else { steps.list };
        let steps = &Steps { now, list };
        let report = ChangeReport::new("init", now, Vec::new()).with_notes("warning", &warnings).with_steps(steps);
        return end(args.output.format, Finish::Nothing, report, steps, world);
    }
    // The values come first: what a config refers to is there before it.
    let mut changes = Vec::new();
    if !generated.is_empty() {
        changes.push(env.change(&generated)?);
    }
    let added = completed.as_ref().map_or_else(Vec::new, Completed::events);
    if let Some(completed) = &completed {
        changes.push(completed.change(&source, bytes.clone(), &opened, world)?);
    }
    let width = world.terminal.width;
    let to = talk(args.output.format, world);
    for event in added.into_iter().chain(generated.iter().map(|(need, _)| describe(need))) {
        writeln!(to, "{}", event_line(Sign::Added, event))?;
    }
    writeln!(to)?;
    show(&changes, width, to)?;
    warn(&warnings, world)?;
    let report = ChangeReport::new("init", now, files_of(&changes, now));
    let finish = finish(changes, global, &args.ending, world)?;
    let report = report.with_notes("warning", &warnings).with_steps(&steps);
    end(args.output.format, finish, report, &steps, world)
}

/// What the service still lacks to start.
fn missing(config: &Config<'_>) -> Option<Step> {
    let why = KeySet::read(config).check_start().err()?;
    let text = sentence!("Fill in {} in the config: the service does not start without", why.places());
    Some(Step::new(Action::SetUp("fix-first", text), Vec::new()))
}

/// The config of this run: as for every command, but looked for in `--dir`.
fn config_of(
    global: &Global,
    directory: &Directory,
    args: &Args,
    world: &mut World<'_>,
) -> Result<Source, Error> {
    if args.dir == Path::new(".") {
        return source::one(global, world);
    }
    if !global.config.is_empty() {
        return Err(Usage::DirectoryBesideConfig.into());
    }
    Ok(Source::File(args.dir.join(source::find(directory.path())?)))
}
