//! `unreadable`: what the service's parser, or its first look at the shape, rejects.

use super::config::invalid_shape;
use super::finding::{Finding, Found};
use super::rule::{Look, Rule, Severity};
use crate::config::{ConfigError, Problem};

pub(super) static RULE: Rule = Rule {
    id: "unreadable",
    severity: Severity::Error,
    pedantic: false,
    finds: "The file can't be read as YAML or JSON.",
    why: "The service reads one YAML 1.2 document (a `.json` file as JSON). It does not start with duplicate names in one \
          mapping, a second document, tabs as indentation or an undefined alias; a file with nothing but comments is \
          treated as absent.",
    mend: "Mend the place that the message names; editors mark it, too. Nothing else of the file could be checked.",
    look: Look::File,
};

/// The finding for a config that can't be read.
#[must_use]
pub fn unreadable(error: &ConfigError, text: Option<&str>) -> Finding {
    let rule = if matches!(error.problem, Problem::Shape { .. }) { &invalid_shape::RULE } else { &RULE };
    let at = error.at.zip(text).map(|(at, text)| at.offset_in(text));
    let mut finding = Found::new(at.map(|at| at..at), error.problem.to_string()).of_rule(rule);
    if error.problem == Problem::Sops {
        "Check it decrypted: `sops decrypt FILE | powersync-jwks check -`".clone_into(&mut finding.help);
    }
    finding
}
