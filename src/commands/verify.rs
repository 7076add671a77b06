//! `verify`: what the service says to a token, and why.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::owner;
use crate::base::text::wrap;
use crate::base::text::{Named, Printable, list};
use crate::base::time::NumericDate;
use crate::session::arguments::{Global};
use crate::keyset::{Key, KeyName, KeySet, Phase};
use crate::report::paint::{BOLD, GREEN, RED, YELLOW, paint};
use crate::session::World;
use crate::session::{Answer, read, source};
use crate::session::{Error, Source};
use crate::store;
use crate::token::{Accepted, Rejection, Verdict, Verifier, claims_of, nearest_cause};

/// Say whether the service accepts a token, and if not, why
///
/// Gives the code and the message of the service, what they mean and what to do. With --secret-stdin, --secret-file or
/// --secret-env it says which key a secret belongs to. Exit code: 0 accepted, 1 rejected, 2 not to be judged from here.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  powersync-jwks verify token.txt\n  powersync-jwks verify --expect prod-2 token.txt       has this backend switched? ask before `prune`\n  powersync-jwks verify --against old.yaml token.txt    tries the keys of an earlier config, too\n  powersync-jwks verify --secret-env JWT_SECRET         which key is this, and how is it written?"
)]
pub struct Args {
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
    pub at: Option<NumericDate>,
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
        now: args.at.unwrap_or_else(|| world.clock.now()),
        tool: source.tool(global, world),
        config: source.name(),
        expected: expected(&keys, args.expect.as_ref(), &source)?,
        keys: &keys,
        removed: removed.as_ref(),
        show_claims: args.show_claims,
    };
    if args.secret_stdin || args.secret_file.is_some() || args.secret_env.is_some() {
        let secret = owner::secret(args, &source, world)?;
        question.secret(&secret, args.secret_env.is_none(), world)
    } else {
        let token = token(args.file.as_ref(), &source, world)?;
        question.token(&token, world)
    }
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

/// The base64url of `{"`, and two dots.
fn looks_like_token(argument: &str) -> bool {
    argument.starts_with("eyJ") && argument.matches('.').count() >= 2
}

/// The token, without what stands around it.
fn token(file: Option<&PathBuf>, config: &Source, world: &mut World<'_>) -> Result<Zeroizing<String>, Error> {
    if file.is_some_and(|path| looks_like_token(&path.to_string_lossy())) {
        let text = "this argument is a token and not a file. Others see arguments: pipe the token in, or put it into a file";
        return Err(Error::Usage(text.to_owned()));
    }
    let (name, bytes) = if let Some(path) = file.filter(|path| *path != Path::new("-")) {
        let name = path.display().to_string();
        let bytes = store::snapshot(&world.path(path)).map_err(Error::store(&name))?;
        (name, bytes)
    } else {
        read::check_stdin(config, "the token")?;
        if world.terminal.stdin {
            writeln!(world.stderr, "Paste the token, and end with Ctrl-D:")?;
        }
        ("stdin".to_owned(), store::read(&mut *world.stdin, 0).map_err(Error::store("stdin"))?)
    };
    let usage = |what: &str| Error::Usage(format!("{}: {what}", Printable(&name)));
    let text = std::str::from_utf8(&bytes).map_err(|_| usage("this is not text, so it is no token"))?.trim();
    let text = text.strip_prefix("Authorization: ").unwrap_or(text);
    let token = ["Bearer ", "Token "].iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or(text);
    if token.is_empty() {
        return Err(usage("there is nothing in it. Pipe a token in, or name a file that holds one"));
    }
    Ok(Zeroizing::new(token.to_owned()))
}

/// All that an answer depends on.
pub(super) struct Question<'k> {
    now: NumericDate,
    /// The tool with the options that name this config.
    pub(super) tool: String,
    /// As messages name it.
    pub(super) config: String,
    /// By their places in the file.
    expected: Option<Vec<usize>>,
    pub(super) keys: &'k KeySet,
    pub(super) removed: Option<&'k KeySet>,
    show_claims: bool,
}

impl Question<'_> {
    fn token(&self, token: &str, world: &mut World<'_>) -> Result<Answer, Error> {
        let verifier = Verifier::new(self.keys).map_err(Error::token(&self.config))?;
        let verdict = verifier.verify(token, self.now);
        let answer = match &verdict {
            Verdict::Accepted(accepted) => self.accepted(accepted, world)?,
            Verdict::Rejected(rejection) => self.rejected(token, rejection, world)?,
            Verdict::NotJudged(_) => Answer::No,
        };
        if self.show_claims {
            show_claims(token, &verdict, world)?;
        }
        if token.len() > HEADERS {
            writeln!(
                world.stderr,
                "note: the token has {} bytes, and Node answers requests with headers over 16 KiB by itself (431), unless it is \
                 told otherwise: make it smaller",
                token.len()
            )?;
        }
        match verdict {
            Verdict::NotJudged(why) => Err(Error::NotJudged(why)),
            _ => Ok(answer),
        }
    }

    fn accepted(&self, accepted: &Accepted, world: &mut World<'_>) -> Result<Answer, Error> {
        let Some(key) = self.keys.keys().get(accepted.key) else { return Ok(Answer::Done) };
        let (state, left_behind) = self.state(key);
        let (comma, style) = if left_behind { (", but", YELLOW) } else { (",", GREEN) };
        writeln!(world.stdout, "{}{comma} signed by {}, {state}", paint(style, "accepted"), key.name())?;
        world.stdout.flush()?;
        if left_behind {
            writeln!(world.stderr)?;
            let text = format!(
                "give the backend the current kid and secret together: `{} export`. Don't remove {} before",
                self.tool,
                key.name()
            );
            tell("To do:", &text, world)?;
        }
        self.expect(key, world)
    }

    /// The state of a key as a clause, and whether nobody should sign with it any more.
    pub(super) fn state(&self, key: &Key) -> (String, bool) {
        let current = self.keys.current().ok().flatten();
        let leaving = |state: &str| (format!("which is {state}: this backend has not switched"), true);
        match key.phase(self.now) {
            Phase::Retiring { .. } => leaving("retiring"),
            Phase::Removable { .. } => leaving("removable"),
            _ if self.keys.is_current(key) => ("the current key".to_owned(), false),
            Phase::Standby { .. } => ("which is standby".to_owned(), false),
            _ if key.is_public() => (format!("a public key ({})", key.alg_text()), false),
            _ => {
                let beside = current.map_or_else(String::new, |current| {
                    format!(" beside {}, the current key", current.name())
                });
                (format!("which is accepted{beside}"), false)
            }
        }
    }

    /// Whether it is the key that was expected.
    pub(super) fn expect(&self, key: &Key, world: &mut World<'_>) -> Result<Answer, Error> {
        match &self.expected {
            Some(expected) if !expected.contains(&key.index) => {
                let names: Vec<String> =
                    expected.iter().filter_map(|index| self.keys.keys().get(*index)).map(Key::name).collect();
                writeln!(world.stderr, "\nExpected {}, and it is {}.", list(&names), key.name())?;
                Ok(Answer::No)
            }
            _ => Ok(Answer::Done),
        }
    }

    fn rejected(&self, token: &str, rejection: &Rejection, world: &mut World<'_>) -> Result<Answer, Error> {
        let message = rejection.to_string();
        writeln!(world.stdout, "{}: {} {}", paint(RED, "rejected"), rejection.code(), Printable(&message))?;
        world.stdout.flush()?;
        let cause = nearest_cause(self.keys, self.removed, token, rejection, self.now);
        writeln!(world.stderr)?;
        tell("Why:", &cause.why, world)?;
        tell("To do:", &cause.fix, world)?;
        Ok(Answer::No)
    }
}

fn show_claims(token: &str, verdict: &Verdict, world: &mut World<'_>) -> Result<(), Error> {
    let Some(claims) = claims_of(token) else {
        writeln!(world.stderr, "note: its claims can't be read")?;
        return Ok(());
    };
    let pretty = serde_json::from_str::<serde_json::Value>(&claims)
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

/// A sentence behind its title, in lines of 80 characters. Commands stay in one piece.
pub(super) fn tell(title: &str, text: &str, world: &mut World<'_>) -> Result<(), Error> {
    const GLUE: &str = "\u{a0}";
    let sentence = format!("{title} {text}.");
    let parts = sentence.split('`').enumerate();
    let glued: Vec<String> = parts
        .map(|(number, part)| if number % 2 == 0 { part.to_owned() } else { part.replace(' ', GLUE) })
        .collect();
    for (number, line) in wrap(&glued.join("`"), 80).iter().enumerate() {
        let line = line.replace(GLUE, " ");
        match line.strip_prefix(title).filter(|_| number == 0) {
            Some(rest) => writeln!(world.stderr, "{}{rest}", paint(BOLD, title))?,
            None => writeln!(world.stderr, "{line}")?,
        }
    }
    Ok(())
}
