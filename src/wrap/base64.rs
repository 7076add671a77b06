//! Base64 around a config: decoded whatever its form, and encoded again in the same one.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::marks;
use crate::config::Input;

/// How base64 is written.
#[derive(Clone)]
pub(super) struct Base64Form {
    url_safe: bool,
    padded: bool,
    /// The length of its lines and what separates them, where it is broken.
    lines: Option<(usize, Vec<u8>)>,
    /// White space before and after it.
    before: Vec<u8>,
    after: Vec<u8>,
}

/// Whether what separates lines may be written as escapes: `\n` in double quotes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Breaks {
    Raw,
    Escaped,
}

impl Base64Form {
    /// `None`: something in it is no base64.
    pub(super) fn of(text: &[u8], breaks: Breaks) -> Option<Self> {
        let (before, mut rest) = text.split_at(gap(text, breaks));
        let is_body = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte);
        let (mut first, mut separator, mut length) = (None, None, 0);
        let after = loop {
            let (chunk, more) = rest.split_at(rest.iter().take_while(|byte| is_body(byte)).count());
            first = first.or(Some(chunk.len()));
            length += chunk.len();
            let (between, next) = more.split_at(gap(more, breaks));
            match (next.is_empty(), between.is_empty()) {
                (true, _) => break between,
                (false, true) => return None,
                (false, false) => separator = separator.or(Some(between)),
            }
            rest = next;
        };
        Some(Self {
            url_safe: text.iter().any(|byte| matches!(byte, b'-' | b'_')),
            // Three bytes in four characters need none: then it can't be told, and the usual form has it.
            padded: text.contains(&b'=') || length % 4 == 0,
            lines: first.zip(separator.map(<[u8]>::to_vec)),
            before: before.to_vec(),
            after: after.to_vec(),
        })
    }

    pub(super) fn encode(&self, bytes: &[u8]) -> Zeroizing<Vec<u8>> {
        let engine = match (self.url_safe, self.padded) {
            (false, true) => &STANDARD,
            (false, false) => &STANDARD_NO_PAD,
            (true, true) => &URL_SAFE,
            (true, false) => &URL_SAFE_NO_PAD,
        };
        let encoded = Zeroizing::new(engine.encode(bytes));
        let (width, separator) =
            self.lines.as_ref().map_or((encoded.len(), &[][..]), |(width, by)| (*width, by));
        let breaks = encoded.len() / width.max(1) * separator.len();
        let mut text =
            Zeroizing::new(Vec::with_capacity(encoded.len() + breaks + self.before.len() + self.after.len()));
        text.extend_from_slice(&self.before);
        for (number, line) in encoded.as_bytes().chunks(width.max(1)).enumerate() {
            if number > 0 {
                text.extend_from_slice(separator);
            }
            text.extend_from_slice(line);
        }
        text.extend_from_slice(&self.after);
        text
    }
}

/// How many bytes of white space a text begins with.
fn gap(text: &[u8], breaks: Breaks) -> usize {
    let mut at = 0;
    loop {
        at += match text.get(at..).unwrap_or_default() {
            [byte, ..] if byte.is_ascii_whitespace() => 1,
            [b'\\', b'n' | b'r', ..] if breaks == Breaks::Escaped => 2,
            _ => return at,
        };
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

/// Whether these bytes are base64 of a PowerSync config.
#[must_use]
pub(crate) fn is_base64_of_config(bytes: &[u8]) -> bool {
    decode(bytes).is_some_and(|inner| is_config(&inner))
}

pub(super) fn is_config(bytes: &[u8]) -> bool {
    marks::is_config(bytes, Input::Either)
}
