//! `status`: all keys as they are.

use crate::session::values::{EnvFileArg, KnownValues, self};
use crate::session::arguments::{AskArgs, Format, FormatArgs, Global, Times};
use std::path::PathBuf;
use crate::base::text::{Named, Printable, list};
use crate::base::time::NumericDate;
use crate::base::sentence::{Sentence, sentence};
use crate::keyset::{Key, KeySet, Login};
use crate::probe::{ProbePlan, Seen};
use crate::report::human::{self, Row};
use crate::report::json;
use crate::report::paint::{error_line, warning_line};
use crate::schedule::{self, Waits};
use crate::session::{Answer, Error, Source, World, policy, read, source};
use crate::session::ask::{self, Services};
use crate::session::outlook::Outlook;

/// Show all keys: state, age, when each may be removed
///
/// States: current (signs), accepted (verifies), standby (waits to be promoted), retiring (still verifies, has
/// an end), removable (its end has come; the service accepts it until it is out of the file and has restarted),
/// public (verifies tokens signed elsewhere).
#[derive(Debug, clap::Args)]
#[command(alias = "list")]
pub(crate) struct Args {
    /// Configs to show, in place of `-c`
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How the output is written.
    #[command(flatten)]
    pub output: FormatArgs,
    /// Where the values of variables come from.
    #[command(flatten)]
    pub values: EnvFileArg,
    /// Ask the service at this URL which keys it knows; several times for several
    #[arg(long, value_name = "URL")]
    pub probe: Vec<String>,
    /// How.
    #[command(flatten)]
    pub ask: AskArgs,
}

/// A config that was read.
struct Read<'a> {
    source: &'a Source,
    keys: KeySet,
    /// What is wrong with it.
    warnings: Vec<Sentence>,
    /// Where the values of its keys are.
    env_files: Vec<String>,
}

/// The ways in beside the keys of the file, in the order in which the service looks.
fn ways(keys: &KeySet) -> Vec<String> {
    keys.logins.working(keys.audience).map(Login::name).collect()
}

/// What the table can't show.
fn tell_unseen(keys: &KeySet, world: &mut World<'_>) -> Result<(), Error> {
    world.stdout.flush()?;
    let unseen = keys.keys().iter().filter(|key| key.secret().is_none());
    let mut variables: Vec<String> = Vec::new();
    for name in unseen.filter_map(Key::variable) {
        if !variables.iter().any(|other| other == name) {
            variables.push(name.to_owned());
        }
    }
    if !variables.is_empty() {
        world.note(&sentence!("not seen here: the values of {}", list(&variables)))?;
    }
    let ways = ways(keys);
    if !ways.is_empty() {
        world.note(&sentence!("users also log in with {}, which this table does not show", list(&ways)))?;
    }
    Ok(())
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let now = world.clock.now();
    let sources = source::several(&args.paths, global, world)?;
    ask::check_alone(&args.probe, &sources)?;
    let mut read: Vec<Read<'_>> = Vec::new();
    let mut failures: Vec<(&Source, String)> = Vec::new();
    for source in &sources {
        let values = values::of_config(args.values.path(), source, world);
        let seen = values.and_then(|values| {
            let (keys, warnings) = read::keys_and_warnings(global, source, &values, world)?;
            let env_files = values.files_of(&keys);
            Ok(Read { source, keys, warnings, env_files })
        });
        match seen {
            Ok(config) => read.push(config),
            Err(error) if sources.len() == 1 => return Err(error),
            Err(error) => {
                writeln!(world.stderr, "{}", error_line(&error))?;
                failures.push((source, error.to_string()));
            }
        }
    }
    let failed = failures.len();
    let service = match read.as_slice() {
        [one] if !args.probe.is_empty() => Some(ServiceColumn::ask(global, args, &one.keys, world)?),
        _ => None,
    };
    let named = args.values.path().map(|path| values::known(Some(path), world)).transpose()?;
    let known = named.as_ref().and_then(|named| Some((named, named.flag()?.to_owned())));
    let service_cells = service.as_ref().map(|service| service.cells.as_slice());
    let view = View { global, now, service: service_cells, known };
    match (args.output.format, read.as_slice()) {
        (Format::Json, _) => {
            let report = view.report(&sources, &read, &failures, world);
            json::write(&report, world.stdout)?;
        }
        (Format::Human, [config]) if failed == 0 => view.one(config, world)?,
        (Format::Human, _) => view.several(&read, world)?,
    }
    match service.and_then(|service| service.trouble) {
        Some(trouble) => Err(trouble),
        None if failed > 0 => Err(Error::SomeFiles { failed, all: sources.len() }),
        None => Ok(Answer::Done),
    }
}

/// What the running service says of each key.
struct ServiceColumn {
    cells: Vec<Option<Seen>>,
    trouble: Option<Error>,
}

impl ServiceColumn {
    fn ask(global: &Global, args: &Args, keys: &KeySet, world: &mut World<'_>) -> Result<Self, Error> {
        let services = Services::new(global, ask::endpoints(&args.probe)?, &args.ask, world)?;
        let plan = ProbePlan::new(keys, None);
        let round = services.round(&plan);
        let mut cells = vec![None; keys.keys().len()];
        for (number, subject) in plan.subjects.iter().enumerate() {
            cells[subject.index] = Some(round.of(number));
        }
        Ok(Self { cells, trouble: round.unanswered().into_iter().next().map(|first| Box::new(first).into()) })
    }
}

/// What a report depends on beside the keys.
struct View<'a> {
    global: &'a Global,
    now: NumericDate,
    service: Option<&'a [Option<Seen>]>,
    /// The values of the env file that was named, and its name.
    known: Option<(&'a KnownValues<'a>, String)>,
}

impl View<'_> {
    /// All keys of one config.
    fn one(
        &self,
        config: &Read<'_>,
        world: &mut World<'_>,
    ) -> Result<(), Error> {
        let Read { source, keys, warnings, .. } = config;
        let tool = source.tool(self.global, world);
        if keys.keys().is_empty() {
            writeln!(world.stdout, "no keys in client_auth.jwks.keys")?;
            world.stdout.flush()?;
            match ways(keys).as_slice() {
                ways @ [_, ..] => writeln!(world.stderr, "Users log in with {}.", list(ways))?,
                [] if keys.is_cloud => writeln!(
                    world.stderr,
                    "`{tool} add` makes the first key; `powersync deploy` brings it to the service."
                )?,
                [] => writeln!(world.stderr, "`{tool} rotate` makes the first key.")?,
            }
        } else {
            let table = human::key_table(keys, self.service, self.now, world.terminal.width);
            write!(world.stdout, "{table}")?;
            tell_unseen(keys, world)?;
            let waits = human::waits(&self.waits(source, keys, world), world.terminal.width);
            if !waits.is_empty() {
                writeln!(world.stderr)?;
                world.stderr.write_all(waits.as_bytes())?;
            }
        }
        for warning in warnings {
            let warning = human::hanging(warning, 9, world.terminal.width);
            writeln!(world.stderr, "{}", warning_line(&warning))?;
        }
        // What can't be read here, another command tells.
        let Ok(outlook) = self.outlook(config, world) else { return Ok(()) };
        let width = human::columns(world.terminal.width);
        let lines = [Some(outlook.sources()), outlook.checked(), outlook.next(self.now)];
        writeln!(world.stderr)?;
        for line in lines.into_iter().flatten() {
            write!(world.stderr, "{}", human::paragraph("", &line, width))?;
        }
        Ok(())
    }

    fn outlook(&self, config: &Read<'_>, world: &mut World<'_>) -> Result<Outlook, Error> {
        let outlook = Outlook::of(config.source, &config.keys, self.known.clone(), self.global, world)?;
        Ok(outlook.with_env_files(&config.env_files))
    }

    /// What its keys wait for. What can't be decided is told by the warnings; on Cloud there is no schedule.
    fn waits(&self, source: &Source, keys: &KeySet, world: &mut World<'_>) -> Waits {
        let rules = policy::rules(&Times::default(), source, world).ok().filter(|_| !keys.is_cloud);
        let list = rules.and_then(|rules| {
            schedule::waits(keys, &rules.policy, &rules.origins, self.now).ok()
        });
        Waits { now: self.now, tool: source.command(self.global, world), list: list.unwrap_or_default() }
    }

    /// A line for each of several configs: its current key, and what is next.
    fn several(&self, read: &[Read<'_>], world: &mut World<'_>) -> Result<(), Error> {
        let (mut rows, mut told) = (Vec::new(), Vec::new());
        for Read { source, keys, warnings, .. } in read {
            let name = source.name();
            // What can't be decided is told by the warnings; on Cloud there is no schedule.
            let next = match policy::of(&Times::default(), source, world) {
                Ok(_) if keys.is_cloud => None,
                Ok(policy) => schedule::next_due(keys, &policy, self.now).ok().flatten(),
                Err(error) => {
                    told.push(format!("{}: {error}", Printable(&name)));
                    None
                }
            };
            let current = keys.current().ok().flatten().map(Key::name);
            rows.push(Row { config: name.clone(), current, due: None, next });
            told.extend(warnings.iter().map(|warning| format!("{}: {warning}", Printable(&name))));
        }
        write!(world.stdout, "{}", human::schedule_table(&rows, self.now, world.terminal.width))?;
        world.stdout.flush()?;
        for warning in told {
            writeln!(world.stderr, "{}", warning_line(&warning))?;
        }
        Ok(())
    }

    fn report(
        &self,
        sources: &[Source],
        read: &[Read<'_>],
        failures: &[(&Source, String)],
        world: &mut World<'_>,
    ) -> json::StatusReport {
        let configs = sources.iter().filter_map(|source| {
            if let Some((_, error)) = failures.iter().find(|(failed, _)| *failed == source) {
                return Some(json::StatusConfig::failed(&Named(&source.name()).to_string(), error.clone()));
            }
            let config = read.iter().find(|config| config.source == source)?;
            let (keys, warnings) = (&config.keys, config.warnings.clone());
            let waits = self.waits(source, keys, world);
            let told = json::StatusConfig::new(&source.name(), keys, self.service, warnings, &waits);
            Some(match self.outlook(config, world) {
                Ok(outlook) => told.with_outlook(outlook.report(self.now)),
                // What can't be read here, another command tells.
                Err(_) => told,
            })
        });
        json::StatusReport::new(self.now, configs.collect())
    }
}
