//! `supabase-secret`, `supabase-off` and `supabase-project`: settings of Supabase that let anyone in, or nobody.

use zeroize::Zeroizing;

use crate::base::sentence::{Sentence, sentence};
use crate::keyset::strength::{Weakness, weakness};
use crate::keyset::{Login, Secret};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule, Violation, WARNING};

pub(in crate::rules) static SECRET: Rule = Rule {
    id: "supabase-secret",
    finds: "`supabase_jwt_secret` is published, readable words, a pattern, or brute-forceable.",
    why: "Its text is the secret that Supabase's legacy tokens are signed with. Whoever guesses it signs tokens for any user.",
    fix: How::Text(
        "Generate a new JWT secret in Supabase, or let the project sign with JWT signing keys and remove \
             `supabase_jwt_secret`.",
    ),
    look: Look::New(look_at_secret),
    ..ERROR
};

pub(in crate::rules) static OFF: Rule = Rule {
    id: "supabase-off",
    finds: "`supabase_jwt_secret` is set, and `supabase` isn't `true`.",
    why: "The service doesn't look at the secret then, and rejects the tokens that Supabase signs with it.",
    fix: How::Text("Set `supabase: true` beside it, or remove it."),
    look: Look::New(look_for_off),
    ..WARNING
};

pub(in crate::rules) static PROJECT: Rule = Rule {
    id: "supabase-project",
    finds: "`supabase: true`, and the first connection isn't PostgreSQL at exactly `db.PROJECT.supabase.co`.",
    why: "From that host the service makes the address of the project's JWT signing keys. From another one, a pooler's or \
          your own, it makes none: it only writes a warning to its log, and rejects tokens that those keys sign.",
    fix: How::Text(
        "Connect to `db.PROJECT.supabase.co`, or set `jwks_uri: https://PROJECT.supabase.co/auth/v1/.well-known/jwks.json` \
             with `audience: ['authenticated']`.",
    ),
    look: Look::New(look_for_project),
    ..WARNING
};

struct Guessable(Weakness);

impl Violation for Guessable {
    fn message(&self, _: &About) -> Sentence {
        sentence!("anyone can forge tokens of Supabase: of `supabase_jwt_secret`, {}", self.0)
    }
}

fn look_at_secret(on: &Inspected<'_>) -> Vec<Finding> {
    let text = on.keys.logins.supabase_secret().and_then(|secret| secret.text());
    let weakness = text.and_then(|text| weakness(&Secret::new(Zeroizing::new(text.as_bytes().to_vec()))));
    let place = on.place_of_path(&["client_auth", "supabase_jwt_secret"]);
    weakness.map(|why| Finding::new(&SECRET, place, Guessable(why))).into_iter().collect()
}

fn off(_: &About) -> Sentence {
    sentence!("the service doesn't look at `supabase_jwt_secret`: `supabase: true` is missing")
}

fn look_for_off(on: &Inspected<'_>) -> Vec<Finding> {
    let is_found = on.config.client_auth("supabase_jwt_secret").is_some() && !on.keys.logins.supabase;
    let place = || on.place_of_path(&["client_auth", "supabase_jwt_secret"]);
    is_found.then(|| Finding::new(&OFF, place(), off)).into_iter().collect()
}

fn no_project(_: &About) -> Sentence {
    sentence!(
        "`supabase: true` gives the service no keys: the first connection isn't PostgreSQL at `db.PROJECT.supabase.co`"
    )
}

fn look_for_project(on: &Inspected<'_>) -> Vec<Finding> {
    let logins = &on.keys.logins;
    let has_project = logins.all().iter().any(|login| matches!(login, Login::SupabaseKeys(_)));
    let place = || on.place_of_path(&["client_auth", "supabase"]);
    let is_found = logins.supabase && !has_project;
    is_found.then(|| Finding::new(&PROJECT, place(), no_project)).into_iter().collect()
}
