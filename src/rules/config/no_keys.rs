//! `no-keys`: nothing to verify a token with.

use crate::base::sentence::{Sentence, sentence};
use crate::explain::{Cure, Harm, LockOut, Whose};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule, Violation};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "no-keys",
    finds: "There is no key, and no other source of keys: neither `jwks_uri` nor Supabase.",
    why: "The service starts and rejects every token (`PSYNC_S2101`, could not find an appropriate key).",
    fix: How::Named(|tool, _| sentence!("Make the first key with `{tool} rotate`, or set a `jwks_uri`.")),
    look: Look::Config(look),
    ..ERROR
};

enum NoKeys {
    Nothing,
    /// `supabase: true`, and nothing that keys could come from.
    SupabaseAlone,
}

impl Violation for NoKeys {
    fn message(&self, _: &About) -> Sentence {
        match self {
            Self::Nothing => sentence!("no user can sign in: there is no key, no `jwks_uri` and no Supabase"),
            Self::SupabaseAlone => sentence!(
                "no user can sign in: there is no key, and `supabase: true` finds no Supabase database among the connections \
                 and no `supabase_jwt_secret`"
            ),
        }
    }

    fn help(&self, _: &About, _: &str) -> Option<Sentence> {
        match self {
            Self::Nothing => None,
            Self::SupabaseAlone => Some(sentence!(
                "Name the project's keys: `jwks_uri: https://PROJECT.supabase.co/auth/v1/.well-known/jwks.json`, or connect to its \
                 database by its own address, `db.PROJECT.supabase.co`."
            )),
        }
    }
}

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    // An empty member on the way to the keys is `invalid-shape`.
    if !on.keys.keys().is_empty() || on.keys.is_cloud || on.keys.has_broken_path() {
        return Vec::new();
    }
    let cause = match on.keys.logins.all() {
        [] if on.keys.logins.supabase => NoKeys::SupabaseAlone,
        [] => NoKeys::Nothing,
        _ => return Vec::new(),
    };
    let harm = Harm::LocksOut(LockOut { logins: Some(Cure::AnyKey), ..LockOut::now(Whose::Everyone) });
    vec![Finding::new(&RULE, on.place_of_list(), cause).means(harm)]
}
