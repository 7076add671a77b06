//! Tokens in a text, as people paste them: in JSON, behind `Bearer`, in a header line, in quotes, wrapped over lines.

use serde_json::Value;
use zeroize::Zeroizing;

use crate::base::sentence::{Sentence, sentence};
use crate::base::text::{Printable, list};

/// A token, and what was around it.
#[derive(Clone)]
pub(crate) struct FoundToken {
    pub(crate) token: Zeroizing<String>,
    pub(crate) around: Vec<Around>,
}

/// What was around a token, and is no part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Around {
    /// `Bearer ` or `Token `
    Scheme(&'static str),
    /// The name of a header.
    Header(String),
    /// A name before `=` or `:`.
    Name(String),
    /// It is the value of this member of a JSON object.
    Member(String),
    Quotes,
    LineBreaks,
}

impl Around {
    fn message(&self) -> Sentence {
        match self {
            Self::Scheme(scheme) => sentence!("`{scheme}`"),
            Self::Header(name) => sentence!("the header's name `{}`", Printable(name)),
            Self::Name(name) => sentence!("the name `{}`", Printable(name)),
            Self::Member(name) => sentence!("the JSON around `{}`", Printable(name)),
            Self::Quotes => sentence!("the quotation marks"),
            Self::LineBreaks => sentence!("the line breaks in it"),
        }
    }
}

impl FoundToken {
    /// What was left out, where something was.
    pub(crate) fn message(&self) -> Option<Sentence> {
        let parts: Vec<String> = self.around.iter().map(|around| around.message().to_string()).collect();
        (!parts.is_empty()).then(|| sentence!("not part of the token, and left out: {}", list(&parts)))
    }
}

/// Names of members that hold a token, the likeliest first.
const MEMBERS: [&str; 8] = [
    "token",
    "access_token",
    "accessToken",
    "jwt",
    "id_token",
    "idToken",
    "powersync_token",
    "powersyncToken",
];

/// The tokens of a text: one, or one a line. Where nothing looks like a token, the text as it is.
pub(crate) fn find(text: &str) -> Vec<FoundToken> {
    let text = text.trim();
    if let Some(found) = in_json(text) {
        return found;
    }
    let lines: Vec<FoundToken> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(unwrapped).collect();
    if lines.len() > 1 && lines.iter().all(|line| is_whole(&line.token)) {
        return lines;
    }
    let joined: String = text.lines().map(str::trim).collect();
    let one = unwrapped(&joined);
    if lines.len() > 1 && looks_like_token(&one.token) {
        return vec![FoundToken {
            around: [one.around, vec![Around::LineBreaks]].concat(),
            token: one.token,
        }];
    }
    vec![unwrapped(text)]
}

/// The base64url of `{"`, and nothing that is no part of a token.
fn looks_like_token(text: &str) -> bool {
    text.starts_with("eyJ") && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.=+/".contains(c))
}

fn is_whole(text: &str) -> bool {
    looks_like_token(text) && text.matches('.').count() == 2
}

fn in_json(text: &str) -> Option<Vec<FoundToken>> {
    if !text.starts_with(['{', '[', '"']) {
        return None;
    }
    let all = match serde_json::from_str(text).ok()? {
        Value::Array(items) => items,
        one => vec![one],
    };
    let found: Vec<FoundToken> = all.iter().filter_map(of_value).collect();
    (found.len() == all.len() && !found.is_empty()).then_some(found)
}

fn of_value(value: &Value) -> Option<FoundToken> {
    match value {
        Value::String(text) => {
            let mut inner = unwrapped(text);
            inner.around.insert(0, Around::Quotes);
            Some(inner)
        }
        Value::Object(members) => {
            let named = MEMBERS.iter().find_map(|name| Some((*name, members.get(*name)?.as_str()?)));
            let looks = || {
                let texts = members.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
                texts.into_iter().find(|(_, text)| looks_like_token(unwrapped(text).token.as_str()))
            };
            let (name, text) = named.or_else(looks)?;
            let mut inner = unwrapped(text);
            inner.around.insert(0, Around::Member(name.to_owned()));
            Some(inner)
        }
        _ => None,
    }
}

/// A line without what is around the token in it.
fn unwrapped(line: &str) -> FoundToken {
    let (mut text, mut around) = (line.trim(), Vec::new());
    loop {
        let before = text;
        let quoted = |text: &'_ str| {
            let quote = text.chars().next().filter(|c| "\"'`".contains(*c))?;
            Some(text.len() - quote.len_utf8())
        };
        if let Some(rest) = quoted(text) {
            text = text[text.len() - rest..]
                .trim_end_matches([',', ';'])
                .trim_end_matches(['"', '\'', '`'])
                .trim();
            around.push(Around::Quotes);
        } else if let Some(scheme) = ["Bearer", "Token"].into_iter().find(|scheme| is_scheme(text, scheme)) {
            text = text[scheme.len()..].trim_start();
            around.push(Around::Scheme(scheme));
        } else if let Some((name, rest)) = named(text) {
            let is_header = name.eq_ignore_ascii_case("authorization");
            around.push(if is_header {
                Around::Header(name.to_owned())
            } else {
                Around::Name(name.to_owned())
            });
            text = rest.trim();
        }
        if text == before {
            break;
        }
    }
    let end = text.trim_end_matches(['"', '\'', '`', ',', ';']);
    if looks_like_token(end) {
        text = end;
    } else if !looks_like_token(text) {
        // Nothing in it looks like a token: then nothing was around one, but for what everyone leaves out.
        return plain(line);
    }
    around.dedup();
    FoundToken { token: Zeroizing::new(text.to_owned()), around }
}

/// Without the scheme of a header.
fn plain(line: &str) -> FoundToken {
    let text = line.trim();
    let text = text.strip_prefix("Authorization: ").unwrap_or(text);
    let scheme = ["Bearer", "Token"].into_iter().find(|scheme| is_scheme(text, scheme));
    let token = scheme.map_or(text, |scheme| text[scheme.len()..].trim_start());
    FoundToken {
        token: Zeroizing::new(token.to_owned()),
        around: scheme.map(Around::Scheme).into_iter().collect(),
    }
}

fn is_scheme(text: &str, scheme: &str) -> bool {
    text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        && text[scheme.len()..].starts_with([' ', '\t'])
}

/// A name before `=` or `:`, and what is behind.
fn named(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix("export ").unwrap_or(text);
    let text = text.strip_prefix("-H ").unwrap_or(text);
    let at = text.find(['=', ':'])?;
    let name = text[..at].trim().trim_matches(['"', '\'']);
    let is_name = !name.is_empty()
        && name.len() <= 40
        && !name.starts_with("eyJ")
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    is_name.then(|| (name, &text[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.c2lnbmF0dXJl";

    #[test]
    fn a_token_is_found_in_whatever_it_is_pasted_with() {
        for text in [
            TOKEN.to_owned(),
            format!("  {TOKEN}\n"),
            format!("Bearer {TOKEN}"),
            format!("bearer {TOKEN}"),
            format!("Authorization: Bearer {TOKEN}"),
            format!("authorization:Token {TOKEN}"),
            format!("-H 'Authorization: Bearer {TOKEN}'"),
            format!("token={TOKEN}"),
            format!("export POWERSYNC_TOKEN=\"{TOKEN}\""),
            format!("\"{TOKEN}\""),
            format!("'{TOKEN}',"),
            format!("\"token\": \"{TOKEN}\","),
            format!("{{\"token\": \"{TOKEN}\"}}"),
            format!("{{\"endpoint\": \"https://h\", \"token\":\n \"{TOKEN}\"}}"),
            format!("{{\"session\": \"{TOKEN}\"}}"),
            format!("[\"{TOKEN}\"]"),
            format!("{}\n{}", &TOKEN[..20], &TOKEN[20..]),
            format!("{}\r\n  {}\r\n{}", &TOKEN[..10], &TOKEN[10..25], &TOKEN[25..]),
            format!("Bearer {}\n{}", &TOKEN[..20], &TOKEN[20..]),
        ] {
            let found = find(&text);
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(found[0].token.as_str(), TOKEN, "{text}");
            let message = found[0].message().map(|message| message.to_string());
            assert_eq!(message.is_none(), text.trim() == TOKEN, "{text}: {message:?}");
            assert!(!message.unwrap_or_default().contains("c2lnbmF0"), "{text}");
        }
    }

    #[test]
    fn tokens_one_a_line_are_several() {
        let found = find(&format!("{TOKEN}\n\nBearer {TOKEN}\n'{TOKEN}'\n"));
        assert_eq!(found.iter().map(|one| one.token.as_str()).collect::<Vec<_>>(), [TOKEN; 3]);
    }

    #[test]
    fn what_is_no_token_stays_as_it_is() {
        for text in ["hello", "a b", "", "=", "{\"a\": 1}", "key: value", "a=b=c", "eyJ x y"] {
            let found = find(text);
            assert_eq!((found.len(), found[0].token.as_str(), found[0].around.len()), (1, text, 0), "{text}");
        }
    }
}
