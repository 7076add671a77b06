//! Why a token is rejected, in plain words: what is nearest to it is tried, not guessed.

use std::fmt::Write as _;

use ring::hmac;
use strsim::damerau_levenshtein;

use super::js::{Object, number_text};
use super::jws::Jws;
use super::rejection::{ClaimFault, Malformed, Rejection};
use super::writing::{self, Ending, Form, Writing};
use super::{hmac_algorithm, seconds};
use crate::base::text::{Printable, list};
use crate::base::time::{NumericDate, Seconds};
use crate::keyset::{HmacAlg, Key, KeySet, Member};

/// Numbers of seconds above this lie after the year 5000: milliseconds, more likely.
pub(crate) const MILLISECONDS: f64 = 1e11;

/// Clocks of servers that differ by more are told by other alarms.
const CLOCK_SKEW: f64 = 900.0;

/// What is wrong with a token, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// What is wrong, in a sentence or two.
    pub why: String,
    /// What to do.
    pub fix: String,
}

fn cause(why: impl Into<String>, fix: impl Into<String>) -> Cause {
    Cause { why: why.into(), fix: fix.into() }
}

/// The nearest cause of a rejection. `removed`: an earlier state of the config, whose keys are tried, too.
#[must_use]
pub fn nearest_cause(
    keys: &KeySet,
    removed: Option<&KeySet>,
    token: &str,
    rejection: &Rejection,
    now: NumericDate,
) -> Cause {
    match rejection {
        Rejection::NoToken => cause(
            "there is no token, or white space stands in it",
            "send the header `Authorization: Bearer TOKEN`, or `Token TOKEN`, with one space and the token in one piece",
        ),
        Rejection::Malformed(what) => malformed(*what),
        Rejection::Extension(name) => cause(
            format!(
                "its header asks for an extension (`crit`: {}) that the service doesn't know",
                Printable(name)
            ),
            "leave `crit` out of the header",
        ),
        Rejection::AlgNotAllowed(alg) => algorithm(alg),
        Rejection::Parameters => cause(
            "`parameters` is there, and is no JSON object",
            "write it as {\"name\": value}, or leave it out",
        ),
        Rejection::Lifetime { seconds } => lifetime(token, *seconds),
        Rejection::Expired { exp } => expired(token, *exp, now),
        Rejection::Claim { name, fault } => claim(name, *fault, token),
        Rejection::AudienceMissing => cause("it has no `aud`", audience_fix(keys)),
        Rejection::Audience { aud } => audience(keys, aud),
        Rejection::UselessKey { key, .. } => cause(
            format!("{} can't verify any token with this `alg`, whoever signs it", name(keys, *key)),
            "replace the key in the config: RSA takes 2048 bits or more; ES256 goes with P-256, ES384 with P-384, ES512 with \
             P-521",
        ),
        Rejection::NoKey | Rejection::Signature { .. } | Rejection::Algorithm { .. } => {
            stray(token).unwrap_or_else(|| Signature { keys, removed, token }.cause(rejection))
        }
    }
}

/// Characters that the service skips when it reads the parts, and not when it verifies them.
fn stray(token: &str) -> Option<Cause> {
    let is_stray = |c: char| !(c.is_ascii_alphanumeric() || "-_.+/=".contains(c));
    let (at, c) = token.chars().enumerate().find(|(_, c)| is_stray(*c))?;
    let why = if matches!(c, '"' | '\'' | '`') {
        "quotes stand around it, and are taken for a part of it".to_owned()
    } else {
        format!("a `{}` stands in it, at place {}, and no token has one", Printable(&c.to_string()), at + 1)
    };
    Some(cause(why, "pass on the token alone, from `eyJ` to its last letter"))
}

fn name(keys: &KeySet, index: usize) -> String {
    keys.keys().get(index).map(Key::name).unwrap_or_default()
}

fn malformed(what: Malformed) -> Cause {
    let again = "have the backend make it with a JWT library, and pass it on in one piece";
    match what {
        Malformed::Parts(5) => cause(
            "it has five parts: it is an encrypted token (JWE), which the service doesn't take",
            "sign the token and don't encrypt it",
        ),
        Malformed::Parts(1) => {
            cause("it has no dots in it, and a JWT has three parts with dots between: it is no JWT", again)
        }
        Malformed::Parts(count) => {
            let parts = crate::base::text::count(count, "part");
            let why = format!(
                "it has {parts}, with dots between them, and a JWT has three: it was cut off, or is no JWT"
            );
            cause(why, again)
        }
        Malformed::Header => cause("its first part is no base64url of a JSON object", again),
        Malformed::Payload => cause("its second part is no base64url of a JSON object", again),
        Malformed::Alg => cause("its header has no `alg`", again),
        Malformed::Crit => cause(
            "`crit` of its header is no list of names of other members that are there",
            "leave `crit` out of the header",
        ),
        Malformed::Unencoded => cause(
            "its header says that the payload is not base64url (`b64`: false)",
            "leave `b64` and `crit` out of the header",
        ),
    }
}

fn algorithm(alg: &str) -> Cause {
    if alg.eq_ignore_ascii_case("none") {
        return cause("it is not signed at all", "sign it with a key of the config");
    }
    let upper = alg.to_ascii_uppercase();
    if alg != upper && HmacAlg::read(&upper).is_some() {
        return cause(
            format!("`alg` of its header is {}, and upper and lower case count", Printable(alg)),
            format!("write it as {upper}"),
        );
    }
    cause(
        format!("the service doesn't take {} for any key", Printable(alg)),
        "sign with HS256, HS384 or HS512 and the secret of the config, or with RS256, ES256 or EdDSA and a key pair",
    )
}

/// A time of the token, where it is a number.
fn time_of(token: &str, claim: &str) -> Option<f64> {
    let payload = Jws::split(token).ok()?.payload();
    Object::parse(&payload).ok().flatten()?.get(claim)?.number()
}

const SECONDS: &str = "give seconds: Math.floor(Date.now() / 1000)";

fn lifetime(token: &str, span: f64) -> Cause {
    if [time_of(token, "exp"), time_of(token, "iat")]
        .into_iter()
        .flatten()
        .any(|time| time.abs() > MILLISECONDS)
    {
        return cause("its times are in milliseconds, and JWTs have seconds", SECONDS);
    }
    cause(
        format!("from `iat` to `exp` it lives {}, and the service takes 24 hours at most", span_text(span)),
        "let the backend make it for 24 hours or less; clients ask for a new one by themselves",
    )
}

fn expired(token: &str, exp: f64, now: NumericDate) -> Cause {
    let ago = seconds(now.seconds()) - exp;
    let why = match moment(exp) {
        Some(moment) => format!("it ended at {moment}, {} ago", span_text(ago)),
        None => format!("its `exp` is {}, which is long past", number_text(exp)),
    };
    if time_of(token, "iat").is_some_and(|iat| exp <= iat && iat < MILLISECONDS) {
        return cause(
            format!("{why}, and its `exp` lies before its `iat`"),
            "set `exp` to `iat` and its life, in seconds",
        );
    }
    let fix = if ago < CLOCK_SKEW {
        "if the backend has just made it, its clock is behind, or it makes them too short; else ask for a new one"
    } else {
        "ask the backend for a new one. If it has just made it, look at its clock and time zone"
    };
    cause(why, fix)
}

fn claim(name: &'static str, fault: ClaimFault, token: &str) -> Cause {
    let meaning = match name {
        "sub" => "the user's id",
        "iat" => "the moment of signing, in seconds since 1970",
        "exp" => "the end of its life, in seconds since 1970",
        _ => "the moment from which it is valid, in seconds since 1970",
    };
    match fault {
        ClaimFault::Missing => cause(format!("it has no `{name}`"), format!("add `{name}`: {meaning}")),
        ClaimFault::NotText => cause(
            format!("`{name}` is there, and is not text; the service's message is misleading"),
            format!("write `{name}` as text, in quotes: the user's id"),
        ),
        ClaimFault::NotANumber => cause(
            format!("`{name}` is there, and is no number; the service's message is misleading"),
            format!("write it as a number: {meaning}"),
        ),
        ClaimFault::Early(_) if time_of(token, name).is_some_and(|time| time > MILLISECONDS) => cause(
            format!(
                "`{name}` is in milliseconds, and JWTs have seconds; the service's message is misleading"
            ),
            SECONDS,
        ),
        ClaimFault::Early(ahead) => cause(
            format!(
                "it has `{name}`, and is not valid for another {}; the service's message is misleading",
                span_text(ahead)
            ),
            if ahead < CLOCK_SKEW {
                "if it was meant to be valid at once, the clock of the backend is ahead: set it right, or leave `nbf` out"
            } else {
                "wait, or leave `nbf` out"
            },
        ),
    }
}

fn moment(time: f64) -> Option<NumericDate> {
    NumericDate::new(whole(time)?)
}

#[expect(clippy::cast_possible_truncation, reason = "checked to lie within what is exact")]
fn whole(number: f64) -> Option<i64> {
    (number.abs() < 9e15).then_some(number as i64)
}

/// A span in words, or in the largest unit where it is long.
fn span_text(span: f64) -> String {
    match whole(span) {
        Some(seconds) if seconds.abs() < 366 * 86400 => Seconds::new(seconds).to_string(),
        _ => "more than a year".to_owned(),
    }
}

fn audiences(keys: &KeySet) -> Vec<String> {
    keys.audiences.iter().filter_map(Member::value).map(|own| format!("`{}`", Printable(own))).collect()
}

fn audience_fix(keys: &KeySet) -> String {
    let own = audiences(keys);
    match own.as_slice() {
        [] => "the config has no audience, so the service rejects every token: add one, such as `audience: \
               ['powersync-dev']` under `client_auth`, and sign with it"
            .to_owned(),
        [one] => format!("set `aud` to {one}, the audience of the config"),
        _ => format!("set `aud` to one of the config's audiences: {}", list(&own)),
    }
}

fn audience(keys: &KeySet, aud: &str) -> Cause {
    let fix = audience_fix(keys);
    let given: Vec<String> = match serde_json::from_str(aud) {
        Ok(serde_json::Value::String(text)) => vec![text],
        Ok(serde_json::Value::Array(items)) => {
            items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    };
    let pairs = keys
        .audiences
        .iter()
        .filter_map(Member::value)
        .flat_map(|own| given.iter().map(move |aud| (own, aud)));
    let nearest =
        pairs.map(|(own, aud)| (difference(own, aud), own, aud)).min_by_key(|(distance, ..)| *distance);
    match nearest {
        Some((distance, own, aud)) if distance <= 2 || own.eq_ignore_ascii_case(aud) => {
            let how = if own.eq_ignore_ascii_case(aud) {
                "in upper and lower case".to_owned()
            } else {
                format!("by {}", crate::base::text::count(distance, "character"))
            };
            cause(
                format!(
                    "its `aud` {} differs from the config's {} {how}",
                    Printable(&quoted(aud)),
                    Printable(&quoted(own))
                ),
                fix,
            )
        }
        _ if keys.audiences.is_empty() => {
            cause("no `aud` is right as long as the config has no audience", fix)
        }
        _ => cause("its `aud` is none of the config's audiences", fix),
    }
}

fn quoted(text: &str) -> String {
    format!("`{text}`")
}

/// In how many characters two short texts differ. Long ones are not compared: the time grows with both lengths.
fn difference(one: &str, two: &str) -> usize {
    if one.len().max(two.len()) > 1000 { usize::MAX } else { damerau_levenshtein(one, two) }
}

/// Whether one kid may be the other, mistyped. Those that differ in their digits are different keys.
fn is_near(one: &str, two: &str) -> bool {
    let letters = |kid: &str| kid.replace(|c: char| c.is_ascii_digit(), "");
    one.eq_ignore_ascii_case(two.trim()) || (letters(one) != letters(two) && difference(one, two) <= 2)
}

/// A token whose signature, or kid, is wrong.
struct Signature<'a> {
    keys: &'a KeySet,
    removed: Option<&'a KeySet>,
    token: &'a str,
}

/// A key whose secret signed it, in some way of writing.
struct Found<'k> {
    key: &'k Key,
    writing: Writing,
    removed: bool,
}

impl<'a> Signature<'a> {
    fn cause(&self, rejection: &Rejection) -> Cause {
        let header = Jws::split(self.token).map(|jws| jws.header).unwrap_or_default();
        let header = Object::parse(&header).ok().flatten();
        let alg = header.as_ref().and_then(|header| header.get("alg")?.text()).unwrap_or_default();
        let kid = header.as_ref().and_then(|header| header.get("kid")?.text()).filter(|kid| !kid.is_empty());
        let named = match rejection {
            Rejection::Signature { key } | Rejection::Algorithm { key, .. } => self.keys.keys().get(*key),
            _ => None,
        };
        let found = HmacAlg::read(alg).and_then(|alg| self.signed_with(alg, named));
        match (named, found) {
            (Some(named), found) if matches!(rejection, Rejection::Algorithm { .. }) => {
                let secret = match found {
                    Some(found) if found.key.index == named.index && found.writing == Writing::EXACT => {
                        ". The secret is the right one"
                    }
                    _ => "",
                };
                cause(
                    format!(
                        "its `alg` is {alg}, and {} takes {} only{secret}",
                        named.name(),
                        named.alg_text()
                    ),
                    format!("sign with {}", named.alg_text()),
                )
            }
            (named, Some(found)) => signed_by(named, kid, &found),
            (Some(named), None) => self.signed_by_nobody(named),
            (None, None) => self.unknown_kid(kid),
        }
    }

    /// Tries the secrets of all keys in all ways of writing, those of the key that the token names first.
    fn signed_with(&self, alg: HmacAlg, named: Option<&'a Key>) -> Option<Found<'a>> {
        let jws = Jws::split(self.token).ok()?;
        let own = self.keys.keys().iter().map(|key| (key, false));
        let old = self.removed.into_iter().flat_map(|keys| keys.keys().iter().map(|key| (key, true)));
        let all = named.map(|key| (key, false)).into_iter().chain(own).chain(old);
        let mut found: Option<(usize, Found<'a>)> = None;
        for (key, removed) in all {
            let Some(secret) = key.secret() else { continue };
            for (rank, (writing, bytes)) in writing::of(secret).into_iter().enumerate() {
                let key_of_ring = hmac::Key::new(hmac_algorithm(alg), bytes.bytes());
                let good = hmac::verify(&key_of_ring, jws.signed.as_bytes(), &jws.signature).is_ok();
                if good && found.as_ref().is_none_or(|(best, _)| rank < *best) {
                    found = Some((rank, Found { key, writing, removed }));
                }
            }
        }
        found.map(|(_, found)| found)
    }

    fn signed_by_nobody(&self, named: &Key) -> Cause {
        if named.is_public() {
            return cause(
                format!("it names {}, and was signed with another private key", named.name()),
                "sign with the private key that belongs to it, or name the key that signs",
            );
        }
        let why = format!(
            "it names {}, and was signed with another secret: none of this config in any usual way of writing it{}",
            named.name(),
            self.not_tried()
        );
        cause(
            why,
            format!(
                "give the backend the secret of {}: `powersync-jwks export {}`",
                named.name(),
                named.argument()
            ),
        )
    }

    fn unknown_kid(&self, kid: Option<&str>) -> Cause {
        let Some(kid) = kid else {
            return cause(
                format!("its header has no `kid`, and no key without a kid verifies it{}", self.not_tried()),
                self.kid_fix(),
            );
        };
        let shown = Printable(kid).to_string();
        if let Some(gone) = self.removed.and_then(|keys| with_kid(keys, kid)) {
            return cause(
                format!("its kid, {}, is that of a key that was removed", gone.name()),
                self.kid_fix(),
            );
        }
        let kids = self.keys.keys().iter().filter_map(|key| key.kid.value());
        let mut why = format!("no key of this config has its kid, {shown}");
        if let Some(near) =
            kids.filter(|own| is_near(own.as_str(), kid)).min_by_key(|own| difference(own.as_str(), kid))
        {
            let _ = write!(why, "; the config has {near}");
        }
        why.push_str(&self.not_tried());
        let fix = match self.removed {
            Some(_) => self.kid_fix(),
            None => format!(
                "{}. If the key was removed, an earlier config tells: `powersync-jwks verify --against OLD`",
                self.kid_fix()
            ),
        };
        cause(why, fix)
    }

    fn kid_fix(&self) -> String {
        match self.keys.current().ok().flatten() {
            Some(current) => format!(
                "sign with the current key, {}, and put its kid into the header: `powersync-jwks export`",
                current.name()
            ),
            None => "sign with a key of the config, and put its kid into the header".to_owned(),
        }
    }

    /// The keys whose secrets are not known.
    fn not_tried(&self) -> String {
        let unknown: Vec<String> = self
            .keys
            .unseen()
            .map(|key| format!("{} ({})", key.name(), key.variable().unwrap_or("a variable")))
            .collect();
        if unknown.is_empty() {
            String::new()
        } else {
            format!(". Not tried, since not known here: {}", list(&unknown))
        }
    }
}

fn with_kid<'k>(keys: &'k KeySet, kid: &str) -> Option<&'k Key> {
    keys.keys().iter().find(|key| key.kid.value().is_some_and(|own| own.as_str() == kid))
}

/// A token whose signer was found, though not the one it names, or not as it should be.
fn signed_by(named: Option<&Key>, kid: Option<&str>, found: &Found<'_>) -> Cause {
    let signer = found.key.name();
    let wrong = mistake(found.writing);
    if found.removed {
        return cause(
            format!(
                "it was signed with {signer}, which was removed from the config{}",
                wrong.map_or("", |_| ", in another writing")
            ),
            "give the backend the current kid and secret: `powersync-jwks export`",
        );
    }
    if named.is_some_and(|named| named.index == found.key.index)
        || (named.is_none() && kid.is_none() && found.key.is_wildcard())
    {
        let (why, fix) = wrong.unwrap_or(("with its own secret", "sign again"));
        return cause(format!("it was signed with the secret of {signer}, but {why}"), fix);
    }
    let header = match (kid, named) {
        (_, Some(named)) => format!("its header names {}", named.name()),
        (Some(kid), None) => format!("its header has the kid {}, which no key has", Printable(kid)),
        (None, None) => "its header has no kid".to_owned(),
    };
    let fix = if found.key.kid.is_absent() {
        "leave the kid out of the header".to_owned()
    } else {
        format!(
            "kid and secret go together: put the kid {signer} into the header, or sign with the secret of the kid that is there"
        )
    };
    match wrong {
        None => cause(format!("it was signed with the secret of {signer}, but {header}"), fix),
        Some((why, todo)) => cause(
            format!("it was signed with the secret of {signer}, but {why}, and {header}"),
            format!("{todo}; {fix}"),
        ),
    }
}

/// What a backend does that writes the secret this way, and what it should do. Nothing, where it is right.
fn mistake(writing: Writing) -> Option<(&'static str, &'static str)> {
    let decode = "decode the secret: Buffer.from(secret, 'base64url')";
    match (writing.form, writing.ending) {
        (_, Ending::LineBreak) => Some((
            "with a line break at its end",
            "cut the line break off: a file, or `echo` without `-n`, brings it in",
        )),
        (_, Ending::LineBreakMissing) => Some((
            "without the line break at its end, which the config has in `k`",
            "sign with the line break, or import the secret anew without it: `powersync-jwks rotate --secret-file PATH --encoding text`",
        )),
        (Form::Bytes, Ending::None) => None,
        (Form::Base64url, _) => {
            Some(("the base64url text was taken as the key, instead of the bytes behind it", decode))
        }
        (Form::Base64urlPadded | Form::Base64 | Form::Base64Unpadded, _) => Some((
            "its base64 text was taken as the key, instead of the bytes behind it",
            "decode the secret: Buffer.from(secret, 'base64')",
        )),
        (Form::Hex, _) => Some((
            "its hexadecimal text was taken as the key, instead of the bytes behind it",
            "decode the secret: Buffer.from(secret, 'hex')",
        )),
        (Form::Decoded, _) => Some((
            "it was decoded: in this config the text itself is the key, as PowerSync's guide makes it",
            "sign with the text as it is: Buffer.from(secret, 'utf8'). Or import it anew: `powersync-jwks rotate --secret-file PATH --encoding base64`",
        )),
        (Form::Twice, _) => Some(("it was encoded twice, and that text taken as the key", decode)),
    }
}
