//! What a scalar means: YAML 1.2's core schema as the service's parser applies it, and its `!env` tag.

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    /// Without quotes.
    Plain,
    /// `'…'`
    Single,
    /// `"…"`
    Double,
    /// In lines of its own, behind `|` or `>`.
    Block(Chomp),
}

/// What becomes of the line breaks at the end of a block text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chomp {
    /// One stays.
    Clip,
    /// None stays (`-`).
    Strip,
    /// All stay (`+`).
    Keep,
}

/// A tag that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// `!env`: a variable.
    Env,
    /// `!!str`: text, whatever it looks like.
    Text,
}

/// A scalar's meaning.
#[derive(Clone, Copy, PartialEq)]
pub enum Scalar<'a> {
    /// `null`, `~`, or nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number, or one that doesn't fit.
    Float(f64),
    /// Text.
    String(&'a str),
    /// `!env NAME`, with the cast behind `::` still in it.
    Env(&'a str),
}

impl Scalar<'_> {
    /// The word for this kind of value in a message.
    #[must_use]
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::Null => "empty (null)",
            Self::Bool(_) => "true or false",
            Self::Integer(_) | Self::Float(_) => "a number",
            Self::String(_) => "text",
            Self::Env(_) => "a variable (`!env`)",
        }
    }
}

/// A variable as the service reads `!env NAME` and `!env NAME::cast`.
#[must_use]
pub(crate) fn env_name(text: &str) -> (&str, Option<&str>) {
    text.split_once("::").map_or((text, None), |(name, cast)| (name, Some(cast)))
}

/// Reads a scalar as the service does.
pub(crate) fn read(text: &str, quote: Quote, tag: Option<Tag>) -> Scalar<'_> {
    match tag {
        Some(Tag::Env) => Scalar::Env(text),
        None if quote == Quote::Plain => plain(text),
        _ => Scalar::String(text),
    }
}

/// Reads a scalar without quotes and without a tag.
pub(crate) fn plain(text: &str) -> Scalar<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        _ => number(text).unwrap_or(Scalar::String(text)),
    }
}

fn number(text: &str) -> Option<Scalar<'static>> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let first = unsigned.bytes().next()?;
    if !(first.is_ascii_digit() || first == b'.') {
        return None;
    }
    for (prefix, radix) in [("0o", 8), ("0x", 16)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let valid = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
            let large = || {
                digits
                    .chars()
                    .filter_map(|c| c.to_digit(radix))
                    .fold(0.0, |sum, digit| sum * f64::from(radix) + f64::from(digit))
            };
            return valid.then(|| {
                i64::from_str_radix(digits, radix).map_or_else(|_| Scalar::Float(large()), Scalar::Integer)
            });
        }
    }
    if unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return Some(text.parse().map_or_else(|_| float(text), Scalar::Integer));
    }
    if matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(Scalar::Float(f64::NAN));
    }
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Some(Scalar::Float(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY }));
    }
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_ok = exponent.is_none_or(|e| {
        let e = e.strip_prefix(['-', '+']).unwrap_or(e);
        !e.is_empty() && digits(e)
    });
    let ok = digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty()) && exponent_ok;
    ok.then(|| float(text))
}

/// A number as JavaScript reads it: `1e3` and `1000.0` are the whole number 1000.
#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and within 53 bits")]
fn float(text: &str) -> Scalar<'static> {
    match text.parse::<f64>() {
        Ok(value) if value.fract() == 0.0 && value.abs() < 9e15 => Scalar::Integer(value as i64),
        Ok(value) => Scalar::Float(value),
        Err(_) => Scalar::Float(f64::NAN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_schema_as_the_service_reads_it() {
        for (text, expected) in [
            ("yes", Scalar::String("yes")),
            ("010", Scalar::Integer(10)),
            ("1e3", Scalar::Integer(1000)),
            ("0x12", Scalar::Integer(18)),
            ("0o17", Scalar::Integer(15)),
            ("-7", Scalar::Integer(-7)),
            ("2026-08-01", Scalar::String("2026-08-01")),
            ("1.2.3", Scalar::String("1.2.3")),
            ("0b1", Scalar::String("0b1")),
            ("1_000", Scalar::String("1_000")),
            (".5", Scalar::Float(0.5)),
            ("1.", Scalar::Integer(1)),
            (".", Scalar::String(".")),
            ("1e", Scalar::String("1e")),
            ("-", Scalar::String("-")),
            ("-0x1", Scalar::String("-0x1")),
            ("~", Scalar::Null),
            ("null", Scalar::Null),
            ("nULL", Scalar::String("nULL")),
            ("True", Scalar::Bool(true)),
        ] {
            assert!(plain(text) == expected, "{text}");
        }
    }

    #[test]
    fn quotes_and_tags_decide_before_the_text_does() {
        assert!(read("123", Quote::Single, None) == Scalar::String("123"));
        assert!(read("123", Quote::Plain, Some(Tag::Text)) == Scalar::String("123"));
        assert!(read("PS_X", Quote::Double, Some(Tag::Env)) == Scalar::Env("PS_X"));
    }
}
