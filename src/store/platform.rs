//! How the service is run, as far as the files around the config tell.

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::{Document, Input, NodeId};

/// Whether the config lies in a git repository: then replicas get it when it is merged and deployed, not when it is
/// written.
#[must_use]
pub fn in_git(config: &Path) -> bool {
    config.ancestors().any(|folder| folder.join(".git").exists())
}

/// What restarts the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Platform {
    /// A Compose file lies near, with this service in it, if it could be told.
    Compose {
        /// The name under `services`.
        service: Option<String>,
    },
    /// A Kubernetes manifest lies near, with this workload in it, if it could be told.
    Kubernetes {
        /// `deployment/NAME`
        workload: Option<String>,
    },
    /// PowerSync Cloud: the config is deployed.
    Cloud,
    /// Nothing told.
    Unknown,
}

const COMPOSE: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

/// Looks beside the config and in the folder above. What can't be read is passed over: this only words advice.
#[must_use]
pub fn detect(config: &Path) -> Platform {
    let folder = config.parent().unwrap_or(Path::new("."));
    let beside = compose(folder).or_else(|| kubernetes(folder));
    beside.or_else(|| compose(folder.parent()?)).unwrap_or(Platform::Unknown)
}

/// The Compose file of a folder, if it has one.
#[must_use]
pub fn compose_file(folder: &Path) -> Option<PathBuf> {
    COMPOSE.iter().map(|name| folder.join(name)).find(|file| file.is_file())
}

fn compose(folder: &Path) -> Option<Platform> {
    let file = compose_file(folder)?;
    Some(Platform::Compose { service: small_text(&file).and_then(|text| compose_service(&text)) })
}

fn small_text(path: &Path) -> Option<String> {
    let length = fs::metadata(path).ok()?.len();
    if length > 256 * 1024 { None } else { fs::read_to_string(path).ok() }
}

/// The service whose image is PowerSync's.
fn compose_service(text: &str) -> Option<String> {
    let doc = Document::read(text, Input::Yaml).ok()?;
    let (_, services) = doc.member(doc.root(), "services")?;
    doc.members(services)?.iter().find_map(|(name, service)| {
        let (_, image) = doc.member(*service, "image")?;
        doc.string(image)?.contains("powersync-service").then(|| doc.string(*name).map(str::to_owned))?
    })
}

fn kubernetes(folder: &Path) -> Option<Platform> {
    let mut found = None;
    for entry in fs::read_dir(folder).ok()?.flatten().take(200) {
        let path = entry.path();
        let yaml = path.extension().is_some_and(|e| e == "yaml" || e == "yml");
        if !yaml || path.file_name().is_some_and(|name| name == "powersync.yaml") {
            continue;
        }
        let named = path.file_stem().is_some_and(|stem| stem == "kustomization" || stem == "Chart");
        let workload = small_text(&path).and_then(|text| workload(&text));
        if workload.is_some() {
            return Some(Platform::Kubernetes { workload });
        }
        if named {
            found = Some(Platform::Kubernetes { workload: None });
        }
    }
    found
}

/// `deployment/NAME` of a manifest whose container is PowerSync's.
fn workload(text: &str) -> Option<String> {
    // Of several documents, each is read by itself.
    text.split("\n---").find_map(workload_of)
}

fn workload_of(text: &str) -> Option<String> {
    let doc = Document::read(text, Input::Yaml).ok().filter(|_| text.contains("powersync-service"))?;
    let text_of = |id: NodeId, name| doc.member(id, name).and_then(|(_, value)| doc.string(value));
    let kind = text_of(doc.root(), "kind").filter(|kind| matches!(*kind, "Deployment" | "StatefulSet"))?;
    let (_, metadata) = doc.member(doc.root(), "metadata")?;
    Some(format!("{}/{}", kind.to_ascii_lowercase(), text_of(metadata, "name")?))
}

impl Platform {
    /// What passes a variable to the service's container, a line each.
    #[must_use]
    pub fn pass(&self, name: &str) -> Vec<String> {
        let compose =
            format!("{name}: ${{{name}}}   # Compose, below `environment:`, unless `env_file:` passes it");
        let kubernetes = format!(
            "- {{name: {name}, valueFrom: {{secretKeyRef: {{name: powersync, key: {name}}}}}}}   # Kubernetes, in `env:`"
        );
        let ecs = format!(
            "{{\"name\": \"{name}\", \"valueFrom\": \"arn:aws:secretsmanager:…\"}}   # ECS, in `secrets`"
        );
        match self {
            Self::Compose { .. } => vec![compose],
            Self::Kubernetes { .. } => vec![kubernetes],
            Self::Cloud => Vec::new(),
            Self::Unknown => vec![compose, kubernetes, ecs],
        }
    }

    /// The commands that restart every replica with the new config, one a line.
    #[must_use]
    pub fn restart(&self) -> Vec<String> {
        let compose = |service: &str| format!("docker compose up -d --force-recreate {service}");
        let kubectl = |workload: &str| format!("kubectl rollout restart {workload}");
        match self {
            Self::Compose { service } => vec![compose(service.as_deref().unwrap_or("powersync"))],
            Self::Kubernetes { workload } => vec![
                "kubectl apply -f …   # the ConfigMap or Secret that holds this file".to_owned(),
                kubectl(workload.as_deref().unwrap_or("deployment/powersync")),
            ],
            Self::Cloud => vec!["powersync deploy".to_owned()],
            Self::Unknown => vec![
                format!("{}   # Compose", compose("powersync")),
                format!("kubectl apply -f … && {}   # Kubernetes", kubectl("deployment/powersync")),
                "aws ecs update-service --service … --task-definition … --force-new-deployment".to_owned(),
            ],
        }
    }
}
