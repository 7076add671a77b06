//! `add`: a key at the end of the list.

use crate::session::arguments::Ending;
use crate::session::arguments::NewKeyArgs;
use crate::session::arguments::{Global, Times};
use crate::keyset::{HmacAlg, Key};
use crate::schedule::{self, ScheduleError};
use crate::session::Error;
use crate::session::World;
use crate::session::change::Run;
use crate::session::new_key::KeySource;
use crate::session::{Answer, policy, source};

/// Add a key, fresh or imported
///
/// The new key goes last. It verifies beside the others; the current key stays the one that signs.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  powersync-jwks add\n  openssl rand -base64 32 | powersync-jwks add --secret-stdin --encoding text\n  powersync-jwks add --alg HS512 --kid reports"
)]
pub struct Args {
    /// Its algorithm [default: that of the current key, else HS256]
    #[arg(long, ignore_case = true)]
    pub alg: Option<HmacAlg>,
    /// The new key.
    #[command(flatten)]
    pub new: NewKeyArgs,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let source = source::one(global, world)?;
    let rules = policy::rules(&Times::default(), &source, world)?;
    let new = KeySource::new(&args.new, &rules, &source, world)?;
    let run = Run {
        global,
        source: &source,
        ending: &args.ending,
        policy: &rules.policy,
        values: new.values(),
        decide: &|config, keys, now| {
            let alg = if let Some(alg) = args.alg {
                alg
            } else {
                let current = keys.current().map_err(ScheduleError::from)?;
                current.and_then(Key::hmac_alg).unwrap_or(HmacAlg::Hs256)
            };
            let key = new.key(config, keys, alg, now)?;
            Ok(schedule::add(keys, key, now, &args.ending.allow)?.into())
        },
        beside: Some(new.beside()),
        drop_env: None,
        redactor: None,
        on_cloud: true,
        nothing: "Nothing to do.",
        flags: Vec::new(),
    };
    run.run(world)
}
