//! `no-audience`: keys in the file or behind `jwks_uri`, and no token they could accept.

use crate::base::sentence::{Sentence, sentence};
use crate::config::Audience;
use crate::explain::{Cure, Harm, LockOut, Whose};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule, Violation};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "no-audience",
    finds: "Keys are in the file or behind `jwks_uri`, and `client_auth.audience` is missing or empty.",
    why: "The service accepts a token of such a key only if its `aud` is one of the audiences, so it rejects every one \
          (`PSYNC_S2105`). Only tokens that it takes by its Supabase settings have an audience of their own.",
    fix: How::Text(
        "Add `audience: ['…']` under `client_auth`, with the `aud` that the backend's or the provider's tokens carry.",
    ),
    look: Look::Config(look),
    ..ERROR
};

/// Whose tokens are rejected.
struct NoAudience {
    own: bool,
    fetched: bool,
}

impl Violation for NoAudience {
    fn message(&self, _: &About) -> Sentence {
        let whose = match (self.own, self.fetched) {
            (true, true) => "in this file and behind `jwks_uri`",
            (false, true) => "behind `jwks_uri`",
            _ => "in this file",
        };
        sentence!(
            "the service rejects every token of the keys {whose}: `client_auth.audience` is missing or empty"
        )
    }
}

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    let cause =
        NoAudience { own: on.verifying().next().is_some(), fetched: on.keys.logins.uris().next().is_some() };
    if on.keys.audience != Audience::Missing || !(cause.own || cause.fetched) {
        return Vec::new();
    }
    let logins = Some(Cure::Audience(Vec::new()));
    let harm = Harm::LocksOut(LockOut { logins, ..LockOut::now(Whose::Everyone) });
    vec![Finding::new(&RULE, on.place_of_path(&["client_auth", "audience"]), cause).means(harm)]
}
