//! How new text is written: as its neighbours are; where there are none, as PowerSync's guide does.

use std::fmt::{self, Write as _};

use super::Config;
use super::plan::{New, NewEntry, NewValue, Splice};
use crate::base::secret_string::{SecretString, join, secret_string};
use crate::syntax::lines::{content_end, indent_of, line_start, newline_at, skip_gap};
use crate::syntax::scalar::{self, Scalar};
use crate::syntax::{Document, Kind, NodeId, Notation, Quote, Syntax};

/// The members of a new key, in the order of PowerSync's guide.
const ORDER: [&str; 4] = ["kty", "alg", "k", "kid"];

/// The entry to imitate: the one asked for, else the mapping nearest to where the new one goes.
pub(super) fn sample(config: &Config<'_>, at: usize, like: Option<usize>) -> Option<NodeId> {
    let doc = config.document();
    let usable =
        |id: &NodeId| matches!(&doc.node(*id).kind, Kind::Mapping { members, .. } if !members.is_empty());
    let entries = config.entries();
    let asked = like.and_then(|n| entries.get(n)).copied().filter(usable);
    let (before, after) = entries.split_at(at.min(entries.len()));
    let nearest = after.iter().copied().find(usable).or_else(|| before.iter().copied().rfind(usable));
    asked.or(nearest)
}

/// Where the value's own text begins: past the colon and past tag and anchor.
pub(super) fn past_colon(doc: &Document<'_>, name: NodeId, value: NodeId) -> usize {
    let colon = skip_gap(doc.text(), doc.end_of(name));
    let properties = doc.node(value).properties.as_ref().map_or(0, |p| p.end);
    properties.max(colon + 1)
}

// --- members -------------------------------------------------------------------------------------------------

/// Whether names are in double quotes, as JSON has them: then values are, too.
fn json_like(doc: &Document<'_>, entry: Option<NodeId>) -> bool {
    let first_name = |id| doc.members(id).and_then(<[_]>::first).map(|(name, _)| *name);
    let name = entry.and_then(first_name).or_else(|| first_name(doc.root()));
    let double = name.is_some_and(|n| matches!(doc.node(n).kind, Kind::Scalar { quote: Quote::Double, .. }));
    let flow = matches!(doc.node(doc.root()).kind, Kind::Mapping { notation: Notation::Flow, .. });
    doc.syntax() == Syntax::Json || (flow && double)
}

/// Writes text with these quotes, or with safer ones where its characters need them.
fn quoted(text: &str, quote: Quote) -> SecretString {
    if quote == Quote::Double || text.chars().any(char::is_control) {
        return secret_string!("{}", InDoubleQuotes(text));
    }
    if quote == Quote::Plain && is_plain(text) {
        return secret_string!("{text}");
    }
    secret_string!("{}", InSingleQuotes(text))
}

/// As JSON writes it, which YAML reads, too.
struct InDoubleQuotes<'t>(&'t str);

impl fmt::Display for InDoubleQuotes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

/// A quote within them is written twice.
struct InSingleQuotes<'t>(&'t str);

impl fmt::Display for InSingleQuotes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('\'')?;
        for (number, part) in self.0.split('\'').enumerate() {
            f.write_str(if number == 0 { "" } else { "\'\'" })?;
            f.write_str(part)?;
        }
        f.write_char('\'')
    }
}

/// Whether text may stand without quotes and is then read as that text, by YAML 1.1 readers, too.
fn is_plain(text: &str) -> bool {
    let mut chars = text.chars();
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let old_words = ["y", "n", "yes", "no", "on", "off"];
    chars.next().is_some_and(word)
        && chars.all(|c| word(c) || matches!(c, '-' | '.'))
        && matches!(scalar::plain(text), Scalar::String(_))
        && !old_words.contains(&text.to_ascii_lowercase().as_str())
        && text.chars().any(|c| c.is_ascii_alphabetic())
}

/// How a member of the entry is quoted; `k: !env …` and block scalars tell nothing.
fn quote_of(doc: &Document<'_>, entry: NodeId, name: &str) -> Option<Quote> {
    let (_, value) = doc.member(entry, name)?;
    let node = doc.node(value);
    match node.kind {
        Kind::Scalar { quote: Quote::Block(_), .. } => None,
        Kind::Scalar { quote, .. } if node.tag.is_none() => Some(quote),
        _ => None,
    }
}

fn value_quote(doc: &Document<'_>, entry: Option<NodeId>, name: &str) -> Quote {
    if json_like(doc, entry) {
        return Quote::Double;
    }
    let default = if name == "kty" { Quote::Plain } else { Quote::Single };
    let Some(entry) = entry else { return default };
    let of = |name| quote_of(doc, entry, name);
    let quotes = of(name).or_else(|| ["k", "kid", "alg", "kty"].into_iter().find_map(of));
    quotes.unwrap_or(default)
}

/// The name as its neighbours are quoted.
pub(super) fn name_text(doc: &Document<'_>, entry: Option<NodeId>, name: &str) -> SecretString {
    let first = entry.and_then(|id| doc.members(id)?.first().map(|(name, _)| *name));
    let quote = match first.map(|id| &doc.node(id).kind) {
        Some(Kind::Scalar { quote: Quote::Double, .. }) => Quote::Double,
        Some(Kind::Scalar { quote: Quote::Single, .. }) => Quote::Single,
        _ if json_like(doc, entry) => Quote::Double,
        _ => Quote::Plain,
    };
    quoted(name, quote)
}

/// The white space between a name's colon and its value, as the neighbours have it.
fn colon_gap(doc: &Document<'_>, entry: Option<NodeId>, name: &str) -> String {
    let text = doc.text();
    let gap = |(key, value): (NodeId, NodeId)| {
        let colon = skip_gap(text, doc.end_of(key));
        let gap = text.get(colon + 1..doc.start_of(value))?;
        gap.bytes().all(|b| b == b' ' || b == b'\t').then(|| gap.to_owned())
    };
    let default =
        || if doc.syntax() == Syntax::Json && !spaced(doc) { String::new() } else { " ".to_owned() };
    let Some(entry) = entry else { return default() };
    if let Some(own) = doc.member(entry, name).and_then(gap).filter(|g| !g.is_empty()) {
        return own;
    }
    let members = doc.members(entry).unwrap_or_default();
    let gaps: Vec<(usize, String)> =
        members.iter().filter_map(|m| Some((doc.end_of(m.0) - doc.start_of(m.0), gap(*m)?))).collect();
    let Some((_, first)) = gaps.first() else { return default() };
    if gaps.iter().all(|(_, gap)| gap == first) && (!first.is_empty() || json_like(doc, Some(entry))) {
        return first.clone();
    }
    // Values in one column: keep to it.
    let column = gaps.first().map_or(0, |(length, gap)| length + gap.len());
    if gaps.iter().all(|(length, gap)| length + gap.len() == column) && column > name.len() {
        return " ".repeat(column - name.len());
    }
    default()
}

/// Whether white space follows a `:` in this document. Only behind names in double quotes may it be left out.
pub(super) fn spaced(doc: &Document<'_>) -> bool {
    let first = doc.members(doc.root()).and_then(<[_]>::first);
    first.is_none_or(|(name, _)| {
        let after = &doc.text()[skip_gap(doc.text(), doc.end_of(*name))..];
        let quoted = matches!(doc.node(*name).kind, Kind::Scalar { quote: Quote::Double, .. });
        !quoted || !after.starts_with(':') || after[1..].starts_with(char::is_whitespace)
    })
}

/// The value itself, without the comment.
fn written(value: &NewValue, quote: Quote) -> SecretString {
    match value {
        NewValue::Text(text) => quoted(text, quote),
        NewValue::Env(name) => secret_string!("!env {name}"),
        NewValue::CloudEnv(name) => secret_string!("{{secret: !env {name}}}"),
        NewValue::Date { seconds, .. } => secret_string!("{seconds}"),
    }
}

/// `name: value`, without the comment.
pub(super) fn flow_member(
    doc: &Document<'_>,
    entry: Option<NodeId>,
    name: &str,
    value: &NewValue,
) -> SecretString {
    let gap = match (value, colon_gap(doc, entry, name)) {
        (NewValue::Env(_), gap) if gap.is_empty() => " ".to_owned(),
        (_, gap) => gap,
    };
    let (name_text, written) = (name_text(doc, entry, name), written(value, value_quote(doc, entry, name)));
    secret_string!("{}:{gap}{}", *name_text, *written)
}

/// `name: value # comment`
pub(super) fn block_member(
    doc: &Document<'_>,
    entry: Option<NodeId>,
    name: &str,
    value: &NewValue,
) -> SecretString {
    let member = flow_member(doc, entry, name, value);
    match value {
        NewValue::Date { comment, .. } => secret_string!("{} # {comment}", *member),
        NewValue::Text(_) | NewValue::Env(_) | NewValue::CloudEnv(_) => member,
    }
}

/// Replaces a member's value, and the date beside it where that is ours.
pub(super) fn replace_value(
    doc: &Document<'_>,
    (name, value): (NodeId, NodeId),
    new: &NewValue,
    notation: Notation,
) -> Vec<Splice> {
    let text = doc.text();
    let (start, end) = (doc.start_of(value), doc.end_of(value));
    let comment = match new {
        NewValue::Date { comment, .. } => Some(comment),
        NewValue::Text(_) | NewValue::Env(_) | NewValue::CloudEnv(_) => None,
    };
    let quote = if json_like(doc, None) { Quote::Double } else { Quote::Single };
    let written = written(new, quote);
    if matches!(doc.node(value).kind, Kind::Scalar { quote: Quote::Block(_), .. }) {
        return vec![replace_block_scalar(doc, name, end, &written)];
    }
    let mut splices = if start == end {
        vec![Splice::insert(past_colon(doc, name, value), secret_string!(" {}", *written))]
    } else {
        vec![Splice::replace(start..end, written)]
    };
    let Some(comment) = comment.filter(|_| notation == Notation::Block) else { return splices };
    let line = content_end(text, end);
    let rest = &text[end..line];
    let words = comment.rsplit_once(' ').map_or("", |(words, _)| words);
    if rest.trim().is_empty() {
        splices.push(Splice::insert(end, secret_string!(" # {comment}")));
    } else if let Some(found) = rest.find(&format!("# {words} ")) {
        let date = end + found + words.len() + 3;
        let length = text[date..line].find(char::is_whitespace).unwrap_or(line - date);
        splices.push(Splice::replace(end + found..date + length, secret_string!("# {comment}")));
    }
    splices
}

/// In place of a block scalar, with the comment that stands behind its `|` or `>`.
fn replace_block_scalar(doc: &Document<'_>, name: NodeId, end: usize, written: &str) -> Splice {
    let text = doc.text();
    let past = skip_gap(text, doc.end_of(name)) + 1;
    let header = &text[past..content_end(text, past)];
    let comment = header.find(" #").map_or("", |at| &header[at..]);
    Splice::replace(past..end, secret_string!(" {written}{comment}"))
}

// --- entries -------------------------------------------------------------------------------------------------

/// The new key's members in the order in which the neighbour has them.
pub(super) fn ordered<'e>(
    doc: &Document<'_>,
    entry: &'e NewEntry,
    sample: Option<NodeId>,
) -> Vec<&'e (&'static str, NewValue)> {
    let members = sample.and_then(|id| doc.members(id)).unwrap_or_default();
    let place = |name: &str| {
        let there = members.iter().position(|(key, _)| doc.string(*key) == Some(name));
        let usual = ORDER.iter().position(|other| *other == name);
        match (there.filter(|_| usual.is_some()), usual) {
            (Some(there), _) => (0, there),
            (None, Some(usual)) => (1, usual),
            (None, None) => (2, 0),
        }
    };
    let mut all: Vec<_> = entry.members.iter().collect();
    all.sort_by_key(|(name, _)| place(name));
    all
}

/// A whole entry of a block list, from its indentation to its last character.
pub(super) fn block_entry(
    doc: &Document<'_>,
    new: New<'_>,
    dash_indent: &str,
    sample_dash: Option<usize>,
    newline: &str,
) -> SecretString {
    let New { entry, sample } = new;
    let text = doc.text();
    let sampled = sample.zip(sample_dash);
    if let Some((id, dash)) = sampled
        && matches!(doc.node(id).kind, Kind::Mapping { notation: Notation::Flow, .. })
    {
        let gap = &text[dash + 1..doc.start_of(id)];
        let gap = if !gap.is_empty() && gap.bytes().all(|b| b == b' ') { gap } else { " " };
        return secret_string!("{dash_indent}-{gap}{}", *flow_entry(doc, new));
    }
    let (after_dash, column) = sampled.map_or_else(
        || (" ".to_owned(), dash_indent.len() + 2),
        |(id, dash)| {
            let start =
                doc.members(id).and_then(<[_]>::first).map_or(dash + 2, |(name, _)| doc.start_of(*name));
            let column = start - line_start(text, start);
            let gap = &text[dash + 1..start];
            if gap.contains('\n') {
                return (format!("{newline}{}", " ".repeat(column)), column);
            }
            // A tag or anchor before the members puts them on the next line; without it, the usual form serves.
            let spaces = gap.bytes().all(|b| b == b' ');
            if spaces { (gap.to_owned(), column) } else { (" ".to_owned(), dash_indent.len() + 2) }
        },
    );
    let separator = format!("{newline}{}", " ".repeat(column));
    let members = ordered(doc, entry, sample).into_iter();
    let members: Vec<SecretString> =
        members.map(|(name, value)| block_member(doc, sample, name, value)).collect();
    secret_string!("{dash_indent}-{after_dash}{}", *join(&members, &separator))
}

/// A whole entry in braces.
pub(super) fn flow_entry(doc: &Document<'_>, New { entry, sample }: New<'_>) -> SecretString {
    let text = doc.text();
    let members = ordered(doc, entry, sample).into_iter();
    let members: Vec<SecretString> =
        members.map(|(name, value)| flow_member(doc, sample, name, value)).collect();
    let mut shape = (String::new(), " ".to_owned(), String::new());
    if let Some(id) = sample
        && let Kind::Mapping { notation: Notation::Flow, members } = &doc.node(id).kind
        && let [(first, first_value), rest @ ..] = members.as_slice()
    {
        let span = doc.node(id).span.clone();
        let white = |from: usize, to: usize| {
            let gap = text[from..to].replacen(',', "", 1);
            if gap.trim().is_empty() {
                return gap;
            }
            // There are comments in between: the line break counts.
            let line = line_start(text, to);
            if gap.contains('\n') {
                format!("{}{}", newline_at(text, from), &text[line..line + indent_of(text, line)])
            } else {
                " ".to_owned()
            }
        };
        let open = white(span.start + 1, doc.start_of(*first));
        let last =
            members.last().map_or(span.end - 1, |(name, value)| doc.end_of(*name).max(doc.end_of(*value)));
        let close = white(last, span.end - 1);
        let comma =
            if text[last..span.end - 1].contains(',') && doc.syntax() == Syntax::Yaml { "," } else { "" };
        let separator = match rest.first() {
            Some((second, _)) => white(doc.end_of(*first_value), doc.start_of(*second)),
            None if open.contains('\n') => open.clone(),
            None => " ".to_owned(),
        };
        shape = (open, separator, format!("{comma}{close}"));
    } else if !spaced(doc) {
        shape.1 = String::new();
    }
    let (open, separator, close) = shape;
    secret_string!("{{{open}{}{close}}}", *join(&members, &format!(",{separator}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_text_reads_back_and_shows_no_control_character() {
        let text: String = ('\0'..'\u{300}').collect();
        let double = quoted(&text, Quote::Double);
        assert_eq!(serde_json::from_str::<String>(&double).ok(), Some(text));
        assert!(!double.contains(char::is_control));
        assert_eq!(*quoted("it's 'it'", Quote::Single), "'it''s ''it'''");
    }
}
