//! What a change means for users whose keys come from elsewhere.

use super::events::{EventKind, KeyEvent};
use crate::base::text::list;
use crate::keyset::{KeySet, Setting};

/// What became of `jwks_uri` and Supabase, a line each.
pub(super) fn login_events(old: &KeySet, new: &KeySet) -> Vec<KeyEvent> {
    let (was, is) = (&old.logins, &new.logins);
    let (gone, fresh) = (was.uris_not_in(is), is.uris_not_in(was));
    let all = |uris: &[&Setting]| list(&uris.iter().map(|uri| uri.address()).collect::<Vec<_>>());
    let uris = match (gone.is_empty(), fresh.is_empty()) {
        (true, true) => None,
        (false, true) => Some(event("jwks_uri", EventKind::Removed, Some(all(&gone)))),
        (true, false) => Some(event("jwks_uri", EventKind::Added, Some(all(&fresh)))),
        (false, false) => {
            let text = format!("{} in place of {}", all(&fresh), all(&gone));
            Some(event("jwks_uri", EventKind::Changed, Some(text)))
        }
    };
    let supabase = match (was.supabase, is.supabase) {
        (false, true) => Some(event("supabase: true", EventKind::Added, None)),
        (true, false) => Some(event("supabase: true", EventKind::Removed, None)),
        _ => None,
    };
    let secret = match (&was.supabase_secret, &is.supabase_secret) {
        // It comes and goes with the other.
        _ if supabase.is_some() => None,
        (None, Some(_)) => Some(event("supabase_jwt_secret", EventKind::Added, None)),
        (Some(_), None) => Some(event("supabase_jwt_secret", EventKind::Removed, None)),
        (Some(was), Some(is)) => of_secret(was, is),
        (None, None) => None,
    };
    [uris, supabase, secret].into_iter().flatten().collect()
}

fn of_secret(was: &Setting, is: &Setting) -> Option<KeyEvent> {
    let text = match is.same(was) {
        Some(true) => return None,
        Some(false) => "another secret".to_owned(),
        None => format!("it is in {} now, and was in {}", is.place(), was.place()),
    };
    Some(event("supabase_jwt_secret", EventKind::Changed, Some(text)))
}

fn event(member: &str, kind: EventKind, text: Option<String>) -> KeyEvent {
    let sign = match kind {
        EventKind::Added => '+',
        EventKind::Removed => '-',
        _ => '~',
    };
    let text = text.map_or_else(String::new, |text| format!(": {text}"));
    let text = format!("{sign} {} `{member}`{text}", kind.name());
    KeyEvent { kind, key: member.to_owned(), text }
}
