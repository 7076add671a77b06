//! `misplaced-login`: the address of keys where the service doesn't look.

use crate::base::sentence::{Sentence, sentence};
use crate::config::NodeId;
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, ERROR, Finding, How, Look, Rule, Violation};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "misplaced-login",
    finds: "The address of keys, or a Supabase setting, is under a name or in a place where the service doesn't look.",
    why: "Members that the service doesn't know are ignored silently: it has no keys from there, and rejects every token \
          that only they verify. `jwks` without `keys` keeps it from starting.",
    fix: How::Text(
        "The address belongs in `client_auth.jwks_uri`, text or a list of texts; `supabase` and `supabase_jwt_secret` are \
             beside it.",
    ),
    look: Look::New(look),
    ..ERROR
};

/// Other spellings of `jwks_uri`.
const URI: [&str; 10] = [
    "jwksUri",
    "jwks_url",
    "jwksUrl",
    "jwks-uri",
    "jwks_uris",
    "jwk_uri",
    "jwkUri",
    "jwksURI",
    "jwksURL",
    "jwk_url",
];
/// Names below `jwks` that hold an address.
const BELOW: [&str; 5] = ["uri", "url", "jwks_uri", "jwksUri", "href"];
/// Other spellings of the others.
const OTHERS: [(&str, &str); 7] = [
    ("supabaseJwtSecret", "supabase_jwt_secret"),
    ("supabase_secret", "supabase_jwt_secret"),
    ("supabase_jwt", "supabase_jwt_secret"),
    ("jwt_secret", "supabase_jwt_secret"),
    ("audiences", "audience"),
    ("aud", "audience"),
    ("allowed_audiences", "audience"),
];

struct Misplaced {
    path: String,
    meant: &'static str,
}

impl Violation for Misplaced {
    fn message(&self, _: &About) -> Sentence {
        sentence!("the service ignores `{}`: it reads `client_auth.{}`", self.path, self.meant)
    }

    fn help(&self, _: &About, _: &str) -> Option<Sentence> {
        Some(sentence!("Write it as `client_auth.{}`.", self.meant))
    }
}

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    // Cloud's schema refuses members that it doesn't know.
    if on.keys.is_cloud {
        return Vec::new();
    }
    let (doc, root) = (on.doc(), on.doc().root());
    let mut places: Vec<(NodeId, String, &'static str)> = Vec::new();
    let mut look_in = |mapping: NodeId, path: &str, names: &[(&'static str, &'static str)]| {
        for (name, meant) in names {
            if let Some((at, _)) = doc.member(mapping, name) {
                let dot = if path.is_empty() { "" } else { "." };
                places.push((at, format!("{path}{dot}{name}"), meant));
            }
        }
    };
    let uri = |names: &[&'static str]| names.iter().map(|name| (*name, "jwks_uri")).collect::<Vec<_>>();
    let at_the_top = ["jwks_uri", "jwks", "supabase_jwt_secret", "audience"].map(|name| (name, name));
    look_in(root, "", &at_the_top);
    if let Some((_, client_auth)) = doc.member(root, "client_auth") {
        look_in(client_auth, "client_auth", &[uri(&URI), OTHERS.to_vec()].concat());
        if let Some((_, jwks)) = doc.member(client_auth, "jwks") {
            look_in(jwks, "client_auth.jwks", &uri(&BELOW));
        }
    }
    let found = places.into_iter().map(|(at, path, meant)| {
        let about = About::Member(path.clone());
        Finding::new(&RULE, on.span(at), Misplaced { path, meant }).about(about)
    });
    found.collect()
}

/// Whether this rule has something to say of a member of `client_auth`.
pub(super) fn knows(name: &str) -> bool {
    URI.contains(&name) || OTHERS.iter().any(|(other, _)| *other == name)
}
