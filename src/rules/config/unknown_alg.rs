//! `unknown-alg`: an algorithm or curve the service doesn't take for this type of key.

use zeroize::Zeroizing;

use crate::keyset::FaultKind;
use crate::rules::finding::{Fix, Found};
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "unknown-alg",
    severity: Severity::Error,
    pedantic: false,
    finds: "A key's `alg` (or `crv`) is missing where it is needed, or none the service knows for its `kty`.",
    why: "The service does not start with it. A shared secret needs `HS256`, `HS384` or `HS512`, in capitals, and \
          verifies tokens of that algorithm only.",
    mend: "Write the `alg` that the backend signs with, such as `alg: 'HS256'`.",
    look: Look::Start(look),
};

const OF_PUBLIC_KEYS: &str = "Copy `alg` and `crv` anew from the JWKS of whoever signs with the key";

const KNOWN: [&str; 10] =
    ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"];

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let missing = super::faults(subject, FaultKind::Missing).filter(|(_, fault)| fault.member == "alg");
    let unknown = super::faults(subject, FaultKind::UnknownAlg);
    missing
        .chain(unknown)
        .map(|(key, fault)| {
            let written =
                subject.member(key, "alg").and_then(|(_, text)| text).filter(|_| fault.member == "alg");
            let meant = KNOWN
                .into_iter()
                .find(|alg| written.is_some_and(|w| w != *alg && w.eq_ignore_ascii_case(alg)));
            let fix = meant.map(|alg| Fix {
                entry: key.index,
                member: "alg",
                value: Zeroizing::new(alg.to_owned()),
            });
            let found = super::fault_found(subject, key, fault).fix(fix);
            let is_shared = subject.member(key, "kty").is_some_and(|(_, kty)| kty == Some("oct"));
            if is_shared { found } else { found.help(OF_PUBLIC_KEYS) }
        })
        .collect()
}
