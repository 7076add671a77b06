//! Lists and mappings written by indentation: which lines an entry owns, and edits of them.

use super::plan::{New, NewValue, Splice};
use super::style::{self, past_colon};
use crate::base::secret_string::secret_string;
use crate::syntax::lines::{
    content_end, indent_of, is_comment, line_end, line_start, lines_before, newline_at, skip_gap,
};
use crate::syntax::{ConfigError, Document, Kind, NodeId, Notation, Problem, Quote, Span};

/// The lines of one entry of a block list.
#[derive(Clone, Copy)]
struct EntryLines {
    /// Where its own comments begin, or its dash line.
    first: usize,
    /// The start of the line with the dash.
    line: usize,
    /// The dash.
    dash: usize,
    /// Past its last line, trailing comments of its own included.
    end: usize,
}

/// The lines that each entry owns: a comment directly above belongs to the entry below it, one at the end of a
/// line to that line, and one below that is indented deeper than the dash to the entry above.
fn entries(doc: &Document<'_>, name: NodeId, list: NodeId) -> Result<Vec<EntryLines>, ConfigError> {
    let text = doc.text();
    let mut gap = past_colon(doc, name, list);
    let mut all: Vec<EntryLines> = Vec::new();
    for id in doc.items(list).unwrap_or_default() {
        let dash = skip_gap(text, gap);
        let line = line_start(text, dash);
        let column = dash - line;
        let only_spaces = text[line..dash].trim_start_matches('\u{feff}').bytes().all(|b| b == b' ');
        if text.as_bytes().get(dash) != Some(&b'-') || !only_spaces {
            let problem = Problem::Form("this entry's dash does not stand first on its line");
            return Err(ConfigError::at(text, dash, problem));
        }
        let floor = all.last().map_or_else(|| line_end(text, gap.min(line)), |before| before.end);
        let first = lines_before(text, line)
            .take_while(|above| above.start >= floor && is_comment(text, above.start))
            .last()
            .map_or(line, |above| above.start);
        gap = doc.end_of(*id).max(dash + 1);
        let mut end = line_end(text, gap);
        while end < text.len() && is_comment(text, end) && indent_of(text, end) > column {
            end = line_end(text, end);
        }
        all.push(EntryLines { first, line, dash, end });
    }
    Ok(all)
}

/// The bytes of the lines that each entry of a block list owns. `None` where it is written in another way.
pub(super) fn regions(doc: &Document<'_>, name: NodeId, list: NodeId) -> Option<Vec<Span>> {
    if !matches!(doc.node(list).kind, Kind::Sequence { notation: Notation::Block, .. }) {
        return None;
    }
    let lines = entries(doc, name, list).ok()?;
    Some(lines.into_iter().map(|lines| lines.first..lines.end).collect())
}

/// The nodes of a value: they were read one after the other.
fn subtree(doc: &Document<'_>, id: NodeId) -> (NodeId, NodeId) {
    let mut last = id;
    loop {
        let child = match &doc.node(last).kind {
            Kind::Sequence { items, .. } => items.last().copied(),
            Kind::Mapping { members, .. } => members.last().map(|(_, value)| *value),
            _ => None,
        };
        match child {
            Some(child) => last = child,
            None => return (id, last),
        }
    }
}

/// What something else refers to can't go.
pub(super) fn check_unreferenced(doc: &Document<'_>, entry: NodeId) -> Result<(), ConfigError> {
    let (first, last) = subtree(doc, entry);
    let inside = |id: NodeId| first <= id && id <= last;
    match doc.aliases().find(|(id, target)| inside(*target) && !inside(*id)) {
        Some((_, target)) => Err(aliased(doc, target)),
        None => Ok(()),
    }
}

/// What stands for something in an entry above can't go before that entry.
pub(super) fn check_movable(
    doc: &Document<'_>,
    first_entry: NodeId,
    entry: NodeId,
) -> Result<(), ConfigError> {
    let (first, last) = subtree(doc, entry);
    let in_list_above = |id: NodeId| first_entry <= id && id < first;
    let alias = doc.aliases().find(|(id, target)| first <= *id && *id <= last && in_list_above(*target));
    alias.map_or(Ok(()), |(id, _)| {
        let problem = Problem::Form("an alias (`*name`) here stands for a part of a key above");
        Err(ConfigError::at(doc.text(), doc.start_of(id), problem))
    })
}

/// What an alias stands for can't change: whatever uses the alias would, too.
pub(super) fn check_not_aliased(doc: &Document<'_>, id: NodeId) -> Result<(), ConfigError> {
    if doc.aliases().any(|(_, target)| target == id) { Err(aliased(doc, id)) } else { Ok(()) }
}

fn aliased(doc: &Document<'_>, id: NodeId) -> ConfigError {
    let problem = Problem::Form("the anchor (`&name`) here is used elsewhere in the file");
    ConfigError::at(doc.text(), doc.start_of(id), problem)
}

pub(super) fn insert(
    doc: &Document<'_>,
    (name, list): (NodeId, NodeId),
    at: usize,
    new: New<'_>,
) -> Result<Vec<Splice>, ConfigError> {
    let text = doc.text();
    let lines = entries(doc, name, list)?;
    // Right behind the entry before it; what is set apart by blank lines stays so.
    let before = at.checked_sub(1).and_then(|before| lines.get(before.min(lines.len() - 1)));
    let Some(reference) = before.or(lines.first()) else { return Ok(Vec::new()) };
    let newline = newline_at(text, reference.line);
    let dash_indent = &text[reference.line..reference.dash];
    let sample_dash = new.sample.and_then(|id| {
        let index = doc.items(list)?.iter().position(|item| *item == id)?;
        Some(lines[index].dash)
    });
    let body = style::block_entry(doc, new, dash_indent, sample_dash, newline);
    let at = if before.is_some() { reference.end } else { reference.first };
    let text = if text[..at].ends_with('\n') || before.is_none() {
        secret_string!("{}{newline}", *body)
    } else {
        secret_string!("{newline}{}", *body)
    };
    Ok(vec![Splice::insert(at, text)])
}

pub(super) fn remove(
    doc: &Document<'_>,
    name: NodeId,
    list: NodeId,
    remove: &[usize],
) -> Result<Vec<Splice>, ConfigError> {
    let text = doc.text();
    let lines = entries(doc, name, list)?;
    let items = doc.items(list).unwrap_or_default();
    let mut regions: Vec<Span> = Vec::new();
    for index in remove {
        check_above(doc, items, *index, lines[*index].end)?;
        let EntryLines { first, end, .. } = lines[*index];
        match regions.last_mut() {
            Some(before) if before.end == first => before.end = end,
            _ => regions.push(first..end),
        }
    }
    // Where the last line had no line ending, the last line that stays gets none either.
    if let Some(last) = regions.last_mut()
        && last.end == text.len()
        && !text.ends_with('\n')
        && last.start > 0
    {
        last.start = content_end(text, line_start(text, last.start - 1));
    }
    let mut splices: Vec<Splice> = regions.into_iter().map(Splice::delete).collect();
    if remove.len() == items.len() {
        // `keys:` with nothing behind it would keep the service from starting.
        splices.push(Splice::insert(past_colon(doc, name, list), secret_string!(" []")));
    }
    Ok(splices)
}

/// A text above that keeps the blank lines below it would take in those that stand behind an entry that goes.
fn check_above(doc: &Document<'_>, items: &[NodeId], index: usize, end: usize) -> Result<(), ConfigError> {
    let text = doc.text();
    let blank_below = end < text.len() && text[end..line_end(text, end)].trim().is_empty();
    let above = index.checked_sub(1).map(|above| items[above]);
    if blank_below && above.is_some_and(|above| doc.keeps_blank_lines(above)) {
        let problem = Problem::Form("the entry above ends in a text that keeps blank lines (`|+`)");
        return Err(ConfigError::at(text, doc.start_of(items[index]), problem));
    }
    Ok(())
}

pub(super) fn move_to_front(
    doc: &Document<'_>,
    name: NodeId,
    list: NodeId,
    from: usize,
) -> Result<Vec<Splice>, ConfigError> {
    let text = doc.text();
    let lines = entries(doc, name, list)?;
    let (to, moved) = (lines[0], lines[from]);
    check_above(doc, doc.items(list).unwrap_or_default(), from, moved.end)?;
    let newline = newline_at(text, to.line);
    let body = &text[moved.first..moved.end];
    let (body, cut) = if body.ends_with('\n') {
        (secret_string!("{body}"), moved.first..moved.end)
    } else {
        let start = content_end(text, line_start(text, moved.first - 1));
        (secret_string!("{body}{newline}"), start..moved.end)
    };
    Ok(vec![Splice::insert(to.first, body), Splice::delete(cut)])
}

/// The column its members stand in.
fn member_column(doc: &Document<'_>, entry: NodeId) -> usize {
    let members = doc.members(entry).unwrap_or_default();
    let of = |id| {
        let start = doc.start_of(id);
        let line = line_start(doc.text(), start);
        doc.text()[line..start].trim_start_matches('\u{feff}').len()
    };
    members.get(1).or(members.first()).map_or(0, |(name, _)| of(*name))
}

/// Adds a member below the last one of a key.
pub(super) fn add_member(doc: &Document<'_>, entry: NodeId, name: &str, value: &NewValue) -> Vec<Splice> {
    let text = doc.text();
    let content = doc.end_of(entry);
    let newline = newline_at(text, line_start(text, content));
    let indent = " ".repeat(member_column(doc, entry));
    let member = style::block_member(doc, Some(entry), name, value);
    let at = line_end(text, content);
    let line = if text[..at].ends_with('\n') {
        secret_string!("{indent}{}{newline}", *member)
    } else {
        secret_string!("{newline}{indent}{}", *member)
    };
    vec![Splice::insert(at, line)]
}

/// Whether the member before this one is a block scalar, which takes in deeper lines below it.
fn follows_block_scalar(doc: &Document<'_>, entry: NodeId, name: NodeId) -> bool {
    let members = doc.members(entry).unwrap_or_default();
    let at = members.iter().position(|(key, _)| *key == name);
    let before = at.and_then(|at| members.get(at.checked_sub(1)?));
    before.is_some_and(|(_, value)| {
        matches!(doc.node(*value).kind, Kind::Scalar { quote: Quote::Block(_), .. })
    })
}

/// Removes a member with its line and the comment at its end.
pub(super) fn remove_member(
    doc: &Document<'_>,
    entry: NodeId,
    (name, value): (NodeId, NodeId),
) -> Result<Vec<Splice>, ConfigError> {
    let text = doc.text();
    if doc.members(entry).is_some_and(|all| all.len() == 1) {
        let problem = Problem::Form("this is the only member of its entry");
        return Err(ConfigError::at(text, doc.start_of(name), problem));
    }
    let start = doc.start_of(name);
    let line = line_start(text, start);
    let end = line_end(text, doc.end_of(name).max(doc.end_of(value)));
    if is_comment(text, end) && indent_of(text, end) > start - line && follows_block_scalar(doc, entry, name)
    {
        let problem = Problem::Form("the comment below this member would become a part of the text above it");
        return Err(ConfigError::at(text, start, problem));
    }
    if !text[line..start].trim().is_empty() {
        // It stands on the line of the dash: what follows takes its place there.
        let rest = &text[end..];
        return Ok(vec![Splice::delete(start..end + rest.len() - rest.trim_start().len())]);
    }
    if end == text.len() && !text.ends_with('\n') && line > 0 {
        return Ok(vec![Splice::delete(content_end(text, line_start(text, line - 1))..end)]);
    }
    Ok(vec![Splice::delete(line..end)])
}
