//! `powersync-jwks verify --secret-…`: which key a secret belongs to.

use zeroize::Zeroizing;

use super::verify::{Question, tell};
use crate::base::text::{Printable, list};

use crate::keyset::Secret;
use crate::report::paint::{GREEN, YELLOW, paint};
use crate::session::Answer;
use crate::session::World;
use crate::session::read;
use crate::session::{Error, Source};
use crate::store;
use crate::token::{Ending, Form, Owner, Writing, owner_of};

/// The secret that is asked about.
pub(super) fn secret(
    args: &super::verify::Args,
    config: &Source,
    world: &mut World<'_>,
) -> Result<Secret, Error> {
    let (name, bytes) = if let Some(path) = &args.secret_file {
        let name = path.display().to_string();
        let bytes = store::snapshot(&world.path(path)).map_err(Error::store(&name))?;
        (name, bytes)
    } else if let Some(variable) = &args.secret_env {
        let value = (world.variable)(variable);
        let value = value.ok_or_else(|| {
            Error::Usage(
                "--secret-env: there is no variable of this name. It takes the name, not the secret"
                    .to_owned(),
            )
        })?;
        ("--secret-env".to_owned(), Zeroizing::new(value.into_encoded_bytes()))
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

impl Question<'_> {
    /// A file ends in a line break, as does what is piped in: only what stands before it is asked about.
    pub(super) fn secret(
        &self,
        secret: &Secret,
        of_file: bool,
        world: &mut World<'_>,
    ) -> Result<Answer, Error> {
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
            .unseen()
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
            "sign with the text, not with what it encodes: `powersync-jwks export --as raw` prints it",
        ),
        Form::Twice => (
            "written in base64url twice: the key is the bytes behind it",
            "decode it twice before you sign, or take it from `powersync-jwks export`",
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
