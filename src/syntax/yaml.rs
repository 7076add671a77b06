//! From YAML text to a [`Document`]: the events of `granit-parser`, each with its bytes.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, Span as EventSpan, StructureStyle, Tag};

use super::document::{Document, Kind, Layout, Node, NodeId, Nodes, Quote, Span, Syntax};
use super::error::{ConfigError, Problem};
use super::indentation;
use super::scalar::Scalar;

/// How deep values may be nested.
pub(crate) const MAX_DEPTH: usize = 256;

/// `maxAliasCount` of the service's parser (npm `yaml`), which multiplies uses of aliases in aliases.
const MAX_ALIASES: u64 = 100;

const CORE: &str = "tag:yaml.org,2002:";

/// Tags of YAML 1.1 that the service's parser knows although its schema doesn't: `!!binary` makes bytes of a text.
const TAGS_OF_ITS_OWN: [&str; 6] = ["binary", "merge", "omap", "pairs", "set", "timestamp"];

const NO_NAME: &str = "there is no name before this `:`";

/// A collection that is still open.
struct Open {
    id: NodeId,
    /// A mapping's name that waits for its value.
    name: Option<NodeId>,
}

struct Builder<'t> {
    text: &'t str,
    nodes: Nodes<'t>,
    open: Vec<Open>,
    /// Anchor id of the parser to node.
    anchors: HashMap<usize, NodeId>,
    aliases: Vec<NodeId>,
    /// How often each anchored node was used, and how many aliases lead to one use of it.
    uses: HashMap<NodeId, (u64, u64)>,
    root: Option<NodeId>,
    /// The node event seen last: an anchor's event follows it.
    last: NodeId,
    end: usize,
}

/// Parses YAML as the service does: one document, unique names, anchors and aliases, no merge keys.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, ConfigError> {
    if let Some(at) = lone_return(text) {
        let said = "a carriage return stands here without a line feed, which the service doesn't take for the end of a line. \
                    Save the file with Unix or Windows line endings";
        return Err(ConfigError::at(text, at, syntax(said)));
    }
    if text.starts_with("\u{feff} ") {
        let said = "a space stands before the first line, which the service reads differently behind a byte order mark";
        return Err(ConfigError::at(text, 3, syntax(said)));
    }
    if text.starts_with("\u{feff}\u{feff}") {
        return Err(ConfigError::at(
            text,
            3,
            syntax("a BOM must not appear inside of the text; it stands there twice"),
        ));
    }
    let options = granit_parser::options! {
        emit_anchor_events: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
        simple_key_max_lookahead: 1024usize,
    };
    let mut builder = Builder {
        text,
        nodes: Nodes::of_length(text.len()),
        open: Vec::new(),
        anchors: HashMap::new(),
        aliases: Vec::new(),
        uses: HashMap::new(),
        root: None,
        last: NodeId(0),
        end: text.len(),
    };
    let mut documents = 0;
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| {
            let at = error.marker().byte_offset().unwrap_or(0);
            let rest = text.get(at..).unwrap_or_default();
            let problem = match error.kind() {
                _ if begins(rest, ':') => syntax(NO_NAME),
                ErrorKind::InvalidBlockScalarIndent if is_behind_question_mark(text, at) => syntax(BEHIND_MARK),
                // The service reads a comment there, and no text.
                ErrorKind::InvalidBlockScalarIndent if begins(rest, '#') => {
                    syntax("a comment right below a text with a number in its header is indented deeper than the text's name")
                }
                ErrorKind::RecursionLimitExceeded => Problem::TooDeep,
                ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation => {
                    syntax("a tab can't indent; use spaces")
                }
                ErrorKind::SimpleKeyExpected => {
                    syntax("expected `name: value` here; the space after the colon counts")
                }
                ErrorKind::UnknownAnchor => syntax("this alias (`*name`) has no anchor (`&name`) before it"),
                ErrorKind::ExpectedBlockSequenceEntry
                | ErrorKind::ExpectedBlockMappingKey
                | ErrorKind::InvalidIndentation => {
                    syntax("this line is indented differently from the entries or members around it")
                }
                // The parser's words never hold text of the file, but for a single odd character.
                _ => syntax(&error.info()),
            };
            ConfigError::at(text, at, problem)
        })?;
        match event {
            Event::DocumentStart(..) => {
                documents += 1;
                let before = text[..start(&span)].trim_start_matches('\u{feff}');
                if documents > 1 || before.starts_with("...") || before.contains("\n...") {
                    return Err(ConfigError::at(text, start(&span), Problem::SecondDocument));
                }
            }
            Event::DocumentEnd => builder.document_end(&span)?,
            other => builder.event(other, &span)?,
        }
    }
    let root = builder.root.ok_or_else(|| ConfigError::nowhere(Problem::Empty))?;
    let Builder { nodes, aliases, end, .. } = builder;
    Ok(Document { text, syntax: Syntax::Yaml, nodes, root, aliases, end })
}

/// A carriage return that ends a line for our parser, and doesn't for the service's.
fn lone_return(text: &str) -> Option<usize> {
    text.match_indices('\r').map(|(at, _)| at).find(|at| text.as_bytes().get(at + 1) != Some(&b'\n'))
}

/// Whether this is what stands first, behind spaces.
fn begins(rest: &str, what: char) -> bool {
    rest.trim_start_matches(' ').starts_with(what)
}

fn syntax(what: &str) -> Problem {
    Problem::Syntax(format!("YAML: {what}"))
}

fn start(span: &EventSpan) -> usize {
    span.byte_range().map_or(0, |range| range.start)
}

const BEHIND_MARK: &str = "a name behind a `?` is read differently by the service. Write it as `name: value`";

/// Whether a name is written as YAML's explicit key, `? name`, on one line or two.
fn is_behind_question_mark(text: &str, start: usize) -> bool {
    let mut before = text[..start].trim_end_matches([' ', '\t']);
    while let Some(word) = before.rsplit([' ', '\t', '\n', ',', '{']).next()
        && word.starts_with(['&', '!'])
    {
        before = before[..before.len() - word.len()].trim_end_matches([' ', '\t']);
    }
    if !before.ends_with('\n') {
        return before.ends_with('?');
    }
    let above =
        before.lines().rev().map(str::trim_start).find(|line| !(line.is_empty() || line.starts_with('#')));
    let rest = above.and_then(|line| line.trim_start_matches("- ").trim_start().strip_prefix('?'));
    rest.is_some_and(|rest| {
        let rest = (rest.is_empty() || rest.starts_with([' ', '\t'])).then(|| rest.trim_start());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['#', '&', '!', '|', '>']))
    })
}

impl<'t> Builder<'t> {
    fn document_end(&mut self, span: &EventSpan) -> Result<(), ConfigError> {
        let Some(range) = span.byte_range() else { return Ok(()) };
        if self.text.get(range.clone()) != Some("...") {
            return Ok(());
        }
        self.end = range.start;
        // For the service a second `...` ends a second document.
        match self.text[range.end..].find("\n...") {
            Some(at) => Err(ConfigError::at(self.text, range.end + at + 1, Problem::SecondDocument)),
            None => Ok(()),
        }
    }

    fn event(&mut self, event: Event<'t>, span: &EventSpan) -> Result<(), ConfigError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let quote = match style {
                    ScalarStyle::SingleQuoted => Quote::Single,
                    ScalarStyle::DoubleQuoted => Quote::Double,
                    ScalarStyle::Literal | ScalarStyle::Folded => Quote::Block,
                    ScalarStyle::Plain => Quote::Plain,
                };
                self.place(Kind::Scalar { text, quote }, span, anchor, tag.as_deref())?;
            }
            Event::Alias(anchor) => {
                let target = self.anchors.get(&anchor).copied();
                let target = target
                    .ok_or_else(|| ConfigError::at(self.text, start(span), syntax("unknown anchor")))?;
                self.check_alias(target, start(span))?;
                let id = self.place(Kind::Alias(target), span, 0, None)?;
                self.aliases.push(id);
            }
            Event::SequenceStart(style, anchor, tag) => {
                let kind = Kind::Sequence { layout: layout(style), items: Vec::new() };
                self.open(kind, span, anchor, tag.as_deref())?;
            }
            Event::MappingStart(style, anchor, tag) => {
                let kind = Kind::Mapping { layout: layout(style), members: Vec::new() };
                self.open(kind, span, anchor, tag.as_deref())?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span)?,
            Event::Anchor(..) => self.anchor(span),
            _ => {}
        }
        Ok(())
    }

    /// The service's parser refuses aliases inside of what they stand for, and those that multiply.
    fn check_alias(&mut self, target: NodeId, at: usize) -> Result<(), ConfigError> {
        let error = |problem| Err(ConfigError::at(self.text, at, problem));
        if self.open.iter().any(|open| open.id == target) {
            return error(syntax("this alias stands inside of what it stands for"));
        }
        let known = self.uses.get(&target).copied();
        let (count, each) = known.unwrap_or_else(|| (1, self.aliases_below(target)));
        self.uses.insert(target, (count + 1, each));
        if (count + 1).saturating_mul(each) > MAX_ALIASES {
            return error(syntax("too many aliases of one value"));
        }
        Ok(())
    }

    /// How many aliases one use of a node takes, as the service's parser counts.
    fn aliases_below(&self, id: NodeId) -> u64 {
        match &self.nodes[id.0 as usize].kind {
            Kind::Alias(target) => {
                self.uses.get(target).map_or(0, |(count, each)| count.saturating_mul(*each))
            }
            Kind::Scalar { .. } => 1,
            Kind::Sequence { items, .. } => {
                items.iter().map(|item| self.aliases_below(*item)).max().unwrap_or(0)
            }
            Kind::Mapping { members, .. } => members
                .iter()
                .map(|(name, value)| self.aliases_below(*name).max(self.aliases_below(*value)))
                .max()
                .unwrap_or(0),
        }
    }

    /// Refuses what the service's parser reads differently from ours.
    fn check_node(&self, kind: &Kind<'t>, span: &Span, tag: Option<&Tag>) -> Result<(), ConfigError> {
        let error = |said| Err(ConfigError::at(self.text, span.start, syntax(said)));
        let of_its_own =
            |tag: String| tag.strip_prefix(CORE).is_some_and(|tag| TAGS_OF_ITS_OWN.contains(&tag));
        if tag.is_some_and(|tag| of_its_own(full(tag))) {
            return error(
                "the service reads a value with this tag in a way of its own. Write the value without it",
            );
        }
        // An anchor may stand in between.
        let is_no_tag =
            || self.text[..span.start].split_whitespace().rev().take(2).any(|word| word == "!<!>");
        if tag.is_some_and(|tag| tag.handle().is_empty() && tag.suffix() == "!") && is_no_tag() {
            return error("`!<!>` is no tag. Write the value without it");
        }
        let is_name = self.open.last().is_some_and(|open| {
            open.name.is_none() && matches!(self.nodes[open.id.0 as usize].kind, Kind::Mapping { .. })
        });
        let omitted = span.is_empty() && matches!(kind, Kind::Scalar { quote: Quote::Plain, .. });
        if is_name && omitted && tag.is_none() {
            return error(NO_NAME);
        }
        if is_name && matches!(kind, Kind::Sequence { .. } | Kind::Mapping { .. }) {
            return error("a list or a mapping can't be a name");
        }
        if is_name && is_behind_question_mark(self.text, span.start) {
            return error(BEHIND_MARK);
        }
        let in_lines = matches!(
            kind,
            Kind::Sequence { layout: Layout::Block, .. } | Kind::Mapping { layout: Layout::Block, .. }
        );
        if let Some(at) = indentation::tab_before(self.text, span.start).filter(|_| in_lines) {
            return Err(ConfigError::at(
                self.text,
                at,
                syntax("this line is indented with a tab; use spaces"),
            ));
        }
        if matches!(kind, Kind::Scalar { quote: Quote::Block, .. })
            && indentation::blank_space_below(self.text, span)
        {
            return error("the service reads the blank space below this text differently. Take it out");
        }
        if let Kind::Scalar { text, quote: Quote::Block } = kind
            && !text.is_empty()
            && text.trim().is_empty()
            && text.contains([' ', '\t'])
        {
            return error("the service reads no text where nothing but blank space stands");
        }
        let ends_in_mark = || self.text[span.clone()].lines().last().is_some_and(|line| line.trim() == "?");
        if matches!(kind, Kind::Scalar { quote: Quote::Plain, .. }) && ends_in_mark() {
            return error("a `?` alone is no text; put it in quotes");
        }
        if matches!(kind, Kind::Scalar { quote: Quote::Block, .. })
            && let Some(at) = indentation::tab_below_block(self.text, span)
        {
            return Err(ConfigError::at(
                self.text,
                at,
                syntax("a tab stands in the blank line below this text; take it out"),
            ));
        }
        if matches!(kind, Kind::Scalar { quote: Quote::Plain, .. })
            && indentation::is_mark_behind_tabs(self.text, span.start)
        {
            return error("this counts as the mark between two documents behind a tab; put it in quotes");
        }
        match kind {
            Kind::Scalar { quote: Quote::Single | Quote::Double, .. } if !is_name => self.check_quoted(span),
            Kind::Scalar { quote: Quote::Plain, .. } if !is_name => self.check_tabs(span),
            _ => Ok(()),
        }
    }

    /// A text without quotes, or none: blank lines in the one and below the other.
    fn check_tabs(&self, span: &Span) -> Result<(), ConfigError> {
        let name = self.open.last().and_then(|parent| parent.name);
        let found = |column| match name {
            Some(name) if span.is_empty() => {
                indentation::tab_below(self.text, self.nodes[name.0 as usize].span.end, column, true)
            }
            _ if span.is_empty() => indentation::tab_below(self.text, span.start, column, false),
            _ => indentation::blank_with_tab(self.text, span, column),
        };
        let may = self.text[span.start..].contains('\t');
        match self.column(span.start).filter(|_| may).and_then(found) {
            Some(at) => {
                let what = syntax("this blank line is indented with a tab; take it out");
                Err(ConfigError::at(self.text, at, what))
            }
            None => Ok(()),
        }
    }

    /// The column of the innermost member or entry whose value stands there, where it is one by indentation.
    fn column(&self, value: usize) -> Option<usize> {
        let parent = self.open.last()?;
        match (&self.nodes[parent.id.0 as usize].kind, parent.name) {
            (Kind::Mapping { layout: Layout::Block, .. }, Some(name)) => {
                Some(indentation::of_member(self.text, self.start_of(name)))
            }
            (Kind::Sequence { layout: Layout::Block, .. }, _) => indentation::of_item(self.text, value),
            _ => None,
        }
    }

    /// A quoted text by itself; those in brackets come with these.
    fn check_quoted(&self, span: &Span) -> Result<(), ConfigError> {
        if !self.text[span.clone()].contains('\n') {
            return Ok(());
        }
        self.indented(
            self.column(span.start).and_then(|column| indentation::of_quoted(self.text, span, column)),
        )
    }

    /// Brackets that closed, and the quoted texts in them.
    fn check_brackets(&self, id: NodeId) -> Result<(), ConfigError> {
        let node = &self.nodes[id.0 as usize];
        let Some(parent) = self.open.last() else { return Ok(()) };
        let column = match &self.nodes[parent.id.0 as usize].kind {
            Kind::Mapping { layout: Layout::Block, members } => {
                let name = members.last().filter(|(_, value)| *value == id).map(|(name, _)| *name);
                name.map(|name| indentation::of_member(self.text, self.start_of(name)))
            }
            Kind::Sequence { layout: Layout::Block, .. } => {
                indentation::of_item(self.text, self.start_of(id))
            }
            _ => None,
        };
        let Some(column) = column.filter(|_| self.text[node.span.clone()].contains('\n')) else {
            return Ok(());
        };
        self.indented(indentation::of_brackets(self.text, &node.span, column))?;
        let mut quoted = self.nodes[id.0 as usize..]
            .iter()
            .filter(|node| matches!(node.kind, Kind::Scalar { quote: Quote::Single | Quote::Double, .. }));
        quoted.try_for_each(|node| self.indented(indentation::of_quoted(self.text, &node.span, column)))
    }

    /// The service's parser takes a `#` for no comment where it is the first character below a value in braces.
    fn check_comments(&self, members: &[(NodeId, NodeId)]) -> Result<(), ConfigError> {
        for (_, value) in members {
            let end = self.nodes[value.0 as usize].span.end;
            let rest = &self.text[end..];
            if rest.starts_with("\n#") || rest.starts_with("\r\n#") {
                let at = end + rest.find('#').unwrap_or(0);
                let said = "the service does not start with a comment here; put a space before the `#`";
                return Err(ConfigError::at(self.text, at, syntax(said)));
            }
        }
        Ok(())
    }

    fn indented(&self, too_far_left: Option<usize>) -> Result<(), ConfigError> {
        let said = "this line goes on with the quotes or brackets that were opened above: indent it deeper than where they belong";
        too_far_left.map_or(Ok(()), |at| Err(ConfigError::at(self.text, at, syntax(said))))
    }

    /// Where a node begins, tag and anchor included.
    fn start_of(&self, id: NodeId) -> usize {
        let node = &self.nodes[id.0 as usize];
        node.properties.as_ref().map_or(node.span.start, |properties| properties.start.min(node.span.start))
    }

    /// Adds a node and hangs it into the collection that is open.
    fn place(
        &mut self,
        kind: Kind<'t>,
        span: &EventSpan,
        anchor: usize,
        tag: Option<&Tag>,
    ) -> Result<NodeId, ConfigError> {
        let mut range: Span = span.byte_range().unwrap_or(0..0);
        if range.is_empty() && self.open.last().is_some_and(|open| open.name.is_some()) {
            // The parser places an omitted value before its colon.
            let rest = &self.text[range.start..];
            let colon = rest.trim_start_matches([' ', '\t']);
            if colon.starts_with(':') {
                let at = range.start + (rest.len() - colon.len()) + 1;
                range = at..at;
            }
        }
        self.check_node(&kind, &range, tag)?;
        let too_large = || ConfigError::nowhere(Problem::TooLarge);
        let id = NodeId(u32::try_from(self.nodes.len()).map_err(|_| too_large())?);
        self.nodes.push(Node {
            span: range,
            properties: span.tag_span().and_then(|tag| tag.byte_range()),
            tag: tag.map(full),
            anchored: anchor != 0,
            kind,
        });
        self.last = id;
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(id);
            return Ok(id);
        };
        match (&mut self.nodes[parent.id.0 as usize].kind, parent.name.take()) {
            (Kind::Sequence { items, .. }, _) => items.push(id),
            (Kind::Mapping { .. }, None) => parent.name = Some(id),
            (Kind::Mapping { members, .. }, Some(name)) => members.push((name, id)),
            (Kind::Scalar { .. } | Kind::Alias(_), _) => {}
        }
        Ok(id)
    }

    fn open(
        &mut self,
        kind: Kind<'t>,
        span: &EventSpan,
        anchor: usize,
        tag: Option<&Tag>,
    ) -> Result<(), ConfigError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(ConfigError::at(self.text, start(span), Problem::TooDeep));
        }
        let id = self.place(kind, span, anchor, tag)?;
        self.open.push(Open { id, name: None });
        Ok(())
    }

    fn close(&mut self, span: &EventSpan) -> Result<(), ConfigError> {
        let Some(Open { id, .. }) = self.open.pop() else { return Ok(()) };
        let node = &mut self.nodes[id.0 as usize];
        if let Some(range) = span.byte_range() {
            node.span.end = range.end.max(node.span.start);
        }
        match &self.nodes[id.0 as usize].kind {
            Kind::Mapping { layout: Layout::Flow, members } => {
                self.check_comments(members)?;
                self.check_brackets(id)?;
            }
            Kind::Sequence { layout: Layout::Flow, .. } => self.check_brackets(id)?,
            _ => {}
        }
        self.unique_names(id)
    }

    /// An anchor's bytes belong to the node before it in the stream.
    fn anchor(&mut self, span: &EventSpan) {
        let Some(range) = span.byte_range() else { return };
        let properties = &mut self.nodes[self.last.0 as usize].properties;
        *properties = Some(match properties.take() {
            Some(tag) => tag.start.min(range.start)..tag.end.max(range.end),
            None => range,
        });
    }

    fn unique_names(&self, id: NodeId) -> Result<(), ConfigError> {
        let Kind::Mapping { members, .. } = &self.nodes[id.0 as usize].kind else { return Ok(()) };
        let mut seen = HashSet::with_capacity(members.len());
        for (name, _) in members {
            let node = &self.nodes[name.0 as usize];
            let Kind::Scalar { text, quote } = &node.kind else { continue };
            if !seen.insert(identity(super::scalar::read(text, *quote, node.tag.as_deref()))) {
                let problem = Problem::DuplicateName(name_to_show(text));
                return Err(ConfigError::at(self.text, node.span.start, problem));
            }
        }
        Ok(())
    }
}

/// A member's name as a message may show it: one that looks like a name, and not like a value in a wrong place.
fn name_to_show(text: &str) -> String {
    let name = text.len() <= 24 && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if name { format!("`{text}`") } else { "this name".to_owned() }
}

/// Names are the same where JavaScript's `===` says so: `1` and `"1"` differ, `1` and `1.0` don't.
fn identity(name: Scalar<'_>) -> (u8, Cow<'_, str>) {
    match name {
        Scalar::Null => (0, Cow::Borrowed("")),
        Scalar::Bool(value) => (1, Cow::Borrowed(if value { "true" } else { "false" })),
        Scalar::Integer(value) => (2, Cow::Owned(value.to_string())),
        Scalar::Float(value) => (3, Cow::Owned(value.to_string())),
        Scalar::String(text) => (4, Cow::Borrowed(text)),
        Scalar::Env(name) => (5, Cow::Borrowed(name)),
    }
}

fn full(tag: &Tag) -> String {
    format!("{}{}", tag.handle(), tag.suffix())
}

fn layout(style: StructureStyle) -> Layout {
    if style == StructureStyle::Flow { Layout::Flow } else { Layout::Block }
}
