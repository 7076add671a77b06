//! Secrets in pieces, to look for them in what is printed.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

pub fn hex(bytes: &[u8]) -> String {
    let digit = |digit: u8| char::from_digit(u32::from(digit), 16).unwrap();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// What looks like a secret in a config, by the names before it: read from the text, so that it works on broken ones.
pub fn secrets_in(text: &str) -> Vec<&str> {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "-_+/".contains(c);
    text.lines()
        .filter(|line| ["k:", "\"k\"", "d:", "password"].iter().any(|name| line.contains(name)))
        .flat_map(|line| line.split(move |c| !is_base64(c)))
        .filter(|run| run.len() >= 20 && !run.contains("PS_"))
        // Words may be elsewhere in the file, too.
        .filter(|run| {
            run.contains(|c: char| c.is_ascii_digit()) && run.contains(|c: char| c.is_ascii_uppercase())
        })
        .collect()
}

/// All pieces of eight characters of these secrets, in every way they may be written.
pub struct Pieces(HashSet<Vec<u8>>);

impl Pieces {
    pub fn of<'s>(secrets: impl IntoIterator<Item = &'s str>) -> Self {
        let mut pieces = Self(HashSet::new());
        for secret in secrets {
            pieces.add(secret.as_bytes());
            pieces.add_written(secret.as_bytes());
            if let Ok(bytes) = URL_SAFE_NO_PAD.decode(secret) {
                pieces.add_written(&bytes);
            }
        }
        pieces
    }

    fn add(&mut self, text: &[u8]) {
        self.0.extend(text.windows(8).map(<[u8]>::to_vec));
    }

    fn add_written(&mut self, bytes: &[u8]) {
        self.add(hex(bytes).as_bytes());
        self.add(hex(bytes).to_uppercase().as_bytes());
        // As part of a longer text, at each of its three places in a group.
        for skip in 0..3 {
            let inner = &bytes[skip..];
            self.add(STANDARD.encode(&inner[..inner.len() / 3 * 3]).as_bytes());
            self.add(URL_SAFE_NO_PAD.encode(&inner[..inner.len() / 3 * 3]).as_bytes());
        }
    }

    pub fn find<'t>(&self, text: &'t str) -> Option<&'t [u8]> {
        text.as_bytes().windows(8).find(|piece| self.0.contains(*piece))
    }

    pub fn assert_absent(&self, text: &str, what: &str) {
        if let Some(piece) = self.find(text) {
            panic!("{what}: `{}` in\n{text}", String::from_utf8_lossy(piece));
        }
    }
}
