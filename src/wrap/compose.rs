//! What a Compose file sets for the service: the values of variables, and the env files that have them.

use zeroize::Zeroizing;

use crate::config::{Document, Input, Kind, NodeId, Scalar};

/// The file, and what it sets. Not `Debug`: it holds secrets.
#[derive(Clone)]
pub(crate) struct ComposeFile {
    /// The variables, in the order of the file, with their lines.
    settings: Vec<(String, Setting, usize)>,
    /// The env files, as they are named.
    pub(crate) env_files: Vec<String>,
}

/// What a variable is set to.
#[derive(Clone)]
pub(crate) enum Setting {
    /// This value.
    Literal(Zeroizing<String>),
    /// That of another variable, else this value.
    Other(String, Option<Zeroizing<String>>),
    /// Something that is put together of several.
    Unknown,
}

impl ComposeFile {
    /// Reads a text. `None`: it is no Compose file that can be read.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let doc = Document::read(text, Input::Yaml).ok()?;
        let (_, services) = doc.member(doc.root(), "services")?;
        let services = doc.members(services)?;
        let mut found = Self { settings: Vec::new(), env_files: Vec::new() };
        let image = |service: NodeId| doc.member(service, "image").and_then(|(_, image)| doc.string(image));
        let is_ours =
            |service: &NodeId| image(*service).is_some_and(|image| image.contains("powersync-service"));
        let ours: Vec<NodeId> = services.iter().map(|(_, service)| *service).filter(is_ours).collect();
        // An image that was built under another name: all of them may be meant.
        let all: Vec<NodeId> = services.iter().map(|(_, service)| *service).collect();
        for service in if ours.is_empty() { all } else { ours } {
            found.service(&doc, service, 0);
        }
        Some(found)
    }

    /// What it sets a variable to, and on which line.
    pub(crate) fn setting(&self, name: &str) -> Option<(&Setting, usize)> {
        self.settings.iter().find(|(set, ..)| set == name).map(|(_, setting, line)| (setting, *line))
    }

    /// The name under which the value of a variable is kept elsewhere, where the file passes it on.
    pub(crate) fn passed_as(&self, name: &str) -> Option<&str> {
        match self.setting(name) {
            Some((Setting::Other(other, _), _)) => Some(other),
            _ => None,
        }
    }

    fn service(&mut self, doc: &Document<'_>, service: NodeId, depth: usize) {
        for (name, value) in doc.members(service).unwrap_or_default() {
            match doc.string(*name) {
                Some("environment") => self.environment(doc, *value, 0),
                Some("env_file") => self.env_file(doc, *value),
                Some("<<") if depth < MERGES => {
                    self.merged(doc, *value, |this, id| this.service(doc, id, depth + 1));
                }
                _ => {}
            }
        }
    }

    fn merged(&mut self, doc: &Document<'_>, value: NodeId, mut each: impl FnMut(&mut Self, NodeId)) {
        match doc.items(value) {
            Some(items) => items.iter().for_each(|id| each(self, *id)),
            None => each(self, value),
        }
    }

    fn environment(&mut self, doc: &Document<'_>, value: NodeId, depth: usize) {
        let line = |id| doc.text()[..doc.start_of(id)].matches('\n').count() + 1;
        for item in doc.items(value).unwrap_or_default() {
            let Some(text) = doc.string(*item) else { continue };
            let (name, setting) = match text.split_once('=') {
                Some((name, value)) => (name, Setting::of(value)),
                None => (text, Setting::Other(text.to_owned(), None)),
            };
            self.set(name, setting, line(*item));
        }
        for (name, value) in doc.members(value).unwrap_or_default() {
            let Some(name) = doc.string(*name) else { continue };
            match doc.scalar(*value) {
                Some(Scalar::String(text)) => self.set(name, Setting::of(text), line(*value)),
                Some(Scalar::Null) => self.set(name, Setting::Other(name.to_owned(), None), line(*value)),
                Some(_) => {
                    if let Kind::Scalar { text, .. } = &doc.resolve(*value).kind {
                        self.set(name, Setting::Literal(Zeroizing::new(text.to_string())), line(*value));
                    }
                }
                None if name == "<<" && depth < MERGES => {
                    self.merged(doc, *value, |this, id| this.environment(doc, id, depth + 1));
                }
                None => {}
            }
        }
    }

    fn set(&mut self, name: &str, setting: Setting, line: usize) {
        // What is merged in doesn't win over what is there.
        if self.setting(name).is_none() {
            self.settings.push((name.to_owned(), setting, line));
        }
    }

    fn env_file(&mut self, doc: &Document<'_>, value: NodeId) {
        let one = [value];
        for item in doc.items(value).unwrap_or(&one) {
            let path = doc.member(*item, "path").map_or(*item, |(_, path)| path);
            self.env_files.extend(doc.string(path).map(str::to_owned));
        }
    }
}

/// How deep `<<` is followed.
const MERGES: usize = 4;

impl Setting {
    /// What Compose makes of a value: `$NAME`, `${NAME}`, `${NAME:-default}`, and `$$` for a dollar sign.
    fn of(text: &str) -> Self {
        if !text.replace("$$", "").contains('$') {
            return Self::Literal(Zeroizing::new(text.replace("$$", "$")));
        }
        let is_name = super::env_file::is_name;
        let Some(rest) = text.strip_prefix('$') else { return Self::Unknown };
        if is_name(rest) {
            return Self::Other(rest.to_owned(), None);
        }
        let Some(inner) = rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
            return Self::Unknown;
        };
        let end = inner.find([':', '-', '?']).unwrap_or(inner.len());
        let (name, rest) = inner.split_at(end);
        if !is_name(name) || rest.contains('$') {
            return Self::Unknown;
        }
        let default = rest.strip_prefix(":-").or_else(|| rest.strip_prefix('-'));
        Self::Other(name.to_owned(), default.map(|value| Zeroizing::new(value.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_followed_as_compose_follows_them() {
        let text = "x-common: &common\n  PS_D: merged\nservices:\n  web:\n    environment: {PS_A: other}\n  sync:\n    image: \
                    journeyapps/powersync-service:1\n    env_file: [a.env, {path: b.env}]\n    environment:\n      <<: \
                    *common\n      PS_A: lit$$eral\n      PS_B: ${JWT:-x}\n      PS_C:\n      PS_E: a${B}\n      PS_F: 7\n";
        let file = ComposeFile::read(text).unwrap();
        let said = |name| match file.setting(name) {
            Some((Setting::Literal(value), line)) => format!("{} {line}", value.as_str()),
            Some((Setting::Other(name, default), _)) => {
                format!("→{name} {}", default.as_ref().map_or("", |value| value.as_str()))
            }
            Some((Setting::Unknown, _)) => "?".to_owned(),
            None => "-".to_owned(),
        };
        let all = ["PS_A", "PS_B", "PS_C", "PS_D", "PS_E", "PS_F", "PS_G"].map(said);
        assert_eq!(all, ["lit$eral 11", "→JWT x", "→PS_C ", "merged 2", "?", "7 15", "-"]);
        assert_eq!(file.env_files, ["a.env", "b.env"]);
        let list = "services: {sync: {environment: [PS_A=b, PS_B, 'PS_C=${D}']}}\n";
        let file = ComposeFile::read(list).unwrap();
        assert_eq!(file.passed_as("PS_C"), Some("D"));
        assert_eq!(file.passed_as("PS_B"), Some("PS_B"));
    }
}
