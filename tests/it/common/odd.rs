//! Configs as nobody writes them: odd scalars, styles, tags, anchors, comments and line endings, right ones and broken
//! ones. The same seed gives the same documents.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;

/// Choices that look random (xorshift64*).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, count: usize) -> usize {
        usize::try_from((self.next() >> 33) % count as u64).unwrap()
    }

    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[3]).collect()
    }
}

enum Value {
    Text(String),
    /// Written as it is.
    Raw(&'static str),
    Map(Vec<(Value, Value)>),
    List(Vec<Value>),
}

/// Without quotes, and what a parser makes of it.
const RAW: [&str; 88] = [
    "",
    "~",
    "null",
    "Null",
    "nUll",
    "true",
    "False",
    "yes",
    "on",
    "0",
    "-0",
    "+1",
    "010",
    "0x12",
    "0xfG",
    "0o17",
    "0o8",
    "1e3",
    "1E-3",
    "1e",
    ".5",
    "1.",
    "-.5",
    ".",
    "..",
    ".inf",
    "-.INF",
    "+.inf",
    ".nan",
    ".NaN",
    "1e400",
    "9007199254740993",
    "-9007199254740993",
    "12345678901234567890",
    "1_000",
    "2026-08-01",
    "12:30:45",
    "-",
    "- a",
    "?",
    "? a",
    ":",
    ": a",
    "a:b",
    "a: b",
    "a :b",
    "a#b",
    "a #b",
    "#a",
    "[",
    "]",
    "[]",
    "{}",
    "{",
    "}",
    ",",
    "a,b",
    "a, b",
    "[a]",
    "{a: b}",
    "{a}",
    "'it",
    "it's",
    "\"x",
    "x\"y",
    "%x",
    "@x",
    "`x",
    "&x",
    "&x y",
    "*x",
    "!",
    "! a",
    "!x",
    "!x y",
    "|",
    ">",
    "=",
    "<<",
    "a\tb",
    "\ta",
    "é ключ",
    "a\u{85}b",
    "a\u{2028}b",
    "\u{feff}a",
    "a\u{a0}",
    "---",
    "...",
];

const ENV: [&str; 14] = [
    "!env PS_K",
    "!env PS_K",
    "!env PS_ALG",
    "!env \"PS_K\"",
    "!env 'PS_TEXT'",
    "!env PS_UNSET",
    "!env OTHER",
    "!env PS_NUMBER",
    "!env PS_NUMBER::number",
    "!env PS_TEXT::number",
    "!env PS_YES::boolean",
    "!env PS_EMPTY",
    "!env",
    "!env PS_K::string",
];

/// The variables that are set.
pub const VARIABLES: [(&str, &str); 10] = [
    ("PS_K", "MDEyMzQ1Njc4OWFiY2RlZi1maXJzdC1zZWNyZXQtb2YtdGhlLXRlc3Rz"),
    ("PS_ALG", "HS256"),
    ("PS_TEXT", "some text"),
    ("PS_NUMBER", "8080"),
    ("PS_YES", "True"),
    ("PS_EMPTY", ""),
    ("PS_KTY", "oct"),
    ("PS_KEY", "YQ"),
    ("PS_CLIENT_AUTH_KEY", "MDEyMzQ1Njc4OWFiY2RlZi1maXJzdC1zZWNyZXQtb2YtdGhlLXRlc3Rz"),
    ("PS_ODD-NAME", "some text"),
];

/// A document and the name that says how to read it.
pub fn document(dice: &mut Dice) -> (&'static str, Vec<u8>) {
    let config = config(dice);
    if dice.one_in(8) {
        let mut text = String::new();
        json(dice, &config, &mut text);
        let file = dice.pick(&["powersync.json", "powersync.json", "powersync.yaml", "powersync"]);
        return (file, text.into_bytes());
    }
    let mut writer = Writer {
        ending: if dice.one_in(40) { "\r" } else { dice.pick(&["\n", "\n", "\n", "\r\n"]) },
        unit: dice.pick(&[2, 2, 2, 4, 1, 3]),
        odd: dice.pick(&[0, 0, 0, 60, 30, 15]),
        dice,
        text: String::new(),
        anchors: Vec::new(),
    };
    writer.document(&config);
    let file = writer.dice.pick(&["powersync.yaml", "powersync.yaml", "powersync.yml", "powersync"]);
    (file, writer.text.into_bytes())
}

/// Breaks a document, or not.
pub fn mutate(dice: &mut Dice, bytes: &mut Vec<u8>) {
    const PIECES: [&str; 40] = [
        " ", "  ", "\n", "\r\n", "\t", ":", ": ", "- ", "#", " #", "'", "\"", "\\", "{", "}", "[", "]", ",",
        "&a ", "*a", "!env ", "!!str ", "|", ">", "|\n", ">-\n", "? ", "~", "null", "1", "---\n", "...\n",
        "%", "\u{feff}", "\u{85}", "\u{2028}", "\0", "<<: ", "k", "=",
    ];
    for _ in 0..=dice.below(3) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + 1 + dice.below(6)).min(bytes.len());
        match dice.below(8) {
            0 | 1 => drop(bytes.drain(at..end)),
            2..=4 => drop(bytes.splice(at..at, dice.pick(&PIECES).bytes())),
            5 => {
                let piece = bytes[at..end].to_vec();
                let to = dice.below(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
            6 => bytes.truncate(at),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = dice.bytes(1)[0] & if dice.one_in(8) { 0xff } else { 0x7f };
                }
            }
        }
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn named(members: Vec<(&str, Value)>) -> Value {
    Value::Map(members.into_iter().map(|(name, value)| (text(name), value)).collect())
}

/// Mostly the value, now and then another.
fn mostly(dice: &mut Dice, value: Value) -> Value {
    if dice.one_in(40) { any(dice, 0) } else { value }
}

fn any(dice: &mut Dice, depth: usize) -> Value {
    match dice.below(if depth < 3 { 12 } else { 8 }) {
        0 => Value::Raw(dice.pick(&ENV)),
        1..=4 => Value::Raw(dice.pick(&RAW)),
        5..=7 => odd_text(dice),
        8 | 9 => Value::List((0..dice.below(4)).map(|_| any(dice, depth + 1)).collect()),
        _ => Value::Map((0..dice.below(4)).map(|_| (name(dice), any(dice, depth + 1))).collect()),
    }
}

fn name(dice: &mut Dice) -> Value {
    match dice.below(12) {
        0 => Value::Raw(dice.pick(&RAW)),
        1 => odd_text(dice),
        2 => text(dice.pick(&["__proto__", "constructor", "toString", "<<", "", "1", "true", "length"])),
        _ => text(dice.pick(&["a", "b", "c", "d", "type", "keys", "kid", "x-y", "note"])),
    }
}

fn odd_text(dice: &mut Dice) -> Value {
    let pool = [
        "a",
        "123",
        "it's",
        "two\nlines",
        "a\n\nb\n",
        " begins",
        "ends ",
        "tab\there",
        "\\",
        "\"",
        "é",
        "\u{1f511}",
        "# no",
        "a: b",
        "- a",
        "null",
        "true",
        "",
        " ",
        "\n",
        "a\n b\n",
        "{a",
        "PS_K",
        "!env PS_K",
        "\u{7}",
        "\u{feff}",
        "a  b",
        "long words that may be folded here",
    ];
    text(dice.pick(&pool))
}

fn config(dice: &mut Dice) -> Value {
    let mut members = Vec::new();
    let storage = named(vec![("type", text("mongodb")), ("uri", any(dice, 1))]);
    let storage = mostly(dice, storage);
    members.push((text("storage"), storage));
    for _ in 0..dice.below(3) {
        let (name, value) = section(dice);
        members.push((text(name), value));
    }
    if !dice.one_in(12) {
        let value = client_auth(dice);
        let at = dice.below(members.len() + 1);
        members.insert(at, (text("client_auth"), mostly_map(dice, value)));
    }
    if dice.one_in(6) {
        members.push((name(dice), any(dice, 0)));
    }
    Value::Map(members)
}

fn mostly_map(dice: &mut Dice, value: Value) -> Value {
    if dice.one_in(60) { any(dice, 0) } else { value }
}

fn client_auth(dice: &mut Dice) -> Value {
    let keys = Value::List((0..dice.below(4)).map(|index| key(dice, index)).collect());
    let keys = mostly(dice, keys);
    let jwks = named(vec![("keys", keys)]);
    let mut members = vec![("jwks", mostly(dice, jwks))];
    if !dice.one_in(6) {
        let audience = Value::List(
            (0..dice.below(3))
                .map(|_| {
                    let value = text("app");
                    mostly(dice, value)
                })
                .collect(),
        );
        members.push(("audience", mostly(dice, audience)));
    }
    if dice.one_in(12) {
        let name = dice.pick(&[
            "jwks_uri",
            "supabase",
            "supabase_jwt_secret",
            "block_local_jwks",
            "jwks_reject_ip_ranges",
            "other",
        ]);
        members.push((name, any(dice, 0)));
    }
    named(members)
}

fn key(dice: &mut Dice, index: usize) -> Value {
    const K: [&str; 14] = [
        "MDEyMzQ1Njc4OWFiY2RlZi1maXJzdC1zZWNyZXQtb2YtdGhlLXRlc3Rz",
        "MDEyMzQ1Njc4OWFiY2RlZg==",
        "+/+/",
        "-_-_",
        "a b\nc",
        "YWJj=ZGVm",
        "====",
        " ",
        "A",
        "raw secret!",
        "ÿé",
        "Zm9v\u{2028}YmFy",
        "AAAAA",
        "",
    ];
    let kid = format!("key-{}", if dice.one_in(10) { 0 } else { index });
    let kid = mostly(dice, text(&kid));
    let mut members = match dice.below(10) {
        0 => {
            vec![("kty", text("RSA")), ("n", text("u1SU1LfVLPHCozMxH2Mo")), ("e", text("AQAB")), ("kid", kid)]
        }
        1 => {
            let (crv, x, y) = (
                dice.pick(&["P-256", "P-256", "P-256", "P-384"]),
                "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                dice.pick(&[
                    "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
                    "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
                    "AAAA",
                    "",
                ]),
            );
            let alg = dice.pick(&["ES256", "ES256", "ES384", "RS256"]);
            vec![
                ("kty", text("EC")),
                ("alg", text(alg)),
                ("crv", text(crv)),
                ("x", text(x)),
                ("y", text(y)),
                ("kid", kid),
            ]
        }
        2 => {
            let x = dice.pick(&[
                "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                "AAAA",
                "",
            ]);
            vec![
                ("kty", text("OKP")),
                ("alg", text("EdDSA")),
                ("crv", text(dice.pick(&["Ed25519", "Ed25519", "Ed448"]))),
                ("x", text(x)),
                ("kid", kid),
            ]
        }
        _ => {
            let k = if dice.one_in(3) { dice.pick(&K) } else { K[0] };
            let k = if dice.one_in(8) { Value::Raw(dice.pick(&ENV)) } else { text(k) };
            let alg = dice.pick(&["HS256", "HS256", "HS256", "HS384", "HS512", "RS256", "hs256"]);
            vec![("kty", text("oct")), ("alg", text(alg)), ("k", k), ("kid", kid)]
        }
    };
    if dice.one_in(8) {
        members.remove(dice.below(members.len()));
    }
    if dice.one_in(6) {
        members.push((
            dice.pick(&["use", "exp", "iat", "nbf", "key_ops", "d", "<<", "__proto__"]),
            any(dice, 1),
        ));
    }
    for (_, value) in &mut members {
        if dice.one_in(60) {
            *value = any(dice, 1);
        }
    }
    for first in (1..members.len()).rev() {
        members.swap(first, dice.below(first + 1));
    }
    let key = named(members);
    mostly(dice, key)
}

fn section(dice: &mut Dice) -> (&'static str, Value) {
    let value = any(dice, 1);
    match dice.below(14) {
        0 => ("port", mostly(dice, Value::Raw("8080"))),
        1 => ("port", value),
        2 => (
            "telemetry",
            named(vec![
                ("disable_telemetry_sharing", mostly(dice, Value::Raw("true"))),
                ("prometheus_port", value),
            ]),
        ),
        3 => ("api", named(vec![("tokens", Value::List(vec![value]))])),
        4 => ("api", named(vec![("parameters", named(vec![("max_concurrent_connections", value)]))])),
        5 => (
            "replication",
            named(vec![(
                "connections",
                Value::List(vec![named(vec![("type", text("postgresql")), ("tag", value)])]),
            )]),
        ),
        6 => ("metadata", Value::Map(vec![(name(dice), value)])),
        7 => ("parameters", Value::Map(vec![(name(dice), value)])),
        8 => (
            "system",
            named(vec![(
                "logging",
                named(vec![("level", text(dice.pick(&["info", "loud"]))), ("format", value)]),
            )]),
        ),
        9 => ("migrations", named(vec![("disable_auto_migration", value)])),
        10 => ("healthcheck", named(vec![("probes", named(vec![("use_http", value)]))])),
        11 => ("sync_config", named(vec![("content", value)])),
        12 => ("sync_rules", named(vec![("path", value)])),
        _ => ("x_other", value),
    }
}

struct Writer<'d> {
    dice: &'d mut Dice,
    text: String,
    ending: &'static str,
    unit: usize,
    /// One in so many places is written oddly; 0: none.
    odd: usize,
    anchors: Vec<String>,
}

impl Writer<'_> {
    fn odd(&mut self) -> bool {
        self.odd > 0 && self.dice.one_in(self.odd)
    }

    fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn document(&mut self, value: &Value) {
        if self.dice.one_in(20) {
            self.put("\u{feff}");
        }
        if self.odd() || self.odd() {
            let head = self.dice.pick(&[
                "---\n",
                "--- # c\n",
                "%YAML 1.2\n---\n",
                "%YAML 1.1\n---\n",
                "%TAG ! !x\n---\n",
                "# c\n",
                "\n",
                "%FOO bar\n---\n",
                "---\n---\n",
                "--- ",
                "...\n",
                "%TAG !e! tag:yaml.org,2002:\n---\n",
                " \n",
                "\t\n",
                "# c\n---\n",
                "--- |\n a\n...\n",
                "--- &r\n",
                "--- !!map\n",
                "%YAML 2.0\n---\n",
                "%YAML 1.2\n",
            ]);
            self.put(head);
        }
        let start = if self.odd() { self.dice.below(4) } else { 0 };
        if self.dice.one_in(8) {
            self.flow(value, start);
            self.end_line();
        } else {
            self.block(value, start, false);
        }
        if self.odd() || self.odd() {
            let tail = self.dice.pick(&[
                "...\n",
                "---\n",
                "... # c\n",
                "---\n...\n",
                "...\n...\n",
                "\n\n",
                "# c",
                " ",
                "...\na: b\n",
                "--- a\n",
                "...\n---\n",
                "\t",
                "]\n",
                "%YAML 1.2\n",
            ]);
            self.put(tail);
        } else if self.dice.one_in(8) {
            let cut = self.text.trim_end_matches(['\r', '\n']).len();
            self.text.truncate(cut);
        }
    }

    fn spaces(&mut self, count: usize) {
        self.text.extend(std::iter::repeat_n(' ', count));
    }

    fn end_line(&mut self) {
        if self.odd() {
            let end = self.dice.pick(&[" # c", "# c", "  ", "\t", "\t# c", " #", " # a: b"]);
            self.put(end);
        }
        let ending = if self.odd() {
            self.dice.pick(&[
                "\n",
                "\r\n",
                "\r",
                "\n\n",
                "\n\t\n",
                "\n  # c\n",
                "\n# c\n",
                "\n \n",
                "\n      # c\n",
            ])
        } else {
            self.ending
        };
        self.put(ending);
    }

    /// Tag and anchor, now and then. Whether anything was written.
    fn properties(&mut self) -> bool {
        let mut written = false;
        if self.odd() {
            let tag = self.dice.pick(&[
                "!!str",
                "!!int",
                "!!float",
                "!!bool",
                "!!null",
                "!!map",
                "!!seq",
                "!x",
                "!",
                "!env",
                "!<tag:yaml.org,2002:str>",
                "!!set",
                "!!omap",
                "!!merge",
                "!!binary",
                "!!timestamp",
                "!e!str",
                "!<!env>",
                "!!pairs",
                "!!x",
                "!x%21",
                "!<x>",
                "!<>",
                "!x!y",
            ]);
            self.put(tag);
            self.put(" ");
            written = true;
        }
        if self.odd() {
            let name = self.dice.pick(&["a", "b", "c", "a-b", "é", "a:", "1", "a,b"]);
            self.anchors.push(name.to_owned());
            self.put("&");
            self.put(name);
            self.put(" ");
            written = true;
        }
        written
    }

    /// An alias in place of a value, now and then.
    fn alias(&mut self) -> bool {
        if !(self.odd() && (!self.anchors.is_empty() || self.dice.one_in(6))) {
            return false;
        }
        let known = self.anchors.len();
        let name =
            if known == 0 { "nowhere".to_owned() } else { self.anchors[self.dice.below(known)].clone() };
        let space = if self.dice.one_in(2) { " " } else { "" };
        self.put("*");
        self.put(&name);
        self.put(space);
        true
    }

    /// By indentation. `begun`: the line has its first characters already.
    fn block(&mut self, value: &Value, column: usize, begun: bool) {
        match value {
            Value::Map(members) if !members.is_empty() => {
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 || !begun {
                        let column =
                            if self.odd() { (column + self.dice.below(3)).saturating_sub(1) } else { column };
                        self.spaces(column);
                    }
                    self.member(name, value, column);
                }
            }
            Value::List(items) if !items.is_empty() => {
                for (index, item) in items.iter().enumerate() {
                    if index > 0 || !begun {
                        let column =
                            if self.odd() { (column + self.dice.below(3)).saturating_sub(1) } else { column };
                        self.spaces(column);
                    }
                    self.put("-");
                    self.item(item, column);
                }
            }
            other => {
                self.spaces(if begun { 0 } else { column });
                self.scalar_or_flow(other, column);
                self.end_line();
            }
        }
    }

    fn item(&mut self, item: &Value, column: usize) {
        let nested =
            matches!(item, Value::Map(m) if !m.is_empty()) || matches!(item, Value::List(m) if !m.is_empty());
        if !nested || self.dice.one_in(10) {
            self.put(" ");
            if !self.alias() {
                self.properties();
                self.scalar_or_flow(item, column);
            }
            self.end_line();
            return;
        }
        let gap = if self.dice.one_in(12) { 3 } else { 1 };
        self.spaces(gap);
        if self.alias() {
            self.end_line();
        } else if self.properties() || self.dice.one_in(15) {
            self.end_line();
            self.block(item, column + 1 + gap, false);
        } else {
            self.block(item, column + 1 + gap, true);
        }
    }

    fn member(&mut self, name: &Value, value: &Value, column: usize) {
        if self.odd() && self.dice.one_in(2) {
            self.put("? ");
            self.scalar_or_flow(name, column);
            self.end_line();
            self.spaces(column);
        } else {
            self.properties();
            self.name(name);
            if self.odd() {
                self.put(" ");
            }
        }
        self.put(":");
        let nested = matches!(value, Value::Map(m) if !m.is_empty())
            || matches!(value, Value::List(m) if !m.is_empty());
        if nested && !self.dice.one_in(10) {
            self.put(" ");
            if self.alias() {
                self.end_line();
                return;
            }
            if !self.properties() {
                self.text.pop();
            }
            self.end_line();
            let deeper = if matches!(value, Value::List(_)) && self.dice.one_in(2) { 0 } else { self.unit };
            self.block(value, column + deeper, false);
            return;
        }
        let gap = if self.odd() { self.dice.pick(&["  ", "\t", "", "\n   ", " \t "]) } else { " " };
        self.put(gap);
        if !self.alias() {
            self.properties();
            self.scalar_or_flow(value, column);
        }
        self.end_line();
    }

    fn name(&mut self, name: &Value) {
        match name {
            Value::Text(text) if plain(text) && !self.odd() => self.put(text),
            Value::Text(text) => {
                let quoted = if self.dice.one_in(2) && !text.contains('\n') {
                    single(text)
                } else {
                    self.double(text)
                };
                self.put(&quoted);
            }
            Value::Raw(raw) => self.put(raw),
            other => self.flow(other, 0),
        }
    }

    fn scalar_or_flow(&mut self, value: &Value, column: usize) {
        match value {
            Value::Text(text) => self.scalar(text, column),
            Value::Raw(raw) => self.put(raw),
            other => self.flow(other, column),
        }
    }

    fn scalar(&mut self, text: &str, column: usize) {
        match self.dice.below(12) {
            0 => {
                let quoted = self.double(text);
                self.put(&quoted);
            }
            1 | 2 if !text.contains('\n') => self.put(&single(text)),
            3 => self.block_scalar(text, column),
            4 if !text.contains('\n') => {
                let quoted = single(text).replace("  ", " ").replacen(
                    ' ',
                    &format!("{}{}", self.ending, " ".repeat(column + 1)),
                    1,
                );
                self.put(&quoted);
            }
            _ if plain(text) => self.put(text),
            5 => self.put(text),
            _ => {
                let quoted = self.double(text);
                self.put(&quoted);
            }
        }
    }

    fn block_scalar(&mut self, text: &str, column: usize) {
        let header = self
            .dice
            .pick(&["|", ">", "|-", ">-", "|+", ">+", "|2", ">1-", "|-2", "| # c", "|x", "|0", "|10"]);
        self.put(header);
        let depth = column + self.dice.pick(&[1, 2, 2, 2, 3, 0]);
        for line in text.split('\n') {
            self.put(self.ending);
            if !line.is_empty() || self.dice.one_in(4) {
                self.spaces(depth);
            }
            self.put(line);
        }
        if self.odd() {
            let end = self.dice.pick(&["\n", "\n\n", "\n  \n", "\n# c", "\n \t"]);
            self.put(end);
        }
    }

    fn double(&mut self, text: &str) -> String {
        let mut quoted = String::from("\"");
        for c in text.chars() {
            let odd = self.odd();
            match c {
                '"' | '\\' => quoted.extend(['\\', c]),
                '\n' => quoted.push_str("\\n"),
                c if c < ' ' => write!(quoted, "\\x{:02x}", c as u32).unwrap(),
                c if odd => {
                    let written = match self.dice.below(8) {
                        0 => format!("\\u{:04x}", (c as u32).min(0xffff)),
                        1 => format!("\\U{:08x}", c as u32),
                        2 => format!("\\x{:02x}", (c as u32).min(255)),
                        3 => format!("\\\n   {c}"),
                        4 => format!("\\{c}"),
                        5 => format!("{c}\n  "),
                        6 => format!("\\/{c}"),
                        _ => "\\ud83d\\udd11".to_owned(),
                    };
                    quoted.push_str(&written);
                }
                c => quoted.push(c),
            }
        }
        quoted + "\""
    }

    fn flow(&mut self, value: &Value, column: usize) {
        let gap = self.dice.below(6) == 0;
        match value {
            Value::Map(members) => {
                self.put("{");
                for (index, (name, value)) in members.iter().enumerate() {
                    self.flow_gap(index, gap, column);
                    self.properties();
                    self.name(name);
                    let colon = if self.odd() { self.dice.pick(&[":", " : ", "", ":\n  "]) } else { ": " };
                    self.put(colon);
                    self.flow_value(value, column);
                }
                self.flow_end("}", gap, column);
            }
            Value::List(items) => {
                self.put("[");
                for (index, item) in items.iter().enumerate() {
                    self.flow_gap(index, gap, column);
                    self.flow_value(item, column);
                }
                self.flow_end("]", gap, column);
            }
            other => self.flow_value(other, column),
        }
    }

    fn flow_gap(&mut self, index: usize, lines: bool, column: usize) {
        if index > 0 {
            let comma = if self.odd() { self.dice.pick(&["", ",,", ",", " ,"]) } else { "," };
            self.put(comma);
        }
        if lines {
            self.end_line();
            self.spaces(column + 2);
        } else if index > 0 {
            self.put(" ");
        }
    }

    fn flow_end(&mut self, bracket: &str, lines: bool, column: usize) {
        if self.odd() {
            self.put(",");
        }
        if lines {
            self.end_line();
            let less = usize::from(self.odd());
            self.spaces((column + 1).saturating_sub(less));
        }
        let bracket = if self.odd() { self.dice.pick(&["]", "}", ""]) } else { bracket };
        self.put(bracket);
    }

    fn flow_value(&mut self, value: &Value, column: usize) {
        if self.alias() {
            return;
        }
        self.properties();
        match value {
            Value::Text(text) if plain(text) && !self.dice.one_in(4) => self.put(text),
            Value::Text(text) => {
                let quoted = if self.dice.one_in(2) && !text.contains('\n') {
                    single(text)
                } else {
                    self.double(text)
                };
                self.put(&quoted);
            }
            Value::Raw(raw) => self.put(raw),
            other => self.flow(other, column),
        }
    }
}

/// As JSON, with odd white space, doubled members and odd numbers.
fn json(dice: &mut Dice, value: &Value, text: &mut String) {
    const SPACES: [&str; 8] = ["", "", "", " ", "\n", "\t", "\r\n", "  "];
    text.push_str(dice.pick(&SPACES));
    match value {
        Value::Text(value) if !dice.one_in(20) => {
            text.push_str(&serde_json::Value::from(value.as_str()).to_string());
        }
        Value::Text(value) => {
            text.push('"');
            for unit in value.encode_utf16() {
                write!(text, "\\u{unit:04x}").unwrap();
            }
            text.push_str(dice.pick(&[
                "\"",
                "\"",
                "\"",
                "\\ud800\"",
                "\\x\"",
                "\t\"",
                "\\/\"",
                "\u{2028}\"",
            ]));
        }
        Value::Raw(_) => text.push_str(dice.pick(&[
            "null", "true", "0", "-0", "1.50", "1e400", "1E+2", "01", "+1", ".5", "1.", "-", "nul", "NaN",
            "'a'",
        ])),
        Value::List(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index > 0 { "," } else { "" });
                json(dice, item, text);
            }
            text.push_str(if dice.one_in(60) { ",]" } else { "]" });
        }
        Value::Map(members) => {
            text.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                text.push_str(if index > 0 { "," } else { "" });
                let name = match name {
                    Value::Text(text) => text.as_str(),
                    _ => "other",
                };
                for _ in 0..=usize::from(dice.one_in(40)) {
                    text.push_str(&serde_json::Value::from(name).to_string());
                    text.push_str(dice.pick(&[":", ": ", " :", "\n:\t"]));
                    json(dice, value, text);
                    text.push_str(dice.pick(&["", "", " ", "\n"]));
                    if dice.one_in(40) {
                        text.push_str(",\"a\":1,");
                    }
                }
            }
            text.push('}');
        }
    }
    text.push_str(dice.pick(&SPACES));
}

fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}
