//! Who signed a rejected token, and with what.

use serde::Serialize;

use super::undetermined::{UnseenKey, says_issuer};
use super::writing::{Mistake, Writing};
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Printable, list};
use crate::keyset::HmacAlg;

const EARLIER: &str =
    ". If the key was removed, an earlier config can tell: `powersync-jwks verify --against OLD`";

/// Where libraries take it.
const HEADER: &str = "With jsonwebtoken it is the option `keyid`, with jose `setProtectedHeader({ kid })`, with PyJWT \
     `headers={\"kid\": …}`, with golang-jwt `token.Header[\"kid\"]`, with firebase/php-jwt the fourth argument of `encode`";

/// Who signed it, and with what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names say it, and the words below")]
pub enum SignerCause {
    UselessKey {
        key: String,
    },
    KeyAlgorithm {
        key: String,
        alg: String,
        takes: String,
        secret_is_right: bool,
    },
    OtherPrivateKey {
        key: String,
    },
    OtherSecret {
        key: String,
        #[serde(skip)]
        argument: String,
        not_tried: Vec<UnseenKey>,
    },
    NoKid {
        current: Option<String>,
        in_claims: bool,
        not_tried: Vec<UnseenKey>,
    },
    Foreign {
        alg: String,
        issuer: Option<String>,
        trusted: Vec<String>,
    },
    SetFails {
        from: String,
    },
    RemovedKid {
        key: String,
        current: Option<String>,
    },
    UnknownKid {
        kid: String,
        nearest: Option<String>,
        current: Option<String>,
        not_tried: Vec<UnseenKey>,
        compared: bool,
    },
    SignedByRemoved {
        key: String,
        writing: Writing,
    },
    SignedWrong {
        key: String,
        writing: Writing,
    },
    SignedByOther {
        key: String,
        kid: Option<String>,
        writing: Writing,
        header: HeaderKid,
    },
}

/// What a header says of the key, where that isn't the one that signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeaderKid {
    /// It names this key.
    Names(String),
    /// It has a kid that no key has.
    Unknown(String),
    /// It has no kid.
    Missing,
}

impl SignerCause {
    pub(super) fn words(&self) -> (Sentence, Sentence) {
        let export = || sentence!("give the backend the current kid and secret: `powersync-jwks export`");
        match self {
            Self::UselessKey { key } => (
                sentence!("{key} can't verify any token with this `alg`, whoever signs it"),
                sentence!(
                    "replace the key in the config: RSA needs 2048 bits or more; ES256 goes with P-256, ES384 with P-384, \
                     ES512 with P-521"
                ),
            ),
            Self::KeyAlgorithm { key, alg, takes, secret_is_right } => {
                let right = if *secret_is_right { ". The secret is right" } else { "" };
                let why = sentence!("its `alg` is {alg}, and {key} accepts {takes} only{right}");
                (why, sentence!("sign with {takes}"))
            }
            Self::OtherPrivateKey { key } => (
                sentence!("it names {key}, but was signed with another private key"),
                sentence!("sign with the private key that belongs to it, or name the key that signs"),
            ),
            Self::OtherSecret { key, argument, not_tried } => (
                sentence!(
                    "it names {key}, but was signed with another secret, which matches no key of this config in any common \
                     encoding{}",
                    UnseenKey::not_tried(not_tried)
                ),
                sentence!("give the backend the secret of {key}: `powersync-jwks export {argument}`"),
            ),
            Self::NoKid { current, in_claims: true, .. } => (
                sentence!("its `kid` is among the claims, where nobody looks, and its header has none"),
                sentence!("{}. {HEADER}", kid_advice(current.as_ref())),
            ),
            Self::NoKid { current, in_claims: false, not_tried } => {
                let not_tried = UnseenKey::not_tried(not_tried);
                let why =
                    sentence!("its header has no `kid`, and no key without a kid verifies it{not_tried}");
                (why, kid_advice(current.as_ref()))
            }
            Self::Foreign { alg, issuer, trusted } => foreign(alg, issuer.as_deref(), trusted),
            Self::SetFails { from } => (
                sentence!("no key of this file verifies it, and the service can't fetch {from}"),
                sentence!(
                    "make sure that the service reaches that address, and that it answers with a JWK set; `powersync-jwks check \
                     --jwks URL` says how the service reads it"
                ),
            ),
            Self::RemovedKid { key, current } => {
                (sentence!("its kid, {key}, is that of a key that was removed"), kid_advice(current.as_ref()))
            }
            Self::UnknownKid { kid, nearest, current, not_tried, compared } => {
                let near =
                    nearest.as_ref().map_or_else(String::new, |near| format!("; the config has {near}"));
                let (kid, not_tried) = (Printable(kid), UnseenKey::not_tried(not_tried));
                let earlier = if *compared { "" } else { EARLIER };
                let advice = kid_advice(current.as_ref());
                (
                    sentence!("no key of this config has its kid, {kid}{near}{not_tried}"),
                    sentence!("{advice}{earlier}"),
                )
            }
            Self::SignedByRemoved { key, writing } => {
                let how = writing.mistake().map_or("", |_| ", in another encoding");
                (sentence!("it was signed with {key}, which was removed from the config{how}"), export())
            }
            Self::SignedWrong { key, writing } => {
                let mistake = writing.mistake().map(Mistake::words);
                let (how, advice) = mistake.unwrap_or_else(|| (sentence!("with its own bytes"), export()));
                (sentence!("it was signed with the secret of {key}, but {how}"), advice)
            }
            Self::SignedByOther { key, kid, writing, header } => {
                signed_by_other(key, kid.as_ref(), *writing, header)
            }
        }
    }
}

/// A token that no key of this config can have signed: what it is, and what the config would need for it.
fn foreign(alg: &str, issuer: Option<&str>, trusted: &[String]) -> (Sentence, Sentence) {
    let shared = HmacAlg::read(alg).is_some();
    let signed = if shared { "with a shared secret" } else { "with a private key" };
    let has = match (trusted, shared) {
        ([], _) => "this config has no public key and no `jwks_uri`".to_owned(),
        (all, true) => format!("this config has no shared secret: it trusts {}", list(all)),
        (all, false) => format!("none of these verifies it: {}", list(all)),
    };
    let why = sentence!("it is signed {signed} ({alg}), and {has}{}", says_issuer(issuer));
    let is_supabase = issuer.is_some_and(|issuer| issuer.contains(".supabase.co"));
    let advice = match (trusted, shared) {
        _ if is_supabase && shared => sentence!(
            "set `supabase: true` and `supabase_jwt_secret`, or let Supabase sign with its JWT signing keys"
        ),
        ([], _) if is_supabase => sentence!(
            "set `supabase: true` beside a connection to `db.PROJECT.supabase.co`, or `jwks_uri` with the address of the \
             project's keys and `audience: ['authenticated']`"
        ),
        ([], _) => sentence!(
            "set `jwks_uri` to the address of the keys of whoever signs it (`/.well-known/openid-configuration` of the issuer \
             names it) and `audience` to the `aud` of its tokens"
        ),
        _ => sentence!(
            "get a token from there, or add the address of the keys of whoever signed this one: `jwks_uri` takes a list"
        ),
    };
    (why, advice)
}

fn signed_by_other(
    key: &str,
    kid: Option<&String>,
    writing: Writing,
    header: &HeaderKid,
) -> (Sentence, Sentence) {
    let mistake = writing.mistake().map(Mistake::words);
    let (how, todo) =
        mistake.map(|(how, todo)| (format!("{how}, and "), format!("{todo}; "))).unwrap_or_default();
    let advice = match kid {
        Some(kid) => sentence!(
            "{todo}kid and secret go together: put the kid {kid} into the header, or sign with the secret of the kid that is \
             there"
        ),
        None => sentence!("{todo}leave the kid out of the header"),
    };
    (sentence!("it was signed with the secret of {key}, but {how}{}", header.message()), advice)
}

impl HeaderKid {
    fn message(&self) -> Sentence {
        match self {
            Self::Names(other) => sentence!("its header names {other}"),
            Self::Unknown(kid) => sentence!("its header has the kid {}, which no key has", Printable(kid)),
            Self::Missing => sentence!("its header has no kid"),
        }
    }
}

fn kid_advice(current: Option<&String>) -> Sentence {
    match current {
        Some(current) => sentence!(
            "sign with the current key, {current}, and put its kid into the header: `powersync-jwks export`"
        ),
        None => sentence!("sign with a key of the config, and put its kid into the header"),
    }
}
