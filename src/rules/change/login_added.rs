//! `login-added`: someone else can sign users in.

use zeroize::Zeroizing;

use crate::base::sentence::{Sentence, sentence};
use crate::explain::{Deed, Harm, Way};
use crate::keyset::strength::{self, Weakness};
use crate::keyset::{Secret, Setting};
use crate::rules::comparison::ConfigDiff;
use crate::rules::rule::{About, Finding, How, Look, Rule, Violation, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "login-added",
    finds: "A login source is new: an address of `jwks_uri`, or Supabase. It is an error where the address is plain `http://` \
            on another machine, or the secret can be guessed.",
    why: "Whoever controls the keys there can sign in as anyone. Over plain http, so can anyone who can change the traffic \
          between the service and that address.",
    fix: How::Text(
        "Merge it only if you know who controls the keys there. An address on another machine must begin with `https://`.",
    ),
    look: Look::Change(look),
    ..WARNING
};

enum Added {
    Address { address: String, is_open: bool },
    Supabase,
    Secret { place: String, weakness: Option<Weakness> },
}

impl Violation for Added {
    fn message(&self, _: &About) -> Sentence {
        match self {
            Self::Address { address, is_open: false } => sentence!(
                "`jwks_uri` names {address}, which is new: whoever controls the keys there can sign in as anyone"
            ),
            Self::Address { address, is_open: true } => sentence!(
                "`jwks_uri` names {address}, which is new and not encrypted: whoever can change that traffic can sign in as \
                 anyone"
            ),
            Self::Supabase => {
                sentence!(
                    "tokens of Supabase are accepted now: whoever controls that project can sign in as anyone"
                )
            }
            Self::Secret { place, weakness: None } => {
                sentence!("`supabase_jwt_secret` is new (in {place}): whoever has it can sign in as anyone")
            }
            Self::Secret { weakness: Some(weakness), .. } => {
                sentence!("anyone can forge tokens with `supabase_jwt_secret`: {weakness}")
            }
        }
    }

    fn help(&self, _: &About, _: &str) -> Option<Sentence> {
        match self {
            Self::Address { is_open: true, .. } => {
                Some(sentence!("Write an address that begins with `https://`."))
            }
            Self::Secret { weakness: Some(_), .. } => {
                Some(sentence!("Set another secret in Supabase, and here; keep it in a variable."))
            }
            Self::Address { is_open: false, .. } | Self::Supabase => {
                Some(sentence!("Merge it only if you know who controls the keys there."))
            }
            Self::Secret { weakness: None, .. } => None,
        }
    }
}

impl Added {
    fn harm(&self) -> Harm {
        match self {
            Self::Address { address, is_open: false } => {
                Harm::First(Deed::Trust(format!("the keys at {address}")))
            }
            Self::Address { address, is_open: true } => {
                Harm::LetsIn { by: Way::Traffic, keys: vec![address.clone()] }
            }
            Self::Supabase => Harm::First(Deed::Trust("that Supabase project".to_owned())),
            Self::Secret { weakness: None, .. } => {
                Harm::First(Deed::Trust("`supabase_jwt_secret`".to_owned()))
            }
            Self::Secret { weakness: Some(_), .. } => {
                Harm::LetsIn { by: Way::Guess, keys: vec!["Supabase (`supabase_jwt_secret`)".to_owned()] }
            }
        }
    }
}

fn look(comparison: &ConfigDiff<'_>) -> Vec<Finding> {
    let (old, new) = (&comparison.old.keys.logins, &comparison.new.keys.logins);
    let address = |uri: &Setting| Added::Address { address: uri.address(), is_open: uri.is_open() };
    let mut added: Vec<(&str, Added)> =
        new.uris_not_in(old).into_iter().map(|uri| ("jwks_uri", address(uri))).collect();
    let secret = new
        .supabase_secret()
        .filter(|is| old.supabase_secret().is_none_or(|was| is.same(was) == Some(false)));
    added.extend(secret.map(|secret| {
        let bytes = secret.text().map(|text| Secret::new(Zeroizing::new(text.as_bytes().to_vec())));
        let weakness = bytes.as_ref().and_then(strength::weakness);
        ("supabase_jwt_secret", Added::Secret { place: secret.place(), weakness })
    }));
    // What a variable may have switched off is on now.
    let was_open = old.supabase_behind.is_some() && new.supabase_behind != old.supabase_behind;
    let is_other = was_open || new.project().is_some() && new.project() != old.project();
    if new.takes_supabase() && (is_other || !old.takes_supabase()) && secret.is_none() {
        added.push(("supabase", Added::Supabase));
    }
    let found = added.into_iter().map(|(member, cause)| {
        let (place, harm) = (comparison.new.place_of_path(&["client_auth", member]), cause.harm());
        Finding::new(&RULE, place, cause).about(About::Member(member.to_owned())).means(harm)
    });
    found.collect()
}
