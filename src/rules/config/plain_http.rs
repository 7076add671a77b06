//! `plain-http`: keys that come over an unencrypted connection.

use crate::base::sentence::{Sentence, sentence};
use crate::keyset::{Address, Setting};
use crate::rules::inspected::Inspected;
use crate::rules::rule::{About, Finding, How, Look, Rule, Violation, WARNING};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "plain-http",
    finds: "A `jwks_uri` begins with `http://`, and its host is neither this machine nor a private name or address.",
    why: "Whoever is between the service and that host can answer with keys of their own, and then sign in as anyone.",
    fix: How::Text("Use `https://`."),
    look: Look::New(look),
    ..WARNING
};

struct Plain(String);

impl Violation for Plain {
    fn message(&self, _: &About) -> Sentence {
        sentence!(
            "keys are fetched from {} unencrypted: a machine in the middle can put its own in their place",
            self.0
        )
    }
}

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    let is_plain = |uri: &&Setting| {
        let address = uri.text().and_then(|text| Address::read(text).ok());
        address.is_some_and(|address| !address.is_https() && !address.is_near())
    };
    let place = on.place_of_path(&["client_auth", "jwks_uri"]);
    let plain = on.keys.logins.uris().filter(is_plain);
    let found = plain.map(|uri| {
        Finding::new(&RULE, place.clone(), Plain(uri.address())).about(About::Member(uri.address()))
    });
    found.collect()
}
