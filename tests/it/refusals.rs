//! What an operation may refuse is what its help lists: no id more, and none that never comes.

use std::collections::BTreeSet;

use powersync_jwks::config::{Config, Input};
use powersync_jwks::for_tests;
use powersync_jwks::keyset::{HmacAlg, KeyName, KeySet, Kid, Secret};
use powersync_jwks::schedule::{
    self, Liveness, NewKey, Outcome, Policy, RefusalId, RotateOptions, ScheduleError, SecretForm, Terms, When,
};
use powersync_jwks::time::{NumericDate, Seconds};
use zeroize::Zeroizing;

use crate::common::{NOW, date};

const A: [u8; 32] = *b"\xee\x83\x94\x31\x04\x66\x0c\x0b\x4f\x14\x74\xb1\xb8\x11\x93\x2c\x25\x72\x76\x5c\x9d\x75\x70\x4f\x66\xe5\xde\x24\x95\x40\xb4\x76";
const KEYS: [&str; 10] = [
    "kty: oct, alg: HS256, kid: a, k: 7oOUMQRmDAtPFHSxuBGTLCVydlyddXBPZuXeJJVAtHY",
    "kty: oct, alg: HS256, kid: added, k: mWvJtPvLDbBY5hjZ7bXOXUQNn1nTtIUB6b1pFLrD8lE, iat: NOW",
    "kty: oct, alg: HS256, kid: waits, k: mWvJtPvLDbBY5hjZ7bXOXUQNn1nTtIUB6b1pFLrD8lE, iat: PAST, nbf: NOW",
    "kty: oct, alg: HS256, kid: early, k: mWvJtPvLDbBY5hjZ7bXOXUQNn1nTtIUB6b1pFLrD8lE, iat: PAST, nbf: LATER",
    "kty: oct, alg: HS256, kid: ahead, k: mWvJtPvLDbBY5hjZ7bXOXUQNn1nTtIUB6b1pFLrD8lE, iat: LATER",
    "kty: oct, alg: HS256, k: mWvJtPvLDbBY5hjZ7bXOXUQNn1nTtIUB6b1pFLrD8lE",
    "kty: oct, alg: HS384, kid: other, k: mWvJtPvLDbBY5hjZ7bXOXUQNn1nTtIUB6b1pFLrD8lE, exp: LATER",
    "kty: oct, alg: HS256, kid: leaves, k: mWvJtPvLDbBY5hjZ7bXOXUQNn1nTtIUB6b1pFLrD8lE, iat: NOW, exp: LATER",
    "kty: oct, alg: HS256, kid: gone, k: mWvJtPvLDbBY5hjZ7bXOXUQNn1nTtIUB6b1pFLrD8lE, exp: PAST",
    "kty: EC, crv: P-256, x: f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU, \
     y: x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0, alg: ES256, kid: public, exp: PAST",
];

fn now() -> NumericDate {
    date(NOW)
}

/// All sets of up to two of the keys.
fn sets() -> Vec<KeySet> {
    let day = Seconds::hours(24);
    let seconds = |at: NumericDate| at.seconds().to_string();
    let read = |keys: &[&str]| {
        let entries: String =
            keys.iter().map(|key| format!("      - {{{key}}}\n")).collect::<Vec<_>>().concat();
        let text = format!("client_auth:\n  audience: [app]\n  jwks:\n    keys:\n{entries}")
            .replace("NOW", &seconds(now()))
            .replace("PAST", &seconds(now() + (Seconds::default() - day)))
            .replace("LATER", &seconds(now() + day));
        KeySet::read(&Config::parse_str(&text, Input::Yaml).unwrap())
    };
    let pairs =
        KEYS.iter().flat_map(|one| KEYS.iter().filter(move |two| one != *two).map(move |two| [*one, *two]));
    KEYS.iter().map(|key| read(&[key])).chain(pairs.map(|pair| read(&pair))).collect()
}

fn new(secret: &[u8]) -> NewKey {
    NewKey {
        kid: Some(Kid::new("new").unwrap()),
        kid_is_chosen: true,
        secret_is_imported: true,
        alg: HmacAlg::Hs256,
        secret: Secret::new(Zeroizing::new(secret.to_vec())),
        iat: None,
        form: SecretForm::Inline,
    }
}

/// Fresh, that of a key, short, and guessable.
fn new_keys() -> [NewKey; 4] {
    let fresh: Vec<u8> = A.iter().map(|byte| byte.wrapping_mul(7).rotate_left(3) ^ 0x5a).collect();
    [new(&fresh), new(&A), new(&fresh[..20]), new(&[0; 32])]
}

fn names(keys: &KeySet) -> impl Iterator<Item = KeyName> {
    keys.keys().iter().map(|key| KeyName::Number(key.number()))
}

/// The ids that an operation refuses with, over all key sets, with a policy that is safe and one that isn't.
fn assert_refuses(
    known: &[RefusalId],
    operation: impl Fn(&KeySet, &Terms<'_>) -> Vec<Result<Outcome, ScheduleError>>,
) {
    let mut met = BTreeSet::new();
    for overlap in [None, Some(Seconds::new(1))] {
        let policy = Policy { overlap, ..Policy::default() };
        let terms = Terms { policy: &policy, now: now(), allowed: &[] };
        for keys in sets() {
            for result in operation(&keys, &terms) {
                if let Err(ScheduleError::Refused(refusals)) = result {
                    met.extend(refusals.iter().map(schedule::Refusal::id));
                }
            }
        }
    }
    assert_eq!(
        met,
        known.iter().copied().collect::<BTreeSet<_>>(),
        "left: what is refused, right: the list of the operation. What only the left has belongs in that list; what only \
         the right has never comes, or no key set of `sets()` meets it yet"
    );
}

#[test]
fn what_add_lists() {
    assert_refuses(schedule::ADD_REFUSALS, |keys, terms| {
        new_keys().into_iter().map(|new| schedule::add(keys, new, terms.now, terms.allowed)).collect()
    });
}

#[test]
fn what_rotate_lists() {
    assert_refuses(schedule::ROTATE_REFUSALS, |keys, terms| {
        let rotate = |new: NewKey| {
            let options = RotateOptions::default();
            let revoke = RotateOptions { revoke: true, ..options };
            [
                schedule::rotate(keys, new.clone(), options, terms),
                schedule::rotate(keys, new.clone(), revoke, terms),
                schedule::standby(keys, new.clone(), None, terms),
                schedule::standby(keys, new, Some(Seconds::new(1)), terms),
            ]
        };
        new_keys().into_iter().flat_map(rotate).collect()
    });
}

#[test]
fn what_promote_lists() {
    let not_live = |_: &_| Ok(Liveness::NotLive(Vec::new()));
    assert_refuses(schedule::PROMOTE_REFUSALS, |keys, terms| {
        let promote = |name: KeyName| {
            let outcome = schedule::promote(keys, Some(&name), terms)?;
            for_tests::guard_live::<ScheduleError>(&outcome, keys, &not_live, terms.allowed)?;
            Ok(outcome)
        };
        names(keys).map(promote).collect()
    });
}

#[test]
fn what_rollback_lists() {
    let not_live = |_: &_| Ok(Liveness::NotLive(Vec::new()));
    assert_refuses(schedule::ROLLBACK_REFUSALS, |keys, terms| {
        let named = names(keys).map(|name| schedule::rollback(keys, Some(&name), terms, Some(&not_live)));
        let latest = schedule::rollback::<ScheduleError>(keys, None, terms, None);
        named.chain([latest]).collect()
    });
}

#[test]
fn what_retire_lists() {
    assert_refuses(schedule::RETIRE_REFUSALS, |keys, terms| {
        let whens = [When::Overlap, When::At(terms.now), When::In(Seconds::new(1))];
        let retire = |name: KeyName| {
            let name = [name];
            let undo = schedule::unretire(keys, &name, terms.now, terms.allowed);
            let retire = whens.map(|when| schedule::retire(keys, &name, when, terms));
            retire.into_iter().chain([undo]).collect::<Vec<_>>()
        };
        names(keys).flat_map(retire).collect()
    });
}

#[test]
fn what_remove_and_prune_list() {
    assert_refuses(schedule::REMOVE_REFUSALS, |keys, terms| {
        let all: Vec<KeyName> = names(keys).collect();
        let chosen = all.chunks(1).chain([all.as_slice()]);
        chosen.map(|names| schedule::remove(keys, names, terms.now, terms.allowed)).collect()
    });
    assert_refuses(schedule::PRUNE_REFUSALS, |keys, terms| {
        vec![schedule::prune(keys, terms.now, terms.allowed)]
    });
}

#[test]
fn what_reconcile_lists() {
    // A key that is not live waits: what would be refused as `not-live` elsewhere is overridden, not refused, here.
    let known: Vec<RefusalId> =
        schedule::RECONCILE_REFUSALS.iter().copied().filter(|id| *id != RefusalId::NotLive).collect();
    assert_refuses(&known, |keys, terms| {
        let make = |alg| Ok::<_, ScheduleError>(for_tests::stand_in(keys, alg, terms.now));
        let live = |_: &_| Ok(Liveness::NotLive(Vec::new()));
        vec![schedule::reconcile(keys, None, terms, &make, &live).map(|(_, outcome)| outcome)]
    });
}
