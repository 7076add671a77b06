//! Secrets out of texts that people see.

use std::collections::HashMap;
use std::fmt::Write as _;

use ring::digest;
use zeroize::Zeroizing;

use super::places::secret_parts;
use crate::config::{Config, Span};

/// Mark where a secret was: not part of any text that is shown, and turned into `‹secret N›` at the very end.
const OPEN: char = '\u{e000}';
const CLOSE: char = '\u{e001}';

/// Replaces secrets by numbers: equal secrets get the same one, within one output. The numbers say nothing else
/// about them.
#[derive(Default)]
pub struct Redactor {
    /// By SHA-256 of the value, so that no copy of a secret is kept.
    ids: HashMap<[u8; 32], usize>,
    /// For each, the first one that the service reads as the same.
    same_as: Vec<usize>,
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

    /// The same, with the places of each secret and of its mark.
    pub(crate) fn mark_with_places(&mut self, config: &Config<'_>) -> Marked {
        let text = config.document().text();
        let mut marked = String::with_capacity(text.len());
        let mut hidden = Vec::new();
        let mut from = 0;
        for (span, value) in secret_parts(config) {
            if span.end <= from {
                continue;
            }
            // What reaches beyond the secret before it is one, too.
            let value = if span.start < from { &text[from..span.end] } else { value };
            let span = from.max(span.start)..span.end;
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
        let next = self.same_as.len();
        let id = *self.ids.entry(hash(value)).or_insert(next);
        if id == next {
            self.same_as.push(id);
            // Another spelling has another mark, so that a diff shows it, and the same number.
            let read = as_read(value);
            if *read != value {
                self.same_as[id] = self.id(&read);
            }
        }
        id
    }

    /// What is shown in place of a secret.
    pub(crate) fn word(&mut self, secret: &str) -> String {
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
            let id = id.parse().ok().and_then(|id: usize| self.same_as.get(id)).copied().unwrap_or(0);
            let number = *self.shown.entry(id).or_insert(next);
            // Writing to a string can't fail.
            let _ = write!(shown, "‹secret {number}›");
            rest = after;
        }
        shown.push_str(rest);
        shown
    }
}

fn hash(value: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, value.as_bytes()).as_ref());
    hash
}

/// A secret as the service reads it, where that is base64: in one alphabet, and without padding.
fn as_read(value: &str) -> Zeroizing<String> {
    let body = value.trim_end().trim_end_matches('=');
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/-_".contains(c);
    if body.len() < 16 || !body.chars().all(is_base64) {
        return Zeroizing::new(value.to_owned());
    }
    let one_alphabet = |c: char| match c {
        '+' => '-',
        '/' => '_',
        c => c,
    };
    Zeroizing::new(body.chars().map(one_alphabet).collect())
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
    /// Where the text goes on: after the mark and the line breaks of the secret.
    after: usize,
}

impl Marked {
    /// The last one for which this holds; it holds for all before it.
    fn last(&self, holds: impl Fn(&Hidden) -> bool) -> Option<&Hidden> {
        self.hidden[..self.hidden.partition_point(holds)].last()
    }

    /// Where a byte of the original is in the marked text: the start of a mark for those of a secret.
    pub(crate) fn start(&self, at: usize) -> usize {
        match self.last(|hidden| hidden.was.start <= at) {
            Some(hidden) if at < hidden.was.end => hidden.mark.start,
            Some(hidden) => hidden.after + (at - hidden.was.end),
            None => at,
        }
    }

    /// Where a range of the original ends: after the mark where it ends in a secret.
    pub(crate) fn end(&self, at: usize) -> usize {
        match self.last(|hidden| hidden.was.start < at) {
            Some(hidden) if at <= hidden.was.end => hidden.mark.end,
            _ => self.start(at),
        }
    }
}

/// Marks in the text itself would be taken for ours.
fn push_clean(into: &mut String, text: &str) {
    if !text.contains([OPEN, CLOSE]) {
        return into.push_str(text);
    }
    into.extend(text.chars().map(|c| if c == OPEN || c == CLOSE { '\u{fffd}' } else { c }));
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
            shown("k: !env PS_X abc\nd: {password: !!str def}\n"),
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
    fn what_reaches_beyond_another_secret_is_hidden_to_its_end() {
        assert_eq!(
            shown("a: 1 # was postgres://averylongusername1:hunter2pw@host\n"),
            "a: 1 # was postgres:‹secret 1›‹secret 2›@host\n"
        );
        assert_eq!(
            shown("a: 1 # h?token=http://you;pass@host\n"),
            "a: 1 # h?token=‹secret 1›‹secret 2›@host\n"
        );
    }

    #[test]
    fn aliases_lead_to_what_they_stand_for_and_lines_stay() {
        assert_eq!(shown("x: &s abc\nk: *s\n"), "x: ‹secret 1›\nk: *s\n");
        assert_eq!(shown("k: |\n  abc\n  def\nz: 1\n").lines().count(), 4);
        assert_eq!(shown("api:\n  tokens: [one, two]\n"), "api:\n  tokens: [‹secret 1›, ‹secret 2›]\n");
    }
}
