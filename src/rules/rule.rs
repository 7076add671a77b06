//! What a rule is, and which of them run.

use super::change::Comparison;
use super::finding::Found;
use super::subject::Subject;

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

/// Looks at one config.
pub(super) type LookAtConfig = fn(&Subject<'_>) -> Vec<Found>;
/// Looks at a config before and after a change.
pub(super) type LookAtChange = fn(&Comparison<'_>) -> Vec<Found>;

/// What a rule looks at.
#[derive(Clone, Copy)]
pub(super) enum Look {
    /// At a config: `check`.
    Config(LookAtConfig),
    /// At a change: `diff`.
    Change(LookAtChange),
    /// At both.
    Both(LookAtConfig, LookAtChange),
    /// At a config for what keeps the service from starting. Of a change, for what the old one hadn't.
    Start(LookAtConfig),
    /// The same, for what the service starts with.
    New(LookAtConfig),
    /// At the file itself, or at the comments that silence other rules.
    File,
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
    /// How to mend it.
    pub mend: &'static str,
    /// How it looks.
    pub(super) look: Look,
}

impl Rule {
    /// Whether `check` runs it.
    #[must_use]
    pub fn is_of_config(&self) -> bool {
        !matches!(self.look, Look::Change(_))
    }

    /// Whether `diff` runs it.
    #[must_use]
    pub fn is_of_change(&self) -> bool {
        !matches!(self.look, Look::Config(_))
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
    pub fn runs(&self, rule: &Rule) -> bool {
        let asked =
            if self.only.is_empty() { self.pedantic || !rule.pedantic } else { self.only.contains(&rule.id) };
        asked && !self.skip.contains(&rule.id)
    }
}
