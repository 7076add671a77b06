//! Files of a directory that hold a config: as it is, in another file, or in a form that can't be read.

use super::envelope::{Envelope, EnvelopeError, Unwrap};
use super::marks;
use super::unwrap::Why;
use super::what::What;
use crate::config::Input;

/// What a file holds, as far as configs go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// A config, as it is or in another file: it can be read.
    Config,
    /// It has to do with PowerSync, and no config is read in it: why.
    Unseen(EnvelopeError),
    /// None.
    Nothing,
}

/// What these bytes hold.
pub(crate) fn holds(bytes: &[u8], input: Input) -> Holds {
    if marks::is_config(bytes, input) {
        return Holds::Config;
    }
    // Most files are told apart without being parsed.
    let text = std::str::from_utf8(bytes).ok().filter(|text| {
        let is_object = text.contains("apiVersion") && text.contains("kind");
        is_object || marks::mentions(text) || is_about_powersync(text)
    });
    let Some(text) = text else { return Holds::Nothing };
    match Envelope::open(bytes, &Unwrap::default(), input) {
        Ok(envelope) if envelope.is_wrapped() => Holds::Config,
        Ok(_) => Holds::Nothing,
        Err(error) => match &error.0 {
            Why::Several { .. } | Why::Around(_) => Holds::Unseen(error),
            Why::NoConfig(What::Package | What::Other(_) | What::Chart | What::EnvFile) => Holds::Nothing,
            _ if is_about_powersync(text) => Holds::Unseen(error),
            _ => Holds::Nothing,
        },
    }
}

fn is_about_powersync(text: &str) -> bool {
    ["powersync", "PowerSync", "POWERSYNC"].iter().any(|name| text.contains(name))
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
            (CONFIG.to_owned(), "config"),
            (secret.clone(), "config"),
            (object("Secret", &format!("data: {{a: {encoded}, b: {encoded}}}")), "several configs"),
            (object("Secret", &format!("data: {{a: {}}}", STANDARD.encode(&encoded))), "config"),
            (object("Secret", "stringData: {a: 'client_auth: {}'}"), "config"),
            (object("Secret", "data: {a: AAAA}"), "nothing"),
            (map.clone(), "config"),
            (object("ConfigMap", "data: {a: text}"), "nothing"),
            (object("List", &format!("items: [{{kind: Secret, data: {{a: {encoded}}}}}]")), "config"),
            (object("List", "items: [{kind: List, items: []}]"), "nothing"),
            (format!("---\n{}---\n{secret}", object("Deployment", "")), "config"),
            (format!("{}---\n{}", object("Service", ""), object("Deployment", "")), "nothing"),
            ("services: {}\n".to_owned(), "nothing"),
            ("services: {powersync: {image: a}}\n".to_owned(), "a Compose file"),
            ("replication: {}\nstorage: {}\n".to_owned(), "nothing"),
            (object("SealedSecret", "metadata: {name: powersync}"), "a SealedSecret"),
        ] {
            let said = match holds(text.as_bytes(), Input::Yaml) {
                Holds::Config => "config".to_owned(),
                Holds::Unseen(why) => why.to_string(),
                Holds::Nothing => "nothing".to_owned(),
            };
            assert!(said.contains(expected), "{text}: {said}");
        }
    }
}
