//! Every way in beside the keys of the file, in the order in which the service looks: `supabase_jwt_secret`, each
//! `jwks_uri`, and the keys of the Supabase project.

use std::collections::HashSet;
use std::fmt;

use zeroize::Zeroizing;

use super::address::Address;
use super::read::Values;
use crate::base::text::{Printable, percent_decoded};
use crate::base::time::Seconds;
use crate::config::{Audience, Config, NodeId, Scalar, env_name};

/// A way in beside the keys of the file.
#[derive(Clone, Debug)]
pub enum Login {
    /// `supabase_jwt_secret` beside `supabase: true`: its text is an HS256 key without a kid.
    SupabaseSecret(Setting),
    /// An address of `jwks_uri`.
    JwksUri(Setting),
    /// The keys of the Supabase project that the first connection leads to.
    SupabaseKeys(Project),
}

/// Which Supabase project the first connection leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Project {
    /// This one.
    Named(String),
    /// The address is in this variable, whose value isn't known here: it may be one.
    InVariable(String),
}

/// The ways in beside the keys of the file.
#[derive(Clone, Debug, Default)]
pub struct Logins {
    all: Vec<Login>,
    /// Whether `supabase` is set, whatever comes of it.
    pub(crate) supabase: bool,
    /// The variable that says whether it is on, where its value isn't known: it counts as on.
    pub(crate) supabase_behind: Option<String>,
}

/// What the service asks of a token besides a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenTerms {
    /// The audience in place of the configured ones.
    pub(crate) audience: Option<&'static str>,
    /// From `iat` to `exp`, at most.
    pub(crate) lifetime: Seconds,
}

impl TokenTerms {
    /// Those of the keys of the file, and of `jwks_uri`.
    pub(crate) const USUAL: Self = Self { audience: None, lifetime: Seconds::hours(24) };
    /// A week and 20 minutes.
    pub(crate) const SUPABASE: Self =
        Self { audience: Some("authenticated"), lifetime: Seconds::new(606_000) };
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

    /// The variable that holds it, if one does.
    #[must_use]
    pub(crate) fn variable(&self) -> Option<&str> {
        self.variable.as_deref()
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

impl Login {
    /// What the service asks of its tokens.
    pub(crate) fn terms(&self) -> TokenTerms {
        match self {
            Self::JwksUri(_) => TokenTerms::USUAL,
            Self::SupabaseSecret(_) | Self::SupabaseKeys(_) => TokenTerms::SUPABASE,
        }
    }

    /// Whether it lets users in with these audiences, as far as can be told from here: without one, the service rejects
    /// every token of a key behind `jwks_uri`.
    pub(crate) fn works_with(&self, audience: Audience) -> bool {
        self.terms().audience.is_some() || audience == Audience::Set
    }

    /// The member of `client_auth` that makes it.
    #[must_use]
    pub(crate) fn member(&self) -> &'static str {
        match self {
            Self::JwksUri(_) => "jwks_uri",
            Self::SupabaseSecret(_) | Self::SupabaseKeys(_) => "supabase",
        }
    }

    /// Whether its keys are elsewhere, and the service fetches them.
    #[must_use]
    pub(crate) fn is_fetched(&self) -> bool {
        !matches!(self, Self::SupabaseSecret(_))
    }

    /// Where its keys are, as far as that is known here.
    #[must_use]
    pub(crate) fn url(&self) -> Option<Address> {
        match self {
            Self::JwksUri(setting) => Address::read(setting.text()?).ok(),
            Self::SupabaseKeys(Project::Named(project)) => {
                Address::read(&format!("https://{project}.supabase.co/auth/v1/.well-known/jwks.json")).ok()
            }
            Self::SupabaseKeys(Project::InVariable(_)) | Self::SupabaseSecret(_) => None,
        }
    }

    /// As people name it behind "log in with": its address, without what may be secret in it, or its member.
    #[must_use]
    pub(crate) fn name(&self) -> String {
        match (self, self.url()) {
            (Self::JwksUri(setting), _) => format!("keys at {}", setting.address()),
            (Self::SupabaseSecret(_), _) => "`supabase_jwt_secret`".to_owned(),
            (Self::SupabaseKeys(_), Some(url)) => format!("keys at `{url}`"),
            (Self::SupabaseKeys(Project::Named(_)), None) => "keys of Supabase".to_owned(),
            (Self::SupabaseKeys(Project::InVariable(name)), None) => {
                format!("keys of Supabase, if {} leads to a project of it", Printable(name))
            }
        }
    }
}

impl Logins {
    pub(super) fn read(config: &Config<'_>, values: &Values<'_>) -> Self {
        let doc = config.document();
        let member = |name| config.client_auth(name);
        let uris = member("jwks_uri")
            .map_or(Vec::new(), |id| doc.items(id).map_or_else(|| vec![id], <[NodeId]>::to_vec));
        let supabase = member("supabase").is_some_and(|id| is_on(config, id, values));
        let secret = member("supabase_jwt_secret").filter(|_| supabase);
        let secret = secret.and_then(|id| Setting::read(config, id, values));
        let project = if supabase { project(config, values) } else { None };
        let all = secret.map(Login::SupabaseSecret).into_iter();
        let all = all
            .chain(uris.into_iter().filter_map(|id| Setting::read(config, id, values)).map(Login::JwksUri))
            .chain(project.map(Login::SupabaseKeys));
        let supabase_behind = member("supabase").and_then(|id| match doc.scalar(id)? {
            Scalar::Env(written) => Some(env_name(written).0).filter(|name| values(name).is_none()),
            _ => None,
        });
        Self { all: all.collect(), supabase, supabase_behind: supabase_behind.map(str::to_owned) }
    }

    /// All, in the order in which the service looks.
    #[must_use]
    pub fn all(&self) -> &[Login] {
        &self.all
    }

    /// The addresses of `jwks_uri`.
    pub(crate) fn uris(&self) -> impl Iterator<Item = &Setting> {
        self.all.iter().filter_map(|login| match login {
            Login::JwksUri(setting) => Some(setting),
            _ => None,
        })
    }

    /// `supabase_jwt_secret`, where the service looks at it.
    #[must_use]
    pub(crate) fn supabase_secret(&self) -> Option<&Setting> {
        self.all.iter().find_map(|login| match login {
            Login::SupabaseSecret(setting) => Some(setting),
            _ => None,
        })
    }

    /// The Supabase project whose keys are fetched, where one is.
    #[must_use]
    pub(crate) fn project(&self) -> Option<&Project> {
        self.all.iter().find_map(|login| match login {
            Login::SupabaseKeys(project) => Some(project),
            _ => None,
        })
    }

    /// Whether tokens of Supabase are taken.
    #[must_use]
    pub(crate) fn takes_supabase(&self) -> bool {
        self.all.iter().any(|login| login.member() == "supabase")
    }

    /// Those that let users in with these audiences, as far as can be told from here: without one, the service rejects
    /// every token of a key behind `jwks_uri`.
    pub(crate) fn working(&self, audience: Audience) -> impl Iterator<Item = &Login> {
        self.all.iter().filter(move |login| login.works_with(audience))
    }

    /// The addresses that another config doesn't name, as far as can be told.
    #[must_use]
    pub(crate) fn uris_not_in(&self, other: &Self) -> Vec<&Setting> {
        let known = |uri: &&Setting| uri.text.is_some();
        let texts: HashSet<_> = other.uris().filter_map(|uri| uri.text.as_deref()).collect();
        let variables: HashSet<_> = other.uris().filter_map(|uri| uri.variable.as_ref()).collect();
        let unknown: HashSet<_> =
            other.uris().filter(|uri| !known(uri)).filter_map(|uri| uri.variable.as_ref()).collect();
        // By their texts where both are known, else by their variables: as [`Setting::same`] does.
        let is_there = |uri: &&Setting| {
            let by_text = uri.text.as_deref().is_some_and(|text| texts.contains(text));
            let names = if known(uri) { &unknown } else { &variables };
            by_text || uri.variable.as_ref().is_some_and(|name| names.contains(name))
        };
        self.uris().filter(|uri| !is_there(uri)).collect()
    }
}

/// Whether a member is `true`, as far as can be told.
fn is_on(config: &Config<'_>, id: NodeId, values: &Values<'_>) -> bool {
    match config.document().scalar(id) {
        Some(Scalar::Env(written)) => {
            values(env_name(written).0).is_none_or(|value| value.eq_ignore_ascii_case("true"))
        }
        None | Some(Scalar::Null | Scalar::Bool(false)) => false,
        Some(_) => true,
    }
}

/// The Supabase project that the first connection leads to: PostgreSQL at exactly `db.PROJECT.supabase.co`.
fn project(config: &Config<'_>, values: &Values<'_>) -> Option<Project> {
    let doc = config.document();
    let (_, connections) = doc.member(doc.member(doc.root(), "replication")?.1, "connections")?;
    let first = *doc.items(connections)?.first()?;
    let setting = |name: &str| Setting::read(config, doc.member(first, name)?.1, values);
    let kind = setting("type")?;
    if kind.text().is_some_and(|kind| kind != "postgresql") {
        return None;
    }
    let host = match (setting("hostname"), setting("uri")) {
        (Some(hostname), _) => hostname.text.map_or(Err(hostname.variable), |text| Ok(text.to_string())),
        (None, Some(uri)) => uri.text.map_or(Err(uri.variable), |text| Ok(host_of(&text).to_owned())),
        (None, None) => return None,
    };
    match host {
        Ok(host) => {
            // As the service's reader of addresses has it.
            let host = percent_decoded(&host).unwrap_or(host).to_ascii_lowercase();
            let project = host.strip_prefix("db.")?.strip_suffix(".supabase.co")?;
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            (!project.is_empty() && project.chars().all(is_word)).then(|| Project::Named(project.to_owned()))
        }
        Err(variable) => variable.map(Project::InVariable),
    }
}

/// The host of a connection's URI.
fn host_of(uri: &str) -> &str {
    let authority = uri.split_once("://").map_or("", |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.split(':').next().unwrap_or_default()
}
