//! Lists and mappings written in brackets and braces, JSON included.

use super::plan::{New, NewValue, Splice};
use super::style::{self, spaced};
use crate::base::secret_string::secret_string;
use crate::syntax::lines::{
    content_end, is_comment, line_end, line_start, lines_before, newline_at, skip_gap,
};
use crate::syntax::{Document, Kind, NodeId, Span};

/// What stands between the brackets: the bytes of each child, without its comma.
struct Flow<'t> {
    text: &'t str,
    /// Past the opening bracket.
    open: usize,
    /// At the closing bracket.
    close: usize,
    children: Vec<Span>,
    /// Whether white space follows a `:` in the document.
    spaced: bool,
}

impl<'t> Flow<'t> {
    fn of(doc: &Document<'t>, id: NodeId) -> Self {
        let node = doc.node(id);
        let children = match &node.kind {
            Kind::Sequence { items, .. } => {
                items.iter().map(|item| doc.start_of(*item)..doc.end_of(*item)).collect()
            }
            Kind::Mapping { members, .. } => members
                .iter()
                .map(|(name, value)| doc.start_of(*name)..doc.end_of(*name).max(doc.end_of(*value)))
                .collect(),
            _ => Vec::new(),
        };
        Self {
            text: doc.text(),
            open: node.span.start + 1,
            close: node.span.end - 1,
            children,
            spaced: spaced(doc),
        }
    }

    /// The comma behind a child, if there is one.
    fn comma(&self, child: usize) -> Option<usize> {
        let at = skip_gap(self.text, self.children[child].end);
        (self.text.as_bytes().get(at) == Some(&b',')).then_some(at)
    }

    /// Where the child's own lines begin, if it shares none with other children or the brackets: at its comments.
    fn own_lines(&self, child: usize) -> Option<Span> {
        let Span { start, end } = self.children[child].clone();
        // Asked first, since the line may be the whole file: looking for its start would take as long for each child.
        let before = self.text[..start].trim_end_matches([' ', '\t']);
        if !before.ends_with('\n') {
            return None;
        }
        let line = before.len();
        let past = self.comma(child).map_or(end, |comma| comma + 1);
        let rest = self.text[past..line_end(self.text, past)].trim_start_matches([' ', '\t']);
        let alone = !self.text[end..past].contains('\n') && rest.starts_with(['\n', '\r', '#']);
        let floor = line_end(self.text, if child == 0 { self.open } else { self.children[child - 1].end });
        let first = lines_before(self.text, line)
            .take_while(|above| above.start >= floor && is_comment(self.text, above.start))
            .last()
            .map_or(line, |above| above.start);
        alone.then(|| first..line_end(self.text, past))
    }

    /// The white space before a child, as its neighbours have it.
    fn separator(&self) -> String {
        let one = if self.spaced { " " } else { "" };
        let Some(last) = self.children.last() else { return String::new() };
        let before =
            if self.children.len() > 1 { self.children[self.children.len() - 2].end } else { self.open };
        let gap = self.text[before..last.start].replacen(',', "", 1);
        if gap.contains('\n') {
            let line = line_start(self.text, last.start);
            let indent: String =
                self.text[line..last.start].chars().take_while(|c| *c == ' ' || *c == '\t').collect();
            return format!("{}{indent}", newline_at(self.text, before));
        }
        if self.children.len() > 1 && gap.trim().is_empty() { gap } else { one.to_owned() }
    }

    /// Writes a child behind all others.
    fn push(&self, new: &str) -> Vec<Splice> {
        let Some(last) = self.children.last() else {
            return vec![Splice::replace(self.open..self.close, secret_string!("{new}"))];
        };
        let count = self.children.len() - 1;
        let separator = self.separator();
        let comma = self.comma(count);
        let past = comma.map_or(last.end, |at| at + 1);
        let line_rest = &self.text[past..content_end(self.text, past)];
        if !line_rest.trim_start_matches([' ', '\t']).starts_with('#') {
            // Before a comma that stands there, so that the list goes on ending as it did.
            return vec![Splice::insert(last.end, secret_string!(",{separator}{new}"))];
        }
        // A comment stands behind the last child, on its line: it stays there.
        let separator = if separator.contains('\n') {
            separator
        } else {
            format!("{}{}", newline_at(self.text, last.start), " ".repeat(4))
        };
        let at = content_end(self.text, past);
        match comma {
            Some(_) => vec![Splice::insert(at, secret_string!("{separator}{new},"))],
            None => {
                vec![
                    Splice::insert(last.end, secret_string!(",")),
                    Splice::insert(at, secret_string!("{separator}{new}")),
                ]
            }
        }
    }

    /// Writes a child before another.
    fn before(&self, child: usize, new: &str) -> Vec<Splice> {
        let start = self.children[child].start;
        if let Some(own) = self.own_lines(child) {
            let line = line_start(self.text, start);
            let indent = &self.text[line..start];
            let newline = newline_at(self.text, line);
            return vec![Splice::insert(own.start, secret_string!("{indent}{new},{newline}"))];
        }
        let from = if child == 0 { self.open } else { self.children[child - 1].end };
        let gap = self.text[from..start].replacen(',', "", usize::from(child > 0));
        let usable = gap.trim().is_empty() && (child > 0 || gap.contains('\n'));
        let separator = if usable { gap } else { self.separator() };
        vec![Splice::insert(start, secret_string!("{new},{separator}"))]
    }

    /// The last of the removed children that follow this one on its line, one directly behind the other.
    fn last_beside(&self, child: usize, remove: &[usize]) -> usize {
        let beside = |one: usize| {
            let gap = &self.text[self.children[one - 1].end..self.children[one].start];
            remove.binary_search(&one).is_ok() && !gap.contains('\n')
        };
        (child + 1..self.children.len()).take_while(|one| beside(*one)).last().unwrap_or(child)
    }

    /// Removes children that begin their line, behind a comment or lines that go as well: what follows there moves to their place, and is indented
    /// as they were. One comma goes: the one behind, or where there is none, the one before.
    fn clear_line(&self, first: usize, last: usize, before: usize) -> Vec<Splice> {
        let end = self.children[last].end;
        let comma = self.comma(last);
        let beside = comma.filter(|at| !self.text[end..*at].contains('\n'));
        let past = beside.map_or(end, |at| at + 1);
        let rest = &self.text[past..];
        let until = past + rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let start = self.children[first].start;
        let line = line_start(self.text, start);
        let is_empty =
            self.text[line..start].trim().is_empty() && self.text[until..].starts_with(['\n', '\r']);
        let own = if is_empty { line..line_end(self.text, until) } else { start..until };
        let mut splices = vec![Splice::delete(own)];
        if beside.is_none() {
            let other = comma.or_else(|| self.comma(before));
            splices.extend(other.map(|at| Splice::delete(at..at + 1)));
        }
        splices
    }

    /// Removes children, each with its comma and, where it has lines of its own, with these.
    fn remove(&self, remove: &[usize]) -> Vec<Splice> {
        let stays = |child: usize| remove.binary_search(&child).is_err();
        let last_that_stays = (0..self.children.len()).rev().find(|child| stays(*child));
        let mut before: Option<usize> = None;
        let mut next = 0;
        // Up to where lines went with their child.
        let mut gone = 0;
        let mut splices = Vec::new();
        for &child in remove {
            if child < next {
                continue;
            }
            let Span { start, end } = self.children[child].clone();
            // Between the one removed before and this one, all stay.
            before = if next < child { Some(child - 1) } else { before };
            next = child + 1;
            let after = last_that_stays > Some(child);
            let comma = self.comma(child);
            if let Some(own) = self.own_lines(child) {
                gone = own.end;
                splices.push(Splice::delete(own));
                if comma.is_none()
                    && let Some(before) = before
                {
                    splices.extend(self.comma(before).map(|at| Splice::delete(at..at + 1)));
                }
            } else if let Some(before) = before {
                let from = if child == 0 { self.open } else { self.children[child - 1].end };
                let gap = &self.text[from..start];
                if gap.contains('#') || from < gone {
                    let last = self.last_beside(child, remove);
                    splices.extend(self.clear_line(child, last, before));
                    next = last + 1;
                } else {
                    splices.push(Splice::delete(from..end));
                }
            } else if after {
                let next = self.children[child + 1].start;
                let past = comma.map_or(end, |at| at + 1);
                let gap = &self.text[past..next];
                let white = gap.len() - gap.trim_start_matches([' ', '\t']).len();
                let until = if gap.trim().is_empty() { next } else { past + white };
                splices.push(Splice::delete(start..until));
            } else {
                splices.push(Splice::delete(start..comma.map_or(end, |at| at + 1)));
            }
        }
        splices
    }
}

pub(super) fn insert(doc: &Document<'_>, list: NodeId, at: usize, new: New<'_>) -> Vec<Splice> {
    let new = style::flow_entry(doc, new);
    let flow = Flow::of(doc, list);
    if at < flow.children.len() { flow.before(at, &new) } else { flow.push(&new) }
}

pub(super) fn remove_items(doc: &Document<'_>, list: NodeId, remove: &[usize]) -> Vec<Splice> {
    Flow::of(doc, list).remove(remove)
}

pub(super) fn move_to_front(doc: &Document<'_>, list: NodeId, from: usize) -> Vec<Splice> {
    let flow = Flow::of(doc, list);
    let text = doc.text();
    let (Some(own), Some(first)) = (flow.own_lines(from), flow.own_lines(0)) else {
        let mut splices = flow.remove(&[from]);
        splices.extend(flow.before(0, &text[flow.children[from].clone()]));
        return splices;
    };
    let (head, tail) = text[own.clone()].split_at(flow.children[from].end - own.start);
    let comma = if flow.comma(from).is_some() { "" } else { "," };
    let mut splices =
        vec![Splice::insert(first.start, secret_string!("{head}{comma}{tail}")), Splice::delete(own)];
    if flow.comma(from).is_none() {
        splices.extend(flow.comma(from - 1).map(|at| Splice::delete(at..at + 1)));
    }
    splices
}

/// Adds a member behind the last one of a key.
pub(super) fn add_member(doc: &Document<'_>, entry: NodeId, name: &str, value: &NewValue) -> Vec<Splice> {
    let member = style::flow_member(doc, Some(entry), name, value);
    Flow::of(doc, entry).push(&member)
}

/// Adds a member that is written already, behind the last one of a mapping.
pub(super) fn push_member(doc: &Document<'_>, mapping: NodeId, member: &str) -> Vec<Splice> {
    Flow::of(doc, mapping).push(member)
}

/// Removes a member of a key with its comma.
pub(super) fn remove_member(doc: &Document<'_>, entry: NodeId, (name, _): (NodeId, NodeId)) -> Vec<Splice> {
    let members = doc.members(entry).unwrap_or_default();
    let index = members.iter().position(|(key, _)| *key == name);
    index.map_or_else(Vec::new, |index| Flow::of(doc, entry).remove(&[index]))
}
