//! One place in a file that holds a config: taken out of it, and put back.

use zeroize::Zeroizing;

use super::base64::{Base64Form, Breaks, decode, is_base64_of_config, is_config};
use super::kubernetes::{Coding, Object};
use super::marks::may_be_config;
use super::text_lines::TextLines;
use crate::config::{Document, Input, Kind, NodeId, Quote, Span};

/// What holds a config.
#[derive(Clone, Debug)]
pub(super) enum HolderKind {
    /// A value of a Secret or a `ConfigMap`.
    Entry(Object, Coding),
    /// A text in a Compose file, chart values or the like.
    Text,
    /// A mapping there.
    Mapping,
    /// The variable `POWERSYNC_CONFIG_B64`; so many bytes of the text come before its value.
    Variable(usize),
}

/// A place that may hold a config.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    pub(super) kind: HolderKind,
    /// The name of the entry, or the names that lead to it, with dots between.
    pub(super) name: String,
    pub(super) node: NodeId,
}

/// How a config is put back.
pub(super) enum Carrier {
    /// It is all of the text.
    Whole,
    /// It, or base64 of it, is just these bytes.
    Bytes(Span),
    /// It is text in lines that are written in another way.
    Lines(TextLines),
    /// It can be read here and not written.
    ReadOnly(Span),
}

/// What a place holds.
pub(super) struct Payload {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) carrier: Carrier,
    /// The base64 around the config, from the outside.
    pub(super) base64: Vec<Base64Form>,
}

impl Holder {
    /// As `--entry` names it, whatever else is in the file: `Secret/NAME/ENTRY`.
    pub(super) fn full_name(&self) -> String {
        match &self.kind {
            HolderKind::Entry(object, _) => format!("{}/{}/{}", object.kind.name(), object.name, self.name),
            _ => self.name.clone(),
        }
    }

    pub(super) fn is_entry(&self) -> bool {
        matches!(self.kind, HolderKind::Entry(..))
    }

    /// Whether `--entry` means this one: by its name, or by kind, name and entry.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.name == name || self.full_name() == name
    }

    fn coding(&self) -> Coding {
        match self.kind {
            HolderKind::Entry(_, coding) => coding,
            HolderKind::Variable(_) => Coding::Base64,
            HolderKind::Text | HolderKind::Mapping => Coding::Text,
        }
    }

    /// Whether it holds a config.
    pub(super) fn holds_config(&self, doc: &Document<'_>) -> bool {
        let Some(text) = self.text(doc) else { return matches!(self.kind, HolderKind::Mapping) };
        match self.coding() {
            Coding::Text => {
                let bytes = text.as_bytes();
                is_config(bytes) || may_be_config(bytes, Input::Yaml) || is_base64_of_config(bytes)
            }
            // Twice, as a Secret keeps what `POWERSYNC_CONFIG_B64` takes.
            Coding::Base64 => {
                decode(text.as_bytes()).is_some_and(|inner| is_config(&inner) || is_base64_of_config(&inner))
            }
        }
    }

    /// The text of its value, without a name before it.
    fn text<'d>(&self, doc: &'d Document<'_>) -> Option<&'d str> {
        let skip = if let HolderKind::Variable(skip) = self.kind { skip } else { 0 };
        doc.string(self.node)?.get(skip..)
    }

    /// Takes out what it holds. `None`: it is not what its place says, base64 for one.
    pub(super) fn open(&self, doc: &Document<'_>) -> Option<Payload> {
        if matches!(self.kind, HolderKind::Mapping) {
            return self.open_mapping(doc);
        }
        let text = self.text(doc)?;
        if self.coding() == Coding::Text && !is_base64_of_config(text.as_bytes()) {
            let lines = TextLines::of_scalar(doc, self.node);
            let carrier =
                lines.map_or_else(|| Carrier::ReadOnly(doc.node(self.node).span.clone()), Carrier::Lines);
            let inner =
                if let Carrier::Lines(lines) = &carrier { lines.inner.as_bytes() } else { text.as_bytes() };
            let bytes = Zeroizing::new(inner.to_vec());
            return Some(Payload { bytes, carrier, base64: Vec::new() });
        }
        let mut bytes = decode(text.as_bytes())?;
        let form = self.written(doc).and_then(|(span, breaks)| {
            Some((Base64Form::of(doc.text().get(span.clone())?.as_bytes(), breaks)?, span))
        });
        let (carrier, mut base64) = match form {
            Some((form, span)) => (Carrier::Bytes(span), vec![form]),
            None => (Carrier::ReadOnly(doc.node(self.node).span.clone()), Vec::new()),
        };
        if !is_config(&bytes)
            && let Some(inner) = decode(&bytes).filter(|inner| is_config(inner))
        {
            base64.extend(Base64Form::of(&bytes, Breaks::Raw));
            bytes = inner;
        }
        Some(Payload { bytes, carrier, base64 })
    }

    fn open_mapping(&self, doc: &Document<'_>) -> Option<Payload> {
        let span = doc.node(self.node).span.clone();
        let (inner, carrier) = match TextLines::of_mapping(doc, self.node) {
            Some(lines) => (lines.inner.clone(), Carrier::Lines(lines)),
            None => (Zeroizing::new(doc.text().get(span.clone())?.to_owned()), Carrier::Bytes(span)),
        };
        Some(Payload { bytes: Zeroizing::new(inner.as_bytes().to_vec()), carrier, base64: Vec::new() })
    }

    /// Where its base64 is written, without quotes.
    fn written(&self, doc: &Document<'_>) -> Option<(Span, Breaks)> {
        let node = doc.node(self.node);
        let Kind::Scalar { quote, .. } = &node.kind else { return None };
        let skip = if let HolderKind::Variable(skip) = self.kind { skip } else { 0 };
        let (quotes, breaks) = match quote {
            Quote::Double => (1, Breaks::Escaped),
            Quote::Single => (1, Breaks::Raw),
            Quote::Plain | Quote::Block(_) => (0, Breaks::Raw),
        };
        let span = node.span.start + quotes + skip..node.span.end.checked_sub(quotes)?;
        Some((span, breaks))
    }
}
