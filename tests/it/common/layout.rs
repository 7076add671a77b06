//! Where the list of keys of any config is in its text: a second look, by the parser's events alone.

use std::ops::Range;
use std::path::Path;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};
use powersync_jwks::config::Input;

use super::generate::{Comment, Doc, Entry, List};

/// A value and its bytes.
struct Node {
    start: usize,
    end: usize,
    kind: Kind,
}

enum Kind {
    Scalar { text: String, plain: bool },
    Alias,
    List { items: Vec<Node>, lines: bool },
    Map { members: Vec<(Node, Node)>, lines: bool },
}

struct Reader<'t> {
    text: &'t str,
    parser: Parser<'t, granit_parser::StrInput<'t>>,
    /// The bytes of all scalars and aliases, in order.
    words: Vec<Range<usize>>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        let options = granit_parser::options! {
            emit_comments: false,
            flow_nesting_limit: 256,
            block_nesting_limit: 256,
            simple_key_max_lookahead: 1024usize,
        };
        Self { text, parser: Parser::new_from_str_with_options(text, options), words: Vec::new() }
    }

    fn next(&mut self) -> Result<(Event<'t>, Range<usize>), String> {
        let next = self.parser.next_event().ok_or("the text ends too soon")?;
        let (event, span) = next.map_err(|error| error.to_string())?;
        Ok((event, span.byte_range().ok_or("no place")?))
    }

    /// The root of the document.
    fn root(&mut self) -> Result<Node, String> {
        loop {
            let (event, span) = self.next()?;
            if !matches!(event, Event::StreamStart | Event::DocumentStart(..)) {
                return self.node(event, span)?.ok_or_else(|| "no value".to_owned());
            }
        }
    }

    /// `None` at the end of a collection.
    fn node(&mut self, event: Event<'t>, span: Range<usize>) -> Result<Option<Node>, String> {
        let (start, mut end) = (span.start, span.end);
        let kind = match event {
            // The parser places what is empty behind all that follows: it is nowhere.
            Event::Scalar(text, style, ..) if text.is_empty() && !is_quoted(style) => {
                let plain = style == ScalarStyle::Plain;
                let kind = Kind::Scalar { text: String::new(), plain };
                return Ok(Some(Node { start: 0, end: 0, kind }));
            }
            Event::Scalar(text, style, ..) => {
                let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                if block && text.ends_with("\n\n") {
                    end = self.text[..end].rfind('\n').unwrap_or(end);
                } else if block {
                    end = start.max(self.text[..end].trim_end().len());
                }
                self.words.push(start..end);
                Kind::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain }
            }
            Event::Alias(_) => {
                self.words.push(span);
                Kind::Alias
            }
            Event::SequenceStart(style, ..) => {
                let (mut items, lines) = (Vec::new(), style == StructureStyle::Block);
                end = self.children(lines, start, |node| items.push(node))?;
                Kind::List { items, lines }
            }
            Event::MappingStart(style, ..) => {
                let (mut nodes, lines) = (Vec::new(), style == StructureStyle::Block);
                end = self.children(lines, start, |node| nodes.push(node))?;
                let (mut members, mut nodes) = (Vec::new(), nodes.into_iter());
                while let (Some(name), Some(value)) = (nodes.next(), nodes.next()) {
                    members.push((name, value));
                }
                Kind::Map { members, lines }
            }
            Event::SequenceEnd | Event::MappingEnd => return Ok(None),
            other => return Err(format!("{other:?}")),
        };
        Ok(Some(Node { start, end, kind }))
    }

    /// All children of a collection. Gives where it ends: in lines, where the last of them does.
    fn children(&mut self, lines: bool, start: usize, mut take: impl FnMut(Node)) -> Result<usize, String> {
        let mut last = start;
        loop {
            let (event, span) = self.next()?;
            let end = span.end;
            let Some(node) = self.node(event, span)? else { return Ok(if lines { last } else { end }) };
            last = node.end.max(last);
            take(node);
        }
    }
}

fn is_quoted(style: ScalarStyle) -> bool {
    matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted)
}

impl Node {
    fn member(&self, name: &str) -> Option<(&Node, &Node)> {
        let Kind::Map { members, .. } = &self.kind else { return None };
        let is_it = |node: &Node| matches!(&node.kind, Kind::Scalar { text, .. } if text == name);
        members.iter().rev().find(|(node, _)| is_it(node)).map(|(name, value)| (name, value))
    }

    fn is_empty(&self) -> bool {
        match &self.kind {
            Kind::Scalar { text, plain } => {
                *plain && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL")
            }
            Kind::Alias => false,
            Kind::List { items, .. } => items.is_empty(),
            Kind::Map { members, .. } => members.is_empty(),
        }
    }
}

/// The comments of a text, from `#` to the end of the line, with their places.
pub fn comments(file: &str, text: &str) -> Result<Vec<(usize, String)>, String> {
    if Input::of_path(Path::new(file)) == Input::Json {
        return Ok(Vec::new());
    }
    let mut reader = Reader::new(text);
    reader.root()?;
    let (mut all, mut at) = (Vec::new(), 0);
    for word in reader.words.into_iter().chain(std::iter::once(text.len()..text.len())) {
        comments_of_gap(text, at..word.start.max(at), &mut all);
        at = at.max(word.end);
    }
    Ok(all)
}

fn comments_of_gap(text: &str, gap: Range<usize>, all: &mut Vec<(usize, String)>) {
    let mut at = gap.start;
    while let Some(found) = text[at..gap.end].find('#') {
        let hash = at + found;
        if text[..hash].ends_with([' ', '\t', '\n', '\u{feff}']) || hash == 0 {
            let end = content_end(text, hash);
            all.push((hash, text[hash..end].to_owned()));
            at = end.min(gap.end);
        } else {
            at = hash + 1;
        }
    }
}

/// Where the line of this place ends, without its break.
fn content_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| text[..at + end].trim_end_matches('\r').len()).max(at)
}

/// Where the next line begins.
fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end + 1)
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

fn is_comment_line(text: &str, start: usize) -> bool {
    text[start..].trim_start_matches([' ', '\t']).starts_with('#')
}

/// Past white space, line breaks and comments.
fn skip_gap(text: &str, mut at: usize) -> usize {
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        if !text[at..].starts_with('#') {
            return at;
        }
        at = line_end(text, at);
    }
}

impl Doc {
    /// Any config, with what each of its bytes belongs to.
    pub fn of(file: &'static str, text: &str) -> Result<Self, String> {
        let root = Reader::new(text).root()?;
        let list = list(text, &root)?;
        let comments = comments(file, text)?
            .into_iter()
            .map(|(at, words)| {
                let (owner, shared) = owner(text, &list, at);
                Comment { words, owner, shared }
            })
            .collect();
        Ok(Self { file, text: text.to_owned(), list, comments, secrets: Vec::new() })
    }
}

fn list(text: &str, root: &Node) -> Result<List, String> {
    let mut node = root;
    for name in ["client_auth", "jwks", "keys"] {
        let Some((name, value)) = node.member(name) else {
            return Ok(List::Missing { at: None, canonical: false });
        };
        let in_lines = matches!(node.kind, Kind::Map { lines: true, .. });
        let colon = name.end + text[name.end..].find(':').ok_or("no colon")? + 1;
        if value.is_empty() {
            let end = value.end.max(colon);
            let at = colon..if in_lines { line_end(text, end) } else { end };
            let canonical = in_lines && text[colon..content_end(text, colon)] == *" []";
            return Ok(List::Missing { at: Some(at), canonical });
        }
        node = value;
        let Kind::List { items, lines } = &value.kind else { continue };
        return Ok(if *lines {
            list_in_lines(text, colon, items)
        } else {
            list_in_flow(colon, value, items)
        });
    }
    Err("the keys are no list".to_owned())
}

fn list_in_lines(text: &str, colon: usize, items: &[Node]) -> List {
    let mut gap = colon;
    // A tag, an anchor.
    while text[skip_gap(text, gap)..].starts_with(['!', '&']) {
        let start = skip_gap(text, gap);
        gap = start + text[start..].find(char::is_whitespace).unwrap_or(0);
    }
    let mut floor = line_end(text, gap);
    let mut entries: Vec<Entry> = Vec::new();
    for item in items {
        let dash = skip_gap(text, gap);
        let line = line_start(text, dash);
        let mut first = line;
        while first > floor && is_comment_line(text, line_start(text, first - 1)) {
            first = line_start(text, first - 1);
        }
        gap = item.end.max(dash + 1);
        let content = line_end(text, gap);
        let mut end = content;
        let column = |start: usize| text[start..].len() - text[start..].trim_start_matches([' ', '\t']).len();
        while end < text.len() && is_comment_line(text, end) && column(end) > dash - line {
            end = line_end(text, end);
        }
        (floor, gap) = (end, end);
        entries.push(entry(text, item, first..end, content));
    }
    let (first, last) = (entries[0].own.start, entries[entries.len() - 1].own.end);
    List::Entries { lines: true, colon, before: first..first, after: last..last, entries }
}

fn list_in_flow(colon: usize, list: &Node, items: &[Node]) -> List {
    let (open, close) = (list.start + 1, list.end - 1);
    let mut entries = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let from = if index == 0 { open } else { items[index - 1].end };
        let to = items.get(index + 1).map_or(close, |next| next.start);
        entries.push(entry("", item, from..to, item.end));
    }
    let (before, after) = (open..items[0].start, items[items.len() - 1].end..close);
    List::Entries { lines: false, colon, before, after, entries }
}

fn entry(text: &str, item: &Node, own: Range<usize>, content: usize) -> Entry {
    let Kind::Map { members, lines } = &item.kind else {
        return Entry { own, start: item.start, grow: content..content, ..Entry::default() };
    };
    let end = members.last().map_or(item.start + 1, |(_, value)| value.end);
    let grow = if *lines { content..content } else { end..item.end - 1 };
    let value = |name: &str| {
        let (name, value) = item.member(name)?;
        let start = value.start.max(name.end);
        Some(if *lines { start..content_end(text, value.end.max(start)) } else { start..value.end })
    };
    let secret =
        value("k").map(|value| item.member("k").map_or(value.start, |(name, _)| name.end)..value.end);
    Entry { own, start: item.start, grow, exp: value("exp"), secret }
}

/// The entry that a comment goes with, and whether that is open: at the end of a line that isn't the entry's alone.
fn owner(text: &str, list: &List, at: usize) -> (Option<usize>, bool) {
    let List::Entries { lines, entries, .. } = list else { return (None, false) };
    if *lines {
        return (entries.iter().position(|entry| entry.own.contains(&at)), false);
    }
    let line = line_start(text, at);
    let begins = |n: &usize| entries[*n].start;
    if text[line..at].trim().is_empty() {
        return ((0..entries.len()).find(|n| entries[*n].own.contains(&at) && begins(n) > at), false);
    }
    let before = (0..entries.len()).rev().find(|n| entries[*n].own.contains(&at) && begins(n) < at);
    let begin = before.map_or(at, |n| begins(&n));
    (before, !text[line_start(text, begin)..begin].trim_matches([' ', '\t', ',']).is_empty())
}
