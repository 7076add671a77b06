//! What a change means for users whose keys come from elsewhere.

use super::change::LoginChange;
use super::event::{EventKind, KeyEvent, Topic};
use crate::keyset::{KeySet, Login, Logins, Setting};

/// What became of `jwks_uri` and Supabase, an event each.
pub(super) fn login_events(old: &KeySet, new: &KeySet) -> Vec<KeyEvent> {
    let (was, is) = (&old.logins, &new.logins);
    let all = |uris: Vec<&Setting>| uris.into_iter().map(Setting::address).collect::<Vec<_>>();
    let (gone, fresh) = (all(was.uris_not_in(is)), all(is.uris_not_in(was)));
    let uris = match (gone.is_empty(), fresh.is_empty()) {
        (true, true) => None,
        (false, true) => Some(LoginChange::Removed(gone)),
        (true, false) => Some(LoginChange::Added(fresh)),
        (false, false) => Some(LoginChange::Replaced { new: fresh, old: gone }),
    };
    let (added, removed) = (LoginChange::Added(Vec::new()), LoginChange::Removed(Vec::new()));
    let supabase = match (was.takes_supabase(), is.takes_supabase()) {
        (false, true) => Some(added.clone()),
        (true, false) => Some(removed.clone()),
        (true, true) if was.project() != is.project() => {
            let names = |logins: &Logins| {
                let keys = logins.all().iter().filter(|login| matches!(login, Login::SupabaseKeys(_)));
                let names: Vec<String> = keys.map(Login::name).collect();
                if names.is_empty() { vec!["no keys of a project".to_owned()] } else { names }
            };
            Some(LoginChange::Replaced { new: names(is), old: names(was) })
        }
        _ => None,
    };
    let secret = match (was.supabase_secret(), is.supabase_secret()) {
        // It comes and goes with the other.
        _ if supabase.is_some() => None,
        (None, Some(_)) => Some(added),
        (Some(_), None) => Some(removed),
        (Some(was), Some(is)) => match is.same(was) {
            Some(true) => None,
            Some(false) => Some(LoginChange::OtherSecret),
            None => Some(LoginChange::Moved { new: is.place(), old: was.place() }),
        },
        (None, None) => None,
    };
    let all = [("jwks_uri", uris), ("supabase: true", supabase), ("supabase_jwt_secret", secret)];
    let event = |(member, change): (&str, Option<LoginChange>)| {
        Some(KeyEvent { key: Topic::Member(member.to_owned()), kind: EventKind::Login(change?) })
    };
    all.into_iter().filter_map(event).collect()
}
