//! The ways in which people write a secret down, and take it for the key.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::base::sentence::{Sentence, sentence};
use crate::keyset::{Secret, decode_base64, decode_hex};

/// How bytes relate to those of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Writing {
    /// The form.
    pub form: Form,
    /// What follows it.
    pub trailing: Trailing,
}

/// A form of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
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

/// What follows a secret and is no part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trailing {
    /// Nothing.
    None,
    /// A newline.
    Newline,
    /// The key itself ends in a newline, and here it is missing.
    NewlineMissing,
}

impl Writing {
    /// The key's own bytes and nothing else.
    pub(crate) const EXACT: Self = Self { form: Form::Bytes, trailing: Trailing::None };
}

/// What a backend does that takes a secret in some writing for the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    Newline,
    NewlineMissing,
    /// It signs with the text that encodes the key.
    NotDecoded(Encoded),
    /// It decodes a key that is text.
    Decoded,
    EncodedTwice,
}

/// An encoding, as Node names it and as people do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Encoded {
    node: &'static str,
    name: &'static str,
}

impl Form {
    fn encoded(self) -> Option<Encoded> {
        let (node, name) = match self {
            Self::Base64url => ("base64url", "base64url"),
            // As a person sees it: `=` at the end.
            Self::Base64urlPadded | Self::Base64 | Self::Base64Unpadded => ("base64", "base64"),
            Self::Hex => ("hex", "hexadecimal"),
            Self::Bytes | Self::Decoded | Self::Twice => return None,
        };
        Some(Encoded { node, name })
    }
}

impl Mistake {
    /// What is wrong, and what to do.
    pub(super) fn words(self) -> (Sentence, Sentence) {
        match self {
            Self::Newline => (
                sentence!("with a newline at its end"),
                sentence!("cut off the newline: a file, or `echo` without `-n`, adds one"),
            ),
            Self::NewlineMissing => (
                sentence!("without the newline at its end that `k` in the config has"),
                sentence!(
                    "sign with the newline, or import the secret again without it: `powersync-jwks rotate --secret-file PATH \
                     --encoding text`"
                ),
            ),
            Self::NotDecoded(Encoded { name, node }) => (
                sentence!("its {name} text was used as the key, instead of the bytes it encodes"),
                sentence!("decode the secret: Buffer.from(secret, '{node}')"),
            ),
            Self::Decoded => (
                sentence!(
                    "it was decoded: in this config the text itself is the key, as PowerSync's guide makes it"
                ),
                sentence!(
                    "sign with the text as it is: Buffer.from(secret, 'utf8'). Or import it again: `powersync-jwks rotate \
                     --secret-file PATH --encoding base64`"
                ),
            ),
            Self::EncodedTwice => (
                sentence!("it was encoded twice, and that text used as the key"),
                sentence!("decode the secret: Buffer.from(secret, 'base64url')"),
            ),
        }
    }
}

impl Writing {
    /// The mistake of a backend that signs with bytes in this writing. Nothing, where it is right.
    pub(super) fn mistake(self) -> Option<Mistake> {
        match (self.trailing, self.form, self.form.encoded()) {
            (Trailing::Newline, ..) => Some(Mistake::Newline),
            (Trailing::NewlineMissing, ..) => Some(Mistake::NewlineMissing),
            (Trailing::None, _, Some(encoded)) => Some(Mistake::NotDecoded(encoded)),
            (Trailing::None, Form::Decoded, None) => Some(Mistake::Decoded),
            (Trailing::None, Form::Twice, None) => Some(Mistake::EncodedTwice),
            (Trailing::None, _, None) => None,
        }
    }

    /// How it relates to the key, and what a backend has to do with it.
    pub(super) fn words(self) -> (Sentence, Sentence) {
        let (after, cut) = match self.trailing {
            Trailing::None => ("", ""),
            Trailing::Newline => (
                ", with a newline at its end that is not part of it",
                ". Make sure that the newline is cut off: in a file it does no harm, in a key it does",
            ),
            Trailing::NewlineMissing => (
                ", without the newline at its end that `k` in the config has",
                ". The newline is part of the key",
            ),
        };
        match (self.form, self.form.encoded()) {
            (_, Some(Encoded { name, node })) => (
                sentence!("written in {name}: the key is the bytes it encodes{after}"),
                sentence!(
                    "decode it before you sign: Buffer.from(secret, '{node}'). Used as text, it signs with other bytes{cut}"
                ),
            ),
            (Form::Decoded, _) => (
                sentence!(
                    "decoded: the key is the text that encodes it, as PowerSync's guide makes it{after}"
                ),
                sentence!(
                    "sign with the text, not with what it encodes: `powersync-jwks export --as raw` prints it{cut}"
                ),
            ),
            (Form::Twice, _) => (
                sentence!("written in base64url twice: the key is the bytes it encodes{after}"),
                sentence!("decode it twice before you sign, or take it from `powersync-jwks export`{cut}"),
            ),
            _ => (
                sentence!("as it is: its own bytes are the key{after}"),
                sentence!("sign with it as it is: Buffer.from(secret, 'utf8'), if it is text{cut}"),
            ),
        }
    }
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
            let trailing = if ending.is_empty() { Trailing::None } else { Trailing::Newline };
            all.push((Writing { form: *form, trailing }, Secret::new(written)));
        }
    }
    if let Some(trimmed) = bytes.strip_suffix(b"\n") {
        let trimmed = trimmed.strip_suffix(b"\r").unwrap_or(trimmed);
        let writing = Writing { form: Form::Bytes, trailing: Trailing::NewlineMissing };
        all.push((writing, Secret::new(Zeroizing::new(trimmed.to_vec()))));
    }
    all
}
