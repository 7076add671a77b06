//! What a config lacks before anyone can log in, as `powersync init self-hosted` writes it: a key, an audience, and an admin
//! token that isn't an example.

use zeroize::Zeroizing;

use super::{BETTER_TOKEN, TOKEN};
use crate::base::secret_string::{SecretString, secret_string};
use crate::config::{Audience, Config, ConfigError, Document, Input, Kind, NodeId, Notation, Scalar, Syntax};

/// What of it a config lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lacking {
    /// There is no key, and no other way to log in.
    pub(crate) key: bool,
    pub(crate) audience: bool,
    /// The admin token is the one of the template.
    pub(crate) token: bool,
}

impl Lacking {
    /// What this config lacks, as far as it can be written in YAML.
    pub(crate) fn of(config: &Config<'_>) -> Self {
        let is_yaml = config.document().syntax() == Syntax::Yaml;
        let key = is_yaml
            && config.entries().is_empty()
            && crate::keyset::KeySet::read(config).meant_login().is_none();
        let token = is_yaml && placeholder(config.document()).is_some();
        Self { key, audience: key && config.audience() == Audience::Missing, token }
    }
}

/// The config with its audience and a variable in place of the token. `text`: with its key.
pub(crate) fn completed(
    text: &str,
    input: Input,
    lacking: Lacking,
) -> Result<Zeroizing<String>, ConfigError> {
    let mut text = Zeroizing::new(text.to_owned());
    if lacking.audience {
        text = with_audience(&text, input)?;
    }
    if lacking.token {
        text = with_token(&text, input)?;
    }
    Ok(text)
}

fn with_audience(text: &str, input: Input) -> Result<SecretString, ConfigError> {
    let config = Config::parse_str(text, input)?;
    let doc = config.document();
    let client_auth = doc.member(doc.root(), "client_auth").map(|(_, value)| value);
    let block = client_auth
        .filter(|id| matches!(doc.node(*id).kind, Kind::Mapping { notation: Notation::Block, .. }));
    let Some(first) = block.and_then(|id| doc.members(id)?.first().copied()) else {
        return Ok(Zeroizing::new(text.to_owned()));
    };
    let at = doc.start_of(first.0);
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let newline = if text[..start].ends_with("\r\n") { "\r\n" } else { "\n" };
    Ok(secret_string!(
        "{}{}audience: ['powersync']{newline}{}",
        &text[..start],
        &text[start..at],
        &text[start..]
    ))
}

fn with_token(text: &str, input: Input) -> Result<SecretString, ConfigError> {
    let config = Config::parse_str(text, input)?;
    let doc = config.document();
    let Some(id) = placeholder(doc) else { return Ok(Zeroizing::new(text.to_owned())) };
    let span = doc.node(id).span.clone();
    Ok(secret_string!("{}!env {TOKEN}{}", &text[..span.start], &text[span.end..]))
}

/// The admin token that is the template's.
fn placeholder(doc: &Document<'_>) -> Option<NodeId> {
    let tokens = super::fill::admin_tokens(doc);
    tokens.into_iter().find(|id| doc.scalar(*id) == Some(Scalar::String(BETTER_TOKEN)))
}
