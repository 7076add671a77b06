//! `removed-early`: a key is gone while its tokens are valid.

use crate::base::command_line::CommandLine;
use crate::base::sentence::{Sentence, sentence};
use crate::base::time::NumericDate;
use crate::explain::{Cure, Deed, Harm, LockOut, Whose};
use crate::keyset::{Key, Member, Phase};
use crate::rules::comparison::ConfigDiff;
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule, Violation};
use crate::schedule::{CLOCK_SKEW, TOLERANCE};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "removed-early",
    finds: "A key is gone, or has another kid, while tokens signed with it may still be valid.",
    why: "After the next restart, the service rejects every token that the key would have verified (`PSYNC_S2101`): those \
          users are locked out until their app fetches a new token. A key may go once its `exp` has come; one without `exp` \
          was never retired.",
    fix: How::Named(|tool, key| {
        sentence!(
            "Put the key back, retire it with `{tool} retire {key}`, and `prune` when its time has come. If its secret leaked \
             and the lock-out is meant, say so: `diff --skip removed-early`."
        )
    }),
    look: Look::Change(look),
    ..ERROR
};

const MEANT: &str =
    "If the lock-out is meant, because its secret leaked, `diff --skip removed-early` accepts it.";

struct Early {
    why: Why,
    /// From when it could have gone.
    until: NumericDate,
    /// Until when a token that is signed now lives at most.
    token_until: NumericDate,
}

enum Why {
    Renamed {
        successor: String,
    },
    TooSoon {
        exp: NumericDate,
        left: String,
    },
    NeverRetired,
    /// It waited to be promoted: nobody signs with it by the schedule.
    Waited,
    Unreadable,
}

impl Violation for Early {
    fn message(&self, key: &About) -> Sentence {
        match &self.why {
            Why::Renamed { successor } => sentence!(
                "{key} has another kid now, {successor}: tokens carry the old one, and are rejected after the next restart"
            ),
            Why::TooSoon { exp, left } => sentence!(
                "{key} is removed {left} too soon: it was to stay until {exp}, and tokens signed with it are rejected after \
                 the next restart",
                exp = exp.to_the_minute()
            ),
            Why::NeverRetired => sentence!(
                "{key} is removed and was never retired: tokens signed with it are rejected after the next restart"
            ),
            Why::Waited => sentence!(
                "{key} waited to be promoted, and is removed: whoever signs with it already is locked out after the next restart"
            ),
            Why::Unreadable => sentence!(
                "{key} is removed, and its `exp` can't be read: tokens signed with it may be rejected after the next restart"
            ),
        }
    }

    fn help(&self, key: &About, tool: &str) -> Option<Sentence> {
        let (until, token_until, name, key) = (self.until, self.token_until, key.to_string(), key.argument());
        Some(match &self.why {
            Why::TooSoon { .. } => {
                sentence!(
                    "Put {name} back, and remove it once {until} has come: `{tool} prune`. {MEANT}",
                    until = until.to_the_minute()
                )
            }
            Why::Waited => sentence!(
                "Nothing more to do if nobody was given it, which can't be seen here: put it back otherwise."
            ),
            _ => sentence!(
                "Put {name} back and retire it: `{tool} retire {key}`. A token signed now is valid at most until {token_until}; \
                 with the time to deploy and to switch the backend, the key is needed until {until}. {MEANT}",
                until = until.to_the_minute(),
                token_until = token_until.to_the_minute()
            ),
        })
    }

    fn commands(&self, key: &About, tool: &CommandLine) -> Vec<CommandLine> {
        let key = key.argument();
        match &self.why {
            Why::TooSoon { .. } => vec![tool.clone().arg("prune").note("not before that date")],
            Why::Waited => Vec::new(),
            _ => vec![tool.clone().arg("retire").arg(key).note("once the key is back in the file")],
        }
    }
}

fn look(comparison: &ConfigDiff<'_>) -> Vec<Finding> {
    let (now, policy) = (comparison.now(), comparison.new.policy);
    let current = comparison.old.current().map(|key| key.index);
    let gone = comparison.removed().filter(|key| comparison.had_tokens(key) && current != Some(key.index));
    let found = gone.filter_map(|key| {
        let successor = comparison.successor(key);
        // A wildcard that got a kid is `kid-added`.
        if comparison.still_verified(key) == Some(true) || key.is_wildcard() && successor.is_some() {
            return None;
        }
        let why = match (&key.exp, successor.map(Key::in_words)) {
            (_, Some(successor)) => Why::Renamed { successor },
            (Member::Value(exp), None) => Why::TooSoon { exp: *exp, left: exp.since(now).rounded() },
            (Member::Absent, None) if matches!(key.phase(now), Phase::Standby { .. }) => Why::Waited,
            (Member::Absent, None) => Why::NeverRetired,
            _ => Why::Unreadable,
        };
        let lock_out = lock_out(comparison, key, &why);
        let token_until = now + policy.token_ttl + TOLERANCE + CLOCK_SKEW;
        let waited = matches!(why, Why::Waited);
        let cause = Early { why, until: comparison.needed_until(key), token_until };
        let found = Finding::new(&RULE, comparison.new.place_of_list(), cause).of_gone(key);
        Some(found.means(if waited {
            Harm::First(Deed::NotGiven(key.in_words()))
        } else {
            Harm::LocksOut(lock_out)
        }))
    });
    found.collect()
}

fn lock_out(comparison: &ConfigDiff<'_>, key: &Key, why: &Why) -> LockOut {
    let lock_out = comparison.lock_out(Whose::Keys(vec![key.in_words()]));
    let (until, logins) = match why {
        Why::Renamed { successor } => (lock_out.until, Some(Cure::SendsKid(successor.clone()))),
        // By its schedule, nobody signs with it any more in the last part of its time.
        Why::TooSoon { exp, .. } => {
            let is_over = Some(*exp) <= lock_out.until;
            (lock_out.until.min(Some(*exp)), (!is_over).then_some(Cure::OtherKey))
        }
        Why::NeverRetired | Why::Unreadable | Why::Waited => (lock_out.until, Some(Cure::OtherKey)),
    };
    LockOut { until, logins, ..lock_out }
}
