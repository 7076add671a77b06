//! `before-nbf`: a key that is signed with before every replica knows it.

use super::Comparison;
use crate::keyset::{Key, Phase};
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::schedule::CLOCK_SKEW;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "before-nbf",
    severity: Severity::Error,
    pedantic: false,
    finds: "A new key's `nbf` leaves too little time before the key may be promoted, or a key is promoted before its `nbf`.",
    why: "`nbf` is when every replica should have restarted with the key, counted when it was written; from then on `promote` \
          and `reconcile` put the key first. A branch that waits uses that time up: once more than half of it is over, the \
          rest is too short to merge and restart in. A replica that doesn't know the key rejects every token signed with it \
          (`PSYNC_S2101`).",
    mend: "Count anew: set `nbf` to the number that the finding names, or remove the key and add it again with \
           `powersync-jwks rotate --standby`. A key that is promoted too soon goes back behind the current one until its \
           `nbf` has come. If things go faster with you, say so in the policy (`powersync-jwks.yaml`: `deploy_within`).",
    look: Look::Change(look),
};

fn look(comparison: &Comparison<'_>) -> Vec<Found> {
    // Cloud keeps no schedule. And where nobody signed, every replica starts with all keys.
    if comparison.new.keys.is_cloud || comparison.old.current().is_none() {
        return Vec::new();
    }
    let early = comparison.new.keys.keys().iter().filter_map(|key| waits_too_short(comparison, key));
    early.chain(promoted_too_soon(comparison)).collect()
}

/// A key that this change lets wait, and not for long enough.
fn waits_too_short(comparison: &Comparison<'_>, key: &Key) -> Option<Found> {
    let (policy, now) = (comparison.new.policy, comparison.now());
    let Phase::Standby { nbf } = key.phase(now) else { return None };
    let is_current = comparison.new.current().is_some_and(|current| current.index == key.index);
    let is_brought_forward = match comparison.origin(key) {
        // Replicas know a key that didn't wait.
        Some(old) => old.nbf.value().is_some_and(|had| nbf < *had),
        None => true,
    };
    if is_current || !is_brought_forward || policy.leaves_time(nbf, now) {
        return None;
    }
    let name = key.name();
    let when = if nbf <= now {
        format!(
            "{name} may be promoted from {nbf} on, which is over: `reconcile` would do it before any replica knows it"
        )
    } else {
        format!(
            "{name} may be promoted from {nbf} on, in {}: too soon to merge this and restart every replica, which takes {}",
            nbf.since(now).rounded(),
            policy.deploy_within
        )
    };
    let anew = now + policy.standby() + CLOCK_SKEW;
    let help = format!(
        "Count anew: `nbf: {} # promote after {anew}`. Or take the key out and add another: `{} rotate --standby`",
        anew.seconds(),
        comparison.new.tool
    );
    Some(Found::new(comparison.new.place_of(key, "nbf"), when).of(key).help(help))
}

/// A key that was there and is put first.
fn promoted_too_soon(comparison: &Comparison<'_>) -> Option<Found> {
    let (policy, now) = (comparison.new.policy, comparison.now());
    let key = comparison.new.current()?;
    let (old, was) = (comparison.origin(key)?, comparison.old.current()?);
    if old.index == was.index {
        return None;
    }
    let known_from = match (old.nbf.value(), old.iat.value()) {
        (Some(nbf), _) => *nbf,
        (None, Some(made)) if old.nbf.is_absent() => *made + policy.deploy_within + CLOCK_SKEW,
        _ => return None,
    };
    if known_from <= now {
        return None;
    }
    let message = format!(
        "{} takes the first place before {known_from}: a replica that hasn't restarted since it was added doesn't know it, and \
         rejects its tokens",
        key.name()
    );
    let help = format!(
        "Leave it behind {} until then. Once every replica knows it: `{} promote {}`",
        was.name(),
        comparison.new.tool,
        key.argument()
    );
    Some(Found::new(comparison.new.place(key), message).of(key).help(help))
}
