//! `verify`: what the service says to a token, and why.

use std::path::PathBuf;

use serde_json::Value;

use crate::base::text::Printable;
use crate::keyset::{KeyName, KeySet};
use crate::report::human::columns;
use crate::report::json;
use crate::report::paint::warning_line;
use crate::report::tally::{Tally, TokenAnswers};
use crate::report::verify::{self as report, Lines, OwnerAnswer, Question, TokenAnswer};
use crate::session::values::EnvFileArg;
use crate::session::key_sets::{self, KeySetArgs};
use crate::token::found::FoundToken;
use crate::session::arguments::{At, Format, FormatArgs, Global};
use crate::session::{Answer, Error, Source, Usage, World, read, source};
use crate::session::token_input::{self, SecretFrom};
use crate::token::{
    Cause, KeyPlace, Ownership, SAFE_BYTES, SecretInput, Verdict, Verifier, claims_of, nearest_cause, ownership,
};

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
            let asked =
                Asked { args, question: &question, verifier: &verifier, removed: removed.as_ref() };
            let [one] = found.as_slice() else { return asked.tell_several(&found, world) };
            if let Some(note) = one.message() {
                world.note(&note)?;
            }
            return asked.tell_one(&one.token, world);
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

/// What is asked of each token.
struct Asked<'a> {
    args: &'a Args,
    question: &'a Question<'a>,
    verifier: &'a Verifier,
    removed: Option<&'a KeySet>,
}

/// What came of a token.
struct Judged<'a> {
    token: &'a str,
    verdict: Verdict,
    cause: Option<Cause>,
    claims: Option<Value>,
}

impl<'a> Asked<'a> {
    fn judge(&self, token: &'a str) -> Judged<'a> {
        let now = self.question.now;
        let verdict = self.verifier.verify(token, now);
        let cause = match &verdict {
            Verdict::Rejected(why) => Some(nearest_cause(self.verifier, self.removed, token, why, now)),
            Verdict::Accepted(_) | Verdict::Undetermined(_) => None,
        };
        let claims = claims_of(token).and_then(|claims| serde_json::from_str::<Value>(&claims).ok());
        Judged { token, verdict, cause, claims }
    }

    fn is_yes(&self, verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::Accepted(accepted) if self.question.is_expected(accepted.key) != Some(false))
    }

    fn report(&self, judged: &'a Judged<'_>) -> TokenAnswer<'a> {
        let (question, claims) = (self.question, judged.claims.as_ref());
        let mut answer = match (&judged.verdict, &judged.cause) {
            (Verdict::Accepted(accepted), _) => {
                TokenAnswer::accepted(question, self.verifier, accepted, claims)
            }
            (Verdict::Rejected(why), Some(cause)) => {
                TokenAnswer::rejected(question, self.verifier, (why, cause), claims)
            }
            (Verdict::Undetermined(why), _) => TokenAnswer::undetermined(question, self.verifier, why),
            (Verdict::Rejected(_), None) => TokenAnswer::new(question, self.verifier, None, claims),
        };
        answer.claims = judged.claims.clone().filter(|_| self.args.show_claims);
        answer
    }

    /// One token.
    fn tell_one(&self, token: &'a str, world: &mut World<'_>) -> Result<Answer, Error> {
        let judged = self.judge(token);
        match self.args.output.format {
            Format::Human => self.tell_people(&judged, world)?,
            Format::Json if !matches!(judged.verdict, Verdict::Undetermined(_)) => {
                json::write(&self.report(&judged), world.stdout)?;
            }
            Format::Json => {}
        }
        warn_of_size(&judged, world)?;
        match judged.verdict {
            Verdict::Undetermined(why) => Err(Error::Undetermined(why)),
            verdict if self.is_yes(&verdict) => Ok(Answer::Done),
            _ => Ok(Answer::No),
        }
    }

    /// Several, a line each, and what they are together.
    fn tell_several(&self, tokens: &'a [FoundToken], world: &mut World<'_>) -> Result<Answer, Error> {
        let judged: Vec<Judged<'_>> = tokens.iter().map(|found| self.judge(&found.token)).collect();
        let mut tally = Tally::default();
        for one in &judged {
            tally.add(self.question, self.verifier, &one.verdict);
        }
        match self.args.output.format {
            Format::Human => {
                for (number, one) in (1..).zip(&judged) {
                    let line = self.question.line(self.verifier, &one.verdict);
                    writeln!(world.stdout, "{number}: {line}")?;
                }
                world.stdout.flush()?;
                write!(world.stderr, "\n{}", tally.human(self.question, columns(world.terminal.width)))?;
            }
            Format::Json => {
                let answers = judged.iter().map(|one| self.report(one)).collect();
                json::write(&TokenAnswers::new(self.question, answers, &tally), world.stdout)?;
            }
        }
        for one in &judged {
            warn_of_size(one, world)?;
        }
        if let Some(Verdict::Undetermined(why)) =
            judged.iter().map(|one| &one.verdict).find(|verdict| matches!(verdict, Verdict::Undetermined(_)))
        {
            return Err(Error::Undetermined(why.clone()));
        }
        let all = judged.iter().all(|one| self.is_yes(&one.verdict));
        Ok(if all { Answer::Done } else { Answer::No })
    }

    fn tell_people(&self, judged: &Judged<'_>, world: &mut World<'_>) -> Result<(), Error> {
        let width = columns(world.terminal.width);
        match (&judged.verdict, &judged.cause) {
            (Verdict::Accepted(accepted), _) => {
                tell(&self.question.accepted(accepted, self.verifier, width), world)?;
            }
            (Verdict::Rejected(why), Some(cause)) => tell(&report::rejected(why, cause, width), world)?,
            _ => {}
        }
        if self.args.show_claims { tell_claims(judged, world) } else { Ok(()) }
    }
}

fn warn_of_size(judged: &Judged<'_>, world: &mut World<'_>) -> Result<(), Error> {
    let bytes = judged.token.len();
    if bytes > SAFE_BYTES && matches!(judged.verdict, Verdict::Accepted(_)) {
        let text = format!(
            "the token has {bytes} bytes, and Node rejects requests whose headers are over 16 KiB together (HTTP 431): with \
             those that clients add, this one may be. Put less into its claims"
        );
        writeln!(world.stderr, "{}", warning_line(&text))?;
    }
    Ok(())
}

fn tell_claims(judged: &Judged<'_>, world: &mut World<'_>) -> Result<(), Error> {
    let Some(claims) = claims_of(judged.token) else {
        writeln!(world.stderr, "note: its claims can't be read")?;
        return Ok(());
    };
    let pretty =
        judged.claims.as_ref().and_then(|value| serde_json::to_string_pretty(value).ok()).unwrap_or(claims);
    for line in pretty.lines() {
        writeln!(world.stdout, "{}", Printable(line))?;
    }
    world.stdout.flush()?;
    if !matches!(judged.verdict, Verdict::Accepted(_)) {
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
