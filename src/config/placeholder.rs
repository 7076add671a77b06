//! What stands in a config in place of a secret or an address until another program puts that in.

use crate::base::sentence::{Sentence, sentence};
use crate::syntax::{Document, Kind, NodeId, Scalar};

/// Who replaces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placeholder {
    /// Helm, Jinja, Ansible and others: `{{ … }}`.
    Braces,
    /// A shell, `envsubst`, Compose: `${NAME}`.
    Dollar,
    /// 1Password: `op://VAULT/ITEM/FIELD`.
    OnePassword,
}

/// Members that hold secrets or addresses, wherever they are.
const PLACES: [&str; 8] =
    ["uri", "jwks_uri", "password", "hostname", "username", "database", "client_private_key", "secret"];

impl Placeholder {
    /// What a text is, if it is to be replaced.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let is_name = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        match () {
            () if text.starts_with("op://") => Some(Self::OnePassword),
            () if text.contains("{{") || text.contains("{%") => Some(Self::Braces),
            () if text
                .match_indices("${")
                .any(|(at, _)| is_name(&text[at + 2..]) && text[at..].contains('}')) =>
            {
                Some(Self::Dollar)
            }
            () => None,
        }
    }

    /// What is put in, without text around it, which may be a part of the secret.
    pub(crate) fn name_in(text: &str) -> Option<String> {
        Some(match Self::of(text)? {
            Self::Dollar => {
                let name = text
                    .split("${")
                    .nth(1)?
                    .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                    .next()?;
                format!("${{{name}}}")
            }
            Self::Braces => {
                let inner = text.split("{{").nth(1).unwrap_or_default().trim_start();
                let is_path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
                let path = &inner[..inner.find(|c| !is_path(c)).unwrap_or(inner.len())];
                format!("{{{{ {path} … }}}}")
            }
            Self::OnePassword => text.chars().filter(char::is_ascii_graphic).collect(),
        })
    }

    /// How the file is rendered.
    pub(crate) fn render(self) -> Sentence {
        match self {
            Self::Braces => sentence!(
                "Render it first, and pipe that in: `helm template … | powersync-jwks -c - COMMAND`"
            ),
            Self::Dollar => {
                sentence!(
                    "Render it first, and pipe that in: `envsubst < FILE | powersync-jwks -c - COMMAND`"
                )
            }
            Self::OnePassword => {
                sentence!(
                    "Render it first, and pipe that in: `op inject -i FILE | powersync-jwks -c - COMMAND`"
                )
            }
        }
    }

    pub(crate) fn looks(self) -> &'static str {
        match self {
            Self::Braces => "`{{ … }}`",
            Self::Dollar => "`${…}`",
            Self::OnePassword => "`op://…`",
        }
    }
}

/// A config that is a template: what stands in it, and where first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) placeholder: Placeholder,
    /// From 1.
    pub(crate) line: usize,
}

impl Template {
    /// Of a text that can't be parsed: braces are all that tells.
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        let is_one = |line: &str| line.contains("{{") && line.contains("}}") || line.contains("{%");
        let line = text.lines().position(is_one)? + 1;
        Some(Self { placeholder: Placeholder::Braces, line })
    }

    /// What first stands in a config in place of a secret or an address.
    pub(crate) fn first(doc: &Document<'_>) -> Option<(NodeId, Placeholder)> {
        first(doc, doc.root(), Place::Elsewhere)
    }

    /// Of a config.
    pub(crate) fn of(doc: &Document<'_>) -> Option<Self> {
        let (id, placeholder) = Self::first(doc)?;
        let line = doc.text()[..doc.start_of(id)].matches('\n').count() + 1;
        Some(Self { placeholder, line })
    }

    /// What it is, and what to do.
    pub(crate) fn message(&self) -> Sentence {
        let (looks, render) = (self.placeholder.looks(), self.placeholder.render());
        let line = self.line;
        sentence!(
            "this is a template: {looks} on line {line} is replaced before the service reads it. {render}"
        )
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Whatever is here may be a secret or an address.
    Inside,
    Elsewhere,
}

fn first(doc: &Document<'_>, id: NodeId, place: Place) -> Option<(NodeId, Placeholder)> {
    match &doc.node(id).kind {
        Kind::Mapping { members, .. } => members.iter().find_map(|(name, value)| {
            let is_place =
                doc.string(*name).is_some_and(|name| name == "client_auth" || PLACES.contains(&name));
            first(doc, *value, if is_place { Place::Inside } else { place })
        }),
        Kind::Sequence { items, .. } => items.iter().find_map(|item| first(doc, *item, place)),
        Kind::Scalar { .. } if place == Place::Inside => match doc.scalar(id) {
            Some(Scalar::String(text)) => Placeholder::of(text).map(|found| (id, found)),
            _ => None,
        },
        Kind::Scalar { .. } | Kind::Alias(_) => None,
    }
}
