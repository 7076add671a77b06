//! In which order a change is brought to the service and the backends.

use std::collections::{HashMap, HashSet};

use super::change::KeyChange;
use super::event::EventKind;
use super::events::events;
use super::next::{Done, Situation, only, planned_steps};
use super::step::{Action, Signed, Step, Steps, Until, When};
use crate::base::time::{NumericDate, Seconds};
use crate::keyset::{Key, KeySet, Material, Phase, Secret, counterparts};
use crate::schedule::CLOCK_SKEW;
use crate::store::Platform;

/// A change of a config that is about to be merged.
pub(crate) struct Merge<'a> {
    pub(crate) old: &'a KeySet,
    /// Something outside of the keys changed that the service reads.
    pub(crate) around: Around,
    /// Variables that the config did not read before.
    pub(crate) variables: &'a [String],
}

/// Whether a change touches anything but the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Around {
    Same,
    Changed,
}

/// What to do with a change of a config that is about to be merged.
#[must_use]
pub(crate) fn deploy_steps(merge: &Merge<'_>, situation: &Situation<'_>) -> Steps {
    let (old, new) = (merge.old, situation.keys);
    let mut list: Vec<Step> = Vec::new();
    for done in all_done(old, new, situation) {
        // Its dates were counted when it was written.
        let situation = Situation { now: written(done, situation), ..situation.clone() };
        for step in planned_steps(done, &situation) {
            // A restart serves all that needs one: the first says when. Whose tokens fail is told by the findings, one by one.
            if !is_once(&step) || list.iter().all(|other| !same_action(other, &step)) {
                list.push(step);
            }
        }
    }
    end_sooner(&mut list, last_of_removed(old, new, situation.now));
    let is_restart = |step: &Step| matches!(step.action, Action::Restart { .. });
    let restart = list.iter().position(is_restart).map(|at| list.remove(at));
    let is_needed = || merge.around == Around::Changed || served(old, new, situation);
    let restart = restart.or_else(|| is_needed().then(|| situation.restart(When::Anytime, Until::OldFile)));
    // Where no platform is seen, its commands would be those of three.
    let restart = restart.map(|step| match situation.means.platform {
        Platform::Unknown => Step { commands: Vec::new(), ..step },
        _ => step,
    });
    if let Some(restart) = restart {
        list.retain(|step| !matches!(step.action, Action::NoRestart(_)));
        list.insert(0, restart);
    }
    if !merge.variables.is_empty() {
        let (names, platform) = (merge.variables.to_vec(), situation.means.platform.clone());
        list.insert(0, only(Action::SetVariables { names, platform }));
    }
    Steps { now: situation.now, list }
}

/// Lets losses end with the last of the keys that are gone.
fn end_sooner(steps: &mut [Step], last: Option<NumericDate>) {
    for step in steps {
        if let (Action::Losses { signed: Signed::WithRemoved, last: until, .. }, Some(last)) =
            (&mut step.action, last)
        {
            *until = last.min(*until);
        }
    }
}

/// When the last token of the keys that are gone has expired, where each of them says so itself.
fn last_of_removed(old: &KeySet, new: &KeySet, now: NumericDate) -> Option<NumericDate> {
    let after = with_renamed(old, new);
    let gone = old.keys().iter().filter(|key| after[key.index].is_none());
    let live = gone.filter(|key| crate::schedule::is_live(old, key, now));
    let ends: Option<Vec<NumericDate>> = live.map(|key| key.exp.value().copied()).collect();
    ends?.into_iter().max()
}

fn same_action(one: &Step, two: &Step) -> bool {
    std::mem::discriminant(&one.action) == std::mem::discriminant(&two.action)
}

fn is_once(step: &Step) -> bool {
    matches!(step.action, Action::Restart { .. } | Action::Losses { .. } | Action::NoRestart(_))
}

/// When a change was written, as far as its dates tell.
fn written(done: Done<'_>, situation: &Situation<'_>) -> NumericDate {
    let policy = situation.policy;
    let before =
        |date: Option<NumericDate>, span: Seconds| date.map(|date| date + (Seconds::default() - span));
    let written = match done {
        Done::Rotated { outgoing, .. }
        | Done::Promoted { outgoing, .. }
        | Done::RolledBack { outgoing, .. } => {
            before(outgoing.and_then(|key| key.exp.value().copied()), policy.stay())
        }
        Done::Waits { nbf, .. } => {
            // A long wait leaves more time to restart than the policy asks for.
            let is_late = |written: &NumericDate| *written + policy.deploy_within < situation.now;
            let latest = before(Some(nbf), policy.deploy_within + CLOCK_SKEW);
            before(Some(nbf), policy.standby() + CLOCK_SKEW).filter(|date| !is_late(date)).or(latest)
        }
        _ => None,
    };
    written.filter(|written| *written < situation.now).unwrap_or(situation.now)
}

/// Whether the service reads other keys than before.
fn served(old: &KeySet, new: &KeySet, situation: &Situation<'_>) -> bool {
    events(old, new, situation.now).iter().any(|event| {
        !matches!(
            event.kind,
            EventKind::Retired { .. }
                | EventKind::Unretired
                | EventKind::Promoted { .. }
                | EventKind::RolledBack { .. }
                | EventKind::Changed(KeyChange::Dates)
        )
    })
}

/// For each old key, the place of what it is in the new set: also where it has another kid now, or none.
fn with_renamed(old: &KeySet, new: &KeySet) -> Vec<Option<usize>> {
    let mut after = counterparts(old, new);
    let taken: HashSet<usize> = after.iter().copied().flatten().collect();
    let free = new.keys().iter().filter(|key| !taken.contains(&key.index));
    let mut by_secret: HashMap<[u8; 32], &Key> =
        free.filter_map(|key| Some((key.secret()?.fingerprint(), key))).collect();
    for (key, after) in old.keys().iter().zip(&mut after).filter(|(_, after)| after.is_none()) {
        let Some(id) = key.secret().map(Secret::fingerprint) else { continue };
        if by_secret.get(&id).is_some_and(|successor| successor.verifies_what(key) == Some(true)) {
            *after = by_secret.remove(&id).map(|successor| successor.index);
        }
    }
    after
}

/// What was done, in the terms of the next steps.
fn all_done<'k>(old: &'k KeySet, new: &'k KeySet, situation: &Situation<'_>) -> Vec<Done<'k>> {
    let after = with_renamed(old, new);
    let stays = |key: &Key| after[key.index].map(|index| &new.keys()[index]);
    let (was, is) = (old.current().ok().flatten(), new.current().ok().flatten());
    let stayed: HashSet<usize> = after.iter().copied().flatten().collect();
    let is_new = |key: &Key| !stayed.contains(&key.index);
    let mut done = Vec::new();
    if let Some(current) = is {
        match was {
            Some(was) if is_new(current) && stays(was).is_none() => {
                done.push(Done::Revoked { new: current, gone: was });
            }
            // The service knew the other key already, and has to forget this one.
            Some(was) if stays(was).is_none() => {
                let live = crate::schedule::is_live(old, was, situation.now);
                done.push(Done::Removed { live, successor: Some(current) });
            }
            Some(was) if after[was.index] != Some(current.index) => {
                let outgoing = stays(was).filter(|key| !key.exp.is_absent());
                done.push(if is_new(current) {
                    Done::Rotated { new: current, outgoing }
                } else {
                    let was_leaving =
                        |key: &&Key| after[key.index] == Some(current.index) && key.exp.value().is_some();
                    if old.keys().iter().any(|key| was_leaving(&key)) {
                        Done::RolledBack { key: current, outgoing }
                    } else {
                        Done::Promoted { key: current, outgoing }
                    }
                });
            }
            None => done.push(Done::Added { new: current, current: true }),
            Some(_) => {}
        }
    }
    done.extend(added(new, is_new, (was, is), situation));
    let told = |key: &Key| is.is_some() && was.is_some_and(|was| was.index == key.index);
    let gone = |key: &&Key| stays(key).is_none() && !told(key);
    // Nobody signs with a key that waits.
    let waited = |key: &&Key| matches!(key.phase(situation.now), Phase::Standby { .. });
    if old.keys().iter().filter(gone).any(|key| !waited(&key)) {
        let live =
            old.keys().iter().filter(gone).any(|key| crate::schedule::is_live(old, key, situation.now));
        done.push(Done::Removed { live, successor: None });
    } else if old.keys().iter().any(|key| gone(&key)) {
        done.push(Done::GivenUp { current: is });
    }
    let is_usable = |key: &Key| !matches!(key.material, Material::Unusable(_));
    let re_keyed = |(before, after): &(&Key, &Key)| {
        let had_tokens = !before.kid.is_absent() && is_usable(before) && !old.is_shadowed(before);
        had_tokens && is_usable(after) && after.verifies_what(before) == Some(false)
    };
    let staying = old.keys().iter().filter_map(|key| Some((key, stays(key)?)));
    done.extend(staying.filter(re_keyed).map(|(_, key)| Done::ReKeyed { key }));
    let others = |key: &&Key| was.is_none_or(|was| was.index != key.index);
    let pairs = || old.keys().iter().filter(others).filter_map(|key| Some((key, stays(key)?)));
    let retired =
        pairs().filter(|(old, new)| old.exp != new.exp).filter_map(|(_, new)| new.exp.value().copied()).max();
    done.extend(retired.map(Done::Retired));
    if pairs().any(|(old, new)| {
        !old.exp.is_absent() && new.exp.is_absent() && is.is_none_or(|is| is.index != new.index)
    }) {
        done.push(Done::Unretired);
    }
    done
}

/// What the keys that are new, and not the current one, come to.
fn added<'k>(
    new: &'k KeySet,
    is_new: impl Fn(&Key) -> bool,
    (was, is): (Option<&Key>, Option<&'k Key>),
    situation: &Situation<'_>,
) -> Vec<Done<'k>> {
    // Nobody should start to sign with what never verifies a token.
    let counts =
        |key: &&Key| is_new(key) && !new.is_shadowed(key) && is.is_none_or(|is| is.index != key.index);
    let done = |key: &'k Key| {
        Some(match key.phase(situation.now) {
            Phase::Standby { nbf } if was.is_some() && !situation.policy.leaves_time(nbf, situation.now) => {
                Done::WaitsTooShort { new: key, nbf }
            }
            Phase::Standby { nbf } => Done::Waits { new: key, nbf, current: is },
            // Nobody should start to sign with it.
            Phase::Retiring { .. } | Phase::Removable { .. } | Phase::Unusable => return None,
            _ => Done::Added { new: key, current: false },
        })
    };
    new.keys().iter().filter(counts).filter_map(done).collect()
}
