//! What minting costs beside the HMAC it can't do without: the ratio of `Signer::sign` to `ring`'s bare HMAC over the
//! same bytes. `cargo bench --bench mint`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use powersync_jwks::config::{Config, Input};
use powersync_jwks::keyset::KeySet;
use powersync_jwks::time::{NumericDate, Seconds};
use powersync_jwks::token::{Claims, Signer, Verifier};
use ring::hmac;

const CONFIG: &str = "\
storage: {type: mongodb}
client_auth:
  audience: ['https://sync.example.com']
  jwks:
    keys:
      - {kty: oct, alg: HS256, kid: 2026-11-23-tj2n98, k: EpPwoCRqrHE2BSLGN0QGTeZlu9k-mkPBX25HvUwmRJU}
";

/// The shortest time of many rounds: what disturbs a round only makes it longer.
fn best(mut work: impl FnMut()) -> Duration {
    const CALLS: u32 = 1_000;
    let rounds = (0..60).map(|_| {
        let start = Instant::now();
        for _ in 0..CALLS {
            work();
        }
        start.elapsed() / CALLS
    });
    rounds.min().unwrap_or_default()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let keys = KeySet::read(&Config::parse_str(CONFIG, Input::Yaml)?);
    let now = NumericDate::new(1_795_426_260).ok_or("a moment")?;
    let signer = Signer::new(&keys, None, now)?;
    let verifier = Verifier::new(&keys)?;
    let secret = keys.keys()[0].secret().ok_or("a secret")?;
    let bare = hmac::Key::new(hmac::HMAC_SHA256, secret.bytes());
    for parameters in [0, 1_000, 10_000] {
        let audience = vec!["https://sync.example.com".to_owned()];
        let mut claims = Claims::new("0f8fad5b-d9cb-469f-a165-70867728950e", now, Seconds::hours(1))?
            .with_audience(audience);
        claims.add("filler", "x".repeat(parameters).into())?;
        let token = signer.sign(&claims)?;
        let bytes = &token.as_bytes()[..token.rfind('.').unwrap_or_default()];
        let hmac = best(|| {
            black_box(hmac::sign(&bare, black_box(bytes)));
        });
        let mint = best(|| {
            black_box(signer.sign(black_box(&claims)).unwrap_or_default());
        });
        let verify = best(|| {
            black_box(verifier.verify(black_box(&token), now));
        });
        println!(
            "{:>6} bytes signed: HMAC {hmac:>9.2?}   sign {mint:>9.2?}, {:.2} times   verify {verify:>9.2?}, {:.2} times",
            bytes.len(),
            mint.as_secs_f64() / hmac.as_secs_f64(),
            verify.as_secs_f64() / hmac.as_secs_f64(),
        );
    }
    Ok(())
}
