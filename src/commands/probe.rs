//! `probe`: what the running service knows.

use crate::session::values::EnvFileArg;
use crate::session::arguments::{AskArgs, Format, FormatArgs, Global, PolicyArgs};
use std::path::PathBuf;

use crate::base::sentence::sentence;
use crate::base::text::Printable;
use crate::base::time::Seconds;
use crate::probe::{ProbePlan, Round};
use crate::report::human::{columns, paragraph};
use crate::report::paint::{BOLD, error_line, paint, warning_line};
use crate::report::{json, probe as words};
use crate::session::{Answer, Error, Source, Usage, World, policy, read, source};
use crate::session::ask::{Services, endpoints};
use crate::session::probe_wait::ask_until_known;
use crate::store::Platform;

/// Ask the running service which keys it knows
///
/// The service reads its config only when it starts, so a new file proves nothing. This asks with tokens for an audience
/// that nobody configures: they let nobody in, and the service's answer tells whether it knows the key. Each question is a
/// failed request in the service's log. Exit code: 0 the service knows the keys of the config, 1 it doesn't, 2 it could not
/// be asked.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  powersync-jwks probe https://sync.example.com\n  powersync-jwks probe http://10.0.0.1:8080 http://10.0.0.2:8080      each replica by its own address\n  powersync-jwks probe --all-addresses http://powersync-headless:8080\n  powersync-jwks probe --wait 10m https://sync.example.com            right after a deploy\n  powersync-jwks probe --against old.yaml https://sync.example.com    and what was removed?"
)]
pub(crate) struct Args {
    /// The services, as their clients reach them [default: the policy's `probe`]
    #[arg(value_name = "URL")]
    pub urls: Vec<String>,
    /// Ask again until they know the keys, for at most that long
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub wait: Option<Seconds>,
    /// An earlier config: do they still know keys of it that are no longer in this one?
    #[arg(long, value_name = "OLD")]
    pub against: Option<PathBuf>,
    /// How the output is written.
    #[command(flatten)]
    pub output: FormatArgs,
    /// The policy file [default: the nearest powersync-jwks.yaml, up to the root of the repository]
    #[arg(long, value_name = "PATH")]
    pub policy: Option<PathBuf>,
    /// Where the values of variables come from.
    #[command(flatten)]
    pub values: EnvFileArg,
    /// How.
    #[command(flatten)]
    pub ask: AskArgs,
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let source = source::one(global, world)?;
    let name = source.name();
    let env_file = args.values.path();
    let named = if args.urls.is_empty() {
        let times = PolicyArgs { policy: args.policy.clone() }.times();
        policy::rules(&times, &source, world)?.probe
    } else {
        endpoints(&args.urls)?
    };
    if named.is_empty() {
        return Err(Usage::NoService.into());
    }
    let keys = read::keys(global, &source, env_file, world)?;
    let earlier = args.against.as_ref().map(|path| Source::File(path.clone()));
    let earlier = earlier.map(|source| read::keys(global, &source, env_file, world)).transpose()?;
    let plan = ProbePlan::new(&keys, earlier.as_ref());
    let services = Services::new(global, named, &args.ask, world)?;
    tell_left_out(&plan, world)?;
    if let Err(why) = keys.check_start() {
        let text = format!(
            "the service does not start with {}: a replica that restarts with it stays down. Fix {}",
            Printable(&name),
            why.places()
        );
        writeln!(world.stderr, "{}", warning_line(&text))?;
    }
    if plan.subjects.is_empty() {
        return Err(Usage::NothingToAskFor(name).into());
    }
    let round = ask_until_known(&services, &plan, args.wait, world)?;
    match args.output.format {
        Format::Human => write!(world.stdout, "{}", words::human(&plan, &round))?,
        Format::Json => {
            let report = words::Json::new(&name, world.clock.now(), &plan, &round);
            json::write(&report, world.stdout)?;
        }
    }
    world.stdout.flush()?;
    for warning in words::clocks(&round).into_iter().chain(words::fetching(&round)) {
        writeln!(world.stderr, "{}", warning_line(&warning))?;
    }
    tell_meaning(&plan, &round, &source, world)?;
    fail_if_incomplete(&plan, &round, world)?;
    if !round.is_as_planned(&plan) {
        return Ok(Answer::No);
    }
    let gone = if earlier.is_some() { " and none that it no longer has" } else { "" };
    let name = Printable(&name);
    writeln!(world.stderr, "\nThe running service knows every key of {name}{gone}, wherever it was asked.")?;
    Ok(Answer::Done)
}

/// What can't be asked for, and why.
fn tell_left_out(plan: &ProbePlan, world: &mut World<'_>) -> Result<(), Error> {
    for out in &plan.left_out {
        world.note(&sentence!("{} is not asked for: {}", Printable(&out.name), out.why.message()))?;
    }
    Ok(())
}

/// In words, where it is not as the config says, and what to do.
fn tell_meaning(
    plan: &ProbePlan,
    round: &Round,
    source: &Source,
    world: &mut World<'_>,
) -> Result<(), Error> {
    let meaning = words::meaning(plan, round, &Printable(&source.name()).to_string());
    if meaning.is_empty() {
        return Ok(());
    }
    writeln!(world.stderr)?;
    for sentence in &meaning {
        write!(world.stderr, "{}", paragraph("", sentence, columns(world.terminal.width)))?;
    }
    let platform = match source {
        Source::File(path) => crate::store::detect(&world.path(path)),
        Source::Stdin | Source::Variable => Platform::Unknown,
    };
    writeln!(
        world.stderr,
        "\n{} restart every replica of the PowerSync Service with this file, and ask again:",
        paint(BOLD, "To do:")
    )?;
    for command in platform.restart() {
        writeln!(world.stderr, "  {command}")?;
    }
    Ok(())
}

/// What could not be asked outranks what was answered.
fn fail_if_incomplete(plan: &ProbePlan, round: &Round, world: &mut World<'_>) -> Result<(), Error> {
    let mut unanswered = round.unanswered();
    let failed = unanswered.len();
    if failed > 1 {
        for unanswered in unanswered {
            writeln!(world.stderr, "{}", error_line(&unanswered))?;
        }
        return Err(Error::SeveralUnanswered { failed, all: round.reports.len() });
    }
    if let Some(unanswered) = unanswered.pop() {
        return Err(Box::new(unanswered).into());
    }
    if plan.left_out.iter().any(|out| out.why.is_unknown()) {
        return Err(Usage::NotAllAskedFor.into());
    }
    Ok(())
}
