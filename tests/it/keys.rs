//! What is read of a key, where no session shows it.

use crate::common::{NOW, date};
use powersync_jwks::config::{Config, Input};
use powersync_jwks::keyset::{KeySet, Material, Member, Phase};

fn keys(entries: &[&str]) -> KeySet {
    let text = format!("{{client_auth: {{jwks: {{keys: [{}]}}}}}}", entries.join(", "));
    KeySet::read(&Config::parse_str(&text, Input::Yaml).unwrap())
}

const RSA: &str = "kty: RSA, n: sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri23bOdgWp4Dy1WlUzewbgBHod5pcM9H95GQRV3JDXboIRROSBigeC5yjU1hGzHHyXss8UDprecbAYxknTcQkhslANGRUZmdTOQ5qTRsLAt6BTYuyvVRdhS8exSZEy_c4gs_7svlJJQ4H9_NxsiIoLwAEk7-Q3UXERGYw_75IDrGA84-lA_-Ct4eTlXHBIY2EaV7t7LjJaynVJCpkv4LKjTTAumiGUIuQhrNhZLuF_RJLqHpM2kgWFLU7-VTdL1VbC2tejvcI2BlMkEpk1BzBZI0KQB0GaDWFLN-aEAw3vRw, e: AQAB";
const ED: &str = "kty: OKP, crv: Ed25519, alg: EdDSA, x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'";

#[test]
fn keys_that_verify_the_same() {
    for (one, other, same) in [
        (format!("{{{RSA}, kid: a}}"), format!("{{{RSA}, kid: b}}"), true),
        // Without `alg`, it verifies whatever the other one does; with it, only that.
        (format!("{{{RSA}, kid: a}}"), format!("{{{RSA}, kid: b, alg: RS256}}"), true),
        (format!("{{{RSA}, kid: a, alg: RS256}}"), format!("{{{RSA}, kid: b}}"), false),
        (format!("{{{RSA}, kid: a, alg: RS256}}"), format!("{{{RSA}, kid: b, alg: RS512}}"), false),
        (format!("{{{ED}, kid: a}}"), format!("{{{ED}, kid: b}}"), true),
        (format!("{{{ED}, kid: a}}"), format!("{{{}, kid: b}}", ED.replace("11qY", "22qY")), false),
        (format!("{{{ED}, kid: a}}"), format!("{{{}, kid: b}}", ED.replace("Ed25519", "Ed448")), false),
        (format!("{{{ED}, kid: a}}"), format!("{{{RSA}, kid: b}}"), false),
        ("{kty: oct, alg: HS256, k: Zm9v}".to_owned(), "{kty: oct, alg: HS256, k: Zm9v}".to_owned(), true),
        ("{kty: oct, alg: HS256, k: Zm9v}".to_owned(), "{kty: oct, alg: HS384, k: Zm9v}".to_owned(), false),
    ] {
        let keys = keys(&[&one, &other]);
        let [one_key, other_key] = keys.keys() else { panic!() };
        assert_eq!(one_key.verifies_what(other_key), Some(same), "{one} {other}");
    }
}

#[test]
fn a_kid_that_a_shell_would_take_apart_is_named_by_its_place() {
    for (kid, argument) in [
        ("prod-1", "prod-1"),
        ("a.b:c+d_e", "a.b:c+d_e"),
        ("-prod", "@1"),
        ("two words", "@1"),
        ("$HOME", "@1"),
        ("it's", "@1"),
    ] {
        let keys = keys(&[&format!("{{kty: oct, alg: HS256, kid: \"{kid}\", k: Zm9v}}")]);
        assert_eq!(keys.keys()[0].argument(), argument);
    }
}

/// The base points of the curves are as good as any.
#[test]
fn public_keys_have_the_strength_of_their_curve_or_modulus() {
    let ec = |crv: &str, alg: &str, x: &str, y: &str| {
        format!("{{kty: EC, crv: {crv}, alg: {alg}, kid: a, x: '{x}', y: '{y}'}}")
    };
    for (entry, bits) in [
        (
            ec(
                "P-256",
                "ES256",
                "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
                "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
            ),
            Some(256),
        ),
        (
            ec(
                "P-384",
                "ES384",
                "qofKIr6LBTeOscce8yCtdG4dO2KLp5uYWfdB4IJUKjhVAvJdv1UpbDpUXjhydgq3",
                "NhfeSpYmLG9dnpi_kpLcKfj0Hb0omhR86doxE7XwuMAKYLHOHX6BnXpDHXyQ6g5f",
            ),
            Some(384),
        ),
        (
            ec(
                "P-521",
                "ES512",
                "AMaFjga3BATpzZ4-y2YjlbRCnGSBOQU_tSH4KK9ga009uqFLXnfv51ko_h3BJ6L_qN4zSLPBhWpCm_l-fjHC5b1m",
                "ARg5KWp4mjvABFyKX7QsfRvZmPVESVebRGgXr70XJz5mLJfucple9CZAxVC5AT-tB2E1PHCGonLCQIi-lHaf0WZQ",
            ),
            Some(521),
        ),
        (format!("{{{ED}}}"), Some(256)),
        (format!("{{kty: OKP, crv: Ed448, alg: EdDSA, x: {}}}", "A".repeat(76)), Some(456)),
        (format!("{{{RSA}, kid: a}}"), Some(2048)),
        // Zeros before it count for nothing, down to the bit.
        ("{kty: RSA, kid: a, n: AAAB, e: AQAB}".to_owned(), Some(1)),
        ("{kty: RSA, kid: a, n: AAEB, e: AQAB}".to_owned(), Some(9)),
        ("{kty: RSA, kid: a, n: AAAA, e: AQAB}".to_owned(), None),
    ] {
        let keys = keys(&[&entry]);
        let Material::Public(public) = &keys.keys()[0].material else { panic!("{entry}") };
        assert_eq!(public.bits, bits, "{entry}");
    }
}

#[test]
fn dates_that_are_none() {
    for (exp, problem) in [
        ("!env PS_EXP", None),
        ("!env EXP", Some("variable")),
        ("'1795426260'", Some("text")),
        ("1795426260.5", Some("whole number")),
        ("-1", Some("between 1970 and 9999")),
    ] {
        let keys = keys(&[&format!("{{kty: oct, alg: HS256, kid: a, k: Zm9v, exp: {exp}}}")]);
        match (&keys.keys()[0].exp, problem) {
            (Member::Variable(name), None) => assert_eq!(name, "PS_EXP"),
            (Member::Unreadable(why), Some(word)) => assert!(why.contains(word), "{exp}: {why}"),
            (other, _) => panic!("{exp}: {other:?}"),
        }
        assert_eq!(keys.keys()[0].phase(date(NOW)), Phase::Unknown, "{exp}");
    }
}

/// A public key is never signed with here, so nothing waits with it.
#[test]
fn nbf_says_nothing_of_a_public_key() {
    let keys = keys(&[
        &format!("{{{ED}, kid: a, nbf: 1795426260}}"),
        &format!("{{{ED}, kid: b, nbf: soon}}"),
        "{kty: oct, alg: HS256, kid: c, k: Zm9v, nbf: 1795426260}",
        "{kty: oct, alg: HS256, kid: d, k: Zm9v, nbf: soon}",
    ]);
    let phases: Vec<Phase> = keys.keys().iter().map(|key| key.phase(date(NOW))).collect();
    let nbf = date(NOW);
    assert_eq!(phases, [Phase::Accepted, Phase::Accepted, Phase::Standby { nbf }, Phase::Unknown]);
}

#[test]
fn what_an_algorithm_or_a_curve_must_be_is_said() {
    for (entry, said) in [
        ("{kty: oct, alg: RS256, kid: a, k: Zm9v}".to_owned(), "must be HS256, HS384 or HS512"),
        (format!("{{{RSA}, kid: a, alg: HS256}}"), "must be RS256, RS384 or RS512, or left out"),
        (
            "{kty: EC, crv: P-256, alg: EdDSA, kid: a, x: AQAB, y: AQAB}".to_owned(),
            "must be ES256, ES384 or ES512",
        ),
        (
            "{kty: EC, crv: P-1, alg: ES256, kid: a, x: AQAB, y: AQAB}".to_owned(),
            "must be P-256, P-384 or P-521",
        ),
        (format!("{{{}, kid: a}}", ED.replace("EdDSA", "ES256")), "must be EdDSA"),
        (format!("{{{}, kid: a}}", ED.replace("Ed25519", "X25519")), "must be Ed25519 or Ed448"),
        ("{kty: RSB, kid: a}".to_owned(), "must be oct, RSA, EC or OKP"),
    ] {
        let keys = keys(&[&entry]);
        let Material::Unusable(fault) = &keys.keys()[0].material else { panic!("{entry}") };
        assert!(fault.to_string().ends_with(said), "{entry}: {fault}");
    }
}
