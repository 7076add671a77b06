//! `no-keys`: nothing to verify a token with.

use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "no-keys",
    severity: Severity::Error,
    pedantic: false,
    finds: "There is no key, and nothing that keys could come from: neither `jwks_uri` nor Supabase.",
    why: "The service starts and rejects every token (`PSYNC_S2101`, could not find an appropriate key).",
    mend: "Make the first key with `powersync-jwks rotate`, or name a `jwks_uri`.",
    look: Look::Config(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    // An empty member on the way to the keys is told as that.
    if !subject.keys.keys().is_empty() || subject.keys.is_cloud || !subject.keys.faults.is_empty() {
        return Vec::new();
    }
    let message = match subject.keys.other_login {
        None => "no user can sign in: there is no key, no `jwks_uri` and no Supabase",
        Some("supabase") if !subject.config.supabase_can_work() => {
            "no user can sign in: there is no key, and `supabase: true` finds no Supabase database among the connections \
             and no `supabase_jwt_secret`"
        }
        Some(_) => return Vec::new(),
    };
    let help = format!("Make the first key with `{} rotate`, or name a `jwks_uri`", subject.tool);
    vec![Found::new(subject.place_of_list(), message).help(help)]
}
