//! `login-removed`: users whose keys come from elsewhere are locked out.

use crate::base::sentence::{Sentence, sentence};
use crate::base::text::list;
use crate::base::time::Seconds;
use crate::explain::{Cure, Deed, From, Harm, LockOut, Whose};
use crate::keyset::{Key, Project, Setting};
use crate::rules::comparison::ConfigDiff;
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule, Violation};
use crate::schedule::{CLOCK_SKEW, MAX_TOKEN_TTL, TOLERANCE};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "login-removed",
    finds: "A login source besides the list of keys was removed or changed: an address of `jwks_uri`, `supabase: true` or \
            `supabase_jwt_secret`.",
    why: "After the next restart, the service takes no keys from there, and rejects every token that only they verify \
          (`PSYNC_S2101`). What is at an address isn't looked at: for a `jwks_uri` that was replaced, or came with new keys, \
          this is a warning.",
    fix: How::Text(
        "Keep both until the last token of the old source has expired: at most 24 hours and a minute after it was \
             signed; the service lets tokens of Supabase live for a week. `jwks_uri` takes a list.",
    ),
    look: Look::Change(look),
    ..ERROR
};

enum Login {
    /// Addresses that were replaced.
    OtherUris { gone: Vec<String>, fresh: Vec<String> },
    /// Addresses that are gone, and whether keys came that may be the same.
    NoUris { gone: Vec<String>, unsure: bool },
    /// `supabase: true` is gone, and whether keys came that may be the same.
    NoSupabase { unsure: bool },
    /// The keys of another Supabase project are fetched, and whether that can't be told for sure.
    OtherProject { unsure: bool },
    /// `supabase_jwt_secret` is gone, or another; which can't be compared.
    OtherSecret { is_gone: bool, unsure: bool },
}

const UNLESS: &str = ", unless the keys that replace them are the same";

impl Login {
    fn is_unsure(&self) -> bool {
        match self {
            Self::OtherUris { .. } => true,
            Self::NoUris { unsure, .. }
            | Self::NoSupabase { unsure }
            | Self::OtherProject { unsure }
            | Self::OtherSecret { unsure, .. } => *unsure,
        }
    }
}

/// How long the service lets a token of Supabase live.
const SUPABASE_TTL: Seconds = Seconds::new(606_000);

impl Login {
    fn harm(&self, comparison: &ConfigDiff<'_>) -> Harm {
        let until = |ttl: Seconds| Some(comparison.now() + ttl + TOLERANCE + CLOCK_SKEW);
        let lock_out = |whose, ttl, cure| {
            let (from, until, logins) = (From::Restart, until(ttl), Some(cure));
            Harm::LocksOut(LockOut { whose, from, until, logins })
        };
        match self {
            Self::OtherUris { gone, fresh } => {
                Harm::First(Deed::SameKeys { old: gone.clone(), new: fresh.clone() })
            }
            _ if self.is_unsure() => {
                let old = match self {
                    Self::NoUris { gone, .. } => format!("the old one at {}", list(gone)),
                    Self::NoSupabase { .. } => "the old one of Supabase".to_owned(),
                    Self::OtherProject { .. } => "the old Supabase project".to_owned(),
                    _ => "the old `supabase_jwt_secret`".to_owned(),
                };
                Harm::First(Deed::SameAs { new: "what replaces it".to_owned(), old })
            }
            Self::NoUris { gone, .. } => {
                lock_out(Whose::Addresses(gone.clone()), MAX_TOKEN_TTL, Cure::Elsewhere)
            }
            Self::NoSupabase { .. } | Self::OtherProject { .. } | Self::OtherSecret { is_gone: true, .. } => {
                lock_out(Whose::Supabase, SUPABASE_TTL, Cure::Elsewhere)
            }
            Self::OtherSecret { .. } => {
                lock_out(Whose::Supabase, SUPABASE_TTL, Cure::NewSecret("`supabase_jwt_secret`".to_owned()))
            }
        }
    }
}

impl Violation for Login {
    fn message(&self, _: &About) -> Sentence {
        let unless = |unsure: &bool| if *unsure { UNLESS } else { "" };
        match self {
            Self::OtherUris { gone, fresh } => sentence!(
                "`jwks_uri` is {} in place of {}: tokens whose key isn't there, too, are rejected after the next restart",
                list(fresh),
                list(gone)
            ),
            Self::NoUris { gone, unsure } => sentence!(
                "tokens signed with the keys at {} are rejected after the next restart{}",
                list(gone),
                unless(unsure)
            ),
            Self::NoSupabase { unsure } => {
                sentence!("tokens of Supabase are rejected after the next restart{}", unless(unsure))
            }
            Self::OtherProject { unsure } => {
                let unless = if *unsure { ", unless the variable leads to the same project" } else { "" };
                sentence!(
                    "the first connection leads to another Supabase project: tokens of the old one are rejected after the next \
                     restart{unless}"
                )
            }
            Self::OtherSecret { is_gone, unsure } => {
                let what = if *is_gone { "is gone" } else { "changed" };
                let unless = if *unsure { ", unless the variable holds the same" } else { "" };
                sentence!(
                    "`supabase_jwt_secret` {what}: tokens that Supabase signed with the old one are rejected after the next \
                     restart{unless}"
                )
            }
        }
    }

    fn help(&self, _: &About, _: &str) -> Option<Sentence> {
        const SUPABASE_ENDS: &str = "once nobody gets tokens from there any more and the last of them has expired: the \
                                     service lets those of Supabase live for a week";
        Some(match self {
            Self::OtherUris { .. } => sentence!(
                "Compare what is at both, `kid` by `kid`: every key of the old one must be at the new one. If one isn't, set \
                 both, `jwks_uri: ['…', '…']`, until the last token of the old one has expired: at most 24 hours and a minute \
                 after it was signed."
            ),
            Self::NoUris { .. } => sentence!(
                "Put it back, and remove it once nobody signs with those keys any more and the last of their tokens has \
                 expired: at most 24 hours and a minute after it was signed."
            ),
            Self::OtherProject { .. } => sentence!(
                "Name the old project's keys, too, `jwks_uri: https://PROJECT.supabase.co/auth/v1/.well-known/jwks.json`, and \
                 remove that {SUPABASE_ENDS}."
            ),
            Self::NoSupabase { .. } => {
                sentence!("Leave `supabase: true` as it was, and remove it {SUPABASE_ENDS}.")
            }
            Self::OtherSecret { .. } => sentence!("Put the old one back, and remove it {SUPABASE_ENDS}."),
        })
    }
}

fn look(comparison: &ConfigDiff<'_>) -> Vec<Finding> {
    let (old, new) = (&comparison.old.keys.logins, &comparison.new.keys.logins);
    let (gone, fresh) = (addresses(&old.uris_not_in(new)), addresses(&new.uris_not_in(old)));
    // Keys that came in their place, which may be the same.
    let public_key_added = comparison.added().any(Key::is_public);
    let has_fresh = !fresh.is_empty();
    let uris = (!gone.is_empty()).then(|| {
        let unsure = public_key_added || (new.takes_supabase() && !old.takes_supabase());
        let cause = if has_fresh { Login::OtherUris { gone, fresh } } else { Login::NoUris { gone, unsure } };
        found(comparison, "jwks_uri", cause)
    });
    let supabase = (old.takes_supabase() && !new.takes_supabase()).then(|| {
        let unsure = public_key_added || has_fresh;
        found(comparison, "supabase", Login::NoSupabase { unsure })
    });
    let secret = old.supabase_secret().filter(|_| new.takes_supabase()).and_then(|was| {
        let is_same = new.supabase_secret().map_or(Some(false), |is| is.same(was));
        let (is_gone, unsure) = (new.supabase_secret().is_none(), is_same.is_none());
        let cause = Login::OtherSecret { is_gone, unsure };
        (is_same != Some(true)).then(|| found(comparison, "supabase_jwt_secret", cause))
    });
    let project =
        old.project().filter(|_| new.takes_supabase() && new.project() != old.project()).map(|_| {
            let is_told = |project: Option<&Project>| !matches!(project, Some(Project::InVariable(_)));
            let unsure = !(is_told(old.project()) && is_told(new.project()));
            found(comparison, "supabase", Login::OtherProject { unsure })
        });
    [uris, supabase, project, secret].into_iter().flatten().collect()
}

fn addresses(uris: &[&Setting]) -> Vec<String> {
    uris.iter().map(|uri| uri.address()).collect()
}

fn found(comparison: &ConfigDiff<'_>, member: &str, cause: Login) -> Finding {
    let harm = cause.harm(comparison);
    Finding::new(&RULE, comparison.new.place_of_path(&["client_auth", member]), cause).means(harm)
}
