//! The forms in which a key is handed out. What they return holds the secret, but for [`node`].

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::base::text::{Named, Printable};
use crate::keyset::{HmacAlg, Key, Material, Member, PublicNumbers, Secret, Undecidable};

/// The variables that hold kid and secret, in `env` and `node`.
const KID: &str = "POWERSYNC_JWT_KID";
const SECRET: &str = "POWERSYNC_JWT_SECRET";

/// Why a key can't be handed out in some form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotExport {
    /// Which key is current can't be determined.
    #[error(transparent)]
    Undecidable(#[from] Undecidable),
    /// No such key.
    #[error("there is no key {}. `powersync-jwks status` lists them", Named(.0))]
    Unknown(String),
    /// No current key.
    #[error("there is no symmetric key (`kty: oct`) to hand out. `powersync-jwks add` makes one")]
    NoKey,
    /// No secret in it.
    #[error(
        "{0} is a public key: its private half, which signs, is not known here. `--as jwk` prints the public one"
    )]
    Public(String),
    /// The service does not load it.
    #[error("the service does not start with {0}: {1}")]
    Unusable(String, String),
    /// A member whose value is not known.
    #[error(
        "`{member}` of {key} is in a variable ({variable}) whose value is not known here. Set it in the environment, or name the \
         file that defines it: `--env-file PATH`"
    )]
    Variable {
        /// The key.
        key: String,
        /// Which member.
        member: &'static str,
        /// The variable.
        variable: String,
    },
    /// A form that Cloud's dashboard doesn't have.
    #[error("the form of PowerSync Cloud takes HS256 keys that have a kid, and {0} is none")]
    Dashboard(String),
    /// A kid that can't be written in an env file.
    #[error("the kid of {0} has characters that readers of env files take in different ways. Use `--as jwk`")]
    Kid(String),
}

impl CannotExport {
    fn variable(key: &Key, member: &'static str, variable: &str) -> Self {
        Self::Variable { key: key.name(), member, variable: variable.to_owned() }
    }
}

/// The secret of a key, where it is known.
pub(crate) fn secret(key: &Key) -> Result<&Secret, CannotExport> {
    match &key.material {
        Material::Symmetric { .. } => {
            key.secret().ok_or_else(|| CannotExport::variable(key, "k", key.variable().unwrap_or_default()))
        }
        Material::Public(_) => Err(CannotExport::Public(key.name())),
        Material::Unusable(fault) => Err(CannotExport::Unusable(key.name(), fault.to_string())),
    }
}

fn kid(key: &Key) -> Result<Option<&str>, CannotExport> {
    match &key.kid {
        Member::Value(kid) => Ok(Some(kid.as_str())),
        Member::Variable(name) => Err(CannotExport::variable(key, "kid", name)),
        // `kid: ''`: no token matches it, and as a key without kid it would match all.
        Member::Unreadable(_) => Ok(Some("")),
        Member::Absent => Ok(None),
    }
}

fn hmac_alg(key: &Key) -> Result<HmacAlg, CannotExport> {
    match &key.material {
        Material::Symmetric { alg: Member::Value(alg), .. } => Ok(*alg),
        Material::Symmetric { alg: Member::Variable(name), .. } => {
            Err(CannotExport::variable(key, "alg", name))
        }
        Material::Public(_) => Err(CannotExport::Public(key.name())),
        Material::Symmetric { .. } | Material::Unusable(_) => {
            Err(CannotExport::Unusable(key.name(), "its `alg` can't be read".to_owned()))
        }
    }
}

/// Text that is cleared when dropped, written into a buffer that doesn't grow.
fn text(lines: &[&str]) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(lines.iter().map(|line| line.len() + 1).sum()));
    for line in lines {
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    text
}

/// `NAME=value` for kid and secret.
pub(crate) fn env(key: &Key) -> Result<Zeroizing<Vec<u8>>, CannotExport> {
    let secret = secret(key)?.to_base64url();
    let assignment = Zeroizing::new([SECRET, "=", secret.as_str()].concat());
    let Some(kid) = kid(key)? else { return Ok(text(&[&assignment])) };
    // What every reader, and every shell, takes as it is.
    if !kid.chars().all(|c| c.is_ascii_alphanumeric() || "-_./+:@".contains(c)) {
        return Err(CannotExport::Kid(key.name()));
    }
    Ok(text(&[&format!("{KID}={kid}"), &assignment]))
}

/// The two fields of Cloud's form.
pub(crate) fn dashboard(key: &Key) -> Result<Zeroizing<Vec<u8>>, CannotExport> {
    let secret = secret(key)?.to_base64url();
    let Some(kid) = kid(key)?.filter(|kid| !kid.is_empty() && hmac_alg(key) == Ok(HmacAlg::Hs256)) else {
        return Err(CannotExport::Dashboard(key.name()));
    };
    let shared = Zeroizing::new(["Shared Secret: ", secret.as_str()].concat());
    Ok(text(&[&format!("KID: {}", Printable(kid)), &shared]))
}

/// What a JSON document says of what is handed out.
pub(crate) struct Head<'a> {
    /// Which key, where it is one.
    pub(crate) key: Option<&'a str>,
    /// In which form.
    pub(crate) form: &'a str,
}

/// What is handed out.
pub(crate) enum Content<'a> {
    /// A text.
    Text(&'a [u8]),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A JSON document, and its name.
    Json(&'static str, &'a [u8]),
    /// It is in this file.
    Written(&'a str),
}

impl Head<'_> {
    /// A JSON document around what is handed out.
    pub(crate) fn json(&self, content: &Content<'_>) -> Zeroizing<Vec<u8>> {
        // The JSON of a text can't fail.
        let literal = |text: &str| Zeroizing::new(serde_json::to_string(text).unwrap_or_default());
        let (name, value) = match content {
            Content::Text(bytes) => ("content", literal(&String::from_utf8_lossy(bytes))),
            Content::Bytes(bytes) => ("content_base64", literal(&Zeroizing::new(STANDARD.encode(bytes)))),
            Content::Json(name, bytes) => {
                (*name, Zeroizing::new(String::from_utf8_lossy(bytes).trim_end().replace('\n', "\n  ")))
            }
            Content::Written(path) => ("written", literal(path)),
        };
        let key = self.key.map_or_else(|| Zeroizing::new("null".to_owned()), literal);
        let (head, form) = (format!("  \"key\": {},", *key), format!("  \"as\": \"{}\",", self.form));
        let value = Zeroizing::new(["  \"", name, "\": ", &value].concat());
        text(&["{", "  \"version\": 1,", &head, &form, &value, "}"])
    }
}

/// A JWK: names and texts.
pub(crate) struct Jwk(Vec<(&'static str, Zeroizing<String>)>);

impl Jwk {
    /// As a JSON object, each of its lines behind that much white space.
    fn object(&self, indent: &str) -> Zeroizing<String> {
        let room: usize =
            self.0.iter().map(|(name, value)| name.len() + 2 * value.len() + indent.len() + 16).sum();
        let mut json = Zeroizing::new(String::with_capacity(room + 2 * indent.len() + 8));
        json.push_str(indent);
        json.push('{');
        for (number, (name, value)) in self.0.iter().enumerate() {
            json.push_str(if number == 0 { "\n" } else { ",\n" });
            // The JSON of a text can't fail; that of a `Value` would take a copy that is not cleared.
            let value = Zeroizing::new(serde_json::to_string(value.as_str()).unwrap_or_default());
            json.push_str(indent);
            json.push_str("  \"");
            json.push_str(name);
            json.push_str("\": ");
            json.push_str(&value);
        }
        json.push('\n');
        json.push_str(indent);
        json.push('}');
        json
    }

    /// As a document.
    pub(crate) fn document(&self) -> Zeroizing<Vec<u8>> {
        text(&[&self.object("")])
    }
}

/// A JWK set (RFC 7517, section 5).
pub(crate) fn jwks(keys: &[Jwk]) -> Zeroizing<Vec<u8>> {
    let objects: Vec<Zeroizing<String>> = keys.iter().map(|key| key.object("    ")).collect();
    let objects: Vec<&str> = objects.iter().map(|object| object.as_str()).collect();
    let list = Zeroizing::new(objects.join(",\n"));
    if list.is_empty() { text(&["{\"keys\": []}"]) } else { text(&["{", "  \"keys\": [", &list, "  ]", "}"]) }
}

/// A key as the service reads it, as a JWK: without the private members of a public key, and without the schedule.
pub(crate) fn jwk(key: &Key) -> Result<Jwk, CannotExport> {
    let mut members: Vec<(&'static str, Zeroizing<String>)> = Vec::new();
    let mut add = |name, value: &str| members.push((name, Zeroizing::new(value.to_owned())));
    let encode = |bytes: &[u8]| Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes));
    let kid = kid(key)?;
    match &key.material {
        Material::Public(public) => {
            add("kty", public.kty);
            if let Some(alg) = &public.alg {
                add("alg", alg);
            }
            if let Some(kid) = kid {
                add("kid", kid);
            }
            if let Some(crv) = &public.crv {
                add("crv", crv);
            }
            let Some(numbers) = &public.numbers else {
                return Err(CannotExport::variable(key, "x", "its numbers"));
            };
            let named: Vec<(&'static str, &[u8])> = match numbers {
                PublicNumbers::Rsa { n, e } => vec![("n", n), ("e", e)],
                PublicNumbers::Ec { x, y } => vec![("x", x), ("y", y)],
                PublicNumbers::Okp { x } => vec![("x", x)],
            };
            for (name, number) in named {
                add(name, &encode(number));
            }
        }
        Material::Symmetric { .. } | Material::Unusable(_) => {
            let secret = secret(key)?;
            add("kty", "oct");
            add("alg", hmac_alg(key)?.name());
            if let Some(kid) = kid {
                add("kid", kid);
            }
            add("k", &secret.to_base64url());
        }
    }
    Ok(Jwk(members))
}

/// In which language a module is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    JavaScript,
    TypeScript,
}

/// A module for Node that signs tokens. Kid and secret are not in it: a rotation changes values, not code.
pub(crate) fn node(
    key: &Key,
    audiences: &[&str],
    language: Language,
) -> Result<Zeroizing<Vec<u8>>, CannotExport> {
    let alg = hmac_alg(key)?;
    // JSON text is JavaScript, too.
    let literal = |text: &str| serde_json::Value::from(text).to_string();
    let (read_kid, kid) = match kid(key)? {
        // Tokens without a kid are verified with it.
        None => ("", ""),
        Some(_) => ("  const kid = variable('KID');\n", "kid, "),
    };
    let audiences: Vec<String> = audiences.iter().map(|audience| literal(audience)).collect();
    let audience = match audiences.as_slice() {
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    };
    let (name_type, of_text, parameters, promise) = match language {
        Language::JavaScript => ("", "", "userId, claims = {}", ""),
        Language::TypeScript => (
            ": string",
            ": string",
            "userId: string, claims: Record<string, unknown> = {}",
            ": Promise<string>",
        ),
    };
    let variables = if read_kid.is_empty() { SECRET.to_owned() } else { format!("{KID} and {SECRET}") };
    let module = format!(
        "\
// Signs tokens for PowerSync. Needs `npm install jose`, and in the environment
// {variables}, as
// `powersync-jwks export --as env` writes it. A rotation changes these values, and nothing here.
//
// To switch with one change: set the new values beside the old ones, with `_2`
// behind their names, and then POWERSYNC_JWT_USE=2.
import {{ SignJWT }} from 'jose';

function variable(name{name_type}){of_text} {{
  const use = process.env.POWERSYNC_JWT_USE;
  const full = `POWERSYNC_JWT_${{name}}${{use ? `_${{use}}` : ''}}`;
  const value = process.env[full];
  if (!value) throw new Error(`${{full}} is not set`);
  return value;
}}

export async function powersyncToken({parameters}){promise} {{
{read_kid}  return new SignJWT(claims)
    .setProtectedHeader({{ alg: '{alg}', {kid}typ: 'JWT' }})
    .setSubject(userId)
    .setAudience({audience})
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(Buffer.from(variable('SECRET'), 'base64url'));
}}
"
    );
    Ok(Zeroizing::new(module.into_bytes()))
}
