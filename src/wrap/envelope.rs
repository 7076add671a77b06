//! What a config may come wrapped in: base64, or an entry of a Kubernetes Secret. Unwrapped to be read and edited, and
//! wrapped again with every other byte as it was.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::base64::{Base64Form, decode};
use super::kubernetes::{SecretEntry, SecretObject};
use crate::config::Span;

pub(crate) use super::base64::is_base64_of_config;
pub(crate) use super::kubernetes::ObjectNote;
pub(crate) use super::unwrap::EnvelopeError;
pub use super::unwrap::Unwrap;

/// A config and what it came in. Not `Debug`: it holds secrets.
pub struct Envelope<'o> {
    outer: &'o [u8],
    /// The config, where it isn't all of the text.
    inner: Option<Zeroizing<Vec<u8>>>,
    /// The entry of the Secret.
    entry: Option<SecretEntry>,
    /// How the base64 around the config is written, where it is.
    base64: Option<Base64Form>,
    /// What a person should know before the object is put back.
    notes: Vec<ObjectNote>,
}

impl<'o> Envelope<'o> {
    /// Unwraps a config.
    pub fn open(outer: &'o [u8], unwrap: &Unwrap) -> Result<Self, EnvelopeError> {
        let secret = std::str::from_utf8(outer).ok().and_then(SecretObject::read).transpose()?;
        let Some(secret) = secret else {
            if unwrap.entry.is_some() {
                return Err(EnvelopeError::NotASecret);
            }
            let decoded = unwrap.base64.then(|| decoded(outer, EnvelopeError::NotBase64)).transpose()?;
            let (inner, base64) = decoded.unzip();
            return Ok(Self { outer, inner, entry: None, base64, notes: Vec::new() });
        };
        let (entry, bytes) = secret.choose(unwrap)?;
        let decoded = unwrap.base64.then(|| decoded(bytes, EnvelopeError::EntryNotBase64)).transpose()?;
        let (inner, base64) = decoded.unzip();
        let inner = inner.unwrap_or_else(|| bytes.clone());
        Ok(Self { outer, inner: Some(inner), entry: Some(entry), base64, notes: secret.notes })
    }

    /// The config itself.
    #[must_use]
    pub fn inner(&self) -> &[u8] {
        self.inner.as_ref().map_or(self.outer, |inner| inner)
    }

    /// The entry of the Secret that holds the config.
    #[must_use]
    pub fn entry(&self) -> Option<&str> {
        self.entry.as_ref().map(|entry| entry.name.as_str())
    }

    /// The bytes that hold the config: the value of the entry, or all.
    #[must_use]
    pub(crate) fn place(&self) -> Span {
        self.entry.as_ref().map_or(0..self.outer.len(), |entry| entry.span.clone())
    }

    /// Whether the config is wrapped in anything.
    #[must_use]
    pub fn is_wrapped(&self) -> bool {
        self.entry.is_some() || self.base64.is_some()
    }

    /// What a person should know before the object is put back.
    #[must_use]
    pub(crate) fn notes(&self) -> &[ObjectNote] {
        &self.notes
    }

    /// All bytes with another config in its place.
    #[must_use]
    pub fn wrap(&self, config: &[u8]) -> Zeroizing<Vec<u8>> {
        let inner = match self.base64 {
            Some(form) => form.encode(config),
            None => Zeroizing::new(config.to_vec()),
        };
        let Some(entry) = &self.entry else { return inner };
        let encoded = Zeroizing::new(STANDARD.encode(&*inner));
        let mut outer = Zeroizing::new(Vec::with_capacity(self.outer.len() + encoded.len()));
        outer.extend_from_slice(&self.outer[..entry.span.start]);
        outer.extend_from_slice(encoded.as_bytes());
        outer.extend_from_slice(&self.outer[entry.span.end..]);
        outer
    }
}

/// The config that this text is base64 of, and how that is written. `otherwise`: why it isn't.
fn decoded(text: &[u8], otherwise: EnvelopeError) -> Result<(Zeroizing<Vec<u8>>, Base64Form), EnvelopeError> {
    let inner = decode(text).ok_or(otherwise)?;
    if is_base64_of_config(&inner) {
        return Err(EnvelopeError::Twice);
    }
    Ok((inner, Base64Form::of(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "client_auth:\n  jwks:\n    keys: []\n";

    fn open<'t>(text: &'t str, base64: bool, entry: Option<&str>) -> Result<Envelope<'t>, EnvelopeError> {
        let unwrap = Unwrap { base64, entry: entry.map(str::to_owned) };
        Envelope::open(text.as_bytes(), &unwrap)
    }

    fn wrapped_at(width: usize, newline: &str) -> String {
        let encoded = STANDARD.encode(CONFIG);
        let lines: Vec<&str> =
            encoded.as_bytes().chunks(width).map(|l| std::str::from_utf8(l).unwrap()).collect();
        lines.join(newline)
    }

    #[test]
    fn what_is_wrapped_again_is_as_it_was() {
        let secret = |value: &str| {
            format!(
                "apiVersion: v1\nkind: Secret # ours\ndata:\n  other: AAAA\n  powersync.yaml: {value}\nmetadata: {{name: a}}\n"
            )
        };
        let encoded = STANDARD.encode(CONFIG);
        let twice = STANDARD.encode(&encoded);
        for (text, base64) in [
            (CONFIG.to_owned(), false),
            (encoded.clone(), true),
            (format!("{encoded}\n"), true),
            (wrapped_at(10, "\n") + "\n", true),
            (wrapped_at(10, "\r\n") + "\r\n", true),
            (wrapped_at(76, "\n"), true),
            (encoded.trim_end_matches('=').to_owned(), true),
            (secret(&encoded), false),
            (secret(&format!("\"{encoded}\"")), false),
            (secret(&format!("'{encoded}'")), false),
            (secret(&twice), true),
            (
                format!("{{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"data\":{{\"a\":\"{encoded}\"}}}}"),
                false,
            ),
        ] {
            let envelope = open(&text, base64, None).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(envelope.inner(), CONFIG.as_bytes(), "{text}");
            assert_eq!(*envelope.wrap(CONFIG.as_bytes()), text.as_bytes());
            let other = format!("{CONFIG}# more\n");
            let changed = String::from_utf8(envelope.wrap(other.as_bytes()).to_vec()).unwrap();
            assert_eq!(open(&changed, base64, None).unwrap().inner(), other.as_bytes(), "{changed}");
        }
    }

    #[test]
    fn what_cannot_be_unwrapped_says_why() {
        let encoded = STANDARD.encode(CONFIG);
        let twice = STANDARD.encode(&encoded);
        let secret = |data: &str| format!("apiVersion: v1\nkind: Secret\ndata: {data}\n");
        for (text, base64, entry, words) in [
            ("???".to_owned(), true, None, "not base64"),
            (twice.clone(), true, None, "base64 of base64"),
            (CONFIG.to_owned(), false, Some("a"), "this isn't one"),
            (secret("{}"), false, None, "no entry"),
            (secret("{a: AAAA}"), false, Some("b"), "It has `a`"),
            (secret(&format!("{{a: {encoded}, b: {encoded}}}")), false, None, "`a` and `b`"),
            (secret(&format!("{{a: {twice}}}")), false, None, "add `--base64`"),
            (secret(&format!("{{a: {twice}}}")), false, Some("a"), "Add `--base64`"),
            (secret(&format!("{{a: {encoded}}}")), true, None, "omit `--base64`"),
            (secret(&format!("\n  a: |\n    {encoded}")), false, None, "one line"),
            (
                format!(
                    "apiVersion: v1\nkind: Secret\nstringData:\n  a: |\n    {}",
                    CONFIG.replace('\n', "\n    ")
                ),
                false,
                None,
                "stringData",
            ),
            ("apiVersion: v1\nkind: ConfigMap\ndata: {}\n".to_owned(), false, None, "ConfigMap"),
            ("apiVersion: v1\nkind: List\nitems: []\n".to_owned(), false, None, "Name one Secret"),
        ] {
            let error = open(&text, base64, entry).err().map_or_else(String::new, |error| error.to_string());
            assert!(error.contains(words), "{words}: {error}: {text}");
        }
    }

    #[test]
    fn other_writers_and_copies_are_named() {
        let text = format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  labels: {{app.kubernetes.io/managed-by: Helm}}\n  annotations:\n    \
             argocd.argoproj.io/tracking-id: x\n    kubectl.kubernetes.io/last-applied-configuration: '{{}}'\ndata: {{a: {}}}\n",
            STANDARD.encode(CONFIG)
        );
        assert_eq!(open(&text, false, None).unwrap().notes().len(), 3);
    }
}
