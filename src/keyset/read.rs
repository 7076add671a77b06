//! From an entry of the config to a [`Key`].

use base64::Engine as _;

use super::key::{HmacAlg, Key, Material, Member, PublicKey, SecretSource};
use super::kid::Kid;
use super::secret::Secret;
use super::strength;
use crate::config::{Document, NodeId, Scalar, env_name, is_env_name};
use crate::time::NumericDate;

/// The private members of a JWK (RFC 7518, sections 6.2.2 and 6.3.2; RFC 8037, section 2).
pub const PRIVATE_MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// `kid: ''` is accepted by the service and never matches a token.
const EMPTY_KID: &str = "is empty";
const NULL: &str = "is empty (null)";
const WRONG_NAME: &str = "is a variable whose name is not one the service takes (PS_…)";

/// `!env NAME` where text belongs: the service wants `PS_` before the name, and a cast makes something else of it.
fn variable_member<T>(written: &str, cloud: bool) -> Member<T> {
    match env_name(written) {
        (_, Some("number" | "boolean")) => Member::Unreadable("is a variable cast to a number or boolean"),
        (name, _) if is_env_name(written, cloud) => Member::Variable(name.to_owned()),
        _ => Member::Unreadable(WRONG_NAME),
    }
}

/// Reads one entry. Never fails: what makes no sense becomes [`Material::Unusable`] or [`Member::Unreadable`].
pub(super) fn key(doc: &Document<'_>, id: NodeId, index: usize, line: usize, cloud: bool) -> Key {
    let unusable = |why| Key {
        index,
        line,
        kid: Member::Absent,
        material: Material::Unusable(why),
        iat: Member::Absent,
        nbf: Member::Absent,
        exp: Member::Absent,
    };
    if doc.members(id).is_none() {
        return unusable("the entry is no mapping (`kty: …`)");
    }
    let reader = Entry { doc, id, cloud };
    let mut key = unusable("");
    key.kid = match reader.text("kid") {
        Member::Value(text) => Kid::read(text).map_or(Member::Unreadable(EMPTY_KID), Member::Value),
        Member::Absent => Member::Absent,
        Member::Variable(name) => Member::Variable(name),
        Member::Unreadable(why) => Member::Unreadable(why),
    };
    key.material = reader.material(&key.kid);
    key.iat = reader.date("iat");
    key.nbf = reader.date("nbf");
    key.exp = reader.date("exp");
    key
}

/// A list or a mapping where one value belongs.
struct NotScalar;

struct Entry<'d, 't> {
    doc: &'d Document<'t>,
    id: NodeId,
    /// PowerSync Cloud writes secrets as `{secret: !env NAME}` or `{secret_ref: NAME}`.
    cloud: bool,
}

impl<'d> Entry<'d, '_> {
    /// A member's value: the scalar it is, or `Err` where it is a list or a mapping.
    fn scalar(&self, name: &str) -> Option<Result<Scalar<'d>, NotScalar>> {
        let (_, value) = self.doc.member(self.id, name)?;
        Some(self.doc.scalar(value).ok_or(NotScalar))
    }

    /// A member that has to be text.
    fn text(&self, name: &str) -> Member<&'d str> {
        match self.scalar(name) {
            None => Member::Absent,
            Some(Ok(Scalar::String(text))) => Member::Value(text),
            Some(Ok(Scalar::Env(variable))) => variable_member(variable, self.cloud),
            Some(Ok(Scalar::Null)) => Member::Unreadable(NULL),
            Some(Ok(_)) => Member::Unreadable("is not text; put it in quotes"),
            Some(Err(NotScalar)) => Member::Unreadable("is not text"),
        }
    }

    fn date(&self, name: &str) -> Member<NumericDate> {
        match self.scalar(name) {
            None => Member::Absent,
            Some(Ok(Scalar::Integer(seconds))) => NumericDate::new(seconds)
                .map_or(Member::Unreadable("is no moment between 1970 and 9999, in seconds"), Member::Value),
            Some(Ok(Scalar::Env(written))) if is_env_name(written, self.cloud) => {
                Member::Variable(env_name(written).0.to_owned())
            }
            Some(Ok(Scalar::Env(_))) => Member::Unreadable(WRONG_NAME),
            Some(Ok(Scalar::String(_))) => {
                Member::Unreadable("is text; it must be a number of seconds since 1970")
            }
            Some(_) => Member::Unreadable("is not a whole number of seconds since 1970"),
        }
    }

    fn material(&self, kid: &Member<Kid>) -> Material {
        if let Member::Unreadable(why) = kid
            && *why != EMPTY_KID
        {
            return Material::Unusable(match *why {
                NULL => "`kid` is empty; give the key a name",
                WRONG_NAME => "`kid` is a variable whose name is not one the service takes (PS_…)",
                _ => "`kid` is not text; put it in quotes",
            });
        }
        match self.text("kty") {
            Member::Value("oct") => self.symmetric(),
            Member::Value("RSA") => self.public("RSA", &["kid", "n", "e"]),
            Member::Value("EC") => self.public("EC", &["kid", "alg", "crv", "x", "y"]),
            Member::Value("OKP") => self.public("OKP", &["kid", "alg", "crv", "x"]),
            Member::Value(_) => Material::Unusable("`kty` must be oct, RSA, EC or OKP"),
            Member::Absent if self.doc.member(self.id, "<<").is_some() => Material::Unusable(
                "`kty` is missing; the service does not merge `<<`, so write the members out",
            ),
            Member::Absent => Material::Unusable("`kty` is missing"),
            Member::Variable(_) => Material::Unusable("`kty` is a variable, which can't be read here"),
            Member::Unreadable(_) => Material::Unusable("`kty` is not text"),
        }
    }

    fn cloud_secret(&self) -> Option<String> {
        let (_, k) = self.doc.member(self.id, "k").filter(|_| self.cloud)?;
        let name = |member| Some(self.doc.member(k, member)?.1);
        match name("secret").or_else(|| name("secret_ref")).and_then(|value| self.doc.scalar(value))? {
            Scalar::Env(variable) | Scalar::String(variable) => Some(variable.to_owned()),
            _ => None,
        }
    }

    fn symmetric(&self) -> Material {
        let alg = match self.text("alg") {
            Member::Value(name) => match HmacAlg::read(name) {
                Some(alg) => Member::Value(alg),
                None => return Material::Unusable("`alg` must be HS256, HS384 or HS512"),
            },
            Member::Variable(name) => Member::Variable(name),
            Member::Absent => return Material::Unusable("`alg` is missing"),
            Member::Unreadable(WRONG_NAME) => {
                return Material::Unusable(
                    "`alg` is a variable whose name is not one the service takes (PS_…)",
                );
            }
            Member::Unreadable(_) => return Material::Unusable("`alg` is not text"),
        };
        let secret = match self.cloud_secret().map_or_else(|| self.text("k"), Member::Variable) {
            Member::Value("") => return Material::Unusable("`k` is empty"),
            Member::Value(k) => {
                SecretSource::Inline(Secret::decode_as_service(k), strength::weakness_of_k(k))
            }
            Member::Variable(name) => SecretSource::Variable(name),
            Member::Absent => return Material::Unusable("`k`, the secret, is missing"),
            Member::Unreadable(WRONG_NAME) => {
                return Material::Unusable(
                    "`k` is a variable whose name is not one the service takes (PS_…)",
                );
            }
            Member::Unreadable(_) => return Material::Unusable("`k` is not text"),
        };
        Material::Symmetric { alg, secret }
    }

    fn public(&self, kty: &'static str, required: &[&str]) -> Material {
        let missing =
            required.iter().any(|name| matches!(self.text(name), Member::Absent | Member::Unreadable(_)));
        if missing {
            return Material::Unusable(match kty {
                "RSA" => "an RSA key needs `kid`, `n` and `e`",
                "EC" => "an EC key needs `kid`, `alg`, `crv`, `x` and `y`",
                _ => "an OKP key needs `kid`, `alg`, `crv` and `x`",
            });
        }
        let owned = |member: Member<&str>| member.value().map(|text| (*text).to_owned());
        let crv = owned(self.text("crv"));
        let bits = match (kty, crv.as_deref()) {
            ("RSA", _) => self.text("n").value().and_then(|n| modulus_bits(n)),
            (_, Some("P-256" | "Ed25519")) => Some(256),
            (_, Some("P-384")) => Some(384),
            (_, Some("P-521")) => Some(521),
            (_, Some("Ed448")) => Some(456),
            _ => None,
        };
        let private = PRIVATE_MEMBERS.iter().any(|name| self.doc.member(self.id, name).is_some());
        Material::Public(PublicKey { kty, alg: owned(self.text("alg")), crv, bits, private })
    }
}

fn modulus_bits(n: &str) -> Option<usize> {
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(n).ok()?;
    let first = bytes.iter().position(|b| *b != 0)?;
    let zeros = usize::try_from(bytes[first].leading_zeros()).ok()?;
    Some((bytes.len() - first) * 8 - zeros)
}
