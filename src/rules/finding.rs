//! What a rule found.

use zeroize::Zeroizing;

use super::rule::{Rule, Severity};
use crate::config::Span;
use crate::keyset::Key;

/// A safe correction: another way to write the same key. Not `Debug`: it may hold a secret.
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
#[derive(Clone)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How much it matters.
    pub severity: Severity,
    /// The bytes of the config it is about, where there are any.
    pub span: Option<Span>,
    /// The entry of the list it is about, from 0.
    pub entry: Option<usize>,
    /// The key, as people name it.
    pub key: Option<String>,
    /// What is wrong, in one sentence without an end.
    pub message: String,
    /// What to do about it here.
    pub help: String,
    /// What `--fix` does.
    pub fix: Option<Fix>,
}

/// The same, before it is known whose rule it is.
pub(super) struct Found {
    span: Option<Span>,
    entry: Option<usize>,
    key: Option<String>,
    message: String,
    help: Option<String>,
    fix: Option<Fix>,
    unsure: bool,
}

impl Found {
    pub(super) fn new(span: impl Into<Option<Span>>, message: impl Into<String>) -> Self {
        let (span, message) = (span.into(), message.into());
        Self { span, entry: None, key: None, message, help: None, fix: None, unsure: false }
    }

    /// What it is about, to tell it from others of its rule: the entry, or else what it says.
    pub(super) fn subject(&self) -> (Option<usize>, &str) {
        (self.entry, if self.entry.is_some() { "" } else { &self.message })
    }

    /// Which key of the config it is about.
    pub(super) fn of(self, key: &Key) -> Self {
        Self { entry: Some(key.index), key: Some(key.name()), ..self }
    }

    pub(super) fn of_any(self, key: Option<&Key>) -> Self {
        match key {
            Some(key) => self.of(key),
            None => self,
        }
    }

    /// Which key of the old config it is about: it has no place in the new one.
    pub(super) fn named(self, key: &Key) -> Self {
        Self { key: Some(key.name()), ..self }
    }

    /// What to do about it here, in place of what the rule says.
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    pub(super) fn fix(self, fix: Option<Fix>) -> Self {
        Self { fix, ..self }
    }

    /// Whether it may not be so: then it is no error.
    pub(super) fn unsure(self, unsure: bool) -> Self {
        Self { unsure, ..self }
    }

    pub(super) fn of_rule(self, rule: &'static Rule) -> Finding {
        Finding {
            rule,
            severity: if self.unsure { rule.severity.max(Severity::Warning) } else { rule.severity },
            span: self.span,
            entry: self.entry,
            key: self.key,
            message: self.message,
            help: self.help.unwrap_or_else(|| rule.mend.to_owned()),
            fix: self.fix,
        }
    }
}
