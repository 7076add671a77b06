//! `move-secret`: a secret goes into a variable, or back into the config.

use zeroize::Zeroizing;

use crate::config::Config;
use crate::keyset::{Key, KeyName, SecretText};
use crate::schedule::{self, Change, Outcome, SecretForm};
use crate::session::arguments::{DestinationArgs, Ending, FormatArgs, Global, PolicyArgs, SecretPlace};
use crate::session::{Answer, Error, NoPlace, World, change, policy, source, values};
use crate::session::destination::Finder;
use crate::session::facts::Facts;
use crate::session::operation::{Decided, Operation, Task};
use crate::session::secret_write::SecretWrite;
use crate::wrap::env_file::needs_no_quotes;

/// Move a key's secret into a variable, or back
///
/// `k: 'abc…'` becomes `k: !env PS_…` and a line of an env file. It is the same key: nothing changes for your backend.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  powersync-jwks move-secret prod-1 --to env --env-file .env\n  powersync-jwks move-secret prod-1 --to env --secret-out secret.txt   for a secrets manager\n  powersync-jwks move-secret prod-1 --to inline --env-file .env"
)]
pub(crate) struct Args {
    /// Which key: a kid, or @N for the Nth of the file
    #[arg(value_name = "KEY")]
    pub key: KeyName,
    /// Where to: env or inline
    #[arg(long, value_name = "WHERE", hide_possible_values = true)]
    pub to: SecretPlace,
    /// Who gets the value.
    #[command(flatten)]
    pub destination: DestinationArgs,
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
    let source = source::one(global, world)?;
    let rules = policy::rules(&args.policy.times(), &source, world)?;
    let finder = Finder::new(&source, &args.destination, rules.env_file.clone(), world).offering(&args.ending, world);
    let values = values::so_far(finder.flag().as_ref(), rules.env_file, &source, world)?;
    let task = Task {
        source,
        policy: rules.policy,
        values,
        decide: Box::new(move |seen| match args.to {
            SecretPlace::Env => to_variable(args, &finder, seen),
            SecretPlace::Inline => Ok(to_config(args, &finder, seen)?.into()),
        }),
        drop_env: None,
    };
    let operation = Operation::new("move-secret", global, &args.ending, &args.output);
    change::run(&operation, vec![task], world)
}

/// Into a variable, with its value on the way to where the service gets it from.
fn to_variable(args: &Args, finder: &Finder, seen: &Facts<'_>) -> Result<Decided, Error> {
    let written = seen.keys.named(&args.key).first().and_then(|key| SecretText::of(key, seen.config));
    // What has no secret to move needs no place for one.
    let anywhere = SecretForm::Variable(String::new());
    let mut outcome = schedule::move_secret(seen.keys, &args.key, anywhere, written)?;
    let Some(Change::MoveSecret { to, k, .. }) = outcome.changes.first_mut() else {
        return Ok(outcome.into());
    };
    let slot = finder.slot(seen, None)?;
    let set = SecretWrite::new(&slot, k.clone());
    *to = slot.form;
    Ok(Decided { set, ..outcome.into() })
}

/// Into the config, in plaintext.
fn to_config(args: &Args, finder: &Finder, seen: &Facts<'_>) -> Result<Outcome, Error> {
    if seen.config.is_cloud() {
        return Err(finder.no_place(NoPlace::MoveOnCloud));
    }
    let variable = seen.keys.named(&args.key).first().and_then(|key| key.variable());
    let value = match variable.map(|name| (name, seen.values.get(name))) {
        Some((_, value)) => value,
        None => None,
    };
    let value = value.filter(|value| !value.is_empty()).map(SecretText);
    Ok(schedule::move_secret(seen.keys, &args.key, SecretForm::Inline, value)?)
}

impl SecretText {
    /// The text of a key's `k`, or what is the same key where an env file could not have that text.
    fn of(key: &Key, config: &Config<'_>) -> Option<Self> {
        let text = config.text_of(key.index, "k").filter(|text| needs_no_quotes(text));
        let text = text.map(|text| Zeroizing::new(text.to_owned()));
        text.or_else(|| Some(key.secret()?.to_base64url())).filter(|text| !text.is_empty()).map(Self)
    }
}
