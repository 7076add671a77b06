//! The token, or the secret, that a question is about.

use std::path::Path;

use zeroize::Zeroizing;

use super::read;
use crate::keyset::Secret;
use crate::session::{Error, Source, Usage, World};
use crate::store;
use crate::token::found::{FoundToken, find};

/// The base64url of `{"`, and two dots.
fn looks_like_token(argument: &str) -> bool {
    argument.starts_with("eyJ") && argument.matches('.').count() >= 2
}

/// The tokens, without what surrounds them.
pub(crate) fn tokens(
    file: Option<&Path>,
    config: &Source,
    world: &mut World<'_>,
) -> Result<Vec<FoundToken>, Error> {
    if file.is_some_and(|path| looks_like_token(&path.to_string_lossy())) {
        return Err(Usage::TokenAsArgument.into());
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
    let text = std::str::from_utf8(&bytes).map_err(|_| Usage::TokenIsNoText(name.clone()))?;
    let found = find(text);
    if found.iter().any(|found| found.token.is_empty()) {
        return Err(Usage::EmptyToken(name).into());
    }
    Ok(found)
}

/// Where a secret comes from.
pub(crate) enum SecretFrom<'a> {
    File(&'a Path),
    /// An environment variable.
    Variable(&'a str),
    Stdin,
}

/// The secret that is asked about.
pub(crate) fn secret(from: &SecretFrom<'_>, config: &Source, world: &mut World<'_>) -> Result<Secret, Error> {
    let (name, bytes) = match from {
        SecretFrom::File(path) => {
            let name = path.display().to_string();
            let bytes = store::snapshot(&world.path(path)).map_err(Error::store(&name))?;
            (name, bytes)
        }
        SecretFrom::Variable(variable) => {
            let value = (world.variable)(variable).ok_or(Usage::NoSecretVariable)?;
            ("--secret-env".to_owned(), Zeroizing::new(value.into_encoded_bytes()))
        }
        SecretFrom::Stdin => {
            read::check_stdin(config, "the secret")?;
            if world.terminal.stdin {
                return Err(Usage::SecretOnTerminal.into());
            }
            ("stdin".to_owned(), store::read(&mut *world.stdin, 0).map_err(Error::store("stdin"))?)
        }
    };
    if bytes.iter().all(|byte| matches!(byte, b'\n' | b'\r')) {
        return Err(Usage::EmptySecret(name).into());
    }
    Ok(Secret::new(bytes))
}
