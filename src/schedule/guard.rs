//! What speaks against a decision, collected so that all of it is shown at once.

use super::policy::{CLOCK_SKEW, Policy, SAME_SECOND};
use super::refusal::{Allowed, Hazard, Refusal, RefusalId, ScheduleError};
use crate::base::time::{NumericDate, Seconds};
use crate::keyset::{Key, KeySet};

/// What a decision is made under.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// How long things take.
    pub policy: &'a Policy,
    /// The moment it is.
    pub now: NumericDate,
    /// The refusals that are overridden.
    pub allowed: &'a Allowed,
}

impl Terms<'_> {
    /// By when it is written: what is counted from the write counts from then.
    pub(super) fn written_by(&self) -> NumericDate {
        self.now + self.policy.written_within
    }
}

/// Collects the refusals of one operation.
pub(super) struct Guard<'a> {
    known: &'static [RefusalId],
    allowed: &'a Allowed,
    refusals: Vec<Refusal>,
}

impl<'a> Guard<'a> {
    /// `known`: the ids that the operation's help lists.
    pub(super) fn new(known: &'static [RefusalId], allowed: &'a Allowed) -> Self {
        Self { known, allowed, refusals: Vec::new() }
    }

    /// Refuses, unless that is allowed.
    pub(super) fn refuse(&mut self, hazard: Hazard) {
        let refusal = Refusal(hazard);
        let id = refusal.id();
        debug_assert!(self.known.contains(&id), "{} is not in the operation's list", id.name());
        if !self.allowed.contains(&id) && !self.refusals.iter().any(|other| other.id() == id) {
            self.refusals.push(refusal);
        }
    }

    pub(super) fn finish(self) -> Result<(), ScheduleError> {
        if self.refusals.is_empty() { Ok(()) } else { Err(ScheduleError::Refused(self.refusals)) }
    }

    /// A clock that went back would date new keys before older ones and cut schedules short.
    pub(super) fn clock(&mut self, keys: &KeySet, now: NumericDate) {
        if let Some(key) = keys.keys().iter().find(|key| key.iat.is_unreadable()) {
            self.refuse(Hazard::UnreadableIat { key: key.reference() });
        }
        let latest = now + SAME_SECOND;
        let ahead = |key: &Key| key.iat.value().copied().filter(|iat| *iat > latest);
        if let Some((key, iat)) = keys.keys().iter().find_map(|key| Some((key, ahead(key)?))) {
            self.refuse(Hazard::ClockBehind { now, key: key.reference(), iat });
        }
    }

    /// An overlap that was set outright must outlast the last token.
    pub(super) fn overlap(&mut self, policy: &Policy) {
        if policy.overlap() < policy.least_overlap() {
            self.short_overlap(policy.overlap(), policy);
        }
    }

    pub(super) fn short_overlap(&mut self, overlap: Seconds, policy: &Policy) {
        let (least, token_ttl) = (policy.least_overlap(), policy.token_ttl);
        self.refuse(Hazard::ShortOverlap { overlap, least, token_ttl });
    }

    /// A new key waits until every replica knows it.
    pub(super) fn standby(&mut self, wait: Seconds, policy: &Policy) {
        if wait < policy.deploy_within {
            self.refuse(Hazard::ShortStandby { wait, deploy_within: policy.deploy_within });
        }
    }

    /// A key that was added by hand is known everywhere only after a while.
    pub(super) fn is_known(&mut self, key: &Key, made: Option<NumericDate>, terms: &Terms<'_>) {
        let known_from = made.map(|made| made + terms.policy.deploy_within + CLOCK_SKEW);
        if let Some(from) = known_from.filter(|from| key.nbf.is_absent() && *from > terms.now) {
            self.refuse(Hazard::JustAdded { key: key.reference(), from });
        }
    }
}

/// Whether a key that counts would be left beside those that go, where there is one or no other way to log in.
pub(super) fn leaves_a_key(keys: &KeySet, gone: &[&Key], counts: impl Fn(&Key) -> bool) -> bool {
    let left = |key: &Key| !gone.iter().any(|other| other.index == key.index);
    keys.other_login().is_some()
        || !keys.keys().iter().any(&counts)
        || keys.keys().iter().any(|key| counts(key) && left(key))
}
