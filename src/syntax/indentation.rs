//! Whether what goes over several lines is indented as the service's parser (npm `yaml`) wants it. Ours is looser: it
//! takes the end of a quoted text or of brackets at any column.

use super::document::Span;
use super::lines;

/// The column of a member of a mapping by indentation: of its name, or of the `?` before it.
pub(crate) fn of_member(text: &str, name: usize) -> usize {
    let before = before(text, name);
    let blank = before.trim_end();
    let column = blank
        .strip_suffix('?')
        .filter(|rest| rest.is_empty() || rest.ends_with([' ', '-']))
        .unwrap_or(before);
    column.chars().count()
}

/// The column of the dash of an entry of a list, where tags, anchors and blank space are all that stands in between.
pub(crate) fn of_item(text: &str, start: usize) -> Option<usize> {
    let mut rest = &text[..start];
    loop {
        rest = rest.trim_end();
        let word = rest.rfind([' ', '\t', '\n']).map_or(rest, |at| &rest[at + 1..]);
        match word.trim_start_matches('\u{feff}') {
            "-" => return Some(before(text, rest.len() - 1).chars().count()),
            property if property.starts_with(['&', '!']) => rest = &rest[..rest.len() - word.len()],
            _ => return None,
        }
    }
}

/// The text of the line before this byte.
fn before(text: &str, at: usize) -> &str {
    text[lines::line_start(text, at)..at].trim_start_matches('\u{feff}')
}

/// The first line of a quoted text that isn't indented deeper than this column. Blank lines don't count.
pub(crate) fn of_quoted(text: &str, span: &Span, column: usize) -> Option<usize> {
    lines_of(text, span).find(|at| {
        let line = text[*at..].trim_start_matches(' ');
        let indent = text.len() - at - line.len();
        indent <= column && !(line.starts_with('\n') || line.starts_with("\r\n"))
    })
}

/// The first line within brackets that isn't indented deeper than this column. Blank lines and comments don't count, and
/// the last bracket may stand at that column.
pub(crate) fn of_brackets(text: &str, span: &Span, column: usize) -> Option<usize> {
    lines_of(text, span).find(|at| {
        let indent = text[*at..].bytes().take_while(|byte| *byte == b' ').count();
        let line = text[*at..].trim_start_matches([' ', '\t']);
        let closes = indent == column && text.len() - line.len() + 1 == span.end;
        indent <= column && !closes && !line.starts_with(['\n', '\r', '#'])
    })
}

/// Whether `---` or `...` stands by itself here, with nothing but tabs before it on its line.
pub(crate) fn is_mark_behind_tabs(text: &str, at: usize) -> bool {
    let rest = text[at..].strip_prefix("---").or_else(|| text[at..].strip_prefix("..."));
    let is_alone = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']));
    let before = &text[lines::line_start(text, at)..at];
    is_alone && !before.is_empty() && before.bytes().all(|byte| byte == b'\t')
}

/// A tab between the beginning of a line and this byte, where nothing else stands there.
pub(crate) fn tab_before(text: &str, at: usize) -> Option<usize> {
    let before = text[..at].trim_end_matches([' ', '\t']);
    let white = &text[before.len()..at];
    (before.is_empty() || before.ends_with('\n')).then_some(())?;
    white.find('\t').map(|tab| before.len() + tab)
}

/// The first blank line with a tab at this column: there it counts as indentation, and no file has tabs for that.
pub(crate) fn blank_with_tab(text: &str, span: &Span, column: usize) -> Option<usize> {
    let tab = |line: usize| {
        let white = &text[line..lines::content_end(text, line)];
        let tab = white.len() - white.trim_start_matches(' ').len();
        (tab == column && white[tab..].starts_with('\t') && white.trim().is_empty()).then_some(line + tab)
    };
    lines_of(text, span).find_map(tab)
}

/// A tab that counts as indentation below a member or an entry without a value: at a member's column, before the next
/// one; at that column or left of it, at the end of the file.
pub(crate) fn tab_below(text: &str, at: usize, column: usize, is_member: bool) -> Option<usize> {
    let from = lines::line_end(text, at);
    let tab_of = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let is_blank = |line: &&str| line.trim().is_empty();
    let mut below = text[from..].lines();
    let next = below.clone().find(|line| !(is_blank(line) || line.trim_start().starts_with('#')));
    if let Some(next) = next {
        let first = below.next().filter(is_blank).filter(|first| first[tab_of(first)..].starts_with('\t'))?;
        return (is_member && tab_of(first) == column && tab_of(next) == column && !next.starts_with("..."))
            .then_some(from + column);
    }
    let last = text.rfind('\n').map_or(0, |at| at + 1).max(from);
    let line = &text[last..];
    (is_blank(&line) && tab_of(line) <= column && line[tab_of(line)..].starts_with('\t'))
        .then(|| last + tab_of(line))
}

/// Whether blank space stands below a block scalar with a number in its header, or ends a file below one with nothing in
/// it: what counts of it is read in different ways.
pub(crate) fn blank_space_below(text: &str, span: &Span) -> bool {
    let last = text.rfind('\n').map_or(0, |at| at + 1);
    let blank = last < text.len() && text[last..].trim().is_empty();
    let content = &text[span.clone()];
    // With nothing in it, the parser counts the header in.
    let empty = content.trim().is_empty() || content.starts_with(['|', '>']);
    let at_end = blank && text[span.end..].trim().is_empty();
    if !lines::header_of_block_scalar(text, span).contains(|c: char| c.is_ascii_digit()) {
        return at_end && empty;
    }
    let below = &text[span.start + content.trim_end().len()..];
    let below = &below[..below.len() - below.trim_start().len()];
    let blank_lines = below.rfind('\n').map_or("", |at| &below[..at]);
    at_end || blank_lines.contains("\n ") || blank_lines.contains("\n\t")
}

/// A tab in the blank lines below a block scalar, where it is not indented as its text is.
pub(crate) fn tab_below_block(text: &str, span: &Span) -> Option<usize> {
    let content = &text[span.clone()];
    let indent = before(text, span.start).len() + content.len() - content.trim_start_matches(' ').len();
    let end = span.start + content.trim_end().len();
    let from = if content.trim().is_empty() { span.start } else { lines::line_end(text, end) };
    let rest = &text[from..];
    let blank = &rest[..rest.len() - rest.trim_start().len()];
    let mut at = from;
    blank.split_inclusive('\n').find_map(|line| {
        let tab = at + line.len() - line.trim_start_matches(' ').len();
        let is_left = text[tab..].starts_with('\t') && (content.trim().is_empty() || tab - at < indent);
        at += line.len();
        is_left.then_some(tab)
    })
}

/// Where the lines of a span begin, but for its first.
fn lines_of<'t>(text: &'t str, span: &Span) -> impl Iterator<Item = usize> + use<'t> {
    let start = span.start;
    text[span.clone()].match_indices('\n').map(move |(at, _)| start + at + 1)
}
