//! How hard a secret is to guess.

use zeroize::Zeroizing;

use super::secret::{Secret, decode_base64, decode_hex};
use crate::base::look::is_words;

/// What anyone might guess about a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// No bytes at all.
    Empty,
    /// Readable words, such as a placeholder from a guide.
    Words,
    /// Few different bytes, or bytes that count up.
    Pattern,
    /// So few bytes that all can be tried.
    Short,
    /// An example of a published document.
    Published,
    /// A variable that the service doesn't see as one: the text itself is the secret.
    NotReplaced,
}

impl std::fmt::Display for Weakness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Empty => "it decodes to nothing: anyone can sign with the empty secret",
            Self::Words => "it is made of readable words, which can be guessed",
            Self::Pattern => "its bytes follow a pattern, which can be guessed",
            Self::Short => "it is so short that all possible secrets can be tried",
            Self::Published => "it is the example of a published document, which anyone can look up",
            Self::NotReplaced => {
                "it is plain text such as `${PS_X}` or '!env PS_X' in quotes, which the service does not replace"
            }
        })
    }
}

/// Bytes that are themselves base64 or hexadecimal text, as PowerSync's guide makes them
/// (`openssl rand -base64 32`, and that text is the key), are as strong as what they encode.
fn encoded(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    decode_hex(bytes).or_else(|| decode_base64(bytes))
}

/// The strength in bits, as far as the number of bytes tells.
#[must_use]
pub fn bits(secret: &Secret) -> usize {
    let bytes = secret.bytes();
    encoded(bytes).filter(|inner| inner.len() >= 16).map_or(bytes.len(), |inner| inner.len()) * 8
}

/// Whether a secret can be guessed, by its bytes.
#[must_use]
pub fn weakness(secret: &Secret) -> Option<Weakness> {
    let bytes = secret.bytes();
    if bytes.is_empty() {
        return Some(Weakness::Empty);
    }
    if is_published(secret) {
        return Some(Weakness::Published);
    }
    if is_words(bytes) || is_name(bytes) {
        return Some(Weakness::Words);
    }
    let random_inside = encoded(bytes).filter(|inner| inner.len() >= 32);
    if let Some(inner) = &random_inside {
        return is_pattern(inner).then_some(Weakness::Pattern);
    }
    if bytes.len() < 10 {
        return Some(Weakness::Short);
    }
    is_pattern(bytes).then_some(Weakness::Pattern)
}

/// Whether a `k` as it is written can be guessed: placeholders are words in the text, not in its bytes.
#[must_use]
pub fn weakness_of_k(k: &str) -> Option<Weakness> {
    if k.trim_start().starts_with("!env") || k.contains("${") {
        return Some(Weakness::NotReplaced);
    }
    weakness(&Secret::decode_as_service(k))
        .or_else(|| (is_words(k.as_bytes()) || is_name(k.as_bytes())).then_some(Weakness::Words))
}

/// Words and small numbers, as people name things: `acme-prod-jwt-2026`. Random text has no such parts.
fn is_name(bytes: &[u8]) -> bool {
    let is_word = |part: &[u8]| {
        let rest = part.get(1..).unwrap_or_default();
        let is_one_case = rest.iter().all(u8::is_ascii_lowercase) || part.iter().all(u8::is_ascii_uppercase);
        part.len() >= 2 && part.iter().all(u8::is_ascii_alphabetic) && is_one_case
    };
    let is_number = |part: &[u8]| {
        let digits = part.strip_prefix(b"v").unwrap_or(part);
        (1..=4).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
    };
    let parts = || bytes.split(|byte| b"-_./: ".contains(byte));
    parts().filter(|part| is_word(part)).count() >= 2 && parts().all(|part| is_word(part) || is_number(part))
}

/// The SHA-256 hashes of secrets that are printed in documents people copy from.
const PUBLISHED: [&str; 3] = [
    // RFC 7515, appendix A.1, and RFC 7517, appendix A.3.
    "c8ecc9361a05e285f04c26f9572131a6deab07e9e2b865053c6f75a4d8bd2b32",
    // RFC 7517, appendix A.3.
    "7df6f598d8f385bd68522c724bc9ed483b731af4f65fea03b70da07b16925093",
    // RFC 7520, section 3.5.
    "73ec74458059c70cae3f0ade8663fe0da1dc4b114ed8cdac75364140b4458a4c",
];

/// Whether a secret is one of these, or its text is.
fn is_published(secret: &Secret) -> bool {
    let is_digit = |(digit, byte): (char, u8)| digit.to_digit(16) == Some(u32::from(byte));
    let known = |hash: [u8; 32]| {
        let digits = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        PUBLISHED.iter().any(|one| one.chars().zip(digits.clone()).all(is_digit))
    };
    let inside = encoded(secret.bytes()).map(Secret::new);
    known(secret.fingerprint()) || inside.is_some_and(|inside| known(inside.fingerprint()))
}

/// Few different bytes, or the same step from byte to byte.
fn is_pattern(bytes: &[u8]) -> bool {
    let mut seen = [false; 256];
    for byte in bytes {
        seen[usize::from(*byte)] = true;
    }
    let different = seen.iter().filter(|seen| **seen).count();
    let steps = bytes.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
    let mut counts = [0_usize; 256];
    for step in steps {
        counts[usize::from(step)] += 1;
    }
    let common = counts.iter().max().copied().unwrap_or(0);
    let half = bytes.len() / 2;
    bytes.len() >= 4 && (different * 4 <= bytes.len().min(40) || common > half)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::look::looks_secret;

    fn secret(bytes: &[u8]) -> Secret {
        Secret::new(Zeroizing::new(bytes.to_vec()))
    }

    #[test]
    fn words_and_placeholders_are_found() {
        for k in [
            "your-base64url-encoded-shared-secret",
            "super-secret-jwt-token-with-at-least-32-characters-long",
            "changeme-changeme-changeme-changeme",
            "MySuperSecretPowerSyncDevelopmentKey",
            "this is a secret passphrase for development",
            "acme-powersync-prod-2026",
            "powersync-prod-jwt",
            "prod-jwt-acme-app-2026-v1",
            "mycompany-powersync-key",
        ] {
            assert_eq!(weakness_of_k(k), Some(Weakness::Words), "{k}");
            assert_eq!(weakness(&secret(k.as_bytes())), Some(Weakness::Words), "{k}");
        }
    }

    #[test]
    fn published_secrets_are_found() {
        for k in [
            "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
            "GawgguFyGrWKav7AX4VKUg",
            "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg",
        ] {
            assert_eq!(weakness_of_k(k), Some(Weakness::Published), "{k}");
            assert_eq!(weakness(&secret(k.as_bytes())), Some(Weakness::Published), "{k}, as text");
        }
        assert_eq!(weakness_of_k("iJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"), None);
    }

    #[test]
    fn patterns_are_found() {
        for bytes in
            [&[0_u8; 32][..], &[7; 40], &(0..32).collect::<Vec<u8>>(), b"0123456789abcdef0123456789abcdef"]
        {
            assert_eq!(weakness(&secret(bytes)), Some(Weakness::Pattern), "{bytes:?}");
        }
        assert_eq!(weakness(&secret(b"")), Some(Weakness::Empty));
    }

    #[test]
    fn where_weakness_begins() {
        assert_eq!(weakness(&secret(&noise(1, 9))), Some(Weakness::Short));
        assert_eq!(weakness(&secret(&noise(1, 10))), None);
        // Half of the bytes in steps of one, and one more.
        let rest = [200, 13, 77, 151, 99, 240, 31, 180, 64];
        assert!(!is_pattern(&(0..=10).chain(rest).collect::<Vec<u8>>()));
        assert!(is_pattern(&(0..=11).chain(rest[1..].iter().copied()).collect::<Vec<u8>>()));
        assert!(is_words(b"this is a secret\npassphrase for development"));
        assert!(!is_words(b"this is a secret\x07passphrase for development"));
    }

    #[test]
    fn what_looks_like_a_secret_is_told_from_names() {
        for secret in [
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.c2ln",
            "00112233445566778899aabbccddeeff",
            "Zq8xW3nVt5LmRk2PbY7c",
        ] {
            assert!(looks_secret(secret), "{secret}");
        }
        for name in [
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0",
            "eyJ.two words.c2ln",
            "docs.example.com",
            "deadbeef",
            "the-name-of-a-file-that-is-rather-long-and-no-more",
            "abcdefghij0123456789xyz",
            "ABCDEFGHIJ0123456789XYZ",
            "qXvbWzKjfQxPtRlkMnHgJdSw",
            "Zq8xW3nVt5LmRk2PbY7",
            "the-Password-for-Production-2026-and-2027",
        ] {
            assert!(!looks_secret(name), "{name}");
        }
    }

    /// Numbers that look random and are the same in every run.
    fn noise(seed: u64, length: usize) -> Vec<u8> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn random_secrets_are_not_taken_for_words() {
        for seed in 1..20_000 {
            let random = secret(&noise(seed, 32));
            let k = random.to_base64url();
            assert_eq!(weakness_of_k(&k), None, "seed {seed}");
            assert_eq!(weakness(&secret(k.as_bytes())), None, "seed {seed}, as the guide makes it");
            assert_eq!(bits(&random), 256);
            assert_eq!(bits(&secret(k.as_bytes())), 256);
        }
    }
}
