//! Secrets out of texts that people see.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use ring::digest;

use crate::config::{Config, Document, Kind, NodeId, Scalar, Span, is_env_name};
use crate::keyset::PRIVATE_MEMBERS;

/// Marks where a secret stood: not part of any text that is shown, and turned into `‹secret N›` at the very end.
const OPEN: char = '\u{e000}';
const CLOSE: char = '\u{e001}';

/// Replaces secrets by numbers: equal secrets get the same one, within one output. The numbers say nothing else
/// about them.
#[derive(Default)]
pub struct Redactor {
    /// By SHA-256 of the value, so that no copy of a secret is kept.
    ids: HashMap<[u8; 32], usize>,
    /// In which order they were shown.
    shown: HashMap<usize, usize>,
}

impl Redactor {
    /// The text with every secret replaced by a mark that [`Self::show`] turns into words. Line breaks inside of
    /// secrets stay, so that line numbers do.
    #[must_use]
    pub fn mark(&mut self, config: &Config<'_>) -> String {
        self.mark_with_places(config).text
    }

    /// The same, with where each secret stood and its mark stands.
    pub(crate) fn mark_with_places(&mut self, config: &Config<'_>) -> Marked {
        let doc = config.document();
        let mut spans = secret_values(doc, config.is_cloud());
        spans.extend(pasted(doc, &spans));
        spans.extend(in_comments(doc, config.is_cloud()));
        spans.sort_by_key(|(span, _)| (span.start, usize::MAX - span.end));
        let text = doc.text();
        let mut marked = String::with_capacity(text.len());
        let mut hidden = Vec::new();
        let mut from = 0;
        for (span, value) in spans {
            if span.start < from {
                continue;
            }
            push_clean(&mut marked, &text[from..span.start]);
            let id = self.id(value);
            let start = marked.len();
            marked.push(OPEN);
            marked.push_str(&id.to_string());
            marked.push(CLOSE);
            let mark = start..marked.len();
            let breaks = text[span.clone()].matches('\n').count();
            marked.extend(std::iter::repeat_n('\n', breaks));
            hidden.push(Hidden { was: span.clone(), mark, after: marked.len() });
            from = span.end;
        }
        push_clean(&mut marked, &text[from..]);
        Marked { text: marked, hidden }
    }

    fn id(&mut self, value: &str) -> usize {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, value.as_bytes()).as_ref());
        let next = self.ids.len();
        *self.ids.entry(hash).or_insert(next)
    }

    /// What is shown in place of a secret.
    pub fn word(&mut self, secret: &str) -> String {
        let id = self.id(secret);
        self.show(&format!("{OPEN}{id}{CLOSE}"))
    }

    /// Turns marks into `‹secret N›`, numbered by first appearance.
    pub fn show(&mut self, marked: &str) -> String {
        let mut shown = String::with_capacity(marked.len());
        let mut rest = marked;
        while let Some((before, after)) = rest.split_once(OPEN) {
            shown.push_str(before);
            let (id, after) = after.split_once(CLOSE).unwrap_or((after, ""));
            let next = self.shown.len() + 1;
            let number = *self.shown.entry(id.parse().unwrap_or(0)).or_insert(next);
            // Writing to a string can't fail.
            let _ = write!(shown, "‹secret {number}›");
            rest = after;
        }
        shown.push_str(rest);
        shown
    }
}

/// A text with marks in place of secrets.
pub(crate) struct Marked {
    /// The text.
    pub(crate) text: String,
    hidden: Vec<Hidden>,
}

struct Hidden {
    /// The bytes of the original.
    was: Span,
    /// The bytes of its mark.
    mark: Span,
    /// Where the text goes on: behind the mark and the line breaks of the secret.
    after: usize,
}

impl Marked {
    /// The last one for which this holds; it holds for all before it.
    fn last(&self, holds: impl Fn(&Hidden) -> bool) -> Option<&Hidden> {
        self.hidden[..self.hidden.partition_point(holds)].last()
    }

    /// Where a byte of the original stands: the start of a mark for those of a secret.
    pub(crate) fn start(&self, at: usize) -> usize {
        match self.last(|hidden| hidden.was.start <= at) {
            Some(hidden) if at < hidden.was.end => hidden.mark.start,
            Some(hidden) => hidden.after + (at - hidden.was.end),
            None => at,
        }
    }

    /// Where a range of the original ends: behind the mark where it ends in a secret.
    pub(crate) fn end(&self, at: usize) -> usize {
        match self.last(|hidden| hidden.was.start < at) {
            Some(hidden) if at <= hidden.was.end => hidden.mark.end,
            _ => self.start(at),
        }
    }
}

/// Marks in the text itself would be taken for ours.
fn push_clean(into: &mut String, text: &str) {
    into.extend(text.chars().map(|c| if c == OPEN || c == CLOSE { '\u{fffd}' } else { c }));
}

/// Whether a member of this name holds a secret, wherever it stands.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let parts =
        ["password", "passwd", "passphrase", "private_key", "privatekey", "secret", "apikey", "api_key"];
    name == "k"
        || name == "tokens"
        || (parts.iter().any(|part| name.contains(part)) && !name.ends_with("_ref"))
}

/// Whether an address holds a secret: a user's name and password, or a parameter.
pub(crate) fn has_secret(address: &str) -> bool {
    address.contains("://") && user_info(address).chain(in_query(address)).next().is_some()
}

/// Where secret values stand, and what they are.
fn secret_values<'d>(doc: &'d Document<'_>, cloud: bool) -> Vec<(Span, &'d str)> {
    let mut secret: HashSet<NodeId> = HashSet::new();
    for (id, node) in doc.nodes() {
        let Kind::Mapping { members, .. } = &node.kind else { continue };
        let is_jwk = doc.member(id, "kty").is_some();
        for (name, value) in members {
            let Some(name) = doc.string(*name) else { continue };
            if is_secret_name(name) || (is_jwk && PRIVATE_MEMBERS.contains(&name)) {
                mark_below(doc, *value, &mut secret);
            }
        }
    }
    let mut spans = Vec::new();
    for (id, node) in doc.nodes() {
        let Kind::Scalar { text, .. } = &node.kind else { continue };
        if secret.contains(&id) {
            let harmless = match doc.scalar(id) {
                Some(Scalar::Null | Scalar::Bool(_)) => true,
                Some(Scalar::Env(name)) => is_env_name(name, cloud),
                _ => false,
            };
            // A tag or an anchor in the wrong place may be a part of it.
            let tagged = !matches!(doc.scalar(id), Some(Scalar::Env(_)));
            let start = if tagged { doc.start_of(id) } else { node.span.start };
            if !harmless && start < node.span.end {
                spans.push((start..node.span.end, text.as_ref()));
            }
        } else if text.contains("://") {
            let written = &doc.text()[node.span.clone()];
            spans.extend(
                user_info(written)
                    .chain(in_query(written))
                    .map(|part| (node.span.start + part.start..node.span.start + part.end, &written[part])),
            );
        }
    }
    spans
}

/// The same secrets in places where none belongs. Short ones may be words of the file.
fn pasted<'d>(doc: &'d Document<'_>, secrets: &[(Span, &'d str)]) -> Vec<(Span, &'d str)> {
    let known: HashSet<&str> =
        secrets.iter().map(|(_, text)| *text).filter(|text| text.len() >= 16).collect();
    let texts = doc.nodes().filter_map(|(_, node)| match &node.kind {
        Kind::Scalar { text, .. } if known.contains(text.as_ref()) => {
            Some((node.span.clone(), text.as_ref()))
        }
        _ => None,
    });
    texts.filter(|(span, _)| !span.is_empty()).collect()
}

/// All scalars below a node, also through aliases.
fn mark_below(doc: &Document<'_>, id: NodeId, secret: &mut HashSet<NodeId>) {
    let id = doc.target(id);
    if !secret.insert(id) {
        return;
    }
    match &doc.node(id).kind {
        Kind::Sequence { items, .. } => {
            for item in items {
                mark_below(doc, *item, secret);
            }
        }
        Kind::Mapping { members, .. } => {
            for (_, value) in members {
                mark_below(doc, *value, secret);
            }
        }
        Kind::Scalar { .. } | Kind::Alias(_) => {}
    }
}

/// The `user:password` parts of the URIs in a text.
fn user_info(text: &str) -> impl Iterator<Item = Span> {
    let starts = text.match_indices("://").map(|(at, _)| at + 3);
    starts.filter_map(|start| {
        let authority = &text[start..];
        let end = authority
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>'))
            .unwrap_or(authority.len());
        // A password may hold a `/` that should have been escaped: up to the last `@`.
        let at = authority[..end].rfind('@')?;
        (at > 0).then(|| start..start + at)
    })
}

/// The values of `password=…` and the like in the query of a URI.
fn in_query(text: &str) -> impl Iterator<Item = Span> {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '&' | '"' | '\'' | '#' | ';');
    text.match_indices('=').filter_map(move |(at, _)| {
        let name = &text[text[..at].rfind(['?', '&', ';'])? + 1..at];
        let end = text[at + 1..].find(is_end).map_or(text.len(), |n| at + 1 + n);
        let is_secret = is_secret_name(name) || name.to_ascii_lowercase().contains("token");
        (is_secret && at + 1 < end).then(|| at + 1..end)
    })
}

/// What in the comments may be a secret: values of members that hold one, 16 or more base64 characters in a row,
/// and users of URIs.
fn in_comments<'d>(doc: &'d Document<'_>, cloud: bool) -> Vec<(Span, &'d str)> {
    let mut spans = Vec::new();
    // Where a commented-out `k: |` began: the lines below it that are indented deeper are its value.
    let mut block: Option<usize> = None;
    for comment in doc.comments() {
        let text = &doc.text()[comment.clone()];
        let indent = text.len() - text.trim_start_matches(['#', ' ', '\t']).len();
        let mut add =
            |part: Span| spans.push((comment.start + part.start..comment.start + part.end, &text[part]));
        let is_member =
            text[indent..].split_once(':').is_some_and(|(name, _)| !name.contains([' ', '\'', '"']));
        if block.is_some_and(|above| indent > above || !is_member) && indent < text.len() {
            add(indent..text.len());
            continue;
        }
        let value = member_value(text, cloud);
        // Also where nothing stands behind the name, and the value on the line below.
        let is_block = value.clone().is_some_and(|value| text[value].starts_with(['|', '>']))
            || ends_in_secret_name(text);
        block = is_block.then_some(indent);
        value
            .into_iter()
            .chain(base64_runs(text).into_iter().filter(|run| !is_rule_name(text, run)))
            .chain(user_info(text))
            .chain(in_query(text))
            .for_each(&mut add);
    }
    spans
}

/// `# k:` with nothing behind it.
fn ends_in_secret_name(comment: &str) -> bool {
    let name = comment.trim_end().strip_suffix(':').map(|name| name.trim_start_matches(['#', ' ', '-']));
    name.is_some_and(|name| is_secret_name(name) || PRIVATE_MEMBERS.contains(&name))
}

/// The value behind a name that holds a secret, up to the end of the comment: `# k: 'abc'`, `# password=abc`.
fn member_value(comment: &str, cloud: bool) -> Option<Span> {
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    comment.match_indices([':', '=']).find_map(|(at, _)| {
        let name = comment[..at].trim_end().trim_end_matches(['"', '\'']);
        let start =
            name.rfind(|c| !word(c)).map_or(0, |n| n + name[n..].chars().next().map_or(1, char::len_utf8));
        let name = &name[start..];
        let rest = &comment[at + 1..];
        let value = rest.trim_start();
        let secret = is_secret_name(name) || PRIVATE_MEMBERS.contains(&name);
        let variable = value.strip_prefix("!env ").is_some_and(|name| is_env_name(name.trim(), cloud));
        let quoted = value.trim_start_matches(['\'', '"', '[', '{', ' ']);
        let begins = at + 1 + (rest.len() - quoted.len());
        (secret && !variable && begins < comment.len()).then(|| begins..comment.trim_end().len().max(begins))
    })
}

/// Whether this is the name of a rule in a comment that silences it: `powersync-jwks: ignore[…]`.
fn is_rule_name(comment: &str, run: &Span) -> bool {
    let open = comment.find("powersync-jwks: ignore[").map(|at| at + "powersync-jwks: ignore[".len());
    let inside = open.is_some_and(|open| open <= run.start && !comment[open..run.start].contains(']'));
    inside && comment[run.clone()].bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
}

fn base64_runs(text: &str) -> Vec<Span> {
    let in_alphabet = |b: &u8| b.is_ascii_alphanumeric() || b"+/_=-".contains(b);
    let mut runs = Vec::new();
    let mut start = 0;
    for (at, byte) in text.bytes().chain(std::iter::once(b' ')).enumerate() {
        if !in_alphabet(&byte) {
            if at - start >= 16 && !text[start..at].bytes().all(|b| b == b'-' || b == b'=') {
                runs.push(start..at);
            }
            start = at + 1;
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Input;

    fn shown(text: &str) -> String {
        let config = Config::parse_str(text, Input::Yaml).unwrap();
        let mut redactor = Redactor::default();
        let marked = redactor.mark(&config);
        redactor.show(&marked)
    }

    #[test]
    fn secrets_are_numbered_by_first_appearance_and_equal_ones_look_equal() {
        let text = "a: {password: one}\nb: {password: 'two'}\nc: {k: \"one\"} # k: two\nd: {k: !env PS_X}\n";
        assert_eq!(
            shown(text),
            "a: {password: ‹secret 1›}\nb: {password: ‹secret 2›}\nc: {k: ‹secret 1›} # k: ‹secret 2›\nd: {k: !env PS_X}\n"
        );
    }

    #[test]
    fn users_of_uris_and_what_looks_like_a_key_in_comments() {
        assert_eq!(
            shown("uri: postgres://me:pa/ss@host:5432/db # was postgres://you:word@old\n"),
            "uri: postgres://‹secret 1›@host:5432/db # was postgres://‹secret 2›@old\n"
        );
        assert_eq!(
            shown("u: http://h/?a=1&password=abc&b=2\njwks_uri: https://h/keys?access_token=abd\n"),
            "u: http://h/?a=1&password=‹secret 1›&b=2\njwks_uri: https://h/keys?access_token=‹secret 2›\n"
        );
        assert_eq!(
            shown("k: !env PS_X abc\nd: {password: !abc def}\n"),
            "k: !env ‹secret 1›\nd: {password: ‹secret 2›}\n"
        );
        assert_eq!(
            shown("k: !env 9F86D081884C\n# k:\n# abc\nb: 1\n"),
            "k: !env ‹secret 1›\n# k:\n# ‹secret 2›\nb: 1\n"
        );
        assert_eq!(
            shown("# k: |\n#   hunter2\n#   more\n# kid: a\nk: !env pasted\nb: 1\n"),
            "# k: ‹secret 1›\n#   ‹secret 2›\n#   ‹secret 3›\n# kid: a\nk: !env ‹secret 4›\nb: 1\n"
        );
        assert_eq!(shown("a: 1 # AbCdEfGhIjKlMnOp and short\n"), "a: 1 # ‹secret 1› and short\n");
        assert_eq!(
            shown("# kid: x, k: 'abc' # d\na: 1\n# ------------------\n"),
            "# kid: x, k: '‹secret 1›\na: 1\n# ------------------\n"
        );
    }

    #[test]
    fn aliases_lead_to_what_they_stand_for_and_lines_stay() {
        assert_eq!(shown("x: &s abc\nk: *s\n"), "x: ‹secret 1›\nk: *s\n");
        assert_eq!(shown("k: |\n  abc\n  def\nz: 1\n").lines().count(), 4);
        assert_eq!(shown("api:\n  tokens: [one, two]\n"), "api:\n  tokens: [‹secret 1›, ‹secret 2›]\n");
    }
}
