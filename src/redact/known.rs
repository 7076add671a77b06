//! Values that are secret in one place, in every other place of a text: inside of longer texts, in comments, and in other
//! spellings of the same bytes.

use std::collections::HashSet;
use std::fmt::Write as _;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::base::text::percent_decoded;
use crate::config::Span;
use crate::keyset::decode_as_service;

/// Shorter ones are hidden in their place only: they would be found in half of the words.
const SHORTEST: usize = 8;
/// From here on, a value is hidden inside of words, too.
const LONG: usize = 16;
/// How much of all values is looked for. What is beyond is hidden in its place.
const MOST: usize = 4 * 1024 * 1024;

/// What to look for.
pub(super) struct Known {
    long: Option<AhoCorasick>,
    short: Option<AhoCorasick>,
}

impl Known {
    pub(super) fn of<'v>(values: impl IntoIterator<Item = &'v str>) -> Self {
        let (mut long, mut short, mut room) = (Vec::new(), Vec::new(), MOST);
        for form in values.into_iter().collect::<HashSet<_>>().into_iter().flat_map(forms) {
            if form.len() < SHORTEST || form.len() > room {
                continue;
            }
            room -= form.len();
            if form.len() < LONG { &mut short } else { &mut long }.push(form);
        }
        Self { long: finder(&long), short: finder(&short) }
    }

    /// Where they are. `names`: where short ones are words of the file, in order.
    pub(super) fn found(&self, text: &str, names: &[Span]) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        if let Some(long) = &self.long {
            spans.extend(long.find_iter(text).map(|found| found.range()));
        }
        let Some(short) = &self.short else { return spans };
        let mut from = 0;
        while let Some(found) = short.find(Input::new(text).span(from..text.len())) {
            let span = found.range();
            let is_name = {
                let before = names.partition_point(|name| name.end < span.end);
                names.get(before).is_some_and(|name| name.start <= span.start)
            };
            if is_name || !is_word(text, &span) {
                // Another may begin inside of it.
                from = span.start + text[span.start..].chars().next().map_or(1, char::len_utf8);
            } else {
                from = span.end;
                spans.push(span);
            }
        }
        spans
    }
}

fn finder(values: &[Zeroizing<String>]) -> Option<AhoCorasick> {
    if values.is_empty() {
        return None;
    }
    let values = values.iter().map(|value| value.as_bytes());
    // A DFA takes quadratic time for one long value whose characters are all the same.
    let kind = Some(AhoCorasickKind::ContiguousNFA);
    // Fails for more states than fit into 31 bits, which [`MOST`] is far from.
    AhoCorasick::builder().kind(kind).match_kind(MatchKind::LeftmostLongest).build(values).ok()
}

fn is_word(text: &str, span: &Span) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    !text[..span.start].ends_with(is_part) && !text[span.end..].starts_with(is_part)
}

/// As two digits a byte.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // Writing to a string can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The ways in which people write the same secret down.
fn forms(value: &str) -> Vec<Zeroizing<String>> {
    let value = value.trim();
    let mut forms = vec![Zeroizing::new(value.to_owned())];
    if value.len() < SHORTEST {
        return forms;
    }
    forms.push(Zeroizing::new(STANDARD_NO_PAD.encode(value)));
    forms.push(Zeroizing::new(URL_SAFE_NO_PAD.encode(value)));
    // A password is written in one way in a connection string, and in another beside it.
    forms.push(percent_encoded(value));
    forms.extend(percent_decoded(value).map(Zeroizing::new));
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "-_+/=".contains(c);
    if value.chars().all(is_base64) {
        let bytes = decode_as_service(value);
        forms.push(Zeroizing::new(STANDARD_NO_PAD.encode(&*bytes)));
        forms.push(Zeroizing::new(URL_SAFE_NO_PAD.encode(&*bytes)));
        let hex = hex(&bytes);
        forms.push(Zeroizing::new(hex.to_ascii_uppercase()));
        forms.push(Zeroizing::new(hex));
        let text = std::str::from_utf8(&bytes).ok().filter(|text| !text.contains(char::is_control));
        forms.extend(text.map(|text| Zeroizing::new(text.trim().to_owned())));
    }
    forms
}

/// As `encodeURIComponent` writes it.
fn percent_encoded(value: &str) -> Zeroizing<String> {
    let mut encoded = Zeroizing::new(String::with_capacity(3 * value.len()));
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string can't fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
