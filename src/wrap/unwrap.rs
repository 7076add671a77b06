//! How a config is looked for in what it comes in, and why it can't be found there.

use crate::base::text::Named;

/// How to look for the config.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unwrap {
    /// The text is base64 of the config.
    pub base64: bool,
    /// The entry of a Secret's `data` that holds it.
    pub entry: Option<String>,
}

/// The config can't be found in what it comes in, or not be put back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Other characters, or a wrong length.
    #[error("this is not base64. Omit `--base64` if it is the config itself")]
    NotBase64,
    /// The same of an entry of a Secret.
    #[error("the entry is not base64. Omit `--base64` if it is the config itself")]
    EntryNotBase64,
    /// Base64, and nobody said so.
    #[error("this is base64 of a config: add `--base64`")]
    NeedsFlag,
    /// Encoded once more than is asked for.
    #[error("this is base64 of base64 of a config. Decode it once first: `base64 -d`")]
    Twice,
    /// An entry that holds base64, and nobody said so.
    #[error(
        "the entry is base64 of base64 of a config. Add `--base64`: what the entry holds is base64 itself"
    )]
    EntryNeedsFlag,
    /// A list of objects, as `kubectl get secrets` prints it.
    #[error("this is a list of Kubernetes objects. Name one Secret: `kubectl get secret NAME -o json`")]
    List,
    /// A `ConfigMap`.
    #[error(
        "this is a ConfigMap, and its entry is text, not `data` of a Secret. Take the config out, and put the new one back: \
         `jq -r '.data[\"powersync.yaml\"]'`, `kubectl create configmap … --from-file … --dry-run=client -o yaml`"
    )]
    ConfigMap,
    /// The config is text in `stringData`.
    #[error(
        "this Secret keeps its config as text in `stringData`, which can't be edited in place. Use `data`, as \
         `kubectl get secret NAME -o json` prints it"
    )]
    StringData,
    /// Nothing in the Secret is a config.
    #[error("no entry of this Secret's `data` is a PowerSync config")]
    NoEntry,
    /// An entry is one, not in base64.
    #[error(
        "no entry of this Secret's `data` is a PowerSync config in base64. `{0}` is one itself: omit `--base64`"
    )]
    EntryIsPlain(String),
    /// An entry is one in base64.
    #[error("no entry of this Secret's `data` is a PowerSync config. `{0}` is one in base64: add `--base64`")]
    EntryIsBase64(String),
    /// Several entries are.
    #[error(
        "several entries of this Secret's `data` are PowerSync configs: {0}. Say which one with `--entry NAME`"
    )]
    SeveralEntries(String),
    /// There is no entry of that name.
    #[error("this Secret's `data` has no entry `{}`. It has {}", Named(.0), .1)]
    UnknownEntry(String, String),
    /// `--entry` without a Secret.
    #[error("`--entry` names an entry of a Kubernetes Secret, and this isn't one")]
    NotASecret,
    /// A way of writing that can't be edited.
    #[error(
        "the entry `{0}` is written as an alias or a block of lines, which can't be edited in place. Write it on one line"
    )]
    Form(String),
}
