//! Verification, in the service's order.

use super::check::KeyCheck;
use super::js::{JsValue, Object};
use super::jws::{Header, Jws};
use super::place::{Behind, KeyPlace, Ways};
use super::public::SignatureCheck;
use super::rejection::{ClaimFault, MOST_BYTES, Malformed, Rejection};
use super::seconds;
use super::undetermined::{Stop, Undetermined, UnknownAudience, Unverifiable};
use crate::base::time::NumericDate;
use crate::keyset::{KeySet, Member, NotStarting, TokenTerms};
use crate::schedule::TOLERANCE;

/// Verifies tokens as the service does that reads these keys. Made once and then used, from any thread.
pub struct Verifier {
    ways: Ways,
    /// All keys that are known, in the order in which the service looks.
    checks: Vec<(KeyPlace, KidToFit, KeyCheck)>,
    audiences: Vec<String>,
    /// An audience whose value is not known here, if there is one.
    unknown_audience: Option<UnknownAudience>,
}

/// The kid of a key, as tokens are compared with it.
enum KidToFit {
    /// It has none: tokens of any kid are tried with it.
    Any,
    Text(String),
    /// In this variable, whose value is not known here.
    Variable(String),
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
    /// The key that signed it.
    pub key: KeyPlace,
    /// Its claims, as its JSON.
    pub claims: String,
    /// Keys that were not looked at, by the names of their logins: one of the token's kid there would come first.
    pub unseen: Vec<String>,
}

/// What is said of a user is nobody else's.
impl std::fmt::Debug for Accepted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Accepted {{ key: {:?}, claims: … }}", self.key)
    }
}

impl Verifier {
    /// Prepares the keys. Fails where the service does not start with them.
    pub fn new(keys: &KeySet) -> Result<Self, NotStarting> {
        Self::with_fetched(keys, Vec::new())
    }

    /// The same, with keys from elsewhere: of each login whose keys are fetched, in the order of
    /// [`Logins::all`](crate::keyset::Logins::all), what is behind it. Those that are missing were not looked at.
    pub fn with_fetched(keys: &KeySet, behind: Vec<Behind>) -> Result<Self, NotStarting> {
        keys.check_start()?;
        let unknown = keys.audiences.iter().find_map(|audience| match audience {
            Member::Variable(name) => Some(UnknownAudience::Variable(name.clone())),
            _ => None,
        });
        let cloud = keys.is_cloud.then_some(UnknownAudience::Cloud);
        let ways = Ways::new(keys, behind);
        let own = keys.keys().iter().map(|key| {
            let kid = match &key.kid {
                Member::Value(kid) => KidToFit::Text(kid.as_str().to_owned()),
                // `kid: ''`, the only one that is there and can't be read in a config the service starts with.
                Member::Unreadable(_) => KidToFit::Text(String::new()),
                Member::Variable(name) => KidToFit::Variable(name.clone()),
                Member::Absent => KidToFit::Any,
            };
            (KeyPlace::File(key.index), kid, KeyCheck::of(key))
        });
        let supabase = keys.logins.all().iter().filter_map(KeyCheck::of_supabase);
        let supabase = supabase.map(|check| (KeyPlace::SupabaseSecret, KidToFit::Any, check));
        let fetched = ways.elsewhere_keys().map(|(place, key)| {
            let kid = key.kid.clone().map_or(KidToFit::Any, KidToFit::Text);
            (place, kid, KeyCheck::Fetched(key.clone()))
        });
        Ok(Self {
            checks: own.chain(supabase).chain(fetched).collect(),
            audiences: keys.audiences.iter().filter_map(Member::value).cloned().collect(),
            unknown_audience: unknown.or(cloud),
            ways,
        })
    }

    pub(super) fn ways(&self) -> &Ways {
        &self.ways
    }

    /// A key as people name it.
    #[must_use]
    pub fn name(&self, place: KeyPlace) -> String {
        self.ways.name(place)
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
        if token.len() > MOST_BYTES {
            return Err(Rejection::TooLarge { bytes: token.len() }.into());
        }
        if token.is_empty() || token.contains(char::is_whitespace) {
            return Err(Rejection::NoToken.into());
        }
        let jws = Jws::split(token)?;
        let header = jws.header()?;
        let (key, by_kid) = self.key_of(&header, &jws)?;
        if !header.encoded {
            return Err(Rejection::Malformed(Malformed::Unencoded).into());
        }
        let claims = jws.payload();
        let payload = Object::parse(&claims)?.ok_or(Rejection::Malformed(Malformed::Payload))?;
        self.check_claims(&payload, self.ways.terms(key), now)?;
        drop(payload);
        // One that its kid names, in the file, comes before all others.
        let is_first = by_kid && matches!(key, KeyPlace::File(_));
        let has_kid = header.object.get("kid").is_some_and(|kid| kid.is_truthy());
        let unseen = if is_first || !has_kid { Vec::new() } else { self.ways.unseen() };
        Ok(Accepted { key, claims, unseen })
    }

    /// The key that verifies the signature, and whether the kid names it.
    fn key_of(&self, header: &Header<'_>, jws: &Jws<'_>) -> Result<(KeyPlace, bool), Stop> {
        if let Some(kid) = header.object.get("kid").filter(JsValue::is_truthy) {
            for (place, own, check) in &self.checks {
                match own {
                    KidToFit::Variable(name) => {
                        let key = self.name(*place);
                        return Err(Undetermined::Kid { key, variable: name.clone() }.into());
                    }
                    KidToFit::Text(_) if kid.cannot_be_text() => return Err(Rejection::KidBreaks.into()),
                    KidToFit::Text(own) if kid.loosely_equals(own) => {
                        return self.exact(*place, check, header, jws).map(|key| (key, true));
                    }
                    KidToFit::Text(_) | KidToFit::Any => {}
                }
            }
        }
        self.wildcard(header, jws).map(|key| (key, false))
    }

    /// The key that the kid names decides.
    fn exact(
        &self,
        place: KeyPlace,
        check: &KeyCheck,
        header: &Header<'_>,
        jws: &Jws<'_>,
    ) -> Result<KeyPlace, Stop> {
        let not_checked = |why| Stop::from(Undetermined::Key { key: self.name(place), why });
        match check.takes(&header.alg) {
            Ok(true) => {}
            Ok(false) => return Err(Rejection::Algorithm { alg: header.alg.clone(), key: place }.into()),
            Err(why) => return Err(not_checked(why)),
        }
        match check.verify(&header.alg, jws) {
            SignatureCheck::Good => Ok(place),
            SignatureCheck::Bad => Err(Rejection::Signature { key: place }.into()),
            SignatureCheck::Useless(message) => Err(Rejection::UselessKey { message, key: place }.into()),
            SignatureCheck::NotChecked(why) => Err(not_checked(why)),
        }
    }

    /// Each key without a kid is tried.
    fn wildcard(&self, header: &Header<'_>, jws: &Jws<'_>) -> Result<KeyPlace, Stop> {
        let mut unknown: Option<(KeyPlace, Unverifiable)> = None;
        for (place, _, check) in self.checks.iter().filter(|(_, kid, _)| matches!(kid, KidToFit::Any)) {
            let outcome = match check.takes(&header.alg) {
                Ok(true) => check.verify(&header.alg, jws),
                Ok(false) => continue,
                Err(why) => SignatureCheck::NotChecked(why),
            };
            match outcome {
                SignatureCheck::Good => return Ok(*place),
                SignatureCheck::Bad => {}
                // The service gives up here, unless a key before it verifies.
                SignatureCheck::Useless(message) if unknown.is_none() => {
                    return Err(Rejection::UselessKey { message, key: *place }.into());
                }
                SignatureCheck::Useless(_) => break,
                SignatureCheck::NotChecked(why) => unknown = unknown.or(Some((*place, why))),
            }
        }
        if let Some((place, why)) = unknown {
            return Err(Undetermined::Wildcard { key: self.name(place), why }.into());
        }
        // What is fetched is never a shared secret: it lets no token in that is signed with one.
        let unseen = self.ways.unseen();
        if !unseen.is_empty() && !header.alg.starts_with("HS") {
            return Err(Undetermined::OtherKeys { unseen, issuer: issuer(&jws.payload()) }.into());
        }
        match self.ways.failure() {
            Some((message, from)) => Err(Rejection::SetFails { message, from }.into()),
            None => Err(Rejection::NoKey.into()),
        }
    }

    fn check_claims(&self, payload: &Object<'_>, terms: TokenTerms, now: NumericDate) -> Result<(), Stop> {
        let missing = |name| Rejection::Claim { name, fault: ClaimFault::Missing };
        let number = |name, value: JsValue<'_>| {
            value.number().ok_or(Rejection::Claim { name, fault: ClaimFault::NotANumber })
        };
        // In this order: the service's list, from its end. Of `sub`, any type will do.
        let exp = payload.get("exp").ok_or(missing("exp"))?;
        let iat = payload.get("iat").ok_or(missing("iat"))?;
        let sub = payload.get("sub").ok_or(missing("sub"))?;
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
        self.check_audience(payload, terms)?;
        if exp - iat > seconds(terms.lifetime.get()) {
            return Err(Rejection::Lifetime { seconds: exp - iat, most: terms.lifetime }.into());
        }
        match payload.get("parameters") {
            Some(parameters) if !parameters.is_null() && !parameters.is_object() => {
                Err(Rejection::Parameters.into())
            }
            _ if sub.as_string().contains('\0') => Err(Rejection::SubBreaks.into()),
            _ => Ok(()),
        }
    }

    fn check_audience(&self, payload: &Object<'_>, terms: TokenTerms) -> Result<(), Stop> {
        let aud = payload.get("aud").filter(|aud| !aud.is_null());
        let aud = aud.ok_or(Rejection::AudienceMissing { only: terms.audience })?;
        let items = aud.items().unwrap_or_else(|| vec![aud]);
        let is_one = |text: &str| match terms.audience {
            Some(only) => text == only,
            None => self.audiences.iter().any(|own| own == text),
        };
        let known = |item: &JsValue<'_>| item.text().is_some_and(is_one);
        match self.unknown_audience.as_ref().filter(|_| terms.audience.is_none()) {
            _ if items.iter().any(known) => Ok(()),
            Some(why) => Err(Undetermined::Audience(why.clone()).into()),
            None => Err(Rejection::Audience { aud: aud.stringify(), only: terms.audience }.into()),
        }
    }
}

/// Who a token says it is from, if it says so; nobody has checked that.
pub(super) fn issuer(claims: &str) -> Option<String> {
    let claims = Object::parse(claims).ok()??;
    claims.get("iss")?.text().map(str::to_owned)
}
