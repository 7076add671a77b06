//! `verify`: what the service says to a token, and why.

use std::path::PathBuf;

use serde_json::Value;

use crate::base::text::{Named, Printable};
use crate::keyset::{KeyName, KeySet};
use crate::report::human::columns;
use crate::report::json;
use crate::report::verify::{self as report, Lines, OwnerAnswer, Question, TokenAnswer};
use crate::session::arguments::{At, Format, FormatArgs, Global};
use crate::session::World;
use crate::session::token_input::{self, SecretFrom};
use crate::session::{Answer, read, source};
use crate::session::{Error, Source};
use crate::token::{Cause, Ownership, SecretInput, Verdict, Verifier, claims_of, nearest_cause, ownership};

/// Say whether the service accepts a token, and if not, why
///
/// Gives the code and the message of the service, what they mean and what to do. With --secret-stdin, --secret-file or
/// --secret-env it says which key a secret belongs to. Exit code: 0 accepted, 1 rejected, 2 not to be judged from here.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  powersync-jwks verify token.txt\n  powersync-jwks verify --expect prod-2 token.txt       has this backend switched? ask before `prune`\n  powersync-jwks verify --against old.yaml token.txt    tries the keys of an earlier config, too\n  powersync-jwks verify --secret-env JWT_SECRET         which key is this, and how is it written?"
)]
pub(crate) struct Args {
    /// A file with the token; `-` is stdin, and the default
    #[arg(value_name = "FILE", conflicts_with_all = ["secret_stdin", "secret_file", "secret_env"])]
    pub file: Option<PathBuf>,
    /// Exit 1 unless this key signed it: a kid, or @N
    #[arg(long, value_name = "KEY")]
    pub expect: Option<KeyName>,
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
    /// A dotenv file with values of `!env` variables; those of this environment win over it
    #[arg(long, value_name = "PATH")]
    pub env_file: Option<PathBuf>,
}

/// What Node takes as the headers of a request, at most.
const HEADERS: usize = 16 * 1024;

pub(crate) fn run(global: &Global, args: &Args, world: &mut World<'_>) -> Result<Answer, Error> {
    let source = source::one(global, world)?;
    let keys = read::keys(global, &source, args.env_file.as_deref(), world)?;
    let removed = match &args.against {
        Some(path) => Some(read::keys(global, &Source::File(path.clone()), args.env_file.as_deref(), world)?),
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
            let token = token_input::token(args.file.as_deref(), &source, world)?;
            return tell_token(args, &question, removed.as_ref(), &token, world);
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
        let text = format!(
            "--expect: there is no key {} in {}",
            Named(&name.to_string()),
            Printable(&source.name())
        );
        return Err(Error::Usage(text));
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
        Ownership::Key(owner) if question.is_expected(owner.key.index) != Some(false) => Ok(Answer::Done),
        _ => Ok(Answer::No),
    }
}

fn tell_token(
    args: &Args,
    question: &Question<'_>,
    removed: Option<&KeySet>,
    token: &str,
    world: &mut World<'_>,
) -> Result<Answer, Error> {
    let verifier = Verifier::new(question.keys).map_err(Error::token(&question.config))?;
    let verdict = verifier.verify(token, question.now);
    let cause = match &verdict {
        Verdict::Rejected(why) => Some(nearest_cause(question.keys, removed, token, why, question.now)),
        Verdict::Accepted(_) | Verdict::Undetermined(_) => None,
    };
    match args.output.format {
        Format::Human => tell_people(args, question, (&verdict, cause.as_ref()), token, world)?,
        Format::Json => {
            let claims = claims_of(token).and_then(|claims| serde_json::from_str::<Value>(&claims).ok());
            let answer = match (&verdict, &cause) {
                (Verdict::Accepted(accepted), _) => {
                    Some(TokenAnswer::accepted(question, accepted, claims.as_ref()))
                }
                (Verdict::Rejected(why), Some(cause)) => {
                    Some(TokenAnswer::rejected(question, why, cause, claims.as_ref()))
                }
                _ => None,
            };
            if let Some(mut answer) = answer {
                answer.claims = claims.filter(|_| args.show_claims);
                json::write(&answer, world.stdout)?;
            }
        }
    }
    if token.len() > HEADERS {
        writeln!(
            world.stderr,
            "note: the token has {} bytes, and Node itself rejects requests with headers over 16 KiB (431) by default: make \
             it smaller",
            token.len()
        )?;
    }
    match verdict {
        Verdict::Accepted(accepted) if question.is_expected(accepted.key) != Some(false) => Ok(Answer::Done),
        Verdict::Accepted(_) | Verdict::Rejected(_) => Ok(Answer::No),
        Verdict::Undetermined(why) => Err(Error::Undetermined(why)),
    }
}

fn tell_people(
    args: &Args,
    question: &Question<'_>,
    (verdict, cause): (&Verdict, Option<&Cause>),
    token: &str,
    world: &mut World<'_>,
) -> Result<(), Error> {
    let width = columns(world.terminal.width);
    match (verdict, cause) {
        (Verdict::Accepted(accepted), _) => tell(&question.accepted(accepted, width), world)?,
        (Verdict::Rejected(why), Some(cause)) => tell(&report::rejected(why, cause, width), world)?,
        _ => {}
    }
    if !args.show_claims {
        return Ok(());
    }
    let Some(claims) = claims_of(token) else {
        writeln!(world.stderr, "note: its claims can't be read")?;
        return Ok(());
    };
    let pretty = serde_json::from_str::<Value>(&claims)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or(claims);
    for line in pretty.lines() {
        writeln!(world.stdout, "{}", Printable(line))?;
    }
    world.stdout.flush()?;
    if !matches!(verdict, Verdict::Accepted(_)) {
        writeln!(world.stderr, "note: these claims are not verified: anyone may have written them")?;
    }
    Ok(())
}

fn tell(lines: &Lines, world: &mut World<'_>) -> Result<(), Error> {
    write!(world.stdout, "{}", lines.data)?;
    world.stdout.flush()?;
    write!(world.stderr, "{}", lines.talk)?;
    Ok(())
}
