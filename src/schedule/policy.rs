//! How long things take: the spans a schedule is made of.

use crate::base::time::{NumericDate, Seconds};

/// How long after its `exp` the service still accepts a token (service-behaviour: 60 s of clock tolerance).
pub const TOLERANCE: Seconds = Seconds::new(60);
/// How far the clocks of backend, service and this machine may differ.
pub const CLOCK_SKEW: Seconds = Seconds::new(300);
/// How long what was shown may be written: dates that count from the write count from the end of this.
pub(crate) const ANSWER_WITHIN: Seconds = Seconds::new(60);
/// A key made within the same second as the current one is dated this much ahead.
pub(crate) const SAME_SECOND: Seconds = Seconds::new(1);
/// The longest life the service allows a token.
pub const MAX_TOKEN_TTL: Seconds = Seconds::hours(24);

/// What is promised about restarts, backends and tokens, and how often keys are replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How old a current key gets.
    pub rotate_every: Seconds,
    /// How long a new key waits before it may be promoted; `deploy_within` where it isn't set.
    pub standby: Option<Seconds>,
    /// From a write of the config until every replica has restarted with it, review and merge included.
    pub deploy_within: Seconds,
    /// From then until every backend signs with the new key.
    pub rollout: Seconds,
    /// A token's `exp` minus the moment it is signed.
    pub token_ttl: Seconds,
    /// How long an outgoing key stays, where it is set outright.
    pub overlap: Option<Seconds>,
    /// How much longer it stays than it has to.
    pub keep_retired: Seconds,
    /// What new kids begin with.
    pub kid_prefix: String,
    /// How much later than the decision the write may come: what is counted from the write is counted from then.
    pub written_within: Seconds,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            rotate_every: Seconds::hours(90 * 24),
            standby: None,
            deploy_within: Seconds::hours(72),
            rollout: Seconds::hours(24),
            token_ttl: MAX_TOKEN_TTL,
            overlap: None,
            keep_retired: Seconds::default(),
            kid_prefix: String::new(),
            written_within: Seconds::default(),
        }
    }
}

/// Spans that can't be kept together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPolicy {
    /// The service's limit.
    #[error("token_ttl is {0}, and the service rejects tokens that live longer than 24 hours (PSYNC_S2104)")]
    TokenTtl(Seconds),
    /// A key would sign before every replica knows it.
    #[error(
        "standby ({standby}) is shorter than deploy_within ({deploy_within}): a new key would be promoted before every replica knows it"
    )]
    ShortStandby {
        /// What was set.
        standby: Seconds,
        /// What it must reach.
        deploy_within: Seconds,
    },
    /// The next key would be due first.
    #[error(
        "rotate_every ({rotate_every}) must be longer than standby ({standby}) and the 5 minutes that clocks differ: a key would be due to be replaced before it is promoted"
    )]
    ReplacedBeforePromoted {
        /// What was set.
        rotate_every: Seconds,
        /// What it must exceed.
        standby: Seconds,
    },
    /// Retired keys would pile up.
    #[error(
        "outgoing keys stay for {stay} (the overlap and keep_retired), which is longer than rotate_every ({rotate_every}): they would pile up"
    )]
    OverlapPastRotation {
        /// How long they stay.
        stay: Seconds,
        /// How often one is added.
        rotate_every: Seconds,
    },
}

impl Policy {
    /// How long a new key waits before it may be promoted.
    #[must_use]
    pub fn standby(&self) -> Seconds {
        self.standby.unwrap_or(self.deploy_within)
    }

    /// How long an outgoing key has to stay: until the last token signed with it can't be valid any more.
    #[must_use]
    pub fn overlap(&self) -> Seconds {
        self.overlap.unwrap_or(self.deploy_within + self.rollout + self.least_overlap())
    }

    /// How long it does stay.
    #[must_use]
    pub fn stay(&self) -> Seconds {
        self.overlap() + self.keep_retired
    }

    /// Whether a schedule can be kept with these spans.
    pub fn check(&self) -> Result<(), InvalidPolicy> {
        let (standby, rotate_every, stay) = (self.standby(), self.rotate_every, self.stay());
        if self.token_ttl > MAX_TOKEN_TTL {
            return Err(InvalidPolicy::TokenTtl(self.token_ttl));
        }
        if standby < self.deploy_within {
            return Err(InvalidPolicy::ShortStandby { standby, deploy_within: self.deploy_within });
        }
        if rotate_every <= standby + CLOCK_SKEW {
            return Err(InvalidPolicy::ReplacedBeforePromoted { rotate_every, standby });
        }
        if stay > rotate_every {
            return Err(InvalidPolicy::OverlapPastRotation { stay, rotate_every });
        }
        Ok(())
    }

    /// By when every replica must have restarted, and by when every backend must have switched, for a change made
    /// now. Where the overlap was set outright, what it leaves over the life of a token is shared out between the
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

    /// Whether a key that waits until `nbf` still leaves enough of the time in which replicas restart. Half of it may be
    /// over: reviews take some.
    #[must_use]
    pub(crate) fn leaves_time(&self, nbf: NumericDate, now: NumericDate) -> bool {
        nbf >= now + Seconds::new(self.deploy_within.get() / 2) + CLOCK_SKEW
    }

    /// The least that can be safe: a token signed this moment lives that long.
    #[must_use]
    pub fn least_overlap(&self) -> Seconds {
        self.token_ttl + TOLERANCE + CLOCK_SKEW
    }
}
