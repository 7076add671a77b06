//! `before-nbf`: a key that is signed with before every replica knows it.

use crate::base::sentence::{Sentence, sentence};
use crate::base::time::{NumericDate, Seconds};
use crate::explain::{Cure, From, Harm, LockOut, Whose};
use crate::keyset::{Key, Phase};
use crate::rules::comparison::ConfigDiff;
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule, Violation};
use crate::schedule::CLOCK_SKEW;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "before-nbf",
    finds: "A new key's `nbf` leaves too little time before the key may be promoted, or a key is promoted before its `nbf`.",
    why: "`nbf` is when every replica should have restarted with the key, counted when it was written; from then on `promote` \
          and `reconcile` put the key first. A branch that waits uses that time up: once more than half of it is over, the \
          rest is too short to merge and restart in. A replica that doesn't know the key rejects every token signed with it \
          (`PSYNC_S2101`).",
    fix: How::Named(|tool, _| {
        sentence!(
            "Restart the countdown: set `nbf` to the number that the finding names, or remove the key and add it again with \
             `{tool} rotate --standby`. A key that is promoted too soon goes back behind the current one until its `nbf` has \
             come. If your deploys take less time, say so in the policy (`powersync-jwks.yaml`: `deploy_within`)."
        )
    }),
    look: Look::Change(look),
    ..ERROR
};

/// A key that this change lets wait, and not for long enough.
struct ShortWait {
    nbf: NumericDate,
    now: NumericDate,
    deploy_within: Seconds,
    /// When it should be.
    enough: NumericDate,
}

impl Violation for ShortWait {
    fn message(&self, key: &About) -> Sentence {
        let Self { nbf, now, deploy_within, .. } = self;
        if nbf <= now {
            sentence!(
                "{key} may be promoted from {nbf}, which is over: `reconcile` would do it before any replica knows the key",
                nbf = nbf.to_the_minute()
            )
        } else {
            let left = nbf.since(*now).rounded();
            sentence!(
                "{key} may be promoted from {nbf}, in {left}: too soon to merge this and restart every replica, which takes \
                 {deploy_within}",
                nbf = nbf.to_the_minute()
            )
        }
    }

    fn help(&self, _: &About, tool: &str) -> Option<Sentence> {
        let (enough, seconds) = (self.enough, self.enough.seconds());
        Some(sentence!(
            "Restart the countdown: `nbf: {seconds} # promote after {enough}`. Or remove the key and add another: `{tool} \
             rotate --standby`."
        ))
    }
}

/// A key that was there and is put first.
struct TooSoon {
    known_from: NumericDate,
    before: String,
}

impl Violation for TooSoon {
    fn message(&self, key: &About) -> Sentence {
        sentence!(
            "{key} is put first before {}: a replica that hasn't restarted since it was added doesn't know it, and rejects its \
             tokens",
            self.known_from.to_the_minute()
        )
    }

    fn help(&self, key: &About, tool: &str) -> Option<Sentence> {
        let (before, key) = (&self.before, key.argument());
        Some(sentence!(
            "Leave it behind {before} until then. Once every replica knows it: `{tool} promote {key}`."
        ))
    }
}

fn look(comparison: &ConfigDiff<'_>) -> Vec<Finding> {
    // Cloud keeps no schedule. And where nobody signed, every replica starts with all keys.
    if comparison.new.keys.is_cloud || comparison.old.current().is_none() {
        return Vec::new();
    }
    let early = comparison.new.keys.keys().iter().filter_map(|key| waits_too_short(comparison, key));
    early.chain(promoted_too_soon(comparison)).collect()
}

fn waits_too_short(comparison: &ConfigDiff<'_>, key: &Key) -> Option<Finding> {
    let (policy, now) = (comparison.new.policy, comparison.now());
    let Phase::Standby { nbf } = key.phase(now) else { return None };
    let is_brought_forward = match comparison.origin(key) {
        // Replicas know a key that didn't wait.
        Some(old) => old.nbf.value().is_some_and(|had| nbf < *had),
        None => true,
    };
    if comparison.new.keys.is_current(key) || !is_brought_forward || policy.leaves_time(nbf, now) {
        return None;
    }
    let enough = now + policy.standby() + CLOCK_SKEW;
    let cause = ShortWait { nbf, now, deploy_within: policy.deploy_within, enough };
    let from = From::Promotion(nbf.max(now));
    let harm = Harm::LocksOut(LockOut { from, ..LockOut::now(Whose::Keys(vec![key.in_words()])) });
    Some(Finding::new(&RULE, comparison.new.place_of(key, "nbf"), cause).of(key).means(harm))
}

fn promoted_too_soon(comparison: &ConfigDiff<'_>) -> Option<Finding> {
    let key = comparison.new.current()?;
    let (old, was) = (comparison.origin(key)?, comparison.old.current()?);
    if old.index == was.index {
        return None;
    }
    let known_from = match (old.nbf.value(), old.iat.value()) {
        (Some(nbf), _) => *nbf,
        (None, Some(made)) if old.nbf.is_absent() => *made + comparison.new.policy.deploy_within + CLOCK_SKEW,
        _ => return None,
    };
    let cause = TooSoon { known_from, before: was.name() };
    let whose = Whose::Keys(vec![key.in_words()]);
    let harm = Harm::LocksOut(LockOut { logins: Some(Cure::Known), ..LockOut::now(whose) });
    let found = || Finding::new(&RULE, comparison.new.place(key), cause).of(key).means(harm);
    (known_from > comparison.now()).then(found)
}
