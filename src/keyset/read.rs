//! From an entry of the config to a [`Key`].

use zeroize::Zeroizing;

use super::fault::{Fault, FaultKind};
use super::key::{Fingerprint, HmacAlg, Key, Known, Material, PublicKey, PublicNumbers, SecretSource};
use super::kid::Kid;
use super::member::Member;
use super::secret::{Secret, decode_as_service};
use super::{curve, strength};
use crate::base::time::NumericDate;
use crate::config::placeholder::Placeholder;
use crate::config::{Document, Edition, NodeId, Scalar, env_name};

/// The private members of a JWK (RFC 7518, sections 6.2.2 and 6.3.2; RFC 8037, section 2).
pub(crate) const PRIVATE_MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// The values of variables, as far as they are known here.
pub type Values<'v> = dyn Fn(&str) -> Option<Zeroizing<String>> + 'v;

/// `kid: ''` is accepted by the service and never matches a token.
pub(super) const EMPTY_KID: &str = "is empty";
const NULL: &str = "is empty (null)";
const NOT_TEXT: &str = "is not text";
const NOT_QUOTED: &str = "is not text; put it in quotes";
const CAST: &str = "is a variable cast to a number or boolean";
const WRONG_NAME: &str = "is a variable whose name is not one the service takes (PS_…)";

/// Reads one entry. Never fails: what makes no sense becomes [`Material::Unusable`] or [`Member::Unreadable`].
pub(super) fn key(entry: &Entry<'_, '_>, index: usize, line: usize) -> Key {
    let mut key = Key {
        index,
        line,
        kid: Member::Absent,
        material: Material::Unusable(Fault::NOT_A_MAPPING),
        iat: Member::Absent,
        nbf: Member::Absent,
        exp: Member::Absent,
        fingerprint: None,
    };
    if entry.doc.members(entry.id).is_some() {
        key.kid = entry.kid();
        key.material = entry.material();
        key.iat = entry.date("iat");
        key.nbf = entry.date("nbf");
        key.exp = entry.date("exp");
        key.fingerprint =
            matches!(key.material, Material::Unusable(_)).then(|| entry.fingerprint()).flatten();
    }
    key
}

/// An entry of the list, to be read.
pub(super) struct Entry<'d, 't> {
    pub(super) doc: &'d Document<'t>,
    pub(super) id: NodeId,
    /// PowerSync Cloud writes secrets as `{secret: !env NAME}` or `{secret_ref: NAME}`.
    pub(super) edition: Edition,
    pub(super) values: &'d Values<'d>,
    /// The same for the kid, which is shown.
    pub(super) names: &'d Values<'d>,
}

/// Whether the service starts without a member.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Required,
    Optional,
}
use Presence::{Optional, Required};

/// A member that has to be text, and what is known of it.
enum Text<'d> {
    Absent,
    Written(&'d str),
    /// A variable, and its value where it is known.
    Variable(&'d str, Option<Zeroizing<String>>),
    Unreadable(&'static str),
}

impl Text<'_> {
    /// The value, wherever it is.
    fn known(&self) -> Option<&str> {
        match self {
            Self::Written(text) => Some(text),
            Self::Variable(_, value) => value.as_deref().map(String::as_str),
            Self::Absent | Self::Unreadable(_) => None,
        }
    }
}

/// A value that has to be text.
fn text_of<'d>(doc: &'d Document<'_>, value: NodeId, edition: Edition, values: &Values<'_>) -> Text<'d> {
    match doc.scalar(value) {
        Some(Scalar::String(text)) => Text::Written(text),
        Some(Scalar::Env(written)) => match env_name(written) {
            (_, Some("number" | "boolean")) => Text::Unreadable(CAST),
            (name, _) if edition.is_env_name(written) => Text::Variable(name, values(name)),
            _ => Text::Unreadable(WRONG_NAME),
        },
        Some(Scalar::Null) => Text::Unreadable(NULL),
        Some(_) => Text::Unreadable(NOT_QUOTED),
        None => Text::Unreadable(NOT_TEXT),
    }
}

/// Reads an entry of `client_auth.audience`.
pub(super) fn audience(
    doc: &Document<'_>,
    id: NodeId,
    edition: Edition,
    values: &Values<'_>,
) -> Member<String> {
    let text = text_of(doc, id, edition, values);
    match (&text, text.known()) {
        (_, Some(known)) => Member::Value(known.to_owned()),
        (Text::Variable(name, _), None) => Member::Variable((*name).to_owned()),
        (Text::Unreadable(why), _) => Member::Unreadable(why),
        (Text::Absent | Text::Written(_), None) => Member::Absent,
    }
}

impl<'d> Entry<'d, '_> {
    /// A member that has to be text.
    fn text(&self, name: &str) -> Text<'d> {
        self.doc
            .member(self.id, name)
            .map_or(Text::Absent, |(_, value)| text_of(self.doc, value, self.edition, self.values))
    }

    fn kid(&self) -> Member<Kid> {
        let text = Entry { values: self.names, ..*self }.text("kid");
        match (&text, text.known()) {
            (_, Some(known)) => Kid::read(known).map_or(Member::Unreadable(EMPTY_KID), Member::Value),
            (Text::Variable(name, _), None) => Member::Variable((*name).to_owned()),
            (Text::Unreadable(why), _) => Member::Unreadable(why),
            _ => Member::Absent,
        }
    }

    fn date(&self, name: &str) -> Member<NumericDate> {
        let Some((_, value)) = self.doc.member(self.id, name) else { return Member::Absent };
        match self.doc.scalar(value) {
            Some(Scalar::Integer(seconds)) => NumericDate::new(seconds).map_or(
                Member::Unreadable("is not a moment between 1970 and 9999, in seconds"),
                Member::Value,
            ),
            Some(Scalar::Env(written)) if self.edition.is_env_name(written) => {
                Member::Variable(env_name(written).0.to_owned())
            }
            Some(Scalar::Env(_)) => Member::Unreadable(WRONG_NAME),
            Some(Scalar::String(_)) => {
                Member::Unreadable("is text; it must be a number of seconds since 1970")
            }
            _ => Member::Unreadable("is not a whole number of seconds since 1970"),
        }
    }

    /// What keeps the service from starting with this entry, the worst first, each with where it is.
    pub(super) fn faults(&self) -> Vec<(NodeId, Fault)> {
        let mut faults = Vec::new();
        if self.doc.members(self.id).is_none() {
            return vec![(self.id, Fault::NOT_A_MAPPING)];
        }
        let kty = self.check(&mut faults, "kty", Required, &["oct", "RSA", "EC", "OKP"]);
        let kty = kty.as_deref().map(String::as_str);
        // The schema of Cloud wants one in every key.
        let needs_kid = self.edition == Edition::Cloud || kty == Some("RSA");
        self.check(&mut faults, "kid", if needs_kid { Required } else { Optional }, &[]);
        self.check(&mut faults, "use", Optional, &[]);
        match kty {
            Some("oct") => self.symmetric_faults(&mut faults),
            Some("RSA") => {
                self.check(&mut faults, "n", Required, &[]);
                self.check(&mut faults, "e", Required, &[]);
                self.check(&mut faults, "alg", Optional, &["RS256", "RS384", "RS512"]);
            }
            Some("EC") => {
                self.check(&mut faults, "alg", Required, &["ES256", "ES384", "ES512"]);
                let crv = self.check(&mut faults, "crv", Required, &["P-256", "P-384", "P-521"]);
                let x = self.check(&mut faults, "x", Required, &[]).map(|x| decode_as_service(&x));
                let y = self.check(&mut faults, "y", Required, &[]).map(|y| decode_as_service(&y));
                if let (Some(crv), Some(x), Some(y)) = (crv, x, y)
                    && !curve::holds(&crv, &x, &y)
                {
                    faults.push((self.id, Fault::BAD_POINT));
                }
            }
            Some("OKP") => {
                self.check(&mut faults, "alg", Required, &["EdDSA"]);
                let crv = self.check(&mut faults, "crv", Required, &["Ed25519", "Ed448"]);
                let x = self.check(&mut faults, "x", Required, &[]).map(|x| decode_as_service(&x));
                if let (Some(crv), Some(x)) = (crv, x)
                    && x.len() != if crv.as_str() == "Ed448" { 57 } else { 32 }
                {
                    faults.push((self.id, Fault::BAD_LENGTH));
                }
            }
            _ => {}
        }
        faults.sort_by_key(|(_, fault)| fault.kind);
        faults
    }

    /// Notes what is wrong with a member, and returns its value where it is right and known.
    fn check(
        &self,
        faults: &mut Vec<(NodeId, Fault)>,
        name: &'static str,
        presence: Presence,
        choices: &[&str],
    ) -> Option<Zeroizing<String>> {
        let (at, text) =
            (self.doc.member(self.id, name).map_or(self.id, |(_, value)| value), self.text(name));
        let fault = match (&text, text.known()) {
            (_, Some(known)) if choices.is_empty() || choices.contains(&known) => {
                return Some(Zeroizing::new(known.to_owned()));
            }
            (_, Some(_)) => Fault::not_one_of(name, choices),
            (Text::Unreadable(WRONG_NAME), _) => Fault::new(FaultKind::EnvName, name, WRONG_NAME),
            (Text::Unreadable(why), _) => Fault::new(FaultKind::NotText, name, why),
            (Text::Absent, _) if presence == Required => match self.doc.member(self.id, "<<") {
                Some(_) => Fault::not_merged(name),
                None => Fault::missing(name),
            },
            (Text::Absent | Text::Variable(..) | Text::Written(_), _) => return None,
        };
        faults.push((at, fault));
        None
    }

    fn symmetric_faults(&self, faults: &mut Vec<(NodeId, Fault)>) {
        self.check(faults, "alg", Required, &["HS256", "HS384", "HS512"]);
        if self.cloud_secret().is_none()
            && self.cloud_literal().is_none()
            && let Some(k) = self.check(faults, "k", Required, &[])
            && k.is_empty()
            && let Some((_, at)) = self.doc.member(self.id, "k")
        {
            faults.push((at, Fault::EMPTY_K));
        }
    }

    fn material(&self) -> Material {
        if let Some((_, fault)) = self.faults().into_iter().next() {
            return Material::Unusable(fault);
        }
        let kty = self.text("kty");
        match kty.known() {
            Some("oct") => self.symmetric(),
            Some("RSA") => self.public("RSA"),
            Some("EC") => self.public("EC"),
            Some("OKP") => self.public("OKP"),
            _ => Material::Unusable(Fault::KTY_VARIABLE),
        }
    }

    /// What is in an entry that makes no key, as far as it tells it from others.
    fn fingerprint(&self) -> Option<Fingerprint> {
        match self.text("k") {
            Text::Written(k) => return Some(Fingerprint(Secret::decode_as_service(k).fingerprint())),
            Text::Variable(name, _) => return Some(Fingerprint::of_variable(name)),
            Text::Absent | Text::Unreadable(_) => {}
        }
        let numbers: Vec<&str> = ["n", "x", "y"]
            .into_iter()
            .filter_map(|name| match self.text(name) {
                Text::Written(text) => Some(text),
                _ => None,
            })
            .collect();
        (!numbers.is_empty()).then(|| Fingerprint::of_text(&numbers.join(" ")))
    }

    fn cloud_secret(&self) -> Option<String> {
        let (_, k) = self.doc.member(self.id, "k").filter(|_| self.edition == Edition::Cloud)?;
        let scalar = |member| self.doc.scalar(self.doc.member(k, member)?.1);
        match (scalar("secret"), scalar("secret_ref")) {
            // What isn't a name may be the secret itself.
            (Some(Scalar::Env(written)), _) => {
                self.edition.is_env_name(written).then(|| env_name(written).0.to_owned())
            }
            (None, Some(Scalar::String(name))) => Some(name.to_owned()),
            _ => None,
        }
    }

    /// A secret in plaintext, as PowerSync Cloud has it: `{secret: '…'}`.
    fn cloud_literal(&self) -> Option<&'d str> {
        let (_, k) = self.doc.member(self.id, "k").filter(|_| self.edition == Edition::Cloud)?;
        self.doc.string(self.doc.member(k, "secret")?.1)
    }

    fn symmetric(&self) -> Material {
        let alg = self.text("alg");
        let alg = match (&alg, alg.known().and_then(HmacAlg::read)) {
            (_, Some(alg)) => Member::Value(alg),
            (Text::Variable(name, _), None) => Member::Variable((*name).to_owned()),
            _ => Member::Unreadable(NOT_TEXT),
        };
        let known =
            |k: &str| Known { secret: Secret::decode_as_service(k), weakness: strength::weakness_of_k(k) };
        let secret = match (self.cloud_secret(), self.text("k")) {
            (Some(name), _) => {
                let value = (self.values)(&name);
                SecretSource::Variable { name, known: value.map(|value| known(&value)) }
            }
            (None, Text::Variable(name, value)) => {
                SecretSource::Variable { name: name.to_owned(), known: value.map(|value| known(&value)) }
            }
            // Another program puts the secret in: it is not known here, as that of a variable.
            (None, Text::Written(k)) if Placeholder::name_in(k).is_some() => {
                SecretSource::Variable { name: Placeholder::name_in(k).unwrap_or_default(), known: None }
            }
            (None, text) => {
                let literal = self.cloud_literal().or(text.known());
                SecretSource::Inline(known(literal.unwrap_or_default()))
            }
        };
        Material::Symmetric { alg, secret }
    }

    fn public(&self, kty: &'static str) -> Material {
        let owned = |name| self.text(name).known().map(str::to_owned);
        let bytes = |name| self.text(name).known().map(|text| decode_as_service(text).to_vec());
        let crv = owned("crv");
        let numbers = match kty {
            "RSA" => bytes("n").zip(bytes("e")).map(|(n, e)| PublicNumbers::Rsa { n, e }),
            "EC" => bytes("x").zip(bytes("y")).map(|(x, y)| PublicNumbers::Ec { x, y }),
            _ => bytes("x").map(|x| PublicNumbers::Okp { x }),
        };
        let bits = match (&numbers, crv.as_deref()) {
            (Some(PublicNumbers::Rsa { n, .. }), _) => modulus_bits(n),
            (_, Some("P-256" | "Ed25519")) => Some(256),
            (_, Some("P-384")) => Some(384),
            (_, Some("P-521")) => Some(521),
            (_, Some("Ed448")) => Some(456),
            _ => None,
        };
        let private = PRIVATE_MEMBERS.iter().any(|name| self.doc.member(self.id, name).is_some());
        Material::Public(PublicKey { kty, alg: owned("alg"), crv, bits, private, numbers })
    }
}

pub(super) fn modulus_bits(n: &[u8]) -> Option<usize> {
    let first = n.iter().position(|b| *b != 0)?;
    let zeros = usize::try_from(n[first].leading_zeros()).ok()?;
    Some((n.len() - first) * 8 - zeros)
}
