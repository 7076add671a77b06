//! What a person should know about the keys as they are, whatever was done.

use std::collections::HashMap;

use crate::base::text::list;
use crate::base::time::NumericDate;
use crate::config::{Audience, NOT_STARTING};
use crate::keyset::{Key, KeySet, Material, Member, Phase, Secret};
use crate::schedule::{SAME_SECOND, never_promoted};

/// Faults and dangers, each with what to do.
#[must_use]
pub fn warnings(keys: &KeySet, tool: &str, now: NumericDate) -> Vec<String> {
    let shared = keys.shared_kids();
    let current = keys.current().ok().flatten().map(|key| key.index);
    let mut first_of = HashMap::new();
    let mut warnings = keys.faults.clone();
    for key in keys.keys() {
        let place = with_line(key);
        if let Material::Unusable(why) = &key.material {
            warnings.push(format!("the service does not start with {place}: {why}"));
            continue;
        }
        if let Some(weakness) = key.weakness() {
            let replace = if keys.is_cloud {
                format!(
                    "`{tool} add` another, deploy it and let your backend sign with it, then `{tool} remove {} --allow \
                     live-key` and deploy again",
                    key.argument()
                )
            } else if current == Some(key.index) {
                format!("`{tool} rotate --revoke` replaces it at once")
            } else {
                format!("`{tool} remove {} --allow live-key` removes it", key.argument())
            };
            warnings.push(format!(
                "anyone can forge tokens with {place} until it is gone from every replica: {weakness}. {replace}"
            ));
        }
        if matches!(key.kid, Member::Unreadable(_)) {
            warnings.push(format!("{place} is never used: its kid is empty, and no token matches that"));
        }
        if let Some(kid) = key.kid.value().filter(|kid| shared.contains(kid)) {
            match first_of.get(kid) {
                None => drop(first_of.insert(kid, key.number())),
                Some(first) => warnings.push(format!(
                    "@{} is never used: @{first} before it has the same kid, {kid}, and the service takes the first",
                    key.number()
                )),
            }
        }
        if matches!(&key.material, Material::Public(public) if public.private) {
            warnings.push(format!(
                "the private half of {place} stands in the file: whoever reads it can sign in as anyone. The service \
                 needs only the public members"
            ));
        }
        // On Cloud, no key is signed with by its place.
        if current == Some(key.index)
            && !keys.is_cloud
            && matches!(key.phase(now), Phase::Retiring { .. } | Phase::Removable { .. })
        {
            warnings.push(format!(
                "{place} is on its way out, but PowerSync's tools still sign with it: `{tool} rotate` puts a new key in \
                 its place"
            ));
        }
        if matches!(key.phase(now), Phase::Standby { .. })
            && let Some(current) =
                keys.keys().get(current.unwrap_or(key.index)).filter(|other| other.index != key.index)
        {
            warnings.extend(never_promoted(keys, key, current).map(|why| why.message().to_string()));
        }
        warnings.extend(schedule(key, &place, now));
    }
    warnings.extend(copies(keys));
    match keys.audience {
        Audience::Invalid => warnings.push(
            "the service does not start with this file: `client_auth.audience` must be a list, such as \
             `audience: ['…']`"
                .to_owned(),
        ),
        Audience::Missing if keys.keys().iter().any(is_usable) || keys.other_login.is_none() => warnings.push(
            "`client_auth.audience` is missing or empty, so the service rejects every token of keys in this file \
             (PSYNC_S2105). Add `audience: ['…']` with the `aud` that your backend signs"
                .to_owned(),
        ),
        Audience::Missing | Audience::Set => {}
    }
    warnings
}

/// A key, and where it is.
fn with_line(key: &Key) -> String {
    match key.kid {
        Member::Value(_) => format!("{} (line {})", key.name(), key.line),
        _ => format!("key {} (line {})", key.name(), key.line),
    }
}

/// What keeps the service from starting, as far as the keys and what stands around them tell.
#[must_use]
pub fn not_starting(keys: &KeySet) -> Option<String> {
    let unusable = keys.keys().iter().filter(|key| !is_usable(key)).map(with_line);
    let audience = (keys.audience == Audience::Invalid).then(|| "`client_auth.audience`".to_owned());
    let around = keys.faults.iter().any(|fault| fault.starts_with(NOT_STARTING));
    let around = around.then(|| "what stands around the keys".to_owned());
    let all: Vec<String> = unusable.chain(audience).chain(around).collect();
    (!all.is_empty()).then(|| list(&all))
}

/// Dates that can't be read, or can't be true.
fn schedule(key: &Key, place: &str, now: NumericDate) -> Vec<String> {
    let members = [("iat", &key.iat), ("nbf", &key.nbf), ("exp", &key.exp)];
    let mut warnings: Vec<String> = members
        .into_iter()
        .filter_map(|(name, member)| match member {
            Member::Unreadable(why) => Some(format!("`{name}` of {place} {why}")),
            Member::Variable(variable) => {
                Some(format!("`{name}` of {place} is the variable {variable}, which can't be read here"))
            }
            Member::Absent | Member::Value(_) => None,
        })
        .collect();
    if let Some(iat) = key.iat.value().filter(|iat| **iat > now + SAME_SECOND) {
        warnings.push(format!(
            "{place} says it was made at {iat}, and it is {now}: is this machine's clock right?"
        ));
    }
    warnings
}

/// Keys with the same secret: whoever has one has all, and removing one takes it from nobody.
fn copies(keys: &KeySet) -> Vec<String> {
    let mut first_with: HashMap<[u8; 32], &Key> = HashMap::new();
    let mut warnings = Vec::new();
    for key in keys.keys() {
        let Some(id) = key.secret().map(Secret::fingerprint) else { continue };
        match first_with.get(&id) {
            Some(first) => warnings.push(format!(
                "{} has the same secret as {}: whoever has it has both",
                place_of(key, first),
                place_of(first, key)
            )),
            None => drop(first_with.insert(id, key)),
        }
    }
    warnings
}

/// A key's name beside another's: by number where both have the same kid.
fn place_of(key: &Key, other: &Key) -> String {
    if key.name() == other.name() { format!("@{}", key.number()) } else { key.name() }
}

fn is_usable(key: &Key) -> bool {
    !matches!(key.material, Material::Unusable(_))
}
