//! Text from files, on its way to a person's screen.

use std::fmt;
use std::panic::PanicHookInfo;

use super::look::looks_secret;

/// Shows text without the characters that could steer a terminal or hide what is there, and without what a log of CI
/// would take for a command.
pub struct Printable<'a>(pub &'a str);

/// Control characters, and those that turn the direction of writing or take no room (Unicode's `Default_Ignorable_Code_Point`).
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a log of CI could find a command in a text: `::error::` of GitHub Actions where a line begins, `##[error]` of it,
/// `##vso[…]` of Azure Pipelines and `##teamcity[…]` anywhere. A word may come to begin a line.
pub(crate) fn has_command(text: &str) -> bool {
    text.match_indices('#').any(|(at, _)| begins_command(&text[at..]))
        || text.split(char::is_whitespace).any(|word| word.starts_with("::"))
}

/// Whether a text begins as `##[` or `##name[`.
pub(crate) fn begins_command(text: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    text.strip_prefix("##").is_some_and(|rest| rest.trim_start_matches(is_name).starts_with('['))
}

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.chars().any(is_unsafe) && !has_command(self.0) {
            return f.pad(self.0);
        }
        let mut safe = String::with_capacity(self.0.len());
        for (at, c) in self.0.char_indices() {
            let rest = &self.0[at..];
            let begins_word = || self.0[..at].chars().next_back().is_none_or(char::is_whitespace);
            let is_command = begins_command(rest) || rest.starts_with("::") && begins_word();
            if is_unsafe(c) || is_command {
                safe.extend(c.escape_unicode());
            } else {
                safe.push(c);
            }
        }
        f.pad(&safe)
    }
}

/// A name that was given as an argument. What looks like a secret in its place is not repeated: logs keep messages.
pub(crate) struct Named<'a>(pub &'a str);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(if holds_secret(self.0) { HIDDEN } else { return Printable(self.0).fmt(f) })
    }
}

/// Whether an argument is, or has in it, what looks like a secret: a header with its token, a line or all of a file, a
/// URL with a password.
fn holds_secret(argument: &str) -> bool {
    let is_text_of_file = argument.contains('\n') && argument.contains(": ");
    let has_password = argument.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
    let mut words = argument.split(|c: char| c.is_whitespace() || "'\",;:".contains(c));
    is_text_of_file
        || has_password
        || words.any(|word| looks_secret(word) || word.split('/').any(looks_secret))
}

/// Stands for an argument that looks like a secret.
const HIDDEN: &str = "(not shown: it looks like a secret, and those don't belong among the arguments)";

/// A message about arguments without those that look like secrets.
#[must_use]
pub fn without_secrets(message: &str, arguments: impl IntoIterator<Item = String>) -> String {
    let mut message = message.to_owned();
    for argument in arguments {
        let value = argument.split_once('=').map(|(_, value)| value).filter(|value| !value.is_empty());
        for text in
            [value, Some(argument.trim_start_matches('-').trim_end_matches('='))].into_iter().flatten()
        {
            if holds_secret(text) {
                message = message.replace(text, HIDDEN);
            }
        }
    }
    message
}

/// What is told of a fault of our own: where, and not the message, which may hold a piece of the file.
#[must_use]
pub fn report_of_panic(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
    format!(
        "error: powersync-jwks {} failed with an internal error{place}. No file is half-written: each is as it was, or as it \
         was meant. Please report this, with the file's shape but without its secrets (`powersync-jwks redact`)",
        env!("CARGO_PKG_VERSION")
    )
}

/// "a", "a and b", "a, b and c".
#[must_use]
pub(crate) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// "1 key", "2 keys".
#[must_use]
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Breaks text into lines of at most that many characters, between words.
#[must_use]
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut length = 0;
    for word in text.split(' ') {
        let size = word.chars().count();
        if length > 0 && length + 1 + size > width {
            lines.push(String::new());
            length = 0;
        }
        let Some(line) = lines.last_mut() else { continue };
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        line.push_str(word);
        length += size;
    }
    lines
}

/// With bytes for `%41` and the like. `None`: what they stand for is no text.
#[must_use]
pub(crate) fn percent_decoded(text: &str) -> Option<String> {
    let mut rest = text.as_bytes();
    let mut decoded = Vec::with_capacity(rest.len());
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match byte.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                decoded.push(byte);
                rest = &after[2..];
            }
            _ => {
                decoded.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(decoded).ok()
}
