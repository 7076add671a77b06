//! How the service is run, as far as the files around the config tell.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::base::command_line::{CommandLine, is_plain_name};
use crate::config::{Document, Input, NodeId, Scalar};

/// Whether the config is in a git repository: then replicas get it when it is merged and deployed, not when it is
/// written.
#[must_use]
pub(crate) fn in_git(config: &Path) -> bool {
    config.ancestors().any(|directory| directory.join(".git").exists())
}

/// What restarts the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Platform {
    /// A Compose file is near, with this service in it, if it could be told.
    Compose {
        /// The name under `services`.
        service: Option<String>,
        /// How many of it run.
        replicas: i64,
    },
    /// A Kubernetes manifest is near, with this workload in it, if it could be told.
    Kubernetes {
        /// `deployment/NAME`
        workload: Option<String>,
        /// The Secret or `ConfigMap` with the config, where that is what is edited.
        object: Option<ObjectFile>,
    },
    /// PowerSync Cloud: the config is deployed.
    Cloud,
    /// Nothing told.
    Unknown,
}

/// A file with an object that is put into the cluster. `kubectl apply` would keep its secrets in an annotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObjectFile {
    /// As it was named; `None` where it goes to stdout.
    pub(crate) file: Option<String>,
    /// Whether the cluster takes it only in place of the old one.
    pub(crate) forced: bool,
}

const COMPOSE: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

/// Looks beside the config and in the directory above. What can't be read is skipped: this only words advice.
#[must_use]
pub(crate) fn detect(config: &Path) -> Platform {
    let directory = config.parent().unwrap_or(Path::new("."));
    let beside = compose(directory).or_else(|| kubernetes(directory));
    beside.or_else(|| compose(directory.parent()?)).unwrap_or(Platform::Unknown)
}

/// The Compose file of a directory, if it has one.
#[must_use]
pub(crate) fn compose_file(directory: &Path) -> Option<PathBuf> {
    COMPOSE.iter().map(|name| directory.join(name)).find(|file| file.is_file())
}

fn compose(directory: &Path) -> Option<Platform> {
    let file = compose_file(directory)?;
    let found = text_of_service(&file, |_| true).and_then(|text| compose_service(&text));
    let (service, replicas) = found.map_or((None, 1), |(name, replicas)| (Some(name), replicas));
    Some(Platform::Compose { service, replicas })
}

/// In the names of the service's images.
const IMAGE: &str = "powersync-service";

/// Files that are written by hand are smaller; what is larger isn't looked into.
const SMALL: u64 = 64 * 1024;

/// A text that names the service's image, and whose first lines say what it is: `is_one` of these.
fn text_of_service(path: &Path, is_one: impl Fn(&str) -> bool) -> Option<String> {
    // Only a file: others may not end.
    if !path.is_file() {
        return None;
    }
    let mut file = File::open(path).ok()?;
    if !file.metadata().ok()?.is_file() || file.metadata().ok()?.len() > SMALL {
        return None;
    }
    let mut bytes = Vec::new();
    (&mut file).take(4096).read_to_end(&mut bytes).ok()?;
    if !is_one(&String::from_utf8_lossy(&bytes)) {
        return None;
    }
    file.take(SMALL).read_to_end(&mut bytes).ok()?;
    String::from_utf8(bytes).ok().filter(|text| text.contains(IMAGE))
}

/// The service whose image is PowerSync's, and how many of it run.
fn compose_service(text: &str) -> Option<(String, i64)> {
    let doc = Document::read(text, Input::Yaml).ok()?;
    let (_, services) = doc.member(doc.root(), "services")?;
    doc.members(services)?.iter().find_map(|(name, service)| {
        let (_, image) = doc.member(*service, "image")?;
        let name =
            doc.string(*name).filter(|_| doc.string(image).is_some_and(|image| image.contains(IMAGE)))?;
        let deploy = doc.member(*service, "deploy").and_then(|(_, deploy)| doc.member(deploy, "replicas"));
        let (_, count) = deploy.or_else(|| doc.member(*service, "scale")).unzip();
        let replicas = match count.and_then(|count| doc.scalar(count)) {
            Some(Scalar::Integer(count)) => count,
            _ => 1,
        };
        is_plain_name(name).then(|| (name.to_owned(), replicas))
    })
}

fn kubernetes(directory: &Path) -> Option<Platform> {
    let mut found = None;
    for entry in fs::read_dir(directory).ok()?.flatten().take(200) {
        let path = entry.path();
        let yaml = path.extension().is_some_and(|e| e == "yaml" || e == "yml");
        if !yaml || path.file_name().is_some_and(|name| name == "powersync.yaml") {
            continue;
        }
        let named = path.file_stem().is_some_and(|stem| stem == "kustomization" || stem == "Chart");
        let is_manifest = |start: &str| start.contains("kind:") || start.contains("apiVersion:");
        let workload = text_of_service(&path, is_manifest).and_then(|text| workload(&text));
        if workload.is_some() {
            return Some(Platform::Kubernetes { workload, object: None });
        }
        if named {
            found = Some(Platform::Kubernetes { workload: None, object: None });
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
    let doc = text.contains(IMAGE).then(|| Document::read(text, Input::Yaml).ok()).flatten()?;
    let text_of = |id: NodeId, name| doc.member(id, name).and_then(|(_, value)| doc.string(value));
    let kind = text_of(doc.root(), "kind").filter(|kind| matches!(*kind, "Deployment" | "StatefulSet"))?;
    let (_, metadata) = doc.member(doc.root(), "metadata")?;
    let name = text_of(metadata, "name").filter(|name| is_plain_name(name))?;
    Some(format!("{}/{name}", kind.to_ascii_lowercase()))
}

impl Platform {
    /// What passes a variable to the service's container, a line each.
    #[must_use]
    pub(crate) fn pass(&self, name: &str) -> Vec<CommandLine> {
        let compose = || {
            CommandLine::snippet(format!("{name}: ${{{name}}}"))
                .note("Compose, below `environment:`, unless `env_file:` passes it")
        };
        let kubernetes = || {
            let entry =
                format!("- {{name: {name}, valueFrom: {{secretKeyRef: {{name: powersync, key: {name}}}}}}}");
            CommandLine::snippet(entry).note("Kubernetes, in `env:`")
        };
        let ecs = || {
            let entry = format!("{{\"name\": \"{name}\", \"valueFrom\": \"arn:aws:secretsmanager:…\"}}");
            CommandLine::snippet(entry).note("ECS, in `secrets`")
        };
        match self {
            Self::Compose { .. } => vec![compose()],
            Self::Kubernetes { .. } => vec![kubernetes()],
            Self::Cloud => Vec::new(),
            Self::Unknown => vec![compose(), kubernetes(), ecs()],
        }
    }

    /// The commands that restart every replica with the new config.
    #[must_use]
    pub(crate) fn restart(&self) -> Vec<CommandLine> {
        match self {
            Self::Compose { service, .. } => vec![compose_up(service.as_deref())],
            Self::Kubernetes { workload, object: Some(object) } => {
                vec![object.replace(), CommandLine::new("kubectl").args(rollout(workload.as_deref()))]
            }
            Self::Kubernetes { workload, object: None } => vec![
                kubectl_apply().note("the ConfigMap or Secret that holds this file"),
                CommandLine::new("kubectl").args(rollout(workload.as_deref())),
            ],
            Self::Cloud => vec![CommandLine::new("powersync").arg("deploy")],
            Self::Unknown => vec![
                compose_up(None).note("Compose"),
                kubectl_apply().verbatim("&& kubectl").args(rollout(None)).note("Kubernetes"),
                CommandLine::new("aws")
                    .args(["ecs", "update-service", "--service"])
                    .verbatim("… --task-definition …")
                    .arg("--force-new-deployment"),
            ],
        }
    }
}

impl ObjectFile {
    /// Puts it in place of the one that is there.
    pub(crate) fn replace(&self) -> CommandLine {
        let replace =
            CommandLine::new("kubectl").arg("replace").args(self.forced.then_some("--force")).arg("-f");
        match &self.file {
            Some(file) => replace.arg(file.as_str()),
            None => replace.verbatim("FILE"),
        }
    }
}

fn compose_up(service: Option<&str>) -> CommandLine {
    let up = ["compose", "up", "-d", "--force-recreate"];
    CommandLine::new("docker").args(up).arg(service.unwrap_or("powersync"))
}

fn kubectl_apply() -> CommandLine {
    CommandLine::new("kubectl").args(["apply", "-f"]).verbatim("…")
}

fn rollout(workload: Option<&str>) -> [&str; 3] {
    ["rollout", "restart", workload.unwrap_or("deployment/powersync")]
}
