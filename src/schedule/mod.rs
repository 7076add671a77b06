//! The life of a key: pure decisions of (key set, policy, moment). Nothing here reads a clock, a file or randomness.

mod add;
mod apply;
mod change;
mod live;
mod move_secret;
mod policy;
mod promote;
mod prune;
mod reconcile;
mod refusal;
mod remove;
mod retire;
mod rotate;
mod simulate;

pub use add::add;
pub use apply::apply;
pub(crate) use change::SAME_SECOND;
pub use change::{Change, Decision, NewKey, SecretForm, plan};
pub use live::{AskLive, Liveness, guard_live};
pub use move_secret::move_secret;
pub use policy::{CLOCKS_DIFFER, InvalidPolicy, MAX_TOKEN_TTL, Policy, TOLERANCE};
pub use promote::{never_promoted, promote};
pub use prune::prune;
pub use reconcile::{Action, Due, MakeKey, next_due, reconcile, reconcile_asking};
pub use refusal::{Allowed, Refusal, RefusalId, ScheduleError};
pub(crate) use remove::is_over;
pub use remove::{is_live, remove};
pub use retire::{When, retire, unretire};
pub use rotate::{RotateOptions, rotate, standby};
pub use simulate::{Life, Span, Timeline, simulate, stand_in};

use crate::base::time::NumericDate;
use crate::keyset::{Key, KeyName, KeySet, Phase};
use refusal::Guard;

/// The other keys of the file with the same secret, or the same variable.
/// Whoever has one has all.
fn same_secret<'k>(keys: &'k KeySet, key: &Key) -> Vec<&'k Key> {
    let same = |other: &&Key| {
        let secrets = other.secret().zip(key.secret()).is_some_and(|(a, b)| a.same_key(b));
        let variables = other.variable().is_some_and(|name| key.variable() == Some(name));
        other.index != key.index && (secrets || variables)
    };
    keys.keys().iter().filter(same).collect()
}

/// The keys that names stand for, each once, in the order of the file. A kid that stands twice names no key.
fn resolve<'k>(keys: &'k KeySet, names: &[KeyName]) -> Result<Vec<&'k Key>, ScheduleError> {
    let mut found: Vec<&Key> = Vec::new();
    for name in names {
        match keys.named(name).as_slice() {
            [key] => found.push(key),
            [] => return Err(ScheduleError::UnknownKey { name: name.to_string(), known: known(keys) }),
            several => {
                let numbers = several.iter().map(|key| format!("@{}", key.number())).collect();
                return Err(ScheduleError::AmbiguousKid { name: name.to_string(), numbers });
            }
        }
    }
    found.sort_by_key(|key| key.index);
    found.dedup_by_key(|key| key.index);
    Ok(found)
}

fn known(keys: &KeySet) -> Vec<String> {
    keys.keys().iter().map(Key::name).collect()
}

/// A clock that went back would date new keys before older ones and cut schedules short.
fn guard_clock(guard: &mut Guard<'_>, keys: &KeySet, now: NumericDate) {
    if let Some(key) = keys.keys().iter().find(|key| key.iat.is_unreadable()) {
        let why = "so it can't be told whether this machine's clock went back";
        guard.refuse(RefusalId::Clock, format!("the `iat` of {} can't be read, {why}", key.name()));
    }
    let latest = now + SAME_SECOND;
    let ahead =
        keys.keys().iter().find_map(|key| Some((key, *key.iat.value().filter(|iat| **iat > latest)?)));
    if let Some((key, iat)) = ahead {
        guard.refuse(
            RefusalId::Clock,
            format!(
                "it is {now}, and key {} says it was made later, at {iat}. Set this machine's clock right, or \
                 correct that `iat`",
                key.name()
            ),
        );
    }
}

/// A config whose users get their keys from elsewhere isn't given a second way in by accident.
fn guard_other_login(guard: &mut Guard<'_>, keys: &KeySet) {
    let public = keys.keys().iter().any(Key::is_public).then_some("the public keys in this file");
    let from = keys.other_login.map(|member| format!("keys from `{member}`")).or(public.map(str::to_owned));
    if let Some(from) = from.filter(|_| !keys.keys().iter().any(Key::is_symmetric)) {
        guard.refuse(
            RefusalId::OtherLogin,
            format!(
                "users of this config log in with {from}, and there is no shared secret. A new one would be a second \
                 way in: whoever has it can sign in as anyone"
            ),
        );
    }
}

/// Whether some key would be left to verify tokens with. `until_told`: keys that are on their way out don't count.
fn leaves_a_key(keys: &KeySet, gone: &[&Key], now: NumericDate, until_told: bool) -> bool {
    let counts = |key: &Key| match key.phase(now) {
        Phase::Unusable => false,
        Phase::Retiring { .. } | Phase::Removable { .. } => !until_told,
        Phase::Standby { .. } | Phase::Accepted | Phase::Unknown => true,
    };
    keys.other_login.is_some()
        || !keys.keys().iter().any(counts)
        || keys.keys().iter().any(|key| counts(key) && !gone.iter().any(|other| other.index == key.index))
}
