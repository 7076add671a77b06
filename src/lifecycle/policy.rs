//! How long things take: the spans a schedule is made of.

use crate::time::{NumericDate, Seconds};

/// How long after its `exp` the service still accepts a token (service-behaviour: 60 s of clock tolerance).
pub const TOLERANCE: Seconds = Seconds::new(60);
/// How far the clocks of backend, service and this machine may differ.
pub const CLOCKS_DIFFER: Seconds = Seconds::new(300);
/// The longest life the service allows a token.
pub const MAX_TOKEN_TTL: Seconds = Seconds::hours(24);

/// What is promised about restarts, backends and tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// From a write of the config until every replica has restarted with it, review and merge included.
    pub deploy_within: Seconds,
    /// From then until every backend signs with the new key.
    pub rollout: Seconds,
    /// A token's `exp` minus the moment it is signed.
    pub token_ttl: Seconds,
    /// How long an outgoing key stays, where it is said outright.
    pub overlap: Option<Seconds>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            deploy_within: Seconds::hours(72),
            rollout: Seconds::hours(24),
            token_ttl: MAX_TOKEN_TTL,
            overlap: None,
        }
    }
}

impl Policy {
    /// How long an outgoing key stays: until the last token signed with it can't be valid any more.
    #[must_use]
    pub fn overlap(&self) -> Seconds {
        self.overlap.unwrap_or(self.deploy_within + self.rollout + self.least_overlap())
    }

    /// By when every replica must have restarted, and by when every backend must have switched, for a change made
    /// now. Where the overlap was said outright, what it leaves over the life of a token is shared out between the
    /// two as the policy weighs them.
    #[must_use]
    pub fn deadlines(&self, now: NumericDate) -> (NumericDate, NumericDate) {
        let (deploy, rollout) = (self.deploy_within.get(), self.rollout.get());
        let Some(overlap) = self.overlap else {
            return (now + self.deploy_within, now + self.deploy_within + self.rollout);
        };
        let slack = (overlap - self.least_overlap()).get().max(0);
        let deployed = slack.saturating_mul(deploy) / (deploy + rollout).max(1);
        (now + Seconds::new(deployed), now + Seconds::new(slack))
    }

    /// The least that can be safe: a token signed this moment lives that long.
    #[must_use]
    pub fn least_overlap(&self) -> Seconds {
        self.token_ttl + TOLERANCE + CLOCKS_DIFFER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlap_is_derived() {
        assert_eq!(Policy::default().overlap().to_string(), "5 days and 6 minutes");
        let short = Policy {
            deploy_within: Seconds::new(1800),
            rollout: Seconds::new(1800),
            token_ttl: Seconds::hours(1),
            overlap: None,
        };
        assert_eq!(short.overlap().to_string(), "2 hours and 6 minutes");
    }

    #[test]
    fn deadlines_leave_time_for_the_last_token() {
        let now = NumericDate::new(1_000_000).unwrap();
        for overlap in [None, Some(Seconds::hours(25)), Some(Seconds::hours(48)), Some(Seconds::hours(1))] {
            let policy = Policy { overlap, ..Policy::default() };
            let (deployed, switched) = policy.deadlines(now);
            assert!(now <= deployed && deployed <= switched);
            assert!(switched == now || switched + policy.least_overlap() <= now + policy.overlap());
        }
    }
}
