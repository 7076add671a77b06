//! `verify`: what the service says to a token, and why.

use std::path::PathBuf;

use crate::keyset::{KeyName, KeySet};
use crate::report::human::columns;
use crate::report::json;
use crate::report::verify::{OwnerAnswer, Question};
use crate::session::arguments::{At, Format, FormatArgs, Global};
use crate::session::token_judge::{TokenJudge, Claims, tell};
use crate::session::key_sets::{self, KeySetArgs};
use crate::session::token_input::{self, SecretFrom};
use crate::session::values::EnvFileArg;
use crate::session::{Answer, Error, Source, Usage, World, read, source};
use crate::token::{KeyPlace, Ownership, SecretInput, Verifier, ownership};

/// Say whether the service accepts a token, and if not, why
///
/// Gives the code and the message of the service, what they mean and what to do. Several tokens, one a line, are judged one
/// by one: has every backend switched? The token is found in whatever it was pasted with: JSON, a header line, quotes. With --secret-stdin, --secret-file or
/// --secret-env it says which key a secret belongs to. Exit code: 0 accepted, 1 rejected, 2 not to be judged from here.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The service's error messages, one by one: docs/errors.md\n\nExamples:\n  powersync-jwks verify token.txt\n  powersync-jwks verify --expect prod-2 token.txt       has this backend switched? ask before `prune`\n  powersync-jwks verify --against old.yaml token.txt    tries the keys of an earlier config, too\n  powersync-jwks verify --fetch token.txt               asks the config's own `jwks_uri`\n  powersync-jwks verify --jwks keys.json token.txt      keys behind `jwks_uri`, from a file\n  powersync-jwks verify --secret-env JWT_SECRET         which key is this, and how is it written?"
)]
pub(crate) struct Args {
    /// A file with the token, or several, one a line; `-` is stdin, and the default
    #[arg(value_name = "FILE", conflicts_with_all = ["secret_stdin", "secret_file", "secret_env"])]
    pub file: Option<PathBuf>,
    /// Exit 1 unless this key signed it: a kid, or @N
    #[arg(long, value_name = "KEY")]
    pub expect: Option<KeyName>,
    /// Where keys from elsewhere are read.
    #[command(flatten)]
    pub sets: KeySetArgs,
    /// An earlier config, whose keys are tried to find the cause
    #[arg(long, value_name = "OLD")]
    pub against: Option<PathBuf>,
    /// Ask what the service says at another time
    #[arg(long, value_name = "DATE")]
    pub at: Vec<At>,
    /// Print the token's claims, too
    #[arg(long)]
    pub show_claims: bool,
    /// Ask which key a secret belongs to; it comes from stdin
    #[arg(long, conflicts_with_all = ["secret_file", "secret_env", "show_claims", "at"])]
    pub secret_stdin: bool,
    /// The same, from a file
    #[arg(long, value_name = "PATH", conflicts_with_all = ["secret_env", "show_claims", "at"])]
    pub secret_file: Option<PathBuf>,
    /// The same, from an environment variable
    #[arg(long, value_name = "NAME", conflicts_with_all = ["show_claims", "at"])]
    pub secret_env: Option<String>,
    /// How the output is written.
    #[command(flatten)]
    pub output: FormatArgs,
    /// Where the values of variables come from.
    #[command(flatten)]
    pub values: EnvFileArg,
}

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let source = source::one(global, world)?;
    let keys = read::keys(global, &source, args.values.path(), world)?;
    let removed = match &args.against {
        Some(path) => Some(read::keys(global, &Source::File(path.clone()), args.values.path(), world)?),
        None => None,
    };
    let question = Question {
        now: At::date(&args.at).unwrap_or_else(|| world.clock.now()),
        tool: source.tool(global, world),
        config: source.name(),
        expected: expected(&keys, args.expect.as_ref(), &source)?,
        keys: &keys,
    };
    let from = match (&args.secret_file, &args.secret_env) {
        (Some(path), _) => SecretFrom::File(path),
        (None, Some(variable)) => SecretFrom::Variable(variable),
        (None, None) if args.secret_stdin => SecretFrom::Stdin,
        (None, None) => {
            let found = token_input::tokens(args.file.as_deref(), &source, world)?;
            let behind = key_sets::behind(&args.sets, &keys, &question.config, world)?;
            let verifier =
                Verifier::with_fetched(&keys, behind).map_err(Error::token(&question.config))?;
            let judge = TokenJudge {
                question: &question,
                verifier: &verifier,
                removed: removed.as_ref(),
                format: args.output.format,
                claims: if args.show_claims { Claims::Shown } else { Claims::Kept },
            };
            let [one] = found.as_slice() else { return judge.tell_several(&found, world) };
            if let Some(note) = one.message() {
                world.note(&note)?;
            }
            return judge.tell_one(&one.token, world);
        }
    };
    let input = match from {
        SecretFrom::Variable(_) => SecretInput::Variable,
        SecretFrom::File(_) | SecretFrom::Stdin => SecretInput::File,
    };
    let secret = token_input::secret(&from, &source, world)?;
    let owner = ownership(&keys, removed.as_ref(), &secret, input).map_err(Error::Undetermined)?;
    tell_owner(args, &question, &owner, world)
}

/// The keys that a name fits.
fn expected(keys: &KeySet, name: Option<&KeyName>, source: &Source) -> Result<Option<Vec<usize>>, Error> {
    let Some(name) = name else { return Ok(None) };
    let named: Vec<usize> = keys.named(name).iter().map(|key| key.index).collect();
    if named.is_empty() {
        return Err(Usage::NoExpectedKey { key: name.to_string(), config: source.name() }.into());
    }
    Ok(Some(named))
}

fn tell_owner(
    args: &Args,
    question: &Question<'_>,
    owner: &Ownership<'_>,
    world: &mut World<'_>,
) -> Result<Answer, Error> {
    match args.output.format {
        Format::Human => tell(&question.owner(owner, columns(world.terminal.width)), world)?,
        Format::Json => json::write(&OwnerAnswer::new(question, owner), world.stdout)?,
    }
    match owner {
        Ownership::Key(owner) if question.is_expected(KeyPlace::File(owner.key.index)) != Some(false) => Ok(Answer::Done),
        _ => Ok(Answer::No),
    }
}
