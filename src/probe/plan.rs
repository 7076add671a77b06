//! What to ask: three tokens for each key whose secret is known.

use zeroize::Zeroizing;

use super::standing::Asked;
use crate::base::random::{Random, RandomError};
use crate::base::sentence::{Sentence, sentence};
use crate::base::time::{NumericDate, Seconds};
use crate::keyset::{Fault, HmacAlg, Key, KeySet, Kid, Material, Member, Secret};
use crate::token::{Claims, Signer};

/// Who asks, for those who read the service's log.
const SUBJECT: &str = "powersync-jwks-probe";
/// How long the tokens live.
const LIFE: Seconds = Seconds::new(60);

/// What a service that runs with the config should say of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// It is in the config.
    Live,
    /// It was in an earlier one.
    Gone,
}

/// A key to ask for.
#[derive(Clone, Debug)]
pub struct ProbedKey {
    /// As people name it.
    pub name: String,
    /// Its place in its config, from 0.
    pub index: usize,
    /// What should be found.
    pub expected: Expectation,
    kid: Option<Kid>,
    alg: HmacAlg,
    secret: Secret,
}

/// A symmetric key that can't be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// As people name it.
    pub name: String,
    /// Its place in the config, from 0.
    pub index: usize,
    /// Why.
    pub why: WhyLeftOut,
}

/// Why a key can't be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhyLeftOut {
    /// A member is in a variable whose value is not known here.
    Variable {
        /// Which member.
        member: &'static str,
        /// The variable.
        variable: String,
    },
    /// Its `alg` can't be read.
    UnreadableAlg,
    /// The service does not start with it.
    Unusable(Fault),
    /// `kid: ''`
    EmptyKid,
    /// The service takes a key before it, which has the same kid.
    Shadowed,
}

impl WhyLeftOut {
    /// Whether it could be asked for if more were known here.
    #[must_use]
    pub(crate) fn is_unknown(&self) -> bool {
        !matches!(self, Self::EmptyKid | Self::Shadowed)
    }

    /// Why.
    pub(crate) fn message(&self) -> Sentence {
        match self {
            Self::Variable { member, variable } => {
                sentence!("its `{member}` is in {variable}, whose value is not known here")
            }
            Self::UnreadableAlg => sentence!("its `alg` can't be read"),
            Self::Unusable(fault) => sentence!("the service does not start with it: {fault}"),
            Self::EmptyKid => sentence!("its kid is empty, so it verifies nothing"),
            Self::Shadowed => sentence!("a key before it has the same kid, so it verifies nothing"),
        }
    }
}

/// The keys to ask for, and those that can't be.
#[derive(Clone, Debug, Default)]
pub struct ProbePlan {
    /// The keys.
    pub subjects: Vec<ProbedKey>,
    /// The others, but for public ones: nobody here could sign for them.
    pub left_out: Vec<LeftOut>,
}

/// The tokens that tell about a key. None of them lets anyone in.
pub(crate) struct Questions {
    /// With the key's own kid and secret.
    pub own: Zeroizing<String>,
    /// With its secret, under a kid that nobody has.
    pub other_kid: Zeroizing<String>,
    /// With its kid, and a secret that nobody has.
    pub other_secret: Zeroizing<String>,
}

impl ProbePlan {
    /// All keys of a config, and those of an earlier one that are no longer in it.
    #[must_use]
    pub fn new(keys: &KeySet, earlier: Option<&KeySet>) -> Self {
        let mut plan = Self::default();
        for key in keys.keys() {
            plan.add(keys, key, Expectation::Live);
        }
        if let Some(earlier) = earlier {
            let mut old = Self::default();
            for key in earlier.keys() {
                old.add(earlier, key, Expectation::Gone);
            }
            old.subjects.retain(|subject| !plan.subjects.iter().any(|new| new.is_same_key(subject)));
            plan.subjects.extend(old.subjects);
        }
        plan
    }

    /// One key of a config.
    #[must_use]
    pub(crate) fn one(keys: &KeySet, key: &Key) -> Self {
        let mut plan = Self::default();
        plan.add(keys, key, Expectation::Live);
        plan
    }

    fn add(&mut self, keys: &KeySet, key: &Key, expected: Expectation) {
        match ProbedKey::of(keys, key, expected) {
            Ok(Some(subject)) => self.subjects.push(subject),
            Ok(None) => {}
            Err(left_out) => self.left_out.push(left_out),
        }
    }
}

impl ProbedKey {
    /// A key as something to ask for; nothing for a public one.
    fn of(keys: &KeySet, key: &Key, expected: Expectation) -> Result<Option<Self>, LeftOut> {
        let left_out = |why| LeftOut { name: key.name(), index: key.index, why };
        let in_variable =
            |member, variable: &str| left_out(WhyLeftOut::Variable { member, variable: variable.to_owned() });
        let alg = match &key.material {
            Material::Public(_) => return Ok(None),
            Material::Symmetric { alg: Member::Value(alg), .. } => *alg,
            Material::Symmetric { alg: Member::Variable(name), .. } => return Err(in_variable("alg", name)),
            Material::Symmetric { .. } => return Err(left_out(WhyLeftOut::UnreadableAlg)),
            Material::Unusable(fault) => return Err(left_out(WhyLeftOut::Unusable(*fault))),
        };
        let kid = match &key.kid {
            Member::Value(kid) => Some(kid.clone()),
            Member::Absent => None,
            Member::Variable(name) => return Err(in_variable("kid", name)),
            Member::Unreadable(_) => return Err(left_out(WhyLeftOut::EmptyKid)),
        };
        let earlier = &keys.keys()[..key.index];
        if kid.is_some() && earlier.iter().any(|first| first.kid.value() == kid.as_ref()) {
            return Err(left_out(WhyLeftOut::Shadowed));
        }
        let Some(secret) = key.secret().cloned() else {
            return Err(in_variable("k", key.variable().unwrap_or("a variable")));
        };
        Ok(Some(Self { name: key.name(), index: key.index, expected, kid, alg, secret }))
    }

    fn is_same_key(&self, other: &Self) -> bool {
        self.kid == other.kid && self.alg == other.alg && self.secret.same_key(&other.secret)
    }

    /// Which tokens it is asked for with.
    #[must_use]
    pub(crate) fn asked(&self) -> Asked {
        if self.kid.is_some() { Asked::WithItsKid } else { Asked::WithoutKid }
    }

    /// Fresh tokens: they live for a minute.
    pub(crate) fn questions(&self, now: NumericDate, random: &dyn Random) -> Result<Questions, RandomError> {
        let audience = format!("{SUBJECT}-{}", hex(random)?);
        let nobodys_kid = format!("{SUBJECT}-{}", hex(random)?);
        let nobodys_secret = Secret::fresh(self.alg.hash_length(), random)?;
        let kid = self.kid.as_ref().map(Kid::as_str);
        let token = |kid: Option<&str>, secret: &Secret| {
            let claims =
                Claims::new(SUBJECT, now, LIFE).map(|claims| claims.with_audience(vec![audience.clone()]));
            // A life of a minute is one that claims take, and texts and numbers are always written as JSON.
            let token =
                claims.ok().and_then(|claims| Signer::of_secret(self.alg, kid, secret).sign(&claims).ok());
            Zeroizing::new(token.unwrap_or_default())
        };
        Ok(Questions {
            own: token(kid, &self.secret),
            other_kid: token(Some(&nobodys_kid), &self.secret),
            other_secret: token(kid, &nobodys_secret),
        })
    }
}

/// Sixteen random hexadecimal digits.
fn hex(random: &dyn Random) -> Result<String, RandomError> {
    let mut bytes = [0; 8];
    random.fill(&mut bytes)?;
    Ok(format!("{:016x}", u64::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::System;
    use crate::config::{Config, Input};
    use crate::token::{Rejection, Verdict, Verifier};

    fn keys(entries: &str) -> KeySet {
        let text = format!(
            "storage: {{type: mongodb}}\nclient_auth:\n  audience: [app]\n  jwks:\n    keys: [{entries}]\n"
        );
        KeySet::read(&Config::parse_str(&text, Input::Yaml).unwrap())
    }

    const ONE: &str = "{kty: oct, alg: HS256, kid: one, k: MDEyMzQ1Njc4OWFiY2RlZi1maXJzdA}";
    const TWO: &str = "{kty: oct, alg: HS512, kid: two, k: MDEyMzQ1Njc4OWFiY2RlZi1zZWNvbmQ}";
    const ANY: &str = "{kty: oct, alg: HS256, k: MDEyMzQ1Njc4OWFiY2RlZi10aGlyZA}";

    #[test]
    fn no_token_lets_anyone_in_and_the_own_one_reaches_the_audience() {
        let keys = keys(&format!("{ONE}, {TWO}, {ANY}"));
        let verifier = Verifier::new(&keys).unwrap();
        let now = NumericDate::new(1_795_426_260).unwrap();
        let plan = ProbePlan::new(&keys, None);
        assert_eq!(plan.subjects.len(), 3);
        for subject in &plan.subjects {
            let questions = subject.questions(now, &System::new()).unwrap();
            let said = |token: &str| match verifier.verify(token, now) {
                Verdict::Rejected(why) => why,
                other => panic!("{}: {other:?}", subject.name),
            };
            assert!(matches!(said(&questions.own), Rejection::Audience { .. }));
            assert_eq!(
                matches!(said(&questions.other_secret), Rejection::Signature { .. }),
                subject.kid.is_some()
            );
            assert_eq!(matches!(said(&questions.other_kid), Rejection::NoKey), subject.kid.is_some());
        }
    }

    #[test]
    fn what_cannot_be_asked_for_is_named() {
        let keys = keys(&format!(
            "{ONE}, {{kty: oct, alg: HS256, kid: one, k: eA}}, {{kty: oct, alg: HS256, kid: '', k: eA}}, \
             {{kty: oct, alg: HS256, kid: three, k: !env PS_KEY}}, {{kty: OKP, crv: Ed25519, alg: EdDSA, kid: public, x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'}}"
        ));
        let plan = ProbePlan::new(&keys, None);
        assert_eq!(plan.subjects.iter().map(|subject| subject.index).collect::<Vec<_>>(), [0]);
        let left_out: Vec<_> = plan.left_out.iter().map(|out| (out.index, out.why.is_unknown())).collect();
        assert_eq!(left_out, [(1, false), (2, false), (3, true)]);
        assert_eq!(plan.left_out[2].why, WhyLeftOut::Variable { member: "k", variable: "PS_KEY".to_owned() });
    }

    #[test]
    fn of_an_earlier_config_only_what_is_gone_is_asked_for() {
        let re_keyed = "{kty: oct, alg: HS512, kid: two, k: MDEyMzQ1Njc4OWFiY2RlZi1hbm90aGVy}";
        let plan = ProbePlan::new(
            &keys(&format!("{ONE}, {re_keyed}")),
            Some(&keys(&format!("{ONE}, {TWO}, {ANY}"))),
        );
        let asked: Vec<_> =
            plan.subjects.iter().map(|subject| (subject.name.as_str(), subject.expected)).collect();
        assert_eq!(
            asked,
            [
                ("one", Expectation::Live),
                ("two", Expectation::Live),
                ("two", Expectation::Gone),
                ("@3", Expectation::Gone)
            ]
        );
    }
}
