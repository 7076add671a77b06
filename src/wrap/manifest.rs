//! Files of a directory that hold a config: as it is, in a Kubernetes Secret, or in a form that can't be checked.

use std::collections::HashSet;

use super::base64::{decode, is_base64_of_config, is_config};
use super::envelope::{Envelope, Unwrap};
use crate::config::{Document, Input, NodeId};
use crate::store;

/// What a file holds, as far as configs go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// A config, as it is or in a Secret: it can be checked.
    Config,
    /// One that isn't checked: why.
    Unseen(&'static str),
    /// None.
    Nothing,
}

const CONFIG_MAP: &str = "a ConfigMap: take the config out of it to check it";
const SECRET: &str =
    "a Secret that holds it in another way than one entry of `data`: `check FILE` says what to do";
const SEVERAL: &str =
    "several Kubernetes objects in one file: give the one that holds the config a file of its own";

/// What these bytes hold.
pub(crate) fn holds(bytes: &[u8], input: Input) -> Holds {
    if store::is_config(bytes, input) {
        return Holds::Config;
    }
    // Most files are told apart without being parsed.
    let text =
        std::str::from_utf8(bytes).ok().filter(|text| text.contains("apiVersion") && text.contains("kind"));
    let Some(text) = text else { return Holds::Nothing };
    let Ok(doc) = Document::read(text, input) else { return several(text) };
    match Objects::of(&doc).kind(doc.root()) {
        Some("Secret") if Envelope::open(bytes, &Unwrap::default()).is_ok() => Holds::Config,
        Some("Secret") => Holds::Unseen(SECRET),
        Some("ConfigMap") => Holds::Unseen(CONFIG_MAP),
        Some(_) => Holds::Unseen(SEVERAL),
        None => Holds::Nothing,
    }
}

/// Several documents in one file.
fn several(text: &str) -> Holds {
    let holds = |part: &str| {
        Document::read(part, Input::Yaml).is_ok_and(|doc| Objects::of(&doc).kind(doc.root()).is_some())
    };
    if text.split("\n---").any(holds) { Holds::Unseen(SEVERAL) } else { Holds::Nothing }
}

/// In which form an object holds a config.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum DataForm {
    Text,
    Base64,
}

/// Looks for configs in the objects of a document.
struct Objects<'d, 't> {
    doc: &'d Document<'t>,
    /// What holds none in this form: aliases may lead to one node any number of times.
    without: HashSet<(NodeId, DataForm)>,
}

impl<'d, 't> Objects<'d, 't> {
    fn of(doc: &'d Document<'t>) -> Self {
        Self { doc, without: HashSet::new() }
    }

    /// The kind of an object that holds a config.
    fn kind(&mut self, object: NodeId) -> Option<&'static str> {
        let doc = self.doc;
        let of = |name| doc.member(object, name).map(|(_, value)| value);
        match doc.string(of("kind")?)? {
            "Secret" => (self.holds(of("data"), DataForm::Base64)
                || self.holds(of("stringData"), DataForm::Text))
            .then_some("Secret"),
            "ConfigMap" => (self.holds(of("data"), DataForm::Text)
                || self.holds(of("binaryData"), DataForm::Base64))
            .then_some("ConfigMap"),
            "List" | "SecretList" | "ConfigMapList" => {
                let items = of("items").and_then(|id| doc.items(id)).unwrap_or_default();
                // A list holds no lists.
                let is_list = |id: NodeId| doc.member(id, "items").is_some();
                items.iter().any(|id| !is_list(*id) && self.kind(*id).is_some()).then_some("List")
            }
            _ => None,
        }
    }

    /// Whether a member of this mapping is a config in this form.
    fn holds(&mut self, data: Option<NodeId>, form: DataForm) -> bool {
        let doc = self.doc;
        let Some(data) = data.map(|id| doc.target(id)) else { return false };
        if !self.without.insert((data, form)) {
            return false;
        }
        doc.members(data).unwrap_or_default().iter().any(|(_, value)| {
            let text = doc.string(*value).unwrap_or_default().as_bytes();
            self.without.insert((doc.target(*value), form))
                && match form {
                    DataForm::Text => is_config(text),
                    // The second as `POWERSYNC_CONFIG_B64` takes it, in a Secret.
                    DataForm::Base64 => {
                        is_base64_of_config(text)
                            || decode(text).is_some_and(|inner| is_base64_of_config(&inner))
                    }
                }
        })
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const CONFIG: &str = "client_auth:\n  audience: [app]\n";

    #[test]
    fn every_form_of_a_config_is_seen_or_said() {
        let encoded = STANDARD.encode(CONFIG);
        let object = |kind: &str, rest: &str| format!("apiVersion: v1\nkind: {kind}\n{rest}\n");
        let secret = object("Secret", &format!("data: {{a: {encoded}}}"));
        let map = object("ConfigMap", "data:\n  a: |\n    client_auth:\n      audience: [app]");
        for (text, expected) in [
            (CONFIG.to_owned(), Holds::Config),
            (secret.clone(), Holds::Config),
            (object("Secret", &format!("data: {{a: {encoded}, b: {encoded}}}")), Holds::Unseen(SECRET)),
            (object("Secret", &format!("data: {{a: {}}}", STANDARD.encode(&encoded))), Holds::Unseen(SECRET)),
            (object("Secret", "stringData: {a: 'client_auth: {}'}"), Holds::Unseen(SECRET)),
            (object("Secret", "data: {a: AAAA}"), Holds::Nothing),
            (map.clone(), Holds::Unseen(CONFIG_MAP)),
            (object("ConfigMap", "data: {a: text}"), Holds::Nothing),
            (
                object("List", &format!("items: [{{kind: Secret, data: {{a: {encoded}}}}}]")),
                Holds::Unseen(SEVERAL),
            ),
            (object("List", "items: [{kind: List, items: []}]"), Holds::Nothing),
            (format!("---\n{}---\n{secret}", object("Deployment", "")), Holds::Unseen(SEVERAL)),
            (format!("{}---\n{}", object("Service", ""), object("Deployment", "")), Holds::Nothing),
            ("services: {}\n".to_owned(), Holds::Nothing),
        ] {
            assert_eq!(holds(text.as_bytes(), Input::Yaml), expected, "{text}");
        }
    }
}
