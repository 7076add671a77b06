//! Secrets of symmetric keys, and the ways in which they are written.

use std::hint::black_box;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{
    GeneralPurpose, GeneralPurposeConfig, STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD,
};
use zeroize::Zeroizing;

use crate::base::random::{Random, RandomError};

/// Reads base64url with or without padding, and doesn't mind stray bits at the end: as Node does.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The bytes of a shared secret. Cleared when dropped, compared in constant time, and without a `Debug` that
/// shows them.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the bytes over.
    #[must_use]
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// Fresh random bytes.
    pub fn fresh(length: usize, random: &dyn Random) -> Result<Self, RandomError> {
        let mut bytes = Zeroizing::new(vec![0; length]);
        random.fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Reads a `k` as the service does: what is no base64 is skipped, and the first `=` ends it.
    #[must_use]
    pub(crate) fn decode_as_service(k: &str) -> Self {
        Self(decode_as_service(k))
    }

    /// The bytes themselves.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Base64url without padding, as a JWK's `k` has it (RFC 7518, section 6.4.1).
    #[must_use]
    pub fn to_base64url(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(&*self.0))
    }

    /// The same for secrets that are the same key, and never to be shown: it could be tried against.
    #[must_use]
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        let end = self.0.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
        let mut hash = [0; 32];
        hash.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, &self.0[..end]).as_ref());
        hash
    }

    /// Whether two secrets are the same key. HMAC pads keys with zero bytes up to its block size, so secrets
    /// that differ only in zero bytes at their end are.
    #[must_use]
    pub(crate) fn same_key(&self, other: &Self) -> bool {
        const BLOCK: usize = 128;
        let padded = |secret: &Self| {
            let mut bytes = Zeroizing::new(vec![0; secret.0.len().max(BLOCK)]);
            bytes[..secret.0.len()].copy_from_slice(&secret.0);
            bytes
        };
        let (one, two) = (padded(self), padded(other));
        constant_time_eq(&one, &two)
    }
}

/// Compares without telling by its time where two byte strings differ.
pub(crate) fn constant_time_eq(one: &[u8], two: &[u8]) -> bool {
    // The compiler may not see that the first difference decides.
    let differ = |so_far, (a, b): (&u8, &u8)| black_box(so_far | (a ^ b));
    one.len() == two.len() && one.iter().zip(two).fold(0, differ) == 0
}

/// Reads base64url as the service does: everything outside of base64's alphabets is skipped, and the first `=` ends it.
/// Node looks at the low byte of each UTF-16 unit, so that `Ł` (U+0141) counts as `A`. What a person meant may be something
/// else; see `strength`.
pub(crate) fn decode_as_service(text: &str) -> Zeroizing<Vec<u8>> {
    let mut clean = Zeroizing::new(String::with_capacity(text.len()));
    let low_bytes = text.encode_utf16().map(|unit| char::from(unit.to_le_bytes()[0]));
    clean.extend(low_bytes.take_while(|c| *c != '=').filter_map(|c| match c {
        '+' => Some('-'),
        '/' => Some('_'),
        'A'..='Z' | 'a'..='z' | '0'..='9' | '-' | '_' => Some(c),
        _ => None,
    }));
    if clean.len() % 4 == 1 {
        clean.pop();
    }
    // What is left is in the alphabet and of a possible length.
    decode(&LENIENT, clean.as_bytes()).unwrap_or_default()
}

/// Decodes into a buffer that is cleared, whether all of the text is base64 or not.
pub(crate) fn decode(engine: &GeneralPurpose, text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
    let length = engine.decode_slice(text, &mut bytes).ok()?;
    bytes.truncate(length);
    Some(bytes)
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A secret as it is written: the text of `k`. Its `Debug` shows nothing of it.
#[derive(Clone)]
pub struct SecretText(pub Zeroizing<String>);

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// How an imported secret is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Encoding {
    /// The text's own bytes are the key, as in PowerSync's guide
    Text,
    /// Base64 of the key's bytes
    Base64,
    /// Base64url of the key's bytes, as `k` is written
    Base64url,
    /// Hexadecimal of the key's bytes
    Hex,
}

/// An imported secret isn't written as was said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Nothing in it.
    #[error("the secret is empty")]
    Empty,
    /// Characters or a length that the encoding doesn't have.
    #[error("the secret is not valid {0}. If its text itself is the key, use `--encoding text`")]
    Encoding(&'static str),
}

/// Reads a secret that someone hands in. Final newlines are cut off; how many is returned, too.
pub fn import(written: &[u8], encoding: Encoding) -> Result<(Secret, usize), ImportError> {
    let end = written.iter().rposition(|b| !matches!(b, b'\n' | b'\r')).map_or(0, |n| n + 1);
    let trimmed = &written[..end];
    let cut = written[end..].split(|b| *b == b'\n').count() - 1;
    if trimmed.is_empty() {
        return Err(ImportError::Empty);
    }
    let bytes = match encoding {
        Encoding::Text => Some(Zeroizing::new(trimmed.to_vec())),
        Encoding::Base64 => [&STANDARD, &STANDARD_NO_PAD].iter().find_map(|engine| decode(engine, trimmed)),
        Encoding::Base64url => decode(&LENIENT, trimmed),
        Encoding::Hex => decode_hex(trimmed),
    };
    let name = match encoding {
        Encoding::Text => "text",
        Encoding::Base64 => "base64",
        Encoding::Base64url => "base64url",
        Encoding::Hex => "hexadecimal",
    };
    let bytes = bytes.ok_or(ImportError::Encoding(name))?;
    if bytes.is_empty() { Err(ImportError::Empty) } else { Ok((Secret(bytes), cut)) }
}

/// Hexadecimal digits, two a byte.
pub(crate) fn decode_hex(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    // Of the final size at once: one that grows leaves its bytes behind in the memory it gives back.
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.chunks_exact(2) {
        bytes.push(digit(pair[0])? << 4 | digit(pair[1])?);
    }
    Some(bytes)
}

/// Bytes of base64 or base64url text, strictly.
pub(crate) fn decode_base64(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE_NO_PAD].iter().find_map(|engine| decode(engine, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k_is_read_as_the_service_reads_it() {
        for (k, bytes) in [
            ("YWJj", &b"abc"[..]),
            ("YWJjZA==", b"abcd"),
            ("YW Jj\n", b"abc"),
            ("YWJj=ZA", b"abc"),
            ("-_-_", &[0xfb, 0xff, 0xbf]),
            ("+/+/", &[0xfb, 0xff, 0xbf]),
            ("====", b""),
            ("!!!!", b""),
            ("A", b""),
            ("YWJjZ", b"abc"),
            ("Y!W#J$j", b"abc"),
        ] {
            assert_eq!(Secret::decode_as_service(k).bytes(), bytes, "{k}");
        }
    }

    #[test]
    fn hmac_pads_with_zeros() {
        let secret = |bytes: &[u8]| Secret::new(Zeroizing::new(bytes.to_vec()));
        assert!(secret(b"abc").same_key(&secret(b"abc\0\0")));
        assert!(!secret(b"abc").same_key(&secret(b"abd")));
        assert!(!secret(b"abc").same_key(&secret(b"\0abc")));
    }

    #[test]
    fn imports_say_what_was_cut_off_and_refuse_other_encodings() {
        let (secret, cut) = import(b"abc\r\n\n", Encoding::Text).unwrap();
        assert_eq!((secret.bytes(), cut), (&b"abc"[..], 2));
        assert_eq!(import(b"616263", Encoding::Hex).unwrap().0.bytes(), b"abc");
        assert_eq!(import(b"YWI", Encoding::Base64).unwrap().0.bytes(), b"ab");
        assert_eq!(import(b"-_-_", Encoding::Base64url).unwrap().0.bytes(), [0xfb, 0xff, 0xbf]);
        assert_eq!(import(b"-_-_", Encoding::Base64).unwrap_err(), ImportError::Encoding("base64"));
        assert_eq!(import(b"61626", Encoding::Hex).unwrap_err(), ImportError::Encoding("hexadecimal"));
        assert_eq!(import(b"\n\n", Encoding::Text).unwrap_err(), ImportError::Empty);
    }
}
