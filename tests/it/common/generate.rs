//! Configs of random shape, with what each of their bytes belongs to.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::{self, Write as _};
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use powersync_jwks::random::Random as _;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};

use crate::common::dice::Noise;
use crate::common::{NOW, date};

/// Random choices, used up one by one. Zero is the simplest choice, and what comes after the end.
struct Tape(std::vec::IntoIter<u8>);

impl Tape {
    fn below(&mut self, count: usize) -> usize {
        usize::from(self.0.next().unwrap_or(0)) % count
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 1
    }
}

/// A generated config.
#[derive(Clone)]
pub struct Doc {
    /// The name that makes the program read it as what it is.
    pub file: &'static str,
    pub text: String,
    pub list: List,
    pub comments: Vec<Comment>,
    /// Texts that no output may hold a piece of.
    pub secrets: Vec<String>,
}

/// The failing input, readable: its text with what can't be seen escaped.
impl fmt::Debug for Doc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, text, list, .. } = self;
        writeln!(f, "{file} {list:?}")?;
        text.split_inclusive('\n').try_for_each(|line| writeln!(f, "    {line:?}"))
    }
}

/// A comment.
#[derive(Clone, Debug)]
pub struct Comment {
    /// From `#` to the end of its line.
    pub words: String,
    /// The entry it goes with.
    pub owner: Option<usize>,
    /// Whether it may as well stay.
    pub shared: bool,
}

/// The list of keys in the text.
#[derive(Clone, Debug)]
pub enum List {
    Entries {
        /// Whether entries own whole lines, so that removing one takes exactly these.
        lines: bool,
        /// Behind `keys:`.
        colon: usize,
        /// Where a new first entry goes.
        before: Range<usize>,
        /// Where a new last entry goes.
        after: Range<usize>,
        entries: Vec<Entry>,
    },
    /// Empty or not there.
    Missing {
        /// The empty value, where there is one.
        at: Option<Range<usize>>,
        /// `keys: []` on a line of its own, without a comment.
        canonical: bool,
    },
}

/// The bytes of an entry.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// Where it begins, where that is known.
    pub start: usize,
    /// What goes when it goes.
    pub own: Range<usize>,
    /// Where a new member goes.
    pub grow: Range<usize>,
    /// The value of `exp` and what follows it on its line.
    pub exp: Option<Range<usize>>,
    /// The value of `k`, where that is known.
    pub secret: Option<Range<usize>>,
}

#[derive(Clone)]
enum Node {
    Text(String),
    Number(i64),
    Env(&'static str),
    Null,
    Map(Vec<(&'static str, Node)>),
    List(Vec<Node>),
    Anchored(Box<Node>),
    Alias,
    Keys(Vec<Node>),
}

#[derive(Clone, Copy, PartialEq)]
enum Syntax {
    Block,
    Flow,
    Json,
}

/// How a value in brackets is set out.
#[derive(Clone, Copy)]
struct Flow {
    lines: bool,
    spaced: bool,
    trailing_comma: bool,
}

struct Writer {
    text: String,
    tape: Tape,
    syntax: Syntax,
    unit: usize,
    dash_offset: usize,
    ending: usize,
    flow: Flow,
    list_in_flow: bool,
    entries: Vec<Entry>,
    list: List,
    comments: Vec<Comment>,
    secrets: Vec<String>,
    owner: Option<usize>,
    /// Whether deeper lines that follow would be read as part of a block scalar.
    no_deeper_comment: bool,
}

/// A config: choices about its form, about each key, and about what is around them.
pub fn document() -> impl Strategy<Value = Doc> {
    let tape = |length| vec(any::<u8>(), 0..length);
    (tape(24), vec(tape(24), 0..=6), tape(300)).prop_map(|(form, keys, rest)| build(form, keys, rest))
}

/// A config whose list of keys has entries.
pub fn document_with_keys() -> impl Strategy<Value = Doc> {
    let tape = |length| vec(any::<u8>(), 0..length);
    (tape(24), vec(tape(24), 1..=6), tape(300)).prop_map(|(form, keys, rest)| build(form, keys, rest))
}

fn build(form: Vec<u8>, keys: Vec<Vec<u8>>, rest: Vec<u8>) -> Doc {
    let mut form = Tape(form.into_iter());
    let syntax = form.pick(&[Syntax::Block, Syntax::Block, Syntax::Block, Syntax::Flow, Syntax::Json]);
    let mut secrets = Vec::new();
    let mut nodes: Vec<Node> = Vec::new();
    for (index, tape) in keys.into_iter().enumerate() {
        nodes.push(key(&mut Tape(tape.into_iter()), index, syntax, &mut secrets));
    }
    let unit = form.pick(&[2, 4, 1, 3, 8, 5, 6, 7]);
    let lines = form.below(3) > 0;
    let spaced = lines || syntax == Syntax::Flow || form.one_in(2);
    let mut writer = Writer {
        text: String::new(),
        syntax,
        unit,
        dash_offset: form.pick(&[unit, 0, 1]),
        ending: form.pick(&[0, 0, 1, 2]),
        flow: Flow { lines, spaced, trailing_comma: syntax != Syntax::Json && form.one_in(5) },
        list_in_flow: syntax != Syntax::Block || form.one_in(5),
        tape: Tape(rest.into_iter()),
        entries: Vec::new(),
        list: List::Missing { at: None, canonical: false },
        comments: Vec::new(),
        secrets,
        owner: None,
        no_deeper_comment: false,
    };
    writer.document(&mut form, nodes);
    writer.finish()
}

/// Base64url of bytes that look random.
fn secret(seed: usize, length: usize, secrets: &mut Vec<String>) -> String {
    let mut bytes = vec![0; length];
    Noise::new(seed as u64 + 1000).fill(&mut bytes).unwrap();
    let text = URL_SAFE_NO_PAD.encode(&bytes);
    secrets.push(text.clone());
    text
}

fn text(text: &str) -> Node {
    Node::Text(text.to_owned())
}

// --- what is in it -------------------------------------------------------------------------------------------

fn key(tape: &mut Tape, index: usize, syntax: Syntax, secrets: &mut Vec<String>) -> Node {
    // Now and then two keys share a secret.
    let mut seeded =
        |tape: &mut Tape, length| text(&secret(if tape.one_in(10) { 0 } else { index }, length, secrets));
    let kid = ("kid", kid(tape, index));
    let mut members = match tape.below(12) {
        5 => vec![("kty", text("oct")), ("alg", text("HS512")), ("k", seeded(tape, 64)), kid],
        6 => vec![("kty", text("oct")), ("alg", text("HS384")), ("k", seeded(tape, 48)), kid],
        7 => vec![("kty", text("oct")), ("alg", text("HS256")), ("k", seeded(tape, 32))],
        8 => vec![("kty", text("RSA")), ("n", text("u1SU1LfVLPHCozMxH2Mo")), ("e", text("AQAB")), kid],
        9 => vec![
            ("kty", text("EC")),
            ("alg", text("ES256")),
            ("crv", text("P-256")),
            ("x", text("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU")),
            ("y", text("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")),
            ("d", seeded(tape, 32)),
            kid,
        ],
        10 if syntax != Syntax::Json => {
            vec![("kty", text("oct")), ("alg", text("HS256")), ("k", Node::Env("PS_KEY")), kid]
        }
        11 => return unusable(tape, kid),
        _ => vec![("kty", text("oct")), ("alg", text("HS256")), ("k", seeded(tape, 32)), kid],
    };
    for first in (1..members.len()).rev() {
        members.swap(first, first - tape.below(first + 1));
    }
    schedule(tape, &mut members);
    unknown_member(tape, &mut members);
    Node::Map(members)
}

fn kid(tape: &mut Tape, index: usize) -> Node {
    match tape.below(10) {
        3 => text("key-0"),
        4 => text("it's: #1"),
        5 => text("1234"),
        6 => text("ключ"),
        7 => text(""),
        _ => text(&format!("key-{index}")),
    }
}

/// Entries that the service doesn't start with.
fn unusable(tape: &mut Tape, kid: (&'static str, Node)) -> Node {
    match tape.below(4) {
        0 => Node::Map(vec![kid, ("use", text("sig"))]),
        1 => text("key"),
        2 => Node::Map(vec![("kty", text("oct")), ("alg", text("HS256")), kid]),
        _ => Node::Map(vec![("kty", text("what")), ("exp", Node::Number(1)), kid]),
    }
}

fn schedule(tape: &mut Tape, members: &mut Vec<(&'static str, Node)>) {
    let now = date(NOW).seconds();
    let day = 86_400;
    match tape.below(10) {
        1 | 2 => members.push(("iat", Node::Number(now - 40 * day))),
        3 => members.push(("iat", Node::Number(now + 3 * day))),
        _ => {}
    }
    match tape.below(12) {
        1 => members.push(("nbf", Node::Number(now - day))),
        2 => members.push(("nbf", Node::Number(now + day))),
        _ => {}
    }
    match tape.below(12) {
        1 | 2 => members.insert(tape.below(members.len()), ("exp", Node::Number(now - 1))),
        3 => members.push(("exp", Node::Number(now))),
        4 => members.push(("exp", Node::Number(now + day))),
        5 => members.push(("exp", Node::Number(now + 30 * day))),
        6 if tape.one_in(3) => members.push(("exp", text("1796083200"))),
        _ => {}
    }
}

fn unknown_member(tape: &mut Tape, members: &mut Vec<(&'static str, Node)>) {
    let member = match tape.below(10) {
        1 => ("use", text("sig")),
        2 => ("key_ops", Node::List(vec![text("verify"), text("sign")])),
        3 => ("note", text("it's a: # no comment, [no] {list}")),
        4 => ("nothing", Node::Null),
        _ => return,
    };
    members.insert(tape.below(members.len() + 1), member);
}

/// A section other than `client_auth`.
fn section(
    tape: &mut Tape,
    number: usize,
    syntax: Syntax,
    secrets: &mut Vec<String>,
) -> (&'static str, Node) {
    let seed = 5000 + number * 256 + tape.below(256);
    let mut seeded = || secret(seed, 24, secrets);
    match (number, tape.below(2)) {
        (0, 0) => ("port", Node::Number(8080)),
        (0, _) => ("telemetry", Node::Map(vec![("disable", text("no"))])),
        (1, 0) => ("storage", Node::Map(vec![("type", text("mongodb")), ("password", text(&seeded()))])),
        (1, _) => {
            let uri = text(&format!("postgresql://me:{}@host:5432/db", seeded()));
            let connection = Node::Map(vec![("type", text("postgresql")), ("uri", uri)]);
            ("replication", Node::Map(vec![("connections", Node::List(vec![connection]))]))
        }
        (2, 0) => ("api", Node::Map(vec![("tokens", Node::List(vec![text(&seeded())]))])),
        (2, _) => ("sync_config", Node::Map(vec![("content", text("a:\n  - b # none\nkeys: []\n"))])),
        (_, 0) => ("metadata", text("client_auth: {jwks: {keys: []}}")),
        _ if syntax == Syntax::Json => ("migrations", Node::List(Vec::new())),
        _ => {
            let base = Node::Anchored(Box::new(Node::Map(vec![("keys", Node::List(vec![text("a")]))])));
            ("x_base", Node::Map(vec![("base", base), ("again", Node::Alias), ("other", Node::Null)]))
        }
    }
}

/// The members of the config; the path to the keys may end early where there are none.
fn sections(form: &mut Tape, keys: Vec<Node>, syntax: Syntax, secrets: &mut Vec<String>) -> Node {
    let cut = if keys.is_empty() { form.below(6) } else { 0 };
    let mut client_auth = vec![("audience", Node::List(vec![text("powersync")]))];
    let jwks = match cut {
        1 => Some(Node::Null),
        2 => Some(Node::Map(Vec::new())),
        3 => None,
        _ => Some(Node::Map(vec![("keys", Node::Keys(keys))])),
    };
    let place = form.below(2);
    client_auth.extend((form.below(3) == 1).then(|| ("allow_local_jwks", text("true"))));
    let place = if place == 0 { client_auth.len() } else { 0 };
    if let Some(jwks) = jwks {
        client_auth.insert(place, ("jwks", jwks));
    }
    let mut all: Vec<(&'static str, Node)> = Vec::new();
    // Without `client_auth`, something else has to say that it is a config.
    all.extend((cut > 3).then(|| ("_type", text("self-hosted"))));
    for number in 0..4 {
        if form.one_in(2) {
            all.push(section(form, number, syntax, secrets));
        }
    }
    let at = form.below(all.len() + 1);
    match cut {
        4 => {}
        5 => all.insert(at, ("client_auth", Node::Null)),
        _ => all.insert(all.len() - at, ("client_auth", Node::Map(client_auth))),
    }
    Node::Map(all)
}

// --- how it is written ---------------------------------------------------------------------------------------

impl Writer {
    fn document(&mut self, form: &mut Tape, keys: Vec<Node>) {
        let root = sections(form, keys, self.syntax, &mut self.secrets);
        if self.syntax != Syntax::Json {
            if form.one_in(5) {
                self.text.push('\u{feff}');
            }
            if form.one_in(5) {
                self.line("---");
            }
            self.loose_lines(0);
        }
        match root {
            Node::Map(members) if self.syntax == Syntax::Block => self.block_map(&members, 0, false),
            root => {
                self.flow_value(&root, self.flow, 0);
                self.newline();
            }
        }
        if self.syntax != Syntax::Json && form.one_in(6) {
            self.line("...");
        } else if form.one_in(4) {
            let cut = self.text.trim_end_matches(['\r', '\n']).len();
            self.text.truncate(cut);
        }
    }

    fn finish(self) -> Doc {
        let end = self.text.len();
        let clip = |range: &mut Range<usize>| *range = range.start.min(end)..range.end.min(end);
        let mut list = self.list;
        match &mut list {
            List::Entries { before, after, entries, .. } => {
                clip(before);
                clip(after);
                for Entry { own, grow, exp, .. } in entries {
                    clip(own);
                    clip(grow);
                    exp.iter_mut().for_each(clip);
                }
            }
            List::Missing { at, .. } => at.iter_mut().for_each(clip),
        }
        let file = if self.syntax == Syntax::Json { "powersync.json" } else { "powersync.yaml" };
        Doc { file, text: self.text, list, comments: self.comments, secrets: self.secrets }
    }

    fn newline(&mut self) {
        let crlf = match self.ending {
            2 => self.tape.one_in(2),
            ending => ending == 1,
        };
        self.text.push_str(if crlf { "\r\n" } else { "\n" });
    }

    fn line(&mut self, content: &str) {
        self.text.push_str(content);
        self.newline();
    }

    fn spaces(&mut self, count: usize) {
        self.text.extend(std::iter::repeat_n(' ', count));
    }

    fn comment(&mut self) {
        let number = self.comments.len();
        let secret = match self.tape.below(12) {
            1 => format!(" k: '{}'", secret(9000 + number, 32, &mut self.secrets)),
            2 => format!(" was {} once", secret(9000 + number, 32, &mut self.secrets)),
            3 => " - kty: oct".to_owned(),
            4 => " it's [a] \"b\"".to_owned(),
            _ => String::new(),
        };
        let words = format!("# note {number}.{secret}");
        self.text.push_str(&words);
        self.comments.push(Comment { words, owner: self.owner, shared: false });
    }

    fn comment_line(&mut self, column: usize) {
        self.spaces(column);
        self.comment();
        self.newline();
    }

    /// The end of a line that holds something: perhaps a comment, perhaps spaces.
    fn end_line(&mut self) {
        match self.tape.below(10) {
            1 | 2 => {
                let gap = 1 + self.tape.below(3);
                self.spaces(gap);
                self.comment();
            }
            3 => self.spaces(2),
            _ => {}
        }
        self.newline();
    }

    /// Blank lines and comments that belong to nothing, ending with a blank line.
    fn loose_lines(&mut self, column: usize) {
        for _ in 0..self.tape.below(6).saturating_sub(3) {
            if self.tape.one_in(2) {
                self.newline();
            }
            let column = self.tape.pick(&[column, 0]);
            self.comment_line(column);
            self.newline();
        }
        if self.tape.one_in(6) {
            self.newline();
        }
    }

    // --- by indentation ---

    /// The first member may be on a line that has begun.
    fn block_map(&mut self, members: &[(&'static str, Node)], column: usize, begun: bool) {
        for (index, (name, node)) in members.iter().enumerate() {
            if index > 0 {
                self.between_members(column);
            }
            if index > 0 || !begun {
                self.spaces(column);
            }
            self.block_member(name, node, column);
        }
    }

    fn between_members(&mut self, column: usize) {
        match self.tape.below(12) {
            1 => self.comment_line(column),
            2 => self.comment_line(0),
            3 if !self.no_deeper_comment => self.comment_line(column + 3),
            4 => self.newline(),
            _ => {}
        }
    }

    fn block_member(&mut self, name: &'static str, node: &Node, column: usize) {
        self.no_deeper_comment = false;
        let quote = if self.owner.is_some() { self.tape.pick(&["", "", "", "", "'", "\""]) } else { "" };
        write!(self.text, "{quote}{name}{quote}:").unwrap();
        match node {
            Node::Map(members) if !members.is_empty() => {
                self.end_line();
                let deeper = column + self.unit;
                self.block_map(members, deeper, false);
            }
            Node::Anchored(node) => {
                self.text.push_str(" &base");
                self.end_line();
                if let Node::Map(members) = node.as_ref() {
                    self.block_map(members, column + self.unit, false);
                }
            }
            Node::List(items) if self.owner.is_none() && !items.is_empty() => self.block_list(items, column),
            Node::Keys(keys) => self.keys(keys, column),
            _ => self.block_value(name, node, column),
        }
    }

    fn block_list(&mut self, items: &[Node], column: usize) {
        self.end_line();
        let column = column + self.dash_offset;
        for item in items {
            self.spaces(column);
            self.text.push_str("- ");
            match item {
                Node::Map(members) => self.block_map(members, column + 2, true),
                other => {
                    self.inline(other, false);
                    self.end_line();
                }
            }
        }
    }

    /// A value that is no collection in lines.
    fn block_value(&mut self, name: &'static str, node: &Node, column: usize) {
        if let Node::Text(text) = node
            && text.contains('\n')
        {
            return self.block_scalar("|", text, column);
        }
        let simple = matches!(node, Node::Text(text) if plain(text));
        let start = self.text.len();
        match self.tape.below(14) {
            1 if simple => {
                let headers = ["|-", ">-", "|", ">", "|+"];
                let header = headers[self.tape.below(if name == "k" { 5 } else { 2 })];
                let Node::Text(text) = node else { return };
                return self.block_scalar(header, text, column);
            }
            2 if simple => {
                self.newline();
                let deeper = column + 1 + self.tape.below(4);
                self.spaces(deeper);
            }
            3 => self.spaces(3),
            _ if matches!(node, Node::Null) => {}
            _ => self.spaces(1),
        }
        if matches!(node, Node::Map(_)) && name == "jwks" {
            return self.empty("{}", start);
        }
        if matches!(node, Node::Null) && matches!(name, "jwks" | "client_auth") {
            return self.empty("", start);
        }
        let value = self.text.len();
        self.inline(node, false);
        if name == "exp" && self.owner.is_some() && matches!(node, Node::Number(_)) {
            if self.tape.one_in(3) {
                self.text.push_str(" # remove after 2026-01-01T00:00:00Z");
                self.newline();
            } else {
                self.end_line();
            }
            let line = self.text.trim_end_matches(['\r', '\n']).len();
            self.entries.last_mut().unwrap().exp = Some(value..line);
            return;
        }
        self.end_line();
    }

    /// An empty value in place of the keys or what leads to them.
    fn empty(&mut self, value: &str, start: usize) {
        self.text.push_str(value);
        self.end_line();
        self.list = List::Missing { at: Some(start..self.text.len()), canonical: false };
    }

    fn block_scalar(&mut self, header: &str, text: &str, column: usize) {
        self.text.push(' ');
        self.text.push_str(header);
        self.end_line();
        let deeper = column + 1 + self.tape.below(4);
        for line in text.lines() {
            self.spaces(deeper);
            self.line(line);
        }
        self.no_deeper_comment = true;
    }

    // --- the keys ---

    fn keys(&mut self, keys: &[Node], column: usize) {
        let colon = self.text.len();
        if keys.is_empty() {
            self.text.push_str(self.tape.pick(&[" []", " []", "", " ~", " [ ]", "  []"]));
            let value = self.text[colon..].to_owned();
            self.end_line();
            let canonical = value == " []" && self.text[colon..].trim_end_matches(['\r', '\n']) == " []";
            self.list = List::Missing { at: Some(colon..self.text.len()), canonical };
            return;
        }
        if self.list_in_flow {
            self.text.push(' ');
            let flow = Flow { lines: self.tape.below(3) > 0, spaced: true, ..self.flow };
            self.flow_keys(keys, flow, column, colon);
            return self.end_line();
        }
        self.end_line();
        let dash = column + self.dash_offset;
        for (index, key) in keys.iter().enumerate() {
            self.loose_lines(dash);
            self.block_key(key, index, dash);
        }
        let (first, last) = (self.entries[0].own.start, self.entries[keys.len() - 1].own.end);
        let entries = std::mem::take(&mut self.entries);
        self.list = List::Entries { lines: true, colon, before: first..first, after: last..last, entries };
        if self.tape.one_in(4) {
            let column = self.tape.pick(&[dash, 0]);
            self.comment_line(column);
        }
        self.no_deeper_comment = true;
    }

    /// An entry of a block list with its comments: above, at the ends of lines, between members, deeper below.
    fn block_key(&mut self, key: &Node, index: usize, dash: usize) {
        let own = self.text.len();
        self.owner = Some(index);
        self.entries.push(Entry::default());
        for _ in 0..self.tape.below(6).saturating_sub(3) {
            let column = self.tape.pick(&[dash, 0]);
            self.comment_line(column);
        }
        self.spaces(dash);
        self.text.push('-');
        let member_column = self.block_key_body(key, dash);
        let content = self.text.len();
        let entry = self.entries.last_mut().unwrap();
        if entry.grow == (0..0) {
            entry.grow = content..content;
        }
        if self.tape.one_in(4) {
            let column = if self.no_deeper_comment { member_column } else { dash + 1 + self.tape.below(4) };
            self.comment_line(column);
        }
        self.entries.last_mut().unwrap().own = own..self.text.len();
        self.owner = None;
        self.no_deeper_comment = false;
    }

    fn block_key_body(&mut self, key: &Node, dash: usize) -> usize {
        self.no_deeper_comment = false;
        let after = self.tape.pick(&[1, 1, 2, 3, 5]);
        match key {
            Node::Map(members) if self.tape.below(5) < 3 => {
                self.spaces(after);
                self.block_map(members, dash + 1 + after, true);
            }
            Node::Map(members) if self.tape.one_in(2) => {
                self.end_line();
                self.block_map(members, dash + after, false);
                return dash + after;
            }
            other => {
                self.spaces(after);
                let flow = Flow { lines: false, spaced: true, trailing_comma: false };
                self.flow_value(other, flow, 0);
                self.end_line();
            }
        }
        dash + 1 + after
    }

    // --- in brackets ---

    fn flow_keys(&mut self, keys: &[Node], flow: Flow, base: usize, colon: usize) {
        self.text.push('[');
        let open = self.text.len();
        let mut spans = Vec::new();
        for (index, key) in keys.iter().enumerate() {
            self.owner = index.checked_sub(1);
            self.flow_gap(index, flow, base + self.unit, Some(index));
            self.owner = Some(index);
            self.entries.push(Entry::default());
            let start = self.text.len();
            let inner = if flow.lines && self.tape.one_in(2) { Flow { lines: false, ..flow } } else { flow };
            self.flow_value(key, inner, base + self.unit);
            spans.push(start..self.text.len());
        }
        let close = self.flow_end(flow, base);
        self.owner = None;
        let mut entries = std::mem::take(&mut self.entries);
        for (index, entry) in entries.iter_mut().enumerate() {
            let from = if index == 0 { open } else { spans[index - 1].end };
            entry.own = from..spans.get(index + 1).map_or(close, |next| next.start);
        }
        let (before, after) = (open..spans[0].start, spans[spans.len() - 1].end..close);
        self.list = List::Entries { lines: false, colon, before, after, entries };
        self.text.push(']');
    }

    /// What comes before a child: the comma of the one before, line breaks, comments.
    fn flow_gap(&mut self, index: usize, flow: Flow, column: usize, owner: Option<usize>) {
        if index > 0 {
            self.text.push(',');
        }
        if !flow.lines {
            return self.spaces(usize::from(index > 0 && flow.spaced));
        }
        if self.syntax == Syntax::Json {
            self.newline();
        } else {
            self.end_line();
            if owner.is_some() {
                self.owner = owner;
            }
            if self.tape.one_in(8) {
                self.comment_line(column);
            }
        }
        self.spaces(column);
    }

    /// What comes before the closing bracket. Returns where that is.
    fn flow_end(&mut self, flow: Flow, base: usize) -> usize {
        if flow.trailing_comma {
            self.text.push(',');
        }
        if flow.lines {
            if self.syntax == Syntax::Json {
                self.newline();
            } else {
                self.end_line();
            }
            self.spaces(base);
        }
        self.text.len()
    }

    fn flow_value(&mut self, node: &Node, flow: Flow, base: usize) {
        match node {
            Node::Map(members) if !members.is_empty() => self.flow_map(members, flow, base),
            Node::List(items) if !items.is_empty() => {
                self.text.push('[');
                for (index, item) in items.iter().enumerate() {
                    self.flow_gap(index, flow, base + self.unit, None);
                    self.flow_value(item, flow, base + self.unit);
                }
                self.flow_end(Flow { trailing_comma: false, ..flow }, base);
                self.text.push(']');
            }
            Node::Anchored(node) => {
                self.text.push_str("&base ");
                self.flow_value(node, flow, base);
            }
            Node::Keys(keys) if !keys.is_empty() => {
                let colon = self.text.len();
                self.flow_keys(keys, flow, base, colon);
            }
            other => self.inline(other, true),
        }
    }

    fn flow_map(&mut self, members: &[(&'static str, Node)], flow: Flow, base: usize) {
        let is_key = self.owner.is_some();
        self.text.push('{');
        let mut end = self.text.len();
        for (index, (name, node)) in members.iter().enumerate() {
            self.flow_gap(index, flow, base + self.unit, None);
            let quote = if self.syntax == Syntax::Json { "\"" } else { "" };
            write!(self.text, "{quote}{name}{quote}:{}", if flow.spaced { " " } else { "" }).unwrap();
            let start = self.text.len();
            self.flow_value(node, flow, base + self.unit);
            end = self.text.len();
            if is_key && *name == "exp" && matches!(node, Node::Number(_)) {
                self.entries.last_mut().unwrap().exp = Some(start..end);
            }
            if !is_key && matches!(*name, "client_auth" | "jwks" | "keys") && nothing(node) {
                self.list = List::Missing { at: Some(start..end), canonical: false };
            }
        }
        let close = self.flow_end(flow, base);
        if is_key {
            self.entries.last_mut().unwrap().grow = end..close;
        }
        self.text.push('}');
    }

    /// A value on one line.
    fn inline(&mut self, node: &Node, flow: bool) {
        let written = match node {
            Node::Text(text) => self.quoted(text),
            Node::Number(number) => number.to_string(),
            Node::Env(name) => format!("!env {name}"),
            Node::Null if flow => "null".to_owned(),
            Node::Map(_) => "{}".to_owned(),
            Node::List(items) | Node::Keys(items) if items.is_empty() => "[]".to_owned(),
            Node::Alias => "*base".to_owned(),
            Node::List(items) => {
                let items: Vec<String> = items.iter().map(|item| self.item(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Node::Null | Node::Keys(_) | Node::Anchored(_) => String::new(),
        };
        self.text.push_str(&written);
    }

    fn item(&mut self, node: &Node) -> String {
        if let Node::Text(text) = node { self.quoted(text) } else { String::new() }
    }

    fn quoted(&mut self, text: &str) -> String {
        let double = || serde_json::Value::from(text).to_string();
        if self.syntax == Syntax::Json || text.contains('\n') {
            return double();
        }
        match self.tape.below(3) {
            0 if plain(text) => text.to_owned(),
            2 => double(),
            _ => format!("'{}'", text.replace('\'', "''")),
        }
    }
}

fn nothing(node: &Node) -> bool {
    match node {
        Node::Null => true,
        Node::Map(members) => members.is_empty(),
        Node::Keys(keys) => keys.is_empty(),
        _ => false,
    }
}

/// Whether text needs no quotes.
fn plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        && !matches!(text, "true" | "no")
}
