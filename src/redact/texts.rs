//! What gives a secret away in any text: headers, keys in PEM, connection strings, base64 of any of them. Each function
//! reads its text once.

use std::collections::{HashMap, VecDeque};

use super::looks::{in_query, is_secret_name, member_value, user_info};
use crate::base::look::{is_words, looks_secret};
use crate::config::Span;
use crate::keyset::decode_base64;

/// The values of `Bearer …`, `Basic …` and `Token …`.
pub(super) fn headers(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut begins = 0;
    let mut is_value = false;
    for word in text.split_inclusive([' ', '\t', '\n', '"', '\'', ',']) {
        let token = word.trim_end_matches([' ', '\t', '\n', '\r', '"', '\'', ',']);
        let scheme = token.rsplit([':', '=', '`', '(', '{', '[']).next().unwrap_or_default();
        if is_value && !token.is_empty() {
            let is_token = token.len() >= 8
                && !is_words(token.as_bytes())
                && !token.bytes().all(|c| c.is_ascii_lowercase());
            if is_token {
                spans.push(begins..begins + token.len());
            }
            is_value = false;
        }
        is_value |= ["bearer", "basic", "token"].iter().any(|one| scheme.eq_ignore_ascii_case(one));
        begins += word.len();
    }
    spans
}

/// Blocks of PEM, but for certificates and public keys.
pub(super) fn pem(text: &str) -> Vec<Span> {
    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "-----END ";
    // In one pass: a text may begin any number of blocks that it never ends.
    let mut ends: HashMap<&str, VecDeque<usize>> = HashMap::new();
    for (at, _) in text.match_indices(END) {
        let label = text[at + END.len()..].split(['-', '\n']).next().unwrap_or_default();
        if text[at + END.len() + label.len()..].starts_with("-----") {
            ends.entry(label).or_default().push_back(at + END.len() + label.len() + "-----".len());
        }
    }
    let mut spans = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find(BEGIN).map(|at| from + at) {
        let label = text[at + BEGIN.len()..].split(['-', '\n']).next().unwrap_or_default();
        let after = at + BEGIN.len() + label.len();
        let end = ends.get_mut(label).and_then(|ends| {
            while ends.front().is_some_and(|end| *end <= after) {
                ends.pop_front();
            }
            ends.front().copied()
        });
        from = end.unwrap_or_else(|| cut_off(text, after));
        if !label.contains("PUBLIC KEY") && !label.contains("CERTIFICATE") {
            spans.push(at..from);
        }
    }
    spans
}

/// Where a block without an end ends: before the first line that can't be of it.
fn cut_off(text: &str, from: usize) -> usize {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/= \t\r\n#".contains(c);
    let mut end = text[from..].find('\n').map_or(text.len(), |at| from + at + 1);
    for line in text[end..].split_inclusive('\n') {
        if line.trim().is_empty() || !line.chars().all(is_base64) {
            break;
        }
        end += line.len();
    }
    end
}

/// The values of `Password=…;` and `password=… host=…`: connection strings that are no URLs.
pub(super) fn connection_string(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let last_semicolon = text.rfind(';').unwrap_or(0);
    let mut from = 0;
    for (equals, _) in text.match_indices('=') {
        let (start, is_name) = (equals + 1, |c: char| c.is_alphanumeric() || "_- .".contains(c));
        if equals < from {
            continue;
        }
        let name = &text[from..equals];
        let name = name[name.trim_end_matches(is_name).len()..].trim();
        let last = name.rsplit(' ').next().unwrap_or_default();
        from = start;
        if !(is_secret_name(&name.replace(' ', "_")) || is_secret_name(last)) {
            continue;
        }
        let value = &text[start..];
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let end = match quote {
            Some(quote) => value[1..].find([quote, '\n']).map(|at| at + 1),
            None if start < last_semicolon => value.find([';', '\n', '"', '\'']),
            None => value.find(|c: char| c.is_whitespace() || matches!(c, '&' | '"' | '\'' | ',')),
        };
        let end = start + end.unwrap_or(value.len());
        let begin = start + quote.map_or(0, char::len_utf8);
        if begin < end {
            spans.push(begin..end);
        }
        from = end;
    }
    spans
}

/// What is secret in a line of a text in which a config, or anything like it, may be.
pub(super) fn in_line(line: &str, is_variable_name: impl Fn(&str) -> bool) -> Vec<Span> {
    let value = member_value(line, is_variable_name).filter(|span| {
        // `d: …`, `k = …` are anything in a text of another language.
        let before = line[..span.start].trim_end_matches(['\'', '"', '[', '{', ' ']);
        before.ends_with(':') && !before.ends_with("::")
    });
    let mut spans: Vec<Span> = value.into_iter().chain(user_info(line)).chain(in_query(line)).collect();
    spans.extend(connection_string(line));
    spans.extend(random(line));
    spans
}

/// What looks random.
fn random(line: &str) -> impl Iterator<Item = Span> {
    let is_end = |c: char| !(c.is_ascii_alphanumeric() || "-_+/=".contains(c));
    let mut begins = 0;
    line.split_inclusive(is_end).filter_map(move |word| {
        let token = word.trim_end_matches(is_end);
        let span = begins..begins + token.len();
        begins += word.len();
        looks_secret(token).then_some(span)
    })
}

/// Whether a text is base64 of one that holds a secret.
pub(super) fn is_base64_of_secret(text: &str) -> bool {
    let is_base64 = |c: u8| c.is_ascii_alphanumeric() || b"+/-_=".contains(&c) || c.is_ascii_whitespace();
    if text.len() < 24 || !text.bytes().all(is_base64) {
        return false;
    }
    let clean: Vec<u8> = text.bytes().filter(|c| !c.is_ascii_whitespace()).collect();
    let Some(bytes) = decode_base64(&clean) else { return false };
    let Ok(inner) = std::str::from_utf8(&bytes) else { return false };
    let is_secret = |line: &str| !in_line(line, |_| true).is_empty() || !headers(line).is_empty();
    !pem(inner).is_empty() || inner.lines().any(is_secret) || is_base64_of_secret(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str, spans: Vec<Span>) -> Vec<&str> {
        spans.into_iter().map(|span| &text[span]).collect()
    }

    #[test]
    fn headers_have_a_token_behind_them() {
        for (text, found) in [
            ("Authorization: Bearer AbCdEf123456", vec!["AbCdEf123456"]),
            ("\"basic dXNlcjpwYXNz\", Basic authentication is off", vec!["dXNlcjpwYXNz"]),
            ("bearer tokens, Bearer authentication", vec![]),
            ("-H 'Authorization:Bearer  x9Y8z7W6v5'", vec!["x9Y8z7W6v5"]),
        ] {
            assert_eq!(parts(text, headers(text)), found, "{text}");
        }
    }

    #[test]
    fn connection_strings_give_their_passwords() {
        for (text, found) in [
            ("Server=h;User Id=sa;Password=a b c;Encrypt=true", vec!["a b c"]),
            ("host=h password=x1 user=y", vec!["x1"]),
            ("h:6379,password=x1,ssl=True", vec!["x1"]),
            ("Server=h;Pwd='x;1'", vec!["x;1"]),
            ("a=b;c=d", vec![]),
            ("AccountName=a;AccountKey=b==;EndpointSuffix=c", vec!["b=="]),
        ] {
            assert_eq!(parts(text, connection_string(text)), found, "{text}");
        }
    }

    #[test]
    fn private_keys_in_pem_go_whole() {
        let text = "a\n-----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\nd\n-----END CERTIFICATE-----\n-----BEGIN X-----\nabc\n\nb";
        assert_eq!(
            parts(text, pem(text)),
            ["-----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY-----", "-----BEGIN X-----\nabc\n"]
        );
    }
}
