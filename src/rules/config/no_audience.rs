//! `no-audience`: keys in the file, and no token they could accept.

use crate::config::Audience;
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "no-audience",
    severity: Severity::Error,
    pedantic: false,
    finds: "Keys stand in the file, and `client_auth.audience` is missing or empty.",
    why: "The service accepts a token of a key in the file only if its `aud` is one of the audiences, so it rejects every \
          one (`PSYNC_S2105`).",
    mend: "Add `audience: ['…']` under `client_auth`, with the `aud` that the backend's tokens carry.",
    look: Look::Config(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    if subject.keys.audience != Audience::Missing || subject.verifying().next().is_none() {
        return Vec::new();
    }
    let message =
        "every token of the keys in this file is rejected: `client_auth.audience` is missing or empty";
    vec![Found::new(subject.place_of_path(&["client_auth", "audience"]), message)]
}
