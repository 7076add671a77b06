//! `overlap-cut`: an `exp` that leaves too little time.

use crate::base::command_line::CommandLine;
use crate::base::sentence::{Sentence, sentence};
use crate::base::time::{NumericDate, Seconds};
use crate::explain::{From, Harm, LockOut, Whose};
use crate::rules::comparison::ConfigDiff;
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule, Violation};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "overlap-cut",
    finds: "The change sets or shortens an `exp`, and too little time is left before it.",
    why: "The overlap (time to deploy, time to switch the backend, life of a token) was counted when the `exp` was written. \
          A branch that waits uses up the time to deploy; once more than half of that is over, the rest is too short to merge, \
          restart and switch in, and the last tokens would outlive their key.",
    fix: How::Named(|tool, key| {
        sentence!(
            "Restart the countdown: `{tool} retire {key}`. If your deploys take less time, say so in the policy \
             (`powersync-jwks.yaml`: `deploy_within`, `rollout`, `token_ttl`)."
        )
    }),
    look: Look::Change(look),
    ..ERROR
};

struct Cut {
    had: Option<NumericDate>,
    exp: NumericDate,
    now: NumericDate,
    overlap: Seconds,
}

impl Violation for Cut {
    fn message(&self, key: &About) -> Sentence {
        let Self { had, exp, now, overlap } = self;
        let what = match had {
            Some(had) => sentence!(
                "was to stay until {had}, and may now be removed from {exp}",
                had = had.to_the_minute(),
                exp = exp.to_the_minute()
            ),
            None => sentence!("may be removed from {exp}", exp = exp.to_the_minute()),
        };
        if exp <= now {
            sentence!("{key} {what}, which is over: its tokens are still valid")
        } else {
            let left = exp.since(*now).rounded();
            sentence!(
                "{key} {what}, in {left}: too soon to restart every replica, switch every backend and let the last token \
                 expire, which takes {overlap}"
            )
        }
    }

    fn help(&self, key: &About, tool: &str) -> Option<Sentence> {
        let (until, key) = (self.now + self.overlap, key.argument());
        Some(sentence!(
            "Restart the countdown, from now until {until}: `{tool} retire {key}`.",
            until = until.to_the_minute()
        ))
    }

    fn commands(&self, key: &About, tool: &CommandLine) -> Vec<CommandLine> {
        vec![tool.clone().arg("retire").arg(key.argument())]
    }
}

fn look(comparison: &ConfigDiff<'_>) -> Vec<Finding> {
    let (policy, now) = (comparison.new.policy, comparison.now());
    let overlap = policy.overlap();
    let least = now + (overlap - Seconds::new(policy.deploy_within.get() / 2));
    let found = comparison.pairs().filter_map(|(old, new)| {
        let new = new?;
        let (exp, had) = (*new.exp.value()?, old.exp.value().copied());
        let cut = had.is_none_or(|had| exp < had) && exp < least && comparison.had_tokens(old);
        let cause = Cut { had, exp, now, overlap };
        let from = From::Removal(exp.max(now));
        let harm = || Harm::LocksOut(LockOut { from, ..LockOut::now(Whose::Keys(vec![new.in_words()])) });
        cut.then(|| Finding::new(&RULE, comparison.new.place_of(new, "exp"), cause).of(new).means(harm()))
    });
    found.collect()
}
