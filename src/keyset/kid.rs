//! Key ids.

use std::fmt;

use super::member::Member;
use crate::base::random::{Random, RandomError};
use crate::base::text::{Named, Printable, list};
use crate::base::time::NumericDate;

/// A key id (RFC 7517, section 4.5): never empty, since the service never matches an empty one, and free of
/// control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kid(String);

/// Why a text can't be a new key's id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKid {
    /// Nothing in it.
    #[error("a kid can't be empty: the service never finds such a key")]
    Empty,
    /// Characters that don't survive headers, terminals and shells.
    #[error("a kid can't contain control characters or begin or end with a space")]
    Characters,
    /// `@…` names a key by its place.
    #[error("a kid can't begin with `@`: `@2` names the second key of the file")]
    At,
    /// More than 200 bytes.
    #[error("a kid can't be longer than 200 bytes: every token carries it")]
    Long,
}

impl Kid {
    /// Letters and digits that aren't taken for one another.
    const ALPHABET: &'static [u8; 31] = b"23456789abcdefghjkmnpqrstuvwxyz";

    /// A kid as it is in a file. `None` for the empty text.
    #[must_use]
    pub(crate) fn read(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// A kid that someone chose for a new key.
    pub fn new(text: &str) -> Result<Self, InvalidKid> {
        match text {
            "" => Err(InvalidKid::Empty),
            _ if text.chars().any(char::is_control) || text.trim() != text => Err(InvalidKid::Characters),
            _ if text.starts_with('@') => Err(InvalidKid::At),
            _ if text.len() > 200 => Err(InvalidKid::Long),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// A fresh kid: the day it was made and six random characters, such as `2026-11-23-k7f3q9`,
    /// behind a prefix of the policy.
    pub fn fresh(prefix: &str, now: NumericDate, random: &dyn Random) -> Result<Self, RandomError> {
        let mut suffix = String::with_capacity(6);
        while suffix.len() < 6 {
            let mut byte = [0];
            random.fill(&mut byte)?;
            // Bytes past the alphabet are drawn again, so that all characters are equally likely.
            if let Some(character) = Self::ALPHABET.get(usize::from(byte[0] & 31)) {
                suffix.push(char::from(*character));
            }
        }
        Ok(Self(format!("{prefix}{}-{suffix}", now.day())))
    }

    /// Whether it looks like one that [`Kid::fresh`] made: no token carried it before.
    #[must_use]
    pub(crate) fn is_fresh(&self, prefix: &str) -> bool {
        let parts = self.0.strip_prefix(prefix).and_then(|rest| rest.rsplit_once('-'));
        parts.is_some_and(|(day, random)| {
            let is_day = day.bytes().zip(*b"0000-00-00").all(|(byte, form)| match form {
                b'-' => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
            is_day
                && day.len() == 10
                && random.len() == 6
                && random.bytes().all(|byte| Self::ALPHABET.contains(&byte))
        })
    }

    /// The name of a key that isn't made yet: a chosen kid never looks like it.
    pub(crate) fn stand_in(when: &str) -> Self {
        Self(format!("(new {when})"))
    }

    /// What is shown for a kid that is a secret.
    pub(crate) fn hidden(number: usize) -> Self {
        Self(format!("(a secret, @{number})"))
    }

    /// The text itself, as tokens carry it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printable(&self.0).fmt(f)
    }
}

/// A key as people name it: by kid, or by its place in the file.
#[derive(Clone, PartialEq, Eq)]
pub enum KeyName {
    /// `@N`, from 1.
    Number(usize),
    /// A kid.
    Kid(String),
}

impl std::str::FromStr for KeyName {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.strip_prefix('@').and_then(|n| n.parse().ok());
        Ok(number.map_or_else(|| Self::Kid(text.to_owned()), Self::Number))
    }
}

/// It may be a secret that was given in the place of a name.
impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "Number({number})"),
            Self::Kid(kid) => write!(f, "Kid({})", Named(kid)),
        }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "@{number}"),
            Self::Kid(kid) => Printable(kid).fmt(f),
        }
    }
}

/// A key as messages and commands name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyRef {
    kid: Member<Kid>,
    number: usize,
}

impl KeyRef {
    pub(super) fn new(kid: &Member<Kid>, number: usize) -> Self {
        Self { kid: kid.clone(), number }
    }

    /// As a person who doesn't know `@N` reads it.
    #[must_use]
    pub(crate) fn in_words(&self) -> String {
        let place = || ordinal(self.number);
        match &self.kid {
            // What could be more than a name is told from the words around it.
            Member::Value(kid) if self.plain_kid().is_none() => {
                format!("`{}`", kid.to_string().replace('`', "\\u{60}"))
            }
            Member::Value(kid) => kid.to_string(),
            Member::Absent => format!("the {} key (no kid)", place()),
            Member::Variable(name) => format!("the {} key (kid in {})", place(), Printable(name)),
            Member::Unreadable(_) => format!("the {} key", place()),
        }
    }

    /// Whether tokens of any kid may be verified with it.
    #[must_use]
    pub(crate) fn is_wildcard(&self) -> bool {
        self.kid.is_absent()
    }

    /// Its place in the file, from 0.
    #[must_use]
    pub(crate) fn index(&self) -> usize {
        self.number - 1
    }

    /// Its name as an argument of a command.
    #[must_use]
    pub(crate) fn argument(&self) -> String {
        self.plain_kid().map_or_else(|| format!("@{}", self.number), Kid::to_string)
    }

    /// Its kid, where that can be an argument of a command without quotes: else commands name it by its number.
    pub(super) fn plain_kid(&self) -> Option<&Kid> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '+');
        let is_plain = |kid: &&Kid| kid.0.chars().all(plain) && !kid.0.starts_with('-');
        self.kid.value().filter(is_plain)
    }

    /// "a, b and c".
    #[must_use]
    pub(crate) fn list(keys: &[Self]) -> String {
        list(&keys.iter().map(Self::to_string).collect::<Vec<_>>())
    }
}

/// "first", "second", "11th".
fn ordinal(number: usize) -> String {
    const WORDS: [&str; 10] =
        ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];
    let word = number.checked_sub(1).and_then(|index| WORDS.get(index));
    word.map_or_else(
        || {
            let suffix = match (number % 10, number % 100) {
                (1, tens) if tens != 11 => "st",
                (2, tens) if tens != 12 => "nd",
                (3, tens) if tens != 13 => "rd",
                _ => "th",
            };
            format!("{number}{suffix}")
        },
        |word| (*word).to_owned(),
    )
}

/// By kid, or `@N` where it has none that can be read.
impl fmt::Display for KeyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kid.value() {
            Some(kid) => kid.fmt(f),
            None => write!(f, "@{}", self.number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Kid;

    #[test]
    fn only_kids_that_the_tool_made_look_fresh() {
        let is_fresh = |text: &str| Kid::new(text).unwrap().is_fresh("app-");
        assert!(is_fresh("app-2026-11-23-k7f3q9"));
        for other in [
            "2026-11-23-k7f3q9",
            "app-2026-11-23-k7f3q",
            "app-2026-11-23-k7f3q99",
            "app-2026-11-23-K7F3Q9",
            "app-2026-11-2-k7f3q9",
            "app-2026-11-234-k7f3q9",
            "app-2026x11-23-k7f3q9",
            "app-20a6-11-23-k7f3q9",
            "app-k7f3q9",
        ] {
            assert!(!is_fresh(other), "{other}");
        }
    }
}
