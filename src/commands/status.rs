//! `status`: all keys as they are.

use std::path::PathBuf;

use crate::keyset::KeySet;
use crate::probe::{ProbePlan, Seen};
use crate::report::json;
use crate::report::paint::error_line;
use crate::session::arguments::{AskArgs, Format, FormatArgs, Global};
use crate::session::ask::{self, Services};
use crate::session::overview::{ConfigKeys, Overview};
use crate::session::values::{self, EnvFileArg};
use crate::session::{Answer, Error, Source, World, read, source};

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

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let now = world.clock.now();
    let sources = source::several(&args.paths, global, world)?;
    ask::check_alone(&args.probe, &sources)?;
    let mut read: Vec<ConfigKeys<'_>> = Vec::new();
    let mut failures: Vec<(&Source, String)> = Vec::new();
    for source in &sources {
        let values = values::of_config(args.values.path(), source, world);
        let seen = values.and_then(|values| {
            let (keys, warnings) = read::keys_and_warnings(global, source, &values, world)?;
            let env_files = values.files_of(&keys);
            Ok(ConfigKeys { source, keys, warnings, values, env_files })
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
    let view = Overview { global, now, service: service_cells, known };
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
