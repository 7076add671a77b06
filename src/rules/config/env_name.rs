//! `env-name`: a variable the service refuses to look up.

use crate::config::{Scalar, env_name, is_env_name};
use crate::rules::finding::Found;
use crate::rules::rule::{Look, Rule, Severity};
use crate::rules::subject::Subject;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "env-name",
    severity: Severity::Error,
    pedantic: false,
    finds: "A variable behind `!env` has a name or a cast that the service refuses, or a value that can't be cast.",
    why: "The name must begin with `PS_`; behind it may stand `::number` or `::boolean`. The service does not start with \
          another, even in a field that nobody uses.",
    mend: "Give the variable a name that begins with `PS_`, here and where it is set.",
    look: Look::Start(look),
};

fn look(subject: &Subject<'_>) -> Vec<Found> {
    let doc = subject.doc();
    let all = doc.nodes().filter_map(|(id, _)| match doc.scalar(id)? {
        Scalar::Env(written) if doc.target(id) == id => Some((id, written)),
        _ => None,
    });
    let (named, others): (Vec<_>, Vec<_>) =
        all.partition(|(_, written)| is_env_name(written, subject.keys.is_cloud));
    let bad_casts = named.into_iter().filter_map(|(id, written)| {
        let (name, cast) = env_name(written);
        let (value, span) = (subject.values()(name)?, subject.span(id));
        let expected = match cast? {
            "number" if !is_number(&value) => "a number",
            "boolean" if !is_boolean(&value) => "`true` or `false`",
            _ => return None,
        };
        let message =
            format!("the service does not start with this file: the value of {name} has to be {expected}, and isn't");
        Some(
            Found::new(span.clone(), message)
                .of_any(subject.key_at(&span))
                .help(format!("Set another value, or take the cast behind {name} off: the service prints the value when it fails")),
        )
    });
    let others = others.into_iter().map(|(id, written)| {
        let (name, cast) = env_name(written);
        let span = subject.span(id);
        let found = |message: String| {
            Found::new(span.clone(), format!("the service does not start with this file: {message}"))
                .of_any(subject.key_at(&span))
        };
        if cast.is_some() && is_env_name(name, subject.keys.is_cloud) {
            return found(format!("it doesn't know the cast behind {name}"))
                .help("Write `::number` or `::boolean`, or no cast where text belongs");
        }
        // What stands there may be a secret in the wrong place.
        found("what stands behind `!env` is no variable whose name begins with `PS_`".to_owned())
    });
    bad_casts.chain(others).collect()
}

/// Whether JavaScript's `Number` makes a number of it.
fn is_number(text: &str) -> bool {
    let text = text.trim_matches(super::is_white_in_js);
    let digits = |prefixes: [&str; 2], radix| {
        let digits = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix));
        digits.is_some_and(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix)))
    };
    let decimal =
        text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) && text.parse::<f64>().is_ok();
    let infinite = matches!(text, "Infinity" | "+Infinity" | "-Infinity");
    text.is_empty()
        || decimal
        || infinite
        || digits(["0x", "0X"], 16)
        || digits(["0o", "0O"], 8)
        || digits(["0b", "0B"], 2)
}

fn is_boolean(text: &str) -> bool {
    text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
}
