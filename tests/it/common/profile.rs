//! The clauses of the profile, each with documents on either side of its edge.

use powersync_jwks::config::Clause;

/// What a clause says, with what keeps to it and what doesn't. Where no `storage` is in a text, it is meant below one.
pub struct Shown {
    pub clause: Clause,
    pub rule: &'static str,
    pub inside: &'static [&'static str],
    pub outside: &'static [&'static str],
}

const STORAGE: &str = "storage: {type: mongodb}\n";

/// The whole document.
pub fn document(text: &str) -> String {
    if text.contains("storage") { text.to_owned() } else { format!("{STORAGE}{text}") }
}

pub const PROFILE: &[Shown] = &[
    Shown {
        clause: Clause::Characters,
        rule: "No control characters, no Unicode line separators, and a byte order mark only as the very first character, with neither a blank nor a dash behind it.",
        inside: &[
            "\u{feff}storage: {type: mongodb}\n",
            "\u{feff}\n# a\nstorage: {type: mongodb}\n",
            "note: \"a\\u2028b\"\n",
            "note: schlüssel-ß\n",
        ],
        outside: &[
            "\u{feff} storage: {type: mongodb}\n",
            "\u{feff}- storage: {type: mongodb}\n",
            "\u{feff}\u{feff}storage: {type: mongodb}\n",
            "note: a\u{2028}b\n",
            "note: a\u{85}b\n",
            "note: a\u{7}b\n",
            "note: \u{feff}a\n",
        ],
    },
    Shown {
        clause: Clause::LineEndings,
        rule: "Lines end in LF or CRLF.",
        inside: &["note: a\r\nmore: b\r\n"],
        outside: &["note: a\rmore: b\n"],
    },
    Shown {
        clause: Clause::Tabs,
        rule: "Tabs stand only in quotes, in comments, in block text and between a value and the end of its line.",
        inside: &["note: 'a\tb'\n", "note: a\t# b\tc\n", "note: |\n  a\tb\n"],
        outside: &[
            "note:\n\ta: b\n",
            "note:\ta\n",
            "note: a\tb\n",
            "note: a\n\t\nmore: b\n",
            "note: {a: b,\tc: d}\n",
        ],
    },
    Shown {
        clause: Clause::Comments,
        rule: "A comment follows a blank or begins its line. In brackets, one with a line of its own is indented.",
        inside: &["note: a # b\n# c\n", "note: a#b\n", "note: [\n  a\n # b\n ]\n"],
        outside: &["note: 'a'# b\n", "note: [a,# b\n  c]\n", "note: [\n  a\n# b\n  ]\n"],
    },
    Shown {
        clause: Clause::Directives,
        rule: "No directives: no line begins with `%`.",
        inside: &["storage: {type: mongodb}\nnote: '%'\n"],
        outside: &[
            "%YAML 1.2\n---\nstorage: {type: mongodb}\n",
            "storage: {type: mongodb}\n...\n%YAML 1.2\n",
        ],
    },
    Shown {
        clause: Clause::Marks,
        rule: "`---` stands only before the content and `...` only after it, each on a line of its own.",
        inside: &["# a\n---\nstorage: {type: mongodb}\n...\n# b\n"],
        outside: &["--- {storage: {type: mongodb}}\n", "...\nstorage: {type: mongodb}\n", "note: ---\n"],
    },
    Shown {
        clause: Clause::QuestionMark,
        rule: "Neither a name nor a text without quotes begins with `?`.",
        inside: &["note: '?'\n", "note: a?\n"],
        outside: &["? note\n: a\n", "note: ?\n", "note: [?a]\n"],
    },
    Shown {
        clause: Clause::Names,
        rule: "A name is text on one line, in quotes or without, of at most 1,000 bytes. It has no tag and no anchor.",
        inside: &["'1': a\n", "\"null\": a\n", "<<: a\n", "yes: a\n"],
        outside: &[
            "1: a\n",
            "null: a\n",
            "[a]: b\n",
            "{a: b}: c\n",
            "&a note: b\n",
            "!!str note: a\n",
            "note: {~: a}\n",
        ],
    },
    Shown {
        clause: Clause::Colons,
        rule: "A name comes before each `:`, on the same line, and a blank or the line's end after it. Behind quotes, in braces, the blank may be missing.",
        inside: &["note: a:b\n", "note: {\"a\":1, 'b':2}\n", "note : a\n"],
        outside: &[
            "note\t: a\n",
            "note: {a:\n  b}\n",
            ": a\n",
            "note\n : a\n",
            "\"note\":a\n",
            "note: {a:[]}\n",
            "note: [: a]\n",
        ],
    },
    Shown {
        clause: Clause::PlainText,
        rule: "Text without quotes begins with none of ``, [ ] { } # & * ! | > ' \" % @ ` ``, nor with a `-` alone, and in brackets has no brackets or commas in it.",
        inside: &["note: -a\n", "note: 5% @home\n", "note: a[0]\n"],
        outside: &[
            "|\n  storage\n",
            "note: @a\n",
            "note: %a\n",
            "note: `a`\n",
            "note: -\n",
            "note: - a\n",
            "note: [a,, b]\n",
        ],
    },
    Shown {
        clause: Clause::AfterValue,
        rule: "Nothing but a comment follows a value on its line, and the quotes of a text are closed.",
        inside: &["note: 'a' # b\n", "note: 'it''s'\n"],
        outside: &["note: 'a' b\n", "note: [a] b\n", "note: '''\n"],
    },
    Shown {
        clause: Clause::Escapes,
        rule: "Escapes in double quotes, and in JSON, stand for whole characters.",
        inside: &["note: \"\\ud83d\\udd11 \\x41 \\U0001f511\"\n"],
        outside: &[
            "note: \"\\ud800\"\n",
            "note: \"\\udc00\"\n",
            "note: \"\\ud800\\u0041\"\n",
            "note: \"\\U0000d800\"\n",
        ],
    },
    Shown {
        clause: Clause::TextOverLines,
        rule: "Text in quotes may go on over lines that are indented deeper than what holds it, without blank lines in between.",
        inside: &["note: 'a\n  b'\n", "note: \"a\\\n  b\"\n"],
        outside: &[
            "note: 'a\nb'\n",
            "note: 'a\n\n  b'\n",
            "more:\n  note: \"a\n  b\"\n",
            "note: \"a\t\n  b\"\n",
            "note: \"a\t \n  b\"\n",
        ],
    },
    Shown {
        clause: Clause::Indentation,
        rule: "The names of a mapping, and the dashes of a list, begin in one column. Text without quotes may go on over lines that are indented deeper than what holds it, without blank lines and comments in between.",
        inside: &["note:\n- a\n- b\n", "note: a\n  b\n", "note:\n  -   a: b\n      c: d\n"],
        outside: &["note: a\n\n  b\n", "note: a # b\n  c\n", "note:\n  - a\n - b\n", "- a\n"],
    },
    Shown {
        clause: Clause::Brackets,
        rule: "Braces hold `name: value`, brackets hold values, with a comma between two of them and the value on the line of its name.",
        inside: &["note: {a: b, c: }\n", "note: [\n  a,\n  b,\n]\n", "note: [a\n  , b]\n"],
        outside: &[
            "note: {\"a\":\n  b}\n",
            "note: {a}\n",
            "note: [a: b]\n",
            "note: ['a' 'b']\n",
            "note: [a}\n",
        ],
    },
    Shown {
        clause: Clause::BlockHeaders,
        rule: "Nothing but `-` or `+` follows the `|` or `>` of a block text, and a comment may.",
        inside: &["note: |- # a\n  b\n", "note: >\n  a\n  b\n", "note: |+\n  a\n\nmore: b\n"],
        outside: &[
            "note: |# a\n  b\n",
            "note: |2\n   a\n",
            "note: |-2\n   a\n",
            "note: |a\n  b\n",
            "note: | a\n  b\n",
        ],
    },
    Shown {
        clause: Clause::BlockText,
        rule: "A block text belongs to a name or a dash. Its first line has text in it and is indented the least; blank lines before and after it are not wider, and those below `>` have no deeper lines around them.",
        inside: &["note: |\n\n  a\n   b\n \nmore: c\n", "note: |\nmore: a\n", "note: |\n  a\n     \n  b\n"],
        outside: &[
            "note: |\n    \n  a\n",
            "note: |\n  a\n     \n",
            "note: >\n  a\n   b\n",
            "note: |\n \nmore: a\n",
            "note: |+\nmore: a\n",
            "note: |\n  a\n  \t\n",
        ],
    },
    Shown {
        clause: Clause::Tags,
        rule: "No tags but `!env` and `!!str`, before a text on the same line, in quotes or without.",
        inside: &["note: !!str 1\n", "note: !!str '1'\n", "note: &a !!str 1\n"],
        outside: &[
            "note: !a b\n",
            "note: !!int 1\n",
            "note: !!str\n",
            "note: !!str\n  a\n",
            "note: !!str |\n  a\n",
            "note: !<!env> PS_K\n",
            "note: !!map {a: b}\n",
        ],
    },
    Shown {
        clause: Clause::Aliases,
        rule: "Anchors have names of letters, digits, `-` and `_`, each used once. Aliases refer to a value above them that holds no alias, and there are at most 64.",
        inside: &[
            "note: &a # b: c\n  d: e\n",
            "note: &a [b]\nmore: *a\n",
            "note: &a\n  b: c\nmore: [*a, *a]\n",
        ],
        outside: &[
            "note: &a [*a]\n",
            "note: &a b\nmore: &a c\n",
            "note: &ä b\n",
            "note: &a b\nmore: &c [*a]\n",
            "note: &a\n",
        ],
    },
    Shown {
        clause: Clause::Numbers,
        rule: "Numbers are ones that JavaScript holds exactly: below 2^53, and no infinity.",
        inside: &["note: 9007199254740991\n", "note: 1.5\n", "note: '9007199254740993'\n"],
        outside: &["note: 9007199254740993\n", "note: .inf\n", "note: .nan\n", "note: 1e400\n"],
    },
    Shown {
        clause: Clause::JavaScriptNames,
        rule: "No names that every JavaScript object has: `__proto__`, `constructor`, `toString` and the like.",
        inside: &["note: __proto__\n", "parameters:\n  proto: a\n"],
        outside: &["parameters:\n  '__proto__': .INF\n", "note: {constructor: a}\n"],
    },
];

/// Documents that were once read in two ways.
pub const ONCE_DIFFERENT: [&str; 5] = [
    "{h: {s:\t{s: []},\"\":[p]},\"storage\":{\"type\":#\nm,\"\":''}}",
    "storage:\n type: b\ni:\n  - s\n  -\tf:",
    "h: []\nstorage:\n type: o\nparameters:\n '__proto__': .INF",
    "storage:\n type: b\n_:\n      t: \n      n:\n       ! ?         ",
    "storage:\n type: m\ni:\n?\n |2\n l                              ",
];
