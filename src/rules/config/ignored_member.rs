//! `issuer-ignored` and `ignored-member`: members of `client_auth` that the service doesn't read.

use super::misplaced_login;
use crate::base::sentence::{Sentence, sentence};
use crate::config::NodeId;
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, Finding, How, INFO, Look, Rule, Violation, WARNING};

pub(in crate::rules) static ISSUER: Rule = Rule {
    id: "issuer-ignored",
    finds: "`client_auth` names an issuer, which the service doesn't read.",
    why: "`iss` of a token is never checked: any token that a trusted key signed gets in, for any project or tenant that \
          uses the same keys. What limits that is `audience`.",
    fix: How::Text(
        "Remove the member, and make `audience` a value that only tokens for this service carry; where the provider signs \
             for others with the same keys, that is what keeps them out.",
    ),
    look: Look::New(look_for_issuer),
    ..WARNING
};

pub(in crate::rules) static OTHERS: Rule = Rule {
    id: "ignored-member",
    finds: "`client_auth` has a member that the service doesn't know.",
    why: "It is accepted and ignored silently, at any level.",
    fix: How::Text("Remove it, or write it as the service's documentation does."),
    look: Look::New(look_for_others),
    ..INFO
};

const KNOWN: [&str; 8] = [
    "jwks_uri",
    "block_local_jwks",
    "jwks_reject_ip_ranges",
    "jwks",
    "supabase",
    "supabase_jwt_secret",
    "audience",
    "additional_audiences",
];
const ISSUERS: [&str; 6] = ["issuer", "iss", "issuers", "allowed_issuers", "jwt_issuer", "token_issuer"];

struct Ignored(&'static str);

impl Violation for Ignored {
    fn message(&self, about: &About) -> Sentence {
        sentence!("the service ignores `{about}`{}", self.0)
    }
}

fn look_for_issuer(on: &Inspected<'_>) -> Vec<Finding> {
    let rest = ": it never checks `iss`; what limits whose tokens are accepted is the keys and `audience`";
    unknown(on, &ISSUER, |name| ISSUERS.contains(&name), rest)
}

fn look_for_others(on: &Inspected<'_>) -> Vec<Finding> {
    unknown(on, &OTHERS, |name| !ISSUERS.contains(&name) && !misplaced_login::knows(name), "")
}

fn unknown(
    on: &Inspected<'_>,
    rule: &'static Rule,
    own: impl Fn(&str) -> bool,
    rest: &'static str,
) -> Vec<Finding> {
    let doc = on.doc();
    // Cloud's schema refuses members that it doesn't know.
    let Some((_, client_auth)) = doc.member(doc.root(), "client_auth").filter(|_| !on.keys.is_cloud) else {
        return Vec::new();
    };
    let name = |id: NodeId| doc.string(id).filter(|name| !KNOWN.contains(name) && own(name));
    let members = doc.members(client_auth).unwrap_or_default().iter();
    let found = members.filter_map(|(id, _)| {
        let about = About::Member(format!("client_auth.{}", name(*id)?));
        Some(Finding::new(rule, on.span(*id), Ignored(rest)).about(about))
    });
    found.collect()
}
