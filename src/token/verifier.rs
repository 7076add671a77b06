//! Verification, in the service's order.

use ring::hmac;

use super::js::{JsValue, Object};
use super::jws::{Header, Jws};
use super::public::SignatureCheck;
use super::rejection::{ClaimFault, Malformed, Rejection};
use super::undetermined::{Stop, Undetermined, UnknownAudience, Unverifiable};
use super::{hmac_algorithm, seconds};
use crate::base::time::NumericDate;
use crate::keyset::{HmacAlg, Key, KeySet, Material, Member, NotStarting, PublicKey};
use crate::schedule::{MAX_TOKEN_TTL, TOLERANCE};

/// Verifies tokens as the service does that reads these keys. Made once and then used, from any thread.
pub struct Verifier {
    keys: KeySet,
    /// What each key verifies with, in the order of the file.
    checks: Vec<KeyCheck>,
    audiences: Vec<String>,
    /// An audience whose value is not known here, if there is one.
    unknown_audience: Option<UnknownAudience>,
}

/// What a key verifies with.
enum KeyCheck {
    Hmac(HmacAlg, hmac::Key),
    Public(PublicKey),
    /// It can't be used here: why.
    Unknown(Unverifiable),
}

/// What the service would say.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It lets the user in.
    Accepted(Accepted),
    /// It answers 401.
    Rejected(Rejection),
    /// That can't be determined from here: why.
    Undetermined(Undetermined),
}

/// A token that the service accepts.
#[derive(Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The place in the file of the key that signed it, from 0.
    pub key: usize,
    /// Its claims, as its JSON.
    pub claims: String,
}

/// What is said of a user is nobody else's.
impl std::fmt::Debug for Accepted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Accepted {{ key: {}, claims: … }}", self.key)
    }
}

impl Verifier {
    /// Prepares the keys. Fails where the service does not start with them.
    pub fn new(keys: &KeySet) -> Result<Self, NotStarting> {
        keys.check_start()?;
        let unknown = keys.audiences.iter().find_map(|audience| match audience {
            Member::Variable(name) => Some(UnknownAudience::Variable(name.clone())),
            _ => None,
        });
        let cloud = keys.is_cloud.then_some(UnknownAudience::Cloud);
        Ok(Self {
            checks: keys.keys().iter().map(KeyCheck::of).collect(),
            audiences: keys.audiences.iter().filter_map(Member::value).cloned().collect(),
            unknown_audience: unknown.or(cloud),
            keys: keys.clone(),
        })
    }

    /// What the service would say to this token at that moment.
    #[must_use]
    pub fn verify(&self, token: &str, now: NumericDate) -> Verdict {
        match self.judge(token, now) {
            Ok(accepted) => Verdict::Accepted(accepted),
            Err(Stop::Rejected(rejection)) => Verdict::Rejected(rejection),
            Err(Stop::Undetermined(why)) => Verdict::Undetermined(why),
        }
    }

    fn judge(&self, token: &str, now: NumericDate) -> Result<Accepted, Stop> {
        if token.is_empty() || token.contains(char::is_whitespace) {
            return Err(Rejection::NoToken.into());
        }
        let jws = Jws::split(token)?;
        let header = jws.header()?;
        let key = self.key_of(&header, &jws)?;
        if !header.encoded {
            return Err(Rejection::Malformed(Malformed::Unencoded).into());
        }
        let claims = jws.payload();
        let payload = Object::parse(&claims)?.ok_or(Rejection::Malformed(Malformed::Payload))?;
        self.check_claims(&payload, now)?;
        drop(payload);
        Ok(Accepted { key, claims })
    }

    /// The key that verifies the signature.
    fn key_of(&self, header: &Header<'_>, jws: &Jws<'_>) -> Result<usize, Stop> {
        let kid = header.object.get("kid").filter(JsValue::is_truthy);
        if let Some(kid) = kid {
            for (index, key) in self.keys.keys().iter().enumerate() {
                if let Member::Variable(name) = &key.kid {
                    return Err(Undetermined::Kid { key: key.name(), variable: name.clone() }.into());
                }
                if fits(&key.kid, kid) {
                    return self.exact(index, header, jws);
                }
            }
        }
        if let Some(member) = self.keys.other_login {
            return Err(Undetermined::OtherKeys { member }.into());
        }
        self.wildcard(header, jws)
    }

    /// The key that the kid names decides.
    fn exact(&self, index: usize, header: &Header<'_>, jws: &Jws<'_>) -> Result<usize, Stop> {
        let not_checked = |why| Stop::from(Undetermined::Key { key: self.keys.keys()[index].name(), why });
        let check = &self.checks[index];
        match check.takes(&header.alg) {
            Ok(true) => {}
            Ok(false) => return Err(Rejection::Algorithm { alg: header.alg.clone(), key: index }.into()),
            Err(why) => return Err(not_checked(why)),
        }
        match check.verify(&header.alg, jws) {
            SignatureCheck::Good => Ok(index),
            SignatureCheck::Bad => Err(Rejection::Signature { key: index }.into()),
            SignatureCheck::Useless(message) => Err(Rejection::UselessKey { message, key: index }.into()),
            SignatureCheck::NotChecked(why) => Err(not_checked(why)),
        }
    }

    /// Each key without a kid is tried.
    fn wildcard(&self, header: &Header<'_>, jws: &Jws<'_>) -> Result<usize, Stop> {
        let mut unknown = None;
        for (index, (key, check)) in self.keys.keys().iter().zip(&self.checks).enumerate() {
            if !key.is_wildcard() {
                continue;
            }
            let outcome = match check.takes(&header.alg) {
                Ok(true) => check.verify(&header.alg, jws),
                Ok(false) => continue,
                Err(why) => SignatureCheck::NotChecked(why),
            };
            match outcome {
                SignatureCheck::Good => return Ok(index),
                SignatureCheck::Bad => {}
                // The service gives up here, unless a key before it verifies.
                SignatureCheck::Useless(message) if unknown.is_none() => {
                    return Err(Rejection::UselessKey { message, key: index }.into());
                }
                SignatureCheck::Useless(_) => break,
                SignatureCheck::NotChecked(why) => unknown = unknown.or(Some((key, why))),
            }
        }
        match unknown {
            Some((key, why)) => Err(Undetermined::Wildcard { key: key.name(), why }.into()),
            None => Err(Rejection::NoKey.into()),
        }
    }

    fn check_claims(&self, payload: &Object<'_>, now: NumericDate) -> Result<(), Stop> {
        let missing = |name| Rejection::Claim { name, fault: ClaimFault::Missing };
        let number = |name, value: JsValue<'_>| {
            value.number().ok_or(Rejection::Claim { name, fault: ClaimFault::NotANumber })
        };
        // In this order: the service's list, from its end.
        let exp = payload.get("exp").ok_or(missing("exp"))?;
        let iat = payload.get("iat").ok_or(missing("iat"))?;
        // The published code only asks whether it is there; the running service was measured to want text.
        let sub = payload.get("sub").ok_or(missing("sub"))?;
        if sub.text().is_none() {
            return Err(Rejection::Claim { name: "sub", fault: ClaimFault::NotText }.into());
        }
        let iat = number("iat", iat)?;
        let (now, tolerance) = (seconds(now.seconds()), seconds(TOLERANCE.get()));
        if let Some(nbf) = payload.get("nbf") {
            let nbf = number("nbf", nbf)?;
            if nbf > now + tolerance {
                return Err(Rejection::Claim { name: "nbf", fault: ClaimFault::Early(nbf - now) }.into());
            }
        }
        let exp = number("exp", exp)?;
        if exp <= now - tolerance {
            return Err(Rejection::Expired { exp }.into());
        }
        self.check_audience(payload)?;
        if exp - iat > seconds(MAX_TOKEN_TTL.get()) {
            return Err(Rejection::Lifetime { seconds: exp - iat }.into());
        }
        match payload.get("parameters") {
            Some(parameters) if !parameters.is_null() && !parameters.is_object() => {
                Err(Rejection::Parameters.into())
            }
            _ => Ok(()),
        }
    }

    fn check_audience(&self, payload: &Object<'_>) -> Result<(), Stop> {
        let aud = payload.get("aud").filter(|aud| !aud.is_null()).ok_or(Rejection::AudienceMissing)?;
        let items = aud.items().unwrap_or_else(|| vec![aud]);
        let known =
            |item: &JsValue<'_>| item.text().is_some_and(|text| self.audiences.iter().any(|own| own == text));
        match &self.unknown_audience {
            _ if items.iter().any(known) => Ok(()),
            Some(why) => Err(Undetermined::Audience(why.clone()).into()),
            None => Err(Rejection::Audience { aud: aud.stringify() }.into()),
        }
    }
}

fn fits(kid: &Member<crate::keyset::Kid>, token: JsValue<'_>) -> bool {
    match kid {
        Member::Value(kid) => token.loosely_equals(kid.as_str()),
        // `kid: ''`, the only one that is there and can't be read in a config the service starts with.
        Member::Unreadable(_) => token.loosely_equals(""),
        Member::Absent | Member::Variable(_) => false,
    }
}

impl KeyCheck {
    fn of(key: &Key) -> Self {
        match &key.material {
            Material::Symmetric { alg: Member::Value(alg), .. } => match (key.secret(), key.variable()) {
                (Some(secret), _) => Self::Hmac(*alg, hmac::Key::new(hmac_algorithm(*alg), secret.bytes())),
                (None, variable) => Self::Unknown(Unverifiable::Variable {
                    what: "secret",
                    variable: variable.unwrap_or_default().to_owned(),
                }),
            },
            Material::Symmetric { alg: Member::Variable(name), .. } => {
                Self::Unknown(Unverifiable::Variable { what: "`alg`", variable: name.clone() })
            }
            Material::Public(public) => Self::Public(public.clone()),
            Material::Symmetric { .. } | Material::Unusable(_) => Self::Unknown(Unverifiable::Unreadable),
        }
    }

    /// Whether it takes tokens of this algorithm, or why that can't be determined.
    fn takes(&self, alg: &str) -> Result<bool, Unverifiable> {
        match self {
            Self::Hmac(own, _) => Ok(own.name() == alg),
            Self::Public(key) => key.takes(alg).ok_or(Unverifiable::Variables("`alg`")),
            Self::Unknown(why) => Err(why.clone()),
        }
    }

    fn verify(&self, alg: &str, jws: &Jws<'_>) -> SignatureCheck {
        match self {
            Self::Hmac(_, key) if hmac::verify(key, jws.signed.as_bytes(), &jws.signature).is_ok() => {
                SignatureCheck::Good
            }
            Self::Hmac(..) => SignatureCheck::Bad,
            Self::Public(key) => key.verify(alg, jws.signed.as_bytes(), &jws.signature),
            Self::Unknown(why) => SignatureCheck::NotChecked(why.clone()),
        }
    }
}
