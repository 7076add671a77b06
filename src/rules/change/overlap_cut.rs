//! `overlap-cut`: an `exp` that leaves too little time.

use super::Comparison;
use crate::base::time::Seconds;
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "overlap-cut",
    severity: Severity::Error,
    pedantic: false,
    finds: "The change sets or shortens an `exp`, and from this run on too little time is left before it.",
    why: "The overlap (time to deploy, time to switch the backend, life of a token) was counted when the `exp` was written. \
          A branch that waits uses up the time to deploy; once more than half of that is over, the rest is too short to merge, \
          restart and switch in, and the last tokens would outlive their key.",
    mend: "Count anew: `powersync-jwks retire KEY`. If things go faster with you, say so in the policy \
           (`powersync-jwks.yaml`: `deploy_within`, `rollout`, `token_ttl`).",
    look: Look::Change(look),
};

fn look(comparison: &Comparison<'_>) -> Vec<Found> {
    let (policy, now) = (comparison.new.policy, comparison.now());
    let half = Seconds::new(policy.deploy_within.get() / 2);
    let least = now + (policy.overlap() - half);
    let mut found = Vec::new();
    for (old, new) in comparison.pairs() {
        let Some((new, exp)) = new.and_then(|new| Some((new, *new.exp.value()?))) else { continue };
        let had = old.exp.value().copied();
        let cut = had.is_none_or(|had| exp < had) && exp < least;
        if !cut || !comparison.had_tokens(old) {
            continue;
        }
        let what = match had {
            Some(had) => format!("was to stay until {had}, and may now be removed from {exp}"),
            None => format!("may be removed from {exp}"),
        };
        let message = if exp <= now {
            format!("{} {what}, which is over: its tokens are still valid", new.name())
        } else {
            format!(
                "{} {what}, in {}: too soon to restart every replica, switch every backend and let the last token expire, \
                 which takes {}",
                new.name(),
                exp.since(now).rounded(),
                policy.overlap()
            )
        };
        let help = format!(
            "Count anew, from now until {}: `{} retire {}`",
            now + policy.overlap(),
            comparison.new.tool,
            new.argument()
        );
        found.push(Found::new(comparison.new.place_of(new, "exp"), message).of(new).help(help));
    }
    found
}
