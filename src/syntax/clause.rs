//! The profile: what a YAML text must keep to so that it can't be read in two ways. docs/yaml-profile.md states it.

/// A clause of the profile. What breaks one may be read differently by the service, or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clause {
    /// No control characters, no byte order mark further down, no Unicode line separators.
    Characters,
    /// Lines end in LF or CRLF.
    LineEndings,
    /// Tabs only in quotes, in comments, in block text and behind a value.
    Tabs,
    /// A comment follows a blank or begins its line; in brackets it is indented.
    Comments,
    /// No lines that begin with `%`.
    Directives,
    /// `---` only before the content and `...` only after it, each on a line of its own.
    Marks,
    /// Nothing begins with `?`.
    QuestionMark,
    /// A name is text on one line, in quotes or without.
    Names,
    /// A name comes before each `:`, and a blank or the line's end after it.
    Colons,
    /// Text without quotes begins with no character that has a meaning of its own.
    PlainText,
    /// Nothing but a comment follows a value on its line.
    AfterValue,
    /// Escapes in double quotes are whole characters.
    Escapes,
    /// Text over several lines is indented deeper than what holds it, without blank lines.
    TextOverLines,
    /// The names of a mapping, and the dashes of a list, begin in one column.
    Indentation,
    /// In braces stand members (`name: value`), in brackets values, with a comma between two of them.
    Brackets,
    /// Nothing but `-` or `+` follows `|` or `>`.
    BlockHeaders,
    /// White space in and around block text is indentation or content, never half of either.
    BlockText,
    /// No tags but `!env` and `!!str`, each on the line of its value.
    Tags,
    /// Anchors have simple names, used once, and aliases refer to a value without aliases above them.
    Aliases,
    /// Numbers that JavaScript holds exactly.
    Numbers,
    /// No names that every JavaScript object has.
    JavaScriptNames,
}

impl Clause {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 21] = [
        Self::Characters,
        Self::LineEndings,
        Self::Tabs,
        Self::Comments,
        Self::Directives,
        Self::Marks,
        Self::QuestionMark,
        Self::Names,
        Self::Colons,
        Self::PlainText,
        Self::AfterValue,
        Self::Escapes,
        Self::TextOverLines,
        Self::Indentation,
        Self::Brackets,
        Self::BlockHeaders,
        Self::BlockText,
        Self::Tags,
        Self::Aliases,
        Self::Numbers,
        Self::JavaScriptNames,
    ];

    /// What is found where the clause is broken.
    #[must_use]
    pub(crate) const fn found(self) -> &'static str {
        match self {
            Self::Characters => "a control character, a byte order mark or a Unicode line separator",
            Self::LineEndings => "a carriage return without a line feed",
            Self::Tabs => "a tab outside of quotes, comments and block text",
            Self::Comments => "a `#` that follows no space",
            Self::Directives => "a directive (`%`)",
            Self::Marks => "a document mark (`---`, `...`) in an unusual place",
            Self::QuestionMark => "a text or a name that begins with `?`",
            Self::Names => "a name that isn't text on one line",
            Self::Colons => "a `:` without a name before it or a space after it",
            Self::PlainText => "a text without quotes that begins with a special character",
            Self::AfterValue => "something between a value and the end of its line",
            Self::Escapes => "an escape that is half a character",
            Self::TextOverLines => {
                "a text over several lines that has blank lines or isn't indented deeper than its name"
            }
            Self::Indentation => "a line that is indented differently from the lines it belongs to",
            Self::Brackets => "an unusual entry in brackets",
            Self::BlockHeaders => "more than `-` or `+` behind `|` or `>`",
            Self::BlockText => "white space around a block text that may belong to it",
            Self::Tags => "a tag other than `!env` and `!!str`, or one away from its value",
            Self::Aliases => "an unusual anchor (`&name`) or alias (`*name`)",
            Self::Numbers => "a number that JavaScript can't hold exactly",
            Self::JavaScriptNames => "a name that every JavaScript object has",
        }
    }

    /// How to write it in its place.
    #[must_use]
    pub(crate) const fn instead(self) -> &'static str {
        match self {
            Self::Characters => "Remove it, or write it as an escape in double quotes (`\"\\u…\"`)",
            Self::LineEndings => "Save the file with Unix or Windows line endings",
            Self::Tabs => "Use spaces",
            Self::Comments => "Put a space before the `#`",
            Self::Directives => "Remove the line",
            Self::Marks => "Put the mark on a line of its own, or remove it",
            Self::QuestionMark => "Put it in quotes, or write `name: value`",
            Self::Names => "Write the name as text, in quotes where needed",
            Self::Colons => "Write `name: value`",
            Self::PlainText => "Put the text in quotes",
            Self::AfterValue => "Put the whole value in quotes, or remove what follows it",
            Self::Escapes => "Write the whole character",
            Self::TextOverLines => "Indent it deeper, or write it on one line",
            Self::Indentation => "Indent it as its neighbors are",
            Self::Brackets => {
                "Write values in brackets and `name: value` in braces, with a comma between them"
            }
            Self::BlockHeaders => {
                "Write `|`, `|-`, `>` or `>-`, and indent the first line of the text as the others"
            }
            Self::BlockText => "Remove the white space",
            Self::Tags => "Remove the tag, or put it before its value",
            Self::Aliases => "Write the value out",
            Self::Numbers => "Write a number of at most 15 digits, or put it in quotes",
            Self::JavaScriptNames => "Use another name",
        }
    }
}
