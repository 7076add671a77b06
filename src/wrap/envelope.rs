//! What a config may come wrapped in: base64, or an entry of a Kubernetes Secret. Unwrapped to be read and edited, and
//! wrapped again with every other byte as it was.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::base::text::{Named, list};
use crate::config::{Document, Input, Kind, NodeId, Quote, Span};

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
    #[error("{0} is not base64. Leave `--base64` out if it is the config itself")]
    NotBase64(&'static str),
    /// Base64, and nobody said so.
    #[error("this is base64 of a config: add `--base64`")]
    NeedsFlag,
    /// Encoded once more than is asked for.
    #[error("{0} is base64 of base64 of a config. {1}")]
    Twice(&'static str, &'static str),
    /// A list of objects, as `kubectl get secrets` prints it.
    #[error("this is a list of Kubernetes objects. Name one Secret: `kubectl get secret NAME -o json`")]
    List,
    /// A `ConfigMap`.
    #[error(
        "this is a ConfigMap, and its entry is text, not `data` of a Secret. Take the config out, and put the new one back: \
         `jq -r '.data[\"powersync.yaml\"]'`, `kubectl create configmap … --from-file … --dry-run=client -o yaml`"
    )]
    ConfigMap,
    /// The config stands as text in `stringData`.
    #[error(
        "this Secret keeps its config as text in `stringData`, which can't be edited in place. Use `data`, as \
         `kubectl get secret NAME -o json` prints it"
    )]
    StringData,
    /// Nothing in the Secret is a config.
    #[error("no entry of this Secret's `data` is a PowerSync config{0}")]
    NoEntry(String),
    /// Several entries are.
    #[error(
        "several entries of this Secret's `data` are PowerSync configs: {0}. Say which one with `--entry NAME`"
    )]
    SeveralEntries(String),
    /// There is no entry of that name.
    #[error("this Secret's `data` has no entry `{}`. It has {}", Named(.0), .1)]
    UnknownEntry(String, String),
    /// `--entry` without a Secret.
    #[error("`--entry` names an entry of a Kubernetes Secret, and this is none")]
    NotASecret,
    /// A way of writing that can't be edited.
    #[error(
        "the entry `{0}` is written as an alias or a block of lines, which can't be edited in place. Write it on one line"
    )]
    Form(String),
}

/// A config and what it came in. Not `Debug`: it holds secrets.
pub struct Envelope<'o> {
    outer: &'o [u8],
    /// The config, where it isn't the text as it stands.
    inner: Option<Zeroizing<Vec<u8>>>,
    /// The entry of the Secret.
    entry: Option<Entry>,
    /// How the base64 around the config is written, where it is.
    base64: Option<Base64>,
    /// What a person should know before the object is put back.
    notes: Vec<String>,
}

/// An entry of a Secret's `data`.
struct Entry {
    name: String,
    /// The bytes of its value, without quotes.
    span: Span,
}

/// How base64 is written.
#[derive(Clone, Copy)]
struct Base64 {
    url_safe: bool,
    padded: bool,
    /// The length of its lines, where it is broken.
    width: Option<usize>,
    newline: &'static [u8],
    /// Whether a line break ends it.
    ends: bool,
}

impl<'o> Envelope<'o> {
    /// Unwraps a config.
    pub fn open(outer: &'o [u8], unwrap: &Unwrap) -> Result<Self, EnvelopeError> {
        let secret = std::str::from_utf8(outer).ok().and_then(secret).transpose()?;
        let Some(secret) = secret else {
            if unwrap.entry.is_some() {
                return Err(EnvelopeError::NotASecret);
            }
            let (inner, base64) = unwrap_text(outer, unwrap.base64, "this")?.unzip();
            return Ok(Self { outer, inner, entry: None, base64, notes: Vec::new() });
        };
        let (entry, inner, base64) = secret.find(unwrap)?;
        Ok(Self { outer, inner: Some(inner), entry: Some(entry), base64, notes: secret.notes })
    }

    /// The config itself.
    #[must_use]
    pub fn inner(&self) -> &[u8] {
        self.inner.as_ref().map_or(self.outer, |inner| inner)
    }

    /// The entry of the Secret that the config stands in.
    #[must_use]
    pub fn entry(&self) -> Option<&str> {
        self.entry.as_ref().map(|entry| entry.name.as_str())
    }

    /// The bytes around the config that stand for it: the value of the entry, or all.
    #[must_use]
    pub fn place(&self) -> Span {
        self.entry.as_ref().map_or(0..self.outer.len(), |entry| entry.span.clone())
    }

    /// Whether the config is wrapped in anything.
    #[must_use]
    pub fn is_wrapped(&self) -> bool {
        self.entry.is_some() || self.base64.is_some()
    }

    /// What a person should know before the object is put back.
    #[must_use]
    pub fn notes(&self) -> &[String] {
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

/// Base64 in any of its forms, white space and missing padding included.
pub(crate) fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut clean = Zeroizing::new(Vec::with_capacity(text.len()));
    clean.extend(text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()));
    if clean.is_empty() {
        return None;
    }
    let engines = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD];
    engines.into_iter().find_map(|engine| crate::keyset::decode(engine, &clean))
}

impl Base64 {
    fn of(text: &[u8]) -> Self {
        let body = text.trim_ascii();
        let first = body.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let broken = first.len() < body.len();
        Self {
            url_safe: body.iter().any(|byte| matches!(byte, b'-' | b'_')),
            // Three bytes in four characters need none: then it can't be told, and the usual form has it.
            padded: body.ends_with(b"=")
                || body.iter().filter(|byte| !byte.is_ascii_whitespace()).count() % 4 == 0,
            width: broken.then(|| first.trim_ascii_end().len()),
            newline: if text.windows(2).any(|pair| pair == b"\r\n") { b"\r\n" } else { b"\n" },
            ends: text.ends_with(b"\n"),
        }
    }

    fn encode(self, bytes: &[u8]) -> Zeroizing<Vec<u8>> {
        let engine = match (self.url_safe, self.padded) {
            (false, true) => &STANDARD,
            (false, false) => &STANDARD_NO_PAD,
            (true, true) => &URL_SAFE,
            (true, false) => &URL_SAFE_NO_PAD,
        };
        let encoded = Zeroizing::new(engine.encode(bytes));
        let width = self.width.unwrap_or(encoded.len()).max(1);
        let mut text = Zeroizing::new(Vec::with_capacity(encoded.len() + encoded.len() / width * 2 + 4));
        for (number, line) in encoded.as_bytes().chunks(width).enumerate() {
            if number > 0 {
                text.extend_from_slice(self.newline);
            }
            text.extend_from_slice(line);
        }
        if self.ends {
            text.extend_from_slice(self.newline);
        }
        text
    }
}

/// What base64 encodes, and how it is written.
type Decoded = (Zeroizing<Vec<u8>>, Base64);

/// A text that is a config, or base64 of one if that is said.
fn unwrap_text(text: &[u8], base64: bool, what: &'static str) -> Result<Option<Decoded>, EnvelopeError> {
    if !base64 {
        return Ok(None);
    }
    let inner = decode(text).ok_or(EnvelopeError::NotBase64(what))?;
    if is_base64_of_config(&inner) {
        return Err(EnvelopeError::Twice(what, "Decode it once before: `base64 -d`"));
    }
    Ok(Some((inner, Base64::of(text))))
}

fn is_config(bytes: &[u8]) -> bool {
    crate::store::is_config(bytes, Input::Either)
}

/// Whether these bytes are base64 of a PowerSync config.
#[must_use]
pub fn is_base64_of_config(bytes: &[u8]) -> bool {
    decode(bytes).is_some_and(|inner| is_config(&inner))
}

/// A Kubernetes Secret: the entries of its `data`.
struct Secret {
    entries: Vec<Data>,
    /// Whether a config stands as text in `stringData`.
    has_text: bool,
    notes: Vec<String>,
}

/// An entry of `data`.
struct Data {
    name: String,
    /// Where its value stands, if it can be edited there.
    span: Option<Span>,
    /// What it encodes.
    decoded: Option<Zeroizing<Vec<u8>>>,
}

impl Data {
    fn encodes(&self, fits: fn(&[u8]) -> bool) -> bool {
        self.decoded.as_ref().is_some_and(|bytes| fits(bytes))
    }
}

fn names(entries: &[&Data]) -> String {
    list(&entries.iter().map(|entry| format!("`{}`", entry.name)).collect::<Vec<_>>())
}

/// Reads a text as a Secret. `None`: it is something else.
fn secret(text: &str) -> Option<Result<Secret, EnvelopeError>> {
    // Most texts are told apart without being parsed.
    if !text.contains("apiVersion") || !text.contains("kind") {
        return None;
    }
    let doc = Document::read(text, Input::Either).ok()?;
    let of = |id: NodeId, name: &str| doc.member(id, name).map(|(_, value)| value);
    let kind = of(doc.root(), "kind").and_then(|id| doc.string(id));
    of(doc.root(), "apiVersion")?;
    match kind {
        Some("Secret") => {}
        Some("ConfigMap") => return Some(Err(EnvelopeError::ConfigMap)),
        Some("List" | "SecretList") => return Some(Err(EnvelopeError::List)),
        _ => return None,
    }
    let data = of(doc.root(), "data").and_then(|id| doc.members(id)).unwrap_or_default();
    let entries = data.iter().filter_map(|(name, value)| {
        let decoded = doc.string(*value).and_then(|text| decode(text.as_bytes()));
        Some(Data { name: doc.string(*name)?.to_owned(), span: one_line(&doc, *value), decoded })
    });
    let texts = of(doc.root(), "stringData").and_then(|id| doc.members(id)).unwrap_or_default();
    let is_text = |id: NodeId| doc.string(id).is_some_and(|text| is_config(text.as_bytes()));
    Some(Ok(Secret {
        entries: entries.collect(),
        has_text: texts.iter().any(|(_, value)| is_text(*value)),
        notes: notes(&doc),
    }))
}

/// The bytes of a value that stands on one line, without its quotes.
fn one_line(doc: &Document<'_>, id: NodeId) -> Option<Span> {
    let node = doc.node(id);
    let Kind::Scalar { text, quote } = &node.kind else { return None };
    let quotes = match quote {
        Quote::Plain => 0,
        Quote::Single | Quote::Double => 1,
        Quote::Block => return None,
    };
    let span = node.span.start + quotes..node.span.end.checked_sub(quotes)?;
    // With escapes or line breaks it is not the text that stands there.
    (doc.text().get(span.clone()) == Some(text.as_ref())).then_some(span)
}

/// Who else writes this object, and what still holds the old secret.
fn notes(doc: &Document<'_>) -> Vec<String> {
    let of = |id: NodeId, name: &str| doc.member(id, name).map(|(_, value)| value);
    let metadata = of(doc.root(), "metadata");
    let names_in = |part: &str| {
        let members = metadata.and_then(|id| of(id, part)).and_then(|id| doc.members(id)).unwrap_or_default();
        members
            .iter()
            .filter_map(|(name, value)| Some((doc.string(*name)?, doc.string(*value).unwrap_or_default())))
    };
    let all: Vec<(&str, &str)> = names_in("labels").chain(names_in("annotations")).collect();
    let mut notes = Vec::new();
    let helm = all.iter().any(|(name, value)| {
        name.starts_with("meta.helm.sh/") || (*name == "app.kubernetes.io/managed-by" && *value == "Helm")
    });
    if helm {
        notes.push(
            "Helm manages this Secret: its next upgrade puts the old config back. Change its values, too"
                .to_owned(),
        );
    }
    if all.iter().any(|(name, _)| name.starts_with("argocd.argoproj.io/")) {
        notes.push(
            "Argo CD manages this Secret: its next sync puts the old config back. Change it in git"
                .to_owned(),
        );
    }
    if all.iter().any(|(name, _)| *name == "kubectl.kubernetes.io/last-applied-configuration") {
        notes.push(
            "the annotation `kubectl.kubernetes.io/last-applied-configuration` still holds the old config with its \
             secrets. Take it off: `kubectl annotate secret NAME kubectl.kubernetes.io/last-applied-configuration-`"
                .to_owned(),
        );
    }
    notes
}

impl Secret {
    /// The entry that is meant, and the config in it.
    fn find(&self, unwrap: &Unwrap) -> Result<Unwrapped, EnvelopeError> {
        let entry = self.chosen(unwrap)?;
        let span = entry.span.clone().ok_or_else(|| EnvelopeError::Form(entry.name.clone()))?;
        let bytes = entry.decoded.as_ref().ok_or(EnvelopeError::NotBase64("the entry"))?;
        if !unwrap.base64 && is_base64_of_config(bytes) {
            return Err(EnvelopeError::Twice(
                "the entry",
                "Add `--base64`: what the entry holds is base64 itself",
            ));
        }
        let (inner, base64) = unwrap_text(bytes, unwrap.base64, "the entry")?.unzip();
        let inner = inner.unwrap_or_else(|| bytes.clone());
        Ok((Entry { name: entry.name.clone(), span }, inner, base64))
    }

    fn chosen(&self, unwrap: &Unwrap) -> Result<&Data, EnvelopeError> {
        if let Some(name) = &unwrap.entry {
            let unknown = || {
                let all: Vec<&Data> = self.entries.iter().collect();
                let known = if all.is_empty() { "none".to_owned() } else { names(&all) };
                EnvelopeError::UnknownEntry(name.clone(), known)
            };
            return self.entries.iter().find(|entry| entry.name == *name).ok_or_else(unknown);
        }
        let fits = if unwrap.base64 { is_base64_of_config } else { is_config };
        let candidates: Vec<&Data> = self.entries.iter().filter(|entry| entry.encodes(fits)).collect();
        match candidates.as_slice() {
            [one] => Ok(*one),
            [] => Err(self.none(unwrap.base64)),
            several => Err(EnvelopeError::SeveralEntries(names(several))),
        }
    }

    /// Why there is none.
    fn none(&self, base64: bool) -> EnvelopeError {
        if self.has_text {
            return EnvelopeError::StringData;
        }
        let other_way = if base64 { is_config } else { is_base64_of_config };
        EnvelopeError::NoEntry(match self.entries.iter().find(|entry| entry.encodes(other_way)) {
            Some(entry) if base64 => {
                format!(" in base64. `{}` is one as it stands: leave `--base64` out", entry.name)
            }
            Some(entry) => format!(". `{}` is one in base64: add `--base64`", entry.name),
            None => String::new(),
        })
    }
}

/// The entry, the config, and how the base64 in between is written, if there is any.
type Unwrapped = (Entry, Zeroizing<Vec<u8>>, Option<Base64>);

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
            (CONFIG.to_owned(), false, Some("a"), "this is none"),
            (secret("{}"), false, None, "no entry"),
            (secret("{a: AAAA}"), false, Some("b"), "It has `a`"),
            (secret(&format!("{{a: {encoded}, b: {encoded}}}")), false, None, "`a` and `b`"),
            (secret(&format!("{{a: {twice}}}")), false, None, "add `--base64`"),
            (secret(&format!("{{a: {twice}}}")), false, Some("a"), "Add `--base64`"),
            (secret(&format!("{{a: {encoded}}}")), true, None, "leave `--base64` out"),
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
