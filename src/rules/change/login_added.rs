//! `login-added`: another way in, besides the list of keys.

use super::audience_removed::audiences_added;
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::list;
use crate::rules::comparison::ConfigDiff;
use crate::rules::rule::{About, Finding, How, Look, Rule, Violation, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "login-added",
    finds: "A way in is new: an address of `jwks_uri`, `supabase: true`, a `supabase_jwt_secret`, or an audience.",
    why: "After the next restart, whoever holds the keys there, or gets tokens for that audience elsewhere, is let in.",
    fix: How::Text("Make sure that it is yours, and that nobody else can put keys there."),
    look: Look::Change(look),
    ..WARNING
};

enum Login {
    Uris(Vec<String>),
    Supabase,
    SupabaseSecret,
    Audiences(Vec<String>),
}

impl Login {
    fn member(&self) -> &'static str {
        match self {
            Self::Uris(_) => "jwks_uri",
            Self::Supabase => "supabase",
            Self::SupabaseSecret => "supabase_jwt_secret",
            Self::Audiences(_) => "audience",
        }
    }
}

impl Violation for Login {
    fn message(&self, _: &About) -> Sentence {
        match self {
            Self::Uris(uris) => {
                sentence!(
                    "whoever holds the keys at {} is let in after the next restart: `jwks_uri` is new there",
                    list(uris)
                )
            }
            Self::Supabase => sentence!("tokens of Supabase are accepted after the next restart"),
            Self::SupabaseSecret => {
                sentence!(
                    "whoever has the new `supabase_jwt_secret` can sign in as anyone after the next restart"
                )
            }
            Self::Audiences(audiences) => {
                let plural = if audiences.len() == 1 { "audience" } else { "audiences" };
                sentence!("tokens for the {plural} {} are accepted after the next restart", list(audiences))
            }
        }
    }
}

fn look(comparison: &ConfigDiff<'_>) -> Vec<Finding> {
    let (old, new) = comparison.sides();
    let (was, is) = (&old.keys.logins, &new.keys.logins);
    let uris: Vec<String> = is.uris_not_in(was).into_iter().map(crate::keyset::Setting::address).collect();
    let secret = is.supabase_secret.as_ref().filter(|_| is.supabase);
    let is_other = |secret: &&crate::keyset::Setting| {
        was.supabase_secret
            .as_ref()
            .filter(|_| was.supabase)
            .is_none_or(|was| secret.same(was) == Some(false))
    };
    let audiences = audiences_added(comparison);
    let found = [
        (!uris.is_empty()).then_some(Login::Uris(uris)),
        (is.supabase && !was.supabase).then_some(Login::Supabase),
        secret.filter(is_other).map(|_| Login::SupabaseSecret),
        (!audiences.is_empty()).then_some(Login::Audiences(audiences)),
    ];
    let found = found.into_iter().flatten().map(|login| {
        let place = new.place_of_path(&["client_auth", login.member()]);
        Finding::new(&RULE, place, login)
    });
    found.collect()
}
