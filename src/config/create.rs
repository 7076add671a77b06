//! A list of keys that isn't there yet: written with its first key, and with what is missing above it.

use super::flow;
use super::plan::{New, NewEntry, Splice};
use super::style::{block_entry, flow_entry, flow_member, name_text, ordered, past_colon, spaced};
use crate::base::secret_string::{SecretString, join, secret_string};
use crate::syntax::lines::{indent_of, is_comment, line_end, line_start, newline_at, skip_gap};
use crate::syntax::{ConfigError, Document, Kind, NodeId, Notation, Problem, Syntax};

/// Writes the first key of a config, with what is missing above it.
pub(super) fn create(
    doc: &Document<'_>,
    member: Option<(NodeId, NodeId)>,
    names: &[&str],
    entry: &NewEntry,
) -> Result<Vec<Splice>, ConfigError> {
    let value = member.map_or(doc.root(), |(_, value)| value);
    let node = doc.node(value);
    match &node.kind {
        Kind::Mapping { notation: Notation::Block, members } if !members.is_empty() => {
            Ok(append_block(doc, member.map(|_| value), names, entry))
        }
        Kind::Mapping { members, .. } if !members.is_empty() || member.is_none() => {
            let pretty = Pretty::of(doc, value);
            let name = pretty.name(names[0]);
            let tree = pretty.tree(&names[1..], entry, 1);
            Ok(flow::push_member(doc, value, &secret_string!("{}{}", *name, *tree)))
        }
        _ if in_flow(doc, value) => {
            let tree = Pretty::of(doc, value).tree(names, entry, 0);
            let omitted = node.span.is_empty();
            let at = node.span.start..node.span.end;
            Ok(vec![Splice::replace(at, if omitted { secret_string!(" {}", *tree) } else { tree })])
        }
        _ => member.map_or_else(|| Ok(Vec::new()), |member| fill_block(doc, member, names, entry)),
    }
}

/// Whether the value stands inside of brackets or braces.
fn in_flow(doc: &Document<'_>, id: NodeId) -> bool {
    doc.syntax() == Syntax::Json
        || doc.nodes().take_while(|(other, _)| *other < id).any(|(_, node)| {
            let flow = matches!(
                node.kind,
                Kind::Mapping { notation: Notation::Flow, .. }
                    | Kind::Sequence { notation: Notation::Flow, .. }
            );
            flow && node.span.contains(&doc.node(id).span.start)
        })
}

/// Below the last member of a block mapping; at the end of the document where it is the outermost.
fn append_block(
    doc: &Document<'_>,
    mapping: Option<NodeId>,
    names: &[&str],
    entry: &NewEntry,
) -> Vec<Splice> {
    let text = doc.text();
    let id = mapping.unwrap_or(doc.root());
    let first = doc.members(id).and_then(<[_]>::first).map_or(0, |(name, _)| doc.start_of(*name));
    let column = text[line_start(text, first)..first].trim_start_matches('\u{feff}').len();
    let content = doc.end_of(id);
    let newline = newline_at(text, line_start(text, content));
    let mut at = line_end(text, content);
    if mapping.is_none() {
        at = doc.end();
    } else {
        while at < text.len() && is_comment(text, at) && indent_of(text, at) >= column {
            at = line_end(text, at);
        }
    }
    let body = block_tree(doc, column, names, entry, newline);
    // Top-level sections are mostly set apart by a blank line: a new one then is, too.
    let apart = mapping.is_none()
        // They would become a part of a text that keeps them.
        && !doc.keeps_blank_lines(id)
        && text.contains(&format!("{newline}{newline}"))
        && !text[..at].ends_with(&format!("{newline}{newline}"));
    let blank = if apart { newline } else { "" };
    if text[..at].ends_with('\n') {
        vec![Splice::insert(at, secret_string!("{blank}{}{newline}", *body))]
    } else {
        vec![Splice::insert(at, secret_string!("{newline}{blank}{}", *body))]
    }
}

/// In place of an empty value (`[]`, `{}`, null) behind a name.
fn fill_block(
    doc: &Document<'_>,
    (name, value): (NodeId, NodeId),
    names: &[&str],
    entry: &NewEntry,
) -> Result<Vec<Splice>, ConfigError> {
    let text = doc.text();
    let key = doc.start_of(name);
    let line = line_start(text, key);
    let indent = text[line..key].trim_start_matches('\u{feff}');
    if !indent.bytes().all(|b| b == b' ') {
        let problem = Problem::Form("this member does not stand first on its line");
        return Err(ConfigError::at(text, key, problem));
    }
    let past = past_colon(doc, name, value);
    let span = doc.node(value).span.clone();
    let mut splices = Vec::new();
    let mut end = past;
    if !span.is_empty() {
        if text[span.clone()].contains('#') {
            return Ok(vec![fill_brackets(doc, span.end - 1, names, entry)]);
        }
        if text[past..span.start].contains('#') {
            let problem = Problem::Form("a comment stands between this name and its value");
            return Err(ConfigError::at(text, key, problem));
        }
        end = span.end;
        splices.push(Splice::delete(past..end));
    }
    let newline = newline_at(text, line);
    let column = indent.len();
    let body = if names.is_empty() {
        let dash = " ".repeat(column + list_offset(doc));
        block_entry(doc, New { entry, sample: None }, &dash, None, newline)
    } else {
        block_tree(doc, column + unit(doc), names, entry, newline)
    };
    let at = line_end(text, end);
    splices.push(if text[..at].ends_with('\n') {
        Splice::insert(at, secret_string!("{}{newline}", *body))
    } else {
        Splice::insert(at, secret_string!("{newline}{}", *body))
    });
    Ok(splices)
}

/// In brackets that hold nothing but comments: on a line of its own before the closing one.
fn fill_brackets(doc: &Document<'_>, close: usize, names: &[&str], entry: &NewEntry) -> Splice {
    let text = doc.text();
    let line = line_start(text, close);
    let indent = &text[line..close];
    let body =
        names.iter().rev().fold(flow_entry(doc, New { entry, sample: None }), |inner, name| match *name {
            "keys" => secret_string!("keys: [{}]", *inner),
            name => secret_string!("{name}: {{{}}}", *inner),
        });
    Splice::insert(
        line,
        secret_string!("{indent}{}{}{}", " ".repeat(unit(doc)), *body, newline_at(text, line)),
    )
}

fn block_tree(
    doc: &Document<'_>,
    column: usize,
    names: &[&str],
    entry: &NewEntry,
    newline: &str,
) -> SecretString {
    let unit = unit(doc);
    let mut lines = Vec::new();
    for (depth, name) in names.iter().enumerate() {
        lines.push(secret_string!("{}{name}:", " ".repeat(column + depth * unit)));
    }
    let dash = column + names.len().saturating_sub(1) * unit + list_offset(doc);
    lines.push(block_entry(doc, New { entry, sample: None }, &" ".repeat(dash), None, newline));
    join(&lines, newline)
}

/// How far this file indents a mapping in a mapping.
fn unit(doc: &Document<'_>) -> usize {
    let column = |id| {
        let start = doc.start_of(id);
        start - line_start(doc.text(), start)
    };
    let steps = doc.nodes().filter_map(|(_, node)| match &node.kind {
        Kind::Mapping { notation: Notation::Block, members } => Some(members),
        _ => None,
    });
    let mut steps = steps.flatten().filter_map(|(name, value)| match &doc.node(*value).kind {
        Kind::Mapping { notation: Notation::Block, members } => {
            Some(column(members.first()?.0).saturating_sub(column(*name)))
        }
        _ => None,
    });
    steps.find(|step| (1..=8).contains(step)).unwrap_or(2)
}

/// How far this file indents a list's dashes below the list's name.
fn list_offset(doc: &Document<'_>) -> usize {
    for (_, node) in doc.nodes() {
        let Kind::Mapping { notation: Notation::Block, members } = &node.kind else { continue };
        for (name, value) in members {
            if let Kind::Sequence { notation: Notation::Block, .. } = doc.node(*value).kind {
                let dash = skip_gap(doc.text(), past_colon(doc, *name, *value));
                let key = doc.start_of(*name);
                let of = |at| at - line_start(doc.text(), at);
                return of(dash).saturating_sub(of(key)).min(8);
            }
        }
    }
    unit(doc)
}

/// How a flow document sets out what it nests: JSON as people format it, or all on one line.
struct Pretty<'d> {
    doc: &'d Document<'d>,
    newline: &'static str,
    /// One level of indentation; empty where all stands on one line.
    unit: String,
    /// The indentation of the line the value stands on.
    base: String,
}

impl<'d> Pretty<'d> {
    fn of(doc: &'d Document<'_>, value: NodeId) -> Self {
        let text = doc.text();
        let indent = |at: usize| {
            let line = line_start(text, at);
            text[line..line + indent_of(text, line)].to_owned()
        };
        let root = &doc.node(doc.root()).span;
        let first = doc.members(doc.root()).and_then(<[_]>::first).map(|(name, _)| doc.start_of(*name));
        let multiline = first.is_some_and(|at| text[root.start..at].contains('\n'));
        let unit = if multiline { first.map(indent).unwrap_or_default() } else { String::new() };
        let at = doc.start_of(value);
        Self { doc, newline: newline_at(text, at), unit, base: indent(at) }
    }

    fn name(&self, name: &str) -> SecretString {
        secret_string!("{}:{}", *name_text(self.doc, None, name), if spaced(self.doc) { " " } else { "" })
    }

    /// `open`, children, `close`, one child a line where the document is written so.
    fn wrap(&self, open: char, children: &[SecretString], close: char, depth: usize) -> SecretString {
        if self.unit.is_empty() {
            let separator = if spaced(self.doc) { ", " } else { "," };
            return secret_string!("{open}{}{close}", *join(children, separator));
        }
        let outer = format!("{}{}{}", self.newline, self.base, self.unit.repeat(depth));
        let inner = format!("{outer}{}", self.unit);
        secret_string!("{open}{inner}{}{outer}{close}", *join(children, &format!(",{inner}")))
    }

    fn tree(&self, names: &[&str], entry: &NewEntry, depth: usize) -> SecretString {
        if let [name, rest @ ..] = names {
            let child = secret_string!("{}{}", *self.name(name), *self.tree(rest, entry, depth + 1));
            return self.wrap('{', &[child], '}', depth);
        }
        let members = ordered(self.doc, entry, None).into_iter();
        let members: Vec<SecretString> =
            members.map(|(name, value)| flow_member(self.doc, None, name, value)).collect();
        let entry = self.wrap('{', &members, '}', depth + 1);
        self.wrap('[', &[entry], ']', depth)
    }
}
