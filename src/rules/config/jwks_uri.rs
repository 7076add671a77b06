//! `jwks-uri`: an address that the service can't ask for keys.

use super::blocking;
use crate::keyset::ObstacleKind;
use crate::rules::inspected::Inspected;
use crate::rules::rule::{ERROR, Finding, How, Look, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "jwks-uri",
    finds: "An address of `jwks_uri` is not an absolute URL with `https://` or `http://`.",
    why: "The service does not start with it (`PSYNC_S3102`, or `PSYNC_S3103` for another scheme). `${PS_URL}` is plain text \
          to it: only `!env PS_URL` is replaced.",
    fix: How::Text(
        "Write the whole address of the keys, such as `https://auth.example.com/.well-known/jwks.json`, or `!env PS_NAME`.",
    ),
    look: Look::New(look),
    ..ERROR
};

fn look(on: &Inspected<'_>) -> Vec<Finding> {
    blocking::findings(&RULE, on, |kind| matches!(kind, ObstacleKind::Address { .. }))
}
