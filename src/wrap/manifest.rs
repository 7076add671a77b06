//! Files of a directory that hold a config: as it is, in another file, or in a form that can't be read.

use super::base64::is_base64_of_config;
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
    let unreadable = || Holds::Unseen(Why::Unreadable.into());
    // Most files are told apart without being parsed.
    let whole = String::from_utf8_lossy(bytes);
    let has_base64 = has_base64_of_config(bytes);
    let is_object = whole.contains("apiVersion") && whole.contains("kind");
    if !(is_object || marks::mentions(&whole) || is_about_powersync(&whole) || has_base64) {
        return Holds::Nothing;
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return unreadable() };
    let may_hide = has_base64 || marks::may_be_config(bytes, input) || marks::names_logins(text);
    match Envelope::open(bytes, &Unwrap::default(), input) {
        Ok(envelope) if envelope.is_wrapped() => Holds::Config,
        Err(error) if matches!(error.0, Why::Several { .. } | Why::Around(_)) => Holds::Unseen(error),
        _ if may_hide => unreadable(),
        Ok(_) => Holds::Nothing,
        Err(error) => match &error.0 {
            Why::NoConfig(What::Package | What::Other(_) | What::Chart | What::EnvFile) => Holds::Nothing,
            _ if is_about_powersync(text) => Holds::Unseen(error),
            _ => Holds::Nothing,
        },
    }
}

/// Whether a text may tell the service where its config is, or hand it over: `POWERSYNC_CONFIG_PATH` and its kin.
#[must_use]
pub(crate) fn tells_the_service(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).contains("POWERSYNC_CONFIG_")
}

/// Whether a config in base64 stands in a text, wherever.
fn has_base64_of_config(bytes: &[u8]) -> bool {
    const SHORTEST: usize = 40;
    let in_alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/_-=".contains(byte);
    // It may be cut into lines.
    let joined: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let runs = [bytes, &joined].into_iter().flat_map(|text| text.split(|byte| !in_alphabet(byte)));
    let runs = runs.filter(|run| run.len() >= SHORTEST);
    // A name and its `=` may stand before it.
    let mut values = runs.flat_map(|run| {
        let named = run[..run.len() - 2].iter().rposition(|byte| *byte == b'=').map(|at| &run[at + 1..]);
        [Some(run), named]
    });
    values.any(|value| value.is_some_and(is_base64_of_config))
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
