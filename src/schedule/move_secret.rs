//! Moving a secret between the config and a variable: the key stays the same.

use super::change::{Change, SecretForm};
use super::outcome::{After, Effect, Note, Outcome};
use super::refusal::ScheduleError;
use super::resolve::resolve;
use crate::keyset::{Key, KeyName, KeySet, Material, SecretSource, SecretText};

/// Moves the secret of a key. `k` is its text as it is now, `None` where it isn't known.
pub fn move_secret(
    keys: &KeySet,
    name: &KeyName,
    to: SecretForm,
    k: Option<SecretText>,
) -> Result<Outcome, ScheduleError> {
    let key = resolve(keys, name)?;
    match (source(key)?, to.variable()) {
        (SecretSource::Variable { name, .. }, Some(_)) => {
            let variable = name.clone();
            return Ok(Outcome::nothing(Note::SecretInVariable { key: key.reference(), variable }));
        }
        (SecretSource::Inline(_), None) => {
            return Ok(Outcome::nothing(Note::SecretInFile { key: key.reference() }));
        }
        _ => {}
    }
    let k = k.ok_or_else(|| match key.variable() {
        Some(variable) => ScheduleError::ValueUnknown(key.reference(), variable.to_owned()),
        None => ScheduleError::EmptySecret(key.reference()),
    })?;
    let changes = vec![Change::MoveSecret { index: key.index, to, k }];
    Ok(Outcome::new(Effect::Moved(After(key.index)), changes))
}

/// Where the secret of a key is, for keys that have one.
fn source(key: &Key) -> Result<&SecretSource, ScheduleError> {
    match &key.material {
        Material::Symmetric { secret, .. } => Ok(secret),
        Material::Public(_) => Err(ScheduleError::NoSecret(key.reference())),
        Material::Unusable(why) => Err(ScheduleError::Unusable(key.reference(), *why)),
    }
}
