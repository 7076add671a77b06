//! The key a command is to write: fresh, or with a secret that someone hands in.

use std::cell::OnceCell;

use crate::World;
use crate::cli::NewKeyArgs;
use crate::display::{Printable, count};
use crate::error::{Error, Source};
use crate::keyset::{HmacAlg, Key, KeySet, Kid, Secret, import};
use crate::lifecycle::{NewKey, Policy};
use crate::random::Random;
use crate::store;
use crate::time::NumericDate;

/// Makes the key once the key set is known, and the same one again when the file is read again.
pub(super) struct KeySource<'a> {
    args: &'a NewKeyArgs,
    random: &'a dyn Random,
    imported: Option<Secret>,
    made: OnceCell<NewKey>,
    /// As messages name the config.
    config: String,
    kid_prefix: String,
}

impl<'a> KeySource<'a> {
    /// Reads an imported secret before anything else, so that its faults are told first.
    pub(super) fn new<'w: 'a>(
        args: &'a NewKeyArgs,
        policy: &Policy,
        config: &Source,
        world: &mut World<'w>,
    ) -> Result<Self, Error> {
        if let Some(kid) = &args.kid {
            Kid::new(kid)?;
        }
        let imported = read_secret(args, config, world)?;
        Ok(Self {
            args,
            random: world.random,
            imported,
            made: OnceCell::new(),
            config: config.name(),
            kid_prefix: policy.kid_prefix.clone(),
        })
    }

    /// The key, for this key set.
    pub(super) fn key(&self, keys: &KeySet, alg: HmacAlg, now: NumericDate) -> Result<NewKey, Error> {
        self.check_place(keys)?;
        if let Some(made) = self.made.get() {
            return Ok(made.clone());
        }
        let secret = match &self.imported {
            Some(secret) => secret.clone(),
            None => Secret::fresh(alg.hash_length(), self.random)?,
        };
        let kid = match &self.args.kid {
            Some(kid) => Kid::new(kid)?,
            None => self.unused_kid(keys, now)?,
        };
        let key = NewKey {
            kid,
            kid_is_chosen: self.args.kid.is_some(),
            secret_is_imported: self.imported.is_some(),
            alg,
            secret,
        };
        Ok(self.made.get_or_init(|| key).clone())
    }

    fn unused_kid(&self, keys: &KeySet, now: NumericDate) -> Result<Kid, Error> {
        loop {
            let kid = Kid::fresh(&self.kid_prefix, now, self.random)?;
            if !keys.keys().iter().any(|key| key.kid.value() == Some(&kid)) {
                return Ok(kid);
            }
        }
    }

    /// A secret in clear beside others in variables is rarely meant.
    fn check_place(&self, keys: &KeySet) -> Result<(), Error> {
        let model =
            keys.current().ok().flatten().or_else(|| keys.keys().iter().find(|key| key.variable().is_some()));
        match model.and_then(Key::variable).filter(|_| self.args.secrets.is_none()) {
            None => Ok(()),
            Some(variable) => Err(Error::Usage(format!(
                "{}: the secret in use stands in a variable ({variable}), and the new one would stand in the file in \
                 clear. Add `--secrets inline` if that is meant",
                Printable(&self.config)
            ))),
        }
    }
}

fn read_secret(args: &NewKeyArgs, config: &Source, world: &mut World<'_>) -> Result<Option<Secret>, Error> {
    let Some(encoding) = args.encoding else { return Ok(None) };
    let (name, written) = if args.secret_stdin {
        if *config == Source::Stdin {
            let text = "the config and the secret can't both come from stdin. Put the secret into a file: `--secret-file`";
            return Err(Error::Usage(text.to_owned()));
        }
        if world.terminal.stdin {
            let text =
                "stdin is a terminal, where the secret would be seen. Pipe it in, or use `--secret-file`";
            return Err(Error::Usage(text.to_owned()));
        }
        ("stdin".to_owned(), store::read(&mut *world.stdin, 0).map_err(Error::store("stdin"))?)
    } else if let Some(path) = &args.secret_file {
        let name = path.display().to_string();
        let written = store::snapshot(&world.path(path)).map_err(Error::store(&name))?;
        (name, written)
    } else {
        return Err(Error::Usage("`--encoding` goes with `--secret-stdin` or `--secret-file`".to_owned()));
    };
    let (secret, cut) = import(&written, encoding).map_err(|source| Error::Import { name, source })?;
    if cut > 0 {
        writeln!(world.stderr, "Cut off {} at the end of the secret.", count(cut, "line break"))?;
    }
    let length = secret.bytes().len();
    writeln!(world.stderr, "Imported a secret of {}.", count(length, "byte"))?;
    Ok(Some(secret))
}
