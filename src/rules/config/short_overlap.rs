//! `short-overlap`: the outgoing key may go before its last token has expired.

use crate::keyset::Key;
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "short-overlap",
    severity: Severity::Warning,
    pedantic: false,
    finds: "The key before the current one may be removed sooner than the overlap after the current one was made.",
    why: "Until every replica has restarted and every backend has switched, tokens are signed with the old key, and they \
          live on after that. If it goes sooner, they are rejected.",
    mend: "Count anew: `powersync-jwks retire KEY`. If things go faster with you, say so in the policy \
           (`powersync-jwks.yaml`: `deploy_within`, `rollout`, `token_ttl`).",
    look: Look::Config(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let Some((current, made)) = subject.current().and_then(|key| Some((key, *key.iat.value()?))) else {
        return Vec::new();
    };
    let Some((key, exp)) = outgoing(subject, current).and_then(|key| Some((key, *key.exp.value()?))) else {
        return Vec::new();
    };
    let least = made + subject.policy.overlap();
    if exp >= least || subject.now >= least {
        return Vec::new();
    }
    let message = format!(
        "{} may be removed from {exp}, and has to stay until {least}: {} after {} was made",
        key.name(),
        subject.policy.overlap(),
        current.name()
    );
    let help = format!("Count anew: `{} retire {}`", subject.tool, key.argument());
    vec![Found::new(subject.place_of(key, "exp"), message).of(key).help(help)]
}

/// The key that was current before: the youngest of the other shared secrets. Those before it were left earlier.
fn outgoing<'a>(subject: &Subject<'a>, current: &Key) -> Option<&'a Key> {
    let made = |key: &Key| key.iat.value().copied();
    let before = subject.keys.keys().iter().filter(|key| {
        key.is_symmetric() && key.index != current.index && key.nbf.is_absent() && made(key) <= made(current)
    });
    // Of those without a date, the one next to the current key.
    before.rev().max_by_key(|key| made(key))
}
