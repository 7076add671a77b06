//! The key a command is to write: fresh, or with a secret that someone hands in.

use super::destination::Finder;
use super::env_files::NamedPath;
use super::facts::Facts;
use super::policy::Rules;
use super::secret_write::SecretWrite;
use crate::base::random::Random;
use crate::base::text::count;
use crate::base::time::NumericDate;
use crate::keyset::{HmacAlg, KeySet, Kid, Secret, SecretText, import};
use crate::schedule::{NewKey, SecretForm};
use crate::session::arguments::{Ending, NewKeyArgs};
use crate::session::{Error, Source, Usage, World};
use crate::store;

/// Makes the key once the key set is known, and the same one again when the file is read again.
pub(crate) struct KeySource<'a> {
    args: &'a NewKeyArgs,
    random: &'a dyn Random,
    imported: Option<Secret>,
    made: Option<(Kid, Secret)>,
    kid_prefix: String,
    finder: Finder,
}

impl<'a> KeySource<'a> {
    /// Reads an imported secret before anything else, so that its faults are told first.
    pub(crate) fn new<'w: 'a>(
        args: &'a NewKeyArgs,
        rules: &Rules,
        config: &Source,
        world: &mut World<'w>,
    ) -> Result<Self, Error> {
        if let Some(kid) = &args.kid {
            Kid::new(kid)?;
        }
        let imported = read_secret(args, config, world)?;
        let finder = Finder::new(config, &args.secret.destination, rules.env_file.clone(), world);
        let kid_prefix = rules.policy.kid_prefix.clone();
        Ok(Self { args, random: world.random, imported, made: None, kid_prefix, finder })
    }

    /// Offers a new env file where a person is asked, and there is no other place for the secret.
    pub(crate) fn offering(self, ending: &Ending, world: &World<'_>) -> Self {
        Self { finder: self.finder.offering(ending, world), ..self }
    }

    /// The env file that is named for the secret.
    pub(crate) fn env_file(&self) -> Option<NamedPath> {
        self.finder.flag()
    }

    /// The key for a config, and its secret on the way to where the service gets it from. There is a place for the secret
    /// before it is made.
    pub(crate) fn key(
        &mut self,
        seen: &Facts<'_>,
        alg: HmacAlg,
    ) -> Result<(NewKey, Option<SecretWrite>), Error> {
        let slot = self.finder.find(self.args.secret.secrets, seen)?;
        let (kid, secret) = match self.made.take() {
            Some(made) => made,
            None => self.make(seen.keys, alg, seen.now)?,
        };
        self.made = Some((kid.clone(), secret.clone()));
        let set = slot.as_ref().and_then(|slot| SecretWrite::new(slot, SecretText(secret.to_base64url())));
        let key = NewKey {
            kid: Some(kid),
            kid_is_chosen: self.args.kid.is_some(),
            secret_is_imported: self.imported.is_some(),
            alg,
            secret,
            iat: None,
            form: slot.map_or(SecretForm::Inline, |slot| slot.form),
        };
        Ok((key, set))
    }

    fn make(&self, keys: &KeySet, alg: HmacAlg, now: NumericDate) -> Result<(Kid, Secret), Error> {
        let secret = match &self.imported {
            Some(secret) => secret.clone(),
            None => Secret::fresh(alg.hash_length(), self.random)?,
        };
        let kid = match &self.args.kid {
            Some(kid) => Kid::new(kid)?,
            None => self.unused_kid(keys, now)?,
        };
        Ok((kid, secret))
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
            return Err(Usage::SecretFromStdin.into());
        }
        if world.terminal.stdin {
            return Err(Usage::SecretOnTerminal.into());
        }
        ("stdin".to_owned(), store::read(&mut *world.stdin, 0).map_err(Error::store("stdin"))?)
    } else if let Some(path) = &args.secret_file {
        let name = path.display().to_string();
        let written = store::snapshot(&world.path(path)).map_err(Error::store(&name))?;
        (name, written)
    } else {
        return Err(Usage::EncodingAlone.into());
    };
    let (secret, cut) = import(&written, encoding).map_err(|source| Error::Import { name, source })?;
    if cut > 0 {
        writeln!(world.stderr, "Removed {} at the end of the secret.", count(cut, "trailing newline"))?;
    }
    let length = secret.bytes().len();
    writeln!(world.stderr, "Imported a secret of {}.", count(length, "byte"))?;
    Ok(Some(secret))
}
