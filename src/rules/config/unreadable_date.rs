//! `unreadable-date`: a schedule that can't be read, or can't be true.

use crate::keyset::Member;
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "unreadable-date",
    severity: Severity::Warning,
    pedantic: false,
    finds: "A key's `iat`, `nbf` or `exp` is no number of seconds since 1970, or its `iat` lies in the future.",
    why: "The service ignores these members, but the schedule is kept by them: what can't be read is never taken for \
          absent, so `rotate`, `prune` and `reconcile` stop there.",
    mend: "Write the number of whole seconds (a NumericDate, RFC 7519, section 2), or take the member out. The tool writes \
           the date beside it as a comment.",
    look: Look::Config(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    if subject.keys.is_cloud {
        return found;
    }
    for key in subject.keys.keys() {
        for (name, member) in [("iat", &key.iat), ("nbf", &key.nbf), ("exp", &key.exp)] {
            let what = match member {
                Member::Unreadable(why) => (*why).to_owned(),
                Member::Variable(variable) => format!("is the variable {variable}, which can't be read here"),
                Member::Value(date) if name == "iat" && *date > subject.now + crate::schedule::CLOCK_SKEW => {
                    format!("lies in the future ({date}; it is {})", subject.now)
                }
                Member::Absent | Member::Value(_) => continue,
            };
            let message = format!("`{name}` of {} {what}", key.name());
            let one = Found::new(subject.place_of(key, name), message).of(key);
            found.push(match member {
                Member::Value(_) => {
                    one.help("Write when the key was made, or correct the clock of this machine")
                }
                _ => one,
            });
        }
    }
    found
}
