//! `no-audience`: keys in the file, and no token they could accept.

use crate::base::sentence::{Sentence, sentence};
use crate::config::Audience;
use crate::explain::{Cure, Harm, LockOut, Whose};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "no-audience",
    finds: "Keys are in the file, and `client_auth.audience` is missing or empty.",
    why: "The service accepts a token of a key in the file only if its `aud` is one of the audiences, so it rejects every \
          one (`PSYNC_S2105`).",
    fix: How::Text(
        "Add `audience: ['…']` under `client_auth`, with the `aud` that the backend's tokens carry.",
    ),
    look: Look::Config(look),
    ..ERROR
};

fn message(_: &About) -> Sentence {
    sentence!(
        "the service rejects every token of the keys in this file: `client_auth.audience` is missing or empty"
    )
}

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    if on.keys.audience != Audience::Missing || on.verifying().next().is_none() {
        return Vec::new();
    }
    let logins = Some(Cure::Audience(Vec::new()));
    let harm = Harm::LocksOut(LockOut { logins, ..LockOut::now(Whose::Everyone) });
    vec![Finding::new(&RULE, on.place_of_path(&["client_auth", "audience"]), message).means(harm)]
}
