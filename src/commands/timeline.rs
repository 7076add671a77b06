//! `timeline`: what will happen to each key, and when.

use crate::base::time::NumericDate;
use crate::base::sentence::sentence;
use crate::base::text::Printable;
use crate::session::arguments::{Global, ScheduleArgs};
use crate::keyset::KeySet;
use crate::report::human::hanging;
use crate::report::{json, mermaid, timeline};
use crate::schedule;
use crate::session::{Answer, Error, Usage, World, policy, source};

/// Show what will happen to each key, and when
///
/// Looks ahead with the decisions `reconcile` takes, as if it ran the moment something is due.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How far to look [default: two rotations]
    #[arg(long, value_name = "DATE")]
    pub until: Option<NumericDate>,
    /// How wide the chart may be, in characters [default: the terminal's width, else 80]
    #[arg(long, value_name = "COLUMNS")]
    pub width: Option<u16>,
    /// How to draw it
    #[arg(long, default_value = "human")]
    pub format: ChartFormat,
    /// The schedule.
    #[command(flatten)]
    pub schedule: ScheduleArgs,
}

/// How a timeline is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ChartFormat {
    /// For people
    Human,
    /// A Mermaid Gantt chart, for pull requests
    Mermaid,
    /// For programs
    Json,
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let source = source::one(global, world)?;
    let name = source.name();
    let policy = policy::of_schedule(&args.schedule, &source, world)?.policy;
    let now = world.clock.now();
    let bytes = source.read(world)?;
    let opened = source.unwrap(global, &bytes)?;
    let config = opened.config()?;
    let keys = KeySet::read(&config);
    if keys.is_cloud {
        return Err(Usage::TimelineOnCloud(name).into());
    }
    let until = args.until.unwrap_or(now + policy.rotate_every + policy.rotate_every + policy.stay());
    if until <= now {
        return Err(Usage::UntilPast { until, now }.into());
    }
    let ahead = schedule::simulate(&keys, &policy, now, until).map_err(Error::lifecycle(&name))?;
    let text = match args.format {
        ChartFormat::Human if ahead.lives.is_empty() => "no keys in client_auth.jwks.keys\n".to_owned(),
        ChartFormat::Human => timeline::chart(&ahead, width(args, world)),
        ChartFormat::Mermaid => mermaid::gantt(&ahead, &name),
        ChartFormat::Json => {
            let report = json::TimelineReport::new(&name, &ahead);
            serde_json::to_string_pretty(&report).map_err(std::io::Error::from)? + "\n"
        }
    };
    write!(world.stdout, "{text}")?;
    world.stdout.flush()?;
    if ahead.until < until {
        writeln!(world.stderr, "\nThis ends at {}: more steps than anyone reads.", ahead.until.to_the_minute())?;
    }
    if args.format == ChartFormat::Human && !ahead.lives.is_empty() {
        let what = sentence!(
            "This is what happens if `reconcile` runs on {} each time something is due.",
            Printable(&name)
        );
        writeln!(world.stderr, "\n{}", hanging(&what, 0, world.terminal.width))?;
        if keys.keys().iter().any(|key| key.kid.value().is_none()) {
            let places = "`@N` is a key by its place in the file as it is now; places change with each step.";
            writeln!(world.stderr, "{}", hanging(&places, 0, world.terminal.width))?;
        }
    }
    Ok(Answer::Done)
}

fn width(args: &Args, world: &World<'_>) -> usize {
    let said = args.width.or(world.terminal.width).map(usize::from);
    said.unwrap_or(80).clamp(40, 400)
}
