//! Files of a folder that hold a config: as they stand, in a Kubernetes Secret, or in a form that has to be named.

use crate::config::{Document, Input, NodeId};
use crate::store;
use crate::wrap::envelope::{Envelope, Unwrap, is_base64_of_config};

/// What a file holds, as far as configs go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// A config, as it stands or in a Secret: it can be looked at.
    Config,
    /// One that isn't looked at: why.
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
    match of_object(&doc, doc.root()) {
        Some("Secret") if Envelope::open(bytes, &Unwrap::default()).is_ok() => Holds::Config,
        Some("Secret") => Holds::Unseen(SECRET),
        Some("ConfigMap") => Holds::Unseen(CONFIG_MAP),
        Some(_) => Holds::Unseen(SEVERAL),
        None => Holds::Nothing,
    }
}

/// Several documents in one file.
fn several(text: &str) -> Holds {
    let holds =
        |part: &str| Document::read(part, Input::Yaml).is_ok_and(|doc| of_object(&doc, doc.root()).is_some());
    if text.split("\n---").any(holds) { Holds::Unseen(SEVERAL) } else { Holds::Nothing }
}

/// The kind of an object that holds a config.
fn of_object(doc: &Document<'_>, object: NodeId) -> Option<&'static str> {
    let of = |name| doc.member(object, name).map(|(_, value)| value);
    let values =
        |name| of(name).and_then(|id| doc.members(id)).unwrap_or_default().iter().map(|(_, value)| *value);
    let text = |id: NodeId| doc.string(id).unwrap_or_default().as_bytes();
    let is_text = |id: NodeId| store::is_config(text(id), Input::Either);
    let is_encoded = |id: NodeId| is_base64_of_config(text(id)) || is_base64_twice(text(id));
    match doc.string(of("kind")?)? {
        "Secret" => (values("data").any(is_encoded) || values("stringData").any(is_text)).then_some("Secret"),
        "ConfigMap" => {
            (values("data").any(is_text) || values("binaryData").any(is_encoded)).then_some("ConfigMap")
        }
        "List" | "SecretList" | "ConfigMapList" => {
            let items = of("items").and_then(|id| doc.items(id)).unwrap_or_default();
            // A list holds no lists.
            let is_list = |id: &NodeId| doc.member(*id, "items").is_some();
            items.iter().any(|id| !is_list(id) && of_object(doc, *id).is_some()).then_some("List")
        }
        _ => None,
    }
}

/// As `POWERSYNC_CONFIG_B64` takes it, in a Secret.
fn is_base64_twice(text: &[u8]) -> bool {
    crate::wrap::envelope::decode(text).is_some_and(|inner| is_base64_of_config(&inner))
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
