//! `add`: a key at the end of the list.

use crate::keyset::{HmacAlg, Key};
use crate::schedule::{self, NewKey, ScheduleError};
use crate::session::arguments::{Ending, FormatArgs, Global, NewKeyArgs, PolicyArgs};
use crate::session::{Answer, Error, Usage, World, change, policy, source, values};
use crate::session::new_key::KeySource;
use crate::session::operation::{Decided, Operation, Task};

/// Add a key, fresh or imported
///
/// The new key goes last. It verifies beside the others; the current key stays the one that signs.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  powersync-jwks add\n  openssl rand -base64 32 | powersync-jwks add --secret-stdin --encoding text\n  powersync-jwks add --no-kid --secret-file supabase-secret.txt --encoding text    Supabase's legacy JWT secret\n  powersync-jwks add --alg HS512 --kid reports"
)]
pub(crate) struct Args {
    /// Its algorithm [default: that of the current key, else HS256]
    #[arg(long, ignore_case = true)]
    pub alg: Option<HmacAlg>,
    /// Without a kid: for tokens that carry none, such as Supabase's legacy ones
    #[arg(long, conflicts_with = "kid")]
    pub no_kid: bool,
    /// The new key.
    #[command(flatten)]
    pub new: NewKeyArgs,
    /// The policy file.
    #[command(flatten)]
    pub policy: PolicyArgs,
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
    let mut tasks = Vec::new();
    for source in sources {
        let rules = policy::rules(&args.policy.times(), &source, world)?;
        let mut new = KeySource::new(&args.new, &rules, &source, world)?.offering(&args.ending, world);
        tasks.push(Task {
            policy: rules.policy,
            values: values::so_far(new.env_file().as_ref(), rules.env_file, &source, world)?,
            source,
            decide: Box::new(move |seen| {
                if args.no_kid && seen.keys.is_cloud {
                    return Err(Usage::NoKidOnCloud.into());
                }
                let current = || seen.keys.current().map_err(ScheduleError::from);
                let alg = match args.alg {
                    Some(alg) => alg,
                    None => current()?.and_then(Key::hmac_alg).unwrap_or(HmacAlg::Hs256),
                };
                let (key, set) = new.key(seen, alg)?;
                let key = if args.no_kid { NewKey { kid: None, kid_is_chosen: false, ..key } } else { key };
                let outcome = schedule::add(seen.keys, key, seen.now, &args.ending.allow)?;
                Ok(Decided { set, ..outcome.into() })
            }),
            drop_env: None,
        });
    }
    let operation = Operation::new("add", global, &args.ending, &args.output);
    change::run(&operation, tasks, world)
}
