//! What other readers of env files make of a line.

use super::EnvFile;
use super::read::AssignedValue;
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::Printable;

/// Something that not all readers take alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Oddity {
    Quotes,
    Comment,
    Spaces,
    Dollar,
}

impl Oddity {
    /// Who reads what.
    pub(crate) fn message(self, variable: &str, file: &str) -> Sentence {
        let (variable, file) = (Printable(variable), Printable(file));
        match self {
            Self::Quotes => sentence!(
                "{variable} is quoted in {file}: Compose, Node and systemd read what is inside, `docker run --env-file` the \
                 quotes as well. Write it without quotes"
            ),
            Self::Comment => sentence!(
                "a comment follows {variable} in {file}: Compose and Node leave it out, `docker run --env-file` and systemd \
                 read it as part of the value. Put it on a line of its own"
            ),
            Self::Spaces => sentence!(
                "spaces are around the `=` of {variable} in {file}: Compose and Node leave them out, `docker run --env-file` \
                 and systemd don't take the line as it is meant. Remove them"
            ),
            Self::Dollar => sentence!(
                "the value of {variable} in {file} has a `$`: Compose replaces it, Node, systemd and `docker run --env-file` \
                 don't. Keep it free of `$`"
            ),
        }
    }
}

impl EnvFile {
    /// What of a variable is read in more than one way.
    pub(crate) fn oddity(&self, name: &str) -> Option<Oddity> {
        let one = self.one(name).ok().flatten()?;
        let AssignedValue::Known(value) = &one.value else { return None };
        let (line, written) = (&self.text[one.lines.clone()], &self.text[one.written.clone()]);
        let after = &self.text[one.written.end..one.lines.end];
        let (before, behind) = line.split_once('=')?;
        match () {
            () if value.is_empty() => None,
            () if after.contains('#') => Some(Oddity::Comment),
            () if written.starts_with(['"', '\'']) => Some(Oddity::Quotes),
            () if before.ends_with([' ', '\t']) || behind.starts_with([' ', '\t']) => Some(Oddity::Spaces),
            () if written.contains('$') => Some(Oddity::Dollar),
            () => None,
        }
    }
}
