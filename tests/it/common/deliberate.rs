//! What the service reads and we refuse on purpose.

/// A kind of config that we refuse though the service reads it.
pub struct Refusal {
    pub what: &'static str,
    /// How our messages begin, each with a config that is refused so: the name that says how to read it, and its bytes.
    /// A test goes through them, so that none stays here that happens no more.
    pub shown: &'static [(&'static str, &'static str, &'static [u8])],
}

const YAML: &str = "powersync.yaml";
const JSON: &str = "powersync.json";

const OF_ITS_OWN: &str = "the service reads a value with this tag in a way of its own";

pub const DELIBERATE: &[Refusal] = &[
    Refusal {
        what: "bytes that are no UTF-8: the service reads each as U+FFFD, so no secret would be what stands there",
        shown: &[("this is not UTF-8 text", YAML, b"storage: {type: mongodb}\nnote: \xe9\n")],
    },
    Refusal {
        what: "values nested over 256 levels",
        shown: &[(
            "values are nested more than 256 levels deep",
            YAML,
            include_bytes!("../../../fixtures/bad-deep-nesting/powersync.yaml"),
        )],
    },
    Refusal {
        what: "encrypted with sops: what stands there as secrets are none",
        shown: &[(
            "this file is encrypted with sops",
            YAML,
            include_bytes!("../../../fixtures/bad-sops/powersync.yaml"),
        )],
    },
    Refusal {
        what: "an alias inside of what it stands for: a value without an end",
        shown: &[(
            "this alias stands inside of what it stands for",
            YAML,
            b"storage: {type: mongodb}\nnote: &a [*a]\n",
        )],
    },
    Refusal {
        what: "a name left out before its colon, or on the line above it; brackets right behind a colon (`{a:[]}`)",
        shown: &[
            ("there is no name before this `:`", YAML, b"storage: {type: mongodb}\nnote:\n  : a\n"),
            ("there is no name before this `:`", YAML, b"storage: {type: mongodb}\nnote: {a:[]}\n"),
            ("expected `name: value` here", YAML, b"storage: {type: mongodb}\nnote\n : a\n"),
        ],
    },
    Refusal {
        what: "a name behind a `?`, on one line or two",
        shown: &[
            ("a name behind a `?` is read differently", YAML, b"storage: {type: mongodb}\n? note\n: a\n"),
            ("a `?` alone is no text", YAML, b"storage: {type: mongodb}\nnote: [?]\n"),
        ],
    },
    Refusal {
        what: "blank space below a text with a number in its header, or with nothing in it",
        shown: &[(
            "the service reads the blank space below this text differently",
            YAML,
            b"storage: {type: mongodb}\nnote: |\n ",
        )],
    },
    Refusal {
        what: "a tab in the white space below a text in lines, which ends its mapping for the service",
        shown: &[(
            "a tab stands in the blank line below this text",
            YAML,
            b"storage: {type: mongodb}\nmore:\n  a: |\n  \t\n  b: c\n",
        )],
    },
    Refusal {
        what: "a comment right below a text's header with a number in it, deeper than the text's name",
        shown: &[(
            "a comment right below a text with a number in its header",
            YAML,
            b"storage: {type: mongodb}\nnote:\n  a: |2\n   # b\n",
        )],
    },
    Refusal {
        what: "a quote that is closed by nothing but an escaped one (`'''`), which the service's parser lets pass",
        shown: &[
            ("unclosed quote", YAML, b"storage: {type: mongodb}\nnote: '''"),
            ("invalid trailing content after", YAML, b"storage: {type: mongodb}\nnote: '''\nmore: 'a'\n"),
        ],
    },
    Refusal {
        what: "YAML 1.1's `!!binary`, `!!merge`, `!!omap`, `!!pairs`, `!!set`, `!!timestamp`",
        shown: &[
            (OF_ITS_OWN, YAML, b"storage: {type: mongodb}\nnote: !!binary YQ\n"),
            (OF_ITS_OWN, YAML, b"storage: {type: mongodb}\nnote: !!merge <<\n"),
            (OF_ITS_OWN, YAML, b"storage: {type: mongodb}\nnote: !!omap [a: b]\n"),
            (OF_ITS_OWN, YAML, b"storage: {type: mongodb}\nnote: !!pairs [a: b]\n"),
            (OF_ITS_OWN, YAML, b"storage: {type: mongodb}\nnote: !!set {a: null}\n"),
            (OF_ITS_OWN, YAML, b"storage: {type: mongodb}\nnote: !!timestamp 2026-11-23\n"),
        ],
    },
    Refusal {
        what: "a list or a mapping as a name",
        shown: &[("a list or a mapping can't be a name", YAML, b"storage: {type: mongodb}\n[a]: b\n")],
    },
    Refusal {
        what: "a list as a port, of which the service reads the first entry",
        shown: &[
            (
                "invalid-shape: the service does not start with this file: `port` must be",
                YAML,
                b"storage: {type: mongodb}\nport: [8080]\n",
            ),
            (
                "invalid-shape: the service does not start with this file: `telemetry.prometheus_port` must be",
                YAML,
                b"storage: {type: mongodb}\ntelemetry: {disable_telemetry_sharing: true, prometheus_port: [8080]}\n",
            ),
        ],
    },
    Refusal {
        what: "a carriage return without a line feed",
        shown: &[(
            "a carriage return stands here without a line feed",
            YAML,
            b"storage: {type: mongodb}\nnote: 'a\rb'\n",
        )],
    },
    Refusal {
        what: "a byte order mark further down, or a space behind it",
        shown: &[
            ("a BOM must not appear inside", YAML, "storage: {type: mongodb}\nnote: \u{feff}a\n".as_bytes()),
            (
                "a BOM must not appear inside of the text; it stands there twice",
                YAML,
                "\u{feff}\u{feff}a: b\nstorage: {type: mongodb}\n".as_bytes(),
            ),
            (
                "a space stands before the first line, which the service reads differently behind a byte order mark",
                YAML,
                "\u{feff} storage: {type: mongodb}\n".as_bytes(),
            ),
        ],
    },
    Refusal {
        what: "a text of nothing but blank space, which the service reads as none",
        shown: &[(
            "the service reads no text where nothing but blank space stands",
            YAML,
            b"storage: {type: mongodb}\nnote: |1\n  \n",
        )],
    },
    Refusal {
        what: "directives and tags that are none",
        shown: &[
            ("unsupported YAML major version", YAML, b"%YAML 2.0\n---\nstorage: {type: mongodb}\n"),
            ("duplicate version directive", YAML, b"%YAML 1.1\n%YAML 1.2\n---\nstorage: {type: mongodb}\n"),
            (
                "while scanning a YAML directive, found extremely long version number",
                YAML,
                b"%YAML 12345678901.1\n---\nstorage: {type: mongodb}\n",
            ),
            (
                "while scanning a directive, could not find expected directive name",
                YAML,
                b"% a\n---\nstorage: {type: mongodb}\n",
            ),
            (
                "while scanning a tag, did not find expected",
                YAML,
                b"%TAG a b\n---\nstorage: {type: mongodb}\n",
            ),
            (
                "while parsing a tag directive, did not find expected",
                YAML,
                b"%TAG !a b\n---\nstorage: {type: mongodb}\n",
            ),
            (
                "the TAG directive must only be given at most once per handle",
                YAML,
                b"%TAG !a! b\n%TAG !a! c\n---\nstorage: {type: mongodb}\n",
            ),
            ("invalid global tag character", YAML, b"%TAG !a! ^\n---\nstorage: {type: mongodb}\n"),
            (
                "while parsing a tag, did not find expected tag URI",
                YAML,
                b"storage: {type: mongodb}\nnote: !<> a\n",
            ),
            (
                "while parsing a tag, found an invalid escape sequence",
                YAML,
                b"storage: {type: mongodb}\nnote: !<%> a\n",
            ),
        ],
    },
    Refusal {
        what: "control characters, which YAML doesn't allow",
        shown: &[
            ("unexpected character", YAML, b"storage: {type: mongodb}\nnote: \x07\n"),
            (
                "while scanning a verbatim tag, did not find the expected",
                YAML,
                b"storage: {type: mongodb}\nnote: !<a\x12> b\n",
            ),
            (
                "while scanning an anchor or alias, did not find expected alphabetic or numeric character",
                YAML,
                b"storage: {type: mongodb}\nnote: &\x15 []\n",
            ),
        ],
    },
    Refusal {
        what: "half a character (`\\ud800`), which can't be written as UTF-8",
        shown: &[
            (
                "while parsing a quoted scalar, found high surrogate",
                YAML,
                b"storage: {type: mongodb}\nnote: \"\\ud800\"\n",
            ),
            (
                "while parsing a quoted scalar, found unpaired low surrogate",
                YAML,
                b"storage: {type: mongodb}\nnote: \"\\udc00\"\n",
            ),
            (
                "while parsing a quoted scalar, found invalid low surrogate",
                YAML,
                b"storage: {type: mongodb}\nnote: \"\\ud800\\u0041\"\n",
            ),
            (
                "while parsing a quoted scalar, found invalid Unicode character escape code",
                YAML,
                b"storage: {type: mongodb}\nnote: \"\\U0000d800\"\n",
            ),
            (
                "this string has an invalid escape or a control character",
                JSON,
                br#"{"storage": {"type": "mongodb"}, "note": "\ud800"}"#,
            ),
        ],
    },
    Refusal {
        what: "variables whose name has other characters than letters, digits and `_`: what stands there may be a secret",
        shown: &[(
            "env-name: the service does not start with this file: what stands behind `!env` is no variable whose name begins with `PS_`",
            YAML,
            b"storage: {type: mongodb}\nnote: !env PS_ODD-NAME\n",
        )],
    },
];

/// Whether a message of ours is this one.
pub fn begins(why: &str, words: &str) -> bool {
    let why = why.strip_prefix("this is not valid ").map_or(why, |why| why.split_once(": ").unwrap().1);
    why.starts_with(words)
}

/// Which deliberate refusal a message of ours tells of.
pub fn deliberate(why: &str) -> Option<&'static str> {
    let meant = DELIBERATE.iter().find(|refusal| refusal.shown.iter().any(|(words, ..)| begins(why, words)));
    meant.map(|refusal| refusal.what)
}
