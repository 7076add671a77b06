//! Which bytes of a config a command may touch.

use std::ops::Range;

use proptest::prelude::{prop_assert, prop_assert_eq};

use super::generate::{Doc, List};
use super::layout::comments;
use super::meaning::{Meant, Tried, fail};
use super::raw_diff;

/// A part of the old text that may change. Where nothing may be written, it goes as a whole.
struct Region {
    range: Range<usize>,
    write: bool,
}

/// The parts of the old text that this change owns.
fn regions(doc: &Doc, meant: &[Meant]) -> Vec<Region> {
    let write = |range: &Range<usize>| Region { range: range.clone(), write: true };
    let List::Entries { lines, colon, before, after, entries } = &doc.list else { return Vec::new() };
    if !lines && matches!(meant.first(), Some(Meant::Promoted(_))) {
        return vec![write(&(before.start..after.end))];
    }
    let mut regions: Vec<Region> = Vec::new();
    for (n, entry) in entries.iter().enumerate() {
        let stays = meant.iter().find(|meant| meant.old() == Some(n));
        match stays {
            Some(Meant::Retired(..)) => regions.push(write(entry.exp.as_ref().unwrap_or(&entry.grow))),
            Some(Meant::Unretired(_) | Meant::Promoted(_)) => regions.push(write(&entry.own)),
            Some(Meant::Moved(_)) => regions.push(write(entry.secret.as_ref().unwrap_or(&entry.own))),
            Some(_) => {}
            // Neighbouring entries go as one.
            None => match regions
                .last_mut()
                .filter(|last| *lines && !last.write && last.range.end == entry.own.start)
            {
                Some(last) => last.range.end = entry.own.end,
                None => regions.push(Region { range: entry.own.clone(), write: !lines }),
            },
        }
    }
    if let Some(last) = regions.last_mut().filter(|last| *lines && !last.write) {
        last.range = whole_lines(&doc.text, &last.range);
    }
    if meant.is_empty() {
        regions.push(write(&(*colon..*colon)));
    }
    match meant.iter().position(|meant| meant.old().is_none()) {
        None => {}
        Some(0) => regions.push(write(before)),
        Some(at) if at + 1 == meant.len() => regions.push(write(after)),
        Some(at) if *lines => regions.push(write(&(entries[at - 1].own.end..entries[at - 1].own.end))),
        Some(at) => regions.push(write(&(entries[at].own.start..entries[at - 1].own.end))),
    }
    regions.sort_by_key(|region| (region.range.start, region.range.end));
    regions
}

/// The same config with an entry's own lines before those of the first one; entries keep their numbers.
fn moved_to_front(doc: &Doc, n: usize) -> Doc {
    let mut doc = doc.clone();
    let List::Entries { lines: true, before, entries, .. } = &mut doc.list else { return doc };
    let (to, own) = (before.start, entries[n].own.clone());
    let cut = whole_lines(&doc.text, &own);
    let body = format!("{}{}", &doc.text[own.clone()], &doc.text[cut.start..own.start]);
    doc.text.replace_range(cut.clone(), "");
    doc.text.insert_str(to, &body);
    for (m, entry) in entries.iter_mut().enumerate() {
        let moved = |at: usize| match at {
            at if m == n => at - own.start + to,
            at if at <= own.start => at.min(cut.start) + body.len(),
            at => at,
        };
        for range in [&mut entry.own, &mut entry.grow].into_iter().chain(&mut entry.exp) {
            *range = moved(range.start)..moved(range.end);
        }
    }
    entries[n].own = to..to + body.len();
    doc
}

/// Whether an entry may have dates that can be taken from it.
fn is_scheduled(doc: &Doc, own: &Range<usize>) -> bool {
    ["nbf", "exp"].iter().any(|name| doc.text[own.clone()].contains(name))
}

/// The last lines of a text without a final line break take the break before them along.
fn whole_lines(text: &str, range: &Range<usize>) -> Range<usize> {
    if range.end < text.len() || text.ends_with('\n') {
        return range.clone();
    }
    let before = &text[..range.start];
    let before = before.strip_suffix('\n').map_or(before, |b| b.strip_suffix('\r').unwrap_or(b));
    before.len()..range.end
}

/// Whether the new text is the old one with these regions changed; gives what was written there.
fn written(old: &str, new: &str, regions: &[Region]) -> Option<Vec<String>> {
    let mut kept = vec![String::new()];
    let mut at = 0;
    for Region { range, write } in regions {
        kept.last_mut()?.push_str(old.get(at..range.start.max(at))?);
        at = at.max(range.end);
        if *write {
            kept.push(String::new());
        }
    }
    kept.last_mut()?.push_str(&old[at..]);
    if kept.len() == 1 {
        return (kept[0] == new).then(Vec::new);
    }
    let (first, last) = (kept.remove(0), kept.pop()?);
    let mut rest = new.strip_prefix(first.as_str())?.strip_suffix(last.as_str())?;
    let mut written = Vec::new();
    for middle in kept.iter().filter(|middle| !middle.is_empty()) {
        let (before, after) = rest.split_once(middle.as_str())?;
        written.push(before.to_owned());
        rest = after;
    }
    written.push(rest.to_owned());
    Some(written)
}

/// The first key of a config: one piece is put in, or replaces what was empty.
fn first_key_written(old: &str, new: &str, at: Option<&Range<usize>>) -> Option<Vec<String>> {
    if let Some(at) = at {
        return written(old, new, &[Region { range: at.clone(), write: true }]);
    }
    let same = |(a, b): &(u8, u8)| a == b;
    let prefix = old.bytes().zip(new.bytes()).take_while(same).count();
    let suffix = old.bytes().rev().zip(new.bytes().rev()).take_while(same).count();
    if prefix + suffix >= old.len() {
        return Some(Vec::new());
    }
    // Behind a comment in brackets, the comma is apart from the rest.
    is_within(old, new).then(Vec::new)
}

/// Whether a text can be had from another one by leaving out bytes.
fn is_within(part: &str, whole: &str) -> bool {
    let mut rest = whole.bytes();
    part.bytes().all(|byte| rest.any(|other| other == byte))
}

pub fn only_owned_bytes_change(doc: &Doc, new: &str, meant: &[Meant]) -> Tried {
    let moved = if let Some(Meant::Promoted(n)) = meant.first() { Some(*n) } else { None };
    let doc = &moved.map_or_else(|| doc.clone(), |n| moved_to_front(doc, n));
    let old = doc.text.as_str();
    let written = match &doc.list {
        List::Entries { .. } => written(old, new, &regions(doc, meant)),
        List::Missing { at, .. } => first_key_written(old, new, at.as_ref()),
    };
    let Some(written) = written else {
        return fail(format!(
            "bytes changed that {meant:?} does not own:\n{}",
            raw_diff(old.as_bytes(), new.as_bytes())
        ));
    };
    let shown = || raw_diff(old.as_bytes(), new.as_bytes());
    if let (Some(n), List::Entries { lines: true, entries, .. }) = (moved, &doc.list) {
        let (own, new) = (old[entries[n].own.clone()].trim_end(), written[0].trim_end());
        let fits = if is_scheduled(doc, &entries[n].own) { is_within(new, own) } else { new == own };
        prop_assert!(fits, "the moved entry changed: {}", shown());
    }
    let written = written.concat();
    let (breaks, crlf) = (old.matches('\n').count(), old.matches("\r\n").count());
    prop_assert!(crlf > 0 || !new.contains('\r'), "a foreign line ending: {}", shown());
    let new_lf = written.matches('\n').count() > written.matches("\r\n").count();
    prop_assert!(breaks > crlf || breaks == 0 || !new_lf, "a foreign line ending: {}", shown());
    // Where a blank line is the last one now, it is the one without a line break.
    let blank_last = old.lines().next_back() != new.lines().next_back() && new.ends_with('\n');
    prop_assert!(blank_last || old.ends_with('\n') == new.ends_with('\n'), "final newline: {}", shown());
    prop_assert_eq!(old.starts_with('\u{feff}'), new.starts_with('\u{feff}'));
    Ok(())
}

/// Comments stay, but for those of removed entries and those beside a removed date.
pub fn comments_stay(doc: &Doc, new: &str, meant: &[Meant]) -> Tried {
    let left = comments(doc.file, new).or_else(fail)?;
    for comment in &doc.comments {
        let same = doc.comments.iter().filter(|other| other.words == comment.words);
        let (mut least, mut most) = (0, 0);
        for comment in same {
            let owner = comment.owner.map(|owner| meant.iter().find(|meant| meant.old() == Some(owner)));
            let may_go = match owner {
                Some(Some(Meant::Unretired(n) | Meant::Promoted(n))) => {
                    goes_with_a_date(doc, *n, &comment.words)
                }
                // Says what the date was.
                Some(Some(Meant::Retired(..))) => comment.words.starts_with("# remove after "),
                _ => false,
            };
            most += usize::from(owner != Some(None) || comment.shared);
            least += usize::from(owner != Some(None) && !may_go);
        }
        let found = left.iter().filter(|(_, words)| *words == comment.words).count();
        let shown = raw_diff(doc.text.as_bytes(), new.as_bytes());
        prop_assert!(least <= found && found <= most, "{:?} is there {} times:\n{}", comment, found, shown);
    }
    Ok(())
}

/// Whether a comment may go with `nbf` or `exp` of its entry: in lines, if it isn't alone on its line.
fn goes_with_a_date(doc: &Doc, n: usize, words: &str) -> bool {
    let List::Entries { lines, entries, .. } = &doc.list else { return false };
    let alone = |line: &str| line.contains(words) && line.trim_start().starts_with('#');
    is_scheduled(doc, &entries[n].own) && !(*lines && doc.text.lines().any(alone))
}
