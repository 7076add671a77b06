//! Base64 around a config: decoded whatever its form, and encoded again in the same one.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::config::Input;

/// How base64 is written.
#[derive(Clone, Copy)]
pub(super) struct Base64Form {
    url_safe: bool,
    padded: bool,
    /// The length of its lines, where it is broken.
    width: Option<usize>,
    newline: &'static [u8],
    /// Whether a line break ends it.
    ends: bool,
}

impl Base64Form {
    pub(super) fn of(text: &[u8]) -> Self {
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

    pub(super) fn encode(self, bytes: &[u8]) -> Zeroizing<Vec<u8>> {
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
    crate::store::is_config(bytes, Input::Either)
}
