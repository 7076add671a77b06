//! Moving a secret between the config and a variable: the key stays the same.

use super::change::{Change, Decision, SecretForm};
use super::refusal::ScheduleError;
use super::resolve;
use crate::keyset::{Key, KeyName, KeySet, Material, SecretSource, SecretText};

/// Moves the secret of a key. `k` is its text as it stands now, `None` where it isn't known.
pub fn move_secret(
    keys: &KeySet,
    name: &KeyName,
    to: SecretForm,
    k: Option<SecretText>,
) -> Result<Decision, ScheduleError> {
    let Some(key) = resolve(keys, std::slice::from_ref(name))?.into_iter().next() else {
        return Ok(Decision::default());
    };
    let from = source(key)?;
    match (from, &to) {
        (SecretSource::Variable { name, .. }, SecretForm::Variable(_) | SecretForm::CloudVariable(_)) => {
            return Ok(Decision {
                notes: vec![format!("the secret of {} is in a variable already: {name}", key.name())],
                ..Decision::default()
            });
        }
        (SecretSource::Inline(_), SecretForm::Inline) => {
            return Ok(Decision {
                notes: vec![format!("the secret of {} is in the file already", key.name())],
                ..Decision::default()
            });
        }
        _ => {}
    }
    let k = k.ok_or_else(|| match key.variable() {
        Some(variable) => ScheduleError::ValueUnknown { key: key.name(), variable: variable.to_owned() },
        None => ScheduleError::EmptySecret(key.name()),
    })?;
    Ok(Decision { changes: vec![Change::MoveSecret { index: key.index, to, k }], ..Decision::default() })
}

/// Where the secret of a key is, for keys that have one.
fn source(key: &Key) -> Result<&SecretSource, ScheduleError> {
    match &key.material {
        Material::Symmetric { secret, .. } => Ok(secret),
        Material::Public(_) => Err(ScheduleError::NoSecret(key.name())),
        Material::Unusable(why) => Err(ScheduleError::Unusable { key: key.name(), why: *why }),
    }
}
