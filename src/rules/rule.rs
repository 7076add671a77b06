//! What a rule is, what it finds, and which rules run.

use std::fmt;

use zeroize::Zeroizing;

use super::comparison::ConfigDiff;
use super::inspected::Inspected;
use crate::base::command_line::CommandLine;
use crate::base::sentence::{Sentence, sentence};
use crate::base::text::Printable;
use crate::config::Span;
use crate::explain::{Ground, Harm, Standing};
use crate::keyset::{Key, KeyRef};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The service doesn't start, users are locked out, or anyone gets in.
    Error,
    /// Works, and is weaker or closer to an error than it looks.
    Warning,
    /// Worth knowing; right in one case and wrong in another.
    Info,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// What a rule looks at.
#[derive(Clone, Copy)]
pub(super) enum Look {
    /// At each key: `check`.
    Key(fn(&Inspected<'_>, &Key) -> Option<Finding>),
    /// At a config: `check`.
    Config(fn(&Inspected<'_>) -> Vec<Finding>),
    /// At a config, and in a change for what the old config didn't have: `check` and `diff`.
    New(fn(&Inspected<'_>) -> Vec<Finding>),
    /// At a change: `diff`.
    Change(fn(&ConfigDiff<'_>) -> Vec<Finding>),
    /// At a config and, in another way, at a change.
    Both(fn(&Inspected<'_>) -> Vec<Finding>, fn(&ConfigDiff<'_>) -> Vec<Finding>),
    /// At the file itself, or at the comments that silence other rules.
    File,
    /// At what is around the configs of a branch: `diff`.
    Branch,
}

/// How to fix what a rule finds.
pub(super) enum How {
    /// The same everywhere.
    Text(&'static str),
    /// With the tool and the key as they are named there.
    Named(fn(tool: &str, key: &str) -> Sentence),
}

impl How {
    fn message(&self, tool: &str, key: &str) -> Sentence {
        match self {
            Self::Text(text) => sentence!("{text}"),
            Self::Named(words) => words(tool, key),
        }
    }
}

/// A rule. Texts are Markdown, in full sentences.
pub struct Rule {
    /// Its id, as `--rule` and `ignore[…]` take it.
    pub id: &'static str,
    /// How much a finding matters.
    pub severity: Severity,
    /// Whether it runs only when asked for.
    pub pedantic: bool,
    /// What it finds, in one sentence.
    pub finds: &'static str,
    /// What the service does then, or what follows from it.
    pub why: &'static str,
    /// How to fix it.
    pub(super) fix: How,
    /// How it looks.
    pub(super) look: Look,
}

/// The start of an error's rule.
pub(super) const ERROR: Rule = Rule {
    id: "",
    severity: Severity::Error,
    pedantic: false,
    finds: "",
    why: "",
    fix: How::Text(""),
    look: Look::File,
};
/// The start of a warning's rule.
pub(super) const WARNING: Rule = Rule { severity: Severity::Warning, ..ERROR };
/// The start of the rule of something to know.
pub(super) const INFO: Rule = Rule { severity: Severity::Info, ..ERROR };

impl Rule {
    /// How to fix it, whatever the config and the key.
    #[must_use]
    pub fn fix(&self) -> Sentence {
        self.fix.message("powersync-jwks", "KEY")
    }

    /// Its page, as Markdown.
    #[must_use]
    pub fn page(&self) -> String {
        let command = if self.is_of_config() { "`check` and `diff`" } else { "`diff`" };
        let pedantic = if self.pedantic { ", only with `--pedantic`" } else { "" };
        let (id, severity, fix) = (self.id, self.severity.name(), self.fix());
        let Self { finds, why, .. } = self;
        format!(
            "### {id}\n\n*{severity}{pedantic}; {command}*\n\n{finds}\n\n**Why.** {why}\n\n**What to do.** {fix}\n"
        )
    }

    /// Whether `check` runs it.
    #[must_use]
    pub fn is_of_config(&self) -> bool {
        !matches!(self.look, Look::Change(_) | Look::Branch)
    }
}

/// Which rules run.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only these, where there are any.
    pub only: Vec<&'static str>,
    /// Not these.
    pub skip: Vec<&'static str>,
    /// Also the pedantic ones.
    pub pedantic: bool,
}

impl Selection {
    /// Whether a rule runs.
    #[must_use]
    pub(crate) fn runs(&self, rule: &Rule) -> bool {
        let asked =
            if self.only.is_empty() { self.pedantic || !rule.pedantic } else { self.only.contains(&rule.id) };
        asked && !self.skip.contains(&rule.id)
    }
}

/// What a finding is about. Shown as people name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum About {
    /// The file, or what its config lacks.
    File,
    /// A key.
    Key(KeyRef),
    /// A key of the old config.
    Gone(KeyRef),
    /// A member outside of the keys, by its path; or a variable.
    Member(String),
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("the file"),
            Self::Key(key) | Self::Gone(key) => f.write_str(&key.in_words()),
            Self::Member(path) => write!(f, "{}", Printable(path)),
        }
    }
}

impl About {
    /// The entry of the list, from 0.
    pub(super) fn entry(&self) -> Option<usize> {
        match self {
            Self::Key(key) => Some(key.index()),
            Self::File | Self::Gone(_) | Self::Member(_) => None,
        }
    }

    /// The key's name as an argument of a command.
    pub(super) fn argument(&self) -> String {
        match self {
            Self::Key(key) | Self::Gone(key) => key.argument(),
            Self::File | Self::Member(_) => String::new(),
        }
    }
}

/// What a rule found, and its words. No word is a secret.
pub(super) trait Violation: Send + Sync {
    /// What is wrong, in one sentence without an end.
    fn message(&self, about: &About) -> Sentence;

    /// What to do about it here, where that is something else than what the rule says.
    fn help(&self, _about: &About, _tool: &str) -> Option<Sentence> {
        None
    }

    /// How to do it, for people to copy.
    fn commands(&self, _about: &About, _tool: &CommandLine) -> Vec<CommandLine> {
        Vec::new()
    }
}

/// A cause of which nothing but the rule has to be known: its message.
impl<F: Fn(&About) -> Sentence + Send + Sync> Violation for F {
    fn message(&self, about: &About) -> Sentence {
        self(about)
    }
}

/// A safe fix: another way to write the same key. Not `Debug`: it may hold a secret.
#[derive(Clone)]
pub struct Fix {
    /// The entry of the list, from 0.
    pub entry: usize,
    /// The member.
    pub member: &'static str,
    /// Its new value.
    pub value: Zeroizing<String>,
}

/// Something a rule found. No text in it holds a secret.
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How much it matters.
    pub severity: Severity,
    /// The bytes of the config it is about, where there are any.
    pub span: Option<Span>,
    /// What `--fix` does.
    pub fix: Option<Fix>,
    pub(super) about: About,
    /// What follows from it.
    pub(super) harm: Harm,
    /// Whether it counts.
    pub(crate) standing: Standing,
    /// Whether it is about the secret of a key that a change adds: nobody has to sign with it yet.
    pub(super) is_of_new_key: bool,
    cause: Box<dyn Violation>,
}

impl Finding {
    pub(super) fn new(
        rule: &'static Rule,
        span: impl Into<Option<Span>>,
        cause: impl Violation + 'static,
    ) -> Self {
        let (severity, span, cause) = (rule.severity, span.into(), Box::new(cause));
        let (about, harm, standing) = (About::File, Harm::None, Standing::Counts);
        Self { rule, severity, span, fix: None, about, harm, standing, is_of_new_key: false, cause }
    }

    /// What follows from it: an error where it is grave, and none where it isn't.
    pub(super) fn means(self, harm: Harm) -> Self {
        let least = Severity::Warning.max(self.rule.severity);
        Self { severity: if harm.is_grave() { Severity::Error } else { least }, harm, ..self }
    }

    /// About this key of the config.
    pub(super) fn of(self, key: &Key) -> Self {
        self.about(About::Key(key.reference()))
    }

    /// About this key of the old config, which has no place in the new one.
    pub(super) fn of_gone(self, key: &Key) -> Self {
        self.about(About::Gone(key.reference()))
    }

    pub(super) fn about(self, about: About) -> Self {
        Self { about, ..self }
    }

    /// About the key whose entry it is in, if it is in one.
    pub(super) fn of_key_there(self, on: &Inspected<'_>) -> Self {
        match self.span.as_ref().and_then(|span| on.key_at(span)) {
            Some(key) => self.of(key),
            None => self,
        }
    }

    pub(super) fn fixed_by(self, fix: Option<Fix>) -> Self {
        Self { fix, ..self }
    }

    /// It is as it should be, and worth knowing.
    pub(super) fn noted(self) -> Self {
        Self { severity: Severity::Info, ..self }
    }

    /// The entry of the list it is about, from 0.
    #[must_use]
    pub(crate) fn entry(&self) -> Option<usize> {
        self.about.entry()
    }

    /// The key, as people name it.
    #[must_use]
    pub(crate) fn key(&self) -> Option<String> {
        match &self.about {
            About::Key(key) | About::Gone(key) => Some(key.to_string()),
            About::File | About::Member(_) => None,
        }
    }

    /// What is wrong, in one sentence without an end.
    #[must_use]
    pub fn message(&self) -> Sentence {
        self.cause.message(&self.about)
    }

    /// What to do about it. `tool`: the tool with the options that name this config.
    #[must_use]
    pub(crate) fn help(&self, tool: &str) -> Sentence {
        if self.is_of_new_key {
            return sentence!(
                "Take {} out of this change. `{tool} rotate`, run instead, adds a key whose secret nobody can guess.",
                self.about
            );
        }
        let own = self.cause.help(&self.about, tool);
        own.unwrap_or_else(|| self.rule.fix.message(tool, &self.about.argument()))
    }

    /// How to do it, for people to copy.
    #[must_use]
    pub(crate) fn commands(&self, tool: &CommandLine) -> Vec<CommandLine> {
        if self.is_of_new_key { Vec::new() } else { self.cause.commands(&self.about, tool) }
    }

    /// What it is to a verdict.
    #[must_use]
    pub(crate) fn ground(&self, tool: &CommandLine) -> Ground {
        Ground {
            rule: self.rule.id,
            harm: self.harm.clone(),
            remedy: self.help(&tool.to_string()),
            command: self.commands(tool).into_iter().next(),
            standing: self.standing,
        }
    }
}
