//! What the dates of a report assume.

use crate::base::sentence::{Sentence, sentence};
use crate::base::text::Printable;
use crate::base::time::{NumericDate, Seconds};

/// When a report was made, and the spans that its dates are counted with.
#[derive(Clone, Debug)]
pub(crate) struct Assumed {
    pub(crate) now: NumericDate,
    pub(crate) token_ttl: Seconds,
    pub(crate) deploy_within: Seconds,
    pub(crate) rollout: Seconds,
    /// The policy file they are from; without one they are the defaults.
    pub(crate) policy: Option<String>,
}

impl Assumed {
    pub(crate) fn message(&self) -> Sentence {
        let Self { now, token_ttl, deploy_within, rollout, policy } = self;
        let source = match policy {
            Some(name) => sentence!("from {}", Printable(name)),
            None => sentence!("the defaults; `powersync-jwks.yaml` sets others"),
        };
        sentence!(
            "Made {now}. Its dates assume that a token lives {token_ttl}, that every replica has restarted {deploy_within} \
             after a change was written, and every backend has switched {rollout} later ({source}). Merging later moves \
             the dates of lock-outs and restarts; `exp` and `nbf` in the file stay as they are",
            now = now.to_the_minute()
        )
    }
}
