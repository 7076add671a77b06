//! JSON as the service reads and writes it: `JSON.parse` and `JSON.stringify` of JavaScript.

use std::borrow::Cow;

use crate::config::{ConfigError, Document, Input, NodeId, Scalar};

/// Bytes as a `TextDecoder` reads them: without a byte order mark, and with U+FFFD for what is no UTF-8.
pub(super) fn decode_text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    without_lone_surrogates(text).into_owned()
}

/// JavaScript's strings may hold half a character (`"\ud800"`); ours have U+FFFD in its place.
fn without_lone_surrogates(text: &str) -> Cow<'_, str> {
    let mut clean = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = text[at..].find('\\') {
        at += found;
        let unit = |at: usize| {
            let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
            u16::from_str_radix(digits, 16).ok()
        };
        match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => at += 12,
            (Some(0xd800..=0xdfff), _) => {
                clean.push_str(&text[copied..at]);
                clean.push_str("\\ufffd");
                at += 6;
                copied = at;
            }
            (Some(_), _) => at += 6,
            // A backslash and what it escapes, which may be a character of several bytes.
            (None, _) => at += 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    clean.push_str(&text[copied..]);
    Cow::Owned(clean)
}

/// A JSON object: a header, or a set of claims.
pub(super) struct Object<'t>(Document<'t>);

/// A JSON value.
#[derive(Clone, Copy)]
pub(super) struct JsValue<'o> {
    doc: &'o Document<'o>,
    id: NodeId,
}

impl<'t> Object<'t> {
    /// `Ok(None)`: no JSON, or no object. `Err`: nested deeper than is read here.
    pub(super) fn parse(text: &'t str) -> Result<Option<Self>, TooDeep> {
        match Document::read(text, Input::Json) {
            Ok(doc) if doc.members(doc.root()).is_some() => Ok(Some(Self(doc))),
            Err(ConfigError { problem: crate::config::Problem::TooDeep, .. }) => Err(TooDeep),
            Ok(_) | Err(_) => Ok(None),
        }
    }

    /// A member: the last, where it is duplicated.
    pub(super) fn get(&self, name: &str) -> Option<JsValue<'_>> {
        let (_, id) = self.0.member(self.0.root(), name)?;
        Some(JsValue { doc: &self.0, id })
    }

    /// The names that stand more than once.
    pub(super) fn repeated(&self) -> Vec<String> {
        let root = self.0.root();
        let names = self.0.members(root).unwrap_or_default().iter();
        let mut repeated: Vec<String> = names
            .filter_map(|(name, _)| self.0.string(*name))
            .filter(|name| self.0.count_of(root, name) > 1)
            .map(str::to_owned)
            .collect();
        repeated.sort();
        repeated.dedup();
        repeated
    }
}

/// More nesting than is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooDeep;

impl<'o> JsValue<'o> {
    pub(super) fn text(&self) -> Option<&'o str> {
        self.doc.string(self.id)
    }

    #[expect(clippy::cast_precision_loss, reason = "JavaScript loses it, too")]
    pub(super) fn number(&self) -> Option<f64> {
        match self.doc.scalar(self.id) {
            Some(Scalar::Integer(number)) => Some(number as f64),
            Some(Scalar::Float(number)) => Some(number),
            _ => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.doc.scalar(self.id), Some(Scalar::Null))
    }

    pub(super) fn bool(&self) -> Option<bool> {
        match self.doc.scalar(self.id) {
            Some(Scalar::Bool(value)) => Some(value),
            _ => None,
        }
    }

    pub(super) fn items(&self) -> Option<Vec<Self>> {
        let items = self.doc.items(self.id)?;
        Some(items.iter().map(|id| Self { doc: self.doc, id: *id }).collect())
    }

    pub(super) fn is_object(&self) -> bool {
        self.doc.members(self.id).is_some()
    }

    /// Whether it counts as true in an `if`.
    pub(super) fn is_truthy(&self) -> bool {
        match self.doc.scalar(self.id) {
            Some(Scalar::Null | Scalar::Bool(false)) => false,
            Some(Scalar::String(text)) => !text.is_empty(),
            Some(Scalar::Integer(_) | Scalar::Float(_)) => self.number() != Some(0.0),
            _ => true,
        }
    }

    /// `value == text`, the loose one of JavaScript.
    pub(super) fn loosely_equals(&self, text: &str) -> bool {
        match self.doc.scalar(self.id) {
            Some(Scalar::String(own)) => own == text,
            Some(Scalar::Bool(own)) => Some(to_number(text)) == Some(f64::from(u8::from(own))),
            Some(Scalar::Integer(_) | Scalar::Float(_)) => self.number() == Some(to_number(text)),
            Some(_) => false,
            None => self.as_string() == text,
        }
    }

    /// Whether JavaScript throws where it would make a text of it: an object with a `toString` of its own.
    pub(super) fn cannot_be_text(&self) -> bool {
        match self.items() {
            Some(items) => items.iter().any(Self::cannot_be_text),
            None => self.doc.member(self.id, "toString").is_some(),
        }
    }

    /// `String(value)`.
    pub(super) fn as_string(&self) -> String {
        if let Some(items) = self.items() {
            let parts =
                items.iter().map(|item| if item.is_null() { String::new() } else { item.as_string() });
            return parts.collect::<Vec<_>>().join(",");
        }
        match (self.text(), self.number(), self.bool()) {
            (Some(text), ..) => text.to_owned(),
            (_, Some(number), _) => number_text(number),
            (.., Some(value)) => value.to_string(),
            _ if self.is_null() => "null".to_owned(),
            _ => "[object Object]".to_owned(),
        }
    }

    /// `JSON.stringify(value)`.
    pub(super) fn stringify(&self) -> String {
        if let Some(items) = self.items() {
            let items: Vec<String> = items.iter().map(Self::stringify).collect();
            return format!("[{}]", items.join(","));
        }
        if let Some(members) = self.doc.members(self.id) {
            let mut named: Vec<(&str, NodeId)> = Vec::new();
            for (name, value) in members {
                let name = self.doc.string(*name).unwrap_or_default();
                match named.iter_mut().find(|(other, _)| *other == name) {
                    Some((_, place)) => *place = *value,
                    None => named.push((name, *value)),
                }
            }
            let members: Vec<String> = named
                .into_iter()
                .map(|(name, id)| format!("{}:{}", quote(name), Self { doc: self.doc, id }.stringify()))
                .collect();
            return format!("{{{}}}", members.join(","));
        }
        match (self.text(), self.number()) {
            (Some(text), _) => quote(text),
            (_, Some(number)) if !number.is_finite() => "null".to_owned(),
            _ => self.as_string(),
        }
    }
}

fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `Number(text)`.
fn to_number(text: &str) -> f64 {
    let text = text.trim();
    let radix = [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)];
    if let Some((digits, radix)) =
        radix.iter().find_map(|(prefix, radix)| Some((text.strip_prefix(prefix)?, radix)))
    {
        return u32::from_str_radix(digits, *radix).map_or(f64::NAN, f64::from);
    }
    match text.strip_prefix(['+', '-']).unwrap_or(text) {
        "" if text.is_empty() => 0.0,
        "Infinity" => text.replace("Infinity", "inf").parse().unwrap_or(f64::NAN),
        digits if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
            text.parse().unwrap_or(f64::NAN)
        }
        _ => f64::NAN,
    }
}

/// A number as JavaScript writes it (ECMA-262, `Number::toString`): the shortest digits that read back the same.
pub(super) fn number_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if number == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{:e}", number.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = mantissa.replace('.', "");
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let count = i32::try_from(digits.len()).unwrap_or(0);
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    let text = match exponent {
        _ if (count - 1..21).contains(&exponent) => format!("{digits}{}", zeros(exponent + 1 - count)),
        0..21 => {
            let (whole, fraction) = digits.split_at(usize::try_from(exponent + 1).unwrap_or(1));
            format!("{whole}.{fraction}")
        }
        -6..0 => format!("0.{}{digits}", zeros(-exponent - 1)),
        _ => {
            let sign = if exponent < 0 { "" } else { "+" };
            let (first, rest) = digits.split_at(1);
            let dot = if rest.is_empty() { "" } else { "." };
            format!("{first}{dot}{rest}e{sign}{exponent}")
        }
    };
    if number < 0.0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_in_javascript() {
        for (number, text) in [
            (86401.0, "86401"),
            (-3600.0, "-3600"),
            (0.0, "0"),
            (0.5, "0.5"),
            (100.25, "100.25"),
            (1e21, "1e+21"),
            (1.5e300, "1.5e+300"),
            (1_152_921_504_606_846_976.0, "1152921504606847000"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (1.25e-9, "1.25e-9"),
            (f64::INFINITY, "Infinity"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(number_text(number), text);
        }
    }

    #[test]
    fn values_equal_text_as_loosely_as_in_javascript() {
        for (json, text, equal) in [
            ("\"a\"", "a", true),
            ("123", "123", true),
            ("123", " 123.0 ", true),
            ("123", "0x7b", true),
            ("123", "abc", false),
            ("true", "1", true),
            ("true", "true", false),
            ("[\"a\"]", "a", true),
            ("[\"a\",null,1]", "a,,1", true),
            ("{}", "[object Object]", true),
            ("1e400", "Infinity", true),
        ] {
            let text_of = format!("{{\"kid\":{json}}}");
            let object = Object::parse(&text_of).ok().flatten().unwrap();
            assert_eq!(object.get("kid").unwrap().loosely_equals(text), equal, "{json} == {text}");
        }
    }

    #[test]
    fn json_is_written_as_in_javascript() {
        let text = "{\"aud\": [\"a\\u0001\\\"\", 1.0, 1e400, null, {\"b\": true, \"c\": 1, \"b\": []}, \"é\\ud800\"]}";
        let decoded = decode_text(text.as_bytes());
        let object = Object::parse(&decoded).ok().flatten().unwrap();
        let expected = "[\"a\\u0001\\\"\",1,null,null,{\"b\":[],\"c\":1},\"é\u{fffd}\"]";
        assert_eq!(object.get("aud").unwrap().stringify(), expected);
    }

    #[test]
    fn halves_of_characters_are_replaced_and_whole_ones_stay() {
        for (text, clean) in [
            (r"\ud83d\ude00", r"\ud83d\ude00"),
            (r"\ud83d", r"\ufffd"),
            (r"\ude00x", r"\ufffdx"),
            (r"\\ud83d", r"\\ud83d"),
            (r"\ud83d\ud83d\ude00", r"\ufffd\ud83d\ude00"),
            (r"\é\u00e9", r"\é\u00e9"),
            ("\\", "\\"),
        ] {
            assert_eq!(without_lone_surrogates(text), clean);
        }
    }
}
