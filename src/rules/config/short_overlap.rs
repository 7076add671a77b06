//! `short-overlap`: the outgoing key may go before its last token has expired.

use crate::base::sentence::{Sentence, sentence};
use crate::base::time::{NumericDate, Seconds};
use crate::keyset::Key;
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, Finding, How, Look, Rule, Violation, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "short-overlap",
    finds: "The key before the current one may be removed sooner than the overlap after the current one was made.",
    why: "Until every replica has restarted and every backend has switched, tokens are signed with the old key, and they \
          stay valid after that. If it goes sooner, they are rejected.",
    fix: How::Named(|tool, key| {
        sentence!(
            "Restart the countdown: `{tool} retire {key}`. If your deploys take less time, say so in the policy \
             (`powersync-jwks.yaml`: `deploy_within`, `rollout`, `token_ttl`)."
        )
    }),
    look: Look::Config(look),
    ..WARNING
};

struct ShortOverlap {
    exp: NumericDate,
    least: NumericDate,
    overlap: Seconds,
    current: String,
}

impl Violation for ShortOverlap {
    fn message(&self, key: &About) -> Sentence {
        let Self { exp, least, overlap, current } = self;
        sentence!(
            "{key} may be removed from {exp}, and must stay until {least}: {overlap} after {current} was made",
            exp = exp.to_the_minute(),
            least = least.to_the_minute()
        )
    }
}

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    let found = || {
        let current = on.current()?;
        let key = outgoing(on, current)?;
        let (exp, overlap) = (*key.exp.value()?, on.policy.overlap());
        let least = *current.iat.value()? + overlap;
        let cause = ShortOverlap { exp, least, overlap, current: current.name() };
        (exp < least && on.now < least).then(|| Finding::new(&RULE, on.place_of(key, "exp"), cause).of(key))
    };
    found().into_iter().collect()
}

/// The key that was current before: the youngest of the other shared secrets. Those before it were left earlier.
fn outgoing<'a>(on: &Inspected<'a>, current: &Key) -> Option<&'a Key> {
    let made = |key: &Key| key.iat.value().copied();
    let before = on.keys.keys().iter().filter(|key| {
        key.is_symmetric() && key.index != current.index && key.nbf.is_absent() && made(key) <= made(current)
    });
    // Of those without a date, the one next to the current key.
    before.rev().max_by_key(|key| made(key))
}
