//! The key a command is to write: fresh, or with a secret that someone hands in.

use std::cell::{OnceCell, RefCell};

use super::destination::{Finder, Reservations};
use super::policy::Rules;
use super::secret_write::SecretWrite;
use super::values::{self, KnownValues};
use crate::base::random::Random;
use crate::base::text::count;
use crate::base::time::NumericDate;
use crate::config::Config;
use crate::keyset::{HmacAlg, KeySet, Kid, Secret, SecretText, import};
use crate::schedule::{NewKey, SecretForm};
use crate::session::World;
use crate::session::arguments::NewKeyArgs;
use crate::session::{Error, Source};
use crate::store;

/// Makes the key once the key set is known, and the same one again when the file is read again.
pub(crate) struct KeySource<'a> {
    args: &'a NewKeyArgs,
    random: &'a dyn Random,
    imported: Option<Secret>,
    made: OnceCell<(Kid, Secret)>,
    kid_prefix: String,
    finder: Finder<'a>,
    values: KnownValues<'a>,
    /// What the last key that was made needs written beside the config.
    beside: RefCell<Option<SecretWrite>>,
}

impl<'a> KeySource<'a> {
    /// Reads an imported secret before anything else, so that its faults are told first.
    pub(crate) fn new<'w: 'a>(
        args: &'a NewKeyArgs,
        rules: &Rules,
        config: &'a Source,
        world: &mut World<'w>,
    ) -> Result<Self, Error> {
        if let Some(kid) = &args.kid {
            Kid::new(kid)?;
        }
        let imported = read_secret(args, config, world)?;
        let finder = Finder::new(config, &args.secret.destination, rules.env_file.clone(), world);
        Ok(Self {
            args,
            random: world.random,
            imported,
            made: OnceCell::new(),
            kid_prefix: rules.policy.kid_prefix.clone(),
            values: values::known_so_far(finder.told().as_ref(), world)?,
            finder,
            beside: RefCell::default(),
        })
    }

    /// The same, for one of several configs of a run.
    pub(crate) fn among(self, reserved: &'a Reservations) -> Self {
        Self { finder: self.finder.among(reserved), ..self }
    }

    /// What is known of variables.
    pub(crate) fn values(&self) -> &KnownValues<'a> {
        &self.values
    }

    /// What the last key that was made needs written beside the config.
    pub(crate) fn beside(&self) -> &RefCell<Option<SecretWrite>> {
        &self.beside
    }

    /// The key, for this config. There is a place for its secret before it is made.
    pub(crate) fn key(
        &self,
        config: &Config<'_>,
        keys: &KeySet,
        alg: HmacAlg,
        now: NumericDate,
    ) -> Result<NewKey, Error> {
        let slot = self.finder.find(self.args.secret.secrets, config, keys, &self.values)?;
        let (kid, secret) = if let Some(made) = self.made.get() {
            made.clone()
        } else {
            let secret = match &self.imported {
                Some(secret) => secret.clone(),
                None => Secret::fresh(alg.hash_length(), self.random)?,
            };
            let kid = match &self.args.kid {
                Some(kid) => Kid::new(kid)?,
                None => self.unused_kid(keys, now)?,
            };
            self.made.get_or_init(|| (kid, secret)).clone()
        };
        let beside = slot.as_ref().map(|slot| SecretWrite::set(slot, SecretText(secret.to_base64url())));
        self.beside.replace(beside.transpose()?.flatten());
        Ok(NewKey {
            kid,
            kid_is_chosen: self.args.kid.is_some(),
            secret_is_imported: self.imported.is_some(),
            alg,
            secret,
            iat: None,
            form: slot.map_or(SecretForm::Inline, |slot| slot.form),
        })
    }

    fn unused_kid(&self, keys: &KeySet, now: NumericDate) -> Result<Kid, Error> {
        loop {
            let kid = Kid::fresh(&self.kid_prefix, now, self.random)?;
            if !keys.keys().iter().any(|key| key.kid.value() == Some(&kid)) {
                return Ok(kid);
            }
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
