//! What the service reads and we refuse on purpose, apart from what is outside of the profile.

/// A kind of config that we refuse though the service reads it.
pub struct Refusal {
    pub what: &'static str,
    /// How our messages begin, each with a config that is refused so: the name that says how to read it, and its bytes.
    /// A test goes through them, so that none stays here that happens no more.
    pub shown: &'static [(&'static str, &'static str, &'static [u8])],
}

const YAML: &str = "powersync.yaml";

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
        what: "variables whose name has other characters than letters, digits and `_`: what stands there may be a secret",
        shown: &[(
            "env-name: the service does not start with this file: what is behind `!env` is no variable whose name begins with `PS_`",
            YAML,
            b"storage: {type: mongodb}\nnote: !env PS_ODD-NAME\n",
        )],
    },
];

/// Which deliberate refusal a message of ours tells of.
pub fn deliberate(why: &str) -> Option<&'static str> {
    let meant =
        DELIBERATE.iter().find(|refusal| refusal.shown.iter().any(|(words, ..)| why.starts_with(words)));
    meant.map(|refusal| refusal.what)
}
