//! `login-removed`: users whose keys come from elsewhere are locked out.

use super::Comparison;
use crate::base::text::list;
use crate::keyset::Setting;
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "login-removed",
    severity: Severity::Error,
    pedantic: false,
    finds: "A way in that doesn't lead through the list of keys is gone or is another: an address of `jwks_uri`, \
            `supabase: true` or `supabase_jwt_secret`.",
    why: "The service takes no keys from there from the restart on, and rejects every token that only they verify \
          (`PSYNC_S2101`). What is at an address isn't looked at: of a `jwks_uri` that became another, or came with new \
          keys, this is a warning.",
    mend: "Keep both until the last token of the old way has ended: at most 24 hours and a minute after it was signed; the \
           service lets tokens of Supabase live for a week. `jwks_uri` takes a list.",
    look: Look::Change(look),
};

fn look(comparison: &Comparison<'_>) -> Vec<Found> {
    [of_uris(comparison), of_supabase(comparison), of_secret(comparison)].into_iter().flatten().collect()
}

fn found(comparison: &Comparison<'_>, member: &str, message: String) -> Found {
    Found::new(comparison.new.place_of_path(&["client_auth", member]), message)
}

/// Keys that came in their place, which may be the same.
fn public_key_added(comparison: &Comparison<'_>) -> bool {
    comparison.added().any(crate::keyset::Key::is_public)
}

const UNLESS: &str = ", unless the keys that come in their place are the same";

fn of_uris(comparison: &Comparison<'_>) -> Option<Found> {
    let (old, new) = (&comparison.old.keys.logins, &comparison.new.keys.logins);
    let (gone, fresh) = (old.uris_not_in(new), new.uris_not_in(old));
    if gone.is_empty() {
        return None;
    }
    let all = |uris: &[&Setting]| list(&uris.iter().map(|uri| uri.address()).collect::<Vec<_>>());
    if !fresh.is_empty() {
        let message = format!(
            "`jwks_uri` is {} in place of {}: tokens whose key isn't there, too, are rejected from the restart on",
            all(&fresh),
            all(&gone)
        );
        let help = "Compare what is at both, `kid` by `kid`: every key of the old one has to be at the new one. If one isn't, \
                    name both, `jwks_uri: ['…', '…']`, until the last token of the old one has ended: at most 24 hours and a \
                    minute after it was signed";
        return Some(found(comparison, "jwks_uri", message).help(help).unsure(true));
    }
    let unsure = public_key_added(comparison) || (new.supabase && !old.supabase);
    let message = format!(
        "tokens signed with the keys at {} are rejected from the restart on{}",
        all(&gone),
        if unsure { UNLESS } else { "" }
    );
    let help = "Put it back, and take it out once nobody signs with those keys any more and the last of their tokens has ended: \
                at most 24 hours and a minute after it was signed";
    Some(found(comparison, "jwks_uri", message).help(help).unsure(unsure))
}

const SUPABASE_ENDS: &str = "once nobody gets tokens from there any more and the last of them has ended: the service \
                             lets those of Supabase live for a week";

fn of_supabase(comparison: &Comparison<'_>) -> Option<Found> {
    let (old, new) = (&comparison.old.keys.logins, &comparison.new.keys.logins);
    if !old.supabase || new.supabase {
        return None;
    }
    let unsure = public_key_added(comparison) || !new.uris_not_in(old).is_empty();
    let message =
        format!("tokens of Supabase are rejected from the restart on{}", if unsure { UNLESS } else { "" });
    let help = format!("Leave `supabase: true` as it was, and take it out {SUPABASE_ENDS}");
    Some(found(comparison, "supabase", message).help(help).unsure(unsure))
}

fn of_secret(comparison: &Comparison<'_>) -> Option<Found> {
    let (old, new) = (&comparison.old.keys.logins, &comparison.new.keys.logins);
    let was = old.supabase_secret.as_ref().filter(|_| new.supabase)?;
    let is_same = new.supabase_secret.as_ref().map_or(Some(false), |is| is.same(was));
    let unless = match is_same {
        Some(true) => return None,
        Some(false) => "",
        None => ", unless what the variable holds is the same",
    };
    let what = if new.supabase_secret.is_some() { "is another" } else { "is gone" };
    let message = format!(
        "`supabase_jwt_secret` {what}: tokens that Supabase signed with the old one are rejected from the restart on{unless}"
    );
    let help = format!("Put the old one back, and take it out {SUPABASE_ENDS}");
    Some(found(comparison, "supabase_jwt_secret", message).help(help).unsure(is_same.is_none()))
}
