//! What a person should know about the keys as they are, whatever was done.

use crate::config::Audience;
use crate::keyset::{Key, KeySet, Material, Member, Phase};
use crate::time::NumericDate;

/// Faults and dangers, each with what to do. `line`: the line of a byte of the config.
#[must_use]
pub fn warnings(keys: &KeySet, tool: &str, now: NumericDate, line: &dyn Fn(usize) -> usize) -> Vec<String> {
    let shared = keys.shared_kids();
    let current = keys.current().ok().flatten().map(|key| key.index);
    let mut warnings = Vec::new();
    for key in keys.keys() {
        let place = match key.kid {
            Member::Value(_) => format!("{} (line {})", key.name(), line(key.at)),
            _ => format!("key {} (line {})", key.name(), line(key.at)),
        };
        if let Material::Unusable(why) = key.material {
            warnings.push(format!("the service does not start with {place}: {why}"));
            continue;
        }
        if let Some(weakness) = key.weakness() {
            let replace = if current == Some(key.index) {
                format!(". `{tool} rotate --revoke` replaces it at once")
            } else {
                format!(". `{tool} remove {}` removes it", key.argument())
            };
            warnings.push(format!(
                "anyone can forge tokens with {place} until it is gone from every replica: {weakness}{replace}"
            ));
        }
        if matches!(key.kid, Member::Unreadable(_)) {
            warnings.push(format!("{place} is never used: its kid is empty, and no token matches that"));
        }
        if key.kid.value().is_some_and(|kid| shared.contains(kid)) {
            warnings.push(format!(
                "@{} has the same kid as another key, {}: the service uses only the first of them",
                key.number(),
                key.name()
            ));
        }
        if matches!(key.phase(now), Phase::Unknown) {
            warnings.push(format!(
                "the schedule of {place} can't be read: `iat`, `nbf` and `exp` must be whole numbers of seconds"
            ));
        }
    }
    if keys.audience == Audience::Missing && keys.keys().iter().any(is_usable) {
        warnings.push(
            "`client_auth.audience` is missing, so the service rejects every token of these keys (PSYNC_S2105). Add \
             `audience: ['…']` with the `aud` that your backend signs"
                .to_owned(),
        );
    }
    warnings
}

fn is_usable(key: &Key) -> bool {
    !matches!(key.material, Material::Unusable(_))
}
