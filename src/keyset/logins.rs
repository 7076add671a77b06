//! The login sources besides the list of keys: `jwks_uri` and Supabase.

use std::fmt;

use zeroize::Zeroizing;

use super::read::Values;
use crate::base::text::Printable;
use crate::config::{Config, NodeId, Scalar, env_name};

/// Where keys come from besides the list, as far as the service uses it.
#[derive(Clone, Debug, Default)]
pub struct Logins {
    /// The addresses of `jwks_uri`.
    pub uris: Vec<Setting>,
    /// Whether tokens of Supabase are taken: `supabase: true`, and something to verify them with.
    pub supabase: bool,
    /// `supabase_jwt_secret`; without `supabase: true` the service doesn't look at it.
    pub supabase_secret: Option<Setting>,
}

/// A text in the file or in a variable.
#[derive(Clone)]
pub struct Setting {
    variable: Option<String>,
    text: Option<Zeroizing<String>>,
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setting").field("variable", &self.variable).finish_non_exhaustive()
    }
}

impl Setting {
    fn read(config: &Config<'_>, id: NodeId, values: &Values<'_>) -> Option<Self> {
        let doc = config.document();
        // PowerSync Cloud writes secrets as `{secret: !env NAME}` or `{secret_ref: NAME}`.
        let id = doc.member(id, "secret").or_else(|| doc.member(id, "secret_ref")).map_or(id, |(_, id)| id);
        match doc.scalar(id)? {
            Scalar::String(text) => {
                Some(Self { variable: None, text: Some(Zeroizing::new(text.to_owned())) })
            }
            Scalar::Env(written) => {
                let name = env_name(written).0;
                Some(Self { variable: Some(name.to_owned()), text: values(name) })
            }
            _ => None,
        }
    }

    /// Its text, where it is known here.
    #[must_use]
    pub(crate) fn text(&self) -> Option<&str> {
        self.text.as_ref().map(|text| text.as_str())
    }

    /// Whether it is an address on another machine that is asked without encryption.
    #[must_use]
    pub(crate) fn is_open(&self) -> bool {
        let rest = self.text().and_then(|text| {
            let (scheme, rest) = text.trim().split_once("://")?;
            scheme.eq_ignore_ascii_case("http").then_some(rest)
        });
        rest.is_some_and(|rest| {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = authority.rsplit('@').next().unwrap_or_default();
            let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
            !matches!(host, "localhost" | "127.0.0.1" | "[::1]") && host.contains('.')
        })
    }

    /// Whether both are the same text. `None`: that depends on the values of variables.
    #[must_use]
    pub(crate) fn same(&self, other: &Self) -> Option<bool> {
        match (&self.text, &other.text) {
            (Some(one), Some(two)) => Some(one == two),
            _ => (self.variable.is_some() && self.variable == other.variable).then_some(true),
        }
    }

    /// Where it is, for people: the variable, or the file.
    #[must_use]
    pub(crate) fn place(&self) -> String {
        self.variable
            .as_ref()
            .map_or_else(|| "the file".to_owned(), |name| format!("`!env {}`", Printable(name)))
    }

    /// An address, without what may be secret in it.
    #[must_use]
    pub(crate) fn address(&self) -> String {
        let Some(text) = self.text.as_ref().filter(|_| self.variable.is_none()) else { return self.place() };
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let host = host.rsplit('@').next().unwrap_or_default();
        let scheme = if scheme.is_empty() { String::new() } else { format!("{scheme}://") };
        format!("`{}`", Printable(&format!("{scheme}{host}{path}")))
    }
}

impl Logins {
    pub(super) fn read(config: &Config<'_>, values: &Values<'_>) -> Self {
        let doc = config.document();
        let member = |name| config.client_auth(name);
        let uris = member("jwks_uri")
            .map_or(Vec::new(), |id| doc.items(id).map_or_else(|| vec![id], <[NodeId]>::to_vec));
        let on = member("supabase")
            .and_then(|id| doc.scalar(id))
            .is_some_and(|value| !matches!(value, Scalar::Null | Scalar::Bool(false)));
        let setting = |id| Setting::read(config, id, values);
        Self {
            uris: uris.into_iter().filter_map(setting).collect(),
            supabase: on && config.supabase_can_work(),
            supabase_secret: member("supabase_jwt_secret").filter(|_| on).and_then(setting),
        }
    }

    /// The addresses that another config doesn't name, as far as can be told.
    #[must_use]
    pub(crate) fn uris_not_in(&self, other: &Self) -> Vec<&Setting> {
        let is_there = |uri: &&Setting| other.uris.iter().any(|one| one.same(uri) == Some(true));
        self.uris.iter().filter(|uri| !is_there(uri)).collect()
    }
}
