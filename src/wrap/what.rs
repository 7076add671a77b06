//! What a file is that is no config, by its parsed top level.

use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Named, Printable, list};
use crate::config::{Document, NodeId};

use super::marks::MARKS;

/// A file in which there is no config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A Compose file, and the config that it mounts, if one could be told.
    Compose {
        mounts: Option<String>,
    },
    /// An object of Kubernetes, by its kind.
    Kubernetes(String),
    SealedSecret,
    ExternalSecret,
    Kustomization,
    Chart,
    Package,
    EnvFile,
    /// Something else, by the first names at its top.
    Other(Vec<String>),
}

impl What {
    /// What a document is in which there is no config.
    pub(super) fn of(doc: &Document<'_>) -> Self {
        let root = doc.root();
        let of = |name| doc.member(root, name).map(|(_, value)| value);
        let has = |name| of(name).is_some();
        let kind = of("kind").and_then(|id| doc.string(id)).filter(|_| has("apiVersion"));
        match kind {
            Some("SealedSecret") => return Self::SealedSecret,
            Some("ExternalSecret" | "ClusterExternalSecret") => return Self::ExternalSecret,
            Some("Kustomization") => return Self::Kustomization,
            Some(kind) => return Self::Kubernetes(kind.to_owned()),
            None => {}
        }
        match () {
            () if of("services").is_some_and(|id| doc.members(id).is_some()) => {
                Self::Compose { mounts: mounted_config(doc) }
            }
            () if has("secretGenerator") || has("configMapGenerator") || has("kustomize") => {
                Self::Kustomization
            }
            () if has("apiVersion") && has("name") && has("version") => Self::Chart,
            () if has("name") && (has("dependencies") || has("devDependencies") || has("scripts")) => {
                Self::Package
            }
            () => {
                let names = doc.members(root).unwrap_or_default().iter();
                let names = names.filter_map(|(name, _)| doc.string(*name)).filter(|name| is_plain(name));
                Self::Other(names.take(3).map(str::to_owned).collect())
            }
        }
    }

    /// The same of a text that can't be parsed, by the lines that begin with a name.
    pub(super) fn of_lines(text: &str) -> Option<Self> {
        let value = |name: &str| {
            text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
        };
        match (value("kind").filter(|_| value("apiVersion").is_some()), value("services")) {
            (Some(kind), _) if is_plain(kind) => Some(Self::Kubernetes(kind.to_owned())),
            (_, Some("")) => Some(Self::Compose { mounts: None }),
            _ => None,
        }
    }

    /// What it is, and what to do.
    pub(crate) fn message(&self) -> Sentence {
        match self {
            Self::Compose { mounts: Some(config) } => sentence!(
                "this is a Compose file, and no config is in it. The one that it mounts is {}: name that, \
                 `-c {0}`",
                Named(config)
            ),
            Self::Compose { mounts: None } => sentence!(
                "this is a Compose file, and no config is in it. Name the config that it mounts into the service: \
                 `-c PATH`"
            ),
            Self::Kubernetes(kind) => sentence!(
                "this is a Kubernetes {}, and no config is in it. Name the Secret that holds the config: `-c PATH`, or \
                 `kubectl get secret NAME -o json | powersync-jwks -c - COMMAND`",
                Printable(kind)
            ),
            Self::SealedSecret => sentence!(
                "this is a SealedSecret, which only its controller can decrypt. Change the Secret and seal it again: \
                 `kubectl get secret NAME -o json | powersync-jwks -c - COMMAND | kubeseal -o yaml > NEW`"
            ),
            Self::ExternalSecret => sentence!(
                "this is an ExternalSecret: the config is in a secrets manager. Read it there, pipe it through \
                 `powersync-jwks -c - COMMAND`, and write the result back"
            ),
            Self::Kustomization => sentence!(
                "this is a kustomization, and no config is in it. Name the file that it makes the Secret of: `-c PATH`"
            ),
            Self::Chart => sentence!(
                "this is the `Chart.yaml` of a Helm chart, and no config is in it. Name the values or the config: `-c PATH`"
            ),
            Self::Package => {
                sentence!("this is a package.json, and no config is in it. Name the config: `-c PATH`")
            }
            Self::EnvFile => sentence!(
                "this is an env file, and it sets no `POWERSYNC_CONFIG_B64`. Name the config: `-c PATH`; the env file \
                 goes with `--env-file`"
            ),
            Self::Other(names) => {
                let has = match names.as_slice() {
                    [] => String::new(),
                    names => {
                        let names: Vec<String> =
                            names.iter().map(|name| format!("`{}`", Printable(name))).collect();
                        format!(" It begins with {}.", list(&names))
                    }
                };
                sentence!(
                    "this is no PowerSync config: a config has one of {} at its top.{has} Name the config: `-c PATH`",
                    list(&MARKS.map(|name| format!("`{name}`")))
                )
            }
        }
    }
}

/// Names of members are shown where they look like names: of the wrong file, any may be a secret.
fn is_plain(name: &str) -> bool {
    name.len() <= 24
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

/// The file on this machine that a Compose file mounts as the service's config.
fn mounted_config(doc: &Document<'_>) -> Option<String> {
    let (_, services) = doc.member(doc.root(), "services")?;
    doc.members(services)?.iter().find_map(|(_, service)| {
        let config = config_path(doc, *service);
        let (_, volumes) = doc.member(*service, "volumes")?;
        doc.items(volumes)?.iter().find_map(|volume| {
            let (host, inside) = mount(doc, *volume)?;
            if !host.starts_with(['.', '/']) && !host.contains('/') {
                return None;
            }
            let host = host.strip_prefix("./").unwrap_or(host);
            match config {
                Some(config) if inside == config => Some(host.to_owned()),
                Some(config) => {
                    let below = config.strip_prefix(inside)?.strip_prefix('/')?;
                    Some(format!("{}/{below}", host.trim_end_matches('/')))
                }
                None => (inside.ends_with("/powersync.yaml") || inside.ends_with("/service.yaml"))
                    .then(|| host.to_owned()),
            }
        })
    })
}

/// What `POWERSYNC_CONFIG_PATH` says in a service.
fn config_path<'d>(doc: &'d Document<'_>, service: NodeId) -> Option<&'d str> {
    const NAME: &str = "POWERSYNC_CONFIG_PATH";
    let (_, environment) = doc.member(service, "environment")?;
    if let Some((_, value)) = doc.member(environment, NAME) {
        return doc.string(value);
    }
    let entries = doc.items(environment)?.iter().filter_map(|id| doc.string(*id));
    entries.filter_map(|entry| entry.strip_prefix(NAME)).find_map(|rest| rest.strip_prefix('='))
}

/// The two sides of a volume.
fn mount<'d>(doc: &'d Document<'_>, volume: NodeId) -> Option<(&'d str, &'d str)> {
    if let Some(short) = doc.string(volume) {
        let (host, rest) = short.split_once(':')?;
        return Some((host, rest.split(':').next().unwrap_or(rest)));
    }
    let text = |name| doc.member(volume, name).and_then(|(_, id)| doc.string(id));
    Some((text("source")?, text("target")?))
}
