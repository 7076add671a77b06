//! Retiring keys, and taking that back.

use super::change::{Change, Decision};
use super::policy::Policy;
use super::refusal::{Allowed, Guard, RefusalId, ScheduleError};
use super::rotate::too_short;
use super::{guard_clock, leaves_a_key, resolve};
use crate::base::time::{NumericDate, Seconds};
use crate::keyset::{Key, KeyName, KeySet, Material};

/// From when a retired key may be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// After the policy's overlap, or later where the key says so already.
    Overlap,
    /// At this moment.
    At(NumericDate),
    /// After this time.
    In(Seconds),
}

/// Gives keys their `exp`.
pub fn retire(
    keys: &KeySet,
    names: &[KeyName],
    when: When,
    policy: &Policy,
    now: NumericDate,
    allowed: &Allowed,
) -> Result<Decision, ScheduleError> {
    let found = resolve(keys, names)?;
    let mut guard = Guard::new(allowed);
    guard_clock(&mut guard, keys, now);
    super::rotate::guard_overlap(&mut guard, policy);
    let current = keys.current()?;
    let mut decision = Decision::default();
    for key in &found {
        if current.is_some_and(|current| current.index == key.index) {
            guard.refuse(
                RefusalId::CurrentKey,
                format!(
                    "{} is the current key: PowerSync's tools would go on signing with it although it is on its way \
                     out. `rotate` puts a new key in its place and retires it",
                    key.name()
                ),
            );
        }
        if let Material::Unusable(why) = key.material {
            return Err(ScheduleError::Unusable { key: key.name(), why });
        }
        let had = key.needed("exp", &key.exp)?;
        let exp = match when {
            When::Overlap => had.unwrap_or(now).max(now + policy.stay()),
            When::At(date) => date,
            When::In(span) => now + span,
        };
        guard_exp(&mut guard, key, had, exp, policy, now);
        if had == Some(exp) {
            decision.notes.push(format!("{} is retiring already, until {exp}", key.name()));
        } else {
            decision.changes.push(Change::Retire { index: key.index, exp });
        }
    }
    if !leaves_a_key(keys, &found, now, true) {
        guard.refuse(RefusalId::LastKey, "no key would be left that is not on its way out".to_owned());
    }
    guard.finish()?;
    Ok(decision)
}

/// A date that was said outright must outlast the last token, and nothing cuts short what was promised.
fn guard_exp(
    guard: &mut Guard<'_>,
    key: &Key,
    had: Option<NumericDate>,
    exp: NumericDate,
    policy: &Policy,
    now: NumericDate,
) {
    if exp <= now {
        let reason = format!(
            "{exp} is not in the future: {} could be removed at once, with tokens still valid",
            key.name()
        );
        guard.refuse(RefusalId::ShortOverlap, reason);
    } else if exp < now + policy.least_overlap() {
        guard.refuse(RefusalId::ShortOverlap, too_short("a time", exp.since(now).get(), policy));
    } else if let Some(had) = had.filter(|had| exp < *had && exp < now + policy.overlap()) {
        guard.refuse(
            RefusalId::ShortOverlap,
            format!(
                "{} was to stay until {had}. {exp} is earlier, and sooner than the overlap of {} from now: a backend \
                 that hasn't switched yet would be locked out",
                key.name(),
                policy.overlap()
            ),
        );
    }
}

/// Takes `exp` and `nbf` away.
pub fn unretire(
    keys: &KeySet,
    names: &[KeyName],
    now: NumericDate,
    allowed: &Allowed,
) -> Result<Decision, ScheduleError> {
    let mut guard = Guard::new(allowed);
    guard_clock(&mut guard, keys, now);
    guard.finish()?;
    let mut decision = Decision::default();
    for key in resolve(keys, names)? {
        if key.exp.is_absent() {
            decision.notes.push(format!("{} is not retiring", key.name()));
        } else {
            decision.changes.push(Change::Unretire { index: key.index });
        }
    }
    Ok(decision)
}
