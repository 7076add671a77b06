//! Whatever an input holds, the program answers: no panic, an exit code, and no other file touched.
//!
//! The bodies of the fuzz targets (`fuzz/`), replayed on the fixtures, on what is left of them after random changes, and
//! on the inputs in `fuzz/seeds/`; then inputs that are made to a form. More cases: `PROPTEST_CASES=1000000 cargo test
//! --test fuzz`.

use std::fs;

use crate::common::odd::Dice;
use crate::common::{Scene, fixtures, root};
use powersync_jwks::for_tests::EnvFile;
use powersync_jwks::time::{NumericDate, Seconds};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const CONFIG: &str = "storage: {type: mongodb}
client_auth:
  audience: ['app']
  jwks:
    keys:
      - {kty: oct, alg: HS256, kid: one, k: Zq8xW3nVt5LmRk2PbY7cHd4FgJ6sTaUe9iOoXwQzEvM}
      - {kty: oct, alg: HS512, k: pD0r7QyXk3vTn8sWb2LcGm5HfJ9uKe4RaZ6iYoVxNtE}
";

/// A token whose header and payload are such texts, rightly signed or not.
fn token() -> impl Strategy<Value = Vec<u8>> {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let header = prop_oneof![
        Just(r#"{"alg":"HS256","kid":"one"}"#.to_owned()),
        r#"\{"alg":("HS(256|384|512)"|"none"|null|1|\[\]),"(kid|crit|b64|typ)":("one"|"two"|""|null|\["b64"\]|false)\}"#,
        r#"[{}\[\]":,a-z0-9\\.eE+-]{0,40}"#,
    ];
    let number = r"-?[0-9]{1,20}(\.[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?";
    let payload = prop_oneof![
        (number, number)
            .prop_map(|(iat, exp)| format!(r#"{{"sub":"u","iat":{iat},"exp":{exp},"aud":["app"]}}"#)),
        r#"\{"sub":("u"|1|null),"iat":(1|"1"|null|\{\}),"exp":(9|1e999|-0),"aud":("app"|\[1\]|\{\}),"nbf":[0-9]{1,19},"parameters":(1|\{\}|null)\}"#,
        r#"[{}\[\]":,a-z0-9\\.eE+-]{0,60}"#,
    ];
    let written = (header, payload, "[A-Za-z0-9_=.-]{0,50}").prop_map(|(header, payload, rest)| {
        format!("{}.{}.{rest}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload)).into_bytes()
    });
    prop_oneof![
        written,
        vec(any::<u8>(), 0..80),
        "(Bearer |Token )?[A-Za-z0-9._-]{0,60}".prop_map(String::into_bytes)
    ]
}

fn line_of_env() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof!["(export )?[A-D_a.-]{0,3} ?[=:]? ?[\"'a$\\\\{}# \r\té]{0,9}", "[ -~]{0,20}"];
    prop_oneof![9 => text.prop_map(String::into_bytes), 1 => vec(any::<u8>(), 0..12)]
}

fn line_of_policy() -> impl Strategy<Value = String> {
    let name =
        "(rotate_every|overlap|deploy_within|rollout|token_ttl|standby|env_file|kid_prefix|[a-z_]{1,6})";
    let value = "([0-9]{1,20}[smhdw ]{0,2}|-?[0-9a-z.:]{0,9}|\\[[a-z, ]{0,5}\\]?|&a|\\*a|!env A|['\"][a-z]{0,3}|~|\\{\\})";
    prop_oneof![4 => (name, value).prop_map(|(name, value)| format!("{name}: {value}")), 1 => "[ -~\t]{0,20}"]
}

/// The same cases in every run; `PROPTEST_RNG_SEED=… PROPTEST_CASES=…` tries others, and more of them.
fn config() -> ProptestConfig {
    let asked = ProptestConfig::default();
    let rng_seed = match asked.rng_seed {
        RngSeed::Random => RngSeed::Fixed(20_261_124),
        fixed @ RngSeed::Fixed(_) => fixed,
    };
    ProptestConfig { failure_persistence: None, rng_seed, ..asked }
}

/// A target on every fixture, and on two changed ones of each, with each of these settings behind them.
fn replay(target: fn(&[u8]), settings: &[&[u8]]) {
    let dice = &mut Dice::new(1);
    for (_, _, content) in fixtures() {
        let mut inputs = vec![content; 3];
        inputs.iter_mut().skip(1).for_each(|input| crate::common::odd::mutate(dice, input));
        for input in inputs {
            for setting in settings {
                target(&[&input, *setting].concat());
            }
        }
    }
}

#[test]
fn fixtures_are_read() {
    replay(crate::targets::read, &[&[0], &[1], &[2]]);
}

#[test]
fn fixtures_are_edited() {
    let choices: Vec<Vec<u8>> = (0..18).map(|choice| vec![choice, 0]).chain([vec![0, 1]]).collect();
    replay(crate::targets::edit, &choices.iter().map(Vec::as_slice).collect::<Vec<_>>());
}

#[test]
fn fixtures_are_redacted() {
    replay(crate::targets::redact, &[&[0], &[1]]);
}

#[test]
fn fixtures_are_unwrapped() {
    replay(crate::targets::envelope, &[&[0], &[1], &[2]]);
}

/// Inputs that once were too much, and one or two of each kind.
#[test]
fn seeds_of_every_target() {
    type Target = fn(&[u8]);
    let targets: [(&str, Target); 9] = [
        ("answer", crate::targets::answer),
        ("edit", crate::targets::edit),
        ("env_file", crate::targets::env_file),
        ("envelope", crate::targets::envelope),
        ("policy", crate::targets::policy),
        ("read", crate::targets::read),
        ("redact", crate::targets::redact),
        ("spans", crate::targets::spans),
        ("verify", crate::targets::verify),
    ];
    for (name, target) in targets {
        let folder = root().join("fuzz/seeds").join(name);
        let mut seeds: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        seeds.sort();
        assert!(!seeds.is_empty(), "{name}");
        for seed in seeds {
            target(&fs::read(&seed).unwrap());
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_token_is_accepted_rejected_or_not_judged(token in token()) {
        let scene = Scene::with("powersync.yaml", CONFIG);
        scene.write("token", &token);
        for line in ["verify token", "verify token --show-claims --against powersync.yaml --expect one"] {
            let outcome = scene.run(line);
            prop_assert!(outcome.code <= 2, "{outcome:?}");
            // Nobody signed it.
            prop_assert_ne!(outcome.code, 0, "{:?}", outcome);
            prop_assert!(!outcome.stderr.is_empty() || !outcome.stdout.is_empty());
        }
    }

    #[test]
    fn an_env_file_is_read_or_refused_and_edits_keep_the_rest(
        lines in vec(line_of_env(), 0..6),
        newline in prop::sample::select(vec!["\n", "\r\n", "\r"]),
    ) {
        let bytes = lines.join(newline.as_bytes());
        let Ok(file) = EnvFile::parse(&bytes) else { return Ok(()) };
        let text = String::from_utf8(bytes.clone()).unwrap();
        for name in ["A", "B", "C"] {
            if let Ok(new) = file.with(name, "x") {
                let read = EnvFile::parse(new.as_bytes()).unwrap();
                prop_assert_eq!(read.value(name), Some("x"));
                for other in ["A", "B", "C"].into_iter().filter(|other| *other != name) {
                    prop_assert_eq!(read.value(other), file.value(other));
                }
            }
            if let Ok(new) = file.without(name) {
                prop_assert!(!EnvFile::parse(new.as_bytes()).unwrap().defines(name));
                prop_assert!(new.len() <= text.len());
            }
        }
    }

    #[test]
    fn a_policy_is_taken_or_refused(lines in vec(line_of_policy(), 0..5)) {
        let scene = Scene::with("powersync.yaml", CONFIG);
        scene.write("powersync-jwks.yaml", lines.join("\n"));
        for line in ["reconcile --yes --assume-age 1d", "timeline"] {
            let outcome = scene.run(line);
            prop_assert!(outcome.code <= 2);
            if outcome.code == 2 {
                prop_assert!(outcome.stderr.contains("error: "));
                prop_assert_eq!(scene.text("powersync.yaml"), CONFIG);
            }
        }
    }

    #[test]
    fn a_duration_reads_back(text in prop_oneof!["[0-9]{1,20} ?(s|m|h|d|w|min|hours|month)?( ?[0-9]{1,3}[smhdw])?", "\\PC{0,12}"]) {
        if let Ok(duration) = text.parse::<Seconds>() {
            prop_assert!(duration.get() > 0);
            prop_assert_eq!(duration.compact().parse::<Seconds>().ok(), Some(duration));
        }
    }

    #[test]
    fn a_date_reads_back(text in prop_oneof!["[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(\\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})?)?", "\\PC{0,12}"]) {
        if let Ok(date) = text.parse::<NumericDate>() {
            prop_assert_eq!(date.to_string().parse::<NumericDate>().ok(), Some(date));
        }
    }
}
