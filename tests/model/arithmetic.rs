//! The sums, for all integers: what the decisions write is read off as a linear form, and z3 looks for spans, clocks and
//! moments with which a valid token would be rejected. On demand: `just model`.

use std::io::Write as _;
use std::process::{Command, Stdio};

use powersync_jwks::config::{Config, Input};
use powersync_jwks::for_tests::stand_in;
use powersync_jwks::keyset::{HmacAlg, KeySet};
use powersync_jwks::schedule::{self, Change, Policy, RotateOptions, Terms};
use powersync_jwks::time::{NumericDate, Seconds};

const NOW: i64 = 1_800_000_000;
/// The spans that a date may depend on.
const SPANS: [&str; 5] = ["deploy", "rollout", "ttl", "keep", "standby"];

/// A date that is written, as seconds from now: so much of each span, and a constant.
#[derive(Debug, PartialEq, Eq)]
struct Linear {
    factors: [i64; SPANS.len()],
    constant: i64,
}

impl Linear {
    /// Reads it off a function, and makes sure that it is linear at all.
    fn of(date: impl Fn([i64; SPANS.len()]) -> i64) -> Self {
        // Spans that go together: a standby is never shorter than the time to deploy.
        let base = [1, 1, 1, 1, 1_000];
        let at = |change: [i64; SPANS.len()]| date(std::array::from_fn(|span| base[span] + change[span]));
        let zero = at([0; SPANS.len()]);
        let factors = std::array::from_fn(|span| {
            let mut one = [0; SPANS.len()];
            one[span] = 1;
            at(one) - zero
        });
        let sum = |spans: [i64; SPANS.len()]| -> i64 {
            (0..SPANS.len()).map(|span| factors[span] * spans[span]).sum()
        };
        let linear = Self { factors, constant: zero - sum(base) };
        for spans in [[3, 5, 7, 11, 13], [259_200, 86_400, 3600, 604_800, 259_201], [1, 86_400, 60, 1, 99]] {
            assert_eq!(date(spans), sum(spans) + linear.constant, "not linear at {spans:?}");
        }
        linear
    }

    fn smt(&self) -> String {
        let parts: String =
            SPANS.iter().zip(self.factors).map(|(span, factor)| format!(" (* {factor} {span})")).collect();
        format!("(+ {}{parts})", self.constant)
    }

    fn less(&self, seconds: i64) -> Self {
        Self { constant: self.constant - seconds, ..*self }
    }
}

/// What is decided under these spans, by the program.
fn decided([deploy, rollout, ttl, keep, standby]: [i64; SPANS.len()], in_two_steps: bool) -> i64 {
    let text = "client_auth:\n  audience: [app]\n  jwks:\n    keys:\n      \
                - {kty: oct, alg: HS256, kid: a, k: 7oOUMQRmDAtPFHSxu4FGTLlfCXJ2dXBPZuXeJVAtlHY}\n";
    let keys = KeySet::read(&Config::parse_str(text, Input::Yaml).unwrap());
    let now = NumericDate::new(NOW).unwrap();
    let policy = Policy {
        deploy_within: Seconds::new(deploy),
        rollout: Seconds::new(rollout),
        token_ttl: Seconds::new(ttl),
        keep_retired: Seconds::new(keep),
        standby: Some(Seconds::new(standby)),
        ..Policy::default()
    };
    let terms = Terms { policy: &policy, now, allowed: &[] };
    let new = stand_in(&keys, HmacAlg::Hs256, now);
    let outcome = if in_two_steps {
        schedule::standby(&keys, new, None, &terms)
    } else {
        schedule::rotate(&keys, new, RotateOptions::default(), &terms)
    };
    let date = outcome.unwrap().changes.into_iter().find_map(|change| match change {
        Change::Add { nbf, .. } if in_two_steps => nbf,
        Change::Retire { exp, .. } => Some(exp),
        _ => None,
    });
    date.unwrap().since(now).get()
}

/// A key is retired at 0 by a clock that is `a` ahead, and removed at `x` by one that is `b` ahead. The last token is signed
/// when the last backend switches, by a clock that is `s` ahead of a replica's, and accepted for 60 s past its `exp`.
fn removal(exp: &Linear) -> String {
    format!(
        "(assert (<= (+ s (- b a)) 300))\n(assert (>= (+ x b) (+ a {})))\n(assert (< x (+ deploy rollout s ttl 60)))\n",
        exp.smt()
    )
}

/// A key is added at 0 by a clock that is `a` ahead, and promoted at `x` by one that is `b` ahead: before the last replica
/// knows it.
fn promotion(nbf: &Linear) -> String {
    format!("(assert (<= (- b a) 300))\n(assert (>= (+ x b) (+ a {})))\n(assert (< x deploy))\n", nbf.smt())
}

/// Whether z3 finds spans, clocks and moments for which all of it is true.
fn has_counterexample(asserted: &str) -> bool {
    let names = SPANS.iter().chain(&["a", "b", "s", "x"]);
    let declared: String = names.map(|name| format!("(declare-const {name} Int)\n")).collect();
    let spans: String = SPANS.iter().map(|name| format!("(assert (> {name} 0))\n")).collect();
    // `keep_retired` may be nothing; a standby is at least the time to deploy; no clock is behind the true time here, since
    // only their differences count.
    let spans = spans.replace("(> keep 0)", "(>= keep 0)");
    let text =
        format!("{declared}{spans}(assert (>= standby deploy))\n(assert (>= s 0))\n{asserted}(check-sat)\n");
    let mut z3 =
        Command::new("z3").arg("-in").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("needs z3");
    z3.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let answer = String::from_utf8(z3.wait_with_output().unwrap().stdout).unwrap();
    match answer.trim() {
        "sat" => true,
        "unsat" => false,
        other => panic!("z3 says {other} to\n{text}"),
    }
}

#[test]
fn what_is_written_is_linear_in_the_policy() {
    let exp = Linear::of(|spans| decided(spans, false));
    assert_eq!(exp, Linear { factors: [1, 1, 1, 1, 0], constant: 360 });
    let nbf = Linear::of(|spans| decided(spans, true));
    assert_eq!(nbf, Linear { factors: [0, 0, 0, 0, 1], constant: 300 });
}

#[test]
#[ignore = "needs z3"]
fn no_integers_reject_a_valid_token() {
    let (exp, nbf) = (Linear::of(|spans| decided(spans, false)), Linear::of(|spans| decided(spans, true)));
    assert!(!has_counterexample(&removal(&exp)));
    assert!(!has_counterexample(&promotion(&nbf)));
    // A second less of either, and there are some.
    assert!(has_counterexample(&removal(&exp.less(1))));
    assert!(has_counterexample(&promotion(&nbf.less(1))));
}
