//! `promote`: the second step of a rotation.

use crate::keyset::KeyName;
use crate::session::arguments::Ending;
use crate::session::arguments::ProbeArgs;
use crate::session::arguments::Times;
use std::path::PathBuf;
use crate::session::arguments::{Global};
use crate::schedule::{self, Terms};
use crate::session::Error;
use crate::session::World;
use crate::session::ask::Asked;
use crate::session::change::Run;
use crate::session::{Answer, policy, source, values};

/// Let a standby key take the first place
///
/// The second step of a rotation, once every replica knows the new key. The key that was current is retired,
/// counted from now.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which key: a kid, or @N [default: the standby key]
    #[arg(value_name = "KEY")]
    pub key: Option<KeyName>,
    /// How long things take.
    #[command(flatten)]
    pub times: Times,
    /// Whether every replica knows the key.
    #[command(flatten)]
    pub probe: ProbeArgs,
    /// A dotenv file with values of `!env` variables; those of this environment win over it
    #[arg(long, value_name = "PATH")]
    pub env_file: Option<PathBuf>,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let source = source::one(global, world)?;
    let rules = policy::rules(&args.times, &source, world)?;
    let policy = rules.policy;
    let file = args.env_file.clone().or(rules.env_file);
    let asked = Asked::new(global, &args.probe, &rules.probe, file.as_deref(), world)?;
    let known = values::known(None, world)?;
    let run = Run {
        global,
        source: &source,
        ending: &args.ending,
        policy: &policy,
        values: asked.as_ref().map_or(&known, |asked| &asked.values),
        decide: &|_, keys, now| {
            let terms = Terms { policy: &policy, now, allowed: &args.ending.allow };
            let outcome = schedule::promote(keys, args.key.as_ref(), &terms)?;
            match &asked {
                Some(asked) => asked.promotion(outcome, keys, terms.allowed),
                None => Ok(outcome.into()),
            }
        },
        beside: None,
        drop_env: None,
        redactor: None,
        on_cloud: false,
        nothing: "Nothing to do.",
        flags: policy::flags(&args.times),
    };
    run.run(world)
}
