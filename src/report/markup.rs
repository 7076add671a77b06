//! Text from elsewhere in Markdown and in logs of CI: nothing of it becomes a link, a mention, HTML, a heading, or a command.

use std::collections::HashSet;
use std::fmt::Write as _;

use crate::base::text::{begins_command, is_unsafe};

/// Text that Markdown shows as it is. What is between backticks, and every word that could be more than a word, becomes code:
/// there, no mention, reference or address is looked for. `names`: words that are names, and code, too.
pub(crate) fn inline(text: &str, names: &HashSet<String>) -> String {
    let mut shown = String::with_capacity(text.len());
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            // Two backticks with nothing between them would begin something longer.
            if !part.is_empty() {
                shown.push_str(&code(part));
            }
            continue;
        }
        for (number, word) in part.split([' ', '\n']).enumerate() {
            if number > 0 {
                shown.push(' ');
            }
            let is_first = shown.trim_start().is_empty();
            let (before, bare, end) = parts_of(word, names);
            let is_prose = is_plain(word) && !(is_first && is_mark(word)) && !names.contains(bare);
            if word.is_empty() || is_prose {
                shown.push_str(word);
            } else {
                let _ = write!(shown, "{before}{}{end}", code(bare));
            }
        }
    }
    shown
}

/// A word without a bracket before it and what ends a sentence, unless these are of a name.
fn parts_of<'w>(word: &'w str, names: &HashSet<String>) -> (&'w str, &'w str, &'w str) {
    let inner = word.trim_end_matches(['.', ',', ':', ';', ')']);
    let inner = if inner.is_empty() { word.len() } else { inner.len() };
    let bracket = usize::from(word.starts_with('(') && inner > 1);
    let ends = (inner..=word.len()).rev().filter(|end| word.is_char_boundary(*end));
    let places = ends.flat_map(|end| [0, bracket].map(|start| (start, end)));
    let mut fitting = places.filter(|(start, end)| names.contains(&word[*start..*end]));
    let (start, end) = fitting.next().unwrap_or((bracket, inner));
    (&word[..start], &word[start..end], &word[end..])
}

/// Whether Markdown, and what GitHub makes of it, sees nothing in a word.
fn is_plain(word: &str) -> bool {
    let core = word.trim_matches(['.', ',', ':', ';', '(', ')', '"', '\'', '…', '?', '!', '=']);
    let is_text = |c: char| c.is_alphanumeric() || "-.,;'\"()…?=+%’→‹›❌✅⚠\u{fe0f}".contains(c);
    let is_time = |word: &str| word.bytes().all(|c| c.is_ascii_digit() || b":-TZ.".contains(&c));
    let is_hash = core.len() >= 7 && core.bytes().all(|c| c.is_ascii_hexdigit());
    let is_reference = core.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("gh-"));
    let is_address = core.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www."));
    (word.chars().all(|c| is_text(c) || c == ':' || c == '!') && core.chars().all(is_text) || is_time(core))
        && !(is_hash || is_reference || is_address)
}

/// Whether a word begins a list, a quote or a rule where it is the first of a line.
fn is_mark(word: &str) -> bool {
    let number = word.trim_end_matches(['.', ')']);
    word.bytes().all(|c| b"-+=>*_.".contains(&c))
        || number.len() < word.len() && number.bytes().all(|c| c.is_ascii_digit())
}

/// Text as code, also in a table.
pub(crate) fn code(text: &str) -> String {
    let fence = "`".repeat(text.split(|c| c != '`').map(str::len).max().unwrap_or(0) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{}{pad}{fence}", text.replace('|', "\\|").replace('\n', " "))
}

/// A fence that no line of the text ends.
pub(crate) fn fence(lines: &[&str]) -> String {
    let longest = lines.iter().map(|line| line.split(|c| c != '~').map(str::len).max().unwrap_or(0)).max();
    "~".repeat(longest.unwrap_or(0).max(2) + 1)
}

/// What a comment on GitHub may hold, with room for what is around it.
pub(crate) const LONGEST_COMMENT: usize = 60_000;

/// The first lines of a text that fit, and how many don't.
pub(crate) fn cut<'t>(lines: &[&'t str], room: usize) -> (Vec<&'t str>, usize) {
    let mut left = room;
    let fits = |line: &&&str| {
        let is_in = line.len() < left;
        left = left.saturating_sub(line.len() + 1);
        is_in
    };
    let kept: Vec<&str> = lines.iter().take_while(fits).copied().collect();
    let rest = lines.len() - kept.len();
    (kept, rest)
}

/// JSON whose texts steer no terminal and start no command of CI: the same values, with such characters as their numbers.
pub(crate) fn json(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        if c == '#' && begins_command(&text[at..]) || !c.is_ascii() && is_unsafe(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{inline, json};

    #[test]
    fn prose_stays_and_all_else_becomes_code() {
        for (text, shown) in [
            (
                "prod-1 is removed 1 day too soon: see `prune`.",
                "prod-1 is removed 1 day too soon: see `prune`.",
            ),
            (
                "it was to stay until 2026-11-24T09:31:00Z, (in 5 days)",
                "it was to stay until 2026-11-24T09:31:00Z, (in 5 days)",
            ),
            ("ask @someone, at https://a.example.", "ask `@someone`, at `https://a.example`."),
            (
                "![x](y) <b> *a* _b_ #12 [c] GH-12 www.a.example abcdef0",
                "`![x](y`) `<b>` `*a*` `_b_` `#12` `[c]` `GH-12` `www.a.example` `abcdef0`",
            ),
            ("- a", "`-` a"),
            ("1. a", "`1`. a"),
            ("# a", "`#` a"),
            ("a ` b @c", "a ` b @c`"),
            ("`` @a ``` @b", " `@a` ` @b`"),
        ] {
            assert_eq!(inline(text, &HashSet::new()), shown, "{text}");
        }
        let names = HashSet::from(["safe".to_owned()]);
        assert_eq!(inline("added safe (safe), so: safe.", &names), "added `safe` (`safe`), so: `safe`.");
        let names = ["safe.", "safe:", "(safe)"].map(str::to_owned).into();
        assert_eq!(inline("safe., (safe:) (safe). safe", &names), "`safe.`, (`safe:`) `(safe)`. safe");
    }

    #[test]
    fn json_keeps_its_values() {
        let written = serde_json::to_string("##[a] ###vso[b] \u{202e}\u{e0001}é").unwrap();
        let safe = json(&written);
        assert!(
            !safe.contains("##[")
                && !safe.contains("##vso[")
                && !safe.contains('\u{202e}')
                && safe.contains('é'),
            "{safe}"
        );
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), "##[a] ###vso[b] \u{202e}\u{e0001}é");
    }
}
