//! The documents of a YAML text, each with its own bytes.

use crate::config::Span;

/// Where each document is: a line that begins with `---` begins one.
pub(super) fn parts(text: &str) -> Vec<Span> {
    let mut starts = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let begins = line
            .strip_prefix("---")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']));
        if begins && at > 0 {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let all: Vec<Span> = starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect();
    // What comes before the first `---` may be comments alone.
    if all.len() > 1 && is_blank(&text[all[0].clone()]) { all[1..].to_vec() } else { all }
}

/// Whether there is nothing in a document.
pub(super) fn is_blank(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').lines().all(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#') || line == "---" || line == "..."
    })
}
