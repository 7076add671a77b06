//! `unreadable-date`: a schedule that can't be read, or can't be true.

use crate::base::sentence::{Sentence, sentence};
use crate::base::time::NumericDate;
use crate::keyset::Member;
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, Finding, How, Look, Rule, Violation, WARNING};
use crate::schedule::CLOCK_SKEW;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "unreadable-date",
    finds: "A key's `iat`, `nbf` or `exp` is no number of seconds since 1970, or its `iat` is in the future.",
    why: "The service ignores these members, but they hold the schedule: what can't be read never counts as absent, so \
          `rotate`, `prune` and `reconcile` stop there.",
    fix: How::Text(
        "Write the number of whole seconds (a NumericDate, RFC 7519, section 2), or remove the member. The tool writes \
             the date beside it as a comment.",
    ),
    look: Look::Config(look),
    ..WARNING
};

struct BadDate {
    member: &'static str,
    fault: Unusable,
}

enum Unusable {
    /// Not a date, in what way.
    Unreadable(&'static str),
    Variable(String),
    Future {
        date: NumericDate,
        now: NumericDate,
    },
}

impl Violation for BadDate {
    fn message(&self, key: &About) -> Sentence {
        let member = self.member;
        match &self.fault {
            Unusable::Unreadable(why) => sentence!("`{member}` of {key} {why}"),
            Unusable::Variable(name) => {
                sentence!("`{member}` of {key} is the variable {name}, which can't be read here")
            }
            Unusable::Future { date, now } => {
                sentence!("`{member}` of {key} is in the future ({date}; it is {now})")
            }
        }
    }

    fn help(&self, _: &About, _: &str) -> Option<Sentence> {
        matches!(self.fault, Unusable::Future { .. })
            .then(|| sentence!("Write when the key was made, or correct the clock of this machine."))
    }
}

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for key in on.keys.keys().iter().filter(|_| !on.keys.is_cloud) {
        for (member, date) in [("iat", &key.iat), ("nbf", &key.nbf), ("exp", &key.exp)] {
            let fault = match date {
                Member::Unreadable(why) => Unusable::Unreadable(why),
                Member::Variable(variable) => Unusable::Variable(variable.clone()),
                Member::Value(date) if member == "iat" && *date > on.now + CLOCK_SKEW => {
                    Unusable::Future { date: *date, now: on.now }
                }
                Member::Absent | Member::Value(_) => continue,
            };
            found.push(Finding::new(&RULE, on.place_of(key, member), BadDate { member, fault }).of(key));
        }
    }
    found
}
