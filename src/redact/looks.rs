//! What looks like a secret in a text, wherever the text is. Each function reads its text once, however it is shaped.

use crate::base::look::is_words;
use crate::config::Span;
use crate::keyset::PRIVATE_MEMBERS;

/// Names that contain one of these hold secrets.
const SECRET_WORDS: [&str; 24] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "private_key",
    "privatekey",
    "secret",
    "apikey",
    "api_key",
    "access_key",
    "accesskey",
    "accountkey",
    "sasl",
    "encryption_key",
    "encryptionkey",
    "signing_key",
    "signingkey",
    "master_key",
    "client_key",
    "sslkey",
    "ssl_key",
    "service_key",
    "webhook",
    "cookie",
];

/// Names that end in one of these do, too.
const SECRET_ENDS: [&str; 7] =
    ["_token", "credential", "credentials", "_pass", "_pw", "cert_key", "basic_auth"];

fn contains(text: &str, word: &str) -> bool {
    // `api-key` is `api_key`.
    let is_same =
        |(own, other): (&u8, &u8)| own.eq_ignore_ascii_case(other) || (*own, *other) == (b'-', b'_');
    text.as_bytes().windows(word.len()).any(|part| part.iter().zip(word.as_bytes()).all(is_same))
}

fn has_secret_word(name: &str) -> bool {
    // How a user is let in is no secret.
    let ends = |end: &&str| {
        name.len().checked_sub(end.len()).and_then(|at| name.get(at..)).is_some_and(|own| contains(own, end))
    };
    let is_secret = SECRET_WORDS.iter().any(|word| contains(name, word)) || SECRET_ENDS.iter().any(ends);
    is_secret && !contains(name, "mechanism")
}

/// A reference to a secret, not one itself.
fn is_reference(name: &str) -> bool {
    name.len()
        .checked_sub(4)
        .and_then(|at| name.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case("_ref"))
}

/// Whether a member of this name holds a secret, wherever it is.
#[must_use]
pub(crate) fn is_secret_name(name: &str) -> bool {
    name.eq_ignore_ascii_case("k")
        || name.eq_ignore_ascii_case("tokens")
        || ["pass", "pw", "authorization", "x-auth"].iter().any(|own| name.eq_ignore_ascii_case(own))
        || (has_secret_word(name) && !is_reference(name))
}

/// Whether a URI holds a secret: a user's name and password, or a parameter.
pub(crate) fn has_secret(uri: &str) -> bool {
    uri.contains("://") && (user_info(uri).next().is_some() || !in_query(uri).is_empty())
}

/// The `user:password` parts of the URIs in a text.
pub(super) fn user_info(text: &str) -> impl Iterator<Item = Span> {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>');
    let mut next = 0;
    text.split_inclusive(is_end).filter_map(move |stretch| {
        let begins = next;
        next += stretch.len();
        // As drivers for MySQL have it: `user:password@tcp(host)/database`.
        if let Some(at) = stretch.find("@tcp(").or_else(|| stretch.find("@unix(")) {
            return (at > 0).then_some(begins..begins + at);
        }
        let scheme = stretch.find("://")?;
        let start = scheme + 3;
        // A password may hold a `/` that should have been escaped: up to the last `@`.
        let end = stretch.rfind('@')?;
        // On the web, `@` is part of many paths: there a password follows a `:`.
        let is_web = stretch[..scheme].to_ascii_lowercase().ends_with("http")
            || stretch[..scheme].to_ascii_lowercase().ends_with("https");
        let authority = stretch[start..].split(['/', '?', '#']).next().unwrap_or_default();
        let port = authority.split_once(':').map(|(_, port)| port);
        let is_host = !authority.contains('@')
            && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|c| c.is_ascii_digit()));
        (start < end && !(is_web && is_host)).then_some(begins + start..begins + end)
    })
}

/// The values of `password=…` and the like in the query of a URI.
pub(super) fn in_query(text: &str) -> Vec<Span> {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '&' | '"' | '\'' | '#' | ';');
    let mut ends = text.match_indices(is_end).map(|(at, _)| at).chain([text.len()]).peekable();
    let mut spans = Vec::new();
    let mut next = 0;
    for (number, parameter) in text.split(['?', '&', ';']).enumerate() {
        let begins = next;
        next += parameter.len() + 1;
        // Whether what comes before this `=` names a secret. A value may hold a `=`, and look like a name for it.
        let (mut named, mut is_token, mut name_start) = (false, false, 0);
        for (equals, _) in parameter.match_indices('=').filter(|_| number > 0) {
            let name = &parameter[name_start..equals];
            name_start = equals + 1;
            named |= has_secret_word(name);
            is_token |= contains(name, "token");
            let value = begins + name_start;
            while ends.next_if(|end| *end < value).is_some() {}
            let end = ends.peek().copied().unwrap_or(text.len());
            let is_secret = is_token || is_secret_name(name) || (named && !is_reference(name));
            if is_secret && value < end {
                spans.push(value..end);
            }
        }
    }
    spans
}

/// The value after a name that holds a secret, up to the end of the comment: `# k: 'abc'`, `# password=abc`. The name of a
/// variable is none.
pub(super) fn member_value(comment: &str, is_variable_name: impl Fn(&str) -> bool) -> Option<Span> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let length = comment.trim_end().len();
    comment.match_indices([':', '=']).find_map(|(at, _)| {
        let name = comment[..at].trim_end().trim_end_matches(['"', '\'']);
        let name = &name[name.trim_end_matches(is_word).len()..];
        if !is_secret_name(name) && !PRIVATE_MEMBERS.contains(&name) {
            return None;
        }
        let value = comment[at + 1..].trim_start();
        let begins = comment.len() - value.trim_start_matches(['\'', '"', '[', '{', ' ']).len();
        let variable = value.strip_prefix("!env ").map(str::trim_start);
        let is_variable = variable.is_some_and(|variable| {
            let name = variable.split(char::is_whitespace).next().unwrap_or_default();
            let is_last = comment.len() - variable.len() + name.len() >= length;
            is_last && is_variable_name(name)
        });
        (!is_variable && begins < comment.len()).then(|| begins..length.max(begins))
    })
}

/// `# k:` with nothing after it.
pub(super) fn ends_in_secret_name(comment: &str) -> bool {
    let name = comment.trim_end().strip_suffix(':').map(|name| name.trim_start_matches(['#', ' ', '-']));
    name.is_some_and(|name| is_secret_name(name) || PRIVATE_MEMBERS.contains(&name))
}

/// Sixteen or more characters of base64 in a row that are no words.
pub(super) fn base64_runs(comment: &str) -> impl Iterator<Item = Span> + '_ {
    let in_alphabet = |b: u8| b.is_ascii_alphanumeric() || b"+/_=-".contains(&b);
    let mut next = 0;
    comment.as_bytes().split(move |byte| !in_alphabet(*byte)).filter_map(move |run| {
        let span = next..next + run.len();
        next = span.end + 1;
        let is_ruler = || run.iter().all(|b| matches!(b, b'-' | b'='));
        (run.len() >= 16 && !is_ruler() && !is_plain(run)).then_some(span)
    })
}

/// Words, paths and dates: `disable_auto_migration`, `/docs/json-schema`, `2026-11-24`. Each part is judged by itself, and
/// short ones tell nothing.
fn is_plain(run: &[u8]) -> bool {
    let is_name = |part: &[u8]| {
        let rest = part.get(1..).unwrap_or_default();
        let is_one_case = rest.iter().all(u8::is_ascii_lowercase) || part.iter().all(u8::is_ascii_uppercase);
        part.len() < 15 && part.iter().all(u8::is_ascii_alphabetic) && is_one_case
    };
    let is_number = |part: &[u8]| part.len() <= 10 && part.iter().all(u8::is_ascii_digit);
    // Random base64 has digits, and many.
    let is_words = |part: &[u8]| is_words(part) && part.iter().filter(|c| c.is_ascii_digit()).count() <= 4;
    let mut parts = run.split(|c| b"+/=_-".contains(c)).filter(|part| !part.is_empty());
    let is_long = |part: &[u8]| part.len() >= 6;
    is_words(run)
        || parts.clone().all(|part| is_name(part) || is_number(part) || is_words(part))
            && (parts.clone().any(is_long) || parts.all(is_number))
}

/// Where the reason begins in a comment that silences rules, `powersync-jwks: ignore[…]`.
pub(super) fn silences(comment: &str) -> Option<usize> {
    let rest = comment.trim_start_matches('#').trim_start().strip_prefix("powersync-jwks:")?;
    let rest = rest.trim_start().strip_prefix("ignore")?.trim_start().strip_prefix('[')?;
    let is_name = |name: &str| name.trim().bytes().all(|c| c.is_ascii_lowercase() || c == b'-');
    let (names, reason) = rest.split_once(']')?;
    names.split(',').all(is_name).then_some(comment.len() - reason.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str, spans: impl IntoIterator<Item = Span>) -> Vec<&str> {
        spans.into_iter().map(|span| &text[span]).collect()
    }

    #[test]
    fn users_go_up_to_the_last_at_sign_of_their_stretch() {
        for (text, users) in [
            ("postgres://a:b@h, mongodb://c@h \"redis://:d@h\"", vec!["a:b", "c", ":d"]),
            ("http://a@b@c http://@h", vec!["a@b"]),
            ("http://h http://h/path", vec![]),
            ("http://http://a@h", vec!["http://a"]),
        ] {
            assert_eq!(parts(text, user_info(text)), users, "{text}");
        }
    }

    #[test]
    fn values_in_a_query_are_told_by_their_name() {
        for (text, values) in [
            ("h?a=1&password=b&c=d", vec!["b"]),
            ("h?k=a&K=b&tokens=c&access_token=d;apiKey=e#f", vec!["a", "b", "c", "d", "e"]),
            ("h?secret_ref=a&b=k", vec![]),
            ("h?password=a=b c=d", vec!["a=b", "b", "d"]),
            ("password=a", vec![]),
            ("h?password=&k=", vec![]),
        ] {
            assert_eq!(parts(text, in_query(text)), values, "{text}");
        }
    }

    #[test]
    fn a_variable_is_no_secret_where_it_is_all_of_the_value() {
        for (comment, value) in [
            ("# k: !env PS_A", None),
            ("# k: !env PS_A  ", None),
            ("# k: !env PS_A, d: b", Some("!env PS_A, d: b")),
            ("# kid: a, d: !env PS_A", None),
            ("# a \"k\" : 'b' ", Some("b'")),
            ("# token: a", None),
        ] {
            assert_eq!(
                member_value(comment, |name| name == "PS_A").map(|span| &comment[span]),
                value,
                "{comment}"
            );
        }
    }

    #[test]
    fn words_paths_and_dates_are_no_base64() {
        let text = "# /docs/json-schema/powersync-config because-it-is-so-today 2026-11-24 disable_auto_migration AbCdEfGhIjKlMnOp \
                    xkqzvwtrplmnbgfd";
        assert_eq!(parts(text, base64_runs(text)), ["AbCdEfGhIjKlMnOp", "xkqzvwtrplmnbgfd"]);
    }

    #[test]
    fn a_comment_that_silences_a_rule_is_told_from_its_reason() {
        let reason = |comment: &'static str| silences(comment).map(|at| &comment[at..]);
        assert_eq!(reason("# powersync-jwks: ignore[non-string-member, another] why"), Some(" why"));
        assert_eq!(reason("# powersync-jwks: ignore[AbCd] why"), None);
        assert_eq!(reason("# k: powersync-jwks: ignore[a] why"), None);
    }
}
