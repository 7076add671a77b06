//! `rotate`: a new key in the first place, the outgoing one on its way out.

use crate::base::time::Seconds;
use crate::keyset::{HmacAlg, Key, KeyName};
use crate::schedule::{self, RotateOptions, Terms};
use crate::session::arguments::{Ending, FormatArgs, Global, NewKeyArgs, Times};
use crate::session::change::{self, Mode};
use crate::session::new_key::KeySource;
use crate::session::question::{self, Asks, Unsaid};
use crate::session::operation::{Cloud, Decided, Operation, Task};
use crate::session::two_steps::WhyTwoSteps;
use crate::session::{Answer, Error, Source, World, policy, read, source, values};

/// Put a fresh key first and retire the one in use
///
/// The outgoing key stays until no token signed with it can be valid any more: the time to deploy, plus the time
/// until every backend signs with the new key, plus the life of a token, plus 60 s (the service's tolerance) and
/// 5 min (clocks differ). By default that is 5 days and 6 minutes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "In two steps, no step has to be in time: `rotate --standby`, deploy, and `promote` when its time has come. That is the way where several replicas read the config, where it is kept in git, or where secrets are in variables; asked on a terminal, the tool offers it first there. One step is for a config that one replica reads, and that restarts at once.\n\nExamples:\n  powersync-jwks rotate --dry-run            look first\n  powersync-jwks rotate --standby            the new key waits until every replica knows it\n  powersync-jwks rotate --token-ttl 1h --deploy-within 30m --rollout 30m\n  powersync-jwks rotate --revoke             the secret leaked, or is a placeholder\n  powersync-jwks rotate --key billing        one of several keys, each of a backend of its own"
)]
pub(crate) struct Args {
    /// In two steps: add the new key behind the current one, and let it wait [default wait: deploy within]
    #[arg(long, value_name = "DURATION", num_args = 0..=1, conflicts_with_all = ["all", "revoke"])]
    #[allow(clippy::option_option, reason = "not given, given, given with a value: as clap has it")]
    pub standby: Option<Option<Seconds>>,
    /// Replace this accepted key in its place, and not the current one: a kid, or @N. One backend's key of several
    #[arg(long, value_name = "KEY", conflicts_with_all = ["standby", "all", "revoke"])]
    pub key: Option<KeyName>,
    /// Retire the other accepted keys, too
    #[arg(long)]
    pub all: bool,
    /// Remove the outgoing key in the same write: its secret leaked, or is a placeholder
    #[arg(long)]
    pub revoke: bool,
    /// The new key.
    #[command(flatten)]
    pub new: NewKeyArgs,
    /// How long things take.
    #[command(flatten)]
    pub times: Times,
    /// How it is reported.
    #[command(flatten)]
    pub output: FormatArgs,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let sources = source::all(global, world)?;
    args.new.check_alone(&sources)?;
    let options = RotateOptions { key: args.key.as_ref(), all: args.all, revoke: args.revoke };
    let standby = match (args.standby, sources.as_slice()) {
        (None, [source]) => match first_question(global, args, source, world)? {
            Way::Declined => return Ok(Answer::No),
            Way::TwoSteps => Some(None),
            Way::AsAsked => None,
        },
        (standby, _) => standby,
    };
    let mut tasks = Vec::new();
    for source in sources {
        let rules = policy::rules(&args.times, &source, world)?;
        let mut new = KeySource::new(&args.new, &rules, &source, world)?.offering(&args.ending, world);
        tasks.push(Task {
            policy: rules.policy,
            values: values::so_far(new.env_file().as_ref(), rules.env_file, &source, world)?,
            source,
            decide: Box::new(move |seen| {
                let replaced = schedule::replaced(seen.keys, options.key, seen.now)?;
                let alg = replaced.and_then(Key::hmac_alg).unwrap_or(HmacAlg::Hs256);
                let (key, set) = new.key(seen, alg)?;
                let terms = Terms { policy: seen.policy, now: seen.now, allowed: &args.ending.allow };
                let outcome = match standby {
                    Some(wait) => schedule::standby(seen.keys, key, wait, &terms),
                    None => schedule::rotate(seen.keys, key, options, &terms),
                }?;
                Ok(Decided { set, ..outcome.into() })
            }),
            drop_env: None,
        });
    }
    let operation = Operation { cloud: Cloud::Refuses, flags: policy::flags(&args.times), ..Operation::new("rotate", global, &args.ending, &args.output) };
    change::run(&operation, tasks, world)
}

/// What a person chose before the plan is made.
enum Way {
    AsAsked,
    TwoSteps,
    Declined,
}

/// Asks a person at the terminal what comes before the plan: whether to rotate again so soon, and in two steps or one.
fn first_question(
    global: &Global,
    args: &Args,
    source: &Source,
    world: &mut World<'_>,
) -> Result<Way, Error> {
    let asks = Mode::of(&args.ending) == Mode::Ask && Asks::of(world) == Asks::Person;
    let Some(path) = source.path(world).filter(|_| asks && !args.revoke) else { return Ok(Way::AsAsked) };
    // What is wrong with it is told by the run.
    let Ok(keys) = read::keys(global, source, None, world) else { return Ok(Way::AsAsked) };
    let now = world.clock.now();
    if let Some((key, made)) = schedule::just_rotated(&keys, now) {
        let why = schedule::just_rotated_message(&key, now.since(made));
        world.note(&why)?;
        if !question::yes("Rotate again?", Unsaid::No, world)? {
            writeln!(world.stderr, "Nothing was written.")?;
            return Ok(Way::Declined);
        }
    }
    let is_plain = !args.all && args.key.is_none() && keys.current().ok().flatten().is_some();
    let Some(why) = WhyTwoSteps::to_offer(&path, &keys).filter(|_| is_plain) else { return Ok(Way::AsAsked) };
    world.note(&why.message())?;
    let two = question::yes("Rotate in two steps? `promote` is the second one.", Unsaid::Yes, world)?;
    writeln!(world.stderr)?;
    Ok(if two { Way::TwoSteps } else { Way::AsAsked })
}
