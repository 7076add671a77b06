//! In which order a change is brought to the service and the backends.

use std::collections::{HashMap, HashSet};

use super::next::{Done, Planned, RESTART, Role, Situation, Step, numbered, planned_steps, say};
use super::{EventKind, counterparts, events};
use crate::base::text::list;
use crate::base::time::{NumericDate, Seconds};
use crate::keyset::{Key, KeySet, Material, Phase, Secret};
use crate::schedule::CLOCK_SKEW;

/// What to do with a change of a config that is about to be merged. `around`: something outside of the keys changed.
/// `variables`: those that the config did not read before.
#[must_use]
pub fn deploy_steps(
    old: &KeySet,
    new: &KeySet,
    around: bool,
    variables: &[String],
    situation: &Situation<'_>,
) -> Vec<Step> {
    let mut steps: Vec<Planned> = Vec::new();
    for done in all_done(old, new, situation) {
        // Its dates were counted when it was written.
        let situation = &Situation { now: written(done, situation), ..*situation };
        for planned in planned_steps(done, situation) {
            // A restart serves all that needs one: the first says when. Whose tokens fail is told by the findings, one by one.
            let once = matches!(planned.role, Role::Restart | Role::Losses | Role::NoRestart);
            let again = once && steps.iter().any(|other| other.role == planned.role);
            if !again && !steps.contains(&planned) {
                steps.push(planned);
            }
        }
    }
    let restart = steps.iter().position(|planned| planned.role == Role::Restart).map(|at| steps.remove(at));
    let restart =
        restart.or_else(|| (around || served(old, new, situation)).then(|| situation.restart(RESTART)));
    if let Some(restart) = restart {
        steps.retain(|planned| planned.role != Role::NoRestart);
        steps.insert(0, restart);
    }
    if !variables.is_empty() {
        let text = format!(
            "First set {} on every replica: one that starts with this file and without it does not start. Containers have to \
             be made anew to see it",
            list(variables)
        );
        match steps.first_mut().filter(|first| first.role == Role::Restart) {
            Some(Planned { step, .. }) => step.text = format!("{text}. {}", step.text),
            None => steps.insert(0, say(text)),
        }
    }
    numbered(steps)
}

/// What to do with a change after which the service doesn't start.
#[must_use]
pub fn first_mend(tool: &str) -> Step {
    Step {
        text: "The service does not start with this file: every replica that restarts with it is gone. Mend it first. This \
               says what is wrong"
            .to_owned(),
        commands: vec![format!("{tool} check")],
    }
}

/// What to do once a config is gone.
#[must_use]
pub fn after_deletion() -> Step {
    Step {
        text: "Replicas that run keep what they have read. One that restarts needs another config, or does not start: name \
               the one that takes the place of this, or take the service down"
            .to_owned(),
        commands: Vec::new(),
    }
}

/// When a change was written, as far as its dates tell.
fn written(done: Done<'_>, situation: &Situation<'_>) -> NumericDate {
    let policy = situation.policy;
    let before =
        |date: Option<NumericDate>, span: Seconds| date.map(|date| date + (Seconds::default() - span));
    let written = match done {
        Done::Rotated { outgoing, .. } | Done::Promoted { outgoing, .. } => {
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
    let changed = |kind: &EventKind, text: &str| {
        matches!(kind, EventKind::ReKeyed | EventKind::Added | EventKind::Removed)
            || (*kind == EventKind::Changed && !text.ends_with("its dates"))
    };
    events(old, new, situation.now).iter().any(|event| changed(&event.kind, &event.text))
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
        if by_secret.get(&id).is_some_and(|heir| heir.verifies_what(key) == Some(true)) {
            *after = by_secret.remove(&id).map(|heir| heir.index);
        }
    }
    after
}

/// What was done, in the terms of the next steps.
fn all_done<'k>(old: &'k KeySet, new: &'k KeySet, situation: &Situation<'_>) -> Vec<Done<'k>> {
    let after = with_renamed(old, new);
    let stays = |key: &Key| after[key.index].map(|index| &new.keys()[index]);
    let (was, is) = (old.current().ok().flatten(), new.current().ok().flatten());
    let is_new = |key: &Key| !after.contains(&Some(key.index));
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
                    Done::Promoted { key: current, outgoing }
                });
            }
            None => done.push(Done::Added { new: current, current: true }),
            Some(_) => {}
        }
    }
    let hidden = new.shadowed();
    // Nobody is to begin to sign with what never verifies a token.
    let counts = |key: &&Key| is_new(key) && !hidden.contains(&key.index);
    for key in new.keys().iter().filter(counts).filter(|key| is.is_none_or(|is| is.index != key.index)) {
        done.push(match key.phase(situation.now) {
            Phase::Standby { nbf } if was.is_some() && !situation.policy.leaves_time(nbf, situation.now) => {
                Done::WaitsTooShort { new: key, nbf }
            }
            Phase::Standby { nbf } => Done::Waits { new: key, nbf, current: is },
            // Nobody is to begin to sign with it.
            Phase::Retiring { .. } | Phase::Removable { .. } | Phase::Unusable => continue,
            _ => Done::Added { new: key, current: false },
        });
    }
    let told = |key: &Key| is.is_some() && was.is_some_and(|was| was.index == key.index);
    let gone = |key: &&Key| stays(key).is_none() && !told(key);
    if old.keys().iter().any(|key| gone(&key)) {
        let live =
            old.keys().iter().filter(gone).any(|key| crate::schedule::is_live(old, key, situation.now));
        done.push(Done::Removed { live, successor: None });
    }
    let was_hidden = old.shadowed();
    let is_usable = |key: &Key| !matches!(key.material, Material::Unusable(_));
    let re_keyed = |(old, new): &(&Key, &Key)| {
        let had_tokens = !old.kid.is_absent() && is_usable(old) && !was_hidden.contains(&old.index);
        had_tokens && is_usable(new) && new.verifies_what(old) == Some(false)
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
