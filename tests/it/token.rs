//! Minting, verifying and finding causes, as a program that uses the library sees them.

use crate::common::{NOW, date};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use powersync_jwks::config::{Config, Input};
use powersync_jwks::for_tests::owner_of;
use powersync_jwks::keyset::{KeyName, KeySet, Secret};
use powersync_jwks::time::Seconds;
use powersync_jwks::token::{
    CannotSign, Claims, Form, InvalidClaims, Rejection, Signer, Trailing, Verdict, Verifier, Writing,
    read_claims,
};
use proptest::prelude::*;
use serde_json::json;
use zeroize::Zeroizing;

fn keys(entries: &[&str]) -> KeySet {
    let list: Vec<String> = entries.iter().map(|entry| format!("      - {{kty: oct, {entry}}}\n")).collect();
    let text = format!(
        "storage: {{type: mongodb}}\nclient_auth:\n  audience: [app]\n  jwks:\n    keys:\n{}",
        list.concat()
    );
    KeySet::read(&Config::parse_str(&text, Input::Yaml).unwrap())
}

fn two() -> KeySet {
    keys(&[
        "alg: HS256, kid: new, k: EpPwoCRqrHE2BSLGN0QGTeZlu9k-mkPBX25HvUwmRJU",
        "alg: HS256, kid: old, k: MDEyMzQ1Njc4OWFiY2RlZi1maXJzdC1zZWNyZXQtb2YtdGhlLXRlc3Rz",
    ])
}

fn claims() -> Claims {
    Claims::new("user-1", date(NOW), Seconds::hours(1)).unwrap().with_audience(vec!["app".to_owned()])
}

#[test]
fn they_may_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>(_: &T) {}
    let signer = Signer::new(&two(), None, date(NOW)).unwrap();
    let verifier = Verifier::new(&two()).unwrap();
    shared(&signer);
    shared(&verifier);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let token = signer.sign(&claims()).unwrap();
                assert!(matches!(verifier.verify(&token, date(NOW)), Verdict::Accepted(_)));
            });
        }
    });
}

#[test]
fn an_accepted_token_comes_with_its_key_and_claims() {
    let name = KeyName::Kid("old".to_owned());
    let token = Signer::new(&two(), Some(&name), date(NOW)).unwrap().sign(&claims()).unwrap();
    let Verdict::Accepted(accepted) = Verifier::new(&two()).unwrap().verify(&token, date(NOW)) else {
        panic!()
    };
    assert_eq!(accepted.key, powersync_jwks::token::KeyPlace::File(1));
    let expected = json!({"sub": "user-1", "iat": 1_795_426_260, "exp": 1_795_429_860, "aud": "app"});
    assert_eq!(serde_json::from_str::<serde_json::Value>(&accepted.claims).unwrap(), expected);
}

#[test]
fn claims_that_the_service_would_reject_are_refused() {
    let new = |ttl| Claims::new("user-1", date(NOW), Seconds::new(ttl)).map(drop);
    assert_eq!(new(86400), Ok(()));
    assert_eq!(new(86401), Err(InvalidClaims::Lifetime(86401)));
    assert_eq!(new(0), Err(InvalidClaims::NoLifetime));
    for (name, value) in [("sub", json!("x")), ("iat", json!(1)), ("exp", json!(1)), ("aud", json!("x"))] {
        assert!(matches!(claims().add(name, value), Err(InvalidClaims::Reserved(..))), "{name}");
    }
    for value in [json!([1]), json!("x"), json!(7), json!(false)] {
        assert_eq!(claims().add("parameters", value), Err(InvalidClaims::Parameters));
    }
    let mut twice = claims();
    twice.add("role", json!("admin")).unwrap();
    assert_eq!(twice.add("role", json!("admin")), Err(InvalidClaims::Twice("role".to_owned())));
    assert_eq!(read_claims("{\"a\":1,\"\\u0061\":2}"), Err(InvalidClaims::Twice("a".to_owned())));
    assert_eq!(read_claims("[]"), Err(InvalidClaims::NotAnObject));
}

#[test]
fn keys_that_the_service_would_not_verify_with_dont_sign() {
    let sign = |keys: &KeySet, name: Option<&str>| {
        let name = name.map(|name| name.parse().unwrap());
        Signer::new(keys, name.as_ref(), date(NOW)).err()
    };
    let k = "k: EpPwoCRqrHE2BSLGN0QGTeZlu9k-mkPBX25HvUwmRJU";
    let twice = keys(&[&format!("alg: HS256, kid: a, {k}"), &format!("alg: HS256, kid: a, {k}")]);
    assert!(matches!(sign(&twice, Some("@2")), Some(CannotSign::Shadowed(..))));
    assert_eq!(sign(&twice, Some("a")), None);
    assert!(matches!(
        sign(&keys(&[&format!("alg: HS256, kid: '', {k}")]), None),
        Some(CannotSign::EmptyKid(_))
    ));
    assert!(matches!(
        sign(&keys(&[&format!("alg: HS257, kid: a, {k}")]), None),
        Some(CannotSign::NotStarting(_))
    ));
    assert!(matches!(
        sign(&keys(&[&format!("alg: HS256, kid: a, exp: 1, {k}")]), None),
        Some(CannotSign::Leaving { .. })
    ));
    assert!(matches!(
        sign(&keys(&[&format!("alg: HS256, kid: a, exp: '1', {k}")]), None),
        Some(CannotSign::Undecidable(_))
    ));
    assert!(matches!(
        sign(&keys(&["alg: HS256, kid: a, k: !env PS_K"]), None),
        Some(CannotSign::Variable { .. })
    ));
    assert!(matches!(sign(&keys(&[]), None), Some(CannotSign::NoKey | CannotSign::NotStarting(_))));
}

#[test]
fn a_key_that_is_not_known_is_not_judged() {
    let known = two();
    let token = Signer::new(&known, None, date(NOW)).unwrap().sign(&claims()).unwrap();
    for entries in [
        &["alg: HS256, kid: new, k: !env PS_K"][..],
        &["alg: HS256, kid: !env PS_KID, k: YWJj", "alg: HS256, kid: new, k: YWJj"],
        &["alg: !env PS_ALG, kid: new, k: YWJj"],
        &["alg: HS256, k: !env PS_K", "alg: HS256, kid: other, k: YWJj"],
    ] {
        let verdict = Verifier::new(&keys(entries)).unwrap().verify(&token, date(NOW));
        assert!(matches!(verdict, Verdict::Undetermined(_)), "{entries:?} {verdict:?}");
    }
    // A key that is known decides, whatever comes behind it.
    let entries = ["alg: HS256, kid: new, k: YWJj", "alg: HS256, kid: !env PS_KID, k: YWJj"];
    let verdict = Verifier::new(&keys(&entries)).unwrap().verify(&token, date(NOW));
    assert_eq!(
        verdict,
        Verdict::Rejected(Rejection::Signature { key: powersync_jwks::token::KeyPlace::File(0) })
    );
}

#[test]
fn the_owner_of_a_secret_is_found_in_each_way_of_writing() {
    let keys = keys(&["alg: HS256, kid: a, k: YWJj", "alg: HS256, kid: b, k: WVdKag"]);
    let find = |written: &[u8]| {
        let owner = owner_of(&keys, &Secret::new(Zeroizing::new(written.to_vec())))?;
        Some((owner.key.name(), owner.writing))
    };
    let way = |key: &str, form, trailing| Some((key.to_owned(), Writing { form, trailing }));
    assert_eq!(find(b"abc"), way("a", Form::Bytes, Trailing::None));
    // `YWJj` is the text of a, and the bytes of b: the bytes count more.
    assert_eq!(find(b"YWJj"), way("b", Form::Bytes, Trailing::None));
    assert_eq!(find(b"616263"), way("a", Form::Hex, Trailing::None));
    assert_eq!(find(b"WVdKag"), way("b", Form::Base64url, Trailing::None));
    assert_eq!(find(b"WVdKag=="), way("b", Form::Base64urlPadded, Trailing::None));
    assert_eq!(find(b"abc\n"), way("a", Form::Bytes, Trailing::Newline));
    assert_eq!(find(b"abd"), None);
}

#[test]
fn a_long_token_and_deep_json_get_an_answer() {
    let verifier = Verifier::new(&two()).unwrap();
    let signer = Signer::new(&two(), None, date(NOW)).unwrap();
    let mut long = claims();
    long.add("filler", "x".repeat(1 << 20).into()).unwrap();
    // Node answers before the service sees a header of this size.
    let is_too_large = |token: &str| {
        matches!(verifier.verify(token, date(NOW)), Verdict::Rejected(Rejection::TooLarge { .. }))
    };
    assert!(is_too_large(&signer.sign(&long).unwrap()));
    assert!(is_too_large(&"a.".repeat(1 << 20)));
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let header = URL_SAFE_NO_PAD.encode(deep);
    assert!(is_too_large(&format!("{header}.e30.")));
}

proptest! {
    /// Whatever comes in, an answer comes out.
    #[test]
    fn any_text_gets_an_answer(text in "\\PC{0,40}", header in "\\PC{0,60}", payload in "\\PC{0,60}") {
            let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let verifier = Verifier::new(&two()).unwrap();
        for token in [text.clone(), format!("{}.{}.{}", encode(&header), encode(&payload), encode(&text))] {
            prop_assert!(!matches!(verifier.verify(&token, date(NOW)), Verdict::Accepted(_)));
        }
    }

    /// A token that was changed in one character is never accepted, but where base64 doesn't count it.
    #[test]
    fn a_changed_token_is_not_accepted(at in 0_usize..150, to in "[A-Za-z0-9_-]") {
        let token = Signer::new(&two(), None, date(NOW)).unwrap().sign(&claims()).unwrap();
        let last = token.rfind('.').unwrap();
        prop_assume!(at < last && !token[at..].starts_with('.') && !token[at..].starts_with(&to));
        let changed = format!("{}{to}{}", &token[..at], &token[at + 1..]);
        let verdict = Verifier::new(&two()).unwrap().verify(&changed, date(NOW));
        prop_assert!(matches!(verdict, Verdict::Rejected(_)), "{verdict:?}");
    }
}
