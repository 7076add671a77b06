//! What a config may come in: base64, an entry of a Kubernetes object, a member of a Compose file or of chart values, an env
//! file. Unwrapped to be read and edited, and wrapped again with every other byte as it was.

use zeroize::Zeroizing;

use super::base64::{Base64Form, Breaks, decode};
use super::encrypted::Encryption;
use super::env_file::EnvFile;
use super::holder::{Carrier, Holder, HolderKind, Payload};
use super::holders::{self, CONFIG_B64};
use super::kubernetes;
use super::marks::{is_config_mapping, looks_like_config};
use super::parts::{is_blank, parts};
use super::unwrap::Why;
use super::what::What;
use crate::config::placeholder::Template;
use crate::config::{ConfigError, Document, Input, Span};

pub(crate) use super::base64::is_base64_of_config;
pub(crate) use super::kubernetes::{ObjectKind, ObjectNote, WriterKind};
pub(crate) use super::unwrap::EnvelopeError;
pub use super::unwrap::Unwrap;

/// A config and what it came in. Not `Debug`: it holds secrets.
pub struct Envelope<'o> {
    outer: &'o [u8],
    unwrap: Unwrap,
    input: Input,
    /// Where the document begins that holds it.
    base: usize,
    /// The config, where it isn't all of the text.
    inner: Option<Zeroizing<Vec<u8>>>,
    carrier: Carrier,
    base64: Vec<Base64Form>,
    holder: Option<Around>,
    /// What a person should know before the object is put back.
    notes: Vec<ObjectNote>,
}

/// What is around a config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Around {
    pub(crate) kind: AroundKind,
    /// The entry, or the names that lead to it.
    pub(crate) name: String,
}

/// What holds a config.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AroundKind {
    Object(ObjectKind),
    /// A Compose file, chart values, and the like.
    Member,
    EnvFile,
}

/// The config, or that it is all of the text.
enum Found {
    Whole,
    In { base: usize, payload: Payload, around: Around, notes: Vec<ObjectNote> },
}

impl<'o> Envelope<'o> {
    /// Unwraps a config.
    pub fn open(outer: &'o [u8], unwrap: &Unwrap, input: Input) -> Result<Self, EnvelopeError> {
        if let Some(encryption) = Encryption::of(outer).filter(|one| *one != Encryption::AnsibleValue) {
            return Err(Why::Encrypted(encryption).into());
        }
        let whole = Self {
            outer,
            unwrap: unwrap.clone(),
            input,
            base: 0,
            inner: None,
            carrier: Carrier::Whole,
            base64: Vec::new(),
            holder: None,
            notes: Vec::new(),
        };
        let Ok(text) = std::str::from_utf8(outer) else {
            return if unwrap.base64 { Err(Why::NotBase64.into()) } else { Ok(whole) };
        };
        if unwrap.base64 && !text.contains("apiVersion") {
            let inner = decode(outer).ok_or(Why::NotBase64)?;
            if is_base64_of_config(&inner) {
                return Err(Why::Twice.into());
            }
            let form = Base64Form::of(outer, Breaks::Raw).ok_or(Why::NotBase64)?;
            return Ok(Self { inner: Some(inner), base64: vec![form], ..whole });
        }
        match find(text, unwrap, input)? {
            Found::Whole => Ok(whole),
            Found::In { base, payload, around, notes } => {
                let Payload { bytes, carrier, base64 } = payload;
                Ok(Self { base, inner: Some(bytes), carrier, base64, holder: Some(around), notes, ..whole })
            }
        }
    }

    /// The config itself.
    #[must_use]
    pub fn inner(&self) -> &[u8] {
        self.inner.as_ref().map_or(self.outer, |inner| inner)
    }

    /// What is around the config, if anything but base64 is.
    #[must_use]
    pub(crate) fn around(&self) -> Option<&Around> {
        self.holder.as_ref()
    }

    /// The entry, or the names that lead to the config.
    #[must_use]
    pub fn entry(&self) -> Option<&str> {
        self.holder.as_ref().map(|around| around.name.as_str())
    }

    /// The bytes that hold the config: the value of the entry, or all.
    #[must_use]
    pub(crate) fn place(&self) -> Span {
        let span = match &self.carrier {
            Carrier::Whole => return 0..self.outer.len(),
            Carrier::Bytes(span) | Carrier::ReadOnly(span) => span.clone(),
            Carrier::Lines(lines) => lines.span(),
        };
        self.base + span.start..self.base + span.end
    }

    /// Whether the config is wrapped in anything.
    #[must_use]
    pub fn is_wrapped(&self) -> bool {
        self.inner.is_some()
    }

    /// What a person should know before the object is put back.
    #[must_use]
    pub(crate) fn notes(&self) -> &[ObjectNote] {
        &self.notes
    }

    /// All bytes with another config in its place.
    pub fn wrap(&self, config: &[u8]) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
        let read_only =
            || EnvelopeError::from(Why::ReadOnly(self.entry().unwrap_or("the config").to_owned()));
        let encode = |inner: Zeroizing<Vec<u8>>, form: &Base64Form| form.encode(&inner);
        let encoded = self.base64.iter().rev().fold(Zeroizing::new(config.to_vec()), encode);
        let written = match &self.carrier {
            Carrier::Whole => return Ok(encoded),
            Carrier::Bytes(_) => encoded,
            Carrier::Lines(lines) => {
                let outer = std::str::from_utf8(&self.outer[self.base..]).map_err(|_| read_only())?;
                let text = std::str::from_utf8(config).map_err(|_| read_only())?;
                let lines = lines.encode(outer, text).ok_or_else(read_only)?;
                Zeroizing::new(lines.as_bytes().to_vec())
            }
            Carrier::ReadOnly(_) => return Err(read_only()),
        };
        let place = self.place();
        let mut outer = Zeroizing::new(Vec::with_capacity(self.outer.len() + written.len()));
        outer.extend_from_slice(&self.outer[..place.start]);
        outer.extend_from_slice(&written);
        outer.extend_from_slice(&self.outer[place.end..]);
        // What doesn't read back is not written.
        let again = Envelope::open(&outer, &self.unwrap, self.input);
        let same = again.is_ok_and(|again| {
            // Comments at the end may be those of what follows.
            let rest = config.strip_prefix(again.inner().trim_ascii_end());
            rest.and_then(|rest| std::str::from_utf8(rest).ok()).is_some_and(is_blank)
        });
        if same { Ok(outer) } else { Err(read_only()) }
    }
}

/// Why a text is no config that can be read, where that is more than a fault in it.
pub(crate) fn why_unreadable(bytes: &[u8]) -> Option<EnvelopeError> {
    if let Some(encryption) = Encryption::of(bytes) {
        return Some(Why::Encrypted(encryption).into());
    }
    if is_base64_of_config(bytes) {
        return Some(Why::NeedsFlag.into());
    }
    let text = std::str::from_utf8(bytes).ok()?;
    Template::of_text(text).map(|template| Why::Template(template).into())
}

/// The one place of a text that holds a config.
fn find(text: &str, unwrap: &Unwrap, input: Input) -> Result<Found, EnvelopeError> {
    let plain = unwrap.entry.is_none() && unwrap.at.is_none();
    // Most configs are told without being parsed: one of these names begins a line.
    if plain && input != Input::Json && looks_like_config(text, Input::Yaml) {
        return Ok(Found::Whole);
    }
    let spans = if input == Input::Json { std::iter::once(0..text.len()).collect() } else { parts(text) };
    let (mut docs, mut trouble) = (Vec::new(), None);
    for span in spans {
        match Document::read(&text[span.clone()], input) {
            Ok(doc) => docs.push((span.start, doc)),
            Err(_) if is_blank(&text[span.clone()]) => {}
            Err(error) => trouble = trouble.or_else(|| Some(shifted(error, &text[..span.start]))),
        }
    }
    let is_root = |doc: &Document<'_>| is_config_mapping(doc, doc.root());
    if plain && docs.iter().any(|(_, doc)| is_root(doc)) {
        return Ok(Found::Whole);
    }
    let chosen = choose(&docs, unwrap)?;
    let Some((base, doc, holder)) = chosen else { return nothing(text, &docs, trouble, unwrap) };
    let payload = holder.open(doc).ok_or_else(|| Why::NotAConfig(holder.name.clone()))?;
    if !is_config_or_empty(&payload.bytes) {
        return Err(Why::NotAConfig(holder.name.clone()).into());
    }
    let (kind, notes) = match &holder.kind {
        HolderKind::Entry(object, _) => (AroundKind::Object(object.kind), kubernetes::notes(doc, object)),
        _ => (AroundKind::Member, Vec::new()),
    };
    // An env file of one line is a text of YAML, too, which has no name.
    let name = if holder.name.is_empty() { CONFIG_B64.to_owned() } else { holder.name.clone() };
    Ok(Found::In { base, payload, around: Around { kind, name }, notes })
}

/// A config by its marks, or the empty mapping, which makes one only where it is named.
fn is_config_or_empty(bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    super::base64::is_config(bytes)
        || Document::read(text, Input::Either)
            .is_ok_and(|doc| doc.members(doc.root()).is_some_and(<[_]>::is_empty))
}

type Chosen<'d, 't> = Option<(usize, &'d Document<'t>, Holder)>;

/// The place that is named, or the only one there is.
fn choose<'d, 't>(
    docs: &'d [(usize, Document<'t>)],
    unwrap: &Unwrap,
) -> Result<Chosen<'d, 't>, EnvelopeError> {
    let in_all = |find: &dyn Fn(&Document<'_>) -> Vec<Holder>| {
        let found =
            docs.iter().flat_map(|(base, doc)| find(doc).into_iter().map(move |holder| (*base, doc, holder)));
        found.collect::<Vec<_>>()
    };
    let mut found = if let Some(path) = &unwrap.at {
        let found = in_all(&|doc| holders::at(doc, path).into_iter().collect());
        if found.is_empty() {
            return Err(Why::NothingAt(path.clone()).into());
        }
        found
    } else if let Some(name) = &unwrap.entry {
        let all = in_all(&|doc| holders::entries(doc));
        if all.is_empty() {
            return Err(Why::NoEntries.into());
        }
        let names: Vec<String> = all.iter().map(|(.., holder)| holder.name.clone()).collect();
        let meant: Vec<_> = all.into_iter().filter(|(.., holder)| holder.is_named(name)).collect();
        if meant.is_empty() {
            return Err(Why::UnknownEntry(name.clone(), names).into());
        }
        meant
    } else {
        in_all(&|doc| holders::holders(doc))
    };
    if found.len() > 1 {
        let (option, entries) = if found.iter().all(|(.., holder)| holder.is_entry()) {
            ("--entry NAME", true)
        } else {
            ("--at PATH", false)
        };
        let short: Vec<String> = found.iter().map(|(.., holder)| holder.name.clone()).collect();
        let distinct = short.iter().collect::<std::collections::HashSet<_>>().len() == short.len();
        let full = || found.iter().map(|(.., holder)| holder.full_name()).collect();
        let places = if entries && !distinct { full() } else { short };
        return Err(Why::Several { option, places }.into());
    }
    Ok(found.pop())
}

/// What a text is that holds no config.
fn nothing(
    text: &str,
    docs: &[(usize, Document<'_>)],
    trouble: Option<ConfigError>,
    unwrap: &Unwrap,
) -> Result<Found, EnvelopeError> {
    if let Some(found) = in_env_file(text)? {
        return Ok(found);
    }
    if let Some(error) = trouble {
        return match (What::of_lines(text), Template::of_text(text)) {
            (_, Some(template)) => Err(Why::Template(template).into()),
            (Some(_), None) if super::marks::mentions(text) => Err(Why::Around(error).into()),
            (Some(what), None) => Err(Why::NoConfig(what).into()),
            // It may be a config: whoever reads it says what is wrong.
            (None, None) => Ok(Found::Whole),
        };
    }
    let mapping = docs
        .iter()
        .map(|(_, doc)| doc)
        .find(|doc| doc.members(doc.root()).is_some_and(|all| !all.is_empty()));
    let Some(doc) = mapping else { return Ok(Found::Whole) };
    if unwrap.entry.is_some() {
        return Err(Why::NoEntries.into());
    }
    if doc.member(doc.root(), "sops").is_some() {
        return Err(Why::Encrypted(Encryption::Sops).into());
    }
    let objects: Vec<_> =
        docs.iter().flat_map(|(_, doc)| kubernetes::objects(doc).unwrap_or_default()).collect();
    match objects.first() {
        Some(object) => Err(Why::NoEntry(object.kind.name()).into()),
        None => Err(Why::NoConfig(What::of(doc)).into()),
    }
}

/// The config in the variable of an env file. `None`: this is no env file.
fn in_env_file(text: &str) -> Result<Option<Found>, EnvelopeError> {
    let is_line = |line: &str| {
        let name =
            line.strip_prefix("export ").unwrap_or(line).split('=').next().unwrap_or_default().trim_end();
        line.contains('=') && super::env_file::is_name(name)
    };
    let mut lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    let first = lines.find(|line| !(line.is_empty() || line.starts_with('#')));
    let Some(file) = first.filter(|line| is_line(line)).and_then(|_| EnvFile::parse(text.as_bytes()).ok())
    else {
        return Ok(None);
    };
    let no_config = || EnvelopeError::from(Why::NoConfig(What::EnvFile));
    let span = file.written(CONFIG_B64).ok_or_else(no_config)?;
    let bytes = text[span.clone()].as_bytes();
    let not_a_config = || EnvelopeError::from(Why::NotAConfig(CONFIG_B64.to_owned()));
    let inner = decode(bytes).filter(|inner| is_config_or_empty(inner)).ok_or_else(not_a_config)?;
    let form = Base64Form::of(bytes, Breaks::Raw).ok_or_else(not_a_config)?;
    let payload = Payload { bytes: inner, carrier: Carrier::Bytes(span), base64: vec![form] };
    let around = Around { kind: AroundKind::EnvFile, name: CONFIG_B64.to_owned() };
    Ok(Some(Found::In { base: 0, payload, around, notes: Vec::new() }))
}

/// An error of a document, with its place in the file.
fn shifted(error: ConfigError, before: &str) -> ConfigError {
    let lines = before.matches('\n').count();
    let at = error.at.map(|at| crate::config::Position { line: at.line + lines, ..at });
    ConfigError { at, ..error }
}
