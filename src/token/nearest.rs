//! The cause of a rejection, found by trying what comes close.

use ring::hmac;
use strsim::damerau_levenshtein;

use super::cause::{Cause, ClaimsCause, FormCause};
use super::js::{Object, decode_text};
use super::jws::Jws;
use super::place::{KeyPlace, Ways};
use super::rejection::{ClaimFault, Rejection};
use super::signer_cause::{HeaderKid, SignerCause};
use super::undetermined::UnseenKey;
use super::verifier::{Verifier, issuer};
use super::writing::{self, Writing};
use super::{hmac_algorithm, seconds};
use crate::base::time::{NumericDate, Seconds};
use crate::keyset::{HmacAlg, Key, KeySet, Member, decode_as_service};

/// Numbers of seconds above this are after the year 5000: milliseconds, more likely.
const MILLISECONDS: f64 = 1e11;

/// The nearest cause of a rejection. `removed`: an earlier state of the config, whose keys are tried, too.
#[must_use]
pub fn nearest_cause(
    verifier: &Verifier,
    removed: Option<&KeySet>,
    token: &str,
    rejection: &Rejection,
    now: NumericDate,
) -> Cause {
    let ways = verifier.ways();
    match rejection {
        Rejection::NoToken => Cause::Form(FormCause::NoToken),
        Rejection::Malformed(what) => Cause::Form(cut(token).unwrap_or(FormCause::Malformed { what: *what })),
        Rejection::Extension(name) => Cause::Form(FormCause::Extension { name: name.clone() }),
        Rejection::AlgNotAllowed(alg) => Cause::Form(algorithm(alg)),
        Rejection::Parameters => Cause::Claims(ClaimsCause::Parameters),
        Rejection::Lifetime { seconds, most } => Cause::Claims(lifetime(token, *seconds, *most)),
        Rejection::KidBreaks => Cause::Form(FormCause::KidBreaks),
        Rejection::SubBreaks => Cause::Claims(ClaimsCause::SubBreaks),
        Rejection::TooLarge { bytes } => Cause::Form(FormCause::TooLarge { bytes: *bytes }),
        Rejection::Expired { exp } => Cause::Claims(expired(token, *exp, now)),
        Rejection::Claim { name, fault } => Cause::Claims(claim(name, *fault, token)),
        Rejection::AudienceMissing { only } => {
            Cause::Claims(ClaimsCause::AudienceMissing { audiences: audiences(&ways.keys, *only) })
        }
        Rejection::Audience { aud, only } => Cause::Claims(audience(audiences(&ways.keys, *only), aud)),
        Rejection::UselessKey { key, .. } => Cause::Signer(SignerCause::UselessKey { key: ways.name(*key) }),
        Rejection::NoKey
        | Rejection::SetFails { .. }
        | Rejection::Signature { .. }
        | Rejection::Algorithm { .. } => {
            let signer = || Cause::Signer(Signature { ways, removed, token }.cause(rejection));
            stray(token).or_else(|| cut(token)).map_or_else(signer, Cause::Form)
        }
    }
}

fn expired(token: &str, exp: f64, now: NumericDate) -> ClaimsCause {
    let seconds_ago = seconds(now.seconds()) - exp;
    if time_of(token, "iat").is_some_and(|iat| exp <= iat && iat < MILLISECONDS) {
        return ClaimsCause::ExpiredBeforeIat { exp, seconds_ago };
    }
    ClaimsCause::Expired { exp, seconds_ago }
}

fn claim(claim: &'static str, fault: ClaimFault, token: &str) -> ClaimsCause {
    match fault {
        ClaimFault::Missing => ClaimsCause::ClaimMissing { claim },
        ClaimFault::NotANumber => ClaimsCause::ClaimNotANumber { claim },
        ClaimFault::Early(_) if time_of(token, claim).is_some_and(|time| time > MILLISECONDS) => {
            ClaimsCause::Milliseconds { claim: Some(claim) }
        }
        ClaimFault::Early(seconds_ahead) => ClaimsCause::NotYetValid { seconds_ahead },
    }
}

fn stray(token: &str) -> Option<FormCause> {
    let is_stray = |c: char| !(c.is_ascii_alphanumeric() || "-_.+/=".contains(c));
    let (at, character) = token.chars().enumerate().find(|(_, c)| is_stray(*c))?;
    Some(match character {
        '"' | '\'' | '`' => FormCause::Quoted,
        _ => FormCause::StrayCharacter { character, position: at + 1 },
    })
}

/// What a token lacks that was cut off on its way.
fn cut(token: &str) -> Option<FormCause> {
    let mut parts = token.split('.');
    let (header, payload, signature) = (parts.next()?, parts.next(), parts.next());
    if parts.next().is_some() || !header.starts_with("eyJ") {
        return None;
    }
    let is_cut = |part: &str| {
        let text = decode_text(&decode_as_service(part));
        let error = serde_json::from_str::<serde::de::IgnoredAny>(&text).err();
        text.starts_with('{') && error.is_some_and(|error| error.is_eof())
    };
    let header_text = decode_text(&decode_as_service(header));
    match (payload, signature) {
        (None, _) => is_cut(header).then_some(FormCause::CutHeader),
        (Some(payload), None) if is_cut(payload) || payload.is_empty() => Some(FormCause::CutPayload),
        (Some(_), Some(signature)) => {
            let header = Object::parse(&header_text).ok()??;
            let of = signature_length(header.get("alg")?.text()?)?;
            let has = signature.trim_end_matches('=').len();
            (has < of && has > 0).then_some(FormCause::CutSignature { has, of })
        }
        (Some(_), None) => None,
    }
}

/// How many characters of base64url a signature has, or has at least.
fn signature_length(alg: &str) -> Option<usize> {
    Some(match alg {
        "HS256" => 43,
        "HS384" => 64,
        "HS512" | "ES256" | "EdDSA" => 86,
        "ES384" => 128,
        "ES512" => 176,
        // Of 2048 bits, which is the least.
        "RS256" | "RS384" | "RS512" => 342,
        _ => return None,
    })
}

fn algorithm(alg: &str) -> FormCause {
    let upper = alg.to_ascii_uppercase();
    if upper == "NONE" {
        FormCause::Unsigned
    } else if alg != upper && HmacAlg::read(&upper).is_some() {
        FormCause::AlgorithmCase { alg: alg.to_owned() }
    } else {
        FormCause::AlgorithmUnknown { alg: alg.to_owned() }
    }
}

/// A time of the token, where it is a number.
fn time_of(token: &str, claim: &str) -> Option<f64> {
    let payload = Jws::split(token).ok()?.payload();
    Object::parse(&payload).ok().flatten()?.get(claim)?.number()
}

fn lifetime(token: &str, seconds: f64, most: Seconds) -> ClaimsCause {
    let times = [time_of(token, "exp"), time_of(token, "iat")];
    if times.into_iter().flatten().any(|time| time.abs() > MILLISECONDS) {
        return ClaimsCause::Milliseconds { claim: None };
    }
    ClaimsCause::TooLong { seconds, most }
}

/// Those that the key of the token takes.
fn audiences(keys: &KeySet, only: Option<&str>) -> Vec<String> {
    match only {
        Some(only) => vec![only.to_owned()],
        None => keys.audiences.iter().filter_map(Member::value).cloned().collect(),
    }
}

fn audience(audiences: Vec<String>, aud: &str) -> ClaimsCause {
    let given: Vec<String> = match serde_json::from_str(aud) {
        Ok(serde_json::Value::String(text)) => vec![text],
        Ok(serde_json::Value::Array(items)) => {
            items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    };
    let pairs =
        audiences.iter().flat_map(|own| given.iter().map(move |aud| (difference(own, aud), own, aud)));
    match pairs.min_by_key(|(distance, ..)| *distance) {
        Some((characters, own, aud)) if characters <= 2 || own.eq_ignore_ascii_case(aud) => {
            ClaimsCause::AudienceNear { aud: aud.clone(), nearest: own.clone(), characters, audiences }
        }
        _ => ClaimsCause::AudienceOther { audiences },
    }
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
    ways: &'a Ways,
    removed: Option<&'a KeySet>,
    token: &'a str,
}

/// A key whose secret signed it, in some way of writing.
struct SignedWith<'k> {
    key: &'k Key,
    writing: Writing,
    removed: bool,
}

impl<'a> Signature<'a> {
    fn cause(&self, rejection: &Rejection) -> SignerCause {
        let header = Jws::split(self.token).map(|jws| jws.header).unwrap_or_default();
        let header = Object::parse(&header).ok().flatten();
        let alg = header.as_ref().and_then(|header| header.get("alg")?.text()).unwrap_or_default();
        let kid = header.as_ref().and_then(|header| header.get("kid")?.text()).filter(|kid| !kid.is_empty());
        let place = rejection.key();
        if let Some(place @ KeyPlace::Elsewhere { .. }) = place {
            return self.elsewhere(place, alg, rejection);
        }
        let named = match place {
            Some(KeyPlace::File(index)) => self.keys().keys().get(index),
            _ => None,
        };
        let found = HmacAlg::read(alg).and_then(|alg| self.signed_with(alg, named));
        match (named, found) {
            (Some(named), found) if matches!(rejection, Rejection::Algorithm { .. }) => {
                SignerCause::KeyAlgorithm {
                    key: named.name(),
                    alg: alg.to_owned(),
                    takes: named.alg_text(),
                    secret_is_right: found.is_some_and(|found| {
                        found.key.index == named.index && found.writing == Writing::EXACT
                    }),
                }
            }
            (named, Some(found)) => signed_by(named, kid, &found),
            (Some(named), None) if named.is_public() => SignerCause::OtherPrivateKey { key: named.name() },
            (Some(named), None) => SignerCause::OtherSecret {
                key: named.name(),
                argument: named.argument(),
                not_tried: UnseenKey::all(self.keys()),
            },
            (None, None) => self.unknown_kid(kid, alg, rejection),
        }
    }

    /// Tries the secrets of all keys in all ways of writing, those of the key that the token names first.
    fn signed_with(&self, alg: HmacAlg, named: Option<&'a Key>) -> Option<SignedWith<'a>> {
        let jws = Jws::split(self.token).ok()?;
        let own = self.keys().keys().iter().map(|key| (key, false));
        let old = self.removed.into_iter().flat_map(|keys| keys.keys().iter().map(|key| (key, true)));
        let all = named.map(|key| (key, false)).into_iter().chain(own).chain(old);
        let mut found: Option<(usize, SignedWith<'a>)> = None;
        for (key, removed) in all {
            let Some(secret) = key.secret() else { continue };
            for (rank, (writing, bytes)) in writing::of(secret).into_iter().enumerate() {
                let key_of_ring = hmac::Key::new(hmac_algorithm(alg), bytes.bytes());
                let good = hmac::verify(&key_of_ring, jws.signed.as_bytes(), &jws.signature).is_ok();
                if good && found.as_ref().is_none_or(|(best, _)| rank < *best) {
                    found = Some((rank, SignedWith { key, writing, removed }));
                }
            }
        }
        found.map(|(_, found)| found)
    }

    fn keys(&self) -> &'a KeySet {
        &self.ways.keys
    }

    /// A key from elsewhere has the token's kid, and did not sign it.
    fn elsewhere(&self, place: KeyPlace, alg: &str, rejection: &Rejection) -> SignerCause {
        let key = self.ways.name(place);
        if !matches!(rejection, Rejection::Algorithm { .. }) {
            return SignerCause::OtherPrivateKey { key };
        }
        let fetched = self.ways.elsewhere_keys().find(|(other, _)| *other == place);
        let takes = fetched.map_or("", |(_, key)| key.key.alg.as_deref().unwrap_or(key.key.kty));
        SignerCause::KeyAlgorithm {
            key,
            alg: alg.to_owned(),
            takes: takes.to_owned(),
            secret_is_right: false,
        }
    }

    /// Somebody else's token, where it can't be one of a shared secret of this config.
    fn foreign(&self, alg: &str) -> Option<SignerCause> {
        let shared = HmacAlg::read(alg).is_some();
        let has_shared = self.keys().keys().iter().any(Key::is_symmetric);
        let trusted = self.ways.trusted();
        let is_foreign = if shared { !has_shared && !trusted.is_empty() } else { true };
        let issuer = || issuer(&Jws::split(self.token).ok()?.payload());
        is_foreign.then(|| SignerCause::Foreign { alg: alg.to_owned(), issuer: issuer(), trusted })
    }

    fn unknown_kid(&self, kid: Option<&str>, alg: &str, rejection: &Rejection) -> SignerCause {
        if let Rejection::SetFails { from, .. } = rejection {
            return SignerCause::SetFails { from: from.clone() };
        }
        let current = self.keys().current().ok().flatten().map(Key::name);
        let known = |keys: &'a KeySet| kid.and_then(|kid| with_kid(keys, kid));
        if self.removed.and_then(known).is_none()
            && let Some(foreign) = self.foreign(alg)
        {
            return foreign;
        }
        let Some(kid) = kid else {
            let in_claims = Jws::split(self.token).is_ok_and(|jws| has_claim(&jws.payload(), "kid"));
            return SignerCause::NoKid { current, in_claims, not_tried: UnseenKey::all(self.keys()) };
        };
        if let Some(gone) = self.removed.and_then(|keys| with_kid(keys, kid)) {
            return SignerCause::RemovedKid { key: gone.name(), current };
        }
        let kids = self.keys().keys().iter().filter_map(|key| key.kid.value());
        let near = kids.filter(|own| is_near(own.as_str(), kid));
        SignerCause::UnknownKid {
            kid: kid.to_owned(),
            nearest: near.min_by_key(|own| difference(own.as_str(), kid)).map(ToString::to_string),
            current,
            not_tried: UnseenKey::all(self.keys()),
            compared: self.removed.is_some(),
        }
    }
}

fn has_claim(claims: &str, name: &str) -> bool {
    Object::parse(claims).ok().flatten().is_some_and(|claims| claims.get(name).is_some())
}

fn with_kid<'k>(keys: &'k KeySet, kid: &str) -> Option<&'k Key> {
    keys.keys().iter().find(|key| key.kid.value().is_some_and(|own| own.as_str() == kid))
}

/// A token whose signer was found, though not the one it names, or not as it should be.
fn signed_by(named: Option<&Key>, kid: Option<&str>, found: &SignedWith<'_>) -> SignerCause {
    let (key, writing) = (found.key.name(), found.writing);
    let header = match (kid, named) {
        _ if found.removed => return SignerCause::SignedByRemoved { key, writing },
        (_, Some(named)) if named.index == found.key.index => {
            return SignerCause::SignedWrong { key, writing };
        }
        (None, None) if found.key.is_wildcard() => return SignerCause::SignedWrong { key, writing },
        (_, Some(named)) => HeaderKid::Names(named.name()),
        (Some(kid), None) => HeaderKid::Unknown(kid.to_owned()),
        (None, None) => HeaderKid::Missing,
    };
    let kid = (!found.key.kid.is_absent()).then(|| key.clone());
    SignerCause::SignedByOther { key, kid, writing, header }
}
