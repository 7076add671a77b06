//! The ways in which people write a secret down, and take it for the key.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::keyset::{Secret, decode_base64, decode_hex};

/// How bytes relate to those of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Writing {
    /// The form.
    pub form: Form,
    /// What stands behind it.
    pub ending: Ending,
}

/// A form of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// The key's own bytes.
    Bytes,
    /// Base64url without padding, as `k` is written.
    Base64url,
    /// Base64url with padding.
    Base64urlPadded,
    /// Base64 with padding, as `openssl rand -base64` writes.
    Base64,
    /// Base64 without padding.
    Base64Unpadded,
    /// Hexadecimal.
    Hex,
    /// The key is base64 or hexadecimal text, and this is what it encodes: PowerSync's documentation has both.
    Decoded,
    /// Base64url of the base64url.
    Twice,
}

/// What stands behind a secret and is no part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// Nothing.
    None,
    /// A line break.
    LineBreak,
    /// The key itself ends in a line break, and here it is missing.
    LineBreakMissing,
}

impl Writing {
    /// The key's own bytes and nothing else.
    pub const EXACT: Self = Self { form: Form::Bytes, ending: Ending::None };
}

/// All ways to write a secret, the likeliest first.
pub(super) fn of(secret: &Secret) -> Vec<(Writing, Secret)> {
    let bytes = secret.bytes();
    let base64url = secret.to_base64url();
    let mut hex = Zeroizing::new(Vec::with_capacity(bytes.len() * 2));
    hex.extend(
        bytes
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .map(|digit| b"0123456789abcdef"[usize::from(digit)]),
    );
    let mut forms = vec![
        (Form::Bytes, Zeroizing::new(bytes.to_vec())),
        (Form::Base64url, Zeroizing::new(base64url.as_bytes().to_vec())),
        (Form::Base64urlPadded, Zeroizing::new(URL_SAFE.encode(bytes).into_bytes())),
        (Form::Base64, Zeroizing::new(STANDARD.encode(bytes).into_bytes())),
        (Form::Base64Unpadded, Zeroizing::new(STANDARD_NO_PAD.encode(bytes).into_bytes())),
        (Form::Hex, hex),
        (Form::Twice, Zeroizing::new(URL_SAFE_NO_PAD.encode(base64url.as_bytes()).into_bytes())),
    ];
    forms.extend(decode_base64(bytes).map(|decoded| (Form::Decoded, decoded)));
    forms.extend(decode_hex(bytes).map(|decoded| (Form::Decoded, decoded)));
    let mut all = Vec::new();
    for ending in ["", "\n", "\r\n"] {
        for (form, bytes) in &forms {
            let mut written = Zeroizing::new(Vec::with_capacity(bytes.len() + 2));
            written.extend_from_slice(bytes);
            written.extend_from_slice(ending.as_bytes());
            let ending = if ending.is_empty() { Ending::None } else { Ending::LineBreak };
            all.push((Writing { form: *form, ending }, Secret::new(written)));
        }
    }
    if let Some(trimmed) = bytes.strip_suffix(b"\n") {
        let trimmed = trimmed.strip_suffix(b"\r").unwrap_or(trimmed);
        let writing = Writing { form: Form::Bytes, ending: Ending::LineBreakMissing };
        all.push((writing, Secret::new(Zeroizing::new(trimmed.to_vec()))));
    }
    all
}
