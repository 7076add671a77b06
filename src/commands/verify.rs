//! `verify`: what the service says to a token, and why; and which key a secret belongs to.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::change::wrap;
use super::{Answer, read, source};
use crate::World;
use crate::cli::{Global, Verify};
use crate::display::{Printable, list};
use crate::error::{Error, Source};
use crate::keyset::{Key, KeyName, KeySet, Phase, Secret};
use crate::report::paint::{BOLD, GREEN, RED, YELLOW, paint};
use crate::store;
use crate::time::NumericDate;
use crate::token::{
    Accepted, Ending, Form, Owner, Rejection, Verdict, Verifier, Writing, claims_of, nearest_cause, owner_of,
};

/// What Node takes as the headers of a request, at most.
const HEADERS: usize = 16 * 1024;

pub(super) fn run(global: &Global, args: &Verify, world: &mut World<'_>) -> Result<Answer, Error> {
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
        let secret = secret(args, &source, world)?;
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
        let text = format!("--expect: there is no key {name} in {}", Printable(&source.name()));
        return Err(Error::Usage(text));
    }
    Ok(Some(named))
}

/// The token, without what stands around it.
fn token(file: Option<&PathBuf>, config: &Source, world: &mut World<'_>) -> Result<Zeroizing<String>, Error> {
    let (name, bytes) = match file.filter(|path| *path != Path::new("-")) {
        Some(path) => {
            let name = path.display().to_string();
            let bytes = store::snapshot(&world.path(path)).map_err(Error::store(&name))?;
            (name, bytes)
        }
        None => {
            read::check_stdin(config, "the token")?;
            if world.terminal.stdin {
                writeln!(world.stderr, "Paste the token, and end with Ctrl-D:")?;
            }
            ("stdin".to_owned(), store::read(&mut *world.stdin, 0).map_err(Error::store("stdin"))?)
        }
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

/// The secret that is asked about.
fn secret(args: &Verify, config: &Source, world: &mut World<'_>) -> Result<Secret, Error> {
    let (name, bytes) = if let Some(path) = &args.secret_file {
        let name = path.display().to_string();
        let bytes = store::snapshot(&world.path(path)).map_err(Error::store(&name))?;
        (name, bytes)
    } else if let Some(variable) = &args.secret_env {
        let value = (world.variable)(variable);
        let value = value.ok_or_else(|| Error::Usage(format!("{} is not set", Printable(variable))))?;
        (variable.clone(), Zeroizing::new(value.into_encoded_bytes()))
    } else {
        read::check_stdin(config, "the secret")?;
        if world.terminal.stdin {
            let text =
                "stdin is a terminal, where the secret would be seen. Pipe it in, or use `--secret-file`";
            return Err(Error::Usage(text.to_owned()));
        }
        ("stdin".to_owned(), store::read(&mut *world.stdin, 0).map_err(Error::store("stdin"))?)
    };
    if bytes.iter().all(|byte| matches!(byte, b'\n' | b'\r')) {
        return Err(Error::Usage(format!("{}: the secret is empty", Printable(&name))));
    }
    Ok(Secret::new(bytes))
}

/// All that an answer depends on.
struct Question<'k> {
    now: NumericDate,
    /// The tool with the options that name this config.
    tool: String,
    /// As messages name it.
    config: String,
    /// By their places in the file.
    expected: Option<Vec<usize>>,
    keys: &'k KeySet,
    removed: Option<&'k KeySet>,
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
            self.claims(token, &verdict, world)?;
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
    fn state(&self, key: &Key) -> (String, bool) {
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
    fn expect(&self, key: &Key, world: &mut World<'_>) -> Result<Answer, Error> {
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

    fn claims(&self, token: &str, verdict: &Verdict, world: &mut World<'_>) -> Result<(), Error> {
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

    /// A file ends in a line break, as does what is piped in: only what stands before it is asked about.
    fn secret(&self, secret: &Secret, of_file: bool, world: &mut World<'_>) -> Result<Answer, Error> {
        let whole =
            |keys| owner_of(keys, secret).filter(|owner| !of_file || owner.writing.ending == Ending::None);
        let end =
            secret.bytes().iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |at| at + 1);
        let trimmed = Secret::new(Zeroizing::new(secret.bytes()[..end].to_vec()));
        let owner = |keys| whole(keys).or_else(|| owner_of(keys, &trimmed).filter(|_| of_file));
        if let Some(owner) = owner(self.keys) {
            let (state, left_behind) = self.state(owner.key);
            let (how, todo) = way(owner.writing);
            let style = if left_behind { YELLOW } else { GREEN };
            let name = paint(style, owner.key.name());
            writeln!(
                world.stdout,
                "this is the secret of {name}, {how}; {name} is {}",
                state.trim_start_matches("which is ")
            )?;
            world.stdout.flush()?;
            writeln!(world.stderr)?;
            tell("To do:", &todo, world)?;
            return self.expect(owner.key, world);
        }
        if let Some(Owner { key, .. }) = self.removed.and_then(owner) {
            writeln!(
                world.stdout,
                "this is the secret of {}, which was removed from {}",
                key.name(),
                Printable(&self.config)
            )?;
            world.stdout.flush()?;
            writeln!(world.stderr)?;
            tell(
                "To do:",
                &format!("give the backend the current kid and secret: `{} export`", self.tool),
                world,
            )?;
            return Ok(Answer::No);
        }
        let unknown: Vec<String> = self
            .keys
            .keys()
            .iter()
            .filter(|key| key.is_symmetric() && key.secret().is_none())
            .map(|key| format!("{} ({})", key.name(), key.variable().unwrap_or("a variable")))
            .collect();
        if !unknown.is_empty() {
            return Err(Error::NotJudged(format!(
                "it is the secret of no key that is known here, and not known are {}: set the variable, or use `--env-file`",
                list(&unknown)
            )));
        }
        writeln!(
            world.stdout,
            "this is the secret of no key of {}, in none of the usual ways of writing it",
            Printable(&self.config)
        )?;
        world.stdout.flush()?;
        writeln!(world.stderr)?;
        tell(
            "To do:",
            &format!("give the backend the current kid and secret: `{} export`", self.tool),
            world,
        )?;
        Ok(Answer::No)
    }
}

/// A sentence behind its title, in lines of 80 characters. Commands stay in one piece.
fn tell(title: &str, text: &str, world: &mut World<'_>) -> Result<(), Error> {
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

/// How a secret is written, and what a backend has to do with it.
fn way(writing: Writing) -> (String, String) {
    let (form, todo) = match writing.form {
        Form::Bytes => (
            "as it is: its own bytes are the key",
            "sign with it as it is: Buffer.from(secret, 'utf8'), if it is text",
        ),
        Form::Base64url | Form::Base64urlPadded => (
            "written in base64url: the key is the bytes behind it",
            "decode it before you sign: Buffer.from(secret, 'base64url'). Taken as text, it signs with other bytes",
        ),
        Form::Base64 | Form::Base64Unpadded => (
            "written in base64: the key is the bytes behind it",
            "decode it before you sign: Buffer.from(secret, 'base64'). Taken as text, it signs with other bytes",
        ),
        Form::Hex => (
            "written in hexadecimal: the key is the bytes behind it",
            "decode it before you sign: Buffer.from(secret, 'hex'). Taken as text, it signs with other bytes",
        ),
        Form::Decoded => (
            "decoded: the key is the text that encodes it, as PowerSync's guide makes it",
            "sign with the text, not with what it encodes: `export --as raw` prints it",
        ),
        Form::Twice => (
            "written in base64url twice: the key is the bytes behind it",
            "decode it twice before you sign, or take it from `export`",
        ),
    };
    let (behind, cut) = match writing.ending {
        Ending::None => ("", ""),
        Ending::LineBreak => (
            ", with a line break at its end that is not part of it",
            ". Make sure that the line break is cut off: in a file it does no harm, in a key it does",
        ),
        Ending::LineBreakMissing => (
            ", without the line break at its end, which `k` has in the config",
            ". The line break is part of the key",
        ),
    };
    (format!("{form}{behind}"), format!("{todo}{cut}"))
}
